# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What belongs to many checks: how politely they are made, how often, and what is kept of them."""

from __future__ import annotations

import typing as t

from ..files import why_not_to_be_written
from .options import CHECK_OPTIONS, STOP_AFTER, OptionError
from .records import Connections, Repeat, Retry, Target

# A day; and enough to measure with.
MAX_SECONDS = 86400
MAX_REPETITIONS = 1000
MAX_RETRIES = 10
MAX_AT_ONCE = 50_000


def read_connections(given: t.Optional[t.Mapping[str, t.Any]]) -> Connections:
    """``per_minute`` 0 means any number."""
    defaults = {name: spec["default"] for name, spec in CHECK_OPTIONS["connections"]["options"].items()}
    values = {**defaults, **{name: value for name, value in (given or {}).items() if value is not None}}
    _within("connections.at_once", values["at_once"], 1, MAX_AT_ONCE)
    _within("connections.per_server", values["per_server"], 1, MAX_AT_ONCE)
    _within("connections.per_minute", values["per_minute"], 0, 1_000_000)
    _within("connections.jitter", values["jitter"], 0, MAX_SECONDS)
    _within("connections.pause_after_421", values["pause_after_421"], 0, MAX_SECONDS)
    return Connections(
        at_once=values["at_once"],
        per_server=values["per_server"],
        per_minute=values["per_minute"] or None,
        jitter=values["jitter"],
        pause=values["pause_after_421"],
    )


def read_repeat(given: t.Optional[t.Mapping[str, t.Any]], targets: t.Sequence[Target]) -> t.Optional[Repeat]:
    if given is None:
        return None
    _within("repeat.count", given["count"], 2, MAX_REPETITIONS)
    _within("repeat.interval", given["interval"], 0, MAX_SECONDS)
    if any(_sends_a_message(target) for target in targets):
        remedy = "drop one of the two, or stop before the message with stop_after"
        raise OptionError(
            "repeat.count", given["count"], "would send as many messages as there are repetitions", remedy
        )
    return Repeat(given["count"], given["interval"])


def read_retry(given: t.Optional[t.Mapping[str, t.Any]], targets: t.Sequence[Target]) -> t.Optional[Retry]:
    if given is None:
        return None
    _within("retry.count", given["count"], 1, MAX_RETRIES)
    _within("retry.delay", given["delay"], 0, MAX_SECONDS)
    _within("retry.max_delay", given["max_delay"], 0, MAX_SECONDS)
    for target in targets:
        if target.dialog.further_envelopes:
            raise OptionError(
                "retry", dict(given), "does not go with transactions, each of which would need its own", "drop one"
            )
        if not target.dialog.envelope.recipients:
            raise OptionError("retry", dict(given), "has no recipient that could be deferred", "give recipient")
        stop_after = target.dialog.stop_after
        if STOP_AFTER.index(stop_after) < STOP_AFTER.index("rcpt"):
            problem = f"has no recipient that could be deferred with stop_after: {stop_after}"
            raise OptionError("retry", dict(given), problem, "drop one of the two")
    return Retry(given["count"], given["delay"], given["max_delay"])


def read_file(option: str, path: t.Optional[str], replaced: bool = False) -> t.Optional[str]:
    """A file that is going to be written, or replaced by another. Its folder has to be there."""
    if path is None:
        return None
    problem = why_not_to_be_written(path, replaced)
    if problem is not None:
        raise OptionError(option, path, problem, "name a file in a folder that exists and can be written to")
    return path


def _sends_a_message(target: Target) -> bool:
    return any(envelope.text is not None for envelope in target.dialog.envelopes) and target.dialog.stop_after in (
        "data",
        "message",
    )


def _within(option: str, value: float, low: float, high: float) -> None:
    # The comparison is false for NaN too.
    if not low <= value <= high:
        raise OptionError(option, value, "is out of range", f"give a number from {low} to {high}")
