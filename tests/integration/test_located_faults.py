# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults planted at one place of the lab's network: the matrix of vantages inside, in the DMZ and outside names it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from mailops_smtp.compare import matrix

from tests.facts_contract import keeps_contract

from .conftest import Controller
from .test_three_ways import run_nornir
from .test_ways_from_a_vantage import inventory

SIDES = {"vantage-a": "inside", "vantage-d": "dmz", "vantage-b": "outside", "vantage-c": "outside"}


@contextlib.contextmanager
def planted(controller: Controller, host: str, hook: str, *rules: str) -> t.Iterator[None]:
    """Rules of a host's packet filter, for as long as the block runs."""
    namespace = f"{controller.lab.state['name']}-{host}"
    chain = "\n".join([f"type filter hook {hook} priority -10; policy accept;", *rules])
    text = f"table inet planted {{\nchain faults {{\n{chain}\n}}\n}}\n"
    _nft(namespace, text)
    try:
        yield
    finally:
        _nft(namespace, "delete table inet planted\n")


def _nft(namespace: str, text: str) -> None:
    subprocess.run(["ip", "netns", "exec", namespace, "nft", "--file", "-"], input=text, text=True, check=True)


def laid_out(controller: Controller, *targets: str, **options: t.Any) -> dict[str, t.Any]:
    hosts = inventory(controller, *SIDES)
    for name, side in SIDES.items():
        hosts[name]["data"] = {"smtp": {"vantage": {"side": side}}}
    asked = {"targets": list(targets), "tls": controller.tls, "timeouts": {"connect": 2.0, "reply": 5.0}, **options}
    runs = run_nornir(controller, hosts, list(SIDES), asked)
    assert {made["vantage"]["side"] for run in runs.values() for made in run["checks"]} == set(SIDES.values())
    made = matrix(list(runs.values()))
    keeps_contract(made, "matrix")
    return made


def located(controller: Controller, *targets: str, **options: t.Any) -> list[tuple[str, tuple[str, ...]]]:
    found = laid_out(controller, *targets, **options)["localisation"]
    return sorted({(fault["place"], tuple(fault["vantages"])) for fault in found})


def test_no_fault_where_none_is(controller: Controller) -> None:
    assert located(controller, "exim.contoso.test:25", "opensmtpd.contoso.test:25", "sendmail.contoso.test:25") == []


def test_the_perimeter(controller: Controller) -> None:
    """It drops port 25 of mx1 for both networks outside, as the lab always does."""
    assert located(controller, "mx1.contoso.test:25") == [("perimeter", ("vantage-b", "vantage-c"))]


def test_the_server(controller: Controller) -> None:
    everybody = tuple(SIDES)
    assert located(controller, "refused.contoso.test:25") == [("server", everybody)]
    with planted(controller, "exim", "input", "tcp dport 25 drop"):
        assert located(controller, "exim.contoso.test:25") == [("server", everybody)]


def test_the_network_of_one_vantage(controller: Controller) -> None:
    with planted(controller, "router", "forward", 'iifname "abroad" tcp dport 25 reject with tcp reset'):
        assert located(controller, "exim.contoso.test:25") == [("egress", ("vantage-c",))]


def test_the_way_from_inside(controller: Controller) -> None:
    with planted(controller, "vantage-a", "output", "tcp dport 25 drop"):
        assert located(controller, "exim.contoso.test:25") == [("inside", ("vantage-a",))]


@pytest.mark.parametrize("whose", ["everybody", "vantage-b"])
def test_ipv6_alone(controller: Controller, whose: str) -> None:
    host, hook = ("exim", "input") if whose == "everybody" else ("vantage-b", "output")
    with planted(controller, host, hook, "meta nfproto ipv6 tcp dport 25 drop"):
        affected = tuple(SIDES) if whose == "everybody" else (whose,)
        assert located(controller, "exim.contoso.test:25") == [("ipv6_path", affected)]


def test_a_refusal_that_everybody_gets_is_the_servers(controller: Controller) -> None:
    places = located(controller, "exim.contoso.test:25", recipient="nobody@contoso.test")
    assert [place for place, _vantages in places] == ["server"]


