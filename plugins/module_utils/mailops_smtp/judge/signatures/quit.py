# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""QUIT: what was asked for is done by then, so nothing here can spoil it."""

from __future__ import annotations

from ..signature import Signature, When

FAILURES = (
    Signature(
        id="quit.none",
        phases=("quit",),
        when=(
            When(error=("closed", "reset", "silent", "timeout", "protocol", "too_large", "tls")),
            When(code="[1345]yz"),
        ),
        verdict="pass",
        severity="info",
        confidence="certain",
        owner="target",
        title="QUIT was not answered with 221",
        meaning="The server hung up instead of saying goodbye. This is impolite and harmless.",
        next_step="Nothing to do.",
        reference="RFC 5321 section 4.1.1.10",
    ),
)

REMARKS = ()
