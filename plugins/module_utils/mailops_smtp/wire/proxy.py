# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Through a proxy to the mail server: SOCKS5 (RFC 1928, RFC 1929) and HTTP CONNECT (RFC 9110 9.3.6).

What is said to the proxy is a generator without any I/O. It yields the octets to send and how many octets of the answer
it wants next; never more, since what follows the answer is the mail server's. So nothing is read that nobody asked for,
and no answer, however long, is kept.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import struct
import typing as t

from ..dialog.commands import MASK
from ..evidence import Endpoint, printable

# Other clients accept as much (RFC 9112 3 recommends 8,000 octets for a line).
MAX_LINE_OCTETS = 8192
MAX_HEADER_LINES = 100

# RFC 9110 15.2: any number of interim answers, 1xx, can come before the one that counts.
MAX_ANSWERS = 10

_SOCKS_VERSION = 5
_NO_LOG_IN, _PASSWORD, _NOTHING_ACCEPTABLE = 0, 2, 0xFF
_ADDRESS_OCTETS = {1: 4, 4: 16}  # by address type: IPv4 and IPv6
_NAME = 3

# RFC 1928 6: the kind (of evidence.ERROR_KINDS) that a reply stands for. Those that are not the proxy's own doing are
# what it was told, or saw, of the mail server.
_SOCKS_REPLIES = {
    1: ("proxy", "general failure"),
    2: ("proxy", "its rules do not allow the connection"),
    3: ("unreachable", "network unreachable"),
    4: ("unreachable", "host unreachable"),
    5: ("refused", "connection refused"),
    6: ("timeout", "TTL expired"),
    7: ("proxy", "it does not know CONNECT"),
    8: ("proxy", "it does not know this type of address"),
}
# RFC 9110 15.6: the gateway's words for a server that it could not reach, or not in time.
_HTTP_KINDS = {502: "unreachable", 503: "unreachable", 504: "timeout"}
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([0-9]{3})(?: (.*))?", re.DOTALL)

Asking = t.Generator[t.Tuple[bytes, int], bytes, None]


class Proxy(t.NamedTuple):
    """Where the proxy is, and how to log in to it. ``type``: ``socks5`` or ``http``."""

    type: str
    endpoint: Endpoint
    username: t.Optional[str]
    password: t.Optional[str]


