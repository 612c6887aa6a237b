# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What becomes of the message, and for whom: one reply for all, or one for each recipient (LMTP and PRDR)."""

from __future__ import annotations

from .exchange import Procedure, insist, listen
from .message import queue_id
from .replies import Reply
from .session import Session, Transaction
from .transfer import has_a_reply_for_each

# From the best to the worst.
_OUTCOMES = ("not_sent", "accepted", "deferred", "refused")


def outcome_of(reply: Reply) -> str:
    return "accepted" if reply.positive else refusal_of(reply)


def refusal_of(reply: Reply) -> str:
    """The outcome where the reply is not the one that is needed to go on, whatever else it may be."""
    return "deferred" if reply.transient else "refused"


def settle(session: Session, reply: Reply) -> Procedure:
    """Take the first reply to the whole message, and those that follow it. Returns what they come to.

    That is the worst of them, since a message that one recipient did not get must not read as accepted."""
    replies = [reply]
    if session.dialog.protocol == "lmtp":
        replies = yield from _one_for_each(session, reply)
    elif has_a_reply_for_each(session):
        # Exim has one reply after all where there is but one recipient, or no rule that looks at each.
        for_each = reply.code == 353
        session.transaction.message["prdr"] = for_each
        if for_each:
            first = yield from listen(session)
            replies = yield from _one_for_each(session, first)
            replies.append((yield from _one_for_all(session)))
    worst = max(replies, key=lambda candidate: candidate.code or 0)
    for answer in (*replies, worst):
        note(session.transaction, answer, outcome_of(answer))
    # The worst may be an earlier one, which does not tell that the server has left.
    insist(replies[-1], replies[-1].code != 421)
    return worst


def note(transaction: Transaction, reply: Reply, outcome: str) -> None:
    """A reply that decides about the message. It is one of several where one transaction had no room for all."""
    transaction.so_far = max(transaction.so_far, outcome, key=_OUTCOMES.index)
    transaction.message.update(outcome=transaction.so_far, reply=reply.as_dict())
    transaction.message["queue_id"] = queue_id(reply.lines) or transaction.message["queue_id"]


def _one_for_each(session: Session, first: Reply) -> Procedure:
    """RFC 2033 4.2 and PRDR: a reply for each recipient that was accepted, in the order of the RCPT commands."""
    replies = [first]
    for position, recipient in enumerate(session.transaction.taken):
        if position > 0:
            replies.append((yield from listen(session)))
        recipient.update(outcome=outcome_of(replies[-1]), reply=replies[-1].as_dict())
        insist(replies[-1], replies[-1].code != 421)
    return replies


def _one_for_all(session: Session) -> Procedure:
    """PRDR: the last reply is about the message itself. Where that is refused, nobody gets it after all."""
    reply = yield from listen(session)
    for recipient in session.transaction.taken:
        if not reply.positive and recipient["outcome"] == "accepted":
            recipient.update(outcome=outcome_of(reply), reply=reply.as_dict())
    return reply
