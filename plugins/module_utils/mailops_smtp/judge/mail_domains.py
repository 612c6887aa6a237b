# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The verdict over the mail hosts of a domain, as one of its senders would experience them.

A sender tries the hosts in the order of their preference, those of equal preference in any order, and each of their
addresses (RFC 5321 5.1). What keeps it from starting a transaction, or asks it to come back, makes it go on to the
next. A permanent refusal of the envelope or the message does not: the mail is returned there and then (RFC 5321 4.2.1).
"""

from __future__ import annotations

import typing as t

from .mail_routes import judge_route
from .verdicts import SEVERITIES, count, rank, worst

Check = t.Mapping[str, t.Any]

# RFC 5321 4.5.4.1, and what Postfix, Exim and Exchange do: what is refused before these sends them to the next host.
_TRANSACTION = ("mail", "rcpt", "data", "message")

_IN_ORDER = ("mx", "implicit-mx", "override")


def judge_domain(
    domain: t.Mapping[str, t.Any], checks: t.Sequence[Check], views: t.Optional[t.Dict[str, str]] = None
) -> t.Dict[str, t.Any]:
    """``{vantage, target, domain, port, verdict, counts, summary, route}``.

    ``domain`` has ``vantage``, ``target``, ``domain``, ``port`` and ``route``, which is None where the user said where
    mail goes; ``checks`` are all judged ones of a run, or of several. ``views``: words about what other vantages were
    told (views.py).
    """
    own = [check for check in checks if _belongs(check, domain)]
    vantage = domain.get("vantage") or (own[0]["vantage"]["name"] if own else "the vantage")
    route = None
    if domain["route"] is not None:
        # Where the controller asked for a managed host, the route says so.
        route = judge_route(domain["route"], domain["route"].get("vantage") or vantage, views)
    # What the DNS alone shows about policies is not in a check's way, but a sender may heed it.
    verdicts = [_verdict(own)] if own else []
    if route is not None and worst(verdicts) in ("pass", "not_tested"):
        verdicts.append("degraded" if route["verdict"] == "degraded" else "pass")
    verdict = worst(verdicts)
    return {
        "vantage": vantage,
        "target": domain["target"],
        "domain": domain["domain"],
        "port": domain["port"],
        "verdict": verdict,
        "counts": count(check["verdict"] for check in own),
        "summary": _summary(domain["domain"], verdict, own, route),
        "route": route,
    }


def belonging(checks: t.Sequence[Check], domains: t.Sequence[t.Mapping[str, t.Any]]) -> t.List[bool]:
    """For each check whether it is one of a domain's."""
    return [any(_belongs(check, domain) for domain in domains) for check in checks]


def _belongs(check: Check, domain: t.Mapping[str, t.Any]) -> bool:
    endpoint = check["endpoint"]
    if check["target"] != domain["target"] or endpoint["source"] not in _IN_ORDER:
        return False
    # Runs of earlier versions do not have the field, and are of one vantage.
    if domain.get("vantage") not in (None, check["vantage"]["name"]):
        return False
    # The same domain on another port is another target; only the user's word may lead to another port.
    return bool(endpoint["port"] == domain["port"] or endpoint["source"] == "override")


def _verdict(checks: t.Sequence[Check]) -> str:
    verdicts = [check["verdict"] for check in checks]
    if any(verdict == "inconclusive" for verdict in verdicts):
        # Nobody knows what a sender elsewhere would have met there.
        return "inconclusive"
    tried = [check for check in checks if check["verdict"] != "not_tested"]
    for group in _by_preference(tried):
        if any(_returns(check) for check in group):
            return "fail"
        if any(_delivers(check) for check in group):
            return "pass" if set(verdicts) <= {"pass", "not_tested"} else "degraded"
    # Nobody takes it now; with one that only asks to come back, it is delivered later.
    return "deferred" if "deferred" in verdicts else worst(verdicts)


def _by_preference(checks: t.Sequence[Check]) -> t.List[t.List[Check]]:
    groups: t.Dict[t.Any, t.List[Check]] = {}
    for check in checks:
        groups.setdefault(check["endpoint"]["preference"] or 0, []).append(check)
    return [groups[preference] for preference in sorted(groups)]


def _delivers(check: Check) -> bool:
    return check["verdict"] in ("pass", "degraded")


def _returns(check: Check) -> bool:
    """Whether the mail comes back from here: 5yz to the envelope or the message. A sender does not ask the next."""
    if check["verdict"] != "fail" or check["failed_phase"] not in _TRANSACTION:
        return False
    replies = [step["reply"] for step in check["steps"] if step["phase"] == check["failed_phase"] and step["reply"]]
    return any(500 <= (reply["code"] or 0) <= 599 for reply in replies)


def _summary(name: str, verdict: str, checks: t.Sequence[Check], route: t.Optional[t.Mapping[str, t.Any]]) -> str:
    if not checks:
        return f"No mail server of {name} was tested."
    good = [check for check in checks if _delivers(check)]
    bad = sorted((check for check in checks if check not in good), key=lambda check: -rank(check["verdict"]))
    if verdict == "pass":
        return f"{name} takes mail at {_places(good)}."
    if not good:
        return str(bad[0]["summary"])
    trouble = [check for check in checks if check["verdict"] == "degraded"]
    because = bad[0]["summary"] if bad else trouble[0]["summary"] if trouble else _said_by_dns(route)
    if verdict == "degraded":
        taken = "" if not bad else f" at {len(good)} of {_places(checks)}"
        return f"{name} takes mail{taken}, but: {because}"
    return f"{name} does not take all mail, though {len(good)} of {_places(checks)} would: {because}"


def _said_by_dns(route: t.Optional[t.Mapping[str, t.Any]]) -> str:
    """The title of what impairs the domain where all checks went well."""
    if route is None:
        return ""
    findings = [*route["findings"], *(finding for host in route["mx"] for finding in host["findings"])]
    worst_one = max(findings, key=lambda finding: SEVERITIES.index(finding["severity"]), default=None)
    return f"{worst_one['title']}." if worst_one is not None else str(route["summary"])


def _places(checks: t.Sequence[Check]) -> str:
    return "1 address" if len(checks) == 1 else f"{len(checks)} addresses"
