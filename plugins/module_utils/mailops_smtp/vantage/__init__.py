# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Where the TCP connection to the mail server starts when that is not the machine this code runs on.

Private to the collection: it can change at any time.
"""
