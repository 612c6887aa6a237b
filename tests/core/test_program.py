# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that connect where a jump host forwards nothing, started here as a jump host's shell would start them.

Through a real SSH server they go in tests/integration/test_ways_from_a_vantage.py.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import typing as t
from pathlib import Path

import pytest
from mailops_smtp.vantage.program import Program, command
from mailops_smtp.vantage.ssh import SSHVantage
from mailops_smtp.vantage.transport import Opening

from tests.core.ssh_client import PASSWORD, echo, eventually, open_streams, target, trusting
from tests.core.ssh_server import Behaviour, JumpHost

BASICS = ("sh", "cat", "grep", "sleep")
TOOLS = [tool for tool in ("socat", "bash", "nc") if shutil.which(tool)]


def path_with(folder: Path, *tools: str) -> str:
    """A PATH on which only these programs are found."""
    for tool in (*BASICS, *tools):
        (folder / tool).symlink_to(t.cast(str, shutil.which(tool)))
    return str(folder)


@contextlib.contextmanager
def started(path: str, port: int, timeout: float = 5.0) -> t.Iterator[t.Any]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    shell = ["/bin/sh", "-c", t.cast(str, command("127.0.0.1", port, timeout))]
    with subprocess.Popen(shell, env={"PATH": path}, bufsize=0, start_new_session=True, **pipes) as running:  # type: ignore[call-overload]
        try:
            yield running
        finally:
            running.kill()


def test_bash_is_there_to_be_tested_with() -> None:
    assert "bash" in TOOLS


@pytest.mark.parametrize("tool", TOOLS)
def test_each_program_carries_bytes_both_ways(tool: str, tmp_path: Path) -> None:
    with target(echo) as port, started(path_with(tmp_path, tool), port) as running:
        assert running.stdout.readline() == f"mailops.smtp: {tool}\n".encode()
        assert running.stdout.readline() == b"220 ready\r\n"
        running.stdin.write(b"EHLO x\r\n")
        assert running.stdout.readline() == b"EHLO x\r\n"
        running.stdin.close()
        assert eventually(lambda: running.poll() is not None)


# nc of OpenBSD goes on reading its input when the server has ended, so there that looks like silence.
@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool != "nc"])
def test_the_servers_end_is_the_end_of_the_output(tool: str, tmp_path: Path) -> None:
    closing = target(lambda connection: connection.sendall(b"421 closing\r\n"))
    with closing as port, started(path_with(tmp_path, tool), port) as running:
        assert running.stdout.read().endswith(b"\n421 closing\r\n")
        assert eventually(lambda: running.poll() is not None)


def test_a_program_ends_when_nobody_waits_for_its_connection(tmp_path: Path) -> None:
    with socket.socket() as deaf, contextlib.ExitStack() as stack:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        # A backlog that is full leaves further connections unanswered.
        for _filler in range(2):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        path = path_with(tmp_path, "bash")
        with started(path, port, timeout=60) as running:
            assert running.stdout.readline() == b"mailops.smtp: bash\n"
            running.stdin.close()
            assert eventually(lambda: running.poll() is not None)
        with started(path, port, timeout=1) as running:
            assert eventually(lambda: running.poll() is not None)


@pytest.mark.parametrize("host", ["a;reboot", "$(id)", "a b", "a'b", "a\nb", "`id`", ""])
def test_no_host_name_becomes_a_command(host: str) -> None:
    assert command(host, 25, 10.0) is None


class Channel:
    """A session's channel that has all of what it will ever have."""

    eof_received = True

    def __init__(self, said: bytes, complaint: bytes = b"", closed: bool = True) -> None:
        self._said, self._complaint, self.closed = said, complaint, closed
        self.eof_received = closed
        self.in_buffer = self.in_stderr_buffer = self

    def set_event(self, event: object) -> None:
        pass

    def settimeout(self, seconds: float) -> None:
        pass

    def recv_ready(self) -> bool:
        return bool(self._said)

    def recv(self, size: int) -> bytes:
        said, self._said = self._said[:size], self._said[size:]
        return said

    def recv_stderr_ready(self) -> bool:
        return bool(self._complaint)

    def recv_stderr(self, size: int) -> bytes:
        said, self._complaint = self._complaint[:size], self._complaint[size:]
        return said


def program(said: bytes, complaint: bytes = b"", closed: bool = True) -> Program:
    opening = Opening(t.cast(t.Any, Channel(said, complaint, closed)), "mx1.contoso.com", 25, lambda opening: None)
    return Program(opening, 10.0, lambda: None)


