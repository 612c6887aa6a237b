# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""One session: reads commands, answers each by the behaviour's script or else faultlessly, and records both sides."""

from __future__ import annotations

import itertools
import socket
import typing as t

from ..evidence import printable
from .connection import ClientClosed, Connection, LineTooLong
from .faultless import Faultless
from .records import Session
from .steps import Drip, Flood, Say, Send, Step

if t.TYPE_CHECKING:
    from .server import ScenarioServer

# RFC 5321 4.5.3.1.4 allows 512, the extensions add to it (AUTH alone 12,288: RFC 4954 4).
_COMMAND_LIMIT = 512 + 12_288

_COMMANDS = {
    "EHLO": "ehlo",
    "HELO": "helo",
    "STARTTLS": "starttls",
    "AUTH": "auth",
    "MAIL": "mail",
    "RCPT": "rcpt",
    "DATA": "data",
    "BDAT": "bdat",
    "QUIT": "quit",
}
# LHLO replaces both; EHLO and HELO must not work (RFC 2033 4.1).
_LMTP_COMMANDS = {"LHLO" if verb == "EHLO" else verb: phase for verb, phase in _COMMANDS.items() if verb != "HELO"}

# Commands that need not be the last of a pipelined group (RFC 2920 3.1).
_GROUPED = ("MAIL", "RCPT", "RSET")


class _Ended(Exception):
    """The server ends the connection, for one of the reasons in Session.ended."""


