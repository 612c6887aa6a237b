# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what the user named to where the octets go, without asking any name server."""

from __future__ import annotations

import collections
import socket
import sys
import threading
import time
import types
import typing as t

import pytest
from mailops_smtp.evidence import StepError
from mailops_smtp.plan.records import Override
from mailops_smtp.route import addresses as addresses_module
from mailops_smtp.route import endpoints, mail_exchangers
from mailops_smtp.route.addresses import Address, addresses
from mailops_smtp.route.endpoints import Known, destinations


class Target(t.NamedTuple):
    host: t.Optional[str] = None
    domain: t.Optional[str] = None
    port: int = 25
    address_family: str = "any"
    mx: t.Optional[int] = None


@pytest.fixture
def canonical():
    """The full names of hosts, where they are others than those that are asked for."""
    return {}


@pytest.fixture
def resolver(monkeypatch, canonical):
    """What getaddrinfo answers, by name: addresses, or the exception to raise; and how often each name was asked.

    The vantage is one that has IPv4 only.
    """
    answers: t.Dict[str, t.Any] = {}
    asked: t.Counter[str] = collections.Counter()
    counting = threading.Lock()

    def getaddrinfo(host, port, family, kind, protocol=0, flags=0):
        with counting:
            asked[host] += 1
        answer = answers[host]
        if isinstance(answer, Exception):
            raise answer
        found = []
        if flags & socket.AI_ADDRCONFIG and all(":" in address for address in answer):
            raise socket.gaierror(socket.EAI_NODATA, "No address associated with hostname")
        for address in answer:
            if flags & socket.AI_ADDRCONFIG and ":" in address:
                continue
            of = socket.AF_INET6 if ":" in address else socket.AF_INET
            if family in (socket.AF_UNSPEC, of):
                # As the real one does for a socket type that is given; and one family that is no business of ours.
                name = canonical.get(host, host) if flags & socket.AI_CANONNAME and not found else ""
                found += [(of, kind, 6, name, (address, 0)), (socket.AF_UNIX, kind, 6, "", ("/", 0))]
        return found

    monkeypatch.setattr(addresses_module.socket, "getaddrinfo", getaddrinfo)
    return answers, asked


NOBODY = socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize(
    ("host", "canonical_name", "by_itself", "expected"),
    [
        ("mx.contoso.com", "mx.contoso.com.corp.example", NOBODY, "mx.contoso.com.corp.example"),
        ("MX.contoso.com", "MX.contoso.com.CORP.example.", NOBODY, "mx.contoso.com.corp.example"),
        ("mx", "mx.corp.example", NOBODY, "mx.corp.example"),
        # An alias that only looks like it, of a name that exists by itself.
        ("mx.contoso.com", "mx.contoso.com.cdn.example", ["203.0.113.5"], None),
        ("mx.contoso.com", "host7.example", NOBODY, None),
        ("mx.contoso.com", "mx.contoso.com", NOBODY, None),
        # Nobody knows whether it exists by itself.
        ("mx.contoso.com", "mx.contoso.com.corp.example", socket.gaierror(socket.EAI_AGAIN, "later"), None),
    ],
)
def test_a_name_that_the_search_list_completed_is_known(resolver, canonical, host, canonical_name, by_itself, expected):
    resolver[0].update({host: ["203.0.113.5"], f"{host}.": by_itself})
    canonical[host] = canonical_name
    assert addresses(host, "any") == [Address("203.0.113.5", "ipv4", expected)]
    assert destinations([Target(host)])[0][0].endpoint.resolved_name == expected


def test_an_address_is_its_own_answer(resolver):
    assert addresses("203.0.113.5", "any") == [Address("203.0.113.5", "ipv4")]
    assert addresses("2001:DB8::5", "any") == [Address("2001:db8::5", "ipv6")]


def test_all_addresses_in_the_resolvers_order_once_each(resolver):
    resolver[0]["mx1"] = ["203.0.113.6", "2001:db8::5", "203.0.113.5", "203.0.113.6"]
    assert addresses("mx1", "ipv4") == [Address("203.0.113.6", "ipv4"), Address("203.0.113.5", "ipv4")]
    assert addresses("mx1", "ipv6") == [Address("2001:db8::5", "ipv6")]


