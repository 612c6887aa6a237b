# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What keeps a name from leading to an address, and is its owner's doing. Look-ups without a connection report it too:
see mail_routes.py beside this file."""

from __future__ import annotations

from ..signature import Signature, When

FAILURES = (
    Signature(
        id="dns.bogus",
        phases=("resolve", "connect"),
        when=(When(error=("bogus",)),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="The DNSSEC signatures of {host} are wrong",
        meaning="Senders whose resolver validates do not find the mail servers: {detail}",
        next_step="Sign the zone again, or make its DS record in the parent zone fit its keys.",
        reference="RFC 4035 section 5.5",
    ),
)

REMARKS = (
    # A short name is meant to be completed; one with a dot in it hardly ever is.
    Signature(
        id="dns.suffix_added",
        phases=("resolve", "connect"),
        when=(When(facts=(("endpoint.resolved_name", "matches", "."), ("endpoint.host", "matches", r"\.[^.]"))),),
        verdict="inconclusive",
        severity="warning",
        confidence="certain",
        owner="vantage",
        title="{host} was completed to {resolved_name}",
        meaning="The name {host} does not exist as it stands. The search list of {vantage} was added to it, and what "
        "answers to {resolved_name} may be another server altogether: senders elsewhere do not find it.",
        next_step="See why {host} does not exist, and ask with a dot at its end, or without a search list.",
        reference="RFC 1535",
    ),
)
