# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A jump host that goes silent and ends nothing, as behind a firewall that forgets or on a machine that hangs: whose
silence it is, the server's or the way's, is found out by asking the jump host, and in bounded time."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
import typing as t
from pathlib import Path

import pytest
from mailops_smtp.run import check
from mailops_smtp.scenario import ScenarioServer
from mailops_smtp.vantage import transport
from mailops_smtp.vantage.ssh import SSHVantage

from tests.core.ssh_client import Answers, echo, eventually, open_stream, receive, target, trusting
from tests.core.ssh_server import JumpHost

ANSWER_SECONDS = 0.5


class Line:
    """A TCP connection to the jump host, on which everything can be dropped from some moment on."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self.passed = time.monotonic()  # when the last octets did
        self._mute: t.Set[int] = set()
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def mute(self) -> None:
        """Nothing passes on the connections that there are; new ones are as good as any."""
        self._mute.update(range(self.connections))

    def close(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._end.is_set():
            if select.select([self._listener], [], [], 0.05)[0]:
                near = self._listener.accept()[0]
                far = socket.create_connection(("127.0.0.1", self._to))
                self._threads.append(threading.Thread(target=self._carry, args=(self.connections, near, far)))
                self.connections += 1
                self._threads[-1].start()

    def _carry(self, number: int, near: socket.socket, far: socket.socket) -> None:
        with near, far, contextlib.suppress(OSError):
            while not self._end.is_set():
                for readable in select.select([near, far], [], [], 0.05)[0]:
                    data = readable.recv(65536)
                    if number in self._mute:
                        continue
                    if not data:
                        return
                    (far if readable is near else near).sendall(data)
                    self.passed = time.monotonic()


@pytest.fixture
def line(jump_host: JumpHost, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Line]:
    monkeypatch.setattr(transport, "ANSWER_SECONDS", ANSWER_SECONDS)
    made = Line(jump_host.port)
    yield made
    made.close()


def options(line: Line, jump_host: JumpHost, home: Path, **more: t.Any) -> t.Dict[str, t.Any]:
    via = trusting(jump_host, home)
    known = home / "known_hosts"
    known.write_text(jump_host.known_hosts_line.replace(f":{jump_host.port} ", f":{line.port} "))
    place = {
        "host": via.host,
        "port": line.port,
        "user": via.user,
        "password": via.password,
        "known_hosts": [str(known)],
    }
    return {"via": place, "helo_name": "a.example", **more}


def error_of(made: t.Mapping[str, t.Any]) -> t.Tuple[str, str, str]:
    return made["verdict"], made["failed_phase"], made["steps"][-1]["error"]["kind"]


def test_the_silence_of_a_server_is_its_own(line: Line, jump_host: JumpHost, home: Path) -> None:
    with ScenarioServer("silent") as server:
        asked = options(line, jump_host, home, timeouts={"reply": 1.5}, targets=[f"127.0.0.1:{server.port}"])
        [made] = check(asked)["checks"]
    assert error_of(made) == ("fail", "banner", "silent")


@pytest.mark.parametrize("message", [False, True])
def test_the_silence_of_the_way_is_not_the_servers(line: Line, jump_host: JumpHost, home: Path, message: bool) -> None:
    """Ten at once: the first asks the jump host, and what it learns holds for all of them."""
    with contextlib.ExitStack() as stack:
        name = "silent-at-message" if message else "silent"
        servers = [stack.enter_context(ScenarioServer(name)) for _number in range(10)]
        more = {"recipient": "user@contoso.com", "test_message": {}} if message else {}
        targets = [f"127.0.0.1:{server.port}" for server in servers]
        patience = {"reply": 2.0, "message": 2.0}
        asked = options(line, jump_host, home, timeouts=patience, targets=targets, **more)
        runs: t.List[t.Dict[str, t.Any]] = []
        thread = threading.Thread(target=lambda: runs.append(check(asked)))
        thread.start()
        word = "DATA" if message else None
        assert eventually(
            lambda: all(server.sessions and (word is None or word in server.sessions[0].commands) for server in servers)
        )
        # What the servers have seen is on its way back yet.
        assert eventually(lambda: time.monotonic() - line.passed > 0.5)
        line.mute()
        began = time.monotonic()
        thread.join(20)
        took = time.monotonic() - began
    [run] = runs
    assert {error_of(made)[::2] for made in run["checks"]} == {("inconclusive", "tunnel")}
    # The server has accepted a connection before the word of it is back; that may be what the silence swallows.
    phases = {"data", "message"} if message else {"connect", "banner"}
    assert {made["failed_phase"] for made in run["checks"]} <= phases
    # One has asked; the connection is given up for all of them then.
    assert any("answers no more" in made["steps"][-1]["error"]["detail"] for made in run["checks"])
    if message:
        assert {made["message"]["outcome"] for made in run["checks"]} == {"unknown"}
    # Ten seconds are what a connection may take that is not open yet.
    assert took < 10.0 + 2 * ANSWER_SECONDS + 2.0


def test_a_request_that_the_way_swallows(line: Line, jump_host: JumpHost, home: Path) -> None:
    """Nobody knows whether the jump host has connected; what is asked for later goes over a new connection."""
    with SSHVantage(trusting(jump_host, home, port=line.port, host_key_checking=False)) as vantage, target(
        echo
    ) as port:
        stream = open_stream(vantage, "127.0.0.1", port)
        assert receive(stream).startswith(b"220")
        line.mute()
        answers = Answers()
        answers.ask(vantage, "127.0.0.1", port, timeout=1.5)
        assert answers.kinds() == ["tunnel"]
        with pytest.raises(OSError, match="was lost"):
            receive(stream)
        stream.close()
        again = open_stream(vantage, "127.0.0.1", port)
        assert receive(again).startswith(b"220")
        again.close()
    assert (line.connections, jump_host.log_ins) == (2, 2)


def test_asking_costs_one_request_a_second_however_many_wait(line: Line, jump_host: JumpHost, home: Path) -> None:
    with SSHVantage(trusting(jump_host, home, port=line.port, host_key_checking=False)) as vantage, target(
        echo
    ) as port:
        stream = open_stream(vantage, "127.0.0.1", port)
        asked: t.List[bytes] = []
        carrier = vantage._transports[-1]
        send = carrier._send_user_message
        carrier._send_user_message = lambda message: (asked.append(message.asbytes()), send(message))
        time.sleep(transport.FRESH_SECONDS)
        assert [stream.lost_on_the_way() for _number in range(200)] == [None] * 200
        assert 1 <= len([message for message in asked if b"keepalive@openssh.com" in message]) <= 2
        stream.close()
