# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The report for a pipeline: JUnit XML, one suite for each vantage, one case for each endpoint and phase.

A check that fails has exactly one failed case, an inconclusive one exactly one with an error, since that is the
tester's own trouble; so the pipeline counts what all reports count. What was deferred or not reached is skipped, and
what is merely degraded passes and says so in the case's output.

Where a gate decides, its suite comes first, and nothing fails that the gate lets pass: a check that fails as it did
before the change, or as was declared, and an outage that is allowed, are skipped and say so.
"""

from __future__ import annotations

import typing as t
from xml.sax.saxutils import escape, quoteattr

from ..compare.gate import longest_of
from ..evidence import PHASES, printable
from ..judge.verdicts import SEVERITIES
from ..judge.wording import outage_length
from .comparing import KINDS
from .contents import plural
from .gating import are_allowed, blamed, gate_words
from .phases import stretches
from .transcript import transcript
from .watching import Row, rows, share_words
from .words import OWNER_WORDS, outage_words, place_words, seen_from, value_words, what_of

Facts = t.Mapping[str, t.Any]

# Of a comparison, what fails the pipeline that made it.
_GATE, _BEFORE_AND_AFTER, _OUTAGES = "gate", "before and after", "outages"
_WORSE = ("regressions", "missing")


class _Case(t.NamedTuple):
    """``outcome`` is an element's name, its message and its text; None for a case that passed."""

    group: str
    name: str
    seconds: float
    outcome: t.Optional[t.Tuple[str, str, str]]
    output: t.Optional[str]


def junit(report: Facts) -> str:
    """The report as XML, in UTF-8, with a line end at its end."""
    checks = report["checks"]
    phases = [phase for phase in PHASES if any(step["phase"] == phase for check in checks for step in check["steps"])]
    gate = report["gate"]
    suites: t.Dict[str, t.List[_Case]] = {} if gate is None else {_GATE: [_gate(gate)]}
    is_blamed = None if gate is None else blamed(report["comparison"])
    started: t.Dict[str, str] = {}
    names: t.Dict[str, int] = {}
    for check in checks:
        vantage = check["vantage"]["name"]
        group = f"{place_words(check)}, {check['protocol']}"
        # A check that is repeated is another group, since names have to tell cases apart.
        names[group] = names.get(group, 0) + 1
        group = group if names[group] == 1 else f"{group} ({names[group]})"
        suites.setdefault(vantage, []).extend(
            _cases(check, group, phases, is_known=is_blamed is not None and not is_blamed(check))
        )
        if check["started_at"] is not None:
            started[vantage] = min(started.get(vantage, check["started_at"]), check["started_at"])
    if report["comparison"] is not None:
        suites[_BEFORE_AND_AFTER] = list(_changes(report["comparison"]))
    if report["watch"]:
        suites[_OUTAGES] = [_watched(row, gate) for row in rows(report["watch"])]
    elements = [_suite(name, cases, started.get(name)) for name, cases in suites.items()]
    all_cases = [case for cases in suites.values() for case in cases]
    opening = f"<testsuites name={_attribute(report['title'])} {_totals(all_cases)}>"
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', opening, *elements, "</testsuites>"]) + "\n"


def _gate(gate: Facts) -> _Case:
    outcome = None
    if gate["verdict"] != "pass":
        kind = "failure" if gate["verdict"] == "fail" else "error"
        outcome = (kind, f"{gate_words(gate)}: {gate['summary']}", gate["rollback_hint"] or "")
    return _Case(_GATE, "change window", 0.0, outcome, None if outcome else f"{gate_words(gate)}: {gate['summary']}")


def _cases(check: Facts, group: str, phases: t.Sequence[str], is_known: bool) -> t.Iterator[_Case]:
    """One case for each phase that this check, or another of the report, came to. ``is_known``: whatever is wrong with
    it is no fault of the change."""
    took: t.Dict[str, float] = {}
    for stretch in stretches(check):
        took[stretch.phase] = took.get(stretch.phase, 0.0) + stretch.seconds
    decisive = _decisive_phase(check, took, phases)
    broke_off = check["failed_phase"] is not None or not check["steps"]
    for phase in [name for name in PHASES if name in {decisive, *phases}]:
        findings = [finding for finding in check["findings"] if finding["phase"] == phase]
        if phase == decisive:
            yield _Case(group, phase, took.get(phase, 0.0), _outcome(check, is_known), _said(findings))
        elif phase in took:
            yield _Case(group, phase, took[phase], None, _said(findings))
        elif broke_off:
            reason = check["not_tested"] or f"not reached: the dialog broke off at {check['failed_phase']}"
            yield _Case(group, phase, 0.0, ("skipped", reason, ""), None)


def _decisive_phase(check: Facts, took: t.Mapping[str, float], phases: t.Sequence[str]) -> t.Optional[str]:
    """The one case that bears the check's verdict; None where all is well."""
    if check["verdict"] in ("pass", "degraded"):
        return None
    if check["failed_phase"] is not None:
        return str(check["failed_phase"])
    worst = max(check["findings"], key=lambda finding: SEVERITIES.index(finding["severity"]), default=None)
    if worst is not None:
        return str(worst["phase"])
    return next(iter(reversed(list(took))), phases[0] if phases else "connect")


