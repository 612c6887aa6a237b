# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The content: DATA, the message and the dot (RFC 5321 4.1.1.4), and what becomes of it for whom."""

from __future__ import annotations

import typing as t

from . import commands
from .exchange import Procedure, insist, listen, say
from .message import Message, dot_stuffed, queue_id
from .replies import Reply
from .session import Session


def announcement(session: Session) -> t.Iterator[commands.Command]:
    """What asks the server to take the content."""
    yield commands.data()


def data(session: Session) -> Procedure:
    """RFC 5321 4.1.1.4: 354 invites the message."""
    reply = yield from say(session, commands.data())
    session.mid_message = reply.code == 354
    if not session.mid_message:
        session.transaction.message["outcome"] = "deferred" if reply.transient else "refused"
        session.transaction.message["reply"] = reply.as_dict()
    insist(reply, session.mid_message)
    return True


def message(session: Session) -> Procedure:
    """The message and the dot. 250 means that the server has taken responsibility, not that it has delivered."""
    transaction = session.transaction
    # From the first octet on, silence leaves it open whether the server has the message (RFC 5321 4.5.3.2.6).
    before, transaction.message["outcome"] = transaction.message["outcome"], "unknown"
    sent = t.cast(Message, transaction.envelope.message)  # without one, DATA is never reached
    command = commands.Command(dot_stuffed(sent.content), f"<message of {sent.size} octets>")
    reply = yield from say(session, command, *_pipelined_behind_message(session))
    session.mid_message = session.transaction_is_open = False
    if session.dialog.protocol == "lmtp":
        reply = yield from _lmtp_outcomes(session, reply)
    transaction.message.update(outcome=_worse(before, outcome_of(reply)), reply=reply.as_dict())
    transaction.message["queue_id"] = queue_id(reply.lines) or transaction.message["queue_id"]
    insist(reply, reply.positive)
    return True


def _pipelined_behind_message(session: Session) -> t.Iterator[commands.Command]:
    """RFC 2920 3.2 has QUIT behind the dot. LMTP has several replies to the dot, and not all servers count right."""
    last = session.is_last_transaction and not session.transaction.waiting
    if session.pipelines and last and session.dialog.leave == "quit" and session.dialog.protocol != "lmtp":
        yield commands.quit()


def _lmtp_outcomes(session: Session, first: Reply) -> Procedure:
    """RFC 2033 4.2: one reply for each recipient that was accepted, in the order of the RCPT commands.

    Returns the worst, since a message that one recipient did not get must not read as accepted."""
    worst = reply = first
    for position, recipient in enumerate(session.transaction.taken):
        if position > 0:
            reply = yield from listen(session)
        recipient["outcome"] = outcome_of(reply)
        recipient["reply"] = reply.as_dict()
        insist(reply, reply.code != 421)
        worst = max(worst, reply, key=lambda candidate: candidate.code or 0)
    return worst


def outcome_of(reply: Reply) -> str:
    if reply.positive:
        return "accepted"
    return "deferred" if reply.transient else "refused"


def _worse(before: str, now: str) -> str:
    """A message goes to its recipients in several transactions where one has no room for all."""
    order = ("not_sent", "accepted", "deferred", "refused")
    return max(before, now, key=order.index)
