# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What only several checks of one vantage show together: the vantage's blocked egress, a dead address among living
ones, a proxy that answers for everybody. Each such finding takes the place of the weaker ones that it explains."""

from __future__ import annotations

import re
import typing as t

from .conditions import Check
from .judgement import diagnose, judgement
from .recognition import Found, without_consequences
from .signature import Signature
from .signatures import several as signatures
from .vantages import endpoint_of, find_differences, is_greeted
from .verdicts import count, worst

_DOMAINS_SHOWN = 3

# A dialog that broke off here never reached a mail server.
_BEFORE_SMTP = ("resolve", "connect", "proxy", "banner")

# With these no host has answered on port 25, nor was it the port that kept it from doing so: a vantage without IPv6, or
# a name that nobody has, says nothing about the others.
_NO_ANSWER = frozenset(("tcp.timeout", "tcp.unreachable", "dns.nxdomain", "dns.null_mx", "dns.bogus", "dns.resolver"))


class _Case(t.NamedTuple):
    """A check as judged by itself, and what was found in it, which the rules below add to."""

    check: t.Dict[str, t.Any]
    found: t.List[Found]
    found_alone: int


def judge_run(checks: t.Iterable[Check], domains: t.Sequence[t.Mapping[str, t.Any]] = ()) -> t.Dict[str, t.Any]:
    """The judgement of all checks of a run.

    ``checks`` are checks in the shape of docs/facts.schema.json, with or without an earlier judgement. Returns
    ``{checks, verdict, counts, summary}``, to be merged into a run record: ``checks`` are new, in the same order, each
    with ``verdict, summary, findings, unmet`` and its ``banner.software``.

    ``domains``: the mail domains among the targets, each with what the DNS said (mail_domains.judge_domain), or as an
    earlier judgement left them. The run's verdict counts each as its senders would experience it, not its checks.
    """
    judging = Judging()
    for position, check in enumerate(checks):
        judging.add(position, check)
    return judging.finish(domains)


class Judging:
    """The same while the checks come in: each is judged by itself at once, and all of them together at the end."""

    def __init__(self) -> None:
        self._cases: t.Dict[int, _Case] = {}

    def add(self, position: int, check: Check) -> t.Dict[str, t.Any]:
        """A check that has ended, and where it stands among all. Returns it with its judgement, as far as it alone
        shows that."""
        found = diagnose(check)
        judged = _with_judgement(check, without_consequences(found))
        # What it was made of is let go: ten thousand checks need not be there twice.
        self._cases[position] = _Case(judged, found, len(found))
        return judged

    def finish(self, domains: t.Sequence[t.Mapping[str, t.Any]] = ()) -> t.Dict[str, t.Any]:
        return _judged([self._cases[position] for position in sorted(self._cases)], domains)


def _judged(cases: t.List[_Case], domains: t.Sequence[t.Mapping[str, t.Any]]) -> t.Dict[str, t.Any]:
    for vantage_cases in _grouped(cases, lambda check: check["vantage"]["name"]).values():
        _find_blocked_egress(vantage_cases)
        _find_interception(vantage_cases)
        _find_late_greetings(vantage_cases)
        for host_cases in _grouped(vantage_cases, _service).values():
            if len(host_cases) > 1:
                _find_dead_addresses(host_cases)
    for endpoint_cases in _grouped(cases, endpoint_of).values():
        if len(endpoint_cases) > 1:
            find_differences([(case.check, case.found) for case in endpoint_cases])

    judged = [
        case.check
        if len(case.found) == case.found_alone
        else _with_judgement(case.check, without_consequences(case.found))
        for case in cases
    ]
    counts = count(check["verdict"] for check in judged)
    verdicts = [check["verdict"] for check in judged]
    summary = _summary(judged, counts)
    judged_domains: t.List[t.Dict[str, t.Any]] = []
    if domains:
        # Only who checks mail domains pays for it.
        from .mail_domains import belonging, judge_domain
        from .views import differing

        views = differing([domain["route"] for domain in domains])
        judged_domains = [judge_domain(domain, judged, views.get(index)) for index, domain in enumerate(domains)]
        of_domains = belonging(judged, judged_domains)
        verdicts = [check["verdict"] for check, belongs in zip(judged, of_domains) if not belongs]
        verdicts += [domain["verdict"] for domain in judged_domains]
        if all(of_domains):
            summary = " ".join(domain["summary"] for domain in judged_domains[:_DOMAINS_SHOWN])
    return {
        "checks": judged,
        "domains": judged_domains,
        "verdict": worst(verdicts),
        "counts": counts,
        "summary": summary,
    }


def _with_judgement(check: Check, found: t.Sequence[Found]) -> t.Dict[str, t.Any]:
    conclusions = judgement(check, found)
    product = conclusions.pop("software")
    banner = check["banner"]
    return {**check, "banner": banner and {**banner, "software": product}, **conclusions}


def _summary(judged: t.Sequence[Check], counts: t.Mapping[str, int]) -> str:
    if not judged:
        return "No check was made."
    if len(judged) == 1:
        return str(judged[0]["summary"])
    overview = ", ".join(f"{number} {verdict.replace('_', ' ')}" for verdict, number in reversed(list(counts.items())))
    worst_verdict = list(counts)[-1]
    if worst_verdict in ("pass", "not_tested"):
        return f"{len(judged)} checks: {overview}."
    first = next(check for check in judged if check["verdict"] == worst_verdict)
    return f"{len(judged)} checks: {overview}. From {first['vantage']['name']}: {first['summary']}"


def _find_blocked_egress(cases: t.Sequence[_Case]) -> None:
    """Port 25 of unrelated hosts answers nothing, and of no host anything."""
    on_port_25 = [case for case in cases if case.check["endpoint"]["port"] == 25 and case.check["steps"]]
    unanswered = [case for case in on_port_25 if "tcp.timeout" in _ids(case)]
    if all(_ids(case) & _NO_ANSWER for case in on_port_25) and _any_unrelated([case.check for case in unanswered]):
        for case in unanswered:
            _add(case, signatures.EGRESS_BLOCKED)


def _find_interception(cases: t.Sequence[_Case]) -> None:
    """Unrelated targets greet with one name that belongs to none of them."""
    by_name = _grouped([case for case in cases if _foreign_name(case.check)], lambda check: check["banner"]["hostname"])
    for same_name in by_name.values():
        if _any_unrelated([case.check for case in same_name]):
            for case in same_name:
                _add(case, signatures.INTERCEPTED)


def _find_late_greetings(cases: t.Sequence[_Case]) -> None:
    """Unrelated servers greet late, and none in time: then it is not they who are slow."""
    late = [case for case in cases if "ban.slow" in _ids(case)]
    greeted = sum(1 for case in cases if is_greeted(case.check)) if late else 0
    if late and len(late) == greeted and _any_unrelated([case.check for case in late]):
        for case in late:
            _add(case, signatures.SLOW_EVERYWHERE)


def _find_dead_addresses(cases: t.Sequence[_Case]) -> None:
    """Some addresses of a host answer, others do not."""
    dead = [case for case in cases if _ids(case).intersection(signatures.NO_CONNECTION)]
    living = [case for case in cases if case.check["failed_phase"] not in _BEFORE_SMTP and case.check["steps"]]
    # One that answers now and then, over repetitions, is not dead.
    answering = {case.check["endpoint"]["address"] for case in living}
    dead = [case for case in dead if case.check["endpoint"]["address"] not in answering]
    if not dead or not living:
        return
    only_v6 = _families(dead) == {"ipv6"} and _families(living) == {"ipv4"}
    for case in dead:
        _add(case, signatures.V6_ONLY_FAILS if only_v6 else signatures.ONE_OF_MANY)


def _add(case: _Case, signature: Signature) -> None:
    """Adds a finding, shown by the steps of the findings that it explains."""
    explained = [entry for entry in case.found if entry.signature.id in signature.explains]
    phase = explained[0].phase if explained else signature.phases[0]
    steps = tuple(index for entry in explained for index in entry.steps)
    case.found.append(Found(signature, phase, steps))


def _ids(case: _Case) -> t.Set[str]:
    return {entry.signature.id for entry in case.found}


def _families(cases: t.Sequence[_Case]) -> t.Set[t.Optional[str]]:
    return {case.check["endpoint"]["family"] for case in cases}


def _service(check: Check) -> t.Tuple[str, int]:
    return check["endpoint"]["host"].lower(), check["endpoint"]["port"]


def _foreign_name(check: Check) -> bool:
    """Whether the banner names a full host name outside the domain that was asked for.

    Without the address nobody can tell a proxy from one provider's server behind the names of two customers.
    """
    name = check["banner"]["hostname"] if check["banner"] is not None else None
    endpoint = check["endpoint"]
    if name is None or "." not in name or endpoint["address"] is None or endpoint["family"] == "unix":
        return False
    return _operator(name) != _operator(endpoint["host"])


def _any_unrelated(checks: t.Sequence[Check]) -> bool:
    """Whether two of the checks went to different domains in different networks, so to different operators."""
    operators = {_operator(check["endpoint"]["host"]) for check in checks}
    networks = {_network(check["endpoint"]["address"]) for check in checks}
    # An address that was not seen, behind a jump host, does not make two domains related.
    return len(operators) > 1 and (len(networks) > 1 or None in networks)


def _operator(host: str) -> t.Optional[str]:
    """Enough of a name or address to tell operators apart: two labels, or the network."""
    labels = host.lower().rstrip(".").split(".")
    # A top-level domain may hold digits and hyphens (xn--p1ai), and is never a number.
    return _network(host) if labels[-1].isdigit() or ":" in host else ".".join(labels[-2:])


def _network(address: t.Optional[str]) -> t.Optional[str]:
    """The first three parts, so /24 of IPv4 and at most /48 of IPv6; None for an address that was not seen."""
    return None if address is None else re.sub(r"^(\w*[.:]\w*[.:]\w*).*$", r"\1", address)


def _grouped(cases: t.Sequence[_Case], key: t.Callable[[Check], t.Any]) -> t.Dict[t.Any, t.List[_Case]]:
    groups: t.Dict[t.Any, t.List[_Case]] = {}
    for case in cases:
        groups.setdefault(key(case.check), []).append(case)
    return groups
