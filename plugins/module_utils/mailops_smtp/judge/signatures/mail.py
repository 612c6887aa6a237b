# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""MAIL FROM. Naming a sender asks for its acceptance, so a refusal is a failure."""

from __future__ import annotations

from ..signature import Signature, When

FAILURES = (
    Signature(
        id="tls.required",
        phases=("auth", "mail", "rcpt"),
        when=(
            When(code="[45]yz", text=r"\bmust issue (?:a )?STARTTLS\b|\bSTARTTLS (?:is )?required\b"),
            When(code="[45]yz", text=r"\bTLS (?:is )?required\b|\bTLS required for\b|\brequires? TLS\b"),
            # Google's; in the registry it is about ARC.
            When(code="421|550", enhanced="x.7.29", text=r"\bTLS\b|\bgsmtp\b"),
        ),
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
        when=(
            # With those words behind it, it is 5.7.57 of Exchange Online, which has a finding of its own.
            When(code="5yz", text=r"\bclient was not authenticated\b(?! to send anonymous)"),
            When(code="5yz", text=r"\banonymous (?:clients|users|access)\b"),
        ),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="The connector takes nothing from anonymous clients",
        meaning="An Exchange receive connector lets only those in that its permission groups name ({reply}).",
        next_step="For mail from other servers, add AnonymousUsers to the connector's permission groups; otherwise log "
        "in with auth.",
        reference="Microsoft support article 153119",
    ),
    Signature(
        id="auth.530",
        phases=("auth", "mail", "rcpt"),
        when=(When(code="530"), When(enhanced="5.7.57")),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="The server wants a log-in first",
        meaning="On this port, or from this network, only users may send ({reply}).",
        next_step="Log in with auth, or use the port and connector that take mail from other servers.",
        reference="RFC 4954 section 6",
    ),
    Signature(
        id="mail.sendas",
        phases=("mail", "rcpt", "data", "message"),
        when=(
            When(code="5yz", enhanced="5.7.60"),
            When(code="5yz", text=r"\bsend ?as ?denied\b|\bpermissions? to send as\b|\bnot owned by user\b"),
        ),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="The user that is logged in may not send as {sender}",
        meaning="The log-in was accepted, the sender belongs to somebody else ({reply}).",
        next_step="Use the user's own address as sender, or give the user the right to send as the other.",
        reference="RFC 6409 section 6.1",
    ),
    Signature(
        id="mail.nested",
        phases=("mail",),
        when=(When(code="503", text=r"\bnested\b|\bsender (?:has )?already\b|\balready (?:specified|given)\b"),),
        verdict="fail",
        severity="error",
        confidence="possible",
        owner="target",
        title="The server believes that a transaction is open",
        meaning="RSET goes before each further MAIL FROM, and the server did not act upon it ({reply}), or "
        "something in "
        "between kept it.",
        next_step="Read the dialog from its beginning; test one transaction to a connection.",
        reference="RFC 5321 section 4.1.1.5",
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
        id="mail.size",
        phases=("mail",),
        when=(When(code="552"), When(code="[45]yz", enhanced="x.3.4")),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="The message is larger than the server takes",
        meaning="Its size was announced with MAIL FROM, and refused before it was sent ({reply}).",
        next_step="Send less, or raise the limit at the server, and at every server on the way.",
        reference="RFC 1870 section 6.1",
    ),
    Signature(
        id="mail.utf8",
        phases=("mail", "rcpt"),
        when=(When(enhanced="x.6.7"),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="An address that is not ASCII is refused",
        meaning="Something behind the server does not know SMTPUTF8 ({reply}).",
        next_step="Turn SMTPUTF8 on at the server and where it delivers to, or use an address in ASCII.",
        reference="RFC 6531 section 3.7.4",
    ),
    Signature(
        id="tls.requiretls",
        phases=("mail", "rcpt", "message"),
        when=(When(enhanced="5.7.30", text="REQUIRETLS"),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="The message cannot be passed on with verified TLS",
        meaning="REQUIRETLS was asked for, and the server knows of a hop that cannot ({reply}).",
        next_step="Mend TLS at that hop, or send it without requiretls.",
        reference="RFC 8689 section 5",
    ),
    Signature(
        id="mail.sender_unknown",
        # Many servers wait with it until RCPT.
        phases=("mail", "rcpt"),
        when=(
            # Exim; Postfix; Sendmail.
            When(code="5yz", text=r"\bsender verify failed\b"),
            When(code="5yz", text=r"\bsender address rejected: (?:domain not found|unverified address|user unknown)"),
            When(code="5yz", text=r"\bdomain of sender address [^ ]{1,320} does not exist\b"),
            # RFC 3463 3.2; RFC 7505 4.2: the sender's domain has a null MX.
            When(code="5yz", enhanced="5.1.8"),
            When(code="5yz", enhanced="5.7.27"),
        ),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="The sender is refused: mail to it would not arrive",
        meaning="The server looked for the sender's domain or mailbox and found none ({reply}). It takes no mail "
        "that it could not return.",
        next_step="Test with a sender that exists; if this one does, the server's DNS or user directory lacks it.",
        reference="RFC 5321 section 3.3",
    ),
    Signature(
        id="mail.sender_dns",
        phases=("mail", "rcpt"),
        when=(
            When(code="4(?!21)yz", enhanced="4.1.8"),
            When(code="4(?!21)yz", text=r"\bsender address rejected: domain not found\b|\bdomain of sender address\b"),
            When(code="4(?!21)yz", enhanced="4.7.27"),
        ),
        # Postfix says 450 unless told otherwise, since it could be its own resolver that fails.
        verdict="deferred",
        severity="error",
        confidence="likely",
        owner="sender",
        title="The sender's domain does not resolve",
        meaning="The server finds no such domain, or no way to send mail back to it ({reply}). It may be its "
        "resolver: so "
        "it refuses for now only.",
        next_step="Test with a sender in a domain that receives mail; if this one does, look at the server's resolver.",
        reference="RFC 7505 section 4.2",
    ),
    Signature(
        id="mail.syntax",
        phases=("mail", "rcpt"),
        when=(
            When(code="5yz", enhanced="5.1.[37]"),
            When(code="501", enhanced="5.5.[24]"),
            When(code="555", enhanced="5.5.2"),
            # Sendmail and Postfix, of an address without a domain.
            When(code="553", enhanced="5.5.4"),
            When(code="50[14]", text=r"\baddress rejected: need fully-qualified address\b"),
            When(code="501", text=r"^(?![245]\.)(?!.{0,200}\b(?:DSN|option|parameter)\b)"),
        ),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="sender",
        title="The server does not understand the address in {verb}",
        meaning="It finds the address, or what stands behind it, malformed ({reply}).",
        next_step="Compare the address with what the server takes; some want a domain in each address, or refuse "
        "quoted local parts.",
        reference="RFC 5321 section 4.1.2",
    ),
    Signature(
        id="mail.opt_unsup",
        phases=("mail", "rcpt"),
        when=(When(code="50[14]|555"), When(code="5yz", enhanced="5.5.4")),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="The server refuses a parameter of {verb}",
        meaning="It does not know it, or does not allow it to this client ({reply}).",
        next_step="Leave the option out that brings it (dsn, smtputf8, requiretls, ...), and compare the extensions "
        "before and after TLS.",
        reference="RFC 5321 section 4.1.1.11",
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
        meaning="The server asks to come back later ({reply}). {code_meaning}",
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
        meaning="The server takes no mail with this sender from this client ({reply}). {code_meaning}",
        next_step="Read the server's text: the sender's domain, the client's address or a policy may be the reason.",
        reference="RFC 5321 section 4.2.1",
    ),
)

REMARKS = (
    Signature(
        id="mail.not_sendable",
        phases=("mail",),
        when=(
            When(facts=(("sender.problem", "matches", "."),)),
            When(facts=(("transactions", "cannot be sent", True),)),
        ),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="Not sent: {not_sendable}",
        meaning="The options ask for more than this server can do, so the envelope was not sent.",
        next_step="Ask for less, or mend what the server offers; with force, see what it does all the same.",
        reference="RFC 5321 section 2.2.1",
        explains=("ext.not_offered",),
    ),
)
