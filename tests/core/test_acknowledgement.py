# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that writes its replies in pieces is not kept waiting for the acknowledgement of the first."""

from __future__ import annotations

import socket
import threading

import pytest
from mailops_smtp.run import check

pytestmark = [
    pytest.mark.usefixtures("nothing_is_left"),
    pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="other systems decide about it themselves"),
]

PIECES = {
    b"EHLO": (b"250-mx.test.com\r\n", b"250-SIZE 1000\r\n", b"250 DSN\r\n"),
    b"QUIT": (b"221 2.0", b".0 Bye\r\n"),
}

# Linux puts an acknowledgement off by 40 ms at least (TCP_DELACK_MIN).
PUT_OFF_SECONDS = 0.04
TIMES = 5


def answer(listener):
    for _number in range(TIMES):
        connection, _address = listener.accept()
        with connection:
            connection.sendall(b"220 mx.test.com ESMTP\r\n")
            while command := connection.recv(4096):
                # Each a segment of its own, and held back by Nagle's algorithm until the one before has arrived.
                for piece in PIECES.get(command[:4], (b"250 2.", b"0.0 Ok\r\n")):
                    connection.send(piece)
                if command.startswith(b"QUIT"):
                    break


def test_replies_in_pieces_take_no_longer():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        place = {"host": "127.0.0.1", "port": listener.getsockname()[1], "helo_name": "test.com", "starttls": "never"}
        runs = [check({**place, "recipient": "user@contoso.com"}) for _number in range(TIMES)]
        thread.join()
    steps = [step for run in runs for step in run["checks"][0]["steps"]]
    assert [run["verdict"] for run in runs] == ["pass"] * TIMES
    for phase in ("ehlo", "mail", "rcpt", "quit"):
        # Whoever waits does so each time; a busy machine does not.
        assert min(step["seconds"] for step in steps if step["phase"] == phase) < PUT_OFF_SECONDS
