# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of mail domains: their hosts by the lab's DNS, the verdict as their senders would have it, DANE beside
posttls-finger, and the servers behind a load balancer."""

from __future__ import annotations

import re
import typing as t

import pytest

from .conftest import Controller


def check(controller: Controller, *targets: t.Any, **options: t.Any) -> dict[str, t.Any]:
    return controller.check(targets=list(targets), **{"tls": controller.tls, **options})


def ends(run: dict[str, t.Any]) -> list[tuple[t.Any, ...]]:
    return [
        (end["host"].partition(".")[0], end["address"], end["source"], end["preference"])
        for end in (made["endpoint"] for made in run["checks"])
    ]


def ids(made: dict[str, t.Any]) -> set[str]:
    return {finding["id"] for finding in made["findings"]}


def test_every_address_of_every_host_in_a_senders_order(controller: Controller) -> None:
    run = check(controller, "contoso.test")
    hosts = controller.lab.state["hosts"]
    assert ends(run) == [
        (name, hosts[name][family], "mx", preference)
        for name, preference in (("mx1", 10), ("mx2", 20))
        for family in ("ipv6", "ipv4")
    ]
    (domain,) = run["domains"]
    assert (domain["verdict"], domain["counts"], run["verdict"]) == ("degraded", {"pass": 2, "fail": 2}, "degraded")
    assert domain["route"]["dnssec"] == "secure"
    # mx2 is in no line of the policy, which senders who honour it enforce.
    assert [made["tls"]["mta_sts"]["valid"] for made in run["checks"]] == [True, True, False, False]
    assert "tls.mtasts_fail" in ids(run["checks"][2])


def test_one_dead_of_three_impairs(controller: Controller) -> None:
    run = check(controller, {"domain": "down.contoso.test"}, address_family="ipv4", starttls="never", tls=None)
    assert [made["verdict"] for made in run["checks"]] == ["fail", "pass", "pass"]
    assert (run["verdict"], run["domains"][0]["counts"]) == ("degraded", {"pass": 2, "fail": 1})
    assert run["summary"].startswith("down.contoso.test takes mail at 2 of 3 addresses, but: refused.contoso.test")


@pytest.mark.parametrize(("mx", "hosts"), [("first", {"refused"}), ("2", {"refused", "mx1"})])
def test_as_many_hosts_as_are_wanted(controller: Controller, mx: str, hosts: set[str]) -> None:
    run = check(controller, "down.contoso.test", mx=mx, stop_after="ehlo", address_family="ipv4")
    assert {end[0] for end in ends(run)} == hosts


def test_a_domain_that_leads_nowhere_is_told_from_one_that_nobody_knows(controller: Controller) -> None:
    domains = ["null.shapes.test", "nope.test", "no-mail.shapes.test", "expired.test", "circle.shapes.test"]
    run = check(controller, *domains, "huge.shapes.test", "nothing.shapes.test")
    kinds = [(made["steps"][0]["error"]["kind"], made["verdict"]) for made in run["checks"]]
    assert kinds == [
        ("null_mx", "fail"),
        ("unresolved", "fail"),
        ("unresolved", "fail"),
        ("bogus", "fail"),
        ("unresolved", "fail"),
        ("resolver", "inconclusive"),
        ("unresolved", "fail"),
    ]
    assert [domain["verdict"] for domain in run["domains"]] == [verdict for _kind, verdict in kinds]


def test_a_domain_goes_where_the_user_says(controller: Controller) -> None:
    """As a transport map: before a change of the MX, its domain's mail is tried at the new host."""
    port = controller.lab.state["hosts"]["mx2"]["ports"]["without-starttls"]
    hosts = {"contoso.test": ["exim.contoso.test", f"[198.18.1.20]:{port}"]}
    run = check(controller, "contoso.test", hosts=hosts, address_family="ipv4", stop_after="ehlo")
    assert ends(run) == [("exim", "198.18.1.31", "override", None), ("198", "198.18.1.20", "override", None)]
    assert (run["domains"][0]["verdict"], run["domains"][0]["route"]) == ("pass", None)
    moved = check(controller, "contoso.test", hosts={"mx1.contoso.test": "198.18.1.31"}, mx="first")
    # Under the name that the certificate is to be for.
    assert ends(moved) == [("mx1", "198.18.1.31", "override", 10)]
    assert moved["checks"][0]["tls"]["name_matches"]["matches"] is False


