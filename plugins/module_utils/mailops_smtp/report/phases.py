# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Where the time of a dialog went: its phases one after the other, as a waterfall shows them."""

from __future__ import annotations

import typing as t

Facts = t.Mapping[str, t.Any]


class Stretch(t.NamedTuple):
    """Steps of one phase in a row, since a phase can come twice: EHLO is said again after TLS began.

    ``at`` and ``seconds`` count from the beginning of the check. ``outcome`` says how it ended: the last reply's code,
    the kind of error, or nothing. ``broke`` marks an end that no server wants.
    """

    phase: str
    at: float
    seconds: float
    outcome: t.Optional[str]
    broke: bool


def stretches(check: Facts) -> t.List[Stretch]:
    """The phases of a check in the order in which they came; pipelined ones overlap."""
    found: t.List[t.List[Facts]] = []
    for step in check["steps"]:
        if found and found[-1][-1]["phase"] == step["phase"]:
            found[-1].append(step)
        else:
            found.append([step])
    return [_stretch(check, steps) for steps in found]


def _stretch(check: Facts, steps: t.Sequence[Facts]) -> Stretch:
    last = steps[-1]
    end = max(step["at"] + step["seconds"] for step in steps)
    reply, error = last["reply"], last["error"]
    outcome = error["kind"] if error is not None else str(reply["code"]) if reply and reply["code"] else None
    refused = reply is not None and (reply["code"] or 0) >= 400
    broke = last["phase"] == check["failed_phase"] and (error is not None or refused)
    return Stretch(last["phase"], steps[0]["at"], max(end - steps[0]["at"], 0.0), outcome, broke)


def length(check: Facts) -> float:
    """How long the check took, in seconds; zero where it was not made."""
    ends = [step["at"] + step["seconds"] for step in check["steps"]]
    return float(max([check["seconds"] or 0.0, *ends]))
