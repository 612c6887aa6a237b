# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Before and after, side by side: what changed in meaning, then every check beside the one before it."""

from __future__ import annotations

import typing as t

from ..comparing import KINDS
from ..contents import plural
from ..phases import length
from ..words import KIND_WORDS, seen_from, value_words, what_of
from .markup import Markup, element, together
from .palette import KIND_LOOKS
from .table import cell_text
from .wording import bar_of, verdict_word

Facts = t.Mapping[str, t.Any]


def change_section(report: Facts) -> t.Optional[Markup]:
    """None where neither a comparison nor an earlier run is at hand."""
    comparison, earlier = report["comparison"], report["earlier"]
    if comparison is None and earlier is None:
        return None
    return element(
        "section",
        element("h2", "Before and after", id="change"),
        _changes(comparison) if comparison is not None else None,
        _beside(report, earlier) if earlier is not None else None,
    )


def _changes(comparison: Facts) -> Markup:
    entries = [(kind, entry) for kind in KINDS for entry in comparison[kind]]
    unseen = [element("li", "Declared, but not seen: ", text) for text in comparison["unseen"]]
    hint = comparison["rollback_hint"]
    return together(
        element("p", verdict_word(comparison["verdict"]), f" {comparison['summary']}"),
        element("ul", unseen, class_="reasons") if unseen else None,
        element("p", element("strong", "To go back: "), hint, class_="next") if hint else None,
        element("ul", (_change(*entry) for entry in entries), class_="changes") if entries else None,
    )


def _change(kind: str, entry: Facts) -> Markup:
    word = element("span", KIND_WORDS[kind], class_=f"word v-{KIND_LOOKS[kind]}")
    return element(
        "li",
        element("h3", word, " ", entry["impact"]),
        element("p", f"{what_of(entry)}, {seen_from(entry)}", class_="small muted"),
        element(
            "dl",
            element("div", element("dt", "Before"), element("dd", value_words(entry["before"]))),
            element("div", element("dt", "After"), element("dd", value_words(entry["after"]))),
            class_="pair",
        ),
    )


def _beside(report: Facts, earlier: Facts) -> Markup:
    """One row for each cell of the matrix; what is as it was is folded."""
    matrix = report["matrix"]
    changed: t.List[Markup] = []
    same: t.List[Markup] = []
    for row, vantage in enumerate(matrix["vantages"]):
        for column, endpoint in enumerate(matrix["endpoints"]):
            before, after = earlier["cells"][row][column], matrix["cells"][row][column]
            if before is None and after is None:
                continue
            line = _pair(report, earlier, endpoint["name"], vantage, before, after)
            (same if _alike(before, after) else changed).append(line)
    told = f"{plural(len(changed), 'check')} came to something else than before, {len(same)} did not."
    return together(
        element("h3", "Check by check"),
        element("p", told, class_="muted"),
        _table(changed, "Checks that came to something else", "pairs-changed") if changed else None,
        element(
            "details",
            element("summary", f"{plural(len(same), 'check')} as before"),
            _table(same, "Checks that came to the same", "pairs-same"),
            class_="fold",
        )
        if same
        else None,
    )


def _alike(before: t.Optional[Facts], after: t.Optional[Facts]) -> bool:
    if before is None or after is None:
        return False
    return all(before[name] == after[name] for name in ("verdict", "reached", "failed_phase"))


def _table(rows: t.Sequence[Markup], caption: str, name: str) -> Markup:
    heads = (element("th", text, scope="col") for text in ("Endpoint", "Vantage", "Before", "After"))
    table = element(
        "table",
        element("caption", element("span", f"{caption}. The bars of a row have one scale."), id=name),
        element("thead", element("tr", heads)),
        element("tbody", rows),
        class_="beside",
    )
    return element("div", table, class_="scroll", tabindex=0, role="region", aria_labelledby=name)


def _pair(
    report: Facts,
    earlier: Facts,
    endpoint: str,
    vantage: str,
    before: t.Optional[Facts],
    after: t.Optional[Facts],
) -> Markup:
    checks = [
        (cell, run["checks"][cell["check"]] if cell is not None else None)
        for cell, run in ((before, earlier), (after, report))
    ]
    whole = max(length(check) for cell, check in checks if check is not None)
    return element(
        "tr",
        element("th", endpoint, scope="row"),
        element("td", vantage),
        (_side(cell, check, whole) for cell, check in checks),
    )


def _side(cell: t.Optional[Facts], check: t.Optional[Facts], whole: float) -> Markup:
    if cell is None or check is None:
        return element("td", element("span", "no check", class_="muted"))
    return element("td", cell_text(cell), bar_of(check, whole))
