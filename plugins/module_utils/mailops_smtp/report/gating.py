# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What the gate of a change window says, and what follows from it for the rest of a report.

Where a gate decides, nothing else in the report may fail what the gate lets pass: an outage that is allowed, or a check
that fails as it did before.
"""

from __future__ import annotations

import typing as t

from ..compare import NotARun
from ..compare.checks import service_of
from ..compare.gate import is_within
from ..judge.wording import duration

Facts = t.Mapping[str, t.Any]

_FIELDS = ("verdict", "summary", "rollback_hint", "clean_runs", "wanted_runs", "allowed_gap")


def known_gate(gate: Facts) -> Facts:
    """The gate, known to be one.

    :raises NotARun: it is something else.
    """
    if not isinstance(gate, t.Mapping) or not all(name in gate for name in _FIELDS):
        raise NotARun("expected the result of mailops.smtp.smtp_gate as the gate")
    return gate


def gate_words(gate: Facts) -> str:
    """``The gate is open``, or ``closed``."""
    return f"The gate is {'open' if gate['verdict'] == 'pass' else 'closed'}"


def gate_text(gate: Facts) -> str:
    """What the gate goes by, and what a return to the former state would have to bring back."""
    hint = gate["rollback_hint"]
    return f"{gate['summary']} {hint}" if hint else str(gate["summary"])


def are_allowed(outages: t.Sequence[Facts], gate: t.Optional[Facts]) -> bool:
    """Whether these are no failure."""
    if not outages:
        return True
    allowed = gate["allowed_gap"] if gate is not None else 0.0
    return allowed is None or all(is_within(outage, allowed) for outage in outages)


def watch_verdict(watch: Facts, gate: t.Optional[Facts]) -> str:
    """The verdict of a watch, by what is allowed."""
    if watch["verdict"] != "fail":
        return str(watch["verdict"])
    return "pass" if are_allowed(watch["outages"], gate) else "fail"


def watch_words(watch: Facts, gate: t.Optional[Facts]) -> str:
    """The summary of a watch, and what was allowed, where that counts."""
    if gate is None or not watch["outages"]:
        return str(watch["summary"])
    allowed = "any length" if gate["allowed_gap"] is None else f"up to {duration(gate['allowed_gap'])}"
    return f"{watch['summary']} Allowed: {allowed}."


def blamed(comparison: t.Optional[Facts]) -> t.Callable[[Facts], bool]:
    """Says of a check whether the comparison lists what is wrong with it as worse, or missing."""
    entries = [entry for name in ("regressions", "missing") for entry in (comparison or {}).get(name, ())]
    places = {
        (vantage, _place(entry["endpoint"], entry["endpoint"]["protocol"]))
        for entry in entries
        if entry["endpoint"] is not None
        for vantage in entry["vantages"]
    }

    def is_blamed(check: Facts) -> bool:
        host, port, protocol = service_of(check)[1:]
        addresses = (check["endpoint"]["address"], None)
        vantage = check["vantage"]["name"]
        return any(
            (vantage, _place({"host": host, "port": port, "address": address}, protocol)) in places
            for address in addresses
        )

    return is_blamed


def _place(endpoint: Facts, protocol: str) -> t.Tuple[t.Any, ...]:
    return endpoint["host"].lower(), endpoint["port"], endpoint["address"], protocol
