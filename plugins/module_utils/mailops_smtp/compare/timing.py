# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Times, compared by the ratio of their medians over several checks. One sample on either side proves nothing."""

from __future__ import annotations

import statistics
import typing as t

from ..evidence import PHASES
from .checks import Check
from .kinds import BETTER, WORSE, Kind

_WORDS = {
    "connect": "Connecting",
    "banner": "The banner",
    "message": "The reply to the message",
    "starttls": "STARTTLS",
}


class Tolerance(t.NamedTuple):
    """A phase counts as slower when its median is ``ratio`` times as long and ``seconds`` longer, in at least
    ``samples`` checks on either side."""

    ratio: float = 3.0
    seconds: float = 0.5
    samples: int = 3

    @classmethod
    def checked(cls, ratio: t.Any, seconds: t.Any, samples: t.Any) -> Tolerance:
        """:raises ValueError: for a value that makes no sense."""
        for name, value, least in (("ratio", ratio, 1), ("seconds", seconds, 0), ("samples", samples, 2)):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value < float("inf"):
                raise ValueError(f"{name} {value!r} is not right: give a number of {least} or more")
        return cls(float(ratio), float(seconds), int(samples))

    def as_dict(self) -> t.Dict[str, t.Any]:
        return dict(self._asdict())


def timings(before: t.Sequence[Check], after: t.Sequence[Check], tolerance: Tolerance) -> t.Iterator[Kind]:
    """The phases of one vantage and one endpoint that take much longer, or much less long."""
    for phase in PHASES:
        was, now = (
            [took for took in (_took(check, phase) for check in side) if took is not None] for side in (before, after)
        )
        if min(len(was), len(now)) < tolerance.samples:
            continue
        old, new = statistics.median(was), statistics.median(now)
        if _exceeds(new, old, tolerance):
            change, sense = "slower", WORSE
        elif _exceeds(old, new, tolerance):
            change, sense = "faster", BETTER
        else:
            continue
        yield Kind(
            change, sense, phase, f"seconds.{phase}", round(old, 3), round(new, 3), _WORDS.get(phase, phase.upper())
        )


def _exceeds(longer: float, shorter: float, tolerance: Tolerance) -> bool:
    return longer > shorter * tolerance.ratio and longer - shorter > tolerance.seconds


def _took(check: Check, phase: str) -> t.Optional[float]:
    """How long a phase took that went through; a time limit that ran out is no measure of a server."""
    steps = [step for step in check["steps"] if step["phase"] == phase]
    if not steps or any(step["error"] is not None for step in steps):
        return None
    return float(sum(step["seconds"] for step in steps))
