# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Envelopes that are only asked about: MAIL and RCPT, taken back with RSET, and never a DATA.

Whether a server relays, and whether it knows its recipients, shows in the reply to RCPT. No reply decides about the
dialog itself: these come when all else is done.
"""

from __future__ import annotations

from . import commands
from .exchange import Exchange, Procedure, ServiceClosing
from .outcomes import outcome_of
from .session import Session


def probe(session: Session) -> Procedure:
    """Ask about one after the other. A server that closes the service, or falls silent, is asked nothing more."""
    if not session.dialog.probes:
        return
    session.phase = "quit"
    session.ahead.clear()
    if session.transaction_is_open:
        yield from _ask(commands.reset())
        session.transaction_is_open = False
    for entry in session.probes:
        reply = yield from _ask(commands.mail(entry["sender"]))
        if reply.positive:
            reply = yield from _ask(commands.rcpt(entry["recipient"]))
        entry.update(outcome=outcome_of(reply), reply=reply.as_dict())
        # Also where it was refused: not every server forgets the sender then.
        yield from _ask(commands.reset())


def _ask(command: commands.Command) -> Procedure:
    reply = yield Exchange("extra", command.wire, command.shown)
    if reply.code == 421:
        raise ServiceClosing
    return reply
