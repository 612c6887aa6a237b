# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The page from its head to its foot, in the order in which it is read: the verdict, where the fault is and what to do,
what changed, when it was down, and then everything that was said."""

from __future__ import annotations

import typing as t

from ...judge.verdicts import VERDICTS
from ..contents import needs_somebody, plural
from ..gating import gate_text, gate_words
from .advice import expectations_section, faults_section, findings_section
from .change import change_section
from .dialogs import dialogs_section
from .markup import Markup, element
from .outages import outages_section
from .stylesheet import stylesheet
from .table import matrix_section
from .wording import verdict_word

Facts = t.Mapping[str, t.Any]

# Should anything ever slip through the escaping, the browser still runs no script and asks no server for anything.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

_ORIGIN = (
    "Written by mailops.smtp from what the servers said. This file needs no network and has no script. What stands "
    "open is what is printed."
)

# Fewer rows than this are seen without a filter.
_FILTER_FROM = 12


def page(report: Facts) -> str:
    """The report as one HTML document, in UTF-8, with a line end at its end."""
    sections = [
        section
        for section in (
            matrix_section(report) if report["checks"] else None,
            faults_section(report),
            expectations_section(report),
            findings_section(report) if report["checks"] else None,
            change_section(report),
            outages_section(report),
            dialogs_section(report) if report["checks"] else None,
        )
        if section is not None
    ]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="robots", content="noindex"),
        element("title", report["title"]),
        element("style", Markup(stylesheet())),
    )
    body = element(
        "body",
        element("a", "Skip to the results", class_="skip", href="#results"),
        _header(report),
        _contents(sections),
        element("main", _filter(report), sections, id="results"),
        element("footer", element("p", _ORIGIN)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _header(report: Facts) -> Markup:
    verdict = report["verdict"]
    return element(
        "header",
        element("p", "Mail servers, tested over SMTP", class_="kicker"),
        element("h1", report["title"]),
        _gate(report["gate"]),
        element("p", verdict_word(verdict, tinted=True), VERDICTS[verdict], class_="verdict"),
        element("p", report["summary"], class_="summary"),
        # What every check passes may still be worse than before: nobody shall read the first line alone.
        # A gate says so already.
        _compared(report["comparison"]) if report["gate"] is None else None,
        element(
            "div",
            (element("i", class_=f"v-{name}", style=f"flex:{number}") for name, number in report["counts"].items()),
            class_="strip",
        ),
        element("dl", (_figure(*figure) for figure in _figures(report)), class_="figures"),
    )


def _gate(gate: t.Optional[Facts]) -> t.Optional[Markup]:
    if gate is None:
        return None
    return element(
        "p", verdict_word(gate["verdict"], tinted=True), f"{gate_words(gate)}. {gate_text(gate)}", class_="verdict gate"
    )


def _compared(comparison: t.Optional[Facts]) -> t.Optional[Markup]:
    if comparison is None:
        return None
    return element("p", verdict_word(comparison["verdict"]), f" compared with before: {comparison['summary']}")


def _figures(report: Facts) -> t.Iterator[t.Tuple[str, t.Union[str, int], str]]:
    yield "Checks", len(report["checks"]), ""
    for verdict, number in report["counts"].items():
        yield verdict.replace("_", " ").capitalize(), number, f"v-{verdict}"
    yield "Findings", sum(map(needs_somebody, report["findings"])), ""
    if report["unmet"]:
        yield "Unmet", sum(len(entry["checks"]) for entry in report["unmet"]), ""
    if report["comparison"] is not None:
        yield "Regressions", len(report["comparison"]["regressions"]), ""
    if report["watch"]:
        yield "Outages", sum(len(watch["outages"]) for watch in report["watch"]), ""
    if report["started_at"] is not None:
        yield "Checked", _period(report["started_at"], report["finished_at"]), "when"
    if report["labels"]:
        yield "Label", ", ".join(report["labels"]), "when"


def _figure(name: str, value: t.Union[str, int], look: str) -> Markup:
    number = element("dd", value, class_=look if look.startswith("v-") else None)
    return element("div", element("dt", name), number, class_="when" if look == "when" else None)


def _period(start: str, end: t.Optional[str]) -> str:
    """From moment to moment, to the second; the day once where it is one."""
    day, time = start[:10], start[11:19]
    if end is None or (end[:10], end[11:19]) == (day, time):
        return f"{day} {time} UTC"
    return f"{day} {time} to {end[11:19] if end[:10] == day else f'{end[:10]} {end[11:19]}'} UTC"


def _contents(sections: t.Sequence[Markup]) -> Markup:
    links = []
    for section in sections:
        _tag, _equals, rest = section.partition('<h2 id="')
        name, _quote, rest = rest.partition('">')
        links.append(element("li", element("a", Markup(rest.partition("</h2>")[0]), href=f"#{name}")))
    return element("nav", element("ul", links), aria_label="Contents")


def _filter(report: Facts) -> t.Optional[Markup]:
    """Works by CSS alone: what passed is hidden while the box is ticked."""
    passed = report["counts"].get("pass", 0)
    if len(report["checks"]) < _FILTER_FROM or passed in (0, len(report["checks"])):
        return None
    box = element("input", type="checkbox", id="problems")
    return element("label", box, f" Hide the {plural(passed, 'check')} that passed", class_="filter")
