# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The content: DATA, the message and the dot (RFC 5321 4.1.1.4), or BDAT and its chunks (RFC 3030)."""

from __future__ import annotations

import typing as t

from . import commands
from .chunking import all_but_the_last, last_chunk
from .exchange import Procedure, insist, say
from .leaving import quit_behind_message
from .message import Message
from .octets import dot_stuffed
from .outcomes import note, refusal_of, settle
from .session import Session
from .transfer import takes_chunks


def announcement(session: Session) -> t.Iterator[commands.Command]:
    """What asks the server to take the content. Chunks are content themselves: they wait until it is known that
    somebody is to get it."""
    if not takes_chunks(session):
        yield commands.data()


def data(session: Session) -> Procedure:
    """RFC 5321 4.1.1.4: 354 invites the message. Chunks need no invitation; all but the last go out here."""
    session.transaction.message["transfer"] = "bdat" if takes_chunks(session) else "data"
    if takes_chunks(session):
        return (yield from all_but_the_last(session))
    reply = yield from say(session, commands.data())
    session.mid_message = reply.code == 354
    if not session.mid_message:
        note(session.transaction, reply, refusal_of(reply))
    insist(reply, session.mid_message)
    return True


def message(session: Session) -> Procedure:
    """The message and its end. 250 means that the server has taken responsibility, not that it has delivered."""
    reply = yield from (last_chunk(session) if takes_chunks(session) else _all_and_the_dot(session))
    session.mid_message = session.transaction_is_open = False
    reply = yield from settle(session, reply)
    insist(reply, reply.positive)
    return True


def _all_and_the_dot(session: Session) -> Procedure:
    transaction = session.transaction
    # From the first octet on, silence leaves it open whether the server has the message (RFC 5321 4.5.3.2.6).
    transaction.message["outcome"] = "unknown"
    content = t.cast(Message, transaction.envelope.message).content  # without a message, DATA is never reached
    command = commands.Command(b"", f"<message of {content.size} octets>", dot_stuffed(content.pieces()))
    return (yield from say(session, command, *quit_behind_message(session)))
