# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The report on a terminal: the matrix, each advice once, and what changed."""

from __future__ import annotations

import textwrap
import typing as t

from ..evidence import printable
from .comparing import KINDS
from .contents import needs_somebody
from .gating import gate_text, gate_words, watch_verdict, watch_words
from .terminal import matrix_table
from .words import KIND_WORDS, outage_words, place_words, seen_from, value_words, what_of

Facts = t.Mapping[str, t.Any]

_PLACES = 5


def overview(report: Facts, width: int = 80, colour: bool = False) -> str:
    """The report in at most ``width`` columns, with a line end at its end."""
    blocks = [
        _wrapped(report["title"], width),
        _gate(report["gate"], width),
        _wrapped(f"{report['verdict'].replace('_', ' ').upper()}: {report['summary']}", width),
        [matrix_table(report["matrix"], width, colour)] if report["checks"] else [],
        *(_unmet(report, entry, width) for entry in report["unmet"]),
        *(_finding(report, finding, width) for finding in report["findings"] if needs_somebody(finding)),
        *_changes(report["comparison"], width),
        *(_watch(watch, report["gate"], width) for watch in report["watch"] or ()),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _gate(gate: t.Optional[Facts], width: int) -> t.List[str]:
    if gate is None:
        return []
    return _wrapped(f"{gate_words(gate)} ({gate['verdict']}): {gate_text(gate)}", width)


def _finding(report: Facts, finding: Facts, width: int) -> t.List[str]:
    return [
        *_wrapped(f"{finding['severity']} {finding['id']}: {finding['title']}.", width, "- "),
        *_wrapped(finding["seen"][0]["meaning"], width, "  "),
        *_wrapped(f"Seen: {_places(report, [seen['check'] for seen in finding['seen']])}.", width, "  "),
        *_wrapped(f"Next ({finding['owner']}): {finding['next_step']}", width, "  "),
    ]


def _unmet(report: Facts, entry: Facts, width: int) -> t.List[str]:
    return [
        *_wrapped(f"Expected: {entry['expected']}; found: {value_words(entry['found'])}.", width, "- "),
        *_wrapped(f"Seen: {_places(report, entry['checks'])}.", width, "  "),
    ]


def _places(report: Facts, indexes: t.Sequence[int]) -> str:
    checks = [report["checks"][index] for index in indexes]
    places = list(map(place_words, checks))
    more = f" and {len(places) - _PLACES} more" if places[_PLACES:] else ""
    return f"{', '.join(places[:_PLACES])}{more}"


def _changes(comparison: t.Optional[Facts], width: int) -> t.Iterator[t.List[str]]:
    if comparison is None:
        return
    yield _wrapped(f"Before and after: {comparison['verdict'].upper()}: {comparison['summary']}", width)
    lines = []
    for kind in KINDS:
        for entry in comparison[kind]:
            lines += _wrapped(f"{KIND_WORDS[kind]}: {entry['impact']}", width, "- ")
            values = f"{value_words(entry['before'])} -> {value_words(entry['after'])}"
            lines += _wrapped(f"{what_of(entry)}: {values}, {seen_from(entry)}", width, "  ")
    yield lines
    yield [line for text in comparison["unseen"] for line in _wrapped(f"Declared, but not seen: {text}", width, "- ")]
    if comparison["rollback_hint"]:
        yield _wrapped(f"To go back: {comparison['rollback_hint']}", width)


def _watch(watch: Facts, gate: t.Optional[Facts], width: int) -> t.List[str]:
    lines = _wrapped(f"Outages: {watch_verdict(watch, gate).upper()}: {watch_words(watch, gate)}", width)
    for outage in watch["outages"]:
        lines += _wrapped(f"{outage['endpoint']['name']} from {outage['vantage']}: {outage_words(outage)}", width, "- ")
    return lines


def _wrapped(text: str, width: int, lead: str = "") -> t.List[str]:
    """Stored text may have been tampered with, so it is escaped again before it meets a terminal."""
    escaped = printable(text, len(text) * 10)
    return textwrap.wrap(escaped, width, initial_indent=lead, subsequent_indent=" " * len(lead))
