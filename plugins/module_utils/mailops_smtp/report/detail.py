# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""How much of a run is returned. Controllers keep every result, and some cut them: AWX at 700,000 octets."""

from __future__ import annotations

import typing as t

from ..judge.verdicts import rank

# With these, an overview stays below half a megabyte.
MAX_OVERVIEW = 1000
MAX_TARGETS_SHOWN = 20
MAX_TEXT = 200


def detailed(run: t.Dict[str, t.Any], detail: str) -> t.Dict[str, t.Any]:
    """The run as it is returned with this ``detail``.

    ``facts``: as it is. ``transcript``: each check has its dialog as text besides. ``summary``: in place of ``checks``,
    ``overview`` has the most important of each check, the worst first, and at most so many.
    """
    if detail == "transcript":
        from .transcript import transcript

        checks = [{**check, "transcript": transcript(check).split("\n")} for check in run["checks"]]
        return {**run, "checks": checks}
    if detail == "summary":
        ordered = sorted(run["checks"], key=lambda check: rank(check["verdict"]), reverse=True)
        overview = [_short(check) for check in ordered[:MAX_OVERVIEW]]
        return {**run, "checks": [], "overview": overview, "plan": _without_most_targets(run["plan"])}
    return run


def _short(check: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    endpoint = check["endpoint"]
    return {
        "target": check["target"],
        "address": endpoint["address"],
        "port": endpoint["port"],
        "verdict": check["verdict"],
        "reached": check["reached"],
        "failed_phase": check["failed_phase"],
        "seconds": check["seconds"],
        "findings": [finding["id"] for finding in check["findings"]],
        "summary": check["summary"][:MAX_TEXT],
    }


def _without_most_targets(plan: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    asked = dict(plan["asked"])
    targets = asked.get("targets")
    if targets is not None and len(targets) > MAX_TARGETS_SHOWN:
        asked["targets"] = [*targets[:MAX_TARGETS_SHOWN], f"[{len(targets) - MAX_TARGETS_SHOWN} more]"]
    return {**plan, "asked": asked}
