# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""XCLIENT and XFORWARD: speaking for another client, to a server that lets this one do so.

Both are Postfix's own (XCLIENT_README, XFORWARD_README). XCLIENT makes the server treat the connection as one from
that client, access rules and all. XFORWARD only tells it what to write into its log.
"""

from __future__ import annotations

import typing as t

from . import commands
from .exchange import Procedure, Refused, insist, say
from .opening import hello
from .session import Session

XCLIENT = ("NAME", "REVERSE_NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT")
XFORWARD = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE")

Attributes = t.Sequence[t.Tuple[str, str]]


def xclient(session: Session) -> Procedure:
    """The server begins anew, as with a client that has just connected: 220, and EHLO is said again."""
    if not session.dialog.xclient:
        return False
    attributes, session.xclient = _to_be_said(session, "XCLIENT", session.dialog.xclient)
    if not attributes:
        raise Refused
    reply = yield from say(session, commands.xclient(attributes))
    session.xclient.update(accepted=reply.code == 220, reply=reply.as_dict())
    insist(reply, reply.code == 220)
    yield from hello(session)
    return True


def xforward(session: Session) -> Procedure:
    """Said before each MAIL, since the server forgets it with the transaction."""
    if not session.dialog.xforward:
        return False
    attributes, session.xforward = _to_be_said(session, "XFORWARD", session.dialog.xforward)
    if not attributes:
        raise Refused
    reply = yield from say(session, commands.xforward(attributes))
    session.xforward.update(accepted=reply.positive, reply=reply.as_dict())
    insist(reply, reply.positive)
    return True


def _to_be_said(session: Session, keyword: str, given: Attributes) -> t.Tuple[Attributes, t.Dict[str, t.Any]]:
    """Those of the attributes that the server lists, or all of them where they are forced; and what is known so far."""
    listed = {parameter.upper() for parameter in session.offered.parameters(keyword)}
    said = [entry for entry in given if entry[0] in listed or keyword in session.dialog.force]
    fact: t.Dict[str, t.Any] = {
        "attributes": [name for name, _value in said],
        "not_offered": [name for name, _value in given if name not in listed],
        "accepted": None,
        "problem": None if said else f"The server offers none of these attributes of {keyword} to this client.",
        "reply": None,
    }
    return said, fact
