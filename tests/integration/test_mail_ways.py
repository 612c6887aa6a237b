# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways that mail takes, and what becomes of it there: each leg of a receipt against the logs of the servers."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from .conftest import Controller
from .looking import DSN, Firewall, exim_delivers, findings, looking, sent, states, store, until
from .server_log import Log

# What each says of a message that it has put into the mailbox.
DELIVERED = {
    "exim": "{} => echo <echo@contoso.test> ",
    "sendmail": "{}: to=.*stat=Sent",
    "opensmtpd": "delivery evpid={}.*result=Ok",
}


def test_the_long_way_with_greylisting_and_a_gateway_that_changes_the_message(controller: Controller) -> None:
    hosts = controller.lab.state["hosts"]
    exim, mx1 = Log(Path(hosts["exim"]["log_file"])), Log(Path(hosts["mx1"]["log_file"]))
    checks = sent(
        controller, "mx2", sender=f"probe-{uuid.uuid4().hex[:8]}@contoso.test", recipient="echo@northwind.test"
    )
    account = controller.account("echo")
    with looking(controller, checks=checks, mailbox=account, within=1, give_up_after=60, cleanup=True) as found:
        [receipt] = until(found, lambda: exim_delivers(controller))["receipts"]
    assert (states(receipt)["arrived"], receipt["verdict"]) == ("late", "degraded")
    assert {"dlv.late", "dlv.altered"} <= findings(receipt)
    hops = receipt["hops"]
    assert [hop["by"].partition(".")[0] for hop in hops] == ["mx2", "exim", "mx1", "mx1"]
    assert [hop["protocol"] for hop in hops] == ["ESMTPS", "esmtp", "ESMTPS", "LMTP"]
    assert [hop["tls"] for hop in hops] == [True, False, True, False]
    assert [entry["what"] for entry in receipt["alterations"]] == ["subject", "body"]
    assert "[External] test message" in receipt["alterations"][0]["detail"]
    assert "This message came from outside." in receipt["alterations"][1]["detail"]
    # Exim's log knows when it took the message in, was put off, and was rid of it, and under which name.
    name = re.escape(hops[1]["identifier"])
    log = exim.wait_for(rf"{name} => echo@northwind.test .*queued as {hops[2]['identifier']}")
    assert re.search(rf"{name} == echo@northwind.test .*Greylisted", log)
    taken, rid = (logged(log, rf"{name} {sign}") for sign in ("<=", "=>"))
    assert hops[2]["delay"] == pytest.approx((rid - taken).total_seconds(), abs=2)
    assert hops[2]["delay"] >= 2
    mx1.wait_for(rf"{hops[2]['identifier']}: to=<echo@contoso.test>, .*status=sent")


def test_greylisting_is_sat_out_by_the_one_who_sends(controller: Controller) -> None:
    log = Log(Path(controller.lab.state["hosts"]["mx1"]["log_file"]))
    checks = sent(
        controller,
        port=controller.lab.state["hosts"]["mx1"]["ports"]["greylisting"],
        sender=f"probe-{uuid.uuid4().hex[:8]}@contoso.test",
        recipient="echo@northwind.test",
        retry={"count": 3, "delay": 4},
    )
    assert checks[0]["attempts"]["count"] > 1
    options = {"checks": checks, "mailbox": controller.account("echo"), "within": 30, "cleanup": True}
    [receipt] = controller.arrival(**options)["receipts"]
    assert (states(receipt)["accepted"], states(receipt)["arrived"]) == ("arrived", "arrived")
    text = log.wait_for(rf"{receipt['queue_id']}: to=<echo@contoso.test>")
    assert "Greylisted" in text


