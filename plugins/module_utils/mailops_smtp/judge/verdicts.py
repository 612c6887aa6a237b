# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The verdicts and severities in their order, worst last. A verdict over many is the worst among them."""

from __future__ import annotations

import typing as t

VERDICTS = {
    "pass": "every wanted thing was done",
    "not_tested": "the plan never got to it",
    "degraded": "mail would flow, but something is wrong",
    "deferred": "the server asked to come back later",
    "inconclusive": "the tester, not the target, is at fault",
    "fail": "the target does not do what is wanted",
}
SEVERITIES = ("info", "notice", "warning", "error", "critical")
OWNERS = ("target", "network", "sender", "recipient", "vantage")
CONFIDENCES = ("certain", "likely", "possible")

_RANKS = {verdict: rank for rank, verdict in enumerate(VERDICTS)}


def rank(verdict: str) -> int:
    """The higher, the worse."""
    return _RANKS[verdict]


def worst(verdicts: t.Iterable[str]) -> str:
    """The worst of the verdicts; where there is none, nothing was tested."""
    return max(verdicts, key=rank, default="not_tested")


def count(verdicts: t.Iterable[str]) -> t.Dict[str, int]:
    """How often each verdict occurs, those that do not occur left out, worst last."""
    occurring = list(verdicts)
    return {verdict: occurring.count(verdict) for verdict in VERDICTS if verdict in occurring}