LAB = Path(__file__).parents[1] / "lab"


@contextlib.contextmanager
def running(*argv: t.Any) -> t.Iterator[None]:
    """A program of the lab's that says "ready"."""
    with subprocess.Popen([*map(str, argv)], stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
            yield
        finally:
            program.terminate()


@contextlib.contextmanager
def far_away(controller: Controller, host: str, seconds: float) -> t.Iterator[None]:
    """The host is reached, and reaches everybody, by way of a line that takes so long there and back."""
    lab = controller.lab.state
    vantage, router = lab["hosts"][host], f"{lab['name']}-router"
    line = running(
        sys.executable, LAB / "long_line.py", f"/run/netns/{vantage['namespace']}", f"/run/netns/{router}", seconds / 2
    )
    with line:
        for namespace, version, where in (
            (router, "-4", f"{vantage['ipv4']}/32"), (router, "-6", f"{vantage['ipv6']}/128"),
            (vantage["namespace"], "-4", f"default src {vantage['ipv4']} metric 1"),
            (vantage["namespace"], "-6", f"default src {vantage['ipv6']} metric 1"),
        ):  # fmt: skip
            target, *rest = where.split()
            subprocess.run(["ip", "-n", namespace, "link", "set", "line", "up"], check=True)
            subprocess.run(
                ["ip", "-n", namespace, version, "route", "replace", target, "dev", "line", *rest], check=True
            )
        yield


@contextlib.contextmanager
def redirected(controller: Controller, side: str, behaviour: str) -> t.Iterator[None]:
    """What comes from that side to port 25 is taken up by a middlebox in the router."""
    router = f"{controller.lab.state['name']}-router"
    rule = f'iifname "{side}" tcp dport 25 redirect to :2525'
    chain = f"type nat hook prerouting priority dstnat; policy accept; {rule}"
    with running("ip", "netns", "exec", router, sys.executable, LAB / "middlebox.py", 2525, behaviour):
        _nft(router, f"table ip middlebox {{\nchain taken {{\n{chain}\n}}\n}}\n")
        try:
            yield
        finally:
            _nft(router, "delete table ip middlebox\n")


WORKING = ("exim.contoso.test:25", "sendmail.contoso.test:25", "opensmtpd.contoso.test:25")


@pytest.mark.parametrize("seconds", [0.1, 0.5])
def test_a_vantage_that_is_far_away_is_slow_and_no_fault(controller: Controller, seconds: float) -> None:
    with far_away(controller, "vantage-c", seconds):
        made = laid_out(controller, *WORKING)
    assert made["localisation"] == []
    # How slow the others are is this machine's matter, so only the clear case is held to the remark.
    slow = [(remark["vantage"], remark["kind"]) for remark in made["remarks"]]
    assert slow == [("vantage-c", "slow")] if seconds > 0.1 else slow in ([], [("vantage-c", "slow")])
    assert {cell["verdict"] for row in made["cells"] for cell in row} <= {"pass", "degraded"}


def test_a_device_that_masks_starttls(controller: Controller) -> None:
    with redirected(controller, "abroad", "mask"):
        assert located(controller, *WORKING[:2], address_family="ipv4") == [("middlebox", ("vantage-c",))]


def test_a_device_that_answers_for_everybody(controller: Controller) -> None:
    targets = ["exim.contoso.test:25", "gateway.split.test:25"]
    with redirected(controller, "abroad", "answer"):
        assert located(controller, *targets, address_family="ipv4") == [("interception", ("vantage-c",))]


def test_other_addresses_outside_than_inside(controller: Controller) -> None:
    """No fault where both work; the perimeter where what the outside is told leads nowhere."""
    made = laid_out(controller, "gateway.split.test:25")
    assert len(made["endpoints"]) == 2
    assert made["localisation"] == []
    with planted(controller, "exim", "input", "tcp dport 25 drop"):
        assert located(controller, "gateway.split.test:25") == [("perimeter", ("vantage-b", "vantage-c"))]
