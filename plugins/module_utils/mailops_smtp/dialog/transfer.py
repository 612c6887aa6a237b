# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""How the message of a transaction can be transferred, given what the server offers and what is in it."""

from __future__ import annotations

import typing as t

from .message import Message
from .session import Session

EIGHT_BIT = "The message has octets beyond ASCII, and 8BITMIME is not offered (RFC 6152 section 3)."
NO_CHUNKS = "CHUNKING is not offered, so the message goes by DATA."
ONE_REPLY = "PRDR is not offered, so one reply is for all recipients."


def takes_chunks(session: Session) -> bool:
    """Whether the message goes by BDAT (RFC 3030 2)."""
    return _message(session).transfer == "bdat" and session.may_use("CHUNKING")


def has_a_reply_for_each(session: Session) -> bool:
    """Whether PRDR was asked for, and a reply for each recipient may follow the message."""
    return _message(session).prdr and session.may_use("PRDR")


def transfer_parameters(session: Session) -> t.Iterator[str]:
    """What MAIL says of the message's octets and of the replies to it."""
    body = _body(session)
    if body is not None:
        yield f"BODY={body}"
    if has_a_reply_for_each(session):
        yield "PRDR"


def unfit(session: Session) -> t.Optional[str]:
    """Why the server must not be sent this message; None where it can be."""
    return EIGHT_BIT if _message(session).content.eight_bit and _body(session) is None else None


def fallbacks(session: Session) -> t.Iterator[str]:
    """What was asked for and is done otherwise, since the server does not offer it."""
    message = _message(session)
    if message.transfer == "bdat" and not takes_chunks(session):
        yield NO_CHUNKS
    if message.prdr and not has_a_reply_for_each(session):
        yield ONE_REPLY


def _body(session: Session) -> t.Optional[str]:
    """RFC 6152 3 and RFC 3030 3. What is 7-bit text needs no word of it.

    BINARYMIME goes by BDAT only. A NUL or a long line without it is against the rules, but breaks nothing on its way,
    and a tester may want to see what comes of it; octets beyond ASCII would be altered unseen."""
    content = _message(session).content
    if content.binary and takes_chunks(session) and session.may_use("BINARYMIME"):
        return "BINARYMIME"
    return "8BITMIME" if content.eight_bit and session.may_use("8BITMIME") else None


def _message(session: Session) -> Message:
    """Asked for only where there is one."""
    return t.cast(Message, session.transaction.envelope.message)
