# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What only several checks of one vantage show together, or what was known of the vantage before. ``several.py`` beside
this folder recognises the former; each takes the place of the weaker findings that it explains."""

from __future__ import annotations

from ..signature import ANY_PHASE, Signature

NO_CONNECTION = (
    "tcp.timeout",
    "tcp.refused",
    "tcp.unreachable",
    "tcp.reset_early",
    "tcp.eof_before_banner",
    "tcp.silent",
)

EGRESS_BLOCKED = Signature(
    id="tcp.egress_blocked",
    phases=("connect",),
    when=(),
    verdict="inconclusive",
    severity="error",
    confidence="likely",
    owner="vantage",
    title="No mail server can be reached on port 25 from {vantage}",
    meaning="Unrelated hosts all leave port 25 unanswered from here: the vantage's network or provider blocks it, and "
    "nothing is known about {host}.",
    next_step="Ask for port 25 to be opened for the vantage, or test from another network.",
    reference="RFC 5068 section 3.1",
    explains=("tcp.timeout",),
)
V6_ONLY_FAILS = Signature(
    id="tcp.v6_only_fails",
    phases=("connect",),
    when=(),
    verdict="degraded",
    severity="warning",
    confidence="likely",
    owner="target",
    title="IPv6 does not reach {host}",
    meaning="Its IPv4 address answers, {address} does not. Senders that prefer IPv6 lose time, or give up.",
    next_step="Mend IPv6 (listener, firewall, routing, also of the vantage), or withdraw the AAAA record.",
    reference="RFC 5321 section 5.1",
    explains=NO_CONNECTION,
)
ONE_OF_MANY = Signature(
    id="tcp.one_of_many",
    phases=("connect",),
    when=(),
    verdict="degraded",
    severity="warning",
    confidence="certain",
    owner="target",
    title="One address of {host} is dead",
    meaning="The address {address} cannot be used, while other addresses of the same name answer.",
    next_step="Mend that address, or take it out of DNS or of the load balancer.",
    reference="RFC 5321 section 5.1",
    explains=NO_CONNECTION,
)
INTERCEPTED = Signature(
    id="tcp.intercepted",
    phases=("banner",),
    when=(),
    verdict="inconclusive",
    severity="error",
    confidence="likely",
    owner="network",
    title="Something between answers instead of {host}",
    meaning="Unrelated targets greet {vantage} with the same name, {banner_name}, which is neither's: a transparent "
    "SMTP proxy in the path.",
    next_step="Exempt the vantage from the proxy (firewall, antivirus, provider), or test from another network.",
    reference="RFC 5321 section 4.3.1",
    explains=("ban.name_mismatch",),
)
SLOW_EVERYWHERE = Signature(
    id="ban.slow_everywhere",
    phases=("banner",),
    when=(),
    verdict="pass",
    severity="notice",
    confidence="likely",
    owner="network",
    title="Every greeting takes long from {vantage}",
    meaning="Unrelated servers all greet late, {host} after {seconds}. So the delay is not theirs: something in the "
    "path answers in their place and waits (mail inspection), or each of them waits for a look-up of the vantage's "
    "address that nobody answers.",
    next_step="See whether the address of the vantage has a PTR record whose servers answer; compare with a vantage in "
    "another network.",
    reference="RFC 5321 section 4.5.3.2.1",
    explains=("ban.slow",),
)

UNFIT = Signature(
    id="vantage.unfit",
    phases=ANY_PHASE,
    when=(),
    verdict="inconclusive",
    severity="error",
    confidence="certain",
    owner="vantage",
    title="The vantage {vantage} is not fit to judge by",
    meaning="Nothing that fails from here is held against {host}: {unfit}",
    next_step="Mend the vantage, see that it is found fit, and repeat the check; or check from another one.",
    reference="mailops.smtp",
)

SIGNATURES = (EGRESS_BLOCKED, V6_ONLY_FAILS, ONE_OF_MANY, INTERCEPTED, SLOW_EVERYWHERE, UNFIT)
