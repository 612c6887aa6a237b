# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What the conversation asks of whoever carries it, how it ends, and the three sentences that it is made of."""

from __future__ import annotations

import itertools
import typing as t

from . import commands
from .replies import Reply

if t.TYPE_CHECKING:
    from .session import Session

# Concealing shorter ones would make every reply unreadable.
SHORTEST_SECRET = 4

Procedure = t.Generator[t.Union["Exchange", "Handshake", "Farewell"], t.Any, t.Any]


class Exchange(t.NamedTuple):
    """One thing said and the reply it waits for. ``shown`` is the transcript's line; secrets are not in it.

    ``content`` are more octets to send, after those of ``wire``: an iterator whose next piece the driver takes when it
    has sent those before, so that they need not be in memory. It can raise ``octets.Unreadable``.
    ``wire`` and ``content`` can hold commands that follow this one (RFC 2920). Each of them comes once more as an
    exchange without octets, ``pipelined``, whose reply is awaited then.
    Without ``awaits_reply`` the driver goes on as soon as all of it is sent, and sends None back in. ``expected`` is
    for the record only."""

    phase: str
    wire: bytes = b""
    shown: t.Optional[str] = None
    awaits_reply: bool = True
    expected: t.Optional[str] = None
    pipelined: bool = False
    content: t.Optional[t.Iterator[bytes]] = None

    def secrets(self, password: str) -> t.Tuple[bytes, ...]:
        """What the reply must not show either: there are servers that quote the command they do not like."""
        if commands.MASK not in (self.shown or ""):
            return ()
        words = (*self.wire.split()[-1:], password.encode("utf-8", "replace"))
        return tuple(word for word in words if len(word) >= SHORTEST_SECRET)

    @property
    def speaks(self) -> bool:
        """Whether there is anything to be sent, or only a reply to be waited for."""
        return bool(self.wire) or self.content is not None


class Handshake(t.NamedTuple):
    phase: str = "starttls"


class Farewell(t.NamedTuple):
    """Send QUIT, but wait for nothing: whoever was silent until now is not waited for again."""

    wire: bytes
    shown: str
    phase: str = "quit"


class StreamLost(Exception):
    """Thrown in by the driver: no reply will come any more."""


class ServerSilent(StreamLost):
    """Thrown in by the driver: no reply came in time, though all of the command went out and the stream is there."""


class Abandoned(Exception):
    """Thrown in by the driver: the tester gives up; say goodbye and end."""


class Refused(Exception):
    """The server's answer leaves nothing further to do here."""


class Dropped(Exception):
    """The last command is out, and the connection is to be dropped without a word: the user wants to see that."""


class ServiceClosing(Exception):
    """421: the server is closing the channel (RFC 5321 4.2.3), so there is nobody left to say QUIT to."""


def say(session: Session, command: commands.Command, *following: commands.Command) -> Procedure:
    """Send one command and return its reply, unless it is the one to drop the connection after.

    :param following: commands to send together with it (RFC 2920 3.1). They are said again in their turn, and then
        only listened for.
    """
    if session.ahead:
        reply = yield Exchange(session.phase, b"", command.shown, pipelined=True)
        session.ahead.popleft()
        return reply
    last = session.dialog.leave == "drop_after_send" and session.phase == session.dialog.stop_after
    session.ahead.extend(following)
    wire, content = _octets((command, *following))
    try:
        reply = yield Exchange(session.phase, wire, command.shown, awaits_reply=not last, content=content)
    except Abandoned:
        # Before this was sent, so there is nothing to hear out.
        session.ahead.clear()
        raise
    if last:
        raise Dropped
    return reply


def _octets(said: t.Sequence[commands.Command]) -> t.Tuple[bytes, t.Optional[t.Iterator[bytes]]]:
    """Command lines go out in one packet, unless a message stands among them."""
    if len(said) == 1 and not said[0].content:
        return said[0].wire, None
    if not any(entry.content for entry in said):
        return b"".join(entry.wire for entry in said), None
    return b"", itertools.chain.from_iterable(itertools.chain((entry.wire,), entry.content) for entry in said)


def listen(session: Session) -> Procedure:
    """Return the next reply without having sent anything."""
    return (yield Exchange(session.phase))


def insist(reply: Reply, satisfied: bool) -> None:
    """Go on only with the reply that the procedure needs here."""
    if reply.code == 421:
        raise ServiceClosing
    if not satisfied:
        raise Refused
