# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The end of a conversation: what is still to be heard, and the goodbye of all that can be ended politely."""

from __future__ import annotations

import contextlib
import typing as t

from . import commands
from .exchange import Abandoned, Farewell, Procedure, StreamLost, insist, listen, say
from .session import Session
from .transfer import has_a_reply_for_each

_PHASES = {"RCPT": "rcpt", "DATA": "data", "BDAT": "data", "LAST": "message"}


def quit_behind_message(session: Session) -> t.Iterator[commands.Command]:
    """RFC 2920 3.2 has QUIT behind the dot. Where the dot has several replies, not all servers count right."""
    last = session.is_last_transaction and not session.transaction.waiting
    several = session.dialog.protocol == "lmtp" or has_a_reply_for_each(session)
    if session.pipelines and last and session.dialog.leave == "quit" and not several:
        yield commands.quit()


def hear_out(session: Session) -> Procedure:
    """What went out behind a refused command is answered all the same, one reply for each (RFC 2920 3.1)."""
    while session.ahead and session.ahead[0] != commands.quit():
        command = session.ahead[0]
        words = command.shown.split()
        session.phase = _PHASES[words[-1] if words[0] == "BDAT" and words[-1] == "LAST" else words[0]]
        reply = yield from say(session, command)
        if reply.code == 354:
            # RFC 2920 3.1: a server that wants content though it refused all recipients gets an empty one.
            reply = yield from say(session, commands.no_content())
        insist(reply, True)


def leave(session: Session) -> Procedure:
    """RFC 5321 4.1.1.10: QUIT, and its 221, which some servers never send; that harms nobody.

    After 354 the server reads a message and would take QUIT for a line of it. The only way out is then to hang up,
    and the server must discard what it has."""
    if session.mid_message:
        return
    with contextlib.suppress(StreamLost, Abandoned):
        if not session.greeted:
            # Implicit TLS that is not acceptable: the greeting is on its way, and comes first all the same.
            session.phase = "banner"
            yield from listen(session)
        yield from hear_out(session)
        session.phase = "quit"
        yield from say(session, commands.quit())


def leave_unheard(session: Session) -> Procedure:
    """QUIT for a server that fell silent: it reads that when it wakes up, and does not find the connection just gone.

    Not before the banner, where the client has no say yet (RFC 5321 3.1), and not where QUIT would be read as
    something else: as the answer to an AUTH challenge, or as a line of the message that DATA asked to send."""
    if session.phase not in ("banner", "auth", "data") and not session.ahead:
        session.phase = "quit"
        command = commands.quit()
        yield Farewell(command.wire, command.shown)
