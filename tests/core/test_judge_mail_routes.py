# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What zones show of a domain's mail: each finding by a zone that shows it and one that nearly does."""

from __future__ import annotations

import copy
import typing as t

import pytest

pytest.importorskip("dns")

import dns.flags
import dns.rcode
from mailops_smtp.judge.mail_routes import judge_route
from mailops_smtp.judge.signatures.mail_routes import SIGNATURES
from mailops_smtp.judge.verdicts import CONFIDENCES, OWNERS, SEVERITIES, VERDICTS
from mailops_smtp.judge.views import differing
from mailops_smtp.route.lookup import Asking, look_up
from mailops_smtp.route.mail_route import CHECKS, Wishes
from mailops_smtp.route.name_servers import named
from mailops_smtp.route.resolver import Limits

from tests import repository
from tests.core.name_server import NameServer, reply, zone

DOMAIN = "contoso.com"
SPF = f'{DOMAIN}. 300 IN TXT "v=spf1 ip4:203.0.113.5 -all"'
DMARC = f'_dmarc.{DOMAIN}. 300 IN TXT "v=DMARC1; p=reject"'
RPT = f'_smtp._tls.{DOMAIN}. 300 IN TXT "v=TLSRPTv1; rua=mailto:tls@{DOMAIN}"'
MX1 = f"{DOMAIN}. 300 IN MX 10 mx1.{DOMAIN}."
ADDRESS = f"mx1.{DOMAIN}. 300 IN A 203.0.113.5"
POINTER = f"5.113.0.203.in-addr.arpa. 300 IN PTR mx1.{DOMAIN}."
TLSA = f"_25._tcp.mx1.{DOMAIN}. 300 IN TLSA 3 1 1 {'ab' * 32}"
HEALTHY = (MX1, ADDRESS, POINTER, SPF, DMARC)
SIGNED = (DOMAIN, f"mx1.{DOMAIN}", f"_25._tcp.mx1.{DOMAIN}")
EVERY = frozenset(CHECKS) - {"authority", "mta_sts"}


class Zone(t.NamedTuple):
    records: t.Sequence[str]
    secure: t.Sequence[str] = ()
    selectors: t.Tuple[str, ...] = ()
    clients: t.Tuple[str, ...] = ()
    fails: t.Mapping[str, t.Optional[int]] = {}
    checks: t.FrozenSet[str] = EVERY


def looked_up(given: Zone, domain: str = DOMAIN) -> t.Dict[str, t.Any]:
    answers = zone(*given.records, secure=given.secure)

    def behaviour(question: t.Any, transport: str) -> t.Any:
        name = question.question[0].name.to_text(True)
        if name in given.fails:
            rcode = given.fails[name]
            return None if rcode is None else reply(question, rcode=rcode)
        return answers(question, transport)

    wishes = Wishes(given.checks, selectors=given.selectors, clients=given.clients)
    with NameServer(behaviour) as server:
        asking = Asking(named([server.address]), limits=Limits(0.3, 1.0))
        (route,) = look_up([domain], wishes, asking)
    return route


def judged(given: Zone) -> t.Dict[str, t.Any]:
    return judge_route(looked_up(given))


