# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The greetings: the server's banner, EHLO, and TLS where it is wanted (RFC 5321 3.1 and 3.2, RFC 3207)."""

from __future__ import annotations

import typing as t

from . import commands
from .exchange import Handshake, Procedure, Refused, insist, listen, say
from .extensions import Extensions
from .session import Session


def banner(session: Session) -> Procedure:
    """RFC 5321 3.1: the server speaks first, and its greeting is awaited before anything is sent."""
    reply = yield from listen(session)
    session.greeted = True
    insist(reply, reply.code == 220)
    return True


def hello(session: Session) -> Procedure:
    """RFC 5321 4.1.1.1: EHLO; where a server does not know it, HELO (RFC 5321 3.2); for LMTP, LHLO (RFC 2033)."""
    session.phase = "ehlo"
    greet: t.Dict[str, t.Callable[[str], commands.Command]] = {
        "lmtp": commands.lhlo,
        "helo": commands.helo,
        "ehlo": commands.ehlo,
    }
    verb = "lmtp" if session.dialog.protocol == "lmtp" else session.dialog.hello
    reply = yield from say(session, greet[verb](session.dialog.helo_name))
    if verb == "ehlo" and reply.permanent:
        verb = "helo"
        reply = yield from say(session, commands.helo(session.dialog.helo_name))
    insist(reply, reply.positive)
    session.hello_command = {"lmtp": "LHLO", "helo": "HELO", "ehlo": "EHLO"}[verb]
    # A HELO reply has no extension list, however many lines it has.
    session.extensions = Extensions(reply if verb != "helo" else reply._replace(lines=reply.lines[:1]))
    return True


def starttls(session: Session) -> Procedure:
    """RFC 3207. After a failed attempt nothing is said in clear text: nobody knows what state the server is in."""
    if session.hello_command != "HELO":
        session.starttls_offered = session.offered.offers("STARTTLS")
    wish = session.dialog.starttls
    if not session.starttls_offered and wish == "required":
        raise Refused
    # The probe asks whether the list was shortened on its way, so there has to be a list: HELO has none.
    probing = wish == "probe" and session.starttls_offered is False
    if wish == "never" or not (session.starttls_offered or probing):
        return False
    reply = yield from say(session, commands.starttls())
    insist(reply, reply.code == 220 or probing)
    if reply.code != 220:
        # Whoever refuses what it did not offer is in no doubtful state: no TLS was begun.
        return False
    yield from handshake(session)
    # RFC 3207 4.2: what the server said before is forgotten, and the list is asked for again.
    session.extensions_before_tls, session.extensions = session.extensions, None
    yield from hello(session)
    return True


def handshake(session: Session) -> Procedure:
    """TLS itself. An unacceptable certificate ends the procedure, politely: the channel works, it is not trusted."""
    unacceptable = yield Handshake()
    session.secure = True
    if unacceptable is not None:
        raise Refused
    return True
