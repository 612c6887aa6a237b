# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Interruptions as a report shows them: what was watched from all vantages, on one time line."""

from __future__ import annotations

import calendar
import re
import typing as t

from ..compare import NotARun

Facts = t.Mapping[str, t.Any]

_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?Z")

# Spans between two marks of a time line, in seconds: what people count in.
_SPANS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_MARKS = 6


class Row(t.NamedTuple):
    """One endpoint as one vantage saw it: ``endpoint`` is a ``watched_endpoint``, ``outages`` are its own."""

    vantage: str
    endpoint: Facts
    outages: t.Sequence[Facts]


def watches_in(given: t.Any) -> t.List[Facts]:
    """The results of smtp_watch in whatever holds them.

    :raises NotARun: something else was given.
    """
    if isinstance(given, (list, tuple)):
        return [watch for entry in given for watch in watches_in(entry)]
    if isinstance(given, t.Mapping) and isinstance(given.get("outages"), list) and "interval" in given:
        return [given]
    if isinstance(given, t.Mapping) and isinstance(given.get("results"), (list, tuple)):
        return watches_in(given["results"])
    raise NotARun("expected the result of mailops.smtp.smtp_watch, or a list of them, as the watch")


def rows(watches: t.Sequence[Facts]) -> t.List[Row]:
    """Every endpoint of every vantage, in the order in which they were given."""
    return [
        Row(
            watch["vantage"],
            watched,
            [outage for outage in watch["outages"] if outage["endpoint"] == watched["endpoint"]],
        )
        for watch in watches
        for watched in watch["endpoints"]
    ]


def seconds_of(moment: str) -> float:
    """A moment of the facts in seconds since 1970.

    :raises NotARun: it is none.
    """
    found = _MOMENT.fullmatch(moment)
    if found is None:
        raise NotARun(f"expected a moment such as 2026-03-01T21:04:11.123Z in the watch; got {moment!r:.40}")
    whole = tuple(int(part) for part in found.groups()[:6])
    return calendar.timegm(whole) + float(found.group(7) or 0)


class TimeLine(t.NamedTuple):
    """From when to when, in seconds since 1970; never of no length."""

    start: float
    end: float

    def share(self, at: float) -> float:
        """Where a moment is, from 0 to 100; what lies outside is at the end."""
        return min(100.0, max(0.0, 100 * (at - self.start) / (self.end - self.start)))

    def marks(self) -> t.List[t.Tuple[float, str]]:
        """A few round times of day within it, in UTC, and where they are."""
        length = self.end - self.start
        span = next((span for span in _SPANS if length / span <= _MARKS), 86400 * (1 + int(length / 86400 / _MARKS)))
        first = -(-self.start // span) * span
        return [
            (self.share(at), _time_of_day(at, span))
            for at in (first + number * span for number in range(int(length // span) + 1))
            if at <= self.end
        ]


def time_line(watches: t.Sequence[Facts]) -> TimeLine:
    """The time that any of them covers."""
    start = min(seconds_of(watch["started_at"]) for watch in watches)
    end = max(seconds_of(watch["finished_at"]) for watch in watches)
    return TimeLine(start, max(end, start + 1))


def _time_of_day(at: float, span: int) -> str:
    hours, rest = divmod(int(at) % 86400, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours:02}:{minutes:02}" if span % 60 == 0 else f"{hours:02}:{minutes:02}:{seconds:02}"


def share_words(availability: t.Optional[float]) -> str:
    """An availability as people say it; never rounded to what it is not."""
    if availability is None:
        return "not known"
    if availability == 1:
        return "100%"
    return f"{min(99.99, int(availability * 10000) / 100):.2f}%"
