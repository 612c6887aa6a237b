# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults planted at one place of the lab's network: the matrix of vantages inside, in the DMZ and outside names it."""

from __future__ import annotations

import contextlib
import subprocess
import typing as t

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


def located(controller: Controller, *targets: str, **options: t.Any) -> list[tuple[str, list[str]]]:
    hosts = inventory(controller, *SIDES)
    for name, side in SIDES.items():
        hosts[name]["data"] = {"smtp": {"vantage": {"side": side}}}
    asked = {"targets": list(targets), "tls": controller.tls, "timeouts": {"connect": 2.0, "reply": 5.0}, **options}
    runs = run_nornir(controller, hosts, list(SIDES), asked)
    assert {made["vantage"]["side"] for run in runs.values() for made in run["checks"]} == set(SIDES.values())
    laid_out = matrix(list(runs.values()))
    keeps_contract(laid_out, "matrix")
    return sorted({(found["place"], tuple(found["vantages"])) for found in laid_out["localisation"]})  # type: ignore[return-value]


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