class ProxyFailure(ConnectionError):
    """There is no way through. ``kind``: ``proxy``, or what the proxy reports of the mail server."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


class Negotiation:
    """What is said to the proxy, on its way; ``shown`` is what the transcript has of it, without the log-in."""

    phase = "proxy"
    error_when_late = "proxy"

    def __init__(self, proxy: Proxy, host: str, port: int) -> None:
        """
        :param host: the mail server, by its address or by a name that the proxy is to resolve.
        """
        if proxy.type == "socks5":
            self.shown = f"SOCKS5 CONNECT {authority(host, port)}"
            self._asking = socks5(host, port, proxy.username, proxy.password)
        else:
            self.shown = f"CONNECT {authority(host, port)} HTTP/1.1"
            self._asking = http_connect(host, port, proxy.username, proxy.password)
        self._answer = b""
        self._unsent, self._wanted = next(self._asking)

    @property
    def wants_write(self) -> bool:
        return bool(self._unsent)

    def advance(self, stream: t.Any) -> bool:
        """Go on with it: True when the stream leads to the mail server, False while the proxy has to say more.

        :raises ProxyFailure: there is no way through.
        """
        try:
            while True:
                self._exchange(stream)
                self._unsent, self._wanted = self._asking.send(self._answer)
                self._answer = b""
        except StopIteration:
            return True
        except BlockingIOError:
            return False
        except ProxyFailure:
            raise
        except OSError as error:
            raise ProxyFailure("proxy", f"The connection to the proxy was lost: {error.strerror or error}.") from error

    def _exchange(self, stream: t.Any) -> None:
        while self._unsent:
            self._unsent = self._unsent[stream.send(self._unsent) :]
        while len(self._answer) < self._wanted:
            octets = stream.recv(self._wanted - len(self._answer))
            if not octets:
                raise ProxyFailure("proxy", "The proxy closed the connection.")
            self._answer += octets


def authority(host: str, port: int) -> str:
    """Host and port as RFC 3986 3.2 writes them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def socks5(host: str, port: int, username: t.Optional[str], password: t.Optional[str]) -> Asking:
    """RFC 1928: agree on how to log in, log in, ask for the connection."""
    methods = [_NO_LOG_IN] if username is None else [_NO_LOG_IN, _PASSWORD]
    version, method = yield bytes([_SOCKS_VERSION, len(methods), *methods]), 2
    _require_socks(version)
    if method == _NOTHING_ACCEPTABLE:
        raise ProxyFailure("proxy", f"The proxy wants a log-in{'' if username is None else ' of another kind'}.")
    if method not in methods:
        raise ProxyFailure("proxy", f"The proxy chose log-in method {method}, which it was not offered.")
    if method == _PASSWORD:
        # RFC 1929 2: version 1 of this part, then both, each after its length.
        words = [(word or "").encode() for word in (username, password)]
        answer = yield b"\x01" + b"".join(bytes([len(word)]) + word for word in words), 2
        if answer[1] != 0:
            raise ProxyFailure("proxy", "The proxy did not accept the user name or password.")
    request = bytes([_SOCKS_VERSION, 1, 0]) + _socks_address(host) + struct.pack("!H", port)
    answer = yield request, 4
    version, reply, address_type = answer[0], answer[1], answer[3]
    _require_socks(version)
    if reply != 0:
        kind, words_of_rfc = _SOCKS_REPLIES.get(reply, ("proxy", "a reply that RFC 1928 does not know"))
        raise ProxyFailure(
            kind, f"The proxy had no connection to {authority(host, port)}: {words_of_rfc} (SOCKS reply {reply})."
        )
    # The address that the proxy connected from, or 0.0.0.0: it has to be read, and tells nothing reliable.
    length = _ADDRESS_OCTETS.get(address_type)
    if address_type == _NAME:
        length = (yield b"", 1)[0]
    if length is None:
        # How long it is nobody knows, and so not where the mail server begins to speak.
        raise ProxyFailure("proxy", f"The proxy's answer has an address of type {address_type}, unknown to RFC 1928.")
    yield b"", length + 2


def _require_socks(version: int) -> None:
    if version != _SOCKS_VERSION:
        raise ProxyFailure("proxy", "What answers is not a SOCKS5 proxy.")


def _socks_address(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("ascii")
        return bytes([_NAME, len(name)]) + name
    return bytes([1 if address.version == 4 else 4]) + address.packed


def http_connect(host: str, port: int, username: t.Optional[str], password: t.Optional[str]) -> Asking:
    """RFC 9110 9.3.6: one request; after the header of a 2xx answer the stream is the mail server's."""
    place = authority(host, port)
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    token = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")  # RFC 7617 2
    if username is not None:
        lines.append(f"Proxy-Authorization: Basic {token}")
    yield "".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii"), 0
    for _number in range(MAX_ANSWERS):
        status = _STATUS_LINE.fullmatch((yield from _line()))
        if status is None:
            raise ProxyFailure("proxy", "What answers is not an HTTP proxy.")
        code = int(status[1])
        if code // 100 not in (1, 2):
            # There are servers that quote the request that they do not like.
            reason = printable((status[2] or b"").strip()).replace(token, MASK)
            kind = _HTTP_KINDS.get(code, "proxy")
            raise ProxyFailure(kind, f'The proxy had no connection to {place}: it answered {code} "{reason}".')
        yield from _header()
        if code // 100 == 2:
            return
    raise ProxyFailure("proxy", f"The proxy answered {MAX_ANSWERS} times without an answer to the request.")


def _header() -> t.Generator[t.Tuple[bytes, int], bytes, None]:
    for _number in range(MAX_HEADER_LINES):
        if not (yield from _line()):
            return
    raise ProxyFailure("proxy", f"The proxy's answer has more than {MAX_HEADER_LINES} header lines.")


def _line() -> t.Generator[t.Tuple[bytes, int], bytes, bytes]:
    """One line of an answer, octet by octet, since nobody knows where it ends. RFC 9112 2.2: LF alone ends it too."""
    line = bytearray()
    while not line.endswith(b"\n"):
        if len(line) == MAX_LINE_OCTETS:
            raise ProxyFailure("proxy", f"The proxy's answer has a line of more than {MAX_LINE_OCTETS} octets.")
        line += yield b"", 1
    return bytes(line).rstrip(b"\r\n")