class Conversation:
    """A client's session from the connection to its end. ``session`` is filled with what passes over the wire."""

    def __init__(self, server: ScenarioServer, client: socket.socket, session: Session) -> None:
        self.server = server
        self.session = session
        self.connection = Connection(client, server.behaviour.single_bytes)
        # This session is not among the server's yet.
        mine = len(server.sessions) + 1 in server.behaviour.connections
        self._scripts = server.behaviour.scripts if mine else {}
        self._commands = _LMTP_COMMANDS if server.behaviour.protocol == "lmtp" else _COMMANDS
        self._faultless = Faultless(self)

    def run(self) -> str:
        """Converses, and returns how it ended, in the words of Session.ended."""
        try:
            self._converse()
        except _Ended as end:
            return str(end)
        except ClientClosed as end:
            if end.unfinished:
                self.session.violations.append("broke off inside a line")
            return "closed by client"
        except LineTooLong:
            return "closed by server"
        except socket.timeout:
            return "idle"
        except OSError:
            return "lost"
        finally:
            self.connection.close()

    def _converse(self) -> t.NoReturn:
        if self.server.behaviour.protocol == "smtps":
            self.start_tls()
        self.answer("banner")
        while True:
            line = self.read_line()
            verb, argument = line.partition(" ")[::2]
            verb = verb.upper()
            # Behind BDAT comes its chunk.
            if verb != "BDAT" and not (verb in _GROUPED and self._faultless.offers("PIPELINING")):
                self._expect_silence("did not wait for the reply to " + verb)
            if not self.server.behaviour.answers_pipelined:
                self.connection.lose_the_rest()
            phase = self._commands.get(verb, "any")
            if len(line) > _COMMAND_LIMIT or not line.isascii() or not line.isprintable():
                phase, verb = "any", "a line that is no command"
            self.answer(phase, verb if phase == "any" else argument.rstrip(" "))

    def answer(self, phase: str, argument: str = "") -> None:
        for step in self._scripts.get(phase) or self._scripts.get("any") or (Step.ORDINARY,):
            if isinstance(step, Say):
                self.say(step.text.format(host=self.server.hostname))
            elif isinstance(step, Send):
                self._send(step.data)
            elif isinstance(step, Flood):
                for _time in itertools.count() if step.times is None else range(step.times):
                    self.connection.write(step.data)
                    self.connection.flush()
            elif isinstance(step, Drip):
                for octet in step.data:
                    self.connection.write(bytes([octet]))
                    self._take(Step.PAUSE)
            elif step is Step.ORDINARY:
                self._faultless.answers[phase](argument)
            else:
                self._take(step)
        self.connection.flush()

    def _take(self, step: Step) -> None:
        self.connection.flush()
        if step is Step.PAUSE:
            self.server.stopping.wait(self.server.pause)
        elif step is Step.STALL:
            self.connection.await_end()
            raise _Ended("closed by client")
        elif step is Step.AWAIT:
            self.connection.read_some()
        elif step is Step.HANDSHAKE:
            self.start_tls()
        elif step is Step.HUSH:
            while True:
                self.read_line()
        elif step is Step.CLOSE:
            raise _Ended("closed by server")
        elif step is Step.CUT:
            self.connection.cut()
            raise _Ended("closed by server")
        elif step is Step.UNCOVER:
            self.connection.uncover()
        elif step is Step.RESET:
            self.connection.reset()
            raise _Ended("reset by server")

    def say(self, text: str) -> None:
        """Queues reply lines; they leave together with what the client is waiting for."""
        behaviour = self.server.behaviour
        lines = text.split("\n")
        if not behaviour.with_text:
            # The code, with the hyphen where the EHLO list follows: the list itself has to stay.
            lines[0] = lines[0][:4].rstrip(" ")
        for line in lines:
            self._send(line.encode("utf-8") + behaviour.line_end)

    def ask(self, text: str) -> str:
        """Says ``334 …``, whose text is the challenge, and returns the client's answer."""
        self._send(text.encode("ascii") + self.server.behaviour.line_end)
        self.connection.flush()
        line = self.read_line()
        self._expect_silence("did not wait for the reply inside AUTH")
        return line

    def read_line(self) -> str:
        data = self.connection.read_line()
        self._record("C", data)
        return data.decode("ascii", "replace")

    def read_content(self, limit: int) -> bytes:
        """A message up to its final dot, without the doubled dots (RFC 5321 4.5.2), cut soon after ``limit`` bytes."""
        self.connection.flush()
        content = bytearray()
        while True:
            line = self.connection.read_line()
            if line == b".":
                return bytes(content)
            if len(content) <= limit:
                content += (line[1:] if line.startswith(b".") else line) + b"\r\n"

    def read_chunk(self, octets: int, limit: int) -> bytes:
        """What belongs to a BDAT command (RFC 3030 2), cut soon after ``limit`` bytes."""
        self.connection.flush()
        chunk = bytearray()
        for piece in self.connection.read_octets(octets):
            if len(chunk) <= limit:
                chunk += piece
        if not self._faultless.offers("PIPELINING"):
            self._expect_silence("did not wait for the reply to BDAT")
        return bytes(chunk)

    def start_tls(self) -> None:
        context = self.server.tls
        if context is None:
            raise RuntimeError("ScenarioServer starts no behaviour that needs a certificate without one")
        self.connection.flush()
        self.session.tls = self.connection.start_tls(context)
        self._faultless.forget()

    def channel_binding(self) -> t.Optional[bytes]:
        """What log-ins are bound to (RFC 5929 3), None where the server does not bind any."""
        behaviour = self.server.behaviour
        own = self.connection.channel_binding() if behaviour.binds_log_ins else None
        return own if own is None or not behaviour.behind_another_tls else b"another session"

    def end(self) -> t.NoReturn:
        """Closes after the 221 to QUIT."""
        self.connection.flush()
        raise _Ended("quit")

    def _send(self, data: bytes) -> None:
        if not self.session.commands:
            self._expect_silence("spoke before the banner")
        self.connection.write(data)
        self._record("S", data)

    def _expect_silence(self, violation: str) -> None:
        if self.connection.has_more() and violation not in self.session.violations:
            self.session.violations.append(violation)

    def _record(self, side: str, data: bytes) -> None:
        text = printable(data.rstrip(b"\r\n"))
        self.session.lines.append((side, text))
        self.server.log(self.session, side + ": " + text)