def test_a_jump_host_resolves_for_itself(controller: Controller) -> None:
    via = {**controller.via, "host": controller.name("vantage-b")}
    there = check(controller, "split.test", via=via)
    here = check(controller, "split.test", via=via, resolve_at="controller")
    assert [end[1] for end in ends(there)] == [controller.lab.state["hosts"]["exim"]["ipv4"]]
    # Port 25 of mx1 is closed to the outside, so this one was tried from there, under the inside's answer.
    assert [end[1] for end in ends(here)] == [controller.lab.state["hosts"]["mx1"]["ipv4"]]
    assert there["domains"][0]["route"]["resolver"]["name_servers"] == ["198.18.2.54"]


def test_a_managed_host_without_dnspython_lets_the_controller_ask(controller: Controller) -> None:
    inventory = controller.inventory("vantage-a")
    arguments = {"targets": ["split.test"], "stop_after": "ehlo"}
    result = controller.smtp_check("-i", inventory, on="vantage-a", **arguments, resolve_at="controller")
    assert ends(result)[0][1] == controller.lab.state["hosts"]["mx1"]["ipv4"]
    assert "looked_up" not in result["plan"]["asked"]
    assert result["vantages"][0]["name"] == "vantage-a"


def test_named_name_servers_are_asked_for_hosts_too(controller: Controller) -> None:
    run = check(controller, {"host": "gateway.split.test"}, nameservers=["198.18.2.54"], stop_after="ehlo")
    assert ends(run) == [("gateway", controller.lab.state["hosts"]["exim"]["ipv4"], "given", None)]


def finger(controller: Controller, domain: str) -> str:
    """What posttls-finger makes of it, on a host that has Postfix's configuration."""
    argv = ["posttls-finger", "-l", "dane", "-t", "20", "-c", "-L", "summary", domain]
    done = controller.lab.run("mx1", argv, capture_output=True, text=True, timeout=60)
    said = re.findall(r"(Verified|Trusted|Untrusted|Anonymous) TLS connection", done.stdout + done.stderr)
    return str(said[0]) if said else "none"


@pytest.mark.provokes("SSL_accept", "SSL library error", "lost connection", "error", "TLS")
@pytest.mark.parametrize(
    ("domain", "verified", "host"),
    [
        # Two records in the middle of a change of keys, of which one fits.
        ("contoso.test", True, "mx1"),
        ("stale.contoso.test", False, "exim"),
        # The record names the authority, which the server shows, or does not.
        ("anchor.contoso.test", True, "slow"),
        ("incomplete.contoso.test", False, "sendmail"),
        # Self-signed, expired, and exactly what the record says.
        ("[mx2.contoso.test]", True, "mx2"),
    ],
)
def test_dane_is_what_postfix_makes_of_it(controller: Controller, domain: str, verified: bool, host: str) -> None:
    target = {"host": domain[1:-1]} if domain.startswith("[") else domain
    run = check(
        controller, target, mx="first", nameservers=["198.18.1.54"], address_family="ipv4", stop_after="starttls"
    )
    (made,) = run["checks"]
    assert made["endpoint"]["host"] == controller.name(host)
    dane = made["tls"]["dane"]
    assert (dane["usable"], dane["valid"]) == (True, verified)
    assert (finger(controller, domain) == "Verified") is verified
    assert ("tls.dane_fail" in ids(made)) is not verified
    assert (dane["unmatched"], "tls.dane_rollover" in ids(made)) == (
        (1, True) if host == "mx1" else (not verified, False)
    )


