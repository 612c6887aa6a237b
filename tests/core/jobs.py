# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks for the engine, and what became of them."""

from __future__ import annotations

from mailops_smtp.evidence import Endpoint
from mailops_smtp.plan import Timeouts, TLSOptions
from mailops_smtp.wire.engine import Engine
from mailops_smtp.wire.job import Job
from mailops_smtp.wire.talk import Talk
from mailops_smtp.wire.tls_settings import TLSSettings

from tests.core.scripts import dialog

TLS = TLSSettings(TLSOptions(False, *[None] * 7))
QUICK = Timeouts(connect=2.0, reply=0.3, total=2.0)
PATIENT = Timeouts(connect=10.0, reply=10.0, total=20.0)


def job(port, planned=None, *, address="127.0.0.1", timeouts=PATIENT, **changes):
    return Job(
        target=f"{address}:{port}",
        endpoint=Endpoint(address, address, "ipv6" if ":" in address else "ipv4", port),
        dialog=planned or dialog("user@contoso.com"),
        timeouts=timeouts,
        tls=TLS,
        verify=False,
        server_name=address,
    )._replace(**changes)


def talks(*jobs):
    """The talk of each job, in the jobs' order; None for a check that was not made."""
    numbered = [made._replace(errand=number) for number, made in enumerate(jobs)]
    ended = {done.errand: talk if isinstance(talk, Talk) else None for done, talk in Engine().run(numbered)}
    return [ended[number] for number in range(len(jobs))]
