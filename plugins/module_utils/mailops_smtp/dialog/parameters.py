# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What MAIL and RCPT carry besides the address: each parameter only where its extension may be used."""

from __future__ import annotations

import typing as t

from . import commands

if t.TYPE_CHECKING:
    from ..plan import Envelope, Recipient
    from .message import Message
    from .session import Session

# The keyword of the extension that a parameter belongs to, and the parameter.
Parameter = t.Tuple[str, str]


def of_mail(envelope: Envelope) -> t.Iterator[Parameter]:
    """All that the user's wishes for the envelope come to, whatever the server offers."""
    if envelope.message is not None:
        yield "SIZE", commands.size(envelope.message.size)
        yield from _of_message(envelope.message)
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


def _of_message(message: Message) -> t.Iterator[Parameter]:
    """RFC 6152 2 and RFC 3030 3, of which one word is enough; and PRDR. What is 7-bit text needs no word of it.

    BINARYMIME goes by BDAT only. A NUL or a long line without it is against the rules, but a tester may want to see
    what comes of it."""
    if message.content.binary and message.transfer == "bdat":
        yield "BINARYMIME", commands.body("BINARYMIME")
    if message.content.eight_bit:
        yield "8BITMIME", commands.body("8BITMIME")
    if message.prdr:
        yield "PRDR", commands.prdr()


def of_rcpt(recipient: Recipient) -> t.Iterator[Parameter]:
    if recipient.notify:
        yield "DSN", commands.notify(recipient.notify)
    if recipient.original_recipient is not None:
        yield "DSN", commands.original_recipient(recipient.original_recipient)


def mail_parameters(session: Session) -> t.List[str]:
    usable = [(keyword, text) for keyword, text in of_mail(session.transaction.envelope) if session.may_use(keyword)]
    if not usable:
        return []
    binary = session.may_use("BINARYMIME") and session.may_use("CHUNKING")
    superfluous = "8BITMIME" if binary and any(keyword == "BINARYMIME" for keyword, _text in usable) else "BINARYMIME"
    return [text for keyword, text in usable if keyword != superfluous]


def rcpt_parameters(session: Session, recipient: Recipient) -> t.List[str]:
    return [text for keyword, text in of_rcpt(recipient) if session.may_use(keyword)]
