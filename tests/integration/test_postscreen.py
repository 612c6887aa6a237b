# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Postfix's postscreen, which tells mail servers from spam programs by their patience."""

from __future__ import annotations

import ipaddress
import secrets
import typing as t
from pathlib import Path

import pytest

from .conftest import Controller
from .golden_dialog import keeps_to_the_golden_dialog
from .server_log import Log

GREET_WAIT = 3.0


@pytest.fixture
def log(controller: Controller) -> Log:
    return Log(Path(controller.lab.state["hosts"]["slow"]["log_file"]))


def checked(controller: Controller, **options: t.Any) -> dict[str, t.Any]:
    [check] = controller.check(
        host=controller.name("slow"),
        address_family="ipv4",
        helo_name="probe.contoso.test",
        sender="probe@contoso.test",
        recipient="user@contoso.test",
        tls=controller.tls,
        **options,
    )["checks"]
    return t.cast("dict[str, t.Any]", check)


def banner_step(check: dict[str, t.Any]) -> dict[str, t.Any]:
    return next(step for step in check["steps"] if step["phase"] == "banner")


def finding_ids(check: dict[str, t.Any]) -> list[str]:
    return [finding["id"] for finding in check["findings"] if finding["id"] != "data.accepted"]


def new_client() -> str:
    """An address that postscreen has not seen, from a range that is routed nowhere (RFC 3849)."""
    return str(ipaddress.IPv6Address("2001:db8:ffff::") + secrets.randbits(64))


def test_the_whole_greeting_is_waited_for(controller: Controller, log: Log, tmp_path: Path) -> None:
    check = checked(controller)
    keeps_to_the_golden_dialog("slow.patience.txt", check, tmp_path)
    assert (check["verdict"], finding_ids(check)) == ("pass", ["ban.multiline"])
    assert (banner_step(check)["reply"]["code"], len(check["banner"]["lines"])) == (220, 2)
    assert banner_step(check)["seconds"] > GREET_WAIT - 0.1
    assert check["seconds"] > GREET_WAIT - 0.1
    assert "PREGREET" not in log.wait_for(r"postscreen\[\d+\]: PASS NEW ")


@pytest.mark.provokes("HANGUP")
def test_a_greeting_that_begins_and_does_not_end_in_time(controller: Controller, log: Log) -> None:
    check = checked(controller, timeouts={"reply": 1})
    assert (check["verdict"], finding_ids(check)) == ("fail", ["ban.unfinished"])
    reply = banner_step(check)["reply"]
    assert (reply["code"], reply["flaws"]) == (None, ["incomplete"])
    assert reply["lines"] == ["220-slow.contoso.test ESMTP Postfix"]
    # Nothing was sent to hurry it.
    assert [step["sent"] for step in check["steps"]] == [None, None]
    assert "PREGREET" not in log.wait_for(r"postscreen\[\d+\]: (?:HANGUP|DISCONNECT) ")


@pytest.mark.provokes("PREGREET", "COMMAND PIPELINING", "BARE NEWLINE")
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_who_speaks_first_is_caught(controller: Controller, log: Log, version: str) -> None:
    """The only thing that this client ever says before the greeting is the PROXY protocol's header."""
    check = checked(controller, proxy_protocol=version)
    assert (check["verdict"], finding_ids(check)) == ("inconclusive", ["proxy.not_expected"])
    # 220 had begun the reply; the code of its last line counts.
    reply = banner_step(check)["reply"]
    assert (reply["code"], reply["lines"][0]) == (502, "slow.contoso.test ESMTP Postfix")
    assert "code_changed" in reply["flaws"]
    log.wait_for(r"PREGREET \d+ after 0")


def test_a_client_that_is_new_has_to_come_back(controller: Controller, log: Log, tmp_path: Path) -> None:
    """The tests after the greeting end in 450 even where they are passed; the second connection goes through."""
    options: dict[str, t.Any] = {
        "port": controller.lab.state["hosts"]["slow"]["ports"]["first-contact"],
        "proxy_protocol": "v2",
        "proxy_protocol_addresses": {
            "source": new_client(),
            "source_port": 4711,
            "destination": controller.lab.state["hosts"]["slow"]["ipv6"],
        },
    }
    first = checked(controller, **options)
    assert (first["verdict"], first["failed_phase"]) == ("deferred", "rcpt")
    assert finding_ids(first) == ["rcpt.postscreen_new", "ban.multiline"]
    assert first["recipients"][0]["reply"]["lines"] == ["4.3.2 Service currently unavailable"]
    assert first["steps"][-1]["reply"]["code"] == 221

    second = checked(controller, **options, test_message={})
    assert (second["verdict"], second["message"]["outcome"], finding_ids(second)) == ("pass", "accepted", [])
    # Nobody waits twice; and only the second talks to Postfix itself, which offers PIPELINING.
    assert banner_step(second)["seconds"] < banner_step(first)["seconds"]
    offered = [{entry["keyword"] for entry in check["ehlo"]["keywords"]} for check in (first, second)]
    assert offered[1] - offered[0] == {"PIPELINING"}
    text = log.wait_for(r"postscreen\[\d+\]: PASS OLD ")
    assert "PASS NEW" in text
    assert "PREGREET" not in text
