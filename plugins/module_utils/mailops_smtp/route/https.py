# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Fetches one small file over HTTPS, as RFC 8461 3.3 wants it: no redirects, the certificate verified, little patience.

Written by hand over any non-blocking stream, since the connection may start at a jump host, and http.client brings the
email package along. Blocking: of a thread.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import time
import typing as t

from ..evidence import printable

MAX_HEADER_OCTETS = 16384


class HTTPSError(Exception):
    """Why there is no file: a sentence. ``reached``: the server was, so that the rest is its doing."""

    def __init__(self, reason: str, reached: bool = True) -> None:
        super().__init__(reason)
        self.reached = reached


def fetch(stream: t.Any, host: str, path: str, context: ssl.SSLContext, max_octets: int, seconds: float) -> str:
    """The text of the file.

    :param stream: connected, non-blocking; it is closed in the end.
    :raises HTTPSError: anything else than 200 and a text.
    """
    until = time.monotonic() + seconds
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=host)
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: mailops.smtp\r\nConnection: close\r\n\r\n"
    received = b""
    try:
        _turn(stream, tls.do_handshake, incoming, outgoing, until)
        tls.write(request.encode("ascii"))
        while len(received) <= max_octets + MAX_HEADER_OCTETS:
            try:
                data = _turn(stream, lambda: tls.read(16384), incoming, outgoing, until)
            except (ssl.SSLEOFError, EOFError, ssl.SSLZeroReturnError):
                # Length and end are told apart below.
                break
            if not data:
                break
            received += data
            if _is_whole(received):
                break
    except ssl.SSLCertVerificationError as error:
        raise HTTPSError(f"the certificate of {host} is not acceptable: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise HTTPSError(f"TLS with {host} failed: {error.reason or error}") from error
    except EOFError as error:
        raise HTTPSError(f"{host} closed the connection in the TLS handshake") from error
    except OSError as error:
        raise HTTPSError(f"{host} gave no answer: {error}", reached=False) from error
    finally:
        with contextlib.suppress(OSError):
            stream.close()
    return _text(host, path, received, max_octets)


def _turn(
    stream: t.Any, act: t.Callable[[], t.Any], incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, until: float
) -> t.Any:
    """Do something with TLS, and carry octets for as long as it wants some.

    :raises EOFError: the stream ended.
    :raises OSError: it is lost, or the time is over.
    """
    while True:
        try:
            done: t.Any = act()
            finished = True
        except ssl.SSLWantReadError:
            finished = False
        _send(stream, outgoing.read(), until)
        if finished:
            return done
        _wait(stream, selectors.EVENT_READ, until)
        try:
            data = stream.recv(65536)
        except BlockingIOError:
            continue
        if not data:
            raise EOFError
        incoming.write(data)


def _send(stream: t.Any, data: bytes, until: float) -> None:
    while data:
        try:
            data = data[stream.send(data) :]
        except BlockingIOError:
            # A channel does not announce that it has room again.
            time.sleep(0.02)
            if time.monotonic() > until:
                raise


def _wait(stream: t.Any, events: int, until: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(stream.fileno(), events)
        if not selector.select(max(0.0, until - time.monotonic())):
            raise socket.timeout("not within the time limit")


def _head(received: bytes) -> t.Tuple[bytes, t.Dict[str, str], bytes, bool]:
    """Status line, header fields in small letters, body, and whether the head is whole."""
    head, blank, body = received.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    fields = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if colon:
            fields[name.decode("latin-1").strip().lower()] = value.decode("latin-1").strip()
    return first, fields, body, bool(blank)


def _is_whole(received: bytes) -> bool:
    _first, fields, body, whole = _head(received)
    length = fields.get("content-length", "")
    return whole and length.isascii() and length.isdigit() and len(body) >= int(length)


def _text(host: str, path: str, received: bytes, max_octets: int) -> str:
    first, fields, body, whole = _head(received)
    words = first.split()
    if not whole or len(words) < 2 or not words[0].startswith(b"HTTP/1."):
        raise HTTPSError(f"{host} did not answer with HTTP")
    if words[1] != b"200":
        # RFC 8461 3.3: a redirect is not followed.
        raise HTTPSError(f"{host} answered {printable(first, 80)} to {path}")
    if fields.get("transfer-encoding", "").lower() == "chunked":
        body = _unchunked(body, host)
    if len(body) > max_octets:
        raise HTTPSError(f"{host} sent more than {max_octets} octets")
    if not fields.get("content-type", "").lower().startswith("text/plain"):
        raise HTTPSError(f"{host} sent {printable(fields.get('content-type', 'no type'), 80)}, not text/plain")
    return body.decode("utf-8", "replace")


def _unchunked(body: bytes, host: str) -> bytes:
    """RFC 9112 7.1"""
    text = b""
    while True:
        size, newline, body = body.partition(b"\r\n")
        try:
            length = int(size.partition(b";")[0], 16)
        except ValueError:
            raise HTTPSError(f"{host} sent chunks that cannot be read") from None
        if not newline or length < 0 or length > len(body):
            raise HTTPSError(f"{host} sent chunks that cannot be read")
        if length == 0:
            return text
        text += body[:length]
        body = body[length + 2 :]
