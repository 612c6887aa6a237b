# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""How long each phase took, over the repetitions of a check. A pure function of facts."""

from __future__ import annotations

import typing as t

from .evidence import PHASES

Check = t.Mapping[str, t.Any]


def timings(checks: t.Iterable[Check]) -> t.List[t.Dict[str, t.Any]]:
    """For each endpoint of each target ``{target, endpoint, count, seconds, phases}``.

    ``count`` is how many checks were made. ``seconds`` is the whole check's ``{count, min, median, max}``, over those
    that came to their end; ``phases`` has the same for each phase that ended well at least once, in their order.
    """
    groups: t.Dict[t.Any, t.List[Check]] = {}
    for check in checks:
        endpoint = check["endpoint"]
        groups.setdefault((check["target"], endpoint["host"], endpoint["address"], endpoint["port"]), []).append(check)
    return [_timing(group) for group in groups.values()]


def _timing(group: t.Sequence[Check]) -> t.Dict[str, t.Any]:
    spans: t.Dict[str, t.List[float]] = {}
    for check in group:
        for phase, seconds in _phases(check).items():
            spans.setdefault(phase, []).append(seconds)
    whole = [check["seconds"] for check in group if check["failed_phase"] is None and check["seconds"] is not None]
    return {
        "target": group[0]["target"],
        "endpoint": group[0]["endpoint"],
        "count": sum(check["seconds"] is not None for check in group),
        "seconds": _spread(whole) if whole else None,
        "phases": [{"phase": phase, **_spread(spans[phase])} for phase in PHASES if phase in spans],
    }


def _phases(check: Check) -> t.Dict[str, float]:
    """The seconds of each phase that ended well; EHLO before and after TLS are one."""
    spans: t.Dict[str, float] = {}
    for step in check["steps"]:
        spans[step["phase"]] = spans.get(step["phase"], 0.0) + step["seconds"]
    for step in check["steps"]:
        if step["error"] is not None:
            spans.pop(step["phase"], None)
    return spans


def _spread(spans: t.Sequence[float]) -> t.Dict[str, t.Any]:
    return {
        "count": len(spans),
        "min": round(min(spans), 6),
        "median": round(_median(sorted(spans)), 6),
        "max": round(max(spans), 6),
    }


def _median(ordered: t.Sequence[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
