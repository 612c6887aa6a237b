# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What became of a message after its acceptance: mailboxes, reports, hops, and the receipt that ties them together."""
