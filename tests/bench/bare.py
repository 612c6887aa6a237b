# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a dialog costs in Python at the least: epoll, a generator for what is said, and TLS through the same ``ssl``.

It takes every reply for a good one, keeps its first three octets and the time, and nothing else: no facts, no
deadlines, no judgement, and no server that misbehaves. Between it and any client lies what that client does besides.
"""

from __future__ import annotations

import collections
import errno
import select
import socket
import ssl
import time
import typing as t

Said = t.Generator[bytes | None, bytes, None]


class Encrypted:
    """The client's side of TLS, over a socket."""

    def __init__(self, below: socket.socket, context: ssl.SSLContext) -> None:
        self.below = below
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)

    def handshake(self) -> bool:
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            self.below.send(self.outgoing.read())
            return False
        return True

    def take(self, octets: bytes) -> bytes:
        self.incoming.write(octets)
        try:
            return self.tls.read(65536)
        except ssl.SSLWantReadError:
            return b""

    def send(self, octets: bytes) -> None:
        self.tls.write(octets)
        self.below.send(self.outgoing.read())


def dialog(commands: t.Sequence[bytes], codes: list[tuple[bytes, float]]) -> Said:
    """What is sent, in its turn; None where TLS is due. Is sent whole replies."""
    reply = yield b""
    for command in commands:
        codes.append((reply[:3], time.monotonic()))
        reply = yield command
        if command == b"STARTTLS\r\n":
            yield None
            reply = yield commands[0]


def hold(addresses: t.Sequence[str], port: int, in_flight: int, commands: t.Sequence[bytes]) -> int:
    """Returns how many dialogs did not come to their end."""
    context = ssl._create_unverified_context()
    waiting = collections.deque(addresses)
    poll = select.epoll()
    open_now: dict[int, list[t.Any]] = {}
    heard = [list[tuple[bytes, float]]() for _address in addresses]
    complete = 0
    while waiting or open_now:
        while waiting and len(open_now) < in_flight:
            connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if connection.connect_ex((waiting.popleft(), port)) not in (0, errno.EINPROGRESS):
                connection.close()
                continue
            said = dialog(commands, heard[len(waiting)])
            next(said)
            open_now[connection.fileno()] = [connection, said, None, False]
            poll.register(connection.fileno(), select.EPOLLIN)
        for descriptor, _events in poll.poll():
            state = open_now[descriptor]
            connection, said, encrypted, established = state
            octets = connection.recv(65536)
            if octets and encrypted is not None:
                if established:
                    octets = encrypted.take(octets)
                else:
                    encrypted.incoming.write(octets)
                    state[3] = encrypted.handshake()
                    if state[3]:
                        encrypted.send(next(said) or b"")
                    continue
                if not octets:
                    continue
            try:
                if not octets:
                    raise StopIteration
                wanted = said.send(octets)
            except StopIteration:
                complete += bool(octets)
                del open_now[descriptor]
                connection.close()
                continue
            if wanted is None:
                state[2] = Encrypted(connection, context)
                state[2].handshake()
            else:
                (encrypted or connection).send(wanted)
    return len(addresses) - complete
