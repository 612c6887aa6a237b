# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Questions over UDP, thousands in a row: sockets are kept for a few questions, and one timer watches over all.

A socket carries one question at a time, and is connected: so it hears from the kernel that nobody listens there, and
from nobody but the server. After a few questions another takes its place, so that ports stay hard to guess (RFC 5452
4.5), and one whose answer did not come is not used again, since that may still arrive.
"""

from __future__ import annotations

import asyncio
import collections
import os
import socket
import typing as t

from .answers import Trouble
from .name_servers import NameServer

MAX_OCTETS = 65535
QUESTIONS_A_SOCKET = 20
KEPT_SOCKETS = 100

# What came: a datagram, or why none did.
Heard = t.Union[bytes, Trouble]


class Datagrams:
    """Of one loop. ``close`` when nobody waits for anything any more."""

    def __init__(self) -> None:
        self._idle: t.Dict[NameServer, t.List[_Port]] = {}
        self._loop: t.Any = None
        self._waiting: t.Deque[t.Tuple[float, _Port, int]] = collections.deque()
        self._latest = 0.0
        self._timer: t.Any = None

    def send(
        self,
        server: NameServer,
        question: bytes,
        timeout: float,
        fits: t.Callable[[bytes, bytes], bool],
        done: t.Callable[[Heard], None],
    ) -> None:
        """Calls ``done`` once, later or at once, with the first datagram that ``fits`` the question, or with the
        Trouble ``timeout`` or ``unreachable``. Other datagrams are somebody's guess, and are not listened to."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        port = None
        try:
            idle = self._idle.get(server)
            port = idle.pop() if idle else self._open(server)
            port.socket.send(question)
        except OSError as error:
            if port is not None:
                self._discard(port)
            done(Trouble("unreachable", f"{server} {said(error)}"))
            return
        port.ask(question, timeout, fits, done)
        self._watch(self._loop.time() + timeout, port)

    async def ask(
        self, server: NameServer, question: bytes, timeout: float, fits: t.Callable[[bytes, bytes], bool]
    ) -> bytes:
        """:raises Trouble: as above."""
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def done(heard: Heard) -> None:
            if answer.done():
                return
            if isinstance(heard, Trouble):
                answer.set_exception(heard)
            else:
                answer.set_result(heard)

        self.send(server, question, timeout, fits, done)
        return await answer

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for _when, port, _number in self._waiting:
            self._discard(port)
        for ports in self._idle.values():
            for port in ports:
                self._discard(port)
        self._waiting.clear()
        self._idle.clear()

    def _open(self, server: NameServer) -> _Port:
        connection = open_socket(server, socket.SOCK_DGRAM)
        try:
            connection.connect(place(server))
        except OSError:
            connection.close()
            raise
        port = _Port(server, connection)
        self._loop.add_reader(port.number, self._readable, port)
        return port

    def _readable(self, port: _Port) -> None:
        try:
            datagram = port.socket.recv(MAX_OCTETS)
        except BlockingIOError:
            return
        except OSError as error:
            if port.done is not None:
                self._settle(port, Trouble("unreachable", f"{port.server} {said(error)}"), keep=False)
            return
        if port.done is None:
            return
        if port.fits(datagram, port.question):
            self._settle(port, datagram, keep=True)
        else:
            port.strangers += 1

    def _settle(self, port: _Port, heard: Heard, keep: bool) -> None:
        done = port.done
        port.done = None
        idle = self._idle.setdefault(port.server, [])
        if keep and port.asked < QUESTIONS_A_SOCKET and len(idle) < KEPT_SOCKETS:
            idle.append(port)
        else:
            self._discard(port)
        if done is not None:
            done(heard)

    def _discard(self, port: _Port) -> None:
        if port.socket.fileno() >= 0:
            self._loop.remove_reader(port.number)
            port.socket.close()

    def _watch(self, when: float, port: _Port) -> None:
        """Nearly all questions have the same time limit, so they run out in the order in which they were asked; one
        with less time, the last of several, is rare enough to be sorted in."""
        self._waiting.append((when, port, port.asked))
        if when < self._latest:
            self._waiting = collections.deque(sorted(self._waiting, key=lambda entry: entry[0]))
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        self._latest = max(self._latest, when)
        if self._timer is None:
            self._timer = self._loop.call_at(self._waiting[0][0], self._look_at_the_time)

    def _look_at_the_time(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._waiting:
            when, port, asked = self._waiting[0]
            if port.asked != asked or port.done is None:
                # Answered meanwhile.
                self._waiting.popleft()
            elif when <= now:
                self._waiting.popleft()
                others = f", and sent {port.strangers} messages that answer something else" if port.strangers else ""
                words = f"{port.server} gave no answer within {port.timeout:g} s{others}"
                self._settle(port, Trouble("timeout", words), keep=False)
            else:
                self._timer = self._timer or self._loop.call_at(when, self._look_at_the_time)
                return


class _Port:
    """A socket, and the question that it carries: ``done`` is None where it carries none."""

    __slots__ = ("asked", "done", "fits", "number", "question", "server", "socket", "strangers", "timeout")

    def __init__(self, server: NameServer, connection: socket.socket) -> None:
        self.server = server
        self.socket = connection
        self.number = connection.fileno()
        self.asked = 0
        self.done: t.Optional[t.Callable[[Heard], None]] = None

    def ask(
        self,
        question: bytes,
        timeout: float,
        fits: t.Callable[[bytes, bytes], bool],
        done: t.Callable[[Heard], None],
    ) -> None:
        self.question = question
        self.timeout = timeout
        self.fits = fits
        self.done = done
        self.strangers = 0
        self.asked += 1


def open_socket(server: NameServer, kind: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in server.address else socket.AF_INET
    connection = socket.socket(family, kind)
    connection.setblocking(False)
    return connection


def place(server: NameServer) -> t.Any:
    """With the scope of a link-local address, which getaddrinfo translates without asking anybody."""
    if "%" not in server.address:
        return server.address, server.port
    return socket.getaddrinfo(server.address, server.port, flags=socket.AI_NUMERICHOST)[0][4]


def said(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refused the connection: nothing listens there"
    return f"cannot be reached: {os.strerror(error.errno).lower() if error.errno else error}"