def _outcome(check: Facts, is_known: bool) -> t.Tuple[str, str, str]:
    kind = {"fail": "failure", "inconclusive": "error"}.get(check["verdict"], "skipped")
    summary = check["summary"]
    if is_known and kind != "skipped":
        kind, summary = "skipped", f"as it was before, or as was declared: {summary}"
    texts = [
        f"{finding['title']}. {finding['meaning']}\nNext ({OWNER_WORDS[finding['owner']]}): {finding['next_step']}"
        for finding in check["findings"]
        if finding["severity"] != "info" and not finding.get("wanted")
    ]
    texts += [f"Expected: {entry['expected']}; found: {value_words(entry['found'])}." for entry in check["unmet"]]
    said = transcript(check)
    return kind, summary, "\n\n".join([*texts, *([said] if said else [])])


def _said(findings: t.Sequence[Facts]) -> t.Optional[str]:
    return "\n".join(f"{finding['severity']} {finding['id']}: {finding['title']}" for finding in findings) or None


def _changes(comparison: Facts) -> t.Iterator[_Case]:
    """One case for each change; what got worse fails."""
    for kind in KINDS:
        for number, entry in enumerate(comparison[kind], start=1):
            text = f"{seen_from(entry)}\nbefore: {value_words(entry['before'])}\nafter: {value_words(entry['after'])}"
            failed = ("failure", entry["impact"], text) if kind in _WORSE else None
            yield _Case(kind, f"{what_of(entry)} ({number})", 0.0, failed, None if failed else entry["impact"])
    if comparison["verdict"] == "inconclusive" and not any(comparison[kind] for kind in _WORSE):
        yield _Case("compared", "at all", 0.0, ("error", comparison["summary"], ""), None)
    # Only where the verdict says so did they have to come.
    had_to_come = comparison["verdict"] == "fail" and not any(comparison[kind] for kind in _WORSE)
    for text in comparison["unseen"]:
        told = f"Declared, but not seen: {text}"
        yield _Case("expected", text, 0.0, ("failure" if had_to_come else "skipped", told, ""), None)


def _watched(row: Row, gate: t.Optional[Facts]) -> _Case:
    """One case for each endpoint and vantage that was watched."""
    name = f"{row.endpoint['endpoint']['name']} from {row.vantage}, {row.endpoint['endpoint']['protocol']}"
    outcome = None
    if row.outages:
        longest = longest_of(row.outages)
        told = f"{plural(len(row.outages), 'outage')}, the longest of {outage_length(longest)}"
        told = told if longest["end"] is not None else f"{told}, not over when the watch ended"
        allowed = are_allowed(row.outages, gate)
        told = f"{told}, which is allowed" if allowed else told
        outcome = ("skipped" if allowed else "failure", told, "\n".join(map(outage_words, row.outages)))
    elif row.endpoint["availability"] is None:
        # Where any outage is allowed, nobody had to know of it.
        needed = gate is None or gate["allowed_gap"] is not None
        outcome = ("error" if needed else "skipped", "nothing was seen, since the vantage was in trouble", "")
    return _Case(_OUTAGES, name, 0.0, outcome, f"available: {share_words(row.endpoint['availability'])}")


def _suite(name: str, cases: t.Sequence[_Case], started_at: t.Optional[str]) -> str:
    # The suite's time stamp is without an offset in JUnit's schema; ours is UTC.
    stamp = f' timestamp="{started_at[:19]}"' if started_at else ""
    lines = [f"<testsuite name={_attribute(name)}{stamp} {_totals(cases)}>", *map(_case, cases), "</testsuite>"]
    return "\n".join(lines)


def _totals(cases: t.Sequence[_Case]) -> str:
    kinds = [case.outcome[0] if case.outcome is not None else "" for case in cases]
    seconds = sum(case.seconds for case in cases)
    counts = {
        "tests": len(cases),
        "failures": kinds.count("failure"),
        "errors": kinds.count("error"),
        "skipped": kinds.count("skipped"),
        "time": f"{seconds:.3f}",
    }
    return " ".join(f'{name}="{value}"' for name, value in counts.items())


def _case(case: _Case) -> str:
    opening = f'<testcase classname={_attribute(case.group)} name={_attribute(case.name)} time="{case.seconds:.3f}"'
    inside = []
    if case.outcome is not None:
        kind, message, text = case.outcome
        kind_type = "" if kind == "skipped" else f" type={_attribute(kind)}"
        inside.append(f"<{kind} message={_attribute(message)}{kind_type}>{_text(text)}</{kind}>")
    if case.output is not None:
        inside.append(f"<system-out>{_text(case.output)}</system-out>")
    return "\n".join([f"{opening}>", *inside, "</testcase>"]) if inside else f"{opening}/>"


def _attribute(text: str) -> str:
    return quoteattr(printable(text, len(text) * 10))


def _text(text: str) -> str:
    """Escaped, and without what XML 1.0 cannot hold at all: of the characters that do not print, line ends are left."""
    return "\n".join(escape(printable(line, len(line) * 10)) for line in text.split("\n"))
