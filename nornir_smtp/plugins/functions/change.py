# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Before and after a change, from what Nornir runs returned or from files."""

from __future__ import annotations

import os
import typing as t

from mailops_smtp.compare import Tolerance, comparison
from mailops_smtp.compare import gate as decided
from mailops_smtp.snapshot import merge, read, write
from mailops_smtp.snapshot.file import versions
from nornir.core.task import AggregatedResult

Side = AggregatedResult | t.Mapping[str, t.Any] | str | os.PathLike[str]


def snapshot(
    result: AggregatedResult, path: str | os.PathLike[str] | None = None, label: str | None = None
) -> dict[str, t.Any]:
    """
    Join what the vantages saw into one record, and keep it in a file.

    Arguments:
        result: what ``nr.run(task=smtp_check, ...)`` returned; hosts whose task raised an exception are left out
        path: the file, compressed where its name ends with ``.gz``; without it, nothing is written
        label: the name of the snapshot, such as ``before``

    Returns:
        the snapshot, as docs/facts.schema.json has it

    Raises:
        SnapshotError: the file cannot be written
    """
    made = merge([host[0].result for host in result.values() if host[0].exception is None], label, versions())
    if path is not None:
        write(os.fspath(path), made)
    return made


def compare(
    before: Side,
    after: Side,
    expected: t.Sequence[str | t.Mapping[str, t.Any]] = (),
    ratio: float = 3.0,
    seconds: float = 0.5,
    samples: int = 3,
) -> dict[str, t.Any]:
    """
    Compare what was seen before a change and after it, by meaning.

    Arguments:
        before: what ``nr.run(task=smtp_check, ...)`` returned, a snapshot, or the path of a snapshot's file
        after: the same
        expected: the changes that are meant to happen, as the filter ``mailops.smtp.smtp_compare`` takes them
        ratio: a phase counts as slower when its median is this many times as long,
        seconds: and by this many seconds longer,
        samples: in at least this many checks of the same vantage and endpoint on either side

    Returns:
        the comparison, as docs/facts.schema.json has it

    Raises:
        DeclarationError: a declared change is not understood
        SnapshotError: a file cannot be read, or is no snapshot
    """
    tolerance = Tolerance.checked(ratio, seconds, samples)
    return comparison(_checks(before), _checks(after), list(expected), tolerance)


def gate(
    comparisons: t.Mapping[str, t.Any] | t.Sequence[t.Mapping[str, t.Any]],
    watches: AggregatedResult | t.Sequence[t.Mapping[str, t.Any]] = (),
    longest_gap: float | None = None,
    times: int = 1,
) -> dict[str, t.Any]:
    """
    Decide whether a change window may end.

    Arguments:
        comparisons: what ``compare`` returned, or a list of these, one after the other
        watches: what ``nr.run(task=smtp_watch, ...)`` returned, or the results in it
        longest_gap: the longest outage in seconds that is allowed; any, without it
        times: how many clean comparisons in a row are wanted

    Returns:
        the gate, as docs/facts.schema.json has it; its ``verdict`` is ``pass`` where it is open

    Raises:
        NotARun: something else was given
    """
    given = [comparisons] if isinstance(comparisons, t.Mapping) else list(comparisons)
    return decided(given, _checks(watches) if isinstance(watches, AggregatedResult) else watches, longest_gap, times)


def _checks(side: Side) -> t.Any:
    if isinstance(side, AggregatedResult):
        return [host[0].result for host in side.values() if host[0].exception is None]
    return read(os.fspath(side)) if isinstance(side, (str, os.PathLike)) else side
