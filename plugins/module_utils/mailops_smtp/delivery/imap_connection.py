# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A connection to an IMAP server that ends in time and in memory, whatever the server does.

The standard library's imaplib does the protocol (RFC 9051, 3501). It reads through a file object without any overall
limit, and up to Python 3.13 knows no IDLE (RFC 2177): the octets therefore come through here.
"""

from __future__ import annotations

import contextlib
import imaplib
import select
import socket
import ssl
import time
import typing as t

from .mail import MailboxError

# What one command may make the server send: a page of messages of MAX_OCTETS each fits in easily.
MAX_OCTETS_PER_COMMAND = 32 * 1024 * 1024
_MAX_LINE = 1024 * 1024
_CHUNK = 64 * 1024


class Connection(imaplib.IMAP4):
    """``context`` is for TLS: from the first octet if ``implicit``, otherwise when ``start_tls`` is called.

    Each command has ``timeout`` seconds until its reply is complete, however many pieces that comes in.
    """

    def __init__(
        self, host: str, port: int, timeout: float, context: ssl.SSLContext, server_name: str, implicit: bool
    ) -> None:
        self._seconds = timeout
        self._context, self._server_name, self._implicit = context, server_name, implicit
        self._buffer = bytearray()
        self._start_over()
        try:
            super().__init__(host, port)
        except BaseException:
            if hasattr(self, "_socket"):
                self.shutdown()
            raise

    def _start_over(self) -> None:
        self._deadline = time.monotonic() + self._seconds
        self._left = MAX_OCTETS_PER_COMMAND

    # What imaplib calls for anything to do with octets.

    def open(self, host: str = "", port: int = 143, timeout: t.Optional[float] = None) -> None:
        self.host, self.port = host, port
        self._socket = socket.create_connection((host, port), self._seconds)
        # imaplib looks at this one for STARTTLS and at its end.
        self.sock = self._socket
        if self._implicit:
            self._secure()

    def readline(self) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > _MAX_LINE:
                raise MailboxError("too_large", "The IMAP server sends a line without an end.")
            if not self._receive():
                break
        end = self._buffer.find(b"\n") + 1 or len(self._buffer)
        return self._take(end)

    def read(self, size: int) -> bytes:
        if size > self._left + len(self._buffer):
            raise MailboxError("too_large", f"The IMAP server announces {size} octets in reply to one command.")
        while len(self._buffer) < size:
            if not self._receive():
                break
        return self._take(size)

    def send(self, data: t.Any) -> None:
        self._start_over()
        self._socket.settimeout(self._seconds)
        self._socket.sendall(data)

    def shutdown(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()

    def socket(self) -> socket.socket:
        return self._socket

    # What imaplib lacks.

    def start_tls(self) -> None:
        """STARTTLS (RFC 9051 6.2.1). What came in clear text before the handshake counts for nothing after it."""
        kind, lines = self._simple_command("STARTTLS")
        if kind != "OK":
            raise MailboxError("tls", f"The IMAP server refuses STARTTLS: {_text(lines)}")
        if self._buffer:
            raise MailboxError(
                "tls", "The IMAP server sent more than its reply to STARTTLS: somebody may have added it."
            )
        self._secure()
        self._get_capabilities()

    def idle(self, seconds: float, stop: t.Callable[[], bool]) -> None:
        """IDLE (RFC 2177) until the mailbox has changed, the time is over or ``stop`` says so."""
        tag = self._new_tag()
        self.send(tag + b" IDLE\r\n")
        if not self.readline().startswith(b"+"):
            raise self.abort("The server offers IDLE and does not do it.")
        until = time.monotonic() + seconds
        changed = False
        while not changed and not stop() and time.monotonic() < until:
            if self._readable(min(0.5, max(0.0, until - time.monotonic()))):
                self._start_over()
                line = self.readline()
                if not line:
                    raise self.abort("The connection was closed during IDLE.")
                if line.upper().startswith(b"* BYE"):
                    raise self.abort(_text([line]))
                changed = line.rstrip().upper().endswith((b"EXISTS", b"RECENT"))
        self.send(b"DONE\r\n")
        while True:
            line = self.readline()
            if not line:
                raise self.abort("The connection was closed during IDLE.")
            if line.startswith(tag):
                return

    def _secure(self) -> None:
        self._socket = self._context.wrap_socket(self._socket, server_hostname=self._server_name)
        self.sock = self._socket

    def _readable(self, seconds: float) -> bool:
        if self._buffer or (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
            return True
        return bool(select.select([self._socket], [], [], seconds)[0])

    def _receive(self) -> bool:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        self._socket.settimeout(left)
        data = self._socket.recv(_CHUNK)
        self._left -= len(data)
        if self._left < 0:
            raise MailboxError("too_large", "The IMAP server sends more than a mailbox needs to.")
        self._buffer += data
        return bool(data)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def _text(lines: t.Iterable[t.Any]) -> str:
    return b" ".join(line for line in lines if isinstance(line, bytes)).decode("utf-8", "backslashreplace").strip()
