# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Every dialog: a line with its waterfall in small, and folded behind it the phases one by one and the transcript."""

from __future__ import annotations

import typing as t

from ...judge.verdicts import count
from ..phases import length, stretches
from ..transcript import transcript
from ..words import value_words
from .markup import Markup, element, lines
from .palette import GROUP_NAMES, group_of
from .wording import bar_of, took, verdict_word

Facts = t.Mapping[str, t.Any]

# What went wrong stands open, as long as that can be read in one go; more would bury the page.
_OPEN_AT_FIRST = 12


def dialogs_section(report: Facts) -> Markup:
    """The dialogs, endpoint by endpoint in the order of the matrix."""
    checks = report["checks"]
    opened = set([index for index, check in enumerate(checks) if check["verdict"] in _WRONG][:_OPEN_AT_FIRST])
    findings = _finding_numbers(report)
    return element(
        "section",
        element("h2", "Dialogs", id="dialogs"),
        element(
            "p",
            "Each bar is one dialog, and its colours are the phases that its time went to. Open a line for the figures "
            "and the transcript; links to a dialog open it.",
            class_="small muted",
        ),
        element("ul", _legend(checks), class_="legend"),
        (_group(report, title, members, findings, opened) for title, members in _by_endpoint(report)),
    )


_WRONG = ("fail", "inconclusive")


def _by_endpoint(report: Facts) -> t.Iterator[t.Tuple[Facts, t.List[int]]]:
    """The checks of each endpoint, those that share a cell of the matrix, such as repetitions, included."""
    matrix = report["matrix"]
    shown = {cell["check"]: column for row in matrix["cells"] for column, cell in enumerate(row) if cell is not None}
    columns: t.Dict[t.Tuple[t.Any, ...], int] = {}
    for index, column in shown.items():
        columns[_place(report["checks"][index])] = column
    members: t.List[t.List[int]] = [[] for _endpoint in matrix["endpoints"]]
    for index, check in enumerate(report["checks"]):
        column = shown.get(index, columns.get(_place(check), _same_service(columns, check)))
        members[column].append(index)
    return zip(matrix["endpoints"], members)


def _place(check: Facts) -> t.Tuple[t.Any, ...]:
    endpoint = check["endpoint"]
    return check["target"], endpoint["host"].lower(), endpoint["port"], check["protocol"], endpoint["address"]


def _same_service(columns: t.Mapping[t.Tuple[t.Any, ...], int], check: Facts) -> int:
    """The column of a check whose address no cell shows, since a worse one of the same host does."""
    host, port, protocol = _place(check)[1:4]
    return next(column for place, column in columns.items() if place[1:4] == (host, port, protocol))


def _finding_numbers(report: Facts) -> t.Dict[int, t.List[int]]:
    """Check -> its findings, by their place in the report's list."""
    numbers: t.Dict[int, t.List[int]] = {}
    for number, finding in enumerate(report["findings"]):
        for seen in finding["seen"]:
            numbers.setdefault(seen["check"], []).append(number)
    return numbers


def _legend(checks: t.Sequence[Facts]) -> t.Iterator[Markup]:
    occurring = {group_of(step["phase"]) for check in checks for step in check["steps"]}
    yield from (element("li", name, class_=f"p-{group}") for group, name in GROUP_NAMES.items() if group in occurring)
    if any(check["failed_phase"] is not None for check in checks):
        yield element("li", "where it broke off", class_="p-broke")


def _group(
    report: Facts,
    endpoint: Facts,
    members: t.Sequence[int],
    findings: t.Mapping[int, t.Sequence[int]],
    opened: t.Set[int],
) -> Markup:
    checks = report["checks"]
    counts = count(checks[index]["verdict"] for index in members)
    tally = ", ".join(f"{number} {verdict.replace('_', ' ')}" for verdict, number in counts.items())
    return element(
        "div",
        element("h3", endpoint["name"], " ", element("span", f"{endpoint['protocol']} · {tally}", class_="small")),
        (_dialog(report, index, findings.get(index, ()), index in opened) for index in members),
        class_="group ok" if set(counts) <= {"pass"} else "group",
    )


def _dialog(report: Facts, index: int, findings: t.Sequence[int], opened: bool) -> Markup:
    check = report["checks"][index]
    line = element(
        "summary",
        verdict_word(check["verdict"]),
        element("span", check["vantage"]["name"], class_="who"),
        element("span", check["failed_phase"] or check["reached"] or "", class_="phase muted"),
        bar_of(check),
        element("span", took(check["seconds"]), class_="took"),
    )
    inside = element(
        "div",
        element("p", check["summary"], id=f"c{index}"),
        element("p", _finding_links(report, findings), class_="small") if findings else None,
        (element("p", _unmet(entry), class_="small") for entry in check["unmet"]),
        element("p", " · ".join(_facts(check)), class_="facts"),
        _waterfall(check),
        element("pre", lines(transcript(check))) if check["steps"] else None,
        class_="inside",
    )
    verdict = "check ok" if check["verdict"] == "pass" else "check"
    return element("details", line, inside, class_=verdict, open=opened)


def _finding_links(report: Facts, numbers: t.Sequence[int]) -> t.Iterator[t.Union[str, Markup]]:
    yield "Findings: "
    for position, number in enumerate(numbers):
        yield ", " if position else ""
        yield element("a", report["findings"][number]["title"], href=f"#f{number}")


def _unmet(entry: Facts) -> str:
    return f"Expected: {entry['expected']}; found: {value_words(entry['found'])}."


def _facts(check: Facts) -> t.Iterator[str]:
    """What people look for first, as far as it was seen; one text, since thousands of dialogs have it."""
    if check["started_at"] is not None:
        yield check["started_at"].replace("T", " ").replace("Z", " UTC")
    address = check["vantage"]["address"]
    yield f"{check['vantage']['mode']}{f' from {address}' if address else ''}"
    software = (check["banner"] or {}).get("software")
    if software:
        yield " ".join(str(software[name]) for name in ("product", "version") if software[name])
    tls = check["tls"]
    if tls is None or not tls["established"]:
        return
    yield " ".join(str(tls[name]) for name in ("version", "cipher") if tls[name])
    certificate = tls["certificate"]
    if certificate is not None:
        left = certificate["days_left"]
        days = "" if left is None else f", {int(left)} days left" if left >= 0 else ", expired"
        trusted = {True: ", trusted", False: f", not trusted: {tls['reason'] or 'no reason given'}", None: ""}
        yield f"certificate {certificate['subject']}{days}{trusted[tls['trusted']]}"


def _waterfall(check: Facts) -> t.Optional[Markup]:
    """The phases, each with its bar where its time is, its duration, and how it ended."""
    total = length(check)
    if not check["steps"]:
        return None
    rows = []
    for stretch in stretches(check):
        at, share = (100 * part / total if total else 0.0 for part in (stretch.at, stretch.seconds))
        told = [took(stretch.seconds), stretch.outcome or ""]
        rows.append(
            element(
                "li",
                stretch.phase,
                " ",
                element("b", ", ".join(part for part in told if part)),
                class_="p-broke" if stretch.broke else f"p-{group_of(stretch.phase)}",
                style=f"--at:{at:.1f}%;--for:{share:.1f}%",
            )
        )
    return element("ol", rows, class_="waterfall")
