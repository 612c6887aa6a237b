# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Small pieces that several sections of the page have."""

from __future__ import annotations

import typing as t

from ...judge.wording import duration
from ..phases import Stretch, length, stretches
from ..words import place_words
from .markup import Markup, element
from .palette import SEVERITY_LOOKS, group_of

Facts = t.Mapping[str, t.Any]


def verdict_word(verdict: str, tinted: bool = False) -> Markup:
    """The verdict with its colour and shape."""
    tint = f" t-{verdict}" if tinted else ""
    return element("span", verdict.replace("_", " "), class_=f"word v-{verdict}{tint}")


def severity_word(severity: str) -> Markup:
    return element("span", severity, class_=f"word v-{SEVERITY_LOOKS[severity]}")


def took(seconds: t.Optional[float]) -> str:
    return "" if seconds is None else duration(seconds)


def place(endpoint: Facts) -> t.Tuple[str, t.Optional[str]]:
    """An endpoint of the matrix as a heading and, where its name does not say it, what is below."""
    name: str = endpoint["name"]
    host, bracket, rest = name.partition(" [")
    return (host, f"[{rest}") if bracket else (name, None)


def check_link(index: int, check: Facts) -> Markup:
    """From a check's mention to its dialog, which opens on the way there."""
    return element("a", place_words(check), href=f"#c{index}")


def bar_of(check: Facts, whole: t.Optional[float] = None) -> Markup:
    """Where the time went, in one line: the phases by colour, the whole length being ``whole`` seconds."""
    total = whole or length(check)
    stops: t.List[str] = []
    reached = 0.0
    for stretch in stretches(check) if total else ():
        # Pipelined phases overlap: each shows from where the one before ended.
        begin, end = (min(100.0, max(reached, 100 * moment / total)) for moment in span(stretch))
        colour = f"var(--{'fail-ink' if stretch.broke else f'{group_of(stretch.phase)}-bar'})"
        stops += [f"transparent 0 {begin:.1f}%", f"{colour} 0 {end:.1f}%"]
        reached = end
    style = f"background-image:linear-gradient(90deg,{','.join([*stops, 'transparent 0'])})" if stops else None
    return element("span", class_="bar", style=style)


def span(stretch: Stretch) -> t.Tuple[float, float]:
    return stretch.at, stretch.at + stretch.seconds
