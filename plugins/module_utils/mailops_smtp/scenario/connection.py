# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The server's end of one connection: lines in, bytes out, in the clear or through TLS.

A line ends with CRLF and with nothing else (RFC 5321 2.3.8). What is written goes out with the next ``flush``, so the
caller decides what travels in one packet.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import threading
import typing as t

# RFC 5321 4.5.3.2.7: a server waits at least five minutes for a command.
IDLE_SECONDS = 300.0

# Far above every limit for a line (RFC 5321 4.5.3.1): beyond it there is no client worth listening to.
LINE_LIMIT = 1_000_000


class ClientClosed(Exception):
    """The client ended the connection. ``unfinished`` is the beginning of a line that it never completed."""

    def __init__(self, unfinished: bytes) -> None:
        super().__init__(unfinished)
        self.unfinished = unfinished


class LineTooLong(Exception):
    """More than LINE_LIMIT bytes without the end of a line."""


class Connection:
    def __init__(self, client: socket.socket, single_bytes: bool) -> None:
        client.settimeout(IDLE_SECONDS)
        self._socket = client
        self._swap = threading.Lock()
        self._single_bytes = single_bytes
        self._received = bytearray()
        self._outgoing = bytearray()

    def write(self, data: bytes) -> None:
        self._outgoing += data

    def flush(self) -> None:
        data = bytes(self._outgoing)
        self._outgoing.clear()
        if self._single_bytes:
            for at in range(len(data)):
                self._socket.sendall(data[at : at + 1])
        else:
            self._socket.sendall(data)

    def read_line(self) -> bytes:
        """The next line without its CRLF. Raises ClientClosed, LineTooLong, or OSError where the connection is lost."""
        searched = 0
        while True:
            end = self._received.find(b"\r\n", searched)
            if end >= 0:
                line = bytes(self._received[:end])
                del self._received[: end + 2]
                return line
            if len(self._received) > LINE_LIMIT:
                raise LineTooLong
            searched = max(0, len(self._received) - 1)
            self.read_some()

    def read_octets(self, octets: int) -> t.Iterator[bytes]:
        """Exactly so many, as they come. Raises as read_line does."""
        while octets > 0:
            if not self._received:
                self.read_some()
            piece = bytes(self._received[:octets])
            del self._received[: len(piece)]
            octets -= len(piece)
            yield piece

    def read_some(self) -> None:
        """Waits for whatever comes next. Raises as read_line does."""
        data = self._socket.recv(65536)
        if not data:
            raise ClientClosed(bytes(self._received))
        self._received += data

    def await_end(self) -> None:
        """Waits for the client to close, without reading. Raises socket.timeout where that does not come to be seen:
        the end of the stream stands behind all that was not read."""
        poller = select.poll()
        # Where poll() does not know of the client's half, it knows of both.
        poller.register(self._socket, getattr(select, "POLLRDHUP", select.POLLHUP))
        if not poller.poll(IDLE_SECONDS * 1000):
            raise socket.timeout

    def has_more(self) -> bool:
        """Whether the client has sent more than was read: it did not wait."""
        if not self._received:
            self._socket.setblocking(False)
            try:
                self._received += self._socket.recv(65536)
            except (BlockingIOError, ssl.SSLWantReadError):
                pass
            finally:
                self._socket.settimeout(IDLE_SECONDS)
        return bool(self._received)

    def lose_the_rest(self) -> None:
        """Forgets what came together with what was read."""
        self._received.clear()

    def start_tls(self, context: ssl.SSLContext) -> str:
        """Shakes hands and returns the protocol version. What came in the clear before is dropped (RFC 3207 4.2)."""
        self._received.clear()
        # The handshake must be open to abort(), so the new socket takes the old one's place before it begins.
        with self._swap:
            secured = context.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
            self._socket = secured
        secured.do_handshake()
        return t.cast(str, secured.version())

    def channel_binding(self) -> t.Optional[bytes]:
        """``tls-unique`` of RFC 5929, None without TLS and in TLS 1.3, for which it is not defined."""
        secured = self._socket
        if not isinstance(secured, ssl.SSLSocket) or secured.version() == "TLSv1.3":
            return None
        return secured.get_channel_binding("tls-unique")

    def close(self) -> None:
        if isinstance(self._socket, ssl.SSLSocket):
            self._send_close_notify(self._socket)
        self._socket.close()

    @staticmethod
    def _send_close_notify(secured: ssl.SSLSocket) -> None:
        try:
            secured.setblocking(False)
            # Sends the alert and does not wait for the client's.
            secured.unwrap()
        except (OSError, ValueError):
            # The peer has not answered yet, or there is no TLS (any more) to be ended.
            return

    def cut(self) -> None:
        """Closes without a word, not even TLS's."""
        self._socket.close()

    def uncover(self) -> None:
        """Takes TLS away from what is sent and received from here on."""
        with self._swap:
            if isinstance(self._socket, ssl.SSLSocket):
                self._socket = socket.socket(fileno=self._socket.detach())
                self._socket.settimeout(IDLE_SECONDS)

    def reset(self) -> None:
        # A linger time of zero makes close() send RST in place of FIN.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def abort(self) -> None:
        """Ends whatever another thread is waiting for on this connection."""
        with self._swap:
            try:
                # Not SSLSocket's own shutdown(): it takes the TLS layer away from under the other thread.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            except OSError:
                # Closed already, by either side.
                return
