# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What is odd about a vantage, and no server's fault: one that is slow wherever it is compared, one whose clock is off.

How long a check takes says something of a server only beside what the same vantage needs for others.
"""

from __future__ import annotations

import statistics
import typing as t

from ..judge.clocks import MOST_CLOCK_OFFSET, clock_sentence
from .whereabouts import Check

# From when on a vantage is slow: so many times as long as the others, and so many seconds longer, at every endpoint.
SLOW_TIMES = 5.0
SLOW_SECONDS = 0.25


def remarks(tested: t.Sequence[t.Mapping[str, Check]], checks: t.Sequence[Check]) -> t.List[t.Dict[str, t.Any]]:
    """``{vantage, kind, summary}`` of each, ``kind`` being ``slow`` or ``clock``.

    :param tested: the conclusive check of each vantage, for each endpoint.
    :param checks: all checks.
    """
    return [*_slow(tested), *_wrong_clocks(checks)]


def _slow(tested: t.Sequence[t.Mapping[str, Check]]) -> t.Iterator[t.Dict[str, t.Any]]:
    compared: t.Dict[str, t.List[t.Tuple[float, float]]] = {}
    for seen in tested:
        # What broke off took as long as somebody's patience.
        whole = {
            name: (check["reached"], check["seconds"]) for name, check in seen.items()
            if check["failed_phase"] is None and check["seconds"]
        }  # fmt: skip
        for name, (reached, seconds) in whole.items():
            others = [theirs for other, (far, theirs) in whole.items() if other != name and far == reached]
            if len(others) > 1:
                compared.setdefault(name, []).append((seconds, statistics.median(others)))
    for name, pairs in compared.items():
        if all(own >= SLOW_TIMES * theirs and own >= theirs + SLOW_SECONDS for own, theirs in pairs):
            own, theirs = (statistics.median(column) for column in zip(*pairs))
            where = "the one endpoint" if len(pairs) == 1 else f"each of {len(pairs)} endpoints"
            yield {
                "vantage": name,
                "kind": "slow",
                "summary": f"{name} takes {own / theirs:.0f} times as long as the others at {where} compared "
                f"({own:.2g} s, they {theirs:.2g} s): that is its own way or load, and no server's.",
            }


def _wrong_clocks(checks: t.Sequence[Check]) -> t.Iterator[t.Dict[str, t.Any]]:
    offsets = {check["vantage"]["name"]: check["vantage"].get("clock_offset") for check in checks}
    for name, offset in offsets.items():
        if offset is not None and abs(offset) > MOST_CLOCK_OFFSET:
            yield {"vantage": name, "kind": "clock", "summary": clock_sentence(name, offset)}
