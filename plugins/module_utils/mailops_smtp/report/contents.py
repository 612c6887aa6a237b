# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What a report says, whatever it is written as: one record, made once, that every format is written from.

So the numbers are the same in all of them, and the JSON report is this record itself.
"""

from __future__ import annotations

import typing as t

from ..compare import NotARun, matrix
from ..compare.before_after import comparison as compare
from ..compare.checks import checks_in
from ..evidence import SCHEMA_VERSION, printable
from ..judge.verdicts import OWNERS, SEVERITIES, count, rank, worst
from .comparing import beside, listed_changes
from .gating import known_gate
from .watching import watches_in

Facts = t.Mapping[str, t.Any]

# What makes two findings of different checks the same advice.
_SAME = ("id", "severity", "owner", "confidence", "title", "next_step", "reference", "wanted")


def contents(
    runs: t.Any,
    comparison: t.Optional[Facts] = None,
    earlier: t.Any = None,
    watch: t.Any = None,
    title: t.Optional[str] = None,
    gate: t.Optional[Facts] = None,
) -> t.Dict[str, t.Any]:
    """Everything that a report has to say, as docs/facts.schema.json has it under ``checks_report``.

    ``runs`` and ``earlier`` are runs, module results, checks, the registered results of loops, or lists of these;
    ``comparison`` is what smtp_compare returned; without it, ``earlier`` is compared with ``runs``, nothing declared.

    ``watch`` is what smtp_watch returned, from one vantage or a list of them; ``gate`` is what smtp_gate made of both.

    :raises NotARun: something else was given.
    """
    checks = list(checks_in(runs))
    laid_out = matrix(checks)
    verdicts = [check["verdict"] for check in checks]
    return {
        "schema_version": SCHEMA_VERSION,
        "title": printable(title) if title else _title(laid_out),
        "started_at": min((check["started_at"] for check in checks if check["started_at"] is not None), default=None),
        "finished_at": max(_ends(runs), default=None),
        "labels": _labels(runs),
        "verdict": worst(verdicts),
        "counts": count(verdicts),
        "summary": _summary(checks, laid_out),
        "matrix": laid_out,
        "unmet": _unmet(checks),
        "findings": _findings(checks),
        "comparison": _comparison(checks, comparison, earlier),
        "earlier": None if earlier is None else beside(list(checks_in(earlier)), _labels(earlier), laid_out),
        "watch": None if watch is None else watches_in(watch),
        "gate": None if gate is None else known_gate(gate),
        "checks": checks,
    }


def _title(laid_out: Facts) -> str:
    endpoints, vantages = laid_out["endpoints"], laid_out["vantages"]
    hosts = list(dict.fromkeys(endpoint["host"] for endpoint in endpoints))
    named = printable(hosts[0]) if len(hosts) == 1 else plural(len(hosts), "mail host")
    seen_from = printable(vantages[0]) if len(vantages) == 1 else plural(len(vantages), "vantage")
    return f"{named} seen from {seen_from}"


def _summary(checks: t.Sequence[Facts], laid_out: Facts) -> str:
    """The whole in a sentence; of a single check, its own."""
    if len(checks) == 1:
        return printable(checks[0]["summary"])
    if not checks:
        return "No check was made."
    overview = ", ".join(
        f"{number} {verdict.replace('_', ' ')}"
        for verdict, number in reversed(list(count(check["verdict"] for check in checks).items()))
    )
    seen_from = plural(len(laid_out["vantages"]), "vantage")
    return f"{len(checks)} checks of {plural(len(laid_out['endpoints']), 'endpoint')} from {seen_from}: {overview}."


def plural(number: int, noun: str) -> str:
    """``1 check``, ``2 checks``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _findings(checks: t.Sequence[Facts]) -> t.List[t.Dict[str, t.Any]]:
    """The findings of all checks, each advice once, the worst first, with the checks that it was given for."""
    grouped: t.Dict[t.Tuple[t.Any, ...], t.Dict[str, t.Any]] = {}
    for index, check in enumerate(checks):
        for finding in check["findings"]:
            # What earlier versions kept does not say whether it was wanted: nothing was.
            advice = {name: finding.get(name, False) if name == "wanted" else finding[name] for name in _SAME}
            entry = grouped.setdefault(tuple(advice.values()), {**advice, "seen": []})
            entry["seen"].append({"check": index, "phase": finding["phase"], "meaning": finding["meaning"]})
    return sorted(
        grouped.values(),
        key=lambda entry: (
            not needs_somebody(entry),
            -SEVERITIES.index(entry["severity"]),
            -len(entry["seen"]),
            OWNERS.index(entry["owner"]),
        ),
    )


def needs_somebody(advice: Facts) -> bool:
    """Whether anybody has to do anything: not for a mere remark, nor for what is as it was expected to be."""
    return advice["severity"] != "info" and not advice["wanted"]


def _unmet(checks: t.Sequence[Facts]) -> t.List[t.Dict[str, t.Any]]:
    """The expectations that were not met, each with what was found in its place once, and the checks that found it."""
    grouped: t.Dict[str, t.Dict[str, t.Any]] = {}
    for index, check in enumerate(checks):
        for entry in check["unmet"]:
            told = {"expected": entry["expected"], "found": entry["found"], "verdict": entry.get("verdict", "fail")}
            grouped.setdefault(repr(told), {**told, "checks": []})["checks"].append(index)
    return sorted(grouped.values(), key=lambda entry: (-rank(entry["verdict"]), -len(entry["checks"])))


def _comparison(checks: t.Sequence[Facts], given: t.Optional[Facts], earlier: t.Any) -> t.Optional[Facts]:
    if given is not None:
        return listed_changes(given)
    return None if earlier is None else compare(earlier, checks)


def _records(given: t.Any) -> t.Iterator[Facts]:
    """The runs among what holds them; single checks are none."""
    if isinstance(given, (list, tuple)):
        for entry in given:
            yield from _records(entry)
    elif isinstance(given, t.Mapping) and "checks" in given:
        yield given
    elif isinstance(given, t.Mapping) and "results" in given:
        yield from _records(given["results"])


def _labels(runs: t.Any) -> t.List[str]:
    """The runs' own names, each once."""
    return list(dict.fromkeys(printable(run["label"]) for run in _records(runs) if run.get("label")))


def _ends(runs: t.Any) -> t.Iterator[str]:
    return (run["finished_at"] for run in _records(runs) if run.get("finished_at"))


__all__ = ["NotARun", "contents", "needs_somebody", "plural"]
