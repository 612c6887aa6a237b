# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The report for a ticket: Markdown as GitHub, GitLab and most trackers read it (GFM).

What servers said stands in code, or has every character escaped that Markdown could take for its own: a banner shall
not become a link, an image, a mention of somebody, or a heading.
"""

from __future__ import annotations

import re
import typing as t

from ..evidence import printable
from ..judge.wording import duration, outage_length
from .comparing import KINDS
from .contents import needs_somebody, plural
from .gating import gate_text, gate_words, watch_verdict, watch_words
from .transcript import transcript
from .words import KIND_WORDS, OWNER_WORDS, PLACE_WORDS, place_words, seen_from, value_words, what_of

Facts = t.Mapping[str, t.Any]

# A ticket is read by people: the dialogs that went wrong, and not a thousand of them. The HTML report has all.
_TRANSCRIPTS = 10
_PLACES = 5
_ROWS = 50


def markdown(report: Facts) -> str:
    """The report as Markdown, with a line end at its end."""
    blocks = [
        f"# {escaped(report['title'])}",
        _gate(report["gate"]),
        f"**{report['verdict'].replace('_', ' ').upper()}**: {escaped(report['summary'])}",
        _when(report),
        *_matrix(report["matrix"]),
        *_faults(report["matrix"]),
        *_unmet(report),
        *_findings(report),
        *_changes(report["comparison"]),
        *_outages(report["watch"], report["gate"]),
        *_transcripts(report["checks"]),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _gate(gate: t.Optional[Facts]) -> str:
    return "" if gate is None else f"**{gate_words(gate)}** ({gate['verdict']}): {escaped(gate_text(gate))}"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    text = re.sub(r"([\\`*_{}\[\]()<>#+!|~&])", r"\\\1", printable(text, len(text) * 10))
    # A mention begins at an @ that ends no word; no backslash keeps trackers from making one.
    text = re.sub(r"(?<!\w)@", "&#64;&#8203;", text)
    # A colon before two slashes makes an address that is followed by a click.
    return re.sub(r"(?i)\b(https?|ftp|mailto|www)([:.])", r"\1&#8203;\2", text)


def _code(text: str) -> str:
    """Text in a code span, fenced by more backticks than it has."""
    text = printable(text, len(text) * 10).replace("|", "\\|")
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def _when(report: Facts) -> str:
    labels = f" Label: {', '.join(map(escaped, report['labels']))}." if report["labels"] else ""
    if report["started_at"] is None:
        return labels.strip()
    end = f" to {report['finished_at']}" if report["finished_at"] is not None else ""
    return f"Checked from {report['started_at']}{end}.{labels}"


def _matrix(matrix: Facts) -> t.Iterator[str]:
    if not matrix["vantages"]:
        return
    yield "## Vantages and endpoints"
    head = ["Endpoint", *map(escaped, matrix["vantages"])]
    rows = [
        [escaped(endpoint["name"]), *(_cell(line[column]) for line in matrix["cells"])]
        for column, endpoint in enumerate(matrix["endpoints"])
    ]
    # Those where all is well are the ones that a ticket can do without.
    rows.sort(key=lambda row: all(text.startswith("pass") for text in row[1:]))
    yield _table(head, rows[:_ROWS])
    if rows[_ROWS:]:
        yield f"{plural(len(rows) - _ROWS, 'further endpoint')} not shown."


def _table(head: t.Sequence[str], rows: t.Iterable[t.Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(cell: t.Optional[Facts]) -> str:
    if cell is None:
        return "no check"
    verdict = cell["verdict"].replace("_", " ")
    phase = cell["failed_phase"] or cell["reached"]
    took = duration(cell["seconds"]) if cell["seconds"] is not None else None
    word = verdict if cell["verdict"] == "pass" else f"**{verdict}**"
    return " ".join(part for part in (word, phase, took) if part)


def _faults(matrix: Facts) -> t.Iterator[str]:
    if matrix["remarks"]:
        yield "\n".join(f"- {escaped(remark['summary'])}" for remark in matrix["remarks"])
    if not matrix["localisation"]:
        return
    yield "## Where the fault is"
    for location in matrix["localisation"]:
        place = PLACE_WORDS[location["place"]]
        lines = [f"- **{place}** ({location['confidence']}): {escaped(location['summary'])}"]
        lines += [f"  - {escaped(reason)}" for reason in location["reasons"]]
        lines += [f"  - Next ({OWNER_WORDS[location['owner']]}): {escaped(location['next_step'])}"]
        yield "\n".join(lines)


def _findings(report: Facts) -> t.Iterator[str]:
    weighty = list(filter(needs_somebody, report["findings"]))
    if not weighty:
        return
    yield "## Findings"
    for finding in weighty:
        yield "\n".join([
            f"- **{escaped(finding['title'])}** ({finding['severity']}, {_code(finding['id'])})",
            f"  - {escaped(finding['seen'][0]['meaning'])}",
            f"  - Seen: {_places(report, [seen['check'] for seen in finding['seen']])}",
            f"  - Next ({OWNER_WORDS[finding['owner']]}): {escaped(finding['next_step'])}",
        ])  # fmt: skip


def _unmet(report: Facts) -> t.Iterator[str]:
    if report["unmet"]:
        yield "## Expectations that are not met"
        yield "\n".join(
            f"- **{escaped(entry['expected'])}**, but found {_code(value_words(entry['found']))}: "
            f"{_places(report, entry['checks'])}"
            for entry in report["unmet"]
        )


def _places(report: Facts, indexes: t.Sequence[int]) -> str:
    checks = [report["checks"][index] for index in indexes]
    places = list(map(place_words, checks))
    more = f" and {len(places) - _PLACES} more" if places[_PLACES:] else ""
    return f"{', '.join(map(escaped, places[:_PLACES]))}{more}"


def _changes(comparison: t.Optional[Facts]) -> t.Iterator[str]:
    if comparison is None:
        return
    yield "## Before and after"
    yield f"**{comparison['verdict'].upper()}**: {escaped(comparison['summary'])}"
    entries = [(KIND_WORDS[kind], entry) for kind in KINDS for entry in comparison[kind]]
    if entries:
        yield _table(
            ["", "What", "Before", "After", "Impact"],
            (
                [
                    kind, escaped(f"{what_of(entry)}, {seen_from(entry)}"), _code(value_words(entry["before"])),
                    _code(value_words(entry["after"])), escaped(entry["impact"]),
                ]
                for kind, entry in entries
            ),
        )  # fmt: skip
    for text in comparison["unseen"]:
        yield f"- Declared, but not seen: {escaped(text)}"
    if comparison["rollback_hint"]:
        yield f"To go back: {escaped(comparison['rollback_hint'])}"


def _outages(watches: t.Optional[t.Sequence[Facts]], gate: t.Optional[Facts]) -> t.Iterator[str]:
    if not watches:
        return
    yield "## Outages"
    yield "\n".join(
        f"- **{watch_verdict(watch, gate).upper()}**: {escaped(watch_words(watch, gate))}" for watch in watches
    )
    outages = [outage for watch in watches for outage in watch["outages"]]
    if outages:
        rows = [
            [
                escaped(outage["endpoint"]["name"]), escaped(outage["vantage"]), outage["start"],
                outage["end"] or "not over when the watch ended", outage_length(outage),
                escaped(", ".join(outage["how"])),
            ]
            for outage in outages[:_ROWS]
        ]  # fmt: skip
        yield _table(["Endpoint", "Vantage", "From", "To", "Length", "How it looked"], rows)
    if outages[_ROWS:]:
        yield f"{plural(len(outages) - _ROWS, 'further outage')} not shown."


def _transcripts(checks: t.Sequence[Facts]) -> t.Iterator[str]:
    wrong = [check for check in checks if check["verdict"] in ("fail", "inconclusive") and check["steps"]]
    if not wrong:
        return
    yield "## Transcripts"
    for check in wrong[:_TRANSCRIPTS]:
        text = transcript(check)
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
        heading = escaped(place_words(check))
        yield f"{heading}:\n\n{fence}text\n{text}\n{fence}"
    if wrong[_TRANSCRIPTS:]:
        yield f"{plural(len(wrong) - _TRANSCRIPTS, 'further dialog')} that went wrong not shown."
