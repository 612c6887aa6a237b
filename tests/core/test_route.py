# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what the user named to where the octets go, without asking any name server."""

from __future__ import annotations

import collections
import socket
import threading
import time
import typing as t

import pytest
from mailops_smtp.evidence import StepError
from mailops_smtp.route import addresses as addresses_module
from mailops_smtp.route import endpoints
from mailops_smtp.route.addresses import Address, addresses
from mailops_smtp.route.endpoints import destinations, destinations_beyond
from mailops_smtp.route.mail_exchangers import MailExchanger, mail_exchangers


class Target(t.NamedTuple):
    host: t.Optional[str] = None
    domain: t.Optional[str] = None
    port: int = 25
    address_family: str = "any"


@pytest.fixture
def resolver(monkeypatch):
    """What getaddrinfo answers, by name: addresses, or the exception to raise; and how often each name was asked.

    The vantage is one that has IPv4 only.
    """
    answers: t.Dict[str, t.Any] = {}
    asked: t.Counter[str] = collections.Counter()
    counting = threading.Lock()

    def getaddrinfo(host, port, family, kind, protocol, flags):
        with counting:
            asked[host] += 1
        answer = answers[host]
        if isinstance(answer, Exception):
            raise answer
        found = []
        if flags == socket.AI_ADDRCONFIG and all(":" in address for address in answer):
            raise socket.gaierror(socket.EAI_NODATA, "No address associated with hostname")
        for address in answer:
            if flags == socket.AI_ADDRCONFIG and ":" in address:
                continue
            of = socket.AF_INET6 if ":" in address else socket.AF_INET
            if family in (socket.AF_UNSPEC, of):
                # As the real one does for a socket type that is given; and one family that is no business of ours.
                found += [(of, kind, 6, "", (address, 0)), (socket.AF_UNIX, kind, 6, "", ("/", 0))]
        return found

    monkeypatch.setattr(addresses_module.socket, "getaddrinfo", getaddrinfo)
    return answers, asked


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


def test_a_domain_goes_to_its_mail_exchangers(resolver, monkeypatch):
    hosts = {
        "contoso.com": [MailExchanger("mx1", 10, "mx"), MailExchanger("mx2", 20, "mx")],
        "fabrikam.com": StepError("null_mx", "takes no mail"),
    }
    monkeypatch.setattr(endpoints, "mail_exchangers", hosts.__getitem__)
    resolver[0].update({"mx1": ["203.0.113.5"], "mx2": socket.gaierror(socket.EAI_AGAIN, "")})
    found, (null,) = destinations([Target(domain="contoso.com"), Target(domain="fabrikam.com")])
    assert [(place.endpoint.host, place.endpoint.source, place.endpoint.preference) for place in found] == [
        ("mx1", "mx", 10),
        ("mx2", "mx", 20),
    ]
    assert [place.error and place.error.kind for place in found] == [None, "resolver"]
    assert (null.endpoint.host, null.error.kind) == ("fabrikam.com", "null_mx")


def test_beyond_a_jump_host_nothing_is_looked_up(resolver):
    (named,), (literal,) = destinations_beyond([Target("mx1"), Target("2001:db8::5")])
    assert (named.endpoint.host, named.endpoint.address, named.endpoint.family) == ("mx1", None, None)
    assert (literal.endpoint.address, literal.endpoint.family) == ("2001:db8::5", "ipv6")
    assert resolver[1] == {}


# Mail exchangers.


@pytest.fixture
def mx(monkeypatch):
    """Lets a test say what the MX lookup answers: records as text, or the exception to raise."""
    resolver = pytest.importorskip("dns.resolver")
    rrset = pytest.importorskip("dns.rrset")

    def answer(outcome):
        def resolve(name, kind, lifetime):
            assert (name, kind) == ("contoso.com.", "MX"), "the final dot keeps search lists out of it"
            if isinstance(outcome, Exception):
                raise outcome
            return rrset.from_text(name, 300, "IN", kind, *outcome)

        monkeypatch.setattr(resolver, "resolve", resolve)
        return mail_exchangers("contoso.com")

    return answer


def test_the_preferred_exchangers_come_first(mx):
    assert mx(["20 mx2.contoso.com.", "10 mx1.contoso.com."]) == [
        MailExchanger("mx1.contoso.com", 10, "mx"),
        MailExchanger("mx2.contoso.com", 20, "mx"),
    ]


def test_a_null_mx(mx):
    error = mx(["0 ."])
    assert error == StepError("null_mx", "The domain contoso.com says by a null MX that it takes no mail (RFC 7505).")


def test_a_null_mx_beside_a_real_one_is_ignored(mx):
    assert mx(["0 .", "10 mx1.contoso.com."]) == [MailExchanger("mx1.contoso.com", 10, "mx")]


def test_a_domain_that_does_not_exist(mx):
    resolver = pytest.importorskip("dns.resolver")
    assert mx(resolver.NXDOMAIN()) == StepError("unresolved", "The domain contoso.com does not exist.")


def test_a_domain_without_mx_is_its_own_mail_host(mx):
    resolver = pytest.importorskip("dns.resolver")

    class NoAnswer(resolver.NoAnswer):
        def __init__(self):
            """The real one wants the whole response."""

    assert mx(NoAnswer()) == [MailExchanger("contoso.com", None, "implicit-mx")]


@pytest.mark.parametrize("name", ["NoNameservers", "LifetimeTimeout", "OSError"])
def test_no_answer_is_not_no_mx(mx, name):
    resolver = pytest.importorskip("dns.resolver")
    failures = {
        "NoNameservers": resolver.NoNameservers,
        "LifetimeTimeout": lambda: resolver.LifetimeTimeout(timeout=10, errors=[]),
        "OSError": lambda: OSError("no route"),
    }
    error = mx(failures[name]())
    assert error.kind == "resolver"
    assert error.detail.startswith("The MX records of contoso.com could not be looked up: ")