@pytest.mark.parametrize(
    ("complaint", "kind"),
    [
        (b"nc: connect to 198.51.100.9 port 25 (tcp) failed: Connection refused\n", "refused"),
        (b"(UNKNOWN) [198.51.100.9] 25 (smtp) : Connection refused\n", "refused"),
        (b"nc: can't connect to remote host (198.51.100.9): No route to host\n", "unreachable"),
        (b"Ncat: TIMEOUT.\nNcat: Connection timed out.\n", "timeout"),
        (b'nc: getaddrinfo for host "mx" port 25: Name or service not known\n', "unresolved"),
        (b"bash: connect: Connection refused\nbash: line 1: /dev/tcp/mx/25: Connection refused\n", "refused"),
        (b"bash: line 1: /dev/tcp/mx/25: No such file or directory\n", "local"),
        (b"nc: invalid option -- v\n", "local"),
        (b"", "tunnel"),
    ],
)
def test_the_words_of_each_program_are_understood(complaint: bytes, kind: str) -> None:
    failed = program(b"mailops.smtp: nc\n", complaint)
    assert failed.look() is False
    assert failed.has_run
    assert failed.error("jump").kind == kind


@pytest.mark.parametrize(
    "complaint",
    [
        b"Connection to 198.51.100.9 25 port [tcp/smtp] succeeded!\n",
        b"mx1.contoso.com [198.51.100.9] 25 (smtp) open\n",
        b"Ncat: Version 7.93 ( https://nmap.org/ncat )\nNcat: Connected to 198.51.100.9:25.\n",
        b"mailops.smtp: connected\n",
    ],
)
def test_a_server_that_is_silent_is_connected_all_the_same(complaint: bytes) -> None:
    assert program(b"mailops.smtp: nc\n", complaint, closed=False).look() is True
    assert program(b"mailops.smtp: nc\n", closed=False).look() is None
    assert program(b"mailops.smtp: nc\n220 hi", closed=False).look() is True


@pytest.mark.parametrize("noise", [b"", b"220 welcome.example ESMTP\r\n", b"motd\n\nLast login: today "])
def test_a_noisy_profile_is_not_the_server(noise: bytes) -> None:
    assert program(noise, closed=False).look() is None
    ready = program(noise + b"mailops.smtp: bash\n220 mx1.contoso.com", closed=False)
    assert ready.look() is True
    assert ready._said == b"220 mx1.contoso.com"


@pytest.mark.parametrize(
    ("said", "complaint", "words"),
    [
        (b"mailops.smtp: none\n", b"", "none of socat, bash and nc is there"),
        (b"This account is currently not available.\n", b"", "This account is currently not available."),
        (b"", b"rbash: sh: restricted\n", "rbash: sh: restricted"),
        (b"", b"", "no shell there started a program"),
        (b"x" * 70000, b"", "no shell there started a program"),
    ],
)
def test_a_shell_that_starts_nothing_says_why(said: bytes, complaint: bytes, words: str) -> None:
    failed = program(said, complaint)
    assert failed.look() is False
    assert not failed.has_run
    assert words in failed.unusable


def test_a_jump_host_without_forwarding_and_sessions_says_both(home: Path) -> None:
    behaviour = Behaviour(password=PASSWORD, refusals={"127.0.0.1": (1, "open failed")})
    with JumpHost(behaviour) as host, SSHVantage(trusting(host, home)) as vantage:
        for _attempt in range(2):
            [(_stream, error)] = open_streams(vantage, ("127.0.0.1", 25))
            assert error is not None
            assert error.kind == "jump_forwarding"
            assert "forbids forwarding to 127.0.0.1:25 (it said: open failed)" in error.detail
            assert "nor could a program there connect in its place: it allows no session for one" in error.detail
    with JumpHost(behaviour) as host, SSHVantage(trusting(host, home, mode="channel")) as vantage:
        [(_stream, error)] = open_streams(vantage, ("127.0.0.1", 25))
        assert error is not None
        assert "nor could" not in error.detail
    with JumpHost(Behaviour(password=PASSWORD)) as host, SSHVantage(trusting(host, home, mode="exec")) as vantage:
        [(_stream, error)] = open_streams(vantage, ("127.0.0.1", 25))
        assert error is not None
        assert error.kind == "jump_program"
        assert host.forwarded == []