def test_a_family_that_the_vantage_lacks_is_left_out(resolver):
    resolver[0]["mx1"] = ["2001:db8::5", "203.0.113.5"]
    assert addresses("mx1", "any") == [Address("203.0.113.5", "ipv4")]


def test_a_host_of_a_family_that_the_vantage_lacks_does_have_an_address(resolver):
    resolver[0]["mx1"] = ["2001:db8::5"]
    assert addresses("mx1", "any") == [Address("2001:db8::5", "ipv6")]


@pytest.mark.parametrize(
    ("failure", "family", "error"),
    [
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "any",
            StepError("unresolved", "The name mx1 has no address."),
        ),
        (
            socket.gaierror(socket.EAI_NODATA, "No address associated with hostname"),
            "ipv6",
            StepError("unresolved", "The name mx1 has no IPv6 address."),
        ),
        (
            socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
            "ipv4",
            StepError("resolver", "The name mx1 could not be looked up: Temporary failure in name resolution."),
        ),
        (
            UnicodeError("label too long"),
            "any",
            StepError("unresolved", "The name mx1 is no valid host name."),
        ),
    ],
)
def test_no_address(resolver, failure, family, error):
    resolver[0]["mx1"] = failure
    assert addresses("mx1", family) == error


def test_every_address_is_a_destination_and_every_name_is_asked_once(resolver):
    answers, asked = resolver
    answers["mx1"] = ["203.0.113.5", "203.0.113.6"]
    found = destinations([Target("mx1"), Target("mx1", port=587), Target("2001:db8::1")])
    assert [[(place.endpoint.address, place.endpoint.port) for place in places] for places in found] == [
        [("203.0.113.5", 25), ("203.0.113.6", 25)],
        [("203.0.113.5", 587), ("203.0.113.6", 587)],
        [("2001:db8::1", 25)],
    ]
    assert found[2][0].endpoint.family == "ipv6"
    assert found[0][0].endpoint.source == "given"
    assert asked == {"mx1": 1}


def test_a_name_without_an_address_costs_the_others_nothing(resolver):
    resolver[0].update({"mx1": socket.gaierror(socket.EAI_NONAME, ""), "mx2": ["203.0.113.5"]})
    (unresolved,), (fine,) = destinations([Target("mx1"), Target("mx2")])
    assert unresolved.error.kind == "unresolved"
    assert (unresolved.endpoint.host, unresolved.endpoint.address) == ("mx1", None)
    assert fine.error is None


def test_an_interrupted_run_does_not_look_up_the_rest(monkeypatch):
    asked = []

    def slow(host, family):
        asked.append(host)
        if host == "mx0":
            raise KeyboardInterrupt
        time.sleep(0.02)
        return []

    monkeypatch.setattr(endpoints, "addresses", slow)
    monkeypatch.setattr(endpoints, "LOOKUPS_AT_ONCE", 1)
    with pytest.raises(KeyboardInterrupt):
        destinations([Target(f"mx{number}") for number in range(50)])
    assert len(asked) < 50


def host(name: str, *found: str, **facts: t.Any) -> t.Dict[str, t.Any]:
    """What is known of a host."""
    addresses = [{"address": address, "family": "ipv6" if ":" in address else "ipv4"} for address in found]
    status = "found" if found else "nxdomain"
    return {
        "host": name,
        "preference": 10,
        "source": "mx",
        "status": status,
        "detail": None,
        "addresses": addresses,
        **facts,
    }


def known(*hosts: t.Dict[str, t.Any], status: str = "mx", overrides: t.Any = None, **facts: t.Any) -> Known:
    route = {"domain": "contoso.com", "status": status, "answer": "found", "detail": None, "mx": hosts, "seconds": 0.1}
    routes = {"contoso.com": {**route, **facts}}
    return Known(routes, {entry["host"]: entry for entry in hosts}, overrides or {})


def places(target: Target, given: Known, beyond: bool = False) -> t.List[t.Tuple[t.Any, ...]]:
    """Host, address, port, source and error kind of each destination."""
    (found,) = destinations([target], given, beyond)
    ends = [(place.endpoint, place.error and place.error.kind) for place in found]
    return [(end.host, end.address, end.port, end.source, kind) for end, kind in ends]


DOMAIN = Target(domain="contoso.com")
LOOPBACK = "127.0.0.1"  # the one address that every test machine has a way to


