# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""XCLIENT and XFORWARD. What they say of another client was asked for, so a refusal is a failure."""

from __future__ import annotations

from ..signature import Signature, When

FAILURES = (
    Signature(
        id="xclient.refused",
        phases=("xclient", "xforward"),
        # Also "220" where XFORWARD has "250", and what XCLIENT says of a client that it turns away: 554.
        when=(When(code="[2-5](?!21)yz"),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="{verb} is refused",
        meaning="The server does not let this client speak for another one, dislikes an attribute, or turns that other "
        "client away ({reply}).",
        next_step="Compare the client's address with smtpd_authorized_xclient_hosts and _xforward_hosts.",
        reference="Postfix XCLIENT_README",
    ),
)

REMARKS = (
    Signature(
        id="xclient.not_offered",
        phases=("xclient",),
        when=(When(facts=(("xclient.problem", "matches", "."),)),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="XCLIENT is not offered to this client",
        meaning="The server lists none of the attributes that were to be sent.",
        next_step="Add the vantage's address to smtpd_authorized_xclient_hosts.",
        reference="Postfix XCLIENT_README",
    ),
    Signature(
        id="xforward.not_offered",
        phases=("xforward",),
        when=(When(facts=(("xforward.problem", "matches", "."),)),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="XFORWARD is not offered to this client",
        meaning="The server lists none of the attributes that were to be sent.",
        next_step="Add the vantage's address to smtpd_authorized_xforward_hosts.",
        reference="Postfix XFORWARD_README",
    ),
)
