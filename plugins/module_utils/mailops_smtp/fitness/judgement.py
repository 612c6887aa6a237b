# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From what a vantage sees of its reference targets, and says of itself, to whether it is fit. A pure function.

Unfit is a vantage that reaches none of its reference targets, that the references turn away because of its address,
that is answered by something in between, or whose clock is far off. Everything else that is odd is a remark.
"""

from __future__ import annotations

import ipaddress
import typing as t

from ..evidence import SCHEMA_VERSION

Facts = t.Mapping[str, t.Any]

# Certificates, and moments to begin at, are judged by the clock.
MOST_CLOCK_OFFSET = 300.0

# Findings that say of the vantage itself that nothing is to be believed that it sees.
_DISQUALIFYING = ("tcp.egress_blocked", "tcp.intercepted")

# What servers have against its address: every finding of this family that leaves a check inconclusive.
_REPUTATION = "rep."


def fitness(
    run: Facts, around: t.Optional[Facts], clock_offset: t.Optional[float], uncertainty: t.Optional[float]
) -> t.Dict[str, t.Any]:
    """The facts of a vantage, as docs/facts.schema.json has them.

    :param run: the checks of the reference targets.
    :param around: surroundings.surroundings() of the vantage, None where nothing runs there.
    :param clock_offset: seconds that its clock is ahead of the controller's, give or take ``uncertainty``.
    """
    checks = run["checks"]
    references = [_reference(check) for check in checks]
    address = next((entry["client_seen_as"] for entry in references if entry["client_seen_as"]), None)
    address = address or next((check["vantage"]["address"] for check in checks if check["vantage"]["address"]), None)
    reasons = list(_reasons(checks, references, clock_offset, uncertainty))
    around = around or {}
    facts = {
        "fit": not reasons,
        "reasons": reasons,
        "references": references,
        "address": address,
        "ptr": around.get("ptr"),
        "clock_offset": clock_offset,
        "clock_uncertainty": uncertainty,
        "python": around.get("python"),
        "openssh": around.get("openssh"),
        "resolvers": around.get("resolvers"),
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "vantage": {**run["vantages"][0], "clock_offset": clock_offset, "unfit": " ".join(reasons) or None},
        **facts,
        "remarks": list(_remarks(facts, bool(around))),
        "summary": _summary(run["vantages"][0]["name"], reasons, references),
    }


def _reference(check: Facts) -> t.Dict[str, t.Any]:
    answered = check["banner"] is not None and check["banner"]["code"] is not None
    return {
        "target": check["target"],
        "address": check["endpoint"]["address"],
        "reached": answered,
        "verdict": check["verdict"],
        "seconds": check["seconds"],
        "client_seen_as": (check["ehlo"] or {}).get("client_seen_as"),
        "summary": check["summary"],
    }


def _reasons(
    checks: t.Sequence[Facts],
    references: t.Sequence[Facts],
    clock_offset: t.Optional[float],
    uncertainty: t.Optional[float],
) -> t.Iterator[str]:
    found = {finding["id"]: finding for check in checks for finding in check["findings"]}
    turned_away = {
        finding["id"] for check in checks if check["verdict"] == "inconclusive"
        for finding in check["findings"]
        if finding["id"].startswith(_REPUTATION) and finding["severity"] in ("error", "critical")
    }  # fmt: skip
    for identifier, finding in found.items():
        if identifier in _DISQUALIFYING or identifier in turned_away:
            yield f"{finding['title']}."
    if references and not any(entry["reached"] for entry in references) and "tcp.egress_blocked" not in found:
        names = ", ".join(dict.fromkeys(entry["target"] for entry in references))
        yield f"It reaches none of its reference targets ({names}): {references[0]['summary']}"
    if clock_offset is not None and abs(clock_offset) - (uncertainty or 0.0) > MOST_CLOCK_OFFSET:
        where = "ahead of" if clock_offset > 0 else "behind"
        yield f"Its clock is {_span(abs(clock_offset))} {where} the controller's."


def _remarks(facts: Facts, looked: bool) -> t.Iterator[str]:
    unreached = [entry["target"] for entry in facts["references"] if not entry["reached"]]
    if unreached and len(unreached) < len(facts["references"]):
        yield f"Some reference targets were not reached: {', '.join(dict.fromkeys(unreached))}."
    if not looked:
        yield "Nothing runs on this vantage, so its clock, versions and name servers are not known."
        return
    address = facts["address"]
    if address is not None and not ipaddress.ip_address(address).is_private:
        if facts["ptr"] is None:
            yield f"Its address {address} has no name in DNS (PTR): many servers turn such clients away."
        elif not facts["ptr"]["confirmed"]:
            yield f"The name of its address, {facts['ptr']['name']}, does not lead back to {address}."
    offset = facts["clock_offset"]
    if offset is not None and facts["fit"] and abs(offset) > max(facts["clock_uncertainty"] or 0.0, 2.0):
        yield f"Its clock is {_span(abs(offset))} {'ahead of' if offset > 0 else 'behind'} the controller's."
    if facts["resolvers"] == []:
        yield "It has no name server in /etc/resolv.conf."


def _summary(name: str, reasons: t.Sequence[str], references: t.Sequence[Facts]) -> str:
    if reasons:
        return f"{name} is not fit: {' '.join(reasons)}"
    reached = sum(1 for entry in references if entry["reached"])
    return f"{name} is fit: it reaches {reached} of {len(references)} addresses of its reference targets."


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
