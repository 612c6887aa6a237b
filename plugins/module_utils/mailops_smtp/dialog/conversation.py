# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The procedure, from 220 to 221, readable from top to bottom (RFC 5321 3 and 4).

``converse(session)`` is a generator without any I/O. It yields what it needs next and is driven by whoever has a
stream: a socket, an SSH channel, a script in a test.

- ``Exchange``: send these octets (none for the banner), wait for one reply. The driver sends the ``Reply`` back in.
- ``Handshake``: start TLS now. The driver sends back None, or the sentence that says why the certificate, asked to be
  verified, is not acceptable.
- ``Farewell``: send these octets if they can be sent; there is nothing to send back.

When the stream is lost the driver throws ``StreamLost`` in, when a reply takes too long ``ServerSilent``, and when the
tester himself wants to stop ``Abandoned``.
What the servers said accumulates in the ``Session``.
"""

from __future__ import annotations

import typing as t

from . import commands
from .authentication import authenticate
from .client_attributes import xclient, xforward
from .content import data, message
from .envelope import has_a_turn, mail, recipients
from .exchange import (
    Abandoned,
    Dropped,
    Exchange,
    Procedure,
    Refused,
    ServerSilent,
    ServiceClosing,
    StreamLost,
    insist,
    say,
)
from .leaving import hear_out, leave, leave_unheard
from .opening import banner, handshake, hello, starttls
from .probing import probe
from .session import Session, Transaction

Phases = t.Sequence[t.Tuple[str, t.Callable[[Session], Procedure]]]

LOG_IN: Phases = (("xclient", xclient), ("auth", authenticate))
OPENING: Phases = (("banner", banner), ("ehlo", hello), ("starttls", starttls), *LOG_IN)
OPENING_OF_SMTPS: Phases = (("starttls", handshake), ("banner", banner), ("ehlo", hello), *LOG_IN)
TRANSACTION: Phases = (
    ("xforward", xforward),
    ("mail", mail),
    ("rcpt", recipients),
    ("data", data),
    ("message", message),
)


def converse(session: Session) -> Procedure:
    """The whole conversation: every phase in its order, up to the one to stop after, then QUIT.

    The user can ask to leave without QUIT; a dialog that ends before its last phase is still ended politely.

    Never raises; what went wrong stands in ``session.failed_phase`` and in the replies.
    """
    opening = OPENING_OF_SMTPS if session.dialog.protocol == "smtps" else OPENING
    try:
        goes_on = yield from in_order(session, opening)
        if goes_on:
            yield from transactions(session)
        yield from probe(session)
        if session.failed_phase is None:
            session.phase = "quit"
            yield from extra_commands(session)
            if session.dialog.leave != "quit":
                return
    except Refused:
        session.fail()
    except ServerSilent:
        session.fail()
        yield from leave_unheard(session)
        return
    except (ServiceClosing, StreamLost):
        session.fail()
        return
    except Dropped:
        return
    except Abandoned:
        pass
    yield from leave(session)


def in_order(session: Session, phases: Phases) -> Procedure:
    """One phase after the other. Returns whether the conversation goes on behind them."""
    for phase, act in phases:
        session.phase = phase
        if session.dialog.extra:
            yield from extra_commands(session)
        took_place = yield from act(session)
        if took_place:
            session.reach(phase)
        # An optional phase that did not take place still ends the procedure where it would have been.
        if phase == session.dialog.stop_after:
            return False
    return True


def transactions(session: Session) -> Procedure:
    """RFC 5321 3.3: one transaction after the other. A refused one costs the others nothing, but is not forgotten."""
    for transaction in session.transactions:
        session.transaction = transaction
        yield from hold(session, transaction)


def hold(session: Session, transaction: Transaction) -> Procedure:
    """One envelope, in as many transactions as the server needs for its recipients (RFC 5321 4.5.3.1.10)."""
    while has_a_turn(session):
        try:
            yield from reset(session)
            yield from in_order(session, TRANSACTION)
        except Refused:
            session.fail()
            # After 354 nothing but a message can be said.
            if session.mid_message:
                raise
            if session.phase != "rcpt":
                transaction.waiting = []
            yield from hear_out(session)
        # Once QUIT is on its way, nobody else has a turn.
        if (
            not transaction.waiting
            or session.dialog.stop_after in ("xforward", "mail")
            or session.mid_message
            or session.ahead
        ):
            return


def reset(session: Session) -> Procedure:
    """RFC 5321 4.1.1.5: a transaction that was begun and not ended is taken back before the next one."""
    session.phase = "mail"
    if session.transaction_is_open:
        reply = yield from say(session, commands.reset())
        session.transaction_is_open = False
        insist(reply, reply.positive)


def extra_commands(session: Session) -> Procedure:
    """What the user wants said before this phase. No reply decides anything, unless it leaves no way on."""
    for extra in session.dialog.extra:
        if extra.before == session.phase:
            command = commands.extra(extra.send)
            reply = yield Exchange("extra", command.wire, command.shown, expected=extra.expect)
            # 3yz: the server reads something else than commands now, and would take QUIT for a part of that.
            session.mid_message = reply.intermediate
            insist(reply, not reply.intermediate)
