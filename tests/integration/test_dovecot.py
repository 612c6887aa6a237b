# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dovecot's two services that speak like a mail server: LMTP, into the mailboxes, and submission, out of them."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from .conftest import Controller
from .golden_dialog import keeps_to_the_golden_dialog
from .server_log import Log

COMPLAINT = r"Warning|Error|Fatal|Panic|Connection (?:closed|lost|reset)|Disconnected: (?!Logged out|Aborted login by)"


@pytest.fixture
def log(controller: Controller) -> t.Iterator[Log]:
    """Dovecot's log; after the test it holds the proper end of the session and no complaint."""
    mx1 = controller.lab.state["hosts"]["mx1"]
    log = Log(Path(mx1["mailbox_log_file"]))
    yield log
    ours = [
        line
        for line in log.wait_for(r"Logged out \(|Aborted login by logging out").splitlines()
        if mx1["ipv4"] not in line
    ]
    assert [line for line in ours if re.search(COMPLAINT, line)] == []


def checked(controller: Controller, **options: t.Any) -> dict[str, t.Any]:
    """The only check of a run with one of the services."""
    [check] = controller.check(
        host=controller.name("mx1"),
        address_family="ipv4",
        helo_name="probe.contoso.test",
        sender="probe@contoso.test",
        tls=controller.tls,
        **options,
    )["checks"]
    assert check["banner"]["software"]["product"] == "Dovecot"
    assert check["tls"]["trusted"] is True
    return t.cast("dict[str, t.Any]", check)


def outcomes(check: dict[str, t.Any]) -> list[str]:
    return [recipient["outcome"] for recipient in check["recipients"]]


def test_lmtp_takes_a_message(controller: Controller, log: Log, tmp_path: Path) -> None:
    check = checked(controller, protocol="lmtp", recipient="user@contoso.test", test_message={"body": "one line"})
    keeps_to_the_golden_dialog("dovecot-lmtp.takes.txt", check, tmp_path)
    assert check["verdict"] == "pass"
    session = check["message"]["queue_id"]
    log.wait_for(rf"<{re.escape(session)}>: Info: msgid={re.escape(check['message']['message_id'])}: saved mail")


@pytest.mark.parametrize("pipelining", [False, True])
def test_lmtp_answers_after_the_dot_for_each_recipient(
    controller: Controller, log: Log, tmp_path: Path, pipelining: bool
) -> None:
    """The second is unknown, the third unknown to be full until the message comes."""
    recipients = ["user@contoso.test", "stranger@contoso.test", controller.lab.state["full_address"]]
    check = checked(
        controller,
        protocol="lmtp",
        recipients=[*recipients, "echo@contoso.test"],
        test_message={"body": "one line"},
        pipelining=pipelining,
    )
    if not pipelining:
        keeps_to_the_golden_dialog("dovecot-lmtp.refuses.txt", check, tmp_path)
    assert check["verdict"] == "fail"
    assert outcomes(check) == ["accepted", "refused", "refused", "accepted"]
    assert {finding["id"] for finding in check["findings"]} == {"rcpt.unknown", "data.full", "data.accepted"}
    log.wait_for(r"save failed to INBOX: Quota exceeded")


def test_submission_takes_a_message_of_who_logs_in(controller: Controller, log: Log, tmp_path: Path) -> None:
    user = controller.mailbox("user")
    check = checked(
        controller,
        port=controller.lab.state["hosts"]["mx1"]["ports"]["mailbox-submission"],
        auth={"username": user["address"], "password": user["password"]},
        recipient="probe@contoso.test",
        test_message={"body": "one line"},
    )
    keeps_to_the_golden_dialog("dovecot-submission.submits.txt", check, tmp_path)
    assert check["verdict"] == "pass"
    assert check["auth"]["mechanism"] == "SCRAM-SHA-256"
    # It keeps nothing itself: the name is Postfix's.
    log.wait_for(rf"Successfully relayed message: .* queued as {check['message']['queue_id']}")


def test_submission_takes_nothing_of_a_stranger(controller: Controller, log: Log, tmp_path: Path) -> None:
    check = checked(
        controller,
        port=controller.lab.state["hosts"]["mx1"]["ports"]["mailbox-submission"],
        recipient="probe@contoso.test",
    )
    keeps_to_the_golden_dialog("dovecot-submission.refuses.txt", check, tmp_path)
    assert check["verdict"] == "fail"
    assert [finding["id"] for finding in check["findings"]] == ["auth.530"]
