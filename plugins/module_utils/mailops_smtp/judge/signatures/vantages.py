# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What only several vantages show together. When each of these is the case is said in ``..vantages``; the judgement of
one vantage's checks knows none of them."""

from __future__ import annotations

from ..signature import Signature

OUTSIDE_ONLY = Signature(
    id="tcp.outside_only",
    phases=("connect",),
    when=(),
    verdict="fail",
    severity="error",
    confidence="likely",
    owner="network",
    title="{host} is reached from inside only",
    meaning="Every vantage outside fails to connect ({outside}), those inside do not ({inside}): the perimeter's "
    "address "
    "translation or firewall does not let port {port} in.",
    next_step="Check the rule and the translation for {address}, port {port}, on the firewall.",
    reference="RFC 2979 section 3",
    explains=("tcp.timeout", "tcp.refused", "tcp.unreachable", "tcp.one_of_many", "tcp.v6_only_fails"),
)
CAPS_SHRUNK = Signature(
    id="ehlo.caps_shrunk",
    phases=("ehlo",),
    when=(),
    verdict="pass",
    severity="notice",
    confidence="certain",
    owner="target",
    title="Fewer extensions than elsewhere: {missing}",
    meaning="They are offered to {others} and not to {vantage}. The server may make a difference between its clients; "
    "if it does not, a device in this vantage's path shortens the list.",
    next_step="Compare with what the server is set up to offer to this network; look for mail inspection in the path.",
    reference="RFC 5321 section 4.1.1.1",
    explains=("ehlo.dsn_missing",),
)
STARTTLS_STRIPPED = Signature(
    id="ehlo.starttls_stripped",
    phases=("ehlo",),
    when=(),
    verdict="degraded",
    severity="warning",
    confidence="likely",
    owner="network",
    title="STARTTLS is offered to others, and not to {vantage}",
    meaning="{others} is offered it: something in this vantage's path takes the offer out, and mail from here "
    "travels in "
    "clear text, or the server makes a difference.",
    next_step="Repeat it with starttls: probe. If STARTTLS is accepted all the same, it is the path.",
    reference="RFC 3207 section 6",
    explains=("ehlo.starttls_missing", "ehlo.submission_in_clear"),
    breaks_off="starttls",
)
EXCHANGE_VERBS_DIFFER = Signature(
    id="ehlo.exch_verbs_differ",
    phases=("ehlo",),
    when=(),
    verdict="pass",
    severity="notice",
    confidence="likely",
    owner="network",
    title="Exchange's own extensions do not get through to {vantage}",
    meaning="{others} is offered {missing}. Between Exchange servers these are needed: where a firewall eats "
    "them, mail "
    "stops with 451 5.7.3.",
    next_step="If {vantage} is an Exchange server, or beside one, take mail inspection off the path.",
    reference="Microsoft Exchange mail flow, 451 5.7.3",
    explains=("ehlo.caps_shrunk",),
)
ISSUER_DIFFERS = Signature(
    id="tls.issuer_differs",
    phases=("starttls",),
    when=(),
    verdict="degraded",
    severity="warning",
    confidence="possible",
    owner="network",
    title="The certificate that {vantage} is shown is from another authority",
    meaning="{others} sees one of {other_issuer}, {vantage} one of {issuer}: TLS ends at an inspecting device in "
    "the path "
    "of one of them, or the address leads to different servers.",
    next_step="Compare both fingerprints with the certificate on the server.",
    reference="RFC 7435 section 3",
)
SLOW_HERE = Signature(
    id="ban.slow_here",
    phases=("banner",),
    when=(),
    verdict="pass",
    severity="notice",
    confidence="likely",
    owner="network",
    title="The greeting of {host} is late for {vantage} only",
    meaning="It took {seconds}; {others} is greeted at once. So the server is not slow by itself: something in this "
    "vantage's path waits, or the server does for this client's address, whose name it cannot look up or which it "
    "distrusts.",
    next_step="Check the PTR record of the vantage's address and whether its name servers answer; look for mail "
    "inspection in the path.",
    reference="RFC 5321 section 4.5.3.2.1",
    explains=("ban.slow",),
)

SIGNATURES = (OUTSIDE_ONLY, CAPS_SHRUNK, STARTTLS_STRIPPED, EXCHANGE_VERBS_DIFFER, ISSUER_DIFFERS, SLOW_HERE)