def findings(route: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """All of them by their ids."""
    every = [*route["findings"], *(finding for host in route["mx"] for finding in host["findings"])]
    return {finding["id"]: finding for finding in every}


def without(*left_out: str) -> t.Tuple[str, ...]:
    return tuple(record for record in HEALTHY if record not in left_out)


def key(value: str) -> str:
    return f's1._domainkey.{DOMAIN}. 300 IN TXT "v=DKIM1; {value}"'


def sts(policy: t.Optional[t.Dict[str, t.Any]], **changes: t.Any) -> t.Dict[str, t.Any]:
    """A route with what a web server would have said."""
    route = looked_up(Zone(HEALTHY))
    hosts = [{"host": f"mx1.{DOMAIN}", "matches": False}] if policy is not None else []
    found = {
        "name": f"_mta-sts.{DOMAIN}", "status": "found", "record": "v=STSv1; id=1", "problem": None, "detail": None,
        "secure": False, "id": "1", "policy": policy, "policy_problem": None, "policy_host_reached": True,
        "hosts": hosts, **changes,
    }  # fmt: skip
    return {**route, "policies": {**route["policies"], "mta_sts": found}}


def authority(*servers: t.Dict[str, t.Any], agrees: t.Optional[bool]) -> t.Dict[str, t.Any]:
    route = looked_up(Zone(HEALTHY))
    whole = [
        {"server": "ns1", "address": "192.0.2.1", "authoritative": True, "mx": [], "addresses": [], "ttl": 1,
         "status": "found", "detail": None, **server}
        for server in servers
    ]  # fmt: skip
    return {**route, "authority": {"zone": DOMAIN, "detail": None, "servers": whole, "agrees": agrees}}


def asked_for_tlsa(status: str) -> t.Dict[str, t.Any]:
    """A route whose TLSA records came to this, where the DNS is secured otherwise."""
    route = looked_up(Zone(HEALTHY, SIGNED))
    (host,) = route["mx"]
    (tlsa,) = host["tlsa"]
    answer = {**tlsa, "status": status, "detail": "192.0.2.1 said nothing", "records": []}
    return {**route, "mx": [{**host, "tlsa": [answer]}]}


def views(other: t.Dict[str, t.Any]) -> t.Dict[str, t.Any]:
    """A route, and beside it one that another vantage was told, which differs in these fields."""
    route = {**looked_up(Zone(HEALTHY)), "vantage": "lan"}
    words = differing([route, {**route, "vantage": "fra", **other}]).get(0)
    return {**route, "views": words}


ENFORCE = {"mode": "enforce", "mx": ["other.contoso.com"], "max_age": 86400}
NULL = f"{DOMAIN}. 300 IN MX 0 ."

# id: (what shows it, what nearly does)
CASES: t.Dict[str, t.Tuple[t.Any, t.Any]] = {
    "dns.servfail": (Zone(HEALTHY, fails={DOMAIN: 2}), Zone(HEALTHY, fails={DOMAIN: 5})),
    "dns.bogus": ("bogus", Zone(HEALTHY, fails={DOMAIN: 2})),
    "dns.alias_loop": (
        Zone([f"{DOMAIN}. 1 IN CNAME a.com.", "a.com. 1 IN CNAME contoso.com."]),
        Zone([f"{DOMAIN}. 1 IN CNAME a.com.", "a.com. 1 IN MX 10 mx1.contoso.com.", ADDRESS]),
    ),
    "dns.no_mx_implicit": (Zone([f"{DOMAIN}. 300 IN A 203.0.113.5"]), Zone(HEALTHY)),
    "dns.no_mx_no_addr": (Zone([SPF]), Zone([SPF, f"{DOMAIN}. 300 IN AAAA 2001:db8::5"])),
    "dns.no_mx_usable": (Zone([MX1]), Zone([MX1, f"{DOMAIN}. 300 IN MX 20 mx2.com.", "mx2.com. 1 IN A 203.0.113.6"])),
    "dns.null_mx_mixed": (Zone([NULL, MX1, ADDRESS]), Zone([NULL])),
    "dns.null_mx_odd": (Zone([f"{DOMAIN}. 300 IN MX 10 ."]), Zone([NULL])),
    "dns.mx_cname": (
        Zone([MX1, f"mx1.{DOMAIN}. 1 IN CNAME a.com.", "a.com. 1 IN A 203.0.113.5"]),
        # The domain may be an alias; its mail hosts may not.
        Zone([f"{DOMAIN}. 1 IN CNAME b.com.", "b.com. 1 IN MX 10 mx1.contoso.com.", ADDRESS]),
    ),
    "dns.mx_literal": (Zone([f"{DOMAIN}. 300 IN MX 10 203.0.113.5."]), Zone(HEALTHY)),
    "dns.mx_private": (
        Zone([MX1, f"mx1.{DOMAIN}. 1 IN A 10.0.0.1"]),
        Zone([MX1, f"mx1.{DOMAIN}. 1 IN A 11.0.0.1"]),
    ),
    "dns.mx_no_addr": (Zone([MX1, f'mx1.{DOMAIN}. 1 IN TXT "x"']), Zone(HEALTHY)),
    "dns.mx_unknown": (Zone(HEALTHY, fails={f"mx1.{DOMAIN}": None}), Zone([MX1])),
    "dns.mx_bogus": ("bogus host", Zone(HEALTHY, fails={f"mx1.{DOMAIN}": 2})),
    "dns.mx_many": (
        Zone([f"{DOMAIN}. 1 IN MX {number} 203.0.113.{number}." for number in range(101)]),
        Zone([f"{DOMAIN}. 1 IN MX {number} 203.0.113.{number}." for number in range(100)]),
    ),
    "dns.ptr_missing": (Zone(without(POINTER)), Zone(HEALTHY, fails={"5.113.0.203.in-addr.arpa": 2})),
    "dns.ptr_mismatch": (
        Zone([*without(POINTER), "5.113.0.203.in-addr.arpa. 1 IN PTR b.com.", "b.com. 1 IN A 203.0.113.9"]),
        Zone([*without(POINTER), "5.113.0.203.in-addr.arpa. 1 IN PTR b.com.", "b.com. 1 IN A 203.0.113.5"]),
    ),
    "dns.authority_differs": (authority({"mx": ["10 a.com"]}, agrees=False), authority({}, agrees=True)),
    "dns.view_differs": (views({"status": "null_mx", "mx": []}), views({})),
    "dns.lame": (authority({"authoritative": False}, agrees=None), authority({}, agrees=True)),
    "spf.missing": (Zone(without(SPF)), Zone(HEALTHY, fails={DOMAIN: 2})),
    "spf.invalid": (
        Zone([*HEALTHY, f'{DOMAIN}. 300 IN TXT "v=spf1 +all"']),
        # Whatever else stands there is not SPF's business.
        Zone([*HEALTHY, f'{DOMAIN}. 300 IN TXT "v=spf10 +all"']),
    ),
    "spf.not_covered": (Zone(HEALTHY, clients=("203.0.113.6",)), Zone(HEALTHY, clients=("203.0.113.5",))),
    "dmarc.missing": (Zone(without(DMARC)), Zone(HEALTHY)),
    "dmarc.invalid": (
        Zone([*without(DMARC), f'_dmarc.{DOMAIN}. 300 IN TXT "v=DMARC1; p=perhaps"']),
        Zone([*without(DMARC), '_dmarc.com. 300 IN TXT "v=DMARC1; p=none"']),
    ),
    "dkim.missing": (Zone(HEALTHY, selectors=("s1",)), Zone([*HEALTHY, key("p=AAAA")], selectors=("s1",))),
    "dkim.invalid": (
        Zone([*HEALTHY, key("p=not base64!")], selectors=("s1",)),
        Zone([*HEALTHY, key("p=AA AA")], selectors=("s1",)),
    ),
    "dkim.revoked": (Zone([*HEALTHY, key("p=")], selectors=("s1",)), Zone([*HEALTHY, key("k=x")], selectors=("s1",))),
    "sts.invalid": (sts(None, problem="It has no id."), sts(None)),
    "sts.no_policy": (
        sts(None, policy_problem="It says 404."),
        sts(None, policy_problem="It says nothing.", policy_host_reached=False),
    ),
    "sts.unreached": (
        sts(None, policy_problem="It says nothing.", policy_host_reached=False),
        sts(None, policy_problem="It says 404."),
    ),
    "sts.mx_not_listed": (sts(ENFORCE), sts({**ENFORCE, "mode": "none"})),
    "rpt.missing": (Zone([*HEALTHY, TLSA]), Zone([*HEALTHY, TLSA, RPT])),
    "rpt.invalid": (
        Zone([*HEALTHY, f'_smtp._tls.{DOMAIN}. 300 IN TXT "v=TLSRPTv1; rua=tls@contoso.com"']),
        Zone([*HEALTHY, RPT]),
    ),
    "dane.insecure": (Zone([*HEALTHY, TLSA]), Zone([*HEALTHY, TLSA], SIGNED)),
    "dane.mx_insecure": (Zone([*HEALTHY, TLSA], SIGNED[1:]), Zone([*HEALTHY, TLSA], SIGNED)),
    "dane.unusable": (
        Zone([*HEALTHY, TLSA.replace("3 1 1", "1 1 1")], SIGNED),
        Zone([*HEALTHY, TLSA.replace("3 1 1", "1 1 1"), TLSA], SIGNED),
    ),
    "dane.lookup_failed": (
        Zone(HEALTHY, SIGNED, fails={f"_25._tcp.mx1.{DOMAIN}": 2}),
        asked_for_tlsa("tunnel"),
    ),
    "dane.unknown": (asked_for_tlsa("tunnel"), asked_for_tlsa("timeout")),
}  # fmt: skip


def route_of(case: t.Any) -> t.Dict[str, t.Any]:
    if isinstance(case, Zone):
        return looked_up(case)
    if case == "bogus":
        return {**looked_up(Zone([])), "status": "unknown", "answer": "bogus", "dnssec": "bogus"}
    if case == "bogus host":
        route = looked_up(Zone([MX1]))
        return {**route, "mx": [{**route["mx"][0], "status": "bogus", "detail": "the signatures are wrong"}]}
    return t.cast("t.Dict[str, t.Any]", copy.deepcopy(case))


def judge(route: t.Dict[str, t.Any]) -> t.Dict[str, t.Any]:
    words = route.pop("views", None)
    return judge_route(route, views=words)


def test_every_signature_has_a_case() -> None:
    assert set(CASES) == {"dns.bogus", *(signature.id for signature in SIGNATURES)}


@pytest.mark.parametrize("identifier", CASES)
def test_the_signature_tells_a_zone_from_one_that_is_nearly_the_same(identifier: str) -> None:
    shows, nearly = (judge(route_of(case)) for case in CASES[identifier])
    finding = findings(shows)[identifier]
    assert identifier not in findings(nearly)
    assert all("{" not in finding[name] for name in ("title", "meaning", "next_step")), finding
    assert finding["reference_url"] == f"findings.md#{identifier.replace('.', '')}"
    assert f"\n### {identifier}\n" in (repository.ROOT / "docs" / "findings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda signature: signature.id)
def test_a_signature_uses_only_the_words_there_are(signature: t.Any) -> None:
    assert signature.verdict in VERDICTS
    assert signature.severity in SEVERITIES
    assert signature.owner in OWNERS
    assert signature.confidence in CONFIDENCES


def test_a_healthy_domain_passes_and_says_where() -> None:
    route = judged(Zone(HEALTHY))
    assert (route["verdict"], findings(route)) == ("pass", {})
    assert route["summary"] == "Mail for contoso.com goes to mx1.contoso.com."


def test_one_dead_host_of_two_impairs_and_two_of_two_fail() -> None:
    second = f"{DOMAIN}. 300 IN MX 20 mx2.{DOMAIN}."
    assert judged(Zone([*HEALTHY, second]))["verdict"] == "degraded"
    assert judged(Zone([MX1, second]))["verdict"] == "fail"


@pytest.mark.parametrize("rcode", [None, 2, 5])
def test_no_answer_is_never_no_mx(rcode: t.Optional[int]) -> None:
    route = judged(Zone(HEALTHY, fails={DOMAIN: rcode}))
    assert (route["status"], route["verdict"], route["mx"]) == ("unknown", "inconclusive", [])
    assert not {"dns.no_mx_implicit", "dns.no_mx_no_addr", "dns.nxdomain"} & set(findings(route))
    # Whoever reads the failed task has to know which name server that was, and what it did.
    assert route["detail"]
    assert route["summary"].endswith(f" ({route['detail']}).")


CIRCLE = (f"{DOMAIN}. 1 IN CNAME a.com.", f"a.com. 1 IN CNAME {DOMAIN}.")


@pytest.mark.parametrize(
    ("behaviour", "answer", "verdict"),
    [
        (lambda question, transport: reply(question, flags=dns.flags.TC), "malformed", "inconclusive"),
        (lambda question, transport: reply(question, MX1).to_wire()[:-20], "malformed", "inconclusive"),
        (lambda question, transport: reply(question, rcode=dns.rcode.NOTIMP), "malformed", "inconclusive"),
        (lambda question, transport: reply(question, *CIRCLE), "alias_loop", "fail"),
        # An answer to another question, and nothing but it.
        (lambda question, transport: b"\0\0" + reply(question, MX1).to_wire()[2:], "timeout", "inconclusive"),
    ],
)
def test_trouble_is_never_the_absence_of_records(behaviour: t.Any, answer: str, verdict: str) -> None:
    with NameServer(behaviour) as server:
        asking = Asking(named([server.address]), limits=Limits(0.3, 1.0))
        (route,) = look_up([DOMAIN], Wishes(EVERY), asking)
    route = judge_route(route)
    assert (route["status"], route["answer"], route["verdict"], route["mx"]) == ("unknown", answer, verdict, [])
    absences = {"dns.no_mx_implicit", "dns.no_mx_no_addr", "dns.nxdomain", "spf.missing"}
    assert not absences & set(findings(route))


def test_a_null_mx_is_no_host() -> None:
    route = judged(Zone([NULL]))
    assert (route["status"], route["verdict"]) == ("null_mx", "fail")
    assert route["summary"] == "contoso.com takes no mail."
    assert [host["addresses"] for host in route["mx"]] == [[]]


def test_hosts_of_equal_preference_are_shuffled_and_others_are_not() -> None:
    records = [f"{DOMAIN}. 1 IN MX 10 a{number}.com." for number in range(6)] + [f"{DOMAIN}. 1 IN MX 20 last.com."]
    orders = {tuple(host["host"] for host in looked_up(Zone(records))["mx"]) for _attempt in range(6)}
    assert len(orders) > 1
    assert {order[-1] for order in orders} == {"last.com"}


def test_judging_again_changes_nothing() -> None:
    route = judged(Zone([*without(POINTER), TLSA]))
    before = copy.deepcopy(route)
    assert judge_route(route) == before
    assert route == before


def test_what_a_zone_says_cannot_drive_a_terminal() -> None:
    route = judged(
        Zone([*without(SPF), f'{DOMAIN}. 300 IN TXT "v=spf1 \\027[2J{{host}} -all"'], clients=("192.0.2.1",))
    )
    assert "\x1b" not in str(route)
    assert route["policies"]["spf"]["record"].startswith("v=spf1 \\x1b[2J")


@pytest.mark.parametrize(
    ("suffixes", "expected"),
    [
        (("nowhere.test", "corp.test"), "contoso.com.corp.test"),
        # A resolver without a search list leads nowhere else.
        ((), None),
        (("nowhere.test",), None),
    ],
)
def test_what_a_search_list_makes_of_a_domain_that_does_not_exist(
    suffixes: t.Tuple[str, ...], expected: t.Optional[str]
) -> None:
    with NameServer(zone("contoso.com.corp.test. 300 IN A 203.0.113.5")) as server:
        asking = Asking(named([server.address])._replace(search=suffixes), limits=Limits(0.3, 1.0))
        (route,) = look_up([DOMAIN], Wishes(frozenset()), asking)
    judged = judge_route(route, "lan")
    assert (route["status"], route["completed"], judged["verdict"]) == ("no_such_domain", expected, "fail")
    # Nothing of it counts as an answer.
    assert route["mx"] == []
    assert ("dns.suffix_added" in findings(judged)) is (expected is not None)


def test_a_domain_that_exists_is_never_completed() -> None:
    records = (*HEALTHY, f"{DOMAIN}.corp.test. 300 IN MX 10 evil.test.")
    with NameServer(zone(*records)) as server:
        asking = Asking(named([server.address])._replace(search=("corp.test",)), limits=Limits(0.3, 1.0))
        (route,) = look_up([DOMAIN], Wishes(frozenset()), asking)
    assert route["completed"] is None
    assert not any("corp" in name for name, _kind, _transport in server.asked)


@pytest.mark.parametrize("status", ["refused", "unreachable", "tunnel"])
def test_a_resolver_that_cannot_be_asked_is_the_vantages_own(status: str) -> None:
    judged = judge(asked_for_tlsa(status))
    assert judged["verdict"] == "inconclusive"
    assert findings(judged)["dane.unknown"]["owner"] == "vantage"
