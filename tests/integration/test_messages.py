# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages of the user's own, and every way to transfer them, with each mail server that we know."""

from __future__ import annotations

import time
import typing as t
import uuid
from pathlib import Path

import pytest

from .conftest import Controller
from .server_log import LOG_SECONDS
from .test_real_servers import Server, checked, log, server

__all__ = ["log", "server"]

# Dots wherever they could be taken for the end, octets beyond ASCII, and more of both than fits into one segment.
BODY = ".\n..\n.a\nGrüße\n" * 20_000


@pytest.mark.parametrize("transfer", ["data", "bdat"])
@pytest.mark.parametrize("pipelining", [False, True])
def test_a_file_arrives_as_it_is(
    controller: Controller, server: Server, tmp_path: Path, transfer: str, pipelining: bool
) -> None:
    subject = uuid.uuid4().hex
    file = tmp_path / "message.eml"
    file.write_text(
        f"From: <a@contoso.test>\nSubject: {subject}\nMessage-ID: <{subject}@contoso.test>\n\n{BODY}", "utf-8"
    )
    message = {"file": str(file), "transfer": transfer, **({"chunk_size": 50_000} if transfer == "bdat" else {})}
    check = checked(controller, server, recipient="user@contoso.test", test_message=message, pipelining=pipelining)
    octets = file.read_bytes().replace(b"\n", b"\r\n")
    used = "bdat" if transfer == "bdat" and "CHUNKING" in server.keywords else "data"
    assert (check["message"]["outcome"], check["message"]["transfer"]) == ("accepted", used)
    assert (check["message"]["size"], check["message"]["message_id"]) == (len(octets), f"<{subject}@contoso.test>")
    assert check["ehlo"]["not_offered"] == [
        *(["PIPELINING"] if pipelining and "PIPELINING" not in server.keywords else []),
        *(["CHUNKING"] if used != transfer else []),
    ]
    (mail,) = [step["sent"] for step in check["steps"] if (step["sent"] or "").startswith("MAIL")]
    assert f" SIZE={len(octets)} BODY=8BITMIME" in mail
    if server.host in MAILBOXES:
        assert arrived(controller, server, subject).endswith(BODY)


# Where the servers deliver to, within their own files; Sendmail throws away what it accepts.
MAILBOXES = {"exim": "/var/vmail/user/Maildir/new", "opensmtpd": "/var/vmail/user/Maildir/new"}


def arrived(controller: Controller, server: Server, subject: str) -> str:
    """The mail with this subject, as soon as it is there."""
    deadline = time.monotonic() + LOG_SECONDS
    while True:
        argv = ["sh", "-c", f"cat $(grep -ls '^Subject: {subject}' {MAILBOXES[server.host]}/*) < /dev/null"]
        done = controller.lab.run(server.host, argv, capture_output=True)
        if done.stdout:
            return t.cast(bytes, done.stdout).decode("utf-8", "replace")
        assert time.monotonic() < deadline, "it has not arrived"
        time.sleep(0.05)


def test_a_size_and_an_attachment(controller: Controller, server: Server, tmp_path: Path) -> None:
    (tmp_path / "octets.bin").write_bytes(bytes(range(256)) * 100)
    message = {"size": 3_000_000, "attachments": [{"path": str(tmp_path / "octets.bin")}]}
    check = checked(controller, server, recipient="user@contoso.test", test_message=message)
    assert (check["message"]["outcome"], check["message"]["size"]) == ("accepted", 3_000_000)


def test_a_reply_for_each_recipient(controller: Controller, server: Server) -> None:
    """Exim alone has PRDR; where it is configured so, "echo" wants nothing that is unwanted."""
    people = ["user@contoso.test", "probe@contoso.test", "echo@contoso.test"]
    message = {"subject": "unwanted", "prdr": True}
    check = checked(controller, server, recipients=people, test_message=message)
    offered = "PRDR" in {keyword["keyword"] for keyword in check["ehlo"]["keywords"]}
    assert check["message"]["prdr"] is (True if offered else None)
    assert check["ehlo"]["not_offered"] == ([] if offered else ["PRDR"])
    outcomes = [recipient["outcome"] for recipient in check["recipients"]]
    assert outcomes == ["accepted", "accepted", "refused" if offered else "accepted"]
    assert check["message"]["outcome"] == ("refused" if offered else "accepted")
