# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""EHLO, HELO and the list of extensions."""

from __future__ import annotations

from ..signature import Signature, When

_HELLO = r"(?:EHLO|HELO|LHLO)\b"
# Postfix waits with what it thinks of the name until RCPT, unless smtpd_delay_reject is off.
_WHERE_THE_NAME_IS_REFUSED = ("ehlo", "mail", "rcpt")

# What becomes of the HELO that is tried after a refused EHLO adds nothing to the cause.
_AFTER_REFUSED_EHLO = ("proto.lost", "proto.silent", "proto.5yz")

FAILURES = (
    Signature(
        id="ban.ftp",
        phases=("ehlo",),
        # FTP greets with 220 too (RFC 959 5.4); the word must stand by itself, not in a host name.
        when=(When(code="5yz", facts=(("banner.lines", "matches", r"(?:^|[\s(])[a-z-]{0,20}FTPd?(?:[\s)]|$)"),)),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="Not a mail server: FTP answers on port {port}",
        meaning="FTP greets with the same code 220 as SMTP, but knows no EHLO ({reply}).",
        next_step="Check the port, and the address translation or port forwarding that leads here.",
        reference="RFC 959 section 5.4",
        explains=_AFTER_REFUSED_EHLO,
    ),
    Signature(
        id="ban.lmtp",
        phases=("ehlo",),
        when=(
            When(code="5yz", sent=r"(?:EHLO|HELO)\b", facts=(("banner.lines", "matches", r"\bLMTP\b"),)),
            # Its LMTP service does not call itself so, and of its services this one alone does not know EHLO.
            When(code="500", sent=r"(?:EHLO|HELO)\b", software=r"^Dovecot$"),
        ),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="Port {port} speaks LMTP",
        meaning="A local delivery service answers. It wants LHLO, refuses EHLO ({reply}), and is no way in for mail.",
        next_step="Check it with protocol lmtp, or use the port of the SMTP service.",
        reference="RFC 2033 section 4.1",
        explains=_AFTER_REFUSED_EHLO,
    ),
    Signature(
        id="ehlo.helo_only",
        phases=("ehlo",),
        when=(When(code="5yz", sent=r"EHLO\b", facts=(("failed_phase", "is not", "ehlo"),)),),
        verdict="degraded",
        severity="warning",
        confidence="certain",
        owner="target",
        title="Only HELO works",
        meaning="EHLO is refused ({reply}), HELO accepted: no STARTTLS, no size announcement, no delivery receipts.",
        next_step="If the server is not that old, look for a firewall with mail inspection in front of it.",
        reference="RFC 5321 section 2.2.1",
        breaks_off="starttls",
    ),
    Signature(
        id="ehlo.504_fqdn",
        phases=_WHERE_THE_NAME_IS_REFUSED,
        when=(
            When(code="[45]yz", text=r"fully[ -]qualified", sent=_HELLO),
            When(code="[45]yz", text=r"\bhelo command rejected: need fully-qualified"),
            When(code="504", sent=_HELLO),
        ),
        verdict="inconclusive",
        severity="error",
        confidence="certain",
        owner="sender",
        title="The server wants a full host name in {verb}",
        meaning="It refuses {helo_name} as a client's name ({reply}). The tester's name is at fault, not the server.",
        next_step="Set helo_name to a full host name that resolves to the vantage.",
        reference="RFC 5321 section 4.1.1.1",
    ),
    Signature(
        id="ehlo.bad_helo",
        phases=_WHERE_THE_NAME_IS_REFUSED,
        when=(
            When(enhanced="5.7.506"),
            When(code="55[04]", text=r"\b(?:HELO|EHLO)\b", sent=_HELLO),
            When(code="[45]yz", text=r"\bhelo command rejected: (?:host not found|access denied)"),
        ),
        verdict="inconclusive",
        severity="error",
        confidence="likely",
        owner="sender",
        title="The server rejects {helo_name} as the client's name",
        meaning="The name pretends to be the receiver's own, does not resolve, or is barred ({reply}).",
        next_step="Set helo_name to the vantage's own name, with forward and reverse DNS that agree.",
        reference="RFC 5321 section 4.1.4",
    ),
    Signature(
        id="ehlo.501_554",
        phases=_WHERE_THE_NAME_IS_REFUSED,
        when=(
            When(code="501", sent=_HELLO),
            When(enhanced="5.5.4", sent=_HELLO),
            When(code="[45]yz", text=r"\bhelo command rejected: invalid name"),
        ),
        verdict="inconclusive",
        severity="error",
        confidence="likely",
        owner="sender",
        title="The server calls {helo_name} an invalid name",
        meaning="It refuses the argument of {verb} ({reply}). The tester's name is at fault, not the server.",
        next_step="Set helo_name to a full host name, or to an address literal such as [198.51.100.7].",
        reference="RFC 5321 section 4.1.1.1",
    ),
    Signature(
        id="ehlo.421_google",
        phases=("ehlo", "mail", "rcpt"),
        # Others ask to come back in nearly the same words, with the recipient in mind.
        when=(When(code="421", enhanced="4.7.0", text=r"\btry again later, closing connection\b"),),
        verdict="inconclusive",
        severity="warning",
        confidence="likely",
        owner="vantage",
        title="The server slows this client down",
        meaning="The server throttles the client's address or network ({reply}).",
        next_step="Wait, and check less often from this address.",
        reference="Gmail SMTP errors and codes",
    ),
    Signature(
        id="ehlo.500_502",
        phases=("ehlo",),
        when=(When(code="50[02]"),),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="target",
        title="Not understood: {verb}",
        meaning="The server refuses the first command of SMTP ({reply}): it is very old, a firewall's mail inspection "
        "is in between, or it is no mail server.",
        next_step="Read the banner to see what answers; check firewalls in between for mail inspection.",
        reference="RFC 5321 section 3.2",
        explains=_AFTER_REFUSED_EHLO,
    ),
)

REMARKS = (
    Signature(
        id="ext.not_offered",
        phases=("ehlo",),
        when=(When(facts=(("ehlo.not_offered", "matches", "."),)),),
        verdict="pass",
        severity="notice",
        confidence="certain",
        owner="target",
        title="The server does not offer {not_offered}",
        meaning="It was asked for, and the dialog went on without.",
        next_step="Turn it on at the server if it is to be used; if it is on, something in the path shortens the list.",
        reference="RFC 5321 section 2.2.1",
    ),
    Signature(
        id="ehlo.xxxx",
        phases=("ehlo",),
        when=(When(keyword=r"X{3,40}[A-Z]?"),),
        verdict="degraded",
        severity="warning",
        confidence="certain",
        owner="network",
        title="A firewall masks extensions",
        meaning="Keywords of the EHLO list are overwritten with the letter X, as Cisco ASA mail inspection does; "
        "STARTTLS is commonly among them.",
        next_step="Allow the parameters (allow-tls above all) in the firewall's mail inspection, or turn it off.",
        reference="Cisco ASA inspect esmtp",
        explains=("ehlo.starttls_missing", "ehlo.submission_in_clear", "ehlo.dsn_missing"),
        breaks_off="starttls",
    ),
    Signature(
        id="ehlo.submission_in_clear",
        phases=("ehlo",),
        when=(
            When(
                no_keyword="STARTTLS",
                facts=(
                    ("protocol", "is", "esmtp"),
                    ("ehlo.command", "is", "EHLO"),
                    ("endpoint.port", "is", 587),
                    ("tls.established", "is not", True),
                ),
            ),
        ),
        verdict="degraded",
        severity="warning",
        confidence="certain",
        owner="target",
        title="Submission port 587 does not offer STARTTLS",
        meaning="Users would send their passwords and mail in clear text.",
        next_step="Give the submission service a certificate and turn on STARTTLS; if another vantage sees it offered, "
        "something in the path strips it.",
        reference="RFC 8314 section 3.3",
        explains=("ehlo.starttls_missing",),
        breaks_off="starttls",
    ),
    Signature(
        id="ehlo.starttls_missing",
        phases=("ehlo",),
        # Opportunistic between mail servers (RFC 3207 4): worth saying, and no fault unless it is demanded.
        when=(
            When(
                no_keyword="STARTTLS",
                facts=(
                    ("protocol", "is", "esmtp"),
                    ("ehlo.command", "is", "EHLO"),
                    ("tls.established", "is not", True),
                ),
            ),
            # Few LMTP servers offer it, which is of interest to those alone who demand it.
            When(
                no_keyword="STARTTLS",
                facts=(
                    ("ehlo.command", "is", "LHLO"),
                    ("tls.established", "is not", True),
                    ("failed_phase", "is", "starttls"),
                ),
            ),
        ),
        verdict="pass",
        severity="notice",
        confidence="certain",
        owner="target",
        title="STARTTLS is not offered",
        meaning="Mail to this server travels in clear text: its connector has no certificate, or something in the "
        "path strips the offer.",
        next_step="Compare with another vantage. If none sees it offered, configure a certificate on the server.",
        reference="RFC 3207 section 4",
        breaks_off="starttls",
    ),
    Signature(
        id="ehlo.dsn_missing",
        phases=("ehlo",),
        when=(When(no_keyword="DSN", facts=(("recipients", "ask for", "notify"),)),),
        verdict="degraded",
        severity="warning",
        confidence="certain",
        owner="target",
        title="Delivery receipts were asked for, but are not offered",
        meaning="The server does not list DSN, so no receipt can be relied on; some hide it from outside clients.",
        next_step="Prove delivery by looking into the mailbox instead.",
        reference="RFC 3461 section 4",
    ),
    Signature(
        id="ehlo.exch_internal",
        phases=("ehlo",),
        when=(When(keyword=r"X-ANONYMOUSTLS|X-EXPS|XRDST|XEXCH50"),),
        verdict="pass",
        severity="info",
        confidence="certain",
        owner="target",
        title="An Exchange connector for internal use answers",
        meaning="The extensions that Exchange servers use among themselves are offered. Inside that is normal; seen "
        "from outside, the edge exposes an internal connector.",
        next_step="If this vantage is outside, restrict the connector to the organisation's own servers.",
        reference="Microsoft Exchange receive connectors",
    ),
    Signature(
        id="tcp.src_nat",
        phases=("ehlo",),
        when=(When(facts=(("ehlo.client_seen_as", "differs from", "vantage.address"),)),),
        verdict="pass",
        severity="info",
        confidence="certain",
        owner="vantage",
        title="The server sees another address than the vantage has",
        meaning="The connection left from {vantage_address}, the server sees {client_seen_as}: address translation in "
        "between. PTR, SPF, allow lists and block lists are about that address.",
        next_step="Nothing to do. Use {client_seen_as} for allow lists, and look up that one at block lists.",
        reference="RFC 5321 section 4.1.1.1",
    ),
    Signature(
        id="rcpt.accept_all",
        phases=("extra",),
        when=(When(facts=(("random_recipient.outcome", "is", "accepted"),)),),
        verdict="pass",
        severity="notice",
        confidence="certain",
        owner="target",
        title="The server takes mail for anybody in the domain",
        meaning="A recipient that cannot exist was accepted: a catch-all mailbox, or a gateway that does not know the "
        "recipients and sends a bounce later. That RCPT is accepted proves nothing here.",
        next_step="Let the gateway know the recipients; prove delivery by looking into the mailbox.",
        reference="RFC 5321 section 3.6.3",
    ),
)
