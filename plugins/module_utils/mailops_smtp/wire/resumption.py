# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a server really takes a TLS session up again. Only a second connection can show it, so only who asks gets it.

It goes as far as TLS, and ends with QUIT. It waits its turn like any other: a server that wants to be left alone is.
"""

from __future__ import annotations

import typing as t

from ..evidence import TLS, TLSSession
from .job import Job
from .talk import Talk

if t.TYPE_CHECKING:
    from ..plan import Dialog
    from .engine import Outcome

NOTHING_OFFERED = "the server has offered nothing to take it up with"


def dialog_of_second(dialog: Dialog) -> Dialog:
    """What is said on the second connection."""
    return dialog._replace(stop_after="starttls", leave="quit", extra=(), probes=())


def second(job: Job, outcome: Outcome) -> t.Optional[Job]:
    """The connection that shows it, where it is asked for and there is a session to be taken up."""
    if not job.resumes or not isinstance(outcome, Talk) or outcome.tls_session is None:
        return None
    # Whoever takes a session up again is not shown the certificates again.
    return job._replace(
        dialog=dialog_of_second(job.dialog),
        resumes=False,
        tls_session=outcome.tls_session,
        verify=False,
    )


def without_second(job: Job, facts: TLS) -> TLS:
    """The facts of a check that asked for it where nothing came of that, since nothing was offered."""
    if not job.resumes or facts.session is None:
        return facts
    return facts._replace(session=facts.session._replace(reason=NOTHING_OFFERED))


def with_second(facts: TLS, outcome: Outcome) -> TLS:
    """The facts of the first connection, with what the second one showed."""
    reused, reason = _seen(outcome)
    session = t.cast(TLSSession, facts.session)  # there was one, or nobody would have asked
    return facts._replace(session=session._replace(reused=reused, reason=reason))


def _seen(outcome: Outcome) -> t.Tuple[t.Optional[bool], t.Optional[str]]:
    if not isinstance(outcome, Talk):
        return None, f"the second connection was not made: {outcome.reason}"
    tls = t.cast(TLS, outcome.tls_facts)
    if tls.session is not None:
        return tls.session.reused, tls.session.reason
    phase = outcome.session.failed_phase or outcome.session.phase
    return None, f"the second connection came to its end before TLS, at {phase}"
