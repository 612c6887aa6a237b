# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The message in chunks, each announced with its size, and no dot at the end (RFC 3030 2)."""

from __future__ import annotations

import typing as t

from . import commands
from .exchange import Procedure, insist, say
from .leaving import quit_behind_message
from .message import Message
from .octets import Portions
from .outcomes import note, refusal_of
from .session import Session


def all_but_the_last(session: Session) -> Procedure:
    """One reply for each. With pipelining the last one, too, goes out with the first (RFC 3030 4.2)."""
    transaction = session.transaction
    *chunks, transaction.last_chunk = _chunks(session)
    following = chunks[1:] if session.pipelines else []
    if session.pipelines and session.dialog.stop_after == "message":
        following += [transaction.last_chunk, *quit_behind_message(session)]
    for chunk in chunks:
        reply = yield from say(session, chunk, *following)
        if not reply.positive:
            # The rest is refused as well, and RSET or QUIT takes back the transaction (RFC 3030 2).
            note(transaction, reply, refusal_of(reply))
        insist(reply, reply.positive)
    return bool(chunks)


def last_chunk(session: Session) -> Procedure:
    """Returns the reply, the first one where there are several."""
    last = t.cast(commands.Command, session.transaction.last_chunk)
    return (yield from say(session, last, *quit_behind_message(session)))


def _chunks(session: Session) -> t.Iterator[commands.Command]:
    message = t.cast(Message, session.transaction.envelope.message)
    octets = Portions(message.content.pieces())
    left = message.size
    size = message.chunk_size or left
    while left > size:
        yield commands.bdat(size, octets.take(size))
        left -= size
    yield commands.bdat(left, _from_here_on_unknown(session, octets.take(left)), last=True)


def _from_here_on_unknown(session: Session, octets: t.Iterator[bytes]) -> t.Iterator[bytes]:
    """A server must drop a message of which the last chunk is missing. Of that one it can have had the end."""
    session.transaction.message["outcome"] = "unknown"
    yield from octets
