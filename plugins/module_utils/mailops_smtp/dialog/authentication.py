# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The log-in (RFC 4954)."""

from __future__ import annotations

import base64
import typing as t

from . import commands, sasl
from .exchange import Procedure, Refused, insist, say
from .replies import Reply
from .session import Session


def authenticate(session: Session) -> Procedure:
    """RFC 4954: AUTH with the strongest mechanism that both sides know, or the one asked for."""
    wanted = session.dialog.auth
    if wanted is None:
        return False
    session.auth = {"mechanism": None, "username": wanted.username, "channel_binding": None}
    session.auth.update({"accepted": None, "problem": None})
    offered = session.offered.auth_mechanisms()
    if "AUTH" in session.dialog.force and wanted.mechanism is not None:
        offered = (wanted.mechanism,)
    try:
        name = sasl.choose(offered, wanted.mechanism, session.secure, wanted.allow_clear_text, session.channel_bindings)
    except sasl.SASLError as error:
        session.auth["problem"] = str(error)
        if wanted.required:
            raise Refused from error
        return False
    # From here on the log-in is tried, and a failure ends the dialog: nobody would want to go on as a stranger.
    session.auth["mechanism"] = name
    try:
        binding = sasl.bind(name, offered, session.channel_bindings)
        session.auth["channel_binding"] = binding.type
        mechanism = sasl.mechanism(name, wanted.username, wanted.password, binding=binding)
        reply, begun = yield from _begin(session, mechanism, wanted.initial_response)
        while reply.code == 334 and session.auth["problem"] is None:
            reply = yield from say(session, _answer(session, mechanism, reply))
    except sasl.SASLError as error:
        session.auth["problem"] = str(error)
        raise Refused from error
    if session.auth["problem"] is None:
        session.auth["accepted"] = reply.positive
        if reply.positive and not (begun and mechanism.finished):
            session.auth["problem"] = f"The server accepted the log-in before {name} was over: nothing was proved."
    insist(reply, session.auth["accepted"] is True)
    return True


def _begin(session: Session, mechanism: sasl.Mechanism, goes_along: bool) -> Procedure:
    """RFC 4954 4: AUTH, and what the client says first where the mechanism lets it. That goes along with the command
    or, where it is not wanted there or the line would be too long, is the answer to a challenge that says nothing.

    Returns the reply, and whether what was to be said first has been said."""
    first = mechanism.initial()
    command = commands.auth(mechanism.name, first)
    if first is None or (goes_along and len(command.wire) <= commands.MAX_COMMAND_OCTETS):
        return (yield from say(session, command)), True
    reply = yield from say(session, commands.auth(mechanism.name, None))
    if reply.code != 334:
        return reply, False
    return (yield from say(session, commands.auth_response(first))), True


def _answer(session: Session, mechanism: t.Any, challenge: Reply) -> commands.Command:
    """The response to a 334, or the cancellation of RFC 4954 4 where the challenge makes no sense."""
    try:
        return commands.auth_response(mechanism.respond(_decoded(challenge)))
    except sasl.SASLError as error:
        session.auth["problem"] = str(error)
        return commands.auth_cancel()


def _decoded(challenge: Reply) -> bytes:
    try:
        return base64.b64decode(challenge.lines[-1].strip(), validate=True)
    except ValueError as error:
        raise sasl.SASLError("The server's challenge is not base64 (RFC 4954 4).") from error
