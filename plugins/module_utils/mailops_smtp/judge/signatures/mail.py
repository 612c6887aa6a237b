# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""MAIL FROM. Naming a sender asks for its acceptance, so a refusal is a failure."""

from __future__ import annotations

from ..signature import Signature, When

FAILURES = (
    Signature(
        id="tls.required",
        phases=("auth", "mail", "rcpt"),
        when=(When(code="[45]yz", text=r"\bmust issue (?:a )?STARTTLS\b|\bSTARTTLS (?:is )?required\b"),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="The server demands TLS",
        meaning="It takes nothing over a clear connection ({reply}). If STARTTLS is not offered to this vantage, "
        "something in the path strips the offer.",
        next_step="Check it with starttls: required.",
        reference="RFC 3207 section 4",
    ),
    Signature(
        id="mail.not_auth",
        phases=("mail", "rcpt"),
        when=(When(code="530"), When(enhanced="5.7.57")),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="The server wants a log-in first",
        meaning="Anonymous clients may not send through this connector ({reply}).",
        next_step="Log in with auth, or use the port and connector that take mail from other servers.",
        reference="RFC 4954 section 6",
    ),
    Signature(
        id="proto.500",
        phases=("mail", "rcpt", "data"),
        when=(When(code="50[02]"),),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="network",
        title="The server does not know the command {verb}",
        meaning="Every mail server knows it, and it was sent correctly: a filter in between altered or refused it "
        "({reply}).",
        next_step="Look for mail inspection in the firewalls in between; compare with a vantage beside the server.",
        reference="RFC 5321 section 4.5.1",
    ),
    Signature(
        id="mail.deferred",
        phases=("mail",),
        when=(When(code="4(?!21)yz"),),
        verdict="deferred",
        severity="warning",
        confidence="certain",
        owner="target",
        title="The sender is refused for now",
        meaning="The server asks to come back later ({reply}).",
        next_step="Try again later; if it stays so, the server's text and log say what it waits for.",
        reference="RFC 5321 section 4.2.1",
    ),
    Signature(
        id="mail.refused",
        phases=("mail",),
        when=(When(code="5yz"),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="The sender {sender} is refused",
        meaning="The server takes no mail with this sender from this client ({reply}).",
        next_step="Read the server's text: the sender's domain, the client's address or a policy may be the reason.",
        reference="RFC 5321 section 4.2.1",
    ),
)

REMARKS = ()
