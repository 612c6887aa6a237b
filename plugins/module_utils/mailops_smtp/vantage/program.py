# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""TCP connections that a program on the jump host makes, where its SSH server forwards none: socat, bash or nc, started
in a session of its own, whose standard input and output are the stream.

Which of them is there, and whether it got through, is read from what they say: a first line on standard output, behind
whatever a noisy profile prints before, and their own words on standard error.
"""

from __future__ import annotations

import contextlib
import math
import re
import typing as t

from ..evidence import StepError, printable
from .channel import ChannelStream
from .transport import LOST, Opening, kind_of

with contextlib.suppress(ImportError):  # SSHVantage says what is missing
    import paramiko
    from paramiko.common import cMSG_CHANNEL_REQUEST

# OpenSSH allows ten sessions on one connection by default (MaxSessions).
PROGRAMS_AT_ONCE = 8

_MARK = "mailops.smtp:"
_CONNECTED = re.compile(
    rb"successfully connected|starting data transfer loop|mailops\.smtp: connected|succeeded!|\bopen\s*$|Connected to",
    re.M,
)
_HOST = re.compile(r"[0-9A-Za-z_.:%-]+")

# What may come before the mark, and what a program may say on standard error.
_NOISE_OCTETS = 65536
_COMPLAINT_OCTETS = 4096

# Nothing is sent before it says that it has connected, so until then the end of its input, or of its time, means that
# nobody waits any more. The reader of the server's octets alone holds standard output, so that its end is the end of
# the stream. When the stream is closed from here, the other end has a second to send what is left.
_BASH = (
    'exec 4<&0; (read -t "$3" <&4; kill $$) 2>/dev/null & k=$!; exec 3<>"/dev/tcp/$1/$2" || exit 1; '
    'kill $k; wait $k 2>/dev/null; echo "mailops.smtp: connected" >&2; cat <&3 & r=$!; '
    "(cat <&4 >&3; sleep 1; kill $r) >/dev/null 2>&1 & wait $r"
)
# In the order of how clearly they say what happened. Without -N, some versions of nc never end; those do not tell
# either that the server has ended, which then looks like silence.
_CHOICE = (
    'if command -v socat >/dev/null 2>&1; then echo "$4 socat"; '
    'exec socat -d -d -t 1 - "TCP:$3:$2,connect-timeout=$6"; fi; '
    'if command -v bash >/dev/null 2>&1; then echo "$4 bash"; exec bash -c "$5" bash "$1" "$2" "$6"; fi; '
    'if command -v nc >/dev/null 2>&1; then echo "$4 nc"; '
    'n=; if nc -h 2>&1 | grep -q -e "^[[:space:]]*-N"; then n=-N; fi; '
    # nc sees the end of its input only once it has connected. Where all this is a process group of its own, as sshd
    # makes one, the group can be ended.
    'if [ "$(ps -o pgid= -p $$ 2>/dev/null | tr -d " ")" = $$ ]; then exec 4<&0; '
    '{ cat <&4; sleep 1; kill -TERM -$$; } | { nc -v $n "$1" "$2"; kill -TERM -$$; }; fi; '
    'exec nc -v $n "$1" "$2"; fi; '
    'echo "$4 none"; exit 127'
)


def command(host: str, port: int, timeout: float) -> t.Optional[str]:
    """What the jump host's shell is given; None for a host that no program could be given safely.

    ``timeout``: the seconds to connect in.
    """
    if _HOST.fullmatch(host) is None:
        return None
    bracketed = f"[{host}]" if ":" in host else host
    arguments = f"{host} {port} '{bracketed}' '{_MARK}' '{_BASH}' {math.ceil(timeout)}"
    return f"exec sh -c '{_CHOICE}' mailops.smtp {arguments}"


class Program:
    """A program that was started and has not connected yet. ``changed`` is called, in paramiko's thread, whenever there
    is something new to look at; it must not block."""

    def __init__(self, opening: Opening, timeout: float, changed: t.Callable[[], None]) -> None:
        self.channel = opening.channel
        self._timeout = timeout
        self.host, self.port = opening.host, opening.port
        self.tool: t.Optional[str] = None
        self._said = b""
        self._complaint = b""
        self.channel.settimeout(0.0)
        notice = _Notice(changed)
        self.channel.in_buffer.set_event(notice)
        self.channel.in_stderr_buffer.set_event(notice)

    def start(self) -> None:
        """Asks the jump host to start it. Without wanting a reply: a refusal ends the session, which tells as well."""
        message = paramiko.Message()
        message.add_byte(cMSG_CHANNEL_REQUEST)
        message.add_int(self.channel.remote_chanid)
        message.add_string("exec")
        message.add_boolean(False)
        message.add_string(t.cast(str, command(self.host, self.port, self._timeout)))
        with contextlib.suppress(*LOST):
            self.channel.transport._send_user_message(message)

    def look(self) -> t.Optional[bool]:
        """True when it has connected, False when it never will, None while that is open."""
        ended = self._read()
        if self.tool is None:
            self._find_mark()
        if self.tool is not None and self.tool != "none" and (self._said or _CONNECTED.search(self._complaint)):
            return True
        return False if ended or self.tool == "none" or len(self._said) > _NOISE_OCTETS else None

    @property
    def has_run(self) -> bool:
        """Whether there is a shell, and a program in it that can make connections."""
        return self.tool not in (None, "none")

    @property
    def unusable(self) -> str:
        """Why nothing could be started, as a clause."""
        if self.tool == "none":
            return "none of socat, bash and nc is there"
        said = printable(self._complaint.strip() or self._said.strip(), 200)
        return f"no shell there started a program ({said})" if said else "no shell there started a program"

    def error(self, jump_host: str) -> StepError:
        """Why a program that has run did not connect."""
        lines = [printable(line.strip(), 200) for line in self._complaint.splitlines() if line.strip()]
        words = [line for line in lines if kind_of(line) != "local"] or lines[-1:]
        said = f"{self.tool} said: {words[0]}" if words else f"{self.tool} ended without a word"
        kind = kind_of(words[0]) if words else "tunnel"
        return StepError(kind, f"{jump_host} could not connect to {self.host}:{self.port}: {said}")

    def stream(self, jump_host: str, ended: t.Callable[[], None]) -> ProgramStream:
        return ProgramStream(self.channel, jump_host, self._said, ended)

    def close(self) -> None:
        with contextlib.suppress(*LOST):
            self.channel.close()

    def _read(self) -> bool:
        """Takes what has come; whether that was all."""
        channel = self.channel
        with contextlib.suppress(*LOST):
            while channel.recv_ready() and len(self._said) <= _NOISE_OCTETS:
                self._said += channel.recv(4096)
            while channel.recv_stderr_ready():
                self._complaint = (self._complaint + channel.recv_stderr(4096))[:_COMPLAINT_OCTETS]
        return bool(channel.closed or (channel.eof_received and not channel.recv_ready()))

    def _find_mark(self) -> None:
        found = re.search(rb"^(?:.*[^\n])?" + re.escape(_MARK).encode() + rb" ([a-z]+)\r?\n", self._said, re.M)
        if found is not None:
            self.tool = found.group(1).decode("ascii")
            self._said = self._said[found.end() :]


class ProgramStream(ChannelStream):
    """The stream through a program. ``first`` is what had come before it was one."""

    def __init__(self, channel: paramiko.Channel, jump_host: str, first: bytes, ended: t.Callable[[], None]) -> None:
        super().__init__(channel, jump_host)
        self._first = first
        self._ended: t.Optional[t.Callable[[], None]] = ended
        # Nobody listens to what it still has to say there.
        channel.in_stderr_buffer.set_event(_Notice(lambda: None))
        if first:
            self._readiness.set()

    def recv(self, size: int) -> bytes:
        if self._first:
            data, self._first = self._first[:size], self._first[size:]
            if not self._first:
                # From here on readiness is the channel's again.
                self._channel.in_buffer.set_event(self._readiness)
            return data
        with contextlib.suppress(*LOST):
            while self._channel.recv_stderr_ready():
                self._channel.recv_stderr(4096)  # what is not read fills the window of the whole channel
        return super().recv(size)

    def close(self) -> None:
        super().close()
        ended, self._ended = self._ended, None
        if ended is not None:
            ended()


class _Notice:
    """Fits where paramiko keeps the threading.Event of a buffer."""

    def __init__(self, changed: t.Callable[[], None]) -> None:
        self._changed = changed

    def set(self) -> None:
        self._changed()

    def clear(self) -> None:
        pass
