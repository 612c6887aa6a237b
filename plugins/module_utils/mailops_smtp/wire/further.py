# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What one check needs further connections for, one after the other: ``resumption`` and ``versions``."""

from __future__ import annotations

import typing as t

from ..evidence import TLS
from .job import Job

if t.TYPE_CHECKING:
    from .engine import Outcome

Further = t.Generator[Job, "Outcome", TLS]


def wants_more(job: Job) -> bool:
    """Whether one connection is not enough."""
    return job.resumes or bool(job.tls.versions)


def connections(job: Job, outcome: Outcome, facts: TLS) -> Further:
    """Yields the connections, is sent the outcome of each, and returns what all of them showed.

    :param outcome: of the first connection, and ``facts`` of its TLS.
    """
    seen = facts
    if job.resumes:
        # Only who asks for these pays for them.
        from . import resumption

        second = resumption.second(job, outcome)
        seen = resumption.with_second(seen, (yield second)) if second else resumption.without_second(job, seen)
    if job.tls.versions:
        from . import versions

        seen = seen._replace(versions=(yield from versions.offer_each(job, facts)))
    return seen
