# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What of the wishes for a transfer the server can be asked for."""

from __future__ import annotations

import typing as t

from .message import Message
from .session import Session


def takes_chunks(session: Session) -> bool:
    """Whether the message goes by BDAT (RFC 3030 2)."""
    return _message(session).transfer == "bdat" and session.may_use("CHUNKING")


def has_a_reply_for_each(session: Session) -> bool:
    """Whether PRDR was asked for, and a reply for each recipient may follow the message."""
    return _message(session).prdr and session.may_use("PRDR")


def _message(session: Session) -> Message:
    """Asked for only where there is one."""
    return t.cast(Message, session.transaction.envelope.message)
