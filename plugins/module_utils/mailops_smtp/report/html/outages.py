# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Interruptions on a time line, one row for each endpoint and vantage, and the same in a table."""

from __future__ import annotations

import typing as t

from ...judge.wording import outage_length
from ..contents import plural
from ..gating import watch_verdict, watch_words
from ..watching import Row, TimeLine, rows, seconds_of, share_words, time_line
from ..words import value_words
from .markup import Markup, element
from .wording import verdict_word

Facts = t.Mapping[str, t.Any]


# So many rows are still a picture; of more, those that were down are shown.
_ROWS = 40


def outages_section(report: Facts) -> t.Optional[Markup]:
    """None where nobody watched."""
    watches = report["watch"]
    if not watches:
        return None
    line = time_line(watches)
    seen = rows(watches)
    shown = seen if len(seen) <= _ROWS else [row for row in seen if row.outages]
    hidden = len(seen) - len(shown)
    outages = [outage for row in seen for outage in row.outages]
    changes = [(watch["vantage"], change) for watch in watches for change in watch["changes"]]
    return element(
        "section",
        element("h2", "Outages", id="outages"),
        (
            element("p", verdict_word(watch_verdict(watch, report["gate"])), f" {watch_words(watch, report['gate'])}")
            for watch in watches
        ),
        element("ul", (_row(row, line) for row in shown), _ticks(line), class_="timeline") if shown else None,
        element("p", f"{plural(hidden, 'more endpoint')} had none.", class_="muted") if hidden else None,
        _table("Outages", _OUTAGE, (_outage(outage) for outage in outages)) if outages else None,
        _table("What else changed meanwhile", _CHANGE, (_change(*entry) for entry in changes)) if changes else None,
    )


def _row(row: Row, line: TimeLine) -> Markup:
    name = row.endpoint["endpoint"]["name"]
    # Where nothing was seen, nothing may look well.
    share = share_words(row.endpoint["availability"])
    look = "inconclusive" if row.endpoint["availability"] is None else "pass"
    told = "nothing seen" if look == "inconclusive" else f"{plural(len(row.outages), 'outage')}, {share} available"
    return element(
        "li",
        element(
            "span",
            element("span", name, class_="host"),
            " ",
            element("span", f"from {row.vantage}: {told}", class_="address"),
            class_="label",
        ),
        element("span", (_bar(outage, line) for outage in row.outages), class_=f"track t-{look}"),
    )


def _bar(outage: Facts, line: TimeLine) -> Markup:
    start = line.share(seconds_of(outage["start"]))
    end = line.share(seconds_of(outage["end"])) if outage["end"] is not None else 100.0
    return element("i", style=f"left:{start:.2f}%;width:{max(end - start, 0):.2f}%")


def _ticks(line: TimeLine) -> Markup:
    """The clock below. Whoever does not see the bars has the times in the table."""
    marks = (element("span", text, class_=_edge(at), style=f"left:{at:.2f}%") for at, text in line.marks())
    return element("li", element("span", "UTC", class_="label muted"), element("span", marks, class_="ticks"))


def _edge(at: float) -> t.Optional[str]:
    """A mark stands in the middle below its moment, unless it would stick out there."""
    return "start" if at < 4 else "end" if at > 96 else None


_OUTAGE = ("Endpoint", "Vantage", "From (UTC)", "To (UTC)", "Length", "How it looked", "First reply", "Last reply")
_CHANGE = ("When (UTC)", "Vantage", "What", "Before", "After")


def _outage(outage: Facts) -> t.Sequence[str]:
    return (
        outage["endpoint"]["name"],
        outage["vantage"],
        _moment(outage["start"]),
        _moment(outage["end"]) if outage["end"] is not None else "not over when the watch ended",
        outage_length(outage),
        ", ".join(outage["how"]),
        outage["first"] or "none",
        outage["last"] or "none",
    )


def _change(vantage: str, change: Facts) -> t.Sequence[str]:
    return (
        _moment(change["at"]) if change["at"] is not None else "not known",
        vantage,
        change["impact"],
        value_words(change["before"]),
        value_words(change["after"]),
    )


def _moment(moment: str) -> str:
    return moment[11:].rstrip("Z")


def _table(caption: str, head: t.Sequence[str], lines: t.Iterable[t.Sequence[str]]) -> Markup:
    name = caption.lower().replace(" ", "-") + "-table"
    table = element(
        "table",
        element("caption", element("span", caption), id=name),
        element("thead", element("tr", (element("th", text, scope="col") for text in head))),
        element(
            "tbody",
            (
                element("tr", element("th", line[0], scope="row"), (element("td", text) for text in line[1:]))
                for line in lines
            ),
        ),
        class_="list",
    )
    return element("div", table, class_="scroll", tabindex=0, role="region", aria_labelledby=name)
