# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A report of what a Nornir run returned."""

from __future__ import annotations

import typing as t

from mailops_smtp.report.writing import report as write
from nornir.core.task import AggregatedResult


def report(
    result: AggregatedResult | t.Any,
    format: str = "terminal",
    comparison: t.Mapping[str, t.Any] | None = None,
    earlier: AggregatedResult | t.Any = None,
    watch: AggregatedResult | t.Any = None,
    title: str | None = None,
    gate: t.Mapping[str, t.Any] | None = None,
) -> str:
    """
    Write a report of what the vantages saw.

    Arguments:
        result: what ``nr.run(task=smtp_check, ...)`` returned, or runs that were kept; hosts whose task raised an
            exception are left out
        format: ``terminal``, ``markdown``, ``html``, ``junit`` or ``json``
        comparison: a comparison with earlier runs, to be reported along with the checks; without it, ``earlier`` is
            compared with ``result``
        earlier: the checks as they were before, like ``result``
        watch: what was watched meanwhile, the facts of smtp_watch or a list of them
        title: the heading, in place of how many mail hosts were seen from how many vantages
        gate: what ``gate`` returned; the report then says first whether it is open

    Returns:
        the report as text that ends with a line end, to be kept in a file in UTF-8
    """
    return write(
        _runs(result),
        format,
        comparison=comparison,
        earlier=_runs(earlier),
        watch=_runs(watch),
        title=title,
        gate=gate,
    )


def _runs(result: AggregatedResult | t.Any) -> t.Any:
    if not isinstance(result, AggregatedResult):
        return result
    return [host[0].result for host in result.values() if host[0].exception is None]
