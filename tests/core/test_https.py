# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy file over HTTPS from servers that behave and others; a real one is in the lab."""

from __future__ import annotations

import socket
import ssl
import threading
import time
import typing as t

import pytest
from mailops_smtp.route.https import HTTPSError, fetch

HOST = "mail.contoso.com"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@pytest.fixture
def answer(server_tls: ssl.SSLContext, ca_path: str) -> t.Iterator[t.Callable[..., str]]:
    """Fetches from a server that sends these octets after the request, and then closes."""
    threads = []

    def get(octets: bytes, host: str = HOST, trust: t.Optional[str] = ca_path, seconds: float = 5.0) -> str:
        ours, theirs = socket.socketpair()

        def serve() -> None:
            try:
                with server_tls.wrap_socket(theirs, server_side=True) as tls:
                    tls.recv(4096)
                    tls.sendall(octets)
                    if seconds < 1:
                        time.sleep(2 * seconds)
            except OSError:
                theirs.close()

        thread = threading.Thread(target=serve)
        thread.start()
        threads.append(thread)
        ours.setblocking(False)
        return fetch(ours, host, "/policy", ssl.create_default_context(cafile=trust), 1000, seconds)

    yield get
    for thread in threads:
        thread.join(5)


@pytest.mark.parametrize(
    "octets",
    [
        OK + b"\r\npolicy",
        OK + b"Content-Length: 6\r\n\r\npolicy",
        OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\npol\r\n3;x=y\r\nicy\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\ncontent-type:text/plain; charset=utf-8\r\n\r\npolicy",
    ],
)
def test_a_file(answer: t.Callable[..., str], octets: bytes) -> None:
    assert answer(octets) == "policy"


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "answered HTTP/1.1 404 Not Found to /policy"),
        # RFC 8461 3.3: a redirect is not followed.
        (b"HTTP/1.1 301 Moved\r\nLocation: https://evil.test/\r\n\r\n", "answered HTTP/1.1 301 Moved"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", "sent text/html, not text/plain"),
        (b"HTTP/1.1 200 OK\r\n\r\npolicy", "sent no type, not text/plain"),
        (b"220 mail.contoso.com ESMTP\r\n", "did not answer with HTTP"),
        (b"", "did not answer with HTTP"),
        (OK, "did not answer with HTTP"),
        (OK + b"\r\n" + b"x" * 1001, "sent more than 1000 octets"),
        (OK + b"\r\n" + b"x" * 10**6, "sent more than 1000 octets"),
        (OK + b"X: " + b"x" * 10**6, "did not answer with HTTP"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "sent chunks that cannot be read"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabc", "sent chunks that cannot be read"),
        (b"HTTP/1.1 500 \x1b[2J\r\n\r\n", "answered HTTP/1.1 500 \\x1b[2J"),
    ],
)
def test_no_file(answer: t.Callable[..., str], octets: bytes, reason: str) -> None:
    with pytest.raises(HTTPSError) as raised:
        answer(octets)
    assert reason in str(raised.value)
    assert raised.value.reached is True


def test_a_certificate_for_another_name_or_by_nobody_known(answer: t.Callable[..., str]) -> None:
    with pytest.raises(HTTPSError, match="Hostname mismatch"):
        answer(OK, host="mta-sts.contoso.com")
    with pytest.raises(HTTPSError, match="is not acceptable"):
        answer(OK, trust=None)


def test_a_server_that_says_nothing_is_given_up(answer: t.Callable[..., str]) -> None:
    began = time.monotonic()
    with pytest.raises(HTTPSError) as raised:
        answer(b"", seconds=0.3)
    assert raised.value.reached is False
    assert time.monotonic() - began < 2
