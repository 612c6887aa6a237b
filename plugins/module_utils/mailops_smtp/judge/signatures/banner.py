# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The connection is open and the server speaks first (RFC 5321 3.1), or should."""

from __future__ import annotations

from ..signature import Signature, When

FAILURES = (
    Signature(
        id="ban.tls_bytes",
        phases=("banner", "ehlo"),
        when=(
            # A TLS record begins with its type, 21 (alert) or 22 (handshake), and version 3.x (RFC 8446 5.1).
            When(text=r"\\x1[56]\\x03"),
            When(
                error=("silent", "closed"),
                # Who has greeted in clear text waits for no handshake.
                facts=(("endpoint.port", "is", 465), ("protocol", "is", "esmtp"), ("banner.code", "is not", 220)),
            ),
        ),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="sender",
        title="Port {port} wants TLS from the first byte",
        meaning="The server waits for a TLS handshake, so plain SMTP gets no banner here.",
        next_step="Check it with protocol smtps; for plain SMTP or STARTTLS use port 25 or 587.",
        reference="RFC 8314 section 3.3",
        explains=("proto.malformed",),
    ),
    Signature(
        id="tcp.reset_early",
        # A reset that follows at once can already be there when the connection is looked at for the first time.
        phases=("connect", "banner"),
        when=(When(error=("reset",)),),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="network",
        title="Connection reset before the banner",
        meaning="The connection was accepted and torn down again: a proxy or intrusion prevention in the path, a "
        "connection limit, or an access list of the mail service.",
        next_step="Compare with another vantage; look at the connection limits and access lists of {host}.",
        reference="RFC 9293 section 3.5.2",
    ),
    Signature(
        id="tcp.eof_before_banner",
        phases=("banner",),
        when=(When(error=("closed",)),),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="target",
        title="Connection closed without a word",
        meaning="The connection was accepted and closed before the banner: an allow list, a load balancer whose mail "
        "server is down, or a server that expects the PROXY protocol.",
        next_step="Repeat it once; then look at the access list and, behind a balancer, at its members.",
        reference="RFC 5321 section 3.1",
    ),
    Signature(
        id="ban.unfinished",
        phases=("banner",),
        when=(When(error=("silent",), flaws=("incomplete",)),),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="target",
        title="Slow banner: it had begun, but did not end within {seconds}",
        meaning="{where} sent the beginning of its greeting and kept the rest back: a deliberate greeting delay, such "
        "as that of Postfix's postscreen, a tarpit, or lines that do not end with CRLF.",
        next_step="Repeat it with a longer reply time limit (RFC 5321 wants 5 minutes).",
        reference="RFC 5321 section 4.5.3.2.1",
        explains=("proto.malformed",),
    ),
    Signature(
        id="tcp.silent",
        phases=("banner",),
        when=(When(error=("silent",)),),
        verdict="fail",
        severity="error",
        confidence="possible",
        owner="target",
        title="Slow banner, or none: nothing came within {seconds}",
        meaning="{where} accepted the connection and said nothing for {seconds}: a deliberate greeting delay, slow "
        "look-ups of the client's name, or a proxy whose mail server is dead.",
        next_step="Repeat it with a longer reply time limit (RFC 5321 wants 5 minutes) to tell a slow server from a "
        "dead one.",
        reference="RFC 5321 section 4.5.3.2.1",
    ),
    Signature(
        id="ban.not_smtp",
        phases=("banner",),
        when=(
            When(text=r"HTTP/[0-9]|SSH-[0-9]|\* OK\b|\* PREAUTH\b|\+OK\b|<!doctype|<html"),
            # RFC 3977 5.1: NNTP says hello with 200 or 201.
            When(code="20[01]"),
        ),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="Not a mail server: another service answers on port {port}",
        meaning="What arrived is the greeting of another protocol: {said}",
        next_step="Check the port, and the address translation or port forwarding that leads here.",
        reference="RFC 5321 section 4.2",
        explains=("proto.malformed",),
    ),
    Signature(
        id="ban.521",
        phases=("banner",),
        when=(When(code="521"),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="This host never accepts mail",
        meaning="The host says that it takes no mail at all ({reply}).",
        next_step="Remove it from the MX records, or test the host that is meant to take mail.",
        reference="RFC 7504 section 3",
    ),
    Signature(
        id="ban.554",
        phases=("banner",),
        when=(When(code="554"),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="No mail service is offered to this client",
        meaning="The server answers, but refuses every transaction from here ({reply}).",
        next_step="Read its text: a policy against the client's address or name, or simply the wrong host.",
        reference="RFC 5321 section 3.1",
    ),
    Signature(
        id="ban.421",
        phases=("banner",),
        when=(When(code="421"),),
        verdict="deferred",
        severity="warning",
        confidence="certain",
        owner="target",
        title="The server is not available at the moment",
        meaning="The server is shutting down, overloaded or short of resources ({reply}).",
        next_step="Try again later; if it stays so, look at the server's load, queues and component states.",
        reference="RFC 5321 section 3.8",
    ),
    Signature(
        id="ban.garbled",
        phases=("banner",),
        when=(When(error=("protocol", "too_large")),),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="target",
        title="The banner is not SMTP",
        meaning="A banner is lines of at most 512 octets that begin with one three-digit code. Here: {detail}",
        next_step="Find out what listens on port {port}: a broken device or proxy, or another protocol.",
        reference="RFC 5321 section 4.2",
        explains=("proto.malformed",),
    ),
)

# A server that knows nothing of it takes the PROXY protocol's header for a command that came too early.
_SENT_PROXY = ("steps", "have sent", r"<?PROXY ")

REMARKS = (
    Signature(
        id="proxy.not_expected",
        phases=("banner", "ehlo"),
        when=(
            When(unsolicited=True, facts=(_SENT_PROXY,)),
            # postscreen answers it in the middle of its greeting; who answers late, or OpenSMTPD, in EHLO's place.
            When(code="50[0-2]", flaws=("code_changed",), facts=(_SENT_PROXY,)),
            When(code="50[0-2]", sent=r"(?:EHLO|LHLO)\b", facts=(_SENT_PROXY,)),
        ),
        verdict="inconclusive",
        severity="error",
        confidence="likely",
        owner="sender",
        title="The server does not expect the PROXY protocol",
        meaning="It took the header for a command and answered that. What it says afterwards, even where it accepts, "
        "is about a client that breaks the rules.",
        next_step="Leave proxy_protocol out, or give the port that is meant for the load balancer.",
        reference="The PROXY protocol, section 2",
        # OpenSMTPD's answer to the header stands in EHLO's place, and each later one in that of the next command.
        spoils=True,
    ),
    Signature(
        id="ban.pix_mask",
        phases=("banner",),
        # The device overwrites all but its digits' characters with asterisks: "********0*2*", and 220 stays as code.
        when=(When(code="220", text=r"^[20 ]{0,40}\*[*20 ]{3,400}$"),),
        verdict="degraded",
        severity="warning",
        confidence="likely",
        owner="network",
        title="A firewall masks the banner",
        meaning="Cisco PIX/ASA mail inspection (fixup, inspect esmtp) rewrites the dialog: it hides the banner, and "
        "commonly EHLO, STARTTLS and other extensions too.",
        next_step="Turn off or relax that inspection, and allow TLS, on the firewall in front of {host}.",
        reference="Cisco ASA inspect esmtp; Postfix smtp_pix_workarounds",
        explains=(
            "ehlo.500_502",
            "ehlo.helo_only",
            "ehlo.xxxx",
            "ehlo.starttls_missing",
            "ehlo.submission_in_clear",
            "ehlo.dsn_missing",
            "tls.5xx_advertised",
        ),
        breaks_off="starttls",
    ),
    Signature(
        id="ban.slow",
        phases=("banner",),
        when=(When(code="220", slower_than=5.0),),
        verdict="pass",
        severity="notice",
        confidence="certain",
        owner="target",
        title="The banner took {seconds}",
        meaning="A delay that is always the same is deliberate (greeting delay, tarpit); one that varies comes from "
        "look-ups of the client's name or address that time out.",
        next_step="Repeat it a few times; if the delay varies, check the server's resolver and the vantage's PTR.",
        reference="RFC 5321 section 4.5.3.2.1",
    ),
    Signature(
        id="ban.multiline",
        phases=("banner",),
        when=(When(code="220", text=r"\n"),),
        verdict="pass",
        severity="info",
        confidence="certain",
        owner="target",
        title="The banner has several lines",
        meaning="A legal notice, or the teaser of a server that waits for clients which talk before the last line.",
        next_step="Nothing to do. Clients must wait for the last line.",
        reference="RFC 5321 section 4.2.1",
    ),
    Signature(
        id="ban.exchange",
        phases=("banner",),
        when=(When(code="220", text=r"\bMicrosoft ESMTP MAIL Service\b"),),
        verdict="pass",
        severity="info",
        confidence="certain",
        owner="target",
        title="A Microsoft mail service answers",
        meaning="Exchange's transport service, or the SMTP service of IIS where a version follows.",
        next_step="Nothing to do. Its banner holds the time of day: leave that out when comparing.",
        reference="Microsoft support article 153119",
    ),
    Signature(
        id="ban.name_mismatch",
        phases=("banner",),
        when=(
            When(
                code="220",
                facts=(
                    # An address has no top-level name to compare, nor has a socket file.
                    ("endpoint.family", "is not", "unix"),
                    ("endpoint.host", "matches", r"\.[a-z][a-z0-9-]{0,62}\.?$"),
                    ("banner.hostname", "matches", r"\."),
                    ("banner.hostname", "differs from", "endpoint.host"),
                ),
            ),
        ),
        verdict="pass",
        severity="info",
        confidence="certain",
        owner="target",
        title="The server calls itself {banner_name}",
        meaning="It was reached as {host}. For mail coming in this is cosmetic; the name matters for mail it sends.",
        next_step="Nothing to do, unless the address belongs to another server than you meant.",
        reference="RFC 5321 section 4.3.1",
    ),
)
