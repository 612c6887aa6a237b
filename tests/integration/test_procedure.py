# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The telnet procedure, row by row, against a real Postfix."""

from __future__ import annotations

import time
import typing as t

import pytest

from tests.lab import postfix_log

from .conftest import Controller

DELIVERY_SECONDS = 20.0


def verbs(check: dict[str, t.Any]) -> list[str]:
    return [step["sent"].split()[0] for step in check["steps"] if step["sent"] is not None]


def wait_for(find: t.Callable[[], list[str]]) -> list[str]:
    """Delivery takes its time; what is looked for is there in the end, or the test fails."""
    deadline = time.monotonic() + DELIVERY_SECONDS
    while not (found := find()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def test_the_whole_dialog_in_one_line(controller: Controller) -> None:
    done = controller.ansible(
        "mailops.smtp.smtp_check", f"host={controller.name('mx1')} from=admin@test.com to=user@contoso.test"
    )
    assert done.returncode == 0, done.stdout
    assert '"reached": "rcpt"' in done.stdout
    assert '"sent": "RCPT TO:<user@contoso.test>"' in done.stdout


def test_every_address_of_the_host_is_a_check(controller: Controller) -> None:
    run = controller.check(host=controller.name("mx1"))
    mx1 = controller.lab.state["hosts"]["mx1"]
    assert {check["endpoint"]["address"] for check in run["checks"]} == {mx1["ipv4"], mx1["ipv6"]}
    assert {check["endpoint"]["family"] for check in run["checks"]} == {"ipv4", "ipv6"}


def test_what_each_step_brings_to_light(controller: Controller) -> None:
    run = controller.check(
        host=controller.name("mx1"),
        address_family="ipv4",
        sender="admin@test.com",
        recipient="user@contoso.test",
        tls=controller.tls,
    )
    [check] = run["checks"]
    assert verbs(check) == ["EHLO", "STARTTLS", "EHLO", "MAIL", "RCPT", "QUIT"]
    assert check["banner"]["code"] == 220
    assert check["banner"]["hostname"] == "mx1.contoso.test"
    assert check["banner"]["software"]["product"] == "Postfix"
    assert {"SIZE", "DSN", "PIPELINING"} <= {entry["keyword"] for entry in check["ehlo"]["keywords"]}
    assert "STARTTLS" in {entry["keyword"] for entry in check["ehlo"]["before_tls"]}
    assert check["tls"]["established"] is True
    assert check["tls"]["trusted"] is True
    assert check["tls"]["name_matches"]["matches"] is True
    assert check["sender"]["accepted"] is True
    assert check["recipients"][0]["outcome"] == "accepted"
    assert check["recipients"][0]["reply"]["enhanced"] == "2.1.5"
    assert check["reached"] == "rcpt"
    assert check["steps"][-1]["reply"]["code"] == 221
    assert check["verdict"] == "pass"


def test_a_message_arrives_and_its_receipt_comes_back(controller: Controller) -> None:
    probe = controller.mailbox("probe")
    result = controller.smtp_check(
        host=controller.name("mx1"),
        port=587,
        address_family="ipv4",
        starttls="required",
        tls=controller.tls,
        auth={"username": probe["address"], "password": probe["password"]},
        sender=probe["address"],
        recipient="echo@contoso.test",
        test_message={"body": "one line\n.\n.and dots"},
        dsn={"notify": ["success", "failure"], "ret": "hdrs"},
    )
    assert result["changed"] is True
    [check] = result["checks"]
    challenges = [step["reply"] for step in check["steps"] if step["phase"] == "auth" and step["reply"]["code"] == 334]
    assert challenges
    assert {line for reply in challenges for line in reply["lines"]} == {"********"}
    message = check["message"]
    assert message["outcome"] == "accepted"
    assert message["queue_id"]
    assert message["envelope_id"] == message["token"]
    assert check["recipients"][0]["notify"] == ["success", "failure"]
    sent = [step["sent"] for step in check["steps"] if step["phase"] in ("mail", "rcpt")]
    assert f"RET=HDRS ENVID={message['token']}" in sent[0]
    assert sent[1] == "RCPT TO:<echo@contoso.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;echo@contoso.test"

    arrived = wait_for(lambda: [mail for mail in controller.mails("echo") if message["message_id"] in mail])
    assert len(arrived) == 1
    assert "\none line\n.\n.and dots\n" in arrived[0]
    receipts = wait_for(lambda: [mail for mail in controller.mails("probe") if message["token"] in mail])
    assert any(f"Original-Envelope-Id: {message['token']}" in receipt for receipt in receipts)


def test_check_mode_says_what_would_be_sent_and_sends_nothing(controller: Controller) -> None:
    before = controller.mails("user")
    result = controller.smtp_check(
        "--check",
        host=controller.name("mx1"),
        tls=controller.tls,
        sender="admin@test.com",
        recipient="user@contoso.test",
        test_message={},
    )
    assert result["changed"] is True
    [would] = result["plan"]["would_send"]
    assert would["lines"][-3:] == ["DATA", f"<message of {len(would['message'])} octets>", "QUIT"]
    assert "Subject: test message" in would["message"]
    for check in result["checks"]:
        assert "DATA" not in verbs(check)
        assert check["message"]["outcome"] == "not_sent"
    assert controller.mails("user") == before


def test_recipients_have_one_outcome_each(controller: Controller) -> None:
    run = controller.check(
        host=controller.name("mx1"),
        sender="admin@test.com",
        recipients=["user@contoso.test", "nobody@contoso.test", "user@fabrikam.com"],
        tls=controller.tls,
    )
    for check in run["checks"]:
        assert [recipient["outcome"] for recipient in check["recipients"]] == ["accepted", "refused", "refused"]
        assert [recipient["reply"]["enhanced"] for recipient in check["recipients"]] == ["2.1.5", "5.1.1", "5.7.1"]
    assert run["verdict"] == "fail"


def test_helo_by_choice(controller: Controller) -> None:
    run = controller.check(host=controller.name("mx1"), hello="helo", recipient="user@contoso.test")
    for check in run["checks"]:
        assert verbs(check) == ["HELO", "MAIL", "RCPT", "QUIT"]
        assert check["tls"]["offered"] is None
        assert check["ehlo"]["keywords"] == []


@pytest.mark.parametrize("phase", ["banner", "ehlo", "starttls", "auth", "mail", "rcpt"])
def test_it_stops_after_any_phase_with_quit(controller: Controller, phase: str) -> None:
    run = controller.check(
        host=controller.name("mx1"), recipient="user@contoso.test", stop_after=phase, tls=controller.tls
    )
    for check in run["checks"]:
        assert check["failed_phase"] is None
        assert check["steps"][-1]["reply"]["code"] == 221
        assert all(step["phase"] != "rcpt" for step in check["steps"]) is (phase != "rcpt")


@pytest.mark.provokes("lost connection after DATA")
def test_after_data_the_only_way_out_is_to_hang_up(controller: Controller) -> None:
    before = controller.mails("user")
    run = controller.check(
        host=controller.name("mx1"),
        recipient="user@contoso.test",
        test_message={},
        stop_after="data",
        tls=controller.tls,
    )
    for check in run["checks"]:
        assert check["reached"] == "data"
        assert verbs(check)[-1] == "DATA"
    assert controller.mails("user") == before


def test_extra_commands(controller: Controller) -> None:
    run = controller.check(
        host=controller.name("mx1"),
        tls=controller.tls,
        sender="admin@test.com",
        extra=[
            {"before": "mail", "send": "VRFY user@contoso.test", "expect": 252},
            {"before": "mail", "send": "NOOP", "expect": "2yz"},
            {"before": "quit", "send": "RSET", "expect": "250"},
            {"before": "quit", "send": "EXPN staff", "expect": "2yz"},
        ],
    )
    for check in run["checks"]:
        assert verbs(check) == ["EHLO", "STARTTLS", "EHLO", "VRFY", "NOOP", "MAIL", "RSET", "EXPN", "QUIT"]
        assert [(entry["expected"], entry["found"]) for entry in check["unmet"]] == [("EXPN staff: 2yz", 500)]
        assert [finding["id"] for finding in check["findings"]] == ["extra.unmet"]


@pytest.mark.provokes("lost connection after RCPT", "lost connection after MAIL")
@pytest.mark.parametrize(("leave", "reached"), [("drop", "rcpt"), ("drop_after_send", "mail")])
def test_the_connection_is_dropped_without_quit(leave: str, reached: str, controller: Controller) -> None:
    log = controller.lab.state["hosts"]["mx1"]["log_file"]
    before = postfix_log.mark(log)
    run = controller.check(host=controller.name("mx1"), recipient="user@contoso.test", leave=leave, tls=controller.tls)
    for check in run["checks"]:
        assert (check["reached"], verbs(check)[-1], check["verdict"]) == (reached, "RCPT", "pass")
    lost = [line for line in postfix_log.complaints(log, before) if "lost connection after" in line]
    assert len(lost) == len(run["checks"])


def test_implicit_tls(controller: Controller) -> None:
    probe = controller.mailbox("probe")
    run = controller.check(
        host=controller.name("mx1"),
        protocol="smtps",
        tls=controller.tls,
        auth={"username": probe["address"], "password": probe["password"]},
    )
    for check in run["checks"]:
        assert check["endpoint"]["port"] == 465
        assert check["auth"]["accepted"] is True
        assert check["verdict"] == "pass"


@pytest.mark.provokes("SASL", "authentication failed")
def test_a_wrong_password_is_refused_and_never_shown(controller: Controller) -> None:
    run = controller.check(
        host=controller.name("mx1"),
        port=587,
        tls=controller.tls,
        auth={"username": "probe@contoso.test", "password": "hunter2-not-it"},
    )
    for check in run["checks"]:
        assert check["auth"]["accepted"] is False
        assert check["failed_phase"] == "auth"
        assert any(step["sent"] and step["sent"].endswith("********") for step in check["steps"])
    assert "hunter2" not in str(run)


def test_lmtp_answers_for_each_recipient(controller: Controller) -> None:
    run = controller.check(
        host=controller.name("mx1"),
        protocol="lmtp",
        sender="admin@contoso.test",
        recipients=["user@contoso.test", "probe@contoso.test"],
        test_message={},
    )
    for check in run["checks"]:
        assert verbs(check)[0] == "LHLO"
        assert [recipient["outcome"] for recipient in check["recipients"]] == ["accepted", "accepted"]
        assert sum(step["phase"] == "message" for step in check["steps"]) == 2


def test_a_greeting_in_parts_is_waited_for(controller: Controller) -> None:
    run = controller.check(host=controller.name("slow"), recipient="user@contoso.test", tls=controller.tls)
    for check in run["checks"]:
        assert len(check["banner"]["lines"]) == 2
        assert check["verdict"] == "pass"


def test_a_certificate_that_is_worth_nothing(controller: Controller) -> None:
    run = controller.check(host=controller.name("mx2"), recipient="user@contoso.test", tls=controller.tls)
    for check in run["checks"]:
        assert check["reached"] == "rcpt"
        assert check["tls"]["trusted"] is False
        assert check["tls"]["certificate"]["days_left"] < 0
        assert check["verdict"] == "degraded"


def test_a_certificate_that_is_worth_nothing_where_it_is_to_be_verified(controller: Controller) -> None:
    run = controller.check(
        host=controller.name("mx2"), recipient="user@contoso.test", tls={**controller.tls, "verify": True}
    )
    for check in run["checks"]:
        assert check["failed_phase"] == "starttls"
        assert check["verdict"] == "fail"
        assert check["steps"][-1]["reply"]["code"] == 221


def test_a_probe_for_starttls_that_the_server_itself_does_not_have(controller: Controller) -> None:
    run = controller.check(
        host=controller.name("mx2"),
        port=controller.lab.state["hosts"]["mx2"]["ports"]["without-starttls"],
        starttls="probe",
        sender="admin@test.com",
        recipient="user@contoso.test",
    )
    for check in run["checks"]:
        assert verbs(check) == ["EHLO", "STARTTLS", "MAIL", "RCPT", "QUIT"]
        assert (check["tls"]["offered"], check["tls"]["established"]) == (False, None)
        assert [finding["id"] for finding in check["findings"]] == ["tls.probe_refused"]
        assert check["verdict"] == "pass"


@pytest.mark.parametrize(("required", "reached", "verdict"), [(True, "starttls", "fail"), (False, "rcpt", "pass")])
def test_a_log_in_where_none_is_offered(required: bool, reached: str, verdict: str, controller: Controller) -> None:
    run = controller.check(
        host=controller.name("mx1"),
        tls=controller.tls,
        auth={"username": "probe@contoso.test", "password": "battery-staple", "required": required},
        recipient="user@contoso.test",
    )
    for check in run["checks"]:
        assert (check["reached"], check["verdict"]) == (reached, verdict)
        assert check["auth"]["problem"].endswith("it offers none at all.")
