# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""One question to one name server: over UDP (datagrams.py), or over TCP, where many questions share a connection
(RFC 7766). A connection may start at a jump host, as a stream from there.

Sockets are non-blocking ones in asyncio's loop, without its transports: a connected UDP socket hears from the kernel
that nobody listens there, which asyncio's own would wait in vain for.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import typing as t

from ..evidence import StepError
from .answers import Trouble
from .datagrams import Datagrams, open_socket, place, said
from .name_servers import NameServer

_RANDOM = random.SystemRandom()

# Of paramiko and of sockets alike: what says that a connection is gone.
_LOST = (OSError, EOFError)

# vantage's way to open a connection at a jump host: (host, port, timeout, report).
Opener = t.Callable[[str, int, float, t.Callable[[t.Any, t.Optional[StepError]], None]], None]


class Transport:
    """Carries questions. ``open_channel`` is where TCP connections start, None for this host; from a jump host there is
    no UDP, so ``datagrams`` is None. Of one loop; ``close`` ends what is open."""

    def __init__(self, open_channel: t.Optional[Opener] = None) -> None:
        self._open_channel = open_channel
        self._connections: t.Dict[NameServer, asyncio.Task[_Connection]] = {}
        self.datagrams = Datagrams() if open_channel is None else None

    async def tcp(self, server: NameServer, question: bytes, timeout: float) -> bytes:
        """The answer over a connection that stays open for more.

        :raises Trouble: ``timeout``, ``unreachable`` or ``tunnel``.
        """
        try:
            return await asyncio.wait_for(self._over_tcp(server, question, timeout), timeout)
        except asyncio.TimeoutError:
            raise Trouble("timeout", f"{server} gave no answer over TCP within {timeout:g} s") from None

    async def _over_tcp(self, server: NameServer, question: bytes, timeout: float) -> bytes:
        kept = server in self._connections
        connection = await self._connection(server, timeout)
        try:
            return await connection.ask(question)
        except _LOST as error:
            self._connections.pop(server, None)
            if not kept:
                raise Trouble("unreachable", f"{server} closed the TCP connection instead of an answer") from error
        # A server may close a connection that was idle (RFC 7766 6.2.3): that is no trouble.
        return await self._over_tcp(server, question, timeout)

    async def _connection(self, server: NameServer, timeout: float) -> _Connection:
        opening = self._connections.get(server)
        if opening is None:
            opening = self._connections[server] = asyncio.ensure_future(self._open(server, timeout))
        try:
            # Others may wait for the same connection, so one's time limit must not end it.
            return await asyncio.shield(opening)
        except Trouble:
            self._connections.pop(server, None)
            raise

    async def _open(self, server: NameServer, timeout: float) -> _Connection:
        return _Connection(await self.connect(server, timeout))

    async def connect(self, server: NameServer, timeout: float) -> t.Any:
        """A TCP connection as a non-blocking stream.

        :raises Trouble: ``timeout``, ``unreachable`` or ``tunnel``.
        """
        if self._open_channel is not None:
            return await _channel(self._open_channel, server, timeout)
        loop = asyncio.get_running_loop()
        connection = open_socket(server, socket.SOCK_STREAM)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.wait_for(loop.sock_connect(connection, place(server)), timeout)
        except asyncio.TimeoutError:
            connection.close()
            raise Trouble("timeout", f"{server} opened no TCP connection within {timeout:g} s") from None
        except OSError as error:
            connection.close()
            raise Trouble("unreachable", f"{server} {said(error)} (TCP)") from error
        return connection

    async def close(self) -> None:
        if self.datagrams is not None:
            self.datagrams.close()
        for opening in self._connections.values():
            opening.cancel()
            with contextlib.suppress(asyncio.CancelledError, Trouble):
                (await opening).close()
        self._connections.clear()


class _Connection:
    """Questions over one stream, answered in any order. Each gets an ID of its own here (RFC 7766 6.2.1)."""

    def __init__(self, stream: t.Any) -> None:
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        self._waiting: t.Dict[bytes, t.Tuple[bytes, asyncio.Future[bytes]]] = {}
        self._received = bytearray()
        self._unsent = bytearray()
        self._sender: t.Optional[asyncio.TimerHandle] = None
        self._lost: t.Optional[BaseException] = None
        self._loop.add_reader(stream.fileno(), self._readable)

    async def ask(self, question: bytes) -> bytes:
        if self._lost is not None:
            raise ConnectionResetError(str(self._lost))
        identifier = _RANDOM.randrange(65536).to_bytes(2, "big")
        while identifier in self._waiting:
            identifier = _RANDOM.randrange(65536).to_bytes(2, "big")
        answer: asyncio.Future[bytes] = self._loop.create_future()
        self._waiting[identifier] = (question[:2], answer)
        self._unsent += struct.pack("!H", len(question)) + identifier + question[2:]
        self._send()
        try:
            return await answer
        finally:
            self._waiting.pop(identifier, None)

    def close(self) -> None:
        self._end(ConnectionResetError("closed"))

    def _send(self) -> None:
        self._sender = None
        try:
            while self._unsent:
                del self._unsent[: self._stream.send(bytes(self._unsent))]
        except BlockingIOError:
            # A channel cannot announce that it has room again.
            self._sender = self._loop.call_later(0.02, self._send)
        except _LOST as error:
            self._end(error)

    def _readable(self) -> None:
        try:
            data = self._stream.recv(65536)
        except BlockingIOError:
            return
        except _LOST as error:
            self._end(error)
            return
        if not data:
            self._end(EOFError("closed by the server"))
            return
        self._received += data
        while len(self._received) >= 2:
            length = int.from_bytes(self._received[:2], "big")
            if len(self._received) < 2 + length:
                return
            message = bytes(self._received[2 : 2 + length])
            del self._received[: 2 + length]
            original, answer = self._waiting.get(message[:2], (b"", None))
            if answer is not None and not answer.done():
                answer.set_result(original + message[2:])

    def _end(self, error: BaseException) -> None:
        if self._lost is not None:
            return
        self._lost = error
        if self._sender is not None:
            self._sender.cancel()
        self._loop.remove_reader(self._stream.fileno())
        self._stream.close()
        for _question, answer in self._waiting.values():
            _fail(answer, ConnectionResetError(str(error)))


async def _channel(open_channel: Opener, server: NameServer, timeout: float) -> t.Any:
    """A stream from the jump host, which opens it in a thread of its own.

    :raises Trouble: the jump host, or the name server from there, did not let it come about.
    """
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[t.Any] = loop.create_future()

    def settle(stream: t.Any, error: t.Optional[StepError]) -> None:
        if opened.done():
            if stream is not None:
                stream.close()
        elif error is not None:
            answered = error.kind in ("refused", "timeout", "unreachable", "reset")
            opened.set_exception(Trouble("unreachable" if answered else "tunnel", error.detail))
        else:
            opened.set_result(stream)

    def report(stream: t.Any, error: t.Optional[StepError]) -> None:
        try:
            loop.call_soon_threadsafe(settle, stream, error)
        except RuntimeError:
            # The loop is closed: nobody waits any more.
            if stream is not None:
                stream.close()

    open_channel(server.address, server.port, timeout, report)
    return await opened


def _fail(future: asyncio.Future[bytes], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
