# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of SSH vantages do on the near side of a jump host, and the targets on its far side."""

from __future__ import annotations

import contextlib
import queue
import select
import socket
import socketserver
import threading
import time
import typing as t
from pathlib import Path

from mailops_smtp.evidence import StepError
from mailops_smtp.vantage.channel import ChannelStream
from mailops_smtp.vantage.ssh import SSHVantage
from mailops_smtp.vantage.via import Via

from tests.core.ssh_server import JumpHost

PATIENCE = 20.0
PASSWORD = "correct horse"

Answer = t.Tuple[t.Optional[ChannelStream], t.Optional[StepError]]
Handler = t.Callable[[socket.socket], None]


@contextlib.contextmanager
def target(handler: Handler) -> t.Iterator[int]:
    """A TCP server that treats each connection with ``handler``; yields its port."""

    class Request(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            # A test that is done closes its streams whatever the server still has to say.
            with contextlib.suppress(ConnectionError):
                handler(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 512

    with Server(("127.0.0.1", 0), Request) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def echo(connection: socket.socket) -> None:
    connection.sendall(b"220 ready\r\n")
    while True:
        data = connection.recv(65536)
        if not data:
            return
        connection.sendall(data)


def trusting(host: JumpHost, home: Path, **fields: t.Any) -> Via:
    """A Via that knows the host's key, and logs in with the password if nothing else is given."""
    known_hosts = home / f"known_hosts_{host.port}"
    known_hosts.write_text(host.known_hosts_line)
    settings = {"password": PASSWORD, "known_hosts": str(known_hosts), **fields}
    return Via.parse({"host": "127.0.0.1", "port": host.port, "user": "ops", **settings})


class Answers:
    """What a vantage reports, in the order of asking."""

    def __init__(self) -> None:
        self._queues: t.List[queue.Queue[Answer]] = []

    def ask(self, vantage: SSHVantage, host: str, port: int = 25, timeout: float = PATIENCE) -> None:
        answer: queue.Queue[Answer] = queue.Queue()
        self._queues.append(answer)
        vantage.open_channel(host, port, timeout, lambda stream, error: answer.put((stream, error)))

    def all(self) -> t.List[Answer]:
        return [answer.get(timeout=PATIENCE) for answer in self._queues]

    def kinds(self) -> t.List[t.Optional[str]]:
        return [error.kind if error else None for stream, error in self.all()]

    def waiting(self) -> bool:
        return all(answer.empty() for answer in self._queues)


def open_streams(vantage: SSHVantage, *addresses: t.Tuple[str, int]) -> t.List[Answer]:
    answers = Answers()
    for host, port in addresses:
        answers.ask(vantage, host, port)
    return answers.all()


def open_stream(vantage: SSHVantage, host: str, port: int) -> ChannelStream:
    [(stream, error)] = open_streams(vantage, (host, port))
    assert error is None
    assert stream is not None
    return stream


def failure(via: Via, host: str = "127.0.0.1", port: int = 25, **limits: float) -> StepError:
    with SSHVantage(via, **limits) as vantage:
        [(stream, error)] = open_streams(vantage, (host, port))
    assert stream is None
    assert error is not None
    assert PASSWORD not in error.detail
    return error


def receive(stream: ChannelStream) -> bytes:
    assert select.select([stream], [], [], PATIENCE)[0], "nothing came"
    return stream.recv(65536)


def receive_all(stream: ChannelStream) -> bytes:
    return b"".join(iter(lambda: receive(stream), b""))


def send_all(stream: ChannelStream, data: bytes) -> None:
    deadline = time.monotonic() + PATIENCE
    while data:
        try:
            data = data[stream.send(data) :]
        except BlockingIOError:
            assert time.monotonic() < deadline, "the window stayed full"
            time.sleep(0.01)


def eventually(condition: t.Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()
