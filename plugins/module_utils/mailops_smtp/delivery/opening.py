# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Which mailbox an access leads to. Each protocol's library is imported only where it is needed."""

from __future__ import annotations

from ..plan.mailboxes import Access
from .mail import Mailbox


def mailbox_of(access: Access) -> Mailbox:
    if access.kind == "imap":
        from .imap import IMAPMailbox

        return IMAPMailbox(access)
    if access.kind == "pop3":
        from .pop3 import POP3Mailbox

        return POP3Mailbox(access)
    from .files import FileMailbox

    return FileMailbox(access)
