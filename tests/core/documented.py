# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replies whose words were read where they are written down: in a server's source, in its maker's documentation, or
in a report that quotes what came. Addresses and names in them are ours. What was not read there is not in here.
"""

from __future__ import annotations

import typing as t


class Documented(t.NamedTuple):
    finding: str
    phase: str
    reply: str
    source: str


_POSTFIX = "https://github.com/vdukhovni/postfix/blob/17830e5c13c160d51c95cb971d137a46de84e48c/postfix/src"
_SMTPD = f"{_POSTFIX}/smtpd/smtpd.c"
_POSTSCREEN = f"{_POSTFIX}/postscreen/postscreen_smtpd.c"
# A copy of the source of Microsoft's page "Email non-delivery reports in Exchange Online".
_MICROSOFT = (
    "https://github.com/x13-me/OfficeDocs-Exchange/blob/040dec762345021ee42dafaf443d1bda0d46f413/Exchange/ExchangeOnline"
    "/mail-flow-best-practices/non-delivery-reports-in-exchange-online/non-delivery-reports-in-exchange-online.md"
)
_GOOGLE = "https://support.google.com/a/answer/3726730?hl=ja"  # the texts are in English there

DOCUMENTED = (
    Documented("srv.resources", "banner", "421 4.3.2 All server ports are busy", f"{_POSTFIX}/postscreen/postscreen.c"),
    Documented("data.timeout_421", "message", "421 4.4.2 mx1.contoso.com Error: timeout exceeded", _SMTPD),
    Documented("mail.nested", "mail", "503 5.5.1 Error: nested MAIL command", _SMTPD),
    Documented("mail.syntax", "mail", "501 5.1.7 Bad sender address syntax", _SMTPD),
    Documented("data.order", "data", "554 5.5.1 Error: no valid recipients", _SMTPD),
    Documented("mail.opt_unsup", "mail", "555 5.5.4 Unsupported option: RET=HDRS", _SMTPD),
    Documented("proto.503", "mail", "503 5.5.1 Error: send HELO/EHLO first", _POSTSCREEN),
    Documented("proto.sync", "ehlo", "550 5.5.1 Protocol error", _POSTSCREEN),
    Documented("proto.500", "mail", "500 5.5.2 Error: command not recognized", _SMTPD),
    Documented("rcpt.too_many", "rcpt", "452 4.5.3 Error: too many recipients", _SMTPD),
    Documented("rcpt.rate", "rcpt", "432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded", _MICROSOFT),
    Documented(
        "rcpt.rate", "rcpt", "550 5.2.122 Recipient's per hour message receive limit exceeded.", _MICROSOFT
    ),
    Documented("rcpt.too_many", "rcpt", "452 4.5.3 Too many recipients", _MICROSOFT),
    Documented("rcpt.unknown", "rcpt", "550 5.1.1 Bad destination mailbox address", _MICROSOFT),
    Documented("rcpt.unknown", "rcpt", "550 5.1.10 Recipient not found", _MICROSOFT),
    Documented(
        "rcpt.unknown", "rcpt", "550 5.4.1 Recipient address rejected: Access denied", _MICROSOFT
    ),
    Documented(
        "rcpt.unknown", "rcpt", "550 5.5.0 Requested action not taken: mailbox unavailable", _MICROSOFT
    ),
    Documented(
        "rcpt.unknown", "rcpt", "550 5.7.504 [user@contoso.com]: Recipient address rejected: Access denied", _MICROSOFT
    ),
    Documented("rcpt.relay", "rcpt", "550 5.4.1 Relay Access Denied", _MICROSOFT),
    Documented("rcpt.relay", "rcpt", "550 5.7.1 Unable to relay", _MICROSOFT),
    Documented("rcpt.relay", "rcpt", "550 5.7.64 TenantAttribution; Relay Access Denied", _MICROSOFT),
    Documented("mail.not_auth", "mail", "530 5.7.1 Client was not authenticated", _MICROSOFT),
    Documented(
        "auth.530",
        "mail",
        "530 5.7.57 Client was not authenticated to send anonymous mail during MAIL FROM",
        _MICROSOFT,
    ),
    Documented(
        "rcpt.internal_only", "rcpt", "550 5.7.12 Sender was not authenticated by organization", _MICROSOFT
    ),
    Documented("rcpt.internal_only", "rcpt", "550 5.7.124 Sender not in allowed-senders list", _MICROSOFT),
    Documented("rcpt.internal_only", "rcpt", "550 5.7.133 Sender not authenticated for group", _MICROSOFT),
    Documented("rcpt.internal_only", "rcpt", "550 5.7.134 Sender was not authenticated for mailbox", _MICROSOFT),
    Documented("ehlo.bad_helo", "ehlo", "550 5.7.506 Access Denied, Bad HELO", _MICROSOFT),
    Documented(
        "rep.ms_customer",
        "rcpt",
        "550 5.7.513 Service unavailable, Client host [198.51.100.7] blocked by contoso.com using Customer Block list "
        "(AS16012607)",
        _MICROSOFT,
    ),
    Documented("rep.ms_customer", "rcpt", "550 5.7.507 Access denied, rejected by recipient", _MICROSOFT),
    Documented("rep.ms_banned_ip", "mail", "550 5.7.606 Access denied, banned sending IP [198.51.100.7]", _MICROSOFT),
    Documented("rep.ms_banned_ip", "mail", "550 5.7.511 Access denied, banned sender", _MICROSOFT),
    Documented("rep.ms_ratelimit", "mail", "451 4.7.500 Access denied, please try again later", _MICROSOFT),
    Documented("rep.ms_ratelimit", "mail", "451 4.7.850 Access denied, please try again later", _MICROSOFT),
    Documented("rep.ms_tenant", "mail", "550 5.7.705 Access denied, tenant has exceeded threshold", _MICROSOFT),
    Documented("rep.ms_tenant", "mail", "550 5.7.708 Access denied, traffic not accepted from this IP", _MICROSOFT),
    Documented("rep.ms_tenant", "mail", "550 5.1.8 Access denied, bad outbound sender", _MICROSOFT),
    Documented(
        "rep.ms_tenant",
        "mail",
        "550 5.7.750 Service unavailable. Client blocked from sending from unregistered domains",
        _MICROSOFT,
    ),
    Documented(
        "rep.ms_v6",
        "rcpt",
        "550 5.7.25 Access denied, the sending IPv6 address [2001:db8::7] must have a reverse DNS record",
        _MICROSOFT,
    ),
    Documented(
        "rep.ms_v6", "rcpt", "550 5.7.510 Access denied, [contoso.com] does not accept email over IPv6", _MICROSOFT
    ),
    Documented(
        "rep.spf_dkim",
        "message",
        "550 5.7.509 Access denied, sending domain [test.com] does not pass DMARC verification",
        _MICROSOFT,
    ),
    Documented(
        "rep.spf_dkim",
        "message",
        "550 5.7.23 The message was rejected because of Sender Policy Framework violation",
        _MICROSOFT,
    ),
    Documented("data.bare_lf", "message", "550 5.6.11 Invalid characters", _MICROSOFT),
    Documented("data.loop", "message", "554 5.4.14 Routing loop detected", _MICROSOFT),
    Documented(
        "data.rfc5322",
        "message",
        "550 5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant",
        _MICROSOFT,
    ),
    Documented(
        "rcpt.rate",
        "rcpt",
        "450 4.2.1 The user you are trying to contact is receiving mail too quickly. Please resend your message at a "
        "later time. If the user is able to receive mail at that time, your message will be delivered. - gsmtp",
        _GOOGLE,
    ),
    # What came, as those quote it who got it.
    Documented(
        "rep.google_ptr",
        "message",
        "550 5.7.1 [198.51.100.7] The IP address sending this message does not have a PTR record setup. As a policy, "
        "Gmail does not accept messages from IPs with missing PTR records. - gsmtp",
        "https://pastebin.com/Rj7iXShc",
    ),
    Documented(
        "rep.google_rate",
        "message",
        "421 4.7.28 [198.51.100.7] Our system has detected an unusual rate of unsolicited mail originating from your "
        "IP address. - gsmtp",
        "https://mythicintel.com/blog/421-from-gmail",
    ),
    Documented(
        "rep.ms_s3150",
        "mail",
        "550 SC-001 Unfortunately, messages from 198.51.100.7 weren't sent. Please contact your Internet service "
        "provider since part of their network is on our block list.",
        "https://pastebin.com/aEkGUxq1",
    ),
    Documented(
        "auth.basic_off",
        "auth",
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
        "https://docs.bookyourpto.com/features/smtp-troubleshoot",
    ),
)  # fmt: skip
