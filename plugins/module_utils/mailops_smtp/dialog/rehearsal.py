# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What would be said, without saying it: the conversation with an imagined server that offers and accepts all."""

from __future__ import annotations

import typing as t

from . import commands
from .conversation import converse
from .exchange import Exchange
from .replies import Reply
from .session import Session
from .wanted import wanted

if t.TYPE_CHECKING:
    from ..plan import Dialog


def rehearse(dialog: Dialog) -> t.List[str]:
    """The lines of the client in their order, secrets masked, up to QUIT. "(TLS)" stands for the handshake."""
    lines = []
    session = Session(dialog)
    session.channel_bindings = {"tls-unique": b"rehearsal"}
    procedure = converse(session)
    offers = tuple(_offers(dialog))
    request = next(procedure)
    try:
        while True:
            if not isinstance(request, Exchange):
                lines.append("(TLS)")
                request = procedure.send(None)
                continue
            if request.shown is not None:
                lines.append(request.shown)
            request = procedure.send(_reply(request, offers))
    except StopIteration:
        return lines


def _offers(dialog: Dialog) -> t.Iterator[str]:
    """Everything that the dialog has a use for."""
    yield from ("SIZE", "STARTTLS", *wanted(dialog))
    yield f"AUTH {dialog.auth.mechanism if dialog.auth is not None and dialog.auth.mechanism else 'PLAIN'}"
    for keyword, attributes in (("XCLIENT", dialog.xclient), ("XFORWARD", dialog.xforward)):
        yield " ".join((keyword, *(name for name, _value in attributes)))


def _reply(request: Exchange, offers: t.Tuple[str, ...]) -> Reply:
    if request.phase == "banner":
        return Reply(220, None, ("rehearsal",))
    if request.phase == "ehlo":
        return Reply(250, None, ("rehearsal", *offers))
    if request.phase in ("starttls", "xclient"):
        return Reply(220, None, ("go ahead",))
    if request.phase == "auth":
        return Reply(235, None, ("welcome",))
    if request.shown == commands.data().shown:
        return Reply(354, None, ("go ahead",))
    return Reply(250, None, ("ok",))
