# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The matrix as a table: down go the more, across the fewer, so that it is long and not wide."""

from __future__ import annotations

import typing as t

from .markup import Markup, element, together
from .wording import place, took, verdict_word

Facts = t.Mapping[str, t.Any]

# A name, and what is written below it.
Title = t.Tuple[str, t.Optional[str]]


_LEGEND = "The verdict; the phase that failed, or else the last one that completed; how long the check took."


def matrix_section(report: Facts) -> Markup:
    """Vantages by endpoints; each cell leads to its dialog."""
    matrix = report["matrix"]
    vantages: t.List[Title] = [(name, None) for name in matrix["vantages"]]
    endpoints: t.List[Title] = [place(endpoint) for endpoint in matrix["endpoints"]]
    cells: t.Sequence[t.Sequence[t.Optional[Facts]]] = matrix["cells"]
    if len(endpoints) >= len(vantages):
        down, across, corner = endpoints, vantages, "Endpoint"
        cells = [[row[column] for row in cells] for column in range(len(endpoints))]
    else:
        down, across, corner = vantages, endpoints, "Vantage"
    head = element("tr", element("th", corner, scope="col"), (_heading(title, "col") for title in across))
    table = element(
        "table",
        element("caption", element("span", _LEGEND)),
        element("thead", head),
        element("tbody", (_row(title, row) for title, row in zip(down, cells))),
        class_="matrix",
    )
    return element(
        "section",
        element("h2", "Vantages and endpoints", id="matrix"),
        element("div", table, class_="scroll", tabindex=0, role="region", aria_labelledby="matrix"),
        (element("p", entry["summary"], class_="small muted") for entry in _unlocated(matrix)),
    )


def _unlocated(matrix: Facts) -> t.Iterator[Facts]:
    """Disagreements that no fault explains; the sentences about faults say theirs themselves."""
    located = {endpoint for location in matrix["localisation"] for endpoint in location["endpoints"]}
    return (entry for entry in matrix["divergence"] if entry["endpoint"] not in located)


def _heading(title: Title, scope: str) -> Markup:
    name, below = title
    return element(
        "th",
        element("span", name, class_="host"),
        [" ", element("span", below, class_="address")] if below else None,
        scope=scope,
    )


def _row(title: Title, cells: t.Sequence[t.Optional[Facts]]) -> Markup:
    fine = all(cell is None or cell["verdict"] == "pass" for cell in cells)
    return element("tr", _heading(title, "row"), map(_cell, cells), class_="ok" if fine else None)


def _cell(cell: t.Optional[Facts]) -> Markup:
    if cell is None:
        return element("td", element("span", "no check", class_="none muted"), class_="cell")
    verdict = cell["verdict"]
    return element(
        "td",
        element("a", cell_text(cell), href=f"#c{cell['check']}"),
        class_=f"cell v-{verdict} t-{verdict}",
    )


def cell_text(cell: Facts) -> Markup:
    """What a check came to, in three words."""
    phase = cell["failed_phase"] or cell["reached"] or ""
    after = " ".join(part for part in (phase, took(cell["seconds"])) if part)
    return together(verdict_word(cell["verdict"]), " ", element("span", after, class_="after"))