def test_a_domain_goes_to_its_hosts_and_nothing_is_asked_again(resolver):
    given = known(host("mx1", LOOPBACK), host("mx2", preference=20), host("", status="null"))
    assert places(DOMAIN, given) == [
        ("mx1", LOOPBACK, 25, "mx", None),
        ("mx2", None, 25, "mx", "unresolved"),
    ]
    assert resolver[1] == {}


@pytest.mark.parametrize(("mx", "hosts"), [(1, ["mx1"]), (2, ["mx1", "mx2"]), (None, ["mx1", "mx2", "mx3"])])
def test_as_many_hosts_as_are_wanted(mx, hosts):
    given = known(*(host(f"mx{number}", LOOPBACK) for number in (1, 2, 3)))
    assert [place[0] for place in places(DOMAIN._replace(mx=mx), given)] == hosts


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (known(status="no_such_domain"), "unresolved"),
        (known(status="no_mail_host"), "unresolved"),
        (known(host("", status="null"), status="null_mx"), "null_mx"),
        (known(status="unknown", answer="timeout"), "resolver"),
        (known(status="unknown", answer="servfail"), "resolver"),
        (known(status="unknown", answer="tunnel"), "resolver"),
        (known(status="unknown", answer="bogus"), "bogus"),
        (known(status="unknown", answer="alias_loop"), "unresolved"),
        (known(host("mx1", status="literal")), "unresolved"),
        (known(host("mx1", status="timeout")), "resolver"),
        (known(host("mx1", status="bogus")), "bogus"),
        (known(host("mx1", status="nodata")), "unresolved"),
    ],
)
def test_why_a_domain_leads_nowhere(given, kind):
    assert [place[4] for place in places(DOMAIN, given)] == [kind]


def test_a_family_that_is_wanted_or_that_there_is_no_way_for():
    both = known(host("mx1", LOOPBACK, "2001:db8:dead::1"))
    assert [place[1] for place in places(DOMAIN._replace(address_family="ipv4"), both)] == [LOOPBACK]
    assert places(DOMAIN._replace(address_family="ipv6"), known(host("mx1", LOOPBACK)))[0][4] == "unresolved"
    # Behind a jump host nobody knows which ways there are.
    assert len(places(DOMAIN, both, beyond=True)) == 2


def test_a_domain_leads_where_the_user_says_as_in_a_transport_map(resolver):
    resolver[0]["mx-new"] = ["203.0.113.7"]
    overrides = {"contoso.com": (Override("mx-new"), Override("203.0.113.9", 2525))}
    assert places(DOMAIN, Known(overrides=overrides)) == [
        ("mx-new", "203.0.113.7", 25, "override", None),
        ("203.0.113.9", "203.0.113.9", 2525, "override", None),
    ]


def test_a_host_leads_where_the_user_says_under_its_own_name():
    overrides = {"mx1": (Override(LOOPBACK),)}
    assert places(DOMAIN, known(host("mx1", "203.0.113.5"), overrides=overrides)) == [
        ("mx1", LOOPBACK, 25, "override", None)
    ]
    assert places(Target("MX1"), Known(overrides=overrides)) == [("MX1", LOOPBACK, 25, "override", None)]


def test_beyond_a_jump_host_nothing_is_looked_up(resolver):
    (named,), (literal,) = destinations([Target("mx1"), Target("2001:db8::5")], beyond=True)
    assert (named.endpoint.host, named.endpoint.address, named.endpoint.family) == ("mx1", None, None)
    assert (literal.endpoint.address, literal.endpoint.family) == ("2001:db8::5", "ipv6")
    assert resolver[1] == {}


@pytest.mark.parametrize(
    ("version", "trouble"),
    [
        ((1, 16, "1.16.0"), None),
        ((2, 7, "2.7.0"), None),
        ((1, 15, "1.15.0"), "is too old here: it is 1.15.0, and 1.16 is needed"),
        (None, "is not what is installed here under the name dns"),
    ],
)
def test_a_library_that_is_too_old_is_refused(monkeypatch, version, trouble):
    pytest.importorskip("dns")
    known = version and types.SimpleNamespace(MAJOR=version[0], MINOR=version[1], version=version[2])
    monkeypatch.setitem(sys.modules, "dns.version", known)
    monkeypatch.setattr(sys.modules["dns"], "version", known, raising=False)
    if version is None:
        monkeypatch.delattr(sys.modules["dns"], "version")
    assert mail_exchangers.dnspython_trouble() == trouble
