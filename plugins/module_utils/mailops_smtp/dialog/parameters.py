# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What MAIL and RCPT carry besides the address: each parameter only where its extension may be used."""

from __future__ import annotations

import typing as t

from . import commands
from .session import Session
from .transfer import transfer_parameters

if t.TYPE_CHECKING:
    from ..plan import Recipient


def mail_parameters(session: Session) -> t.Iterator[str]:
    envelope = session.transaction.envelope
    if envelope.message is not None and session.may_use("SIZE"):
        yield commands.size(envelope.message.size)
    if envelope.message is not None:
        yield from transfer_parameters(session)
    if session.may_use("DSN"):
        if envelope.ret is not None:
            yield commands.ret(envelope.ret)
        if envelope.envelope_id is not None:
            yield commands.envelope_id(envelope.envelope_id)


def rcpt_parameters(session: Session, recipient: Recipient) -> t.Iterator[str]:
    if session.may_use("DSN"):
        if recipient.notify:
            yield commands.notify(recipient.notify)
        if recipient.original_recipient is not None:
            yield commands.original_recipient(recipient.original_recipient)
