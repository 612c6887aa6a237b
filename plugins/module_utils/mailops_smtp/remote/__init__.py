# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The core itself travels to a vantage: over SSH into the standard input of a Python there, and nowhere else.

Private to the collection: it can change at any time.
"""
