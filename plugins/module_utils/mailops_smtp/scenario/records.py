# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What a scenario server saw of its clients, for tests to look at."""

from __future__ import annotations

import dataclasses
import typing as t


class Path(t.NamedTuple):
    """An address of the envelope with the parameters that came with it, keywords in upper case (RFC 5321 4.1.2)."""

    address: str
    parameters: t.Dict[str, t.Optional[str]]


class Message(t.NamedTuple):
    """A message that was accepted. ``content`` is what the client meant: without the doubled dots of the wire."""

    queue_id: str
    sender: Path
    recipients: t.Tuple[Path, ...]
    content: bytes


@dataclasses.dataclass
class Session:
    """One connection of a client.

    ``lines`` holds ``("C", text)`` and ``("S", text)`` in the order of the wire, the content of messages left out.
    ``violations`` names what a client must not do: to speak before the banner, to send a command without waiting for
    the reply where RFC 2920 does not allow it, to break off inside a line.
    ``ended`` is None while the connection is up, then how it came to its end: ``quit``, ``closed by client``,
    ``lost`` (reset by the client, or a failed TLS handshake), ``closed by server``, ``reset by server``,
    ``idle`` (nothing came for five minutes) or ``server stopped``.
    """

    client: str
    lines: t.List[t.Tuple[str, str]] = dataclasses.field(default_factory=list)
    messages: t.List[Message] = dataclasses.field(default_factory=list)
    violations: t.List[str] = dataclasses.field(default_factory=list)
    helo: t.Optional[str] = None
    user: t.Optional[str] = None
    tls: t.Optional[str] = None
    ended: t.Optional[str] = None

    @property
    def client_literal(self) -> str:
        """The client's address as SMTP writes it (RFC 5321 4.1.3)."""
        return f"[IPv6:{self.client}]" if ":" in self.client else f"[{self.client}]"

    @property
    def quit(self) -> bool:
        """Whether the client took its leave: its last word was QUIT."""
        return bool(self.commands) and self.commands[-1].upper() == "QUIT"

    @property
    def commands(self) -> t.List[str]:
        """Every line of the client outside of messages, in order; the lines of an AUTH exchange too."""
        return [text for side, text in self.lines if side == "C"]

    @property
    def replies(self) -> t.List[str]:
        """Every reply line, in order."""
        return [text for side, text in self.lines if side == "S"]
