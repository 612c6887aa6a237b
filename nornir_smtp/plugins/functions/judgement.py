# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What checks mean, once more and offline, and the expectations that a good run met."""

from __future__ import annotations

import typing as t

from mailops_smtp.compare.checks import checks_in, domains_in, routes_in
from mailops_smtp.judge.acceptance import expectations_of
from mailops_smtp.judge.again import judge_again
from mailops_smtp.judge.views import judge_routes
from mailops_smtp.transcripts import read_transcript
from nornir.core.task import AggregatedResult


def judge(
    evidence: AggregatedResult | str | t.Any,
    expect: t.Mapping[str, t.Any] | None = None,
    host: str = "unknown",
    port: int = 25,
    vantage: str = "transcript",
) -> dict[str, t.Any]:
    """
    Judge checks by the rules of this version, all vantages together, without any connection.

    Arguments:
        evidence: what ``nr.run(task=smtp_check, ...)`` returned, a run, a check, or a list of these; or what
            ``nr.run(task=mail_route, ...)`` returned, or a list of such results; a text is a transcript of telnet, nc
            or swaks
        expect: what to hold the checks to, in place of what they were held to
        host: of a transcript, the server's name
        port: of a transcript, the port
        vantage: of a transcript, where it was made

    Returns:
        a dictionary of ``checks`` and ``domains``, or of ``routes``; and of ``verdict``, ``counts`` and ``summary``

    Raises:
        ValueError: for something else, or for ``expect`` where there are no checks
    """
    if isinstance(evidence, str):
        return judge_again([read_transcript(evidence, host, port, vantage=vantage)], expect)
    given = _results(evidence)
    routes = routes_in(given)
    if routes is None:
        return judge_again(checks_in(given), expect, list(domains_in(given)))
    if expect is not None:
        raise ValueError("expect is for checks, and these are mail routes")
    return judge_routes(routes)


def expectations(evidence: AggregatedResult | t.Any, strict: bool = False) -> dict[str, t.Any]:
    """
    Write expectations down from a run that passes: the acceptance test of the next build.

    Arguments:
        evidence: what ``nr.run(task=smtp_check, ...)`` returned, a run, a check, or a list of these
        strict: what was not offered is not to be offered

    Returns:
        a dictionary of ``targets``, as the task's argument takes them
    """
    return expectations_of(_checks(evidence), strict)


def _checks(evidence: t.Any) -> list[t.Mapping[str, t.Any]]:
    return list(checks_in(_results(evidence)))


def _results(evidence: t.Any) -> t.Any:
    """Hosts whose task raised an exception have none."""
    if isinstance(evidence, AggregatedResult):
        return [host[0].result for host in evidence.values() if host[0].exception is None]
    return evidence
