# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""One report, written as what its readers want: a terminal, a ticket, a browser, a pipeline, a program."""

from __future__ import annotations

import json
import typing as t

from .contents import contents
from .html import page
from .junit import junit
from .markdown import markdown
from .overview import overview

Facts = t.Mapping[str, t.Any]


def _as_json(report: Facts) -> str:
    return json.dumps(report, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


FORMATS: t.Dict[str, t.Callable[[Facts], str]] = {
    "terminal": overview,
    "markdown": markdown,
    "html": page,
    "junit": junit,
    "json": _as_json,
}


class NoSuchFormat(ValueError):
    """What was asked for is none of FORMATS."""


def report(
    runs: t.Any,
    format: str = "terminal",
    comparison: t.Optional[Facts] = None,
    earlier: t.Any = None,
    watch: t.Any = None,
    title: t.Optional[str] = None,
    gate: t.Optional[Facts] = None,
) -> str:
    """The report as text that ends with a line end, to be kept in a file in UTF-8.

    ``runs`` and ``earlier`` are runs, module results, checks, the registered results of loops, or lists of these;
    ``comparison`` is the result of smtp_compare, ``watch`` that of smtp_watch, or a list of them, ``gate`` that of
    smtp_gate. ``format`` is one of FORMATS.

    :raises NoSuchFormat: it is not.
    :raises NotARun: one of the others is something else.
    """
    if format not in FORMATS:
        raise NoSuchFormat(f"format: {format!r} is not one of {', '.join(FORMATS)}")
    return FORMATS[format](contents(runs, comparison=comparison, earlier=earlier, watch=watch, title=title, gate=gate))
