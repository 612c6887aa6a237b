# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The envelope: who sends and who is to receive (RFC 5321 4.1.1.2 and 4.1.1.3)."""

from __future__ import annotations

import typing as t

from . import commands
from .content import announcement
from .exchange import Procedure, Refused, insist, say
from .impediments import impediment
from .outcomes import outcome_of
from .parameters import mail_parameters, rcpt_parameters
from .replies import Reply
from .session import Session

if t.TYPE_CHECKING:
    from ..plan import Recipient

Waiting = t.Tuple["Recipient", t.Dict[str, t.Any]]


def mail(session: Session) -> Procedure:
    """RFC 5321 4.1.1.2: the reverse-path. Parameters only where their extension is offered."""
    transaction = session.transaction
    envelope = transaction.envelope
    if transaction.message and session.may_use("DSN"):
        transaction.message["envelope_id"] = envelope.envelope_id
    problem = impediment(session)
    transaction.sender = {"address": envelope.sender, "accepted": None, "problem": problem, "reply": None}
    transaction.taken = []
    if problem is not None:
        raise Refused
    command = commands.mail(envelope.sender, *mail_parameters(session), utf8=envelope.smtputf8)
    session.mail_commands += 1
    reply = yield from say(session, command, *_pipelined_behind_mail(session))
    session.transaction_is_open = reply.positive
    transaction.sender.update(accepted=reply.positive, reply=reply.as_dict())
    insist(reply, reply.positive)
    return True


def recipients(session: Session) -> Procedure:
    """RFC 5321 4.1.1.3: one RCPT for each recipient, one outcome each. One acceptance is enough to go on."""
    now, later = _turn(session)
    taken, full = session.transaction.taken, False
    for recipient, outcome in now:
        if full and not session.ahead:
            later.append((recipient, outcome))
            continue
        reply = yield from say(session, _rcpt(session, recipient))
        outcome.update(reply=reply.as_dict(), outcome=outcome_of(reply))
        # 421 ends it at once. Any other refusal is this recipient's alone.
        insist(reply, reply.code != 421)
        if reply.positive:
            taken.append(outcome)
        elif taken and _is_full(reply):
            full = True
            later.append((recipient, outcome))
    session.transaction.waiting = later
    insist(reply, bool(taken))
    return True


def has_a_turn(session: Session) -> bool:
    """Whether another MAIL is allowed on this connection (RFC 9422 4.1); if not, whoever waits is told so."""
    at_most = session.offered.limit("MAILMAX")
    if at_most is None or session.mail_commands < at_most:
        return True
    for _recipient, outcome in session.transaction.waiting:
        outcome["reason"] = f"The server takes no more than {at_most} transactions in one connection (LIMITS MAILMAX)."
    return False


def _turn(session: Session) -> t.Tuple[t.List[Waiting], t.List[Waiting]]:
    """Who can be named in this transaction, and who has to wait for another, as LIMITS wants it (RFC 9422 4)."""
    if not session.offered.offers("LIMITS"):
        return session.transaction.waiting, []
    at_most = session.offered.limit("RCPTMAX")
    domains_at_most = session.offered.limit("RCPTDOMAINMAX")
    now: t.List[Waiting] = []
    later: t.List[Waiting] = []
    domains: t.Set[str] = set()
    for recipient, outcome in session.transaction.waiting:
        domain = recipient.address.rpartition("@")[2].lower()
        room = at_most is None or len(now) < at_most
        known = domains_at_most is None or domain in domains or len(domains) < domains_at_most
        (now if room and known else later).append((recipient, outcome))
        if room and known:
            domains.add(domain)
    return now, later


def _is_full(reply: Reply) -> bool:
    """RFC 5321 4.5.3.1.10: 452 for too many recipients, which says nothing of this one: it follows in another
    transaction. With another enhanced code than X.5.3 (RFC 3463 3.6) it is about this mailbox after all."""
    return reply.code == 452 and (reply.enhanced is None or reply.enhanced.endswith(".5.3"))


def _rcpt(session: Session, recipient: Recipient) -> commands.Command:
    utf8 = session.transaction.envelope.smtputf8
    return commands.rcpt(recipient.address, *rcpt_parameters(session, recipient), utf8=utf8)


def _pipelined_behind_mail(session: Session) -> t.Iterator[commands.Command]:
    """What can go out together with MAIL, up to where the reply has to be known to go on (RFC 2920 3.1)."""
    if not session.pipelines:
        return
    now, later = _turn(session)
    if session.dialog.stop_after != "mail":
        yield from (_rcpt(session, recipient) for recipient, _outcome in now)
    if session.dialog.stop_after in ("data", "message"):
        yield from announcement(session)
    elif not later and session.is_last_transaction and session.dialog.leave == "quit":
        yield commands.quit()
