# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Which versions of TLS a server still speaks. Each takes a connection of its own, so only who asks gets them.

A version that was negotiated is not asked for again. The others follow one after the other: each offers that version
alone, goes as far as TLS, and ends with QUIT. They wait their turn like any other connection, and a server that wants
to be left alone is. What this machine's OpenSSL cannot offer, and what did not come to TLS, says nothing of the server.
"""

from __future__ import annotations

import typing as t

from ..evidence import TLS, OfferedVersion, Step
from .job import Job
from .resumption import dialog_of_second
from .talk import Talk

if t.TYPE_CHECKING:
    from .engine import Outcome

NO_TLS = "the first connection did not come to TLS"
# RFC 8446 6.2 has a server say so with an alert; some only hang up.
_REFUSALS = ("tls", "closed", "reset")


def offer_each(job: Job, facts: TLS) -> t.Generator[Job, Outcome, t.Tuple[OfferedVersion, ...]]:
    """Yields the connections that it takes, is sent the outcome of each, and returns what each version came to.

    :param facts: what the first connection showed.
    """
    seen = []
    for version, settings in job.tls.versions.items():
        if facts.established is None:
            seen.append(OfferedVersion(version, None, NO_TLS))
        elif facts.version == version:
            seen.append(OfferedVersion(version, True, None))
        elif isinstance(settings, str):
            seen.append(OfferedVersion(version, None, settings))
        else:
            outcome = yield job._replace(
                dialog=dialog_of_second(job.dialog),
                tls=settings,
                tls_session=None,
                resumes=False,
                verify=False,
                dane=None,
            )
            seen.append(OfferedVersion(version, *_accepted(outcome)))
    return tuple(seen)


def _accepted(outcome: Outcome) -> t.Tuple[t.Optional[bool], t.Optional[str]]:
    if not isinstance(outcome, Talk):
        return None, f"the connection was not made: {outcome.reason}"
    facts = t.cast(TLS, outcome.tls_facts)
    if facts.established:
        return True, None
    failed = _failed_handshake(outcome.steps)
    if failed is None or failed.error is None:
        phase = outcome.session.failed_phase or outcome.session.phase
        return None, f"the connection came to its end before TLS, at {phase}"
    return (False if failed.error.kind in _REFUSALS else None), failed.error.detail


def _failed_handshake(steps: t.Sequence[Step]) -> t.Optional[Step]:
    """The step of the handshake, which has no command and no reply."""
    found = [step for step in steps if step.phase == "starttls" and step.sent is None and step.error is not None]
    return found[0] if found else None
