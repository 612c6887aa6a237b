# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of the way to a server, planted in the lab's networks: what one vantage, or two together, show of them."""

from __future__ import annotations

import contextlib
import json
import sys
import typing as t

import pytest
from mailops_smtp.judge.again import judge_again

from .conftest import HERE, SECONDS, Controller

pytestmark = pytest.mark.provokes("")

SHORT = {"connect": 2.0, "reply": 10.0}
# Hosts that share nothing, as far as their addresses tell.
STRANGERS = ("198.18.3.77", "198.18.4.77")


def checks_of(controller: Controller, place: str, side: str = "outside", **options: t.Any) -> list[dict[str, t.Any]]:
    """Checks that are made on a host of the lab, which is in a network of its own."""
    asked = {"vantage": {"name": place, "side": side, "network": place}, "timeouts": SHORT, **options}
    done = controller.lab.run(
        place,
        [sys.executable, HERE / "check_here.py"],
        input=json.dumps({"options": asked, "check_mode": False}),
        env=controller.environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return t.cast("list[dict[str, t.Any]]", json.loads(done.stdout)["checks"])


def found(checks: t.Sequence[dict[str, t.Any]]) -> dict[str, set[str]]:
    """By the vantage, what all of them together show, but what is told for information."""
    judged = judge_again(checks)["checks"]
    return {
        check["vantage"]["name"]: {entry["id"] for entry in check["findings"] if entry["severity"] != "info"}
        for check in judged
    }


@contextlib.contextmanager
def rules(controller: Controller, host: str, text: str) -> t.Iterator[None]:
    """A table of nftables on a host, for a while."""
    controller.lab.run(host, ["nft", "-f", "-"], input=f"table ip planted {{\n{text}\n}}\n", text=True, check=True)
    try:
        yield
    finally:
        controller.lab.run(host, ["nft", "delete", "table", "ip", "planted"], check=True)


def test_a_greeting_that_is_late_for_one_vantage_only(controller: Controller) -> None:
    asked = {
        "host": controller.lab.state["hosts"]["faulty"]["ipv4"],
        "port": controller.lab.state["hosts"]["faulty"]["ports"]["slow-outside"],
        "starttls": "never",
    }
    inside = checks_of(controller, "vantage-a", "inside", **asked)
    outside = checks_of(controller, "vantage-b", **asked)
    seen = found([*inside, *outside])
    assert seen["vantage-b"] == {"ban.slow_here"}
    assert seen["vantage-a"] == set()
    # By itself it could be the server as well.
    assert found(outside)["vantage-b"] == {"ban.slow"}


def test_extensions_that_one_vantage_is_not_told_of(controller: Controller) -> None:
    asked = {
        "host": controller.lab.state["hosts"]["faulty"]["ipv4"],
        "port": controller.lab.state["hosts"]["faulty"]["ports"]["less-outside"],
        "stop_after": "ehlo",
    }
    inside = checks_of(controller, "vantage-a", "inside", **asked)
    outside = checks_of(controller, "vantage-b", **asked)
    seen = found([*inside, *outside])
    assert seen == {"vantage-a": set(), "vantage-b": {"ehlo.starttls_stripped", "ehlo.caps_shrunk"}}
    assert found(outside) == {"vantage-b": {"ehlo.starttls_missing"}}


def test_a_server_that_listens_on_ipv4_alone(controller: Controller) -> None:
    port = controller.lab.state["hosts"]["faulty"]["ports"]["only-ipv4"]
    checks = checks_of(controller, "vantage-a", "inside", host=controller.name("faulty"), port=port, tls=controller.tls)
    judged = judge_again(checks)["checks"]
    seen = {
        check["endpoint"]["family"]: (check["verdict"], [one["id"] for one in check["findings"]]) for check in judged
    }
    assert seen == {"ipv4": ("pass", []), "ipv6": ("degraded", ["tcp.v6_only_fails"])}


def test_a_server_that_is_reached_from_inside_only(controller: Controller) -> None:
    asked = {"host": controller.lab.state["hosts"]["mx1"]["ipv4"], "starttls": "never"}
    inside = checks_of(controller, "vantage-a", "inside", **asked)
    outside = [checks_of(controller, place, **asked) for place in ("vantage-b", "vantage-c")]
    seen = found([*inside, *outside[0], *outside[1]])
    assert seen == {"vantage-a": set(), "vantage-b": {"tcp.outside_only"}, "vantage-c": {"tcp.outside_only"}}
    # One network outside may be blocked by itself.
    assert found([*inside, *outside[0]])["vantage-b"] == {"tcp.timeout"}


def test_a_network_that_lets_no_mail_out(controller: Controller) -> None:
    rule = "chain output { type filter hook output priority 0; tcp dport 25 drop; }"
    with rules(controller, "vantage-b", rule):
        targets = [{"host": address, "port": 25} for address in STRANGERS]
        assert found(checks_of(controller, "vantage-b", targets=targets)) == {"vantage-b": {"tcp.egress_blocked"}}


@pytest.mark.parametrize("port", ["smtp", "slow-outside"])
def test_a_proxy_that_answers_for_everybody(controller: Controller, port: str) -> None:
    """Whatever is connected to on port 25, a server of the lab answers; one of them late."""
    server = controller.lab.state["hosts"]["faulty"]
    rule = (
        "chain output { type nat hook output priority -100; "
        f"tcp dport 25 dnat to {server['ipv4']}:{server['ports'][port]}; }}"
    )
    with rules(controller, "vantage-b", rule):
        targets = [{"host": address, "port": 25} for address in STRANGERS]
        seen = found(checks_of(controller, "vantage-b", targets=targets, starttls="never"))
    late = {"ban.slow_everywhere"} if port == "slow-outside" else set()
    assert seen == {"vantage-b": {"tcp.intercepted"} | late}
