# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""When to come back, as servers that defer a recipient say it in words (there is no field for it in RFC 5321)."""

from __future__ import annotations

import re
import typing as t

# How much of a reply is looked at.
LINES_SEEN = 20
LINE_SEEN = 400

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

# postgrey: "Greylisted, see http://...", with --greylist-text "... %s seconds"; milter-greylist: "Greylisting in
# action, please come back in 00:04:59"; sqlgrey: "Greylisted for 5 minutes"; rspamd: "Try again later"; others: "300s".
_CLOCK = re.compile(r"\b([0-9]{1,3}):([0-5][0-9]):([0-5][0-9])\b")
_SPAN = re.compile(
    r"\b([0-9]{1,6}) ?(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?)\b", re.IGNORECASE
)


def seconds_to_wait(lines: t.Iterable[str]) -> t.Optional[float]:
    """The time that the text names, the longest of several; None where it names none."""
    spans: t.List[float] = []
    for line in list(lines)[:LINES_SEEN]:
        text = line[:LINE_SEEN]
        for match in _CLOCK.finditer(text):
            hours, minutes, seconds = map(int, match.groups())
            spans.append(hours * 3600.0 + minutes * 60 + seconds)
        for match in _SPAN.finditer(text):
            spans.append(float(match.group(1)) * _SECONDS[match.group(2)[0].lower()])
    return max(spans) if spans else None
