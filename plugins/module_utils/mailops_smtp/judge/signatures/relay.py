# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What the relay test shows. It is asked for, of servers of one's own, and never sends anything."""

from __future__ import annotations

from ..signature import Signature, When

FAILURES = ()

REMARKS = (
    Signature(
        id="relay.open",
        phases=("extra",),
        when=(
            When(
                facts=(
                    ("relay", "accepts one of", ("plain", "null_sender", "own_domain", "own_literal", "source_route")),
                )
            ),
        ),
        verdict="fail",
        severity="critical",
        confidence="certain",
        owner="target",
        title="An open relay: {relayed}",
        meaning="The server took a recipient in a foreign domain from this client. Nothing was sent. If the vantage is "
        "not meant to relay, others will find it, and the server's address ends on block lists.",
        next_step="Restrict relaying to networks and users of your own; a sender's address proves nothing.",
        reference="RFC 2505 section 2.1",
    ),
    Signature(
        id="relay.rewritten",
        phases=("extra",),
        when=(
            When(
                facts=(
                    ("relay", "accepts one of", ("percent", "percent_literal", "quoted", "quoted_alone", "bang_path")),
                )
            ),
        ),
        verdict="degraded",
        severity="warning",
        confidence="possible",
        owner="target",
        title="A recipient that hides a foreign one was accepted: {relayed}",
        meaning="Servers that rewrite such addresses pass mail on to strangers. A server that takes any local part, "
        "because it does not know its recipients, accepts them too and relays nothing.",
        next_step="Look into the server's log for what it made of the address; refuse %, ! and @ in local parts.",
        reference="RFC 2505 section 2.1",
    ),
)