def logged(log: str, pattern: str) -> datetime:
    line = next(line for line in log.splitlines() if re.search(pattern, line))
    return datetime.strptime(line[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("host", "product", "action"),
    [
        ("exim", "Exim", "delivered"),
        ("sendmail", "Sendmail", "delivered"),
        ("opensmtpd", "OpenSMTPD", "delivered"),
    ],
)
def test_receipts_of_the_other_mail_servers(controller: Controller, host: str, product: str, action: str) -> None:
    here = controller.lab.state["hosts"][host]
    log = Log(Path(here.get("system_log_file", here["log_file"])))
    [receipt] = controller.arrival(
        checks=sent(controller, host, dsn=DSN),
        mailbox=store(controller, "echo", host),
        receipts=store(controller, "probe", host),
        within=30,
        cleanup=True,
    )["receipts"]
    assert (states(receipt)["arrived"], states(receipt)["dsn"]) == ("arrived", "arrived")
    [report] = receipt["reports"]
    assert (report["product"], report["recipients"][0]["action"]) == (product, action)
    assert report["envelope_id"] in (receipt["token"], None)
    assert [entry["removed"] for entry in (*receipt["copies"], report)] == [True, True]
    log.wait_for(DELIVERED[host].format(re.escape(receipt["queue_id"])))
    # What was removed is gone, from an mbox too.
    again = controller.arrival(tokens=[receipt["token"]], mailbox=store(controller, "echo", host), within=0.1)
    assert again["receipts"][0]["copies"] == []


def test_a_full_mailbox(controller: Controller) -> None:
    mx1 = controller.lab.state["hosts"]["mx1"]
    postfix, dovecot = Log(Path(mx1["log_file"])), Log(Path(mx1["mailbox_log_file"]))
    [receipt] = controller.arrival(
        checks=sent(controller, recipient=controller.lab.state["full_address"], dsn=DSN),
        mailbox=controller.account("echo"),
        receipts=controller.account("probe"),
        within=30,
        cleanup=True,
    )["receipts"]
    assert (states(receipt)["accepted"], states(receipt)["arrived"], states(receipt)["dsn"]) == (
        "arrived",
        "refused",
        "refused",
    )
    assert receipt["findings"][0]["id"] == "dlv.mailbox_full"
    assert "Quota exceeded" in receipt["findings"][0]["meaning"]
    postfix.wait_for(rf"{receipt['queue_id']}: to=<full@contoso.test>.*status=bounced")
    dovecot.wait_for("Quota exceeded")


def test_an_unknown_user_behind_two_servers_that_take_everything(controller: Controller) -> None:
    log = Log(Path(controller.lab.state["hosts"]["exim"]["log_file"]))
    checks = sent(controller, "mx2", recipient="stranger@northwind.test", dsn=DSN)
    with looking(
        controller,
        checks=checks,
        mailbox=controller.account("echo"),
        receipts=store(controller, "probe", "exim"),
        within=60,
        cleanup=True,
    ) as found:
        [receipt] = until(found, lambda: exim_delivers(controller))["receipts"]
    assert (states(receipt)["arrived"], states(receipt)["dsn"]) == ("refused", "refused")
    [report] = receipt["reports"]
    assert (report["product"], report["recipients"][0]["status"]) == ("Exim", "5.0.0")
    assert "5.1.1 <stranger@northwind.test>" in report["recipients"][0]["diagnostic_code"]
    log.wait_for(r"\*\* stranger@northwind.test .* 550 5.1.1")
    commands = [entry["command"] for entry in receipt["look_next"]]
    assert any(receipt["queue_id"] in command for command in commands)


def test_the_way_back_is_blocked_while_the_way_there_works(controller: Controller) -> None:
    """Exim holds echo's mailbox and reaches probe's, which is on mx1, through a port that a firewall closes."""
    rule = "ip daddr 198.18.1.10 tcp dport 2528 reject with tcp reset"
    log = Log(Path(controller.lab.state["hosts"]["exim"]["log_file"]))
    options = {
        "mailbox": store(controller, "echo", "exim"),
        "receipts": controller.account("probe"),
        "reverse": True,
        "reverse_through": {"host": controller.name("exim"), "port": 25, "login": False},
    }
    with Firewall(controller, "exim", rule):
        options["checks"] = sent(controller, "exim", sender="probe@northwind.test", dsn=DSN)
        [blocked] = controller.arrival(**options, within=6)["receipts"]
    assert states(blocked) == {"accepted": "arrived", "arrived": "arrived", "dsn": "lost", "reverse": "lost"}
    assert blocked["findings"][0]["id"] == "dsn.way_back_blocked"
    assert blocked["verdict"] == "fail"
    # echo has it, and neither the receipt nor the message the other way has come to probe.
    text = log.wait_for(r"== probe@northwind.test .*Connection refused")
    assert f"{blocked['queue_id']} => echo <echo@contoso.test>" in text
    assert "=> probe@northwind.test" not in text
    with looking(controller, **{**options, "reverse": False, "reverse_through": None}, within=60) as found:
        [opened] = until(found, lambda: exim_delivers(controller))["receipts"]
    assert (states(opened)["arrived"], states(opened)["dsn"]) == ("arrived", "arrived")
    log.wait_for(r"=> probe@northwind.test")


def test_a_message_in_the_junk_folder(controller: Controller) -> None:
    log = Log(Path(controller.lab.state["hosts"]["mx1"]["mailbox_log_file"]))
    [receipt] = controller.arrival(
        checks=sent(controller, recipient="echo+Junk@contoso.test"),
        mailbox=controller.account("echo"),
        within=30,
        cleanup=True,
    )["receipts"]
    assert (states(receipt)["arrived"], receipt["verdict"]) == ("arrived", "degraded")
    assert (receipt["copies"][0]["folder"], receipt["copies"][0]["junk"]) == ("Junk", True)
    assert findings(receipt) == {"dlv.junk"}
    log.wait_for(rf"msgid={re.escape(receipt['message_id'])}: saved mail to Junk")
