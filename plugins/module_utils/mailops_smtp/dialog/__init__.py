# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The conversation. No socket, no clock, no thread: octets in, octets and evidence out."""
