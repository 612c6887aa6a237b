# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes late, too early or with a wrong stamp, over Postfix and Exim, against what their logs say."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from .conftest import Controller
from .looking import DSN, SECONDS, Firewall, exim_delivers, findings, looking, sent, states, until
from .server_log import Log


def log_of(controller: Controller, host: str, kind: str = "log_file") -> Log:
    return Log(Path(controller.lab.state["hosts"][host][kind]))


# Its template speaks of hours, and the lab's delay is a second.
@pytest.mark.provokes("delay template conversion", "delay_warning_time_hours", "bounce(5) manual")
def test_a_delay_is_reported_before_the_message_comes(controller: Controller) -> None:
    mx2, exim = log_of(controller, "mx2"), log_of(controller, "exim")
    options = {"mailbox": controller.account("echo"), "receipts": controller.account("probe")}
    with Firewall(controller, "mx2", "ip daddr 198.18.1.31 tcp dport 25 reject with tcp reset"):
        asked = {"notify": ["success", "failure", "delay"], "ret": "hdrs"}
        checks = sent(controller, "mx2", recipient="echo@northwind.test", dsn=asked)
        name = checks[0]["message"]["queue_id"]
        mx2.wait_for(rf"{name}: to=<echo@northwind.test>, .*status=deferred .*Connection refused")
        deadline = time.monotonic() + SECONDS
        # It tells of it at the second attempt.
        while not re.search(rf"{name}: sender delay notification", mx2.so_far()):
            assert time.monotonic() < deadline
            controller.lab.run("mx2", ["postqueue", "-f"], check=True)
            time.sleep(0.5)
        [waiting] = controller.arrival(checks=checks, **options, within=2, give_up_after=3)["receipts"]
    assert (states(waiting)["arrived"], waiting["copies"]) == ("lost", [])
    [report] = waiting["reports"]
    assert (report["product"], report["queue_id"], report["recipients"][0]["action"]) == ("Postfix", name, "delayed")
    assert "Connection refused" in waiting["legs"]["arrived"]["detail"]
    assert "dsn.delayed" in findings(waiting)
    assert any(name in entry["command"] for entry in waiting["look_next"])
    controller.lab.run("mx2", ["postqueue", "-f"], check=True)
    with looking(controller, checks=checks, **options, within=2, give_up_after=60, cleanup=True) as found:
        [come] = until(found, lambda: exim_delivers(controller))["receipts"]
    assert (states(come)["arrived"], come["legs"]["arrived"]["within"]) == ("late", 2)
    mx2.wait_for(rf"{name}: to=<echo@northwind.test>, .*status=sent")
    exim.wait_for(r"=> echo@northwind.test ")


def test_a_receipt_that_comes_before_its_message(controller: Controller) -> None:
    """mx2 hands it to a server that knows no receipts and says so; there it lies, behind a closed port."""
    mx2, exim = log_of(controller, "mx2"), log_of(controller, "exim")
    mailboxes = log_of(controller, "mx1", "mailbox_log_file")
    with Firewall(controller, "exim", "ip daddr 198.18.1.10 tcp dport 2528 reject with tcp reset"):
        checks = sent(controller, "mx2", recipient="echo+held@northwind.test", dsn=DSN)
        mailboxes.wait_for(r"lmtp\(probe\).*saved mail to INBOX")
        exim.wait_for(r"== echo\+held@northwind.test .*Connection refused")
    with looking(
        controller,
        checks=checks,
        mailbox=controller.account("echo"),
        receipts=controller.account("probe"),
        within=60,
        cleanup=True,
    ) as found:
        [receipt] = until(found, lambda: exim_delivers(controller))["receipts"]
    assert (states(receipt)["arrived"], states(receipt)["dsn"]) == ("arrived", "arrived")
    [report], [copy] = receipt["reports"], receipt["copies"]
    assert report["recipients"][0]["action"] == "relayed"
    assert report["stored_at"] <= copy["stored_at"]
    assert receipt["legs"]["dsn"]["seconds"] <= receipt["legs"]["arrived"]["seconds"]
    mx2.wait_for(rf"{receipt['queue_id']}: sender delivery status notification")
    exim.wait_for(r"=> echo\+held@northwind.test ")


def test_a_hop_whose_clock_is_an_hour_ahead_makes_nothing_late(controller: Controller) -> None:
    skewed, mx1 = log_of(controller, "skewed"), log_of(controller, "mx1")
    checks = sent(controller, "mx2", recipient="echo+skewed@northwind.test")
    account = controller.account("echo")
    with looking(controller, checks=checks, mailbox=account, within=40, cleanup=True) as found:
        [receipt] = until(found, lambda: exim_delivers(controller, "skewed"))["receipts"]
    assert states(receipt)["arrived"] == "arrived"
    assert findings(receipt) >= {"hop.skew"}
    hops = {hop["by"].partition(".")[0]: hop for hop in receipt["hops"][:3]}
    assert list(hops) == ["mx2", "skewed", "mx1"]
    assert hops["skewed"]["clock_offset"] == pytest.approx(3600, abs=30)
    assert (hops["mx2"]["clock_offset"], hops["mx1"]["clock_offset"]) == (None, None)
    # The hour is in no delay.
    assert all(hop["delay"] is None or hop["delay"] < 60 for hop in receipt["hops"])
    # Its own log has the same hour: it took the message in long after the next server had it, by its clock.
    log = skewed.wait_for(rf"{re.escape(hops['skewed']['identifier'])} => echo\+skewed@northwind.test")
    taken = re.search(rf"(\d\d):(\d\d):\d\d {re.escape(hops['skewed']['identifier'])} <= ", log)
    given = re.search(rf"(\d\d):(\d\d):\d\d {re.escape(hops['skewed']['identifier'])} => ", log)
    assert taken
    assert given
    minutes = [int(found.group(1)) * 60 + int(found.group(2)) for found in (taken, given)]
    assert (minutes[0] - minutes[1]) % 1440 in (58, 59, 60)
    mx1.wait_for(rf"{hops['mx1']['identifier']}: to=<echo\+skewed@contoso.test>.*status=sent")
