# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The only room with sockets: it carries many conversations at once and records what it sees."""
