# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mail server behind a UNIX domain socket: the same dialog, no port, and no name for a certificate."""

from __future__ import annotations

import socket
import threading

from mailops_smtp.compare import matrix
from mailops_smtp.run import check

SAYS = (b"220 mx1 LMTP\r\n", b"250 mx1\r\n", b"250 2.1.0 OK\r\n", b"250 2.1.5 OK\r\n", b"221 2.0.0 Bye\r\n")
OPTIONS = {"protocol": "lmtp", "helo_name": "test.com", "recipient": "user@contoso.com"}


def serve(listener):
    connection, _client = listener.accept()
    with connection:
        for line in SAYS:
            connection.sendall(line)
            if not connection.recv(1000):
                return


def test_the_dialog_through_a_socket_file(tmp_path):
    path = str(tmp_path / "lmtp.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        run = check({"targets": [f"unix:{path}"], **OPTIONS})
        thread.join(10)
    [made] = run["checks"]
    assert (made["verdict"], made["target"], made["vantage"]["address"]) == ("pass", f"unix:{path}", None)
    assert made["endpoint"] == {
        "host": f"unix:{path}", "address": path, "family": "unix", "port": None, "source": "given", "preference": None,
        "resolved_name": None,
    }  # fmt: skip
    assert run["summary"].startswith(f"unix:{path} accepted the recipient user@contoso.com")
    assert made["findings"] == []
    assert matrix([run])["endpoints"][0]["name"] == f"unix:{path}"


def test_no_such_socket_file(tmp_path):
    [made] = check({"host": f"unix:{tmp_path}/none", **OPTIONS})["checks"]
    assert made["steps"][0]["error"] == {"kind": "refused", "detail": "No such file or directory."}
    assert made["verdict"] == "fail"


def test_a_socket_file_that_nobody_listens_to(tmp_path):
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(tmp_path / "old"))
    [made] = check({"host": f"unix:{tmp_path}/old", **OPTIONS})["checks"]
    assert made["steps"][0]["error"]["kind"] == "refused"
