# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a change window may end: what a pipeline branches on, made once, so that every report says the same.

The gate is open after as many clean comparisons in a row as were wanted, with no outage longer than is allowed.
"""

from __future__ import annotations

import typing as t

from ..evidence import SCHEMA_VERSION
from ..judge.verdicts import worst
from ..judge.wording import duration, outage_length
from .checks import NotARun

Facts = t.Mapping[str, t.Any]

_TOLD = ("regressions", "missing", "improvements", "changes", "expected", "added")


def gate(
    comparisons: t.Sequence[Facts],
    watches: t.Sequence[Facts] = (),
    longest_gap: t.Optional[float] = None,
    times: int = 1,
) -> t.Dict[str, t.Any]:
    """A ``gate`` of docs/facts.schema.json.

    :param comparisons: one after the other, each with the same state before.
    :param longest_gap: the longest outage that is allowed, in seconds; None allows any.
    :param times: how many clean comparisons in a row are wanted.
    :raises NotARun: there is no comparison, or something else was given.
    """
    if not comparisons or not all(isinstance(each, t.Mapping) and "unseen" in each for each in comparisons):
        raise NotARun("expected one result of mailops.smtp.smtp_compare or more for the gate")
    if not all(isinstance(watch, t.Mapping) and "outages" in watch for watch in watches):
        raise NotARun("expected results of mailops.smtp.smtp_watch as the watches of the gate")
    # The first that is not clean decides; whoever compares on after it cannot make it undone.
    clean = next((number for number, each in enumerate(comparisons) if each["verdict"] != "pass"), len(comparisons))
    last = comparisons[min(clean, len(comparisons) - 1)]
    gaps = [watch["longest_gap"] for watch in watches]
    known = [gap for gap in gaps if gap is not None]
    lost = [watch for watch in watches if watch["ended"] == "lost"]
    longest = max(known, default=None)
    shares = [watch["availability"] for watch in watches if watch["availability"] is not None]
    verdicts = [last["verdict"]]
    # What got worse stands in the hint.
    words = [last["summary"].partition(" First of all: ")[0] if last["rollback_hint"] else last["summary"]]
    if times > 1:
        words.append(f"{clean} of {times} runs in a row were clean.")
        verdicts += ["fail"] if clean < times and last["verdict"] == "pass" else []
    outages = [outage for watch in watches for outage in watch["outages"]]
    words += _told_of(outages, longest_gap)
    if longest_gap is not None:
        verdicts += [] if all(is_within(outage, longest_gap) for outage in outages) else ["fail"]
        if len(known) < len(gaps) or not gaps:
            verdicts.append("inconclusive")
            words.append("How long the outages were is not known from everywhere, since not every vantage watched.")
        if lost:
            verdicts.append("inconclusive")
            words.append(_told_of_lost(lost))
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": worst(verdicts),
        "summary": " ".join(words),
        "rollback_hint": last["rollback_hint"],
        "clean_runs": clean,
        "wanted_runs": times,
        **{name: [entry["impact"] for entry in last[name]] for name in _TOLD},
        "unseen": list(last["unseen"]),
        "unchanged": last["unchanged"],
        "longest_gap": longest,
        "allowed_gap": longest_gap,
        "availability": min(shares, default=None),
        "outages": outages,
    }


def _told_of_lost(watches: t.Sequence[Facts]) -> str:
    names = ", ".join(watch["vantage"] for watch in watches)
    is_one = len(watches) == 1
    return (
        f"The watch{'' if is_one else 'es'} of {names} {'was' if is_one else 'were'} lost before "
        f"{'it was' if is_one else 'they were'} collected, and nobody knows what came after."
    )


def is_within(outage: Facts, allowed: float) -> bool:
    """Whether an outage was no longer than so many seconds, as far as it was seen. Where its end was not, it was longer
    than that; nobody knows by how much."""
    return bool(outage["seconds"] <= allowed if outage["end"] is not None else outage["seconds"] < allowed)


def longest_of(outages: t.Sequence[Facts]) -> Facts:
    """Of several of one length, one whose end was not seen."""
    return max(outages, key=lambda outage: (outage["seconds"], outage["end"] is None))


def _told_of(outages: t.Sequence[Facts], allowed: t.Optional[float]) -> t.Iterator[str]:
    if not outages:
        return
    longest = longest_of(outages)
    over = longest["end"] is not None
    others = sum(outage["end"] is None for outage in outages) - (not over)
    limit = ""
    if allowed is not None:
        limit = f"{'within' if is_within(longest, allowed) else 'more than'} the {duration(allowed)} that are allowed"
    if over:
        yield f"The longest outage took {outage_length(longest)}{', which is ' if limit else ''}{limit}."
    else:
        seen = f"The longest outage took {outage_length(longest)}, not over when the watch ended"
        yield f"{seen}; as far as it was seen, that is {limit}." if limit else f"{seen}."
    if others:
        counted = "was not over when the watch ended, and counts as long as it was seen"
        several = "were not over when the watch ended, and count as long as they were seen"
        yield f"Of the others, {others} {counted if others == 1 else several}."
