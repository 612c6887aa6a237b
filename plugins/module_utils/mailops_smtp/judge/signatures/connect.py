# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From the name to the open connection: what shows before any SMTP."""

from __future__ import annotations

from ..signature import Signature, When

FAILURES = (
    Signature(
        id="dns.nxdomain",
        # A jump host looks the name up itself, while it opens the connection.
        phases=("resolve", "connect"),
        when=(When(error=("unresolved",)),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="The name {host} has no address",
        meaning="No server can be reached by this name from {vantage}: {detail}",
        next_step="Check the spelling, ask the domain's authoritative servers, and compare with another vantage: "
        "inside and outside may be told different things.",
        reference="RFC 5321 section 5.1",
    ),
    Signature(
        id="dns.null_mx",
        phases=("resolve", "connect"),
        when=(When(error=("null_mx",)),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="The domain takes no mail",
        meaning="Its only MX record says so on purpose: {detail}",
        next_step="If the domain should take mail, replace the null MX by the names of its mail servers.",
        reference="RFC 7505 section 3",
    ),
    Signature(
        id="tcp.timeout",
        # A proxy tells what it saw of the server.
        phases=("connect", "proxy"),
        when=(When(error=("timeout",)),),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="network",
        title="No answer",
        meaning="{where} answered nothing within {seconds}. Something drops the packets: a firewall "
        "in front of the server, the egress filter of the vantage's network or provider, or wrong routing.",
        next_step="Try port 587 or 465, and port 25 of another host: if port 25 hangs everywhere, the vantage's own "
        "network blocks it. Otherwise try from another vantage and ask for the firewall in between.",
        reference="RFC 9293 section 3.10.7",
    ),
    Signature(
        id="tcp.refused",
        phases=("connect", "proxy"),
        when=(When(error=("refused",)),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="Connection refused",
        meaning="{where} answered at once: nothing listens there, or a firewall rejects in its name.",
        next_step="Check on the server that the mail service runs and listens on this address, then its firewall.",
        reference="RFC 9293 section 3.5.2",
    ),
    Signature(
        id="tcp.unreachable",
        phases=("connect", "proxy"),
        when=(When(error=("unreachable",)),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="network",
        title="No route to the address",
        meaning="A router, the vantage itself, or the proxy says that the address cannot be reached: {detail}",
        next_step="Trace the path to the address from the vantage; look for a missing route or a rejecting filter.",
        reference="RFC 792",
    ),
)

REMARKS = ()
