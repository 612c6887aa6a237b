# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What MAIL and RCPT carry besides the address: each parameter only where its extension may be used."""

from __future__ import annotations

import typing as t

from . import commands

if t.TYPE_CHECKING:
    from ..plan import Envelope, Recipient
    from .session import Session

# The keyword of the extension that a parameter belongs to, and the parameter.
Parameter = t.Tuple[str, str]


def of_mail(envelope: Envelope) -> t.Iterator[Parameter]:
    """All that the user's wishes for the envelope come to, whatever the server offers."""
    if envelope.message is not None:
        yield "SIZE", commands.size(envelope.message.size)
    if envelope.smtputf8:
        yield "SMTPUTF8", commands.smtputf8()
    if envelope.ret is not None:
        yield "DSN", commands.ret(envelope.ret)
    if envelope.envelope_id is not None:
        yield "DSN", commands.envelope_id(envelope.envelope_id)
    if envelope.deliver_by is not None:
        wish = envelope.deliver_by
        yield "DELIVERBY", commands.deliver_by(wish.seconds, wish.mode, wish.trace)
    if envelope.mt_priority is not None:
        yield "MT-PRIORITY", commands.mt_priority(envelope.mt_priority)
    if envelope.requiretls:
        yield "REQUIRETLS", commands.requiretls()
    if envelope.hold is not None and envelope.hold.seconds is not None:
        yield "FUTURERELEASE", commands.hold_for(envelope.hold.seconds)
    if envelope.hold is not None and envelope.hold.until is not None:
        yield "FUTURERELEASE", commands.hold_until(envelope.hold.until)


def of_rcpt(recipient: Recipient) -> t.Iterator[Parameter]:
    if recipient.notify:
        yield "DSN", commands.notify(recipient.notify)
    if recipient.original_recipient is not None:
        yield "DSN", commands.original_recipient(recipient.original_recipient)


def mail_parameters(session: Session) -> t.List[str]:
    return [text for keyword, text in of_mail(session.transaction.envelope) if session.may_use(keyword)]


def rcpt_parameters(session: Session, recipient: Recipient) -> t.List[str]:
    return [text for keyword, text in of_rcpt(recipient) if session.may_use(keyword)]
