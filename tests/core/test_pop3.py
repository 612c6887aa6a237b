# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mailboxes over POP3 with odd contents."""

from __future__ import annotations

import contextlib
import socketserver
import threading
import typing as t

import pytest
from mailops_smtp.arrival import look_for

TOKEN = "5c1f0e7a9b3d4c2e8f6a1b0c9d8e7f60"
MESSAGE = f"X-Mailops-Token: {TOKEN}\r\nSubject: test message\r\n\r\nx\r\n".encode()
ONE_LONG_LINE = b"Subject: a newsletter\r\n\r\n" + b"x" * 100_000 + b"\r\n"
WITH_A_FILM = b"Subject: a film\r\n\r\n" + (b"x" * 70 + b"\r\n") * 70_000


@contextlib.contextmanager
def serving(messages: t.Sequence[bytes], top: bool) -> t.Iterator[int]:
    """A server with these messages, whose port this is; without TOP, which is optional (RFC 1939 7)."""

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                self.wfile.write(b"+OK\r\n")
                for line in self.rfile:
                    words = line.decode("ascii").split()
                    self.wfile.write(answer(words[0].upper(), words[1:]))
                    if words[0].upper() == "QUIT":
                        return

    def answer(verb: str, given: t.Sequence[str]) -> bytes:
        if verb == "UIDL":
            return b"+OK\r\n" + b"".join(b"%d m%d\r\n" % (n, n) for n in range(1, len(messages) + 1)) + b".\r\n"
        if verb == "RETR" or (verb == "TOP" and top):
            return b"+OK\r\n" + messages[int(given[0]) - 1] + b".\r\n"
        return b"-ERR no\r\n" if verb == "TOP" else b"+OK\r\n"

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Session) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def looked(port: int) -> t.Dict[str, t.Any]:
    box = {
        "pop3": "127.0.0.1", "port": port, "tls": "never", "allow_clear_text": True, "username": "echo",
        "password": "secret", "timeout": 5,
    }  # fmt: skip
    return look_for({"tokens": [TOKEN], "mailbox": box, "within": 5, "poll_interval": 0.2})


@pytest.mark.parametrize("top", [True, False])
@pytest.mark.parametrize("other", [ONE_LONG_LINE, WITH_A_FILM], ids=["one long line", "a film"])
def test_a_message_of_somebody_else_that_is_too_large_does_not_hide_ours(other: bytes, top: bool) -> None:
    with serving([other, MESSAGE, other], top) as port:
        result = looked(port)
    assert result["receipts"][0]["legs"]["arrived"]["state"] == "arrived", result["summary"]


def test_a_server_that_sends_without_an_end_is_given_up() -> None:
    with serving([WITH_A_FILM] * 50, top=False) as port:
        result = looked(port)
    assert result["verdict"] == "inconclusive"
    assert "more than a mailbox needs to" in result["summary"]
