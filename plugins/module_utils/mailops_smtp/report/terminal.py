# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Runs and matrices for a terminal, readable at a glance in 80 columns: the worst first, the next step beside it.

Plain ASCII, but for what servers said; colour only when asked for, and it never says what no word says.
"""

from __future__ import annotations

import textwrap
import typing as t

from ..evidence import printable
from ..judge.verdicts import rank
from ..judge.wording import duration

# ECMA-48 SGR parameters.
_COLOURS = {"pass": 32, "not_tested": 2, "degraded": 33, "deferred": 36, "inconclusive": 35, "fail": 31}

# A column narrower than this cuts host names to nothing.
_LEAST_COLUMN = 12
_GAP = "  "


def matrix_table(matrix: t.Mapping[str, t.Any], width: int = 80, colour: bool = False) -> str:
    """A matrix as a table, vantages down and endpoints across; where that is too wide, one block for each vantage.

    Below it stand the faults and where they are, and the divergences that are none. A cell tells the verdict, the phase
    that failed or else the last one that completed, and how long the check took; a dot says that there is no such
    check. ``width`` is in characters.
    """
    if not matrix["vantages"]:
        return "No check was made."
    headings = [printable(endpoint["name"]) for endpoint in matrix["endpoints"]]
    first = max(len(printable(name)) for name in matrix["vantages"])
    room = (width - first) // len(headings) - len(_GAP)
    fits = room >= max(_LEAST_COLUMN, *(len(_cell_text(cell)) for row in matrix["cells"] for cell in row))
    lines = _table(matrix, headings, first, room, colour) if fits else _blocks(matrix, headings, colour)

    located = {endpoint for location in matrix["localisation"] for endpoint in location["endpoints"]}
    for divergence in matrix["divergence"]:
        if divergence["endpoint"] in located:
            continue  # the sentence about its fault says so too
        lines += ["", *_wrapped(divergence["summary"], width)]
    for location in matrix["localisation"]:
        place = location["place"].replace("_", " ")
        lines += ["", *_wrapped(f"{place.upper()} ({location['confidence']}): {location['summary']}", width)]
        for reason in location["reasons"]:
            lines += _wrapped(reason, width, "  - ")
        lines += _wrapped(f"Next ({location['owner']}): {location['next_step']}", width, "  ")
    for remark in matrix["remarks"]:
        lines += ["", *_wrapped(remark["summary"], width)]
    return "\n".join(lines)


def run_text(run: t.Mapping[str, t.Any], width: int = 80, colour: bool = False) -> str:
    """A run: its summary, then each check with its findings, the worst first. ``width`` is in characters."""
    checks = sorted(run["checks"], key=lambda check: rank(check["verdict"]), reverse=True)
    blocks = [_wrapped(run["summary"], width), *(_check_lines(check, width, colour) for check in checks)]
    return "\n\n".join("\n".join(block) for block in blocks)


def _table(
    matrix: t.Mapping[str, t.Any], headings: t.Sequence[str], first: int, room: int, colour: bool
) -> t.List[str]:
    wrapped = [textwrap.wrap(heading, room) for heading in headings]
    widths = [
        max(len(text) for text in (*lines, *(_cell_text(row[column]) for row in matrix["cells"])))
        for column, lines in enumerate(wrapped)
    ]
    height = max(map(len, wrapped))
    rows = [["", *(lines[number] if number < len(lines) else "" for lines in wrapped)] for number in range(height)]
    table = [_GAP.join(text.ljust(size) for text, size in zip(row, [first, *widths])).rstrip() for row in rows]
    table.append(_GAP.join("-" * size for size in [first, *widths]))
    for vantage, cells in zip(matrix["vantages"], matrix["cells"]):
        texts = [_coloured(_cell_text(cell).ljust(size), cell, colour) for cell, size in zip(cells, widths)]
        table.append(_GAP.join([printable(vantage).ljust(first), *texts]).rstrip())
    return table


def _blocks(matrix: t.Mapping[str, t.Any], headings: t.Sequence[str], colour: bool) -> t.List[str]:
    widest = max(len(_cell_text(cell)) for row in matrix["cells"] for cell in row)
    lines = []
    for vantage, cells in zip(matrix["vantages"], matrix["cells"]):
        lines.append(f"{printable(vantage)}:")
        for heading, cell in zip(headings, cells):
            lines.append(f"  {_coloured(_cell_text(cell).ljust(widest), cell, colour)}{_GAP}{heading}")
    return lines


def _cell_text(cell: t.Optional[t.Mapping[str, t.Any]]) -> str:
    if cell is None:
        return "."
    place = cell["failed_phase"] or cell["reached"]
    took = duration(cell["seconds"]) if cell["seconds"] is not None else ""
    return " ".join(part for part in (_verdict_word(cell), place, took) if part)


def _verdict_word(judged: t.Mapping[str, t.Any]) -> str:
    """Failures stand out without colour, too."""
    return "FAIL" if judged["verdict"] == "fail" else judged["verdict"].replace("_", " ")


def _check_lines(check: t.Mapping[str, t.Any], width: int, colour: bool) -> t.List[str]:
    verdict = _coloured(_verdict_word(check), check, colour)
    lines = [f"{verdict} from {printable(check['vantage']['name'])}", *_wrapped(check["summary"], width, "    ")]
    for finding in check["findings"]:
        lines += _wrapped(f"{finding['severity']} {finding['id']}: {finding['title']}.", width, "    - ")
        if finding["severity"] != "info":
            lines += _wrapped(finding["meaning"], width, "      ")
            lines += _wrapped(f"Next ({finding['owner']}): {finding['next_step']}", width, "      ")
    return lines


def _wrapped(text: str, width: int, lead: str = "") -> t.List[str]:
    """Stored text may have been tampered with, so it is escaped again before it meets a terminal."""
    return textwrap.wrap(printable(text), width, initial_indent=lead, subsequent_indent=" " * len(lead))


def _coloured(text: str, judged: t.Optional[t.Mapping[str, t.Any]], colour: bool) -> str:
    if not colour or judged is None:
        return text
    return f"\x1b[{_COLOURS[judged['verdict']]}m{text}\x1b[0m"
