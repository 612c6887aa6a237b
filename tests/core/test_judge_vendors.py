# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signatures of what operators and products alone say: each fires on its words, and not on a near miss.

``SAID`` has for each the phase, the reply that shows it, one that nearly does, and whose words they are: ``after`` a
vendor's or a server's own, as far as they are known (nobody has compared them with its text), or our own otherwise.
"""

from __future__ import annotations

import typing as t

import pytest
from mailops_smtp.judge import judge

from tests.core.dialogs import CERTIFICATE, HEALTHY, check, ids
from tests.core.test_judge_transaction import HELLO, data, mail, message, rcpt

SAID: t.Dict[str, t.Tuple[str, str, str, str]] = {
    "rep.spamhaus": (
        "rcpt",
        "550 5.7.1 Service unavailable, Client host [198.51.100.7] blocked using Spamhaus. (AS16012611)",
        "550 5.7.1 Service unavailable; client host [198.51.100.7] blocked using bl.spamcop.net",
        "after: Exchange Online NDR 5.7.1 AS16012611",
    ),
    "rep.barracuda": (
        "banner",
        "554 5.7.1 Service unavailable; Client host [198.51.100.7] blocked using b.barracudacentral.org",
        "554 5.7.1 Service unavailable; Client host [198.51.100.7] blocked using dnsbl.example.org",
        "after: Postfix reject_rbl_client",
    ),
    "rep.ms_s3150": (
        "mail",
        "550 5.7.1 Unfortunately, messages from [198.51.100.7] weren't sent. Please contact your Internet service "
        "provider since part of their network is on our block list (S3150).",
        "550 5.7.1 Unfortunately, messages from [198.51.100.7] weren't sent (S31501).",
        "after: Outlook.com postmaster",
    ),
    "rep.ms_customer": (
        "rcpt",
        "550 5.7.513 Service unavailable, Client host [198.51.100.7] blocked by contoso.com using Customer Block list "
        "(AS16012607)",
        "550 5.7.12 Sender was not authenticated by organization",
        "after: Exchange Online NDR",
    ),
    "rep.ms_banned_ip": (
        "mail",
        "550 5.7.606 Access denied, banned sending IP [198.51.100.7]. To request removal from this list please visit "
        "https://sender.office.com/",
        "550 5.7.650 Access denied",
        "after: Exchange Online NDR",
    ),
    "rep.ms_ratelimit": (
        "rcpt",
        "451 4.7.650 The mail server [198.51.100.7] has been temporarily rate limited due to IP reputation. (S775)",
        "451 4.7.450 come back",
        "after: Outlook.com postmaster",
    ),
    "rep.ms_tenant": (
        "rcpt",
        "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP.",
        "550 5.7.707 Service unavailable.",
        "after: Exchange Online NDR",
    ),
    "rep.ms_v6": (
        "rcpt",
        "550 5.7.25 Sending IPv6 address [2001:db8::7] must have reverse DNS record",
        "550 5.7.25 The sending address must have a reverse DNS record",
        "after: Exchange Online NDR",
    ),
    "rep.google_rate": (
        "message",
        "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address. - gsmtp",
        "421 4.7.0 closing the channel - gsmtp",
        "after: Gmail SMTP errors and codes",
    ),
    "rep.google_ptr": (
        "message",
        "550 5.7.25 The IP address sending this message does not have a PTR record setup - gsmtp",
        "550 5.7.24 The IP address sending this message is odd - gsmtp",
        "after: Gmail SMTP errors and codes",
    ),
    "rep.spf_dkim": (
        "message",
        "550 5.7.26 This mail has been blocked because the sender is unauthenticated. - gsmtp",
        "550 5.7.28 This mail has been blocked - gsmtp",
        "after: Gmail SMTP errors and codes",
    ),
    "rep.dynamic": (
        "rcpt",
        "554 5.7.1 Dynamic IP address; please use the SMTP server of your ISP",
        "554 5.7.1 Dynamics of this conversation are refused",
        "a report from the field",
    ),
    "rep.ptr_generic": (
        "rcpt",
        "554 5.7.1 Client host rejected: cannot find your hostname, [198.51.100.7]",
        "554 5.7.1 Client host rejected: Access denied",
        "after: Postfix reject_unknown_client_hostname",
    ),
    "rcpt.policy_450": (
        "rcpt",
        "450 4.7.25 Client host rejected: cannot find your hostname, [198.51.100.7]",
        "450 4.7.24 come back",
        "after: Postfix reject_unknown_client_hostname",
    ),
    "exch.component_off": (
        "banner",
        "421 4.3.2 Service not active",
        "421 4.3.2 Service not available, closing transmission channel",
        "after: Exchange server component states",
    ),
    "exch.frontend_drop": (
        "ehlo",
        "421 4.4.2 Connection dropped due to SocketError",
        "421 4.4.2 mx1.contoso.com Error: timeout exceeded",
        "after: Exchange protocol log",
    ),
    "ehlo.exch_verbs_lost": (
        "mail",
        "451 5.7.3 Cannot achieve Exchange Server authentication",
        "451 5.7.3 STARTTLS is required to send mail",
        "after: Exchange mail flow",
    ),
    "mail.backpressure": (
        "mail",
        "452 4.3.1 Insufficient system resources",
        "452 4.2.2 Over quota",
        "after: Exchange back pressure",
    ),
    "rcpt.frontend_proxy": (
        "rcpt",
        "451 4.7.0 Temporary server error. Please try again later. PRX5",
        "451 4.7.0 Temporary server error. Please try again later.",
        "after: Exchange front end transport",
    ),
    "rcpt.wrong_region": (
        "rcpt",
        "451 4.4.62 Mail sent to the wrong Office 365 region. ATTR35.",
        "451 4.4.6 Mail sent in circles",
        "after: Exchange Online NDR",
    ),
    "srv.config": (
        "rcpt",
        "451 4.3.5 Server configuration error",
        "451 4.3.0 Temporary lookup failure",
        "after: Postfix smtpd",
    ),
    "srv.resources": (
        "banner",
        "421 4.3.2 All server ports are busy",
        "421 4.3.2 Service shutting down",
        "after: Postfix postscreen",
    ),
    "data.timeout_421": (
        "message",
        "421 4.4.2 mx1.contoso.com Error: timeout exceeded",
        "421 4.3.2 shutting down",
        "after: Postfix smtpd",
    ),
    "data.loop": (
        "message",
        "554 5.4.6 Hop count exceeded - possible mail loop",
        "554 5.4.4 No route",
        "after: Exchange NDR 5.4.6",
    ),
    "proto.503": (
        "mail",
        "503 5.5.2 Send hello first",
        "503 5.5.1 Error: nested MAIL command",
        "after: Exchange",
    ),
    "auth.basic_off": (
        "auth",
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
        "535 5.7.3 Authentication unsuccessful",
        "after: Exchange Online authenticated SMTP",
    ),
    "auth.534": (
        "auth",
        "534 5.7.9 Application-specific password required",
        "535 5.7.8 Username and Password not accepted",
        "after: Gmail SMTP errors and codes",
    ),
    "auth.432": (
        "auth",
        "432 4.7.12 A password transition is needed",
        "454 4.7.0 Temporary authentication failure",
        "after: RFC 4954",
    ),
    "auth.504": (
        "auth",
        "504 5.7.4 Unrecognized authentication type",
        "501 5.5.2 Cannot decode argument",
        "after: Exchange",
    ),
    "auth.530": (
        "mail",
        "530 5.7.57 Client not authenticated to send mail",
        "530 5.7.1 Client was not authenticated",
        "after: Exchange Online, direct send",
    ),
    "mail.sendas": (
        "rcpt",
        "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
        "550 5.7.61 SMTP; no",
        "after: Exchange NDR",
    ),
    "mail.nested": (
        "mail",
        "503 5.5.1 Error: nested MAIL command",
        "503 5.5.1 Error: something else",
        "after: Postfix smtpd",
    ),
    "mail.sender_dns": (
        "rcpt",
        "450 4.1.8 <admin@test.com>: Sender address rejected: Domain not found",
        "450 4.1.7 <admin@test.com>: Sender address rejected: unverified address",
        "after: Postfix reject_unknown_sender_domain",
    ),
    "mail.syntax": (
        "mail",
        "501 5.1.7 Bad sender address syntax",
        "501 5.7.1 DSN support is disabled",
        "after: Postfix smtpd",
    ),
    "mail.opt_unsup": (
        "mail",
        "555 5.5.4 Unsupported option: RET=HDRS",
        "555 5.5.2 Syntax error",
        "after: Postfix smtpd",
    ),
    "rcpt.null_mx": (
        "rcpt",
        "556 5.1.10 <user@contoso.com>: Recipient address rejected: Domain contoso.com does not accept mail (nullMX)",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        "after: Postfix smtpd",
    ),
    "rcpt.internal_only": (
        "rcpt",
        "550 5.7.124 Sender not in allowed-senders list",
        "550 5.7.125 no",
        "after: Exchange Online NDR",
    ),
    "rcpt.disabled": (
        "rcpt",
        "550 5.2.1 The email account that you tried to reach is disabled. - gsmtp",
        "550 5.2.0 Mailbox unavailable",
        "after: Gmail SMTP errors and codes",
    ),
    "rcpt.too_many": (
        "rcpt",
        "452 4.5.3 Error: too many recipients",
        "452 4.5.4 Error",
        "after: Postfix smtpd",
    ),
    "rcpt.rate": (
        "rcpt",
        "450 4.2.1 The user you are trying to contact is receiving mail too quickly. - gsmtp",
        "450 4.2.3 later",
        "after: Gmail SMTP errors and codes",
    ),
    "rcpt.forward": (
        "rcpt",
        "551 5.1.6 User not local; please try <user@fabrikam.com>",
        "550 5.1.6 gone",
        "after: RFC 5321",
    ),
    "rcpt.forwarded": (
        "rcpt",
        "251 2.1.5 User not local; will forward to <user@fabrikam.com>",
        "250 2.1.5 Ok",
        "after: RFC 5321",
    ),
    "rcpt.unverified": (
        "rcpt",
        "450 4.1.1 <user@contoso.com>: Recipient address rejected: unverified address: Address verification in "
        "progress",
        "450 4.1.2 <user@contoso.com>: Recipient address rejected: Domain not found",
        "after: Postfix reject_unverified_recipient",
    ),
    "data.order": (
        "data",
        "554 5.5.1 Error: no valid recipients",
        "554 5.7.1 no",
        "after: Postfix smtpd",
    ),
    "data.bare_lf": (
        "message",
        "550 5.6.11 SMTPSEND.BareLinefeedsAreIllegal; message contains bare linefeeds",
        "550 5.6.1 no",
        "after: Exchange NDR",
    ),
    "data.too_big": (
        "message",
        "552 5.3.4 Error: message file too big",
        "552 5.2.2 Mailbox full",
        "after: Postfix smtpd",
    ),
    "data.rule": (
        "message",
        "550 5.7.900 Delivery not authorized, message refused by a rule",
        "550 5.7.90 no",
        "after: Exchange transport rules",
    ),
    "data.rfc5322": (
        "message",
        "550 5.7.1 Messages missing a valid address in From: header, or having no From: header, are not accepted.",
        "550 5.4.1 no",
        "after: Gmail SMTP errors and codes",
    ),
    "data.content": (
        "message",
        "552 5.7.0 This message was blocked because its content presents a potential security issue. - gsmtp",
        "552 5.4.0 no",
        "after: Gmail SMTP errors and codes",
    ),
    "data.accepted": (
        "message",
        "250 2.6.0 <a@b.c> [InternalId=1] Queued mail for delivery",
        "451 4.3.0 later",
        "after: Exchange",
    ),
    "tls.inject": (
        "starttls",
        "554 5.5.1 Error: pipelined command after STARTTLS",
        "554 5.5.1 Error: no",
        "after: RFC 3207",
    ),
}  # fmt: skip

ACCEPTED = "S: 250 2.1.0 Ok"


def said(phase: str, reply: str) -> t.Dict[str, t.Any]:
    """A check that ends with this reply in this phase."""
    line = f"S: {reply}"
    if phase == "banner":
        return check(line)
    if phase == "ehlo":
        return check(f"S: 220 mx1.contoso.com\nC: EHLO test.com\n{line}")
    if phase in ("starttls", "auth"):
        command = {"starttls": "STARTTLS", "auth": "AUTH LOGIN"}[phase]
        return check(f"{HELLO}\nC: {command}\n{line}")
    return {"mail": mail, "rcpt": rcpt, "data": data, "message": message}[phase](line)


def slow(facts, seconds):
    facts["steps"][-1]["seconds"] = seconds
    return facts


def exchange(outcome):
    return check(
        "S: 220 mx1.contoso.com Microsoft ESMTP MAIL Service ready at Mon, 2 Mar 2026 09:00:00 +0100\n"
        f"C: EHLO test.com\nS: 250 mx1.contoso.com Hello\nC: MAIL FROM:<admin@test.com>\nW: 4\n{outcome}"
    )


def to(address, reply):
    return mail(f"S: 250 2.1.0 Ok\nC: RCPT TO:<{address}>\nS: {reply}")


def pix(outcome):
    return check(
        "S: 220 ****************0*2****\nC: EHLO test.com\nS: 250 mx1\nC: MAIL FROM:<a@b.c>\nS: 250 Ok\n"
        f"C: RCPT TO:<u@c.d>\nS: 250 Ok\nC: DATA\nS: 354 go\nC: .\n{outcome}"
    )


def taking(version):
    """A server that takes this version where nothing else is offered, and refuses SSLv3."""
    came_to = [("SSLv3", False), (version, True)]
    versions = [{"version": name, "accepted": accepted, "reason": None} for name, accepted in came_to]
    return check(HEALTHY, tls={"versions": versions})


def issued_by(issuer):
    return check(HEALTHY, tls={"certificate": {**CERTIFICATE, "issuer": issuer}})


# id: (a check that shows it, one that nearly does)
CASES = {
    **{identifier: (said(phase, shown), said(phase, near)) for identifier, (phase, shown, near, _of) in SAID.items()},
    "mail.ack_slow": (exchange("S: 250 2.1.0 Sender OK"), slow(mail("S: 250 2.1.0 Ok"), 4.0)),
    "rcpt.unknown_slow": (
        slow(rcpt("S: 550 5.1.10 RESOLVER.ADR.RecipientNotFound"), 5.1),
        slow(rcpt("S: 550 5.1.10 RESOLVER.ADR.RecipientNotFound"), 0.1),
    ),
    "rcpt.reserved": (
        to("user@example.com", "550 5.1.4 Recipient address reserved by RFC 2606"),
        to("user@contoso.com", "550 5.1.4 Ambiguous"),
    ),
    "data.dup_pix": (pix("E: closed it hung up"), message("E: closed it hung up")),
    "tls.old_only": (
        check(HEALTHY, tls={"version": "TLSv1.1"}),
        check(HEALTHY, tls={"version": "TLSv1.2"}),
    ),
    "tls.old_accepted": (taking("TLSv1"), taking("TLSv1.2")),
    "tls.inspection_ca": (
        issued_by("CN=FortiGate CA,O=Fortinet"),
        issued_by("CN=Contoso Inspectors,O=Contoso"),
    ),
    "tls.caps_stale": (
        check(HEALTHY.replace("S: 250 DSN\n    C: MAIL", "S: 250-AUTH PLAIN\n    S: 250 DSN\n    C: MAIL")),
        check(HEALTHY),
    ),
}

# Whose words the cases are. What is not here was made up by us after the description of the fault.
SOURCES = {identifier: whose for identifier, (_phase, _shown, _near, whose) in SAID.items()}


@pytest.mark.parametrize("identifier", CASES)
def test_the_signature_fires_on_its_dialog_and_not_on_a_near_miss(identifier):
    shown, near_miss = CASES[identifier]
    assert identifier in ids(judge(shown))
    assert identifier not in ids(judge(near_miss))


def test_tls_that_is_too_old_to_begin_with_is_one_fault():
    facts = check(
        f"{HELLO}\nC: STARTTLS\nS: 220 go\nE: tls The TLS handshake failed: unsupported protocol",
        failed_phase="starttls",
        tls={"established": False},
    )
    facts["steps"][-1]["sent"] = None
    judgement = judge(facts)
    assert (judgement["verdict"], ids(judgement)[0]) == ("fail", "tls.old_only")
    assert "tls.handshake_failed" not in ids(judgement)


@pytest.mark.parametrize("identifier", [name for name in SAID if name.startswith("rep.")])
def test_what_is_thought_of_the_client_says_nothing_about_the_server(identifier):
    judgement = judge(CASES[identifier][0])
    assert judgement["verdict"] == "inconclusive"
    assert ids(judgement)[0] == identifier


# The whole of what Microsoft, Google and Postfix say for one thing, told apart from its neighbours.
@pytest.mark.parametrize(
    ("phase", "reply", "expected"),
    [
        ("rcpt", "550 5.7.1 [C12] RBL Restriction: See https://www.spamhaus.org/query/ip/198.51.100.7", "rep.spamhaus"),
        ("rcpt", "550 5.7.23 The message was rejected because of Sender Policy Framework violation", "rep.spf_dkim"),
        (
            "message",
            "550 5.7.509 Access denied, sending domain contoso.com does not pass DMARC verification",
            "rep.spf_dkim",
        ),
        ("message", "550 5.7.30 DKIM authentication did not pass - gsmtp", "rep.spf_dkim"),
        ("mail", "550 5.7.27 Sender domain has null MX", "mail.sender_unknown"),
        ("mail", "553 5.7.30 REQUIRETLS support required", "tls.requiretls"),
        ("mail", "550 5.7.29 This message was rejected since it was not sent over TLS - gsmtp", "tls.required"),
        ("rcpt", "550 5.1.8 Access denied, bad outbound sender AS(42004)", "rep.ms_tenant"),
        ("rcpt", "525 5.7.13 User Account Disabled", "rcpt.disabled"),
        ("rcpt", "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup", "rcpt.internal_only"),
        ("rcpt", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "rcpt.unknown"),
        ("rcpt", "432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded", "rcpt.rate"),
        ("rcpt", "450 4.3.2 Service currently unavailable", "rcpt.postscreen_new"),
        ("rcpt", "554 5.7.1 <user@contoso.com>: Relay access denied", "rcpt.relay"),
        ("mail", "452 4.3.1 Insufficient system storage", "mail.backpressure"),
        ("mail", "552 5.3.4 Message size exceeds fixed limit", "mail.size"),
        ("mail", "501 5.7.1 DSN support is disabled", "mail.opt_unsup"),
        ("mail", "530 5.7.1 Client was not authenticated", "mail.not_auth"),
        ("mail", "451 5.7.3 STARTTLS is required to send mail", "tls.required"),
        ("message", "521 5.5.2 Error: bare <LF> received", "data.bare_lf"),
        ("message", "552 5.2.2 Mailbox full", "data.full"),
        ("message", "550 5.7.1 Our system has detected that this message is spam", "data.content"),
        ("auth", "535 5.7.3 Authentication unsuccessful", "auth.535"),
        ("banner", "421 4.3.2 System not accepting network messages", "exch.component_off"),
    ],
)
def test_neighbours_are_told_apart(phase, reply, expected):
    assert ids(judge(said(phase, reply)))[0] == expected


@pytest.mark.parametrize(("where", "said", "expected"), [
    # Exim's own words where smtp_accept_max_per_host is reached.
    (mail, "421 Too many concurrent SMTP connections from this IP address; please try again later.", "proto.421_rate"),
    (mail, "421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to unexpected volume or user "
     "complaints", "proto.421_rate"),
    (mail, "421 4.7.0 Try again later, closing connection. (MAIL) a1-20020a170902b - gsmtp", "ehlo.421_google"),
    (mail, "550 5.7.515 Access denied, sending domain TEST.COM does not meet the required authentication level.",
     "rep.spf_dkim"),
    (rcpt, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "rcpt.relay"),
    (rcpt, "511 sorry, no mailbox here by that name (#5.1.1 - chkuser)", "rcpt.unknown"),
    (rcpt, "550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550", "rcpt.unknown"),
    (rcpt, "550 Invalid recipient: <user@contoso.com>", "rcpt.unroutable"),
    (message, "451 See http://pobox.com/~djb/docs/smtplf.html.", "data.bare_lf"),
])  # fmt: skip
def test_words_of_exim_yahoo_gmail_outlook_qmail_and_mimecast(where, said, expected):
    assert ids(judge(where(f"S: {said}")))[0] == expected
