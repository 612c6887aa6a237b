# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages that arrive, and their receipts, through the faces that users have: mx1's Postfix, LMTP and IMAP."""

from __future__ import annotations

import re
from pathlib import Path

from .conftest import Controller
from .looking import DSN, files, sent
from .server_log import Log


def test_a_message_and_its_receipt_come_and_everything_stays_as_it_was(controller: Controller) -> None:
    before = files(controller, "echo")
    result = controller.mail_arrival(
        checks=sent(controller, dsn=DSN),
        mailbox=controller.account("echo"),
        receipts=controller.account("probe"),
        within=30,
    )
    assert (result["verdict"], result["changed"]) == ("pass", False)
    [receipt] = result["receipts"]
    assert {name: leg and leg["state"] for name, leg in receipt["legs"].items()} == {
        "accepted": "arrived",
        "arrived": "arrived",
        "dsn": "arrived",
        "reverse": None,
    }
    [copy] = receipt["copies"]
    [report] = receipt["reports"]
    assert (copy["folder"], copy["subject"], copy["removed"]) == ("INBOX", "test message", None)
    assert (report["product"], report["recipients"][0]["action"]) == ("Postfix", "relayed")
    assert report["envelope_id"] == receipt["token"]
    assert [hop["protocol"] for hop in receipt["hops"]] == ["ESMTPS", "LMTP"]
    assert receipt["hops"][0]["identifier"] == receipt["queue_id"]
    # Neither seen nor moved out of new: who owns the mailbox does not notice.
    assert {Path(name).parent.name for name in files(controller, "echo") - before} == {"new"}


def test_the_servers_log_says_the_same(controller: Controller) -> None:
    mx1 = controller.lab.state["hosts"]["mx1"]
    postfix, dovecot = Log(Path(mx1["log_file"])), Log(Path(mx1["mailbox_log_file"]))
    [receipt] = controller.arrival(checks=sent(controller), mailbox=controller.account("echo"), within=30)["receipts"]
    assert receipt["legs"]["arrived"]["state"] == "arrived"
    postfix.wait_for(rf"{receipt['queue_id']}: to=<echo@contoso.test>, .*status=sent")
    dovecot.wait_for(rf"msgid={re.escape(receipt['message_id'])}: saved mail to INBOX")


def test_cleanup_removes_the_message_and_its_report_and_nothing_else(controller: Controller) -> None:
    [stranger] = sent(controller)
    checks = sent(controller, dsn=DSN)
    options = {
        "checks": checks,
        "mailbox": controller.account("echo"),
        "receipts": controller.account("probe"),
        "within": 30,
        "cleanup": True,
    }
    rehearsed = controller.mail_arrival("--check", **options)
    assert rehearsed["changed"] is True
    assert [copy["removed"] for copy in rehearsed["receipts"][0]["copies"]] == [None]
    result = controller.mail_arrival(**options)
    assert result["changed"] is True
    [receipt] = result["receipts"]
    assert [entry["removed"] for entry in (*receipt["copies"], *receipt["reports"])] == [True, True]
    left = [Path(name).read_text(encoding="utf-8") for user in ("echo", "probe") for name in files(controller, user)]
    assert not any(receipt["token"] in mail for mail in left)
    assert any(stranger["message"]["token"] in mail for mail in left)