def test_records_that_no_sender_goes_by(controller: Controller) -> None:
    run = check(controller, "unusable.contoso.test", "alias.shapes.test", address_family="ipv4", stop_after="starttls")
    unusable, alias = (made["tls"]["dane"] for made in run["checks"])
    assert (unusable["usable"], unusable["valid"], "usage 1" in unusable["reason"]) == (False, None, True)
    # The alias is not secured by DNSSEC, so what stands at its end is not even looked for (RFC 7672 2.2.2).
    assert (alias["usable"], "not secured by DNSSEC" in alias["reason"]) == (False, True)
    assert run["domains"][0]["verdict"] == "degraded"


def test_the_servers_behind_a_load_balancer(controller: Controller) -> None:
    run = check(controller, "balanced.contoso.test", members=2, address_family="ipv4")
    (made,) = run["checks"]
    members = {member["name"]: member for member in made["members"]}
    assert set(members) == {controller.name(name) for name in ("mx1", "exim", "opensmtpd")}
    assert max(member["times"] for member in members.values()) == 2
    names = {name: member["certificate"] and member["certificate"]["subject"] for name, member in members.items()}
    assert names == {
        "mx1.contoso.test": "CN=mx1.contoso.test",
        "exim.contoso.test": "CN=exim.contoso.test",
        # It offers no TLS to begin with.
        "opensmtpd.contoso.test": None,
    }
    assert "tcp.members_differ" in ids(made)
    alone = check(controller, {"host": controller.name("mx1")}, members=3, address_family="ipv4")
    assert [(member["name"], member["times"]) for member in alone["checks"][0]["members"]] == [("mx1.contoso.test", 3)]


@pytest.mark.provokes("SSL_accept", "SSL library error", "lost connection", "error", "TLS")
def test_dane_behind_records_that_dnssec_does_not_secure(controller: Controller) -> None:
    """What Postfix calls no more than trusted: the host's records are secure, the way to the host is not. And what it
    does not verify at all: the host's name is an alias in a zone that is not signed."""
    run = check(
        controller, "bücher.shapes.test", "alias.shapes.test", nameservers=["198.18.1.54"], address_family="ipv4",
        stop_after="starttls",
    )  # fmt: skip
    insecure, alias = (made["tls"]["dane"] for made in run["checks"])
    assert (insecure["usable"], insecure["valid"], insecure["mx_secure"]) == (True, True, False)
    assert finger(controller, "xn--bcher-kva.shapes.test") == "Trusted"
    assert (alias["usable"], alias["valid"]) == (False, None)
    assert finger(controller, "alias.shapes.test") == "Untrusted"


@pytest.mark.parametrize(
    ("domain", "mode", "finding", "verdict"),
    [
        ("contoso.test", "enforce", "tls.mtasts_fail", "fail"),
        # Nobody is turned away: it is said what enforcing it would do.
        ("testing.contoso.test", "testing", "tls.mtasts_testing", "degraded"),
    ],
)
@pytest.mark.provokes("TLS", "lost connection")
def test_a_policy_in_force_and_one_that_is_tested(
    controller: Controller, domain: str, mode: str, finding: str, verdict: str
) -> None:
    run = check(controller, domain, address_family="ipv4", stop_after="starttls")
    named, other = run["checks"]
    assert (named["tls"]["mta_sts"]["mode"], named["tls"]["mta_sts"]["valid"], named["verdict"]) == (mode, True, "pass")
    assert (other["endpoint"]["host"], other["tls"]["mta_sts"]["mx_matches"]) == ("mx2.contoso.test", False)
    assert finding in ids(other)
    assert other["verdict"] == verdict
    assert run["domains"][0]["verdict"] == "degraded"
