# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What is wrong, who must mend it and what to do next: faults with their place, then findings, the worst first."""

from __future__ import annotations

import typing as t

from ..contents import needs_somebody, plural
from ..words import OWNER_WORDS, PLACE_WORDS, value_words
from .markup import Markup, element, together
from .palette import SEVERITY_LOOKS
from .wording import check_link, severity_word, verdict_word

Facts = t.Mapping[str, t.Any]

_AS_WANTED = element("span", "as wanted", class_="word v-pass")

# As many mentions are read at a glance; the others are folded.
_AT_A_GLANCE = 8


def faults_section(report: Facts) -> t.Optional[Markup]:
    """Where the faults are, as far as the vantages can tell together."""
    matrix = report["matrix"]
    remarks = [element("p", remark["summary"]) for remark in matrix["remarks"]]
    if not matrix["localisation"]:
        return element("section", element("h2", "The vantages", id="vantages"), *remarks) if remarks else None
    return element(
        "section",
        element("h2", "Where the fault is", id="faults"),
        element("ul", (_fault(matrix, location) for location in matrix["localisation"]), class_="advice"),
        *remarks,
    )


def _fault(matrix: Facts, location: Facts) -> Markup:
    cells = [
        matrix["cells"][matrix["vantages"].index(vantage)][endpoint]
        for vantage in location["vantages"]
        for endpoint in location["endpoints"]
    ]
    worst_look = "fail" if any(cell and cell["verdict"] == "fail" for cell in cells) else "degraded"
    meta = [
        element("span", PLACE_WORDS[location["place"]], class_=f"word v-{worst_look}"),
        element("p", f"Owner: {OWNER_WORDS[location['owner']]}"),
        element("p", f"Confidence: {location['confidence']}"),
    ]
    body = [
        element("h3", location["summary"]),
        element("ul", (element("li", reason) for reason in location["reasons"]), class_="reasons"),
        _next(location),
    ]
    return element("li", element("div", meta, class_="meta"), element("div", body, class_="body"))


def expectations_section(report: Facts) -> t.Optional[Markup]:
    """What was expected and is not so; None where nothing of the kind was found."""
    if not report["unmet"]:
        return None
    return element(
        "section",
        element("h2", "Expectations that are not met", id="unmet"),
        element("ul", (_unmet(report, entry) for entry in report["unmet"]), class_="advice"),
    )


def _unmet(report: Facts, entry: Facts) -> Markup:
    body = [
        element("h3", "Expected: ", entry["expected"]),
        element("p", "Found: ", value_words(entry["found"])),
        _places(report, entry["checks"]),
    ]
    word = element("div", verdict_word(entry["verdict"]), class_="meta")
    return element("li", word, element("div", body, class_="body"))


def findings_section(report: Facts) -> Markup:
    """Every finding once; mere remarks are folded."""
    numbered = list(enumerate(report["findings"]))
    weighty = [_finding(report, *entry) for entry in numbered if needs_somebody(entry[1])]
    remarks = [_finding(report, *entry) for entry in numbered if not needs_somebody(entry[1])]
    return element(
        "section",
        element("h2", "Findings", id="findings"),
        element("ul", weighty, class_="advice") if weighty else None,
        element("p", "Nothing was found that needs anybody.", class_="muted") if not weighty else None,
        element(
            "details",
            element("summary", plural(len(remarks), "remark")),
            element("ul", remarks, class_="advice"),
            class_="fold",
        )
        if remarks
        else None,
    )


def _finding(report: Facts, number: int, finding: Facts) -> Markup:
    meta = [
        severity_word(finding["severity"])
        if not finding["wanted"]
        else element("span", "as wanted", class_="word v-pass"),
        element("p", f"Owner: {OWNER_WORDS[finding['owner']]}"),
        element("p", f"Confidence: {finding['confidence']}"),
        element("p", element("code", finding["id"])),
        element("p", finding["reference"]),
    ]
    meanings: t.Dict[str, t.List[int]] = {}
    for seen in finding["seen"]:
        meanings.setdefault(seen["meaning"], []).append(seen["check"])
    parts = [_meaning(report, text, checks) for text, checks in meanings.items()]
    body = [
        element("h3", finding["title"], id=f"f{number}"),
        parts[:_AT_A_GLANCE],
        _more(parts[_AT_A_GLANCE:], "such case"),
        _next(finding),
    ]
    look = SEVERITY_LOOKS[finding["severity"]]
    return element("li", element("div", meta, class_="meta"), element("div", body, class_="body"), class_=f"s-{look}")


def _meaning(report: Facts, text: str, checks: t.Sequence[int]) -> Markup:
    return together(element("p", text), _places(report, checks))


def _places(report: Facts, checks: t.Sequence[int]) -> Markup:
    """The dialogs that show it; of many, those that are read at a glance."""
    links = [element("li", check_link(index, report["checks"][index])) for index in checks]
    return together(
        element("ul", links[:_AT_A_GLANCE], class_="places"),
        _more([element("ul", links[_AT_A_GLANCE:], class_="places")] if links[_AT_A_GLANCE:] else [], "place"),
    )


def _more(parts: t.Sequence[Markup], noun: str) -> t.Optional[Markup]:
    if not parts:
        return None
    number = sum(max(1, str(part).count("<li>")) for part in parts)
    return element("details", element("summary", f"{plural(number, f'more {noun}')}"), parts, class_="more")


def _next(advice: Facts) -> Markup:
    return element("p", element("strong", "Next: "), advice["next_step"], class_="next")
