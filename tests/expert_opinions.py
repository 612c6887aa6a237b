# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mail expert says of each dialog that was recorded in the lab: what has to be found, and what may be.

Each opinion was written from what is set up on the server and from what that product is known to answer, before the
judgement was asked. Where one was changed after the dialog had been seen, ``why`` says what it was at first.

``must``   findings that have to be there, so that whoever reads them knows what to do
``may``    findings that are true, and that an expert would not miss. Everything else must not be there.
``twice``  the dialog that counts is the second one
"""

from __future__ import annotations

import typing as t


class Opinion(t.NamedTuple):
    """``host``, ``port``: a host of the lab, and the name of its port. ``options``: what else is asked of it."""

    host: str
    port: str
    planted: str
    verdict: str
    must: tuple[str, ...]
    why: str
    options: t.Mapping[str, t.Any] = {}
    may: tuple[str, ...] = ()
    twice: bool = False


_NEW_CLIENT = {"source": "198.18.9.9", "source_port": 4711, "destination": "198.18.1.37"}
# The client's address is 198.18.9.9, which has no name.
_NAMELESS = {"proxy_protocol": "v2", "proxy_protocol_addresses": _NEW_CLIENT}
_LARGE = {"test_message": {"body": "x" * 70 + "\n" + "a line of a message that is too large for it\n" * 60}}
_WRONG = {"username": "user@contoso.test", "password": "not the password"}
_SHORT = {"timeouts": {"connect": 2.0, "reply": 2.0}}
_NOTHING = {"recipient": None, "sender": None}

ABOUT_THE_CLIENT = "It is refused for the address it comes from, so nothing is known of how others fare."

PLANTED = {
    # Reputation, and what servers want of a client. None of that is the server's fault.
    "postfix-spamhaus": Opinion(
        "faulty", "listed-spamhaus", "the client is on zen.spamhaus.org", "inconclusive", ("rep.spamhaus",),
        ABOUT_THE_CLIENT,
    ),
    "postfix-barracuda": Opinion(
        "faulty", "listed-barracuda", "the client is on b.barracudacentral.org", "inconclusive", ("rep.barracuda",),
        ABOUT_THE_CLIENT,
    ),
    "postfix-dnsbl": Opinion(
        "faulty", "listed", "the client is on a list of the site's own", "inconclusive", ("rep.dnsbl",),
        ABOUT_THE_CLIENT,
    ),
    "postscreen-spamhaus": Opinion(
        "faulty", "screened", "postscreen finds the client on zen.spamhaus.org", "inconclusive", ("rep.spamhaus",),
        ABOUT_THE_CLIENT + " The greeting in two parts is postscreen's.", may=("ban.multiline",),
    ),
    "postfix-no-ptr-450": Opinion(
        "faulty", "wants-ptr", "the client's address has no name, which is not yet final", "inconclusive",
        ("rcpt.policy_450",), "450 4.7.25 is a soft refusal for the client's reverse DNS.", _NAMELESS,
    ),
    "postfix-no-ptr-550": Opinion(
        "faulty", "demands-ptr", "the client's address has no name", "inconclusive", ("rep.ptr_generic",),
        ABOUT_THE_CLIENT, _NAMELESS,
    ),
    "postfix-short-helo-at-once": Opinion(
        "faulty", "wants-fqdn-at-once", "a HELO name of one label, refused at EHLO", "inconclusive",
        ("ehlo.504_fqdn",), "The tester's own HELO name is at fault.", {"helo_name": "probe"},
    ),
    "postfix-short-helo": Opinion(
        "faulty", "wants-fqdn", "a HELO name of one label, refused at RCPT", "inconclusive", ("ehlo.504_fqdn",),
        "Postfix waits with it until RCPT unless told otherwise; it is the HELO name all the same.",
        {"helo_name": "probe"},
    ),
    "postfix-unknown-helo": Opinion(
        "faulty", "resolves-helo", "a HELO name that does not exist", "inconclusive", ("ehlo.bad_helo",),
        "The tester's own HELO name is at fault, whenever the server says so.",
        {"helo_name": "nowhere.shapes.test"},
    ),
    "postfix-sender-domain": Opinion(
        "faulty", "resolves-sender", "the sender's domain does not exist", "deferred", ("mail.sender_dns",),
        "450, since it could be the server's resolver.", {"sender": "somebody@nowhere.shapes.test"},
    ),
    "postfix-sender-null-mx": Opinion(
        "faulty", "resolves-sender", "the sender's domain takes no mail (RFC 7505)", "fail", ("mail.sender_unknown",),
        "550 5.7.27 is final; the sender has to be another.", {"sender": "somebody@null.shapes.test"},
    ),
    "postfix-sender-unlisted": Opinion(
        "faulty", "lists-senders", "the sender claims to be in the server's own domain and is not", "fail",
        ("mail.sender_unknown",), "550 5.1.0 with Postfix's words for it.", {"sender": "stranger@contoso.test"},
    ),
    "postfix-connection-rate": Opinion(
        "faulty", "few-connections", "more than one connection a minute", "inconclusive", ("proto.421_rate",),
        "Whoever comes too often learns nothing of the server.", twice=True,
    ),
    "postfix-recipient-rate": Opinion(
        "faulty", "few-recipients-a-minute", "more than one recipient a minute", "inconclusive", ("proto.421_rate",),
        "450 4.7.1 too many recipients from this client: a limit on the client's rate, and not on one message.",
        {"recipient": None, "recipients": ["user@contoso.test", "probe@contoso.test"]},
    ),
    # Recipients.
    "postfix-recipient-null-mx": Opinion(
        "faulty", "resolves-recipient", "the recipient's domain takes no mail", "fail", ("rcpt.null_mx",),
        "556 5.1.10 (RFC 7505).", {"recipient": "somebody@null.shapes.test"},
    ),
    "postfix-recipient-domain": Opinion(
        "faulty", "resolves-recipient", "the recipient's domain does not exist", "deferred", ("rcpt.deferred",),
        "450 4.1.2: it may be the server's resolver, so it is not final.", {"recipient": "user@nowhere.shapes.test"},
    ),
    "postfix-unverified": Opinion(
        "faulty", "verifies-recipient", "the recipient is verified first, by a probe", "deferred", ("rcpt.unverified",),
        "450 4.1.1 until the probe has come to something.", {"recipient": "ghost@contoso.test"},
    ),
    "postfix-moved": Opinion(
        "mx1", "smtp", "the recipient has moved", "fail", ("rcpt.forward",),
        "550 5.1.6 with the new address in its text: the address is to be updated.",
        {"recipient": "moved@contoso.test"},
    ),
    "postfix-slow-refusal": Opinion(
        "faulty", "slow-refusal", "an unknown recipient, refused after five seconds", "fail",
        ("rcpt.unknown", "rcpt.unknown_slow"), "Slow on purpose, against address harvesting: not the network. The "
        "first refusal is free.", {"recipient": None, "recipients": ["stranger@contoso.test", "another@contoso.test"]},
    ),
    "postfix-unknown": Opinion(
        "mx1", "smtp", "a recipient that does not exist", "fail", ("rcpt.unknown",), "550 5.1.1.",
        {"recipient": "stranger@contoso.test"},
    ),
    "postfix-relay": Opinion(
        "mx1", "smtp", "a recipient elsewhere", "fail", ("rcpt.relay",), "554 5.7.1 Relay access denied.",
        {"recipient": "somebody@fabrikam.test"},
    ),
    "postfix-two-recipients": Opinion(
        "mx1", "few-recipients", "a third recipient where two are taken", "pass", ("rcpt.few_at_once",),
        "452 4.5.3 is about this transaction. The opinion was deferred at first; the dialog shows that the client "
        "began another transaction, which took the third.",
        {"recipient": None, "recipients": ["user@contoso.test", "probe@contoso.test", "echo@contoso.test"]},
    ),
    "postgrey": Opinion(
        "mx1", "greylisting", "postgrey does not know this sender yet", "deferred", ("rcpt.greylist",),
        "Deferred on purpose, and no failure.",
        {"sender": "planted@shapes.test", "recipient": "user@northwind.test"},
    ),
    "postscreen-new": Opinion(
        "slow", "first-contact", "postscreen's tests after the greeting", "deferred", ("rcpt.postscreen_new",),
        "450 4.3.2 to who passed them: come back. The greeting in two parts is postscreen's.", _NAMELESS,
        may=("ban.multiline",),
    ),
    "exim-defers": Opinion(
        "exim", "defers", "the configuration defers without a reason", "deferred", ("rcpt.deferred",),
        '451 "Temporary local problem" is all that Exim says.', may=("tls.caps_stale",),
    ),
    "exim-denies": Opinion(
        "exim", "denies", "the configuration denies without a reason", "fail", ("rcpt.refused",),
        '550 "Administrative prohibition" names no reason, so none is to be made up.', may=("tls.caps_stale",),
    ),
    "exim-unroutable": Opinion(
        "exim", "smtp", "a recipient that no router knows", "fail", ("rcpt.unroutable",),
        '"Unrouteable address" may be about the domain or the mailbox.', {"recipient": "stranger@contoso.test"},
        may=("tls.caps_stale",),
    ),
    "sendmail-relay": Opinion(
        "sendmail", "smtp", "a recipient elsewhere", "fail", ("rcpt.relay",), "550 5.7.1 Relaying denied.",
        {"recipient": "somebody@fabrikam.test"},
    ),
    "dovecot-full": Opinion(
        "mx1", "lmtp", "a mailbox without room", "fail", ("data.full",),
        "Dovecot says so after the message.",
        {"protocol": "lmtp", "recipient": "full@contoso.test", "test_message": {}},
        may=("ehlo.starttls_missing",),
    ),
    # The server's own trouble.
    "postfix-turned-away": Opinion(
        "faulty", "turns-away", "the client is turned away at the connection", "fail", ("ban.554",),
        "554 in place of a greeting, without a word about reputation.",
    ),
    "postfix-never-mail": Opinion(
        "faulty", "never-mail", "a host that takes no mail (RFC 7504)", "fail", ("ban.521",), "521 at the connection.",
    ),
    "postfix-misconfigured": Opinion(
        "faulty", "no-policy-service", "a policy service that is not there", "deferred", ("srv.config",),
        "451 4.3.5: the server's own configuration. The opinion was fail at first, since coming back does not mend it; "
        "but deferred is defined as what the server asks for, and 451 asks to come back.",
    ),
    "postfix-full-disk": Opinion(
        "faulty", "full-disk", "no room on the disk", "deferred", ("mail.backpressure",),
        "452 4.3.1 at MAIL: resources, to be looked at on the server; the client is asked to come back.",
    ),
    "postfix-slow-greeting": Opinion(
        "faulty", "slow-greeting", "the greeting comes after six seconds", "pass", ("ban.slow",),
        "Mail flows. Whether it is deliberate, one dialog cannot tell.",
    ),
    "postfix-no-ehlo": Opinion(
        "faulty", "no-ehlo", "EHLO is replaced by something unknown, as by a filter", "degraded", ("ehlo.helo_only",),
        "HELO works, but no extension can be used.",
    ),
    "postfix-no-dsn": Opinion(
        "faulty", "no-dsn", "DSN is hidden, and a receipt is asked for", "degraded", ("ehlo.dsn_missing",),
        "The mail goes, the receipt cannot be asked for.", {"dsn": {"notify": ["success"]}},
        may=("ext.not_offered",),
    ),
    "postfix-dsn-forced": Opinion(
        "faulty", "no-dsn", "DSN is hidden, and asked for all the same", "fail", ("mail.opt_unsup",),
        "The parameter is refused. That DSN is not offered is the same fault, and true.",
        {"dsn": {"notify": ["success"]}, "force": ["DSN"]}, may=("ehlo.dsn_missing", "ext.not_offered"),
    ),
    # TLS.
    "postfix-no-certificate": Opinion(
        "faulty", "no-certificate", "the file with the authorities is missing", "fail", ("tls.454",),
        "454 4.7.0 after an offer. The opinion was degraded at first, since some senders go on in clear text; the "
        "dialog shows that this one does not, for an offer that is not kept may be an attack.",
    ),
    "postfix-future": Opinion(
        "faulty", "future", "a certificate that is not yet valid", "degraded", ("tls.not_yet",),
        "Its beginning lies ahead; opportunistic senders deliver.",
    ),
    "postfix-expiring": Opinion(
        "faulty", "expiring", "a certificate that is valid for five more days", "degraded", ("tls.expiring",),
        "Automatic renewal would be done by now.",
    ),
    "postfix-expired": Opinion(
        "mx2", "smtp", "a certificate that is expired and signed by itself", "degraded",
        ("tls.expired", "tls.self_signed"), "Two faults, which are mended by two people.",
    ),
    "postfix-inspected": Opinion(
        "faulty", "inspected", "a certificate issued by a firewall's authority", "degraded", ("tls.inspection_ca",),
        "That nobody knows that authority is a consequence.",
    ),
    "postfix-foreign": Opinion(
        "faulty", "foreign", "a certificate of an authority that is not known here", "degraded", ("tls.incomplete",),
        "The issuer was not sent along, so a missing intermediate cannot be told from an unknown root.",
    ),
    "postfix-must-staple": Opinion(
        "faulty", "must-staple", "a certificate that demands stapling, on a server that cannot do it", "pass",
        ("tls.must_staple",), "No mail server looks at that; worth a remark.",
    ),
    "postfix-old-tls": Opinion(
        "faulty", "old-tls", "nothing newer than TLS 1.1", "fail", ("tls.old_only",),
        "With TLS 1.2 as the oldest, as large providers have it, no mail goes: after a broken handshake nothing may "
        "be said in clear text.",
    ),
    "postfix-old-tls-accepted": Opinion(
        "faulty", "old-tls", "nothing newer than TLS 1.1, and the client takes it", "degraded", ("tls.old_only",),
        "Mail flows to who still speaks it.", {"tls": {"min_version": "TLSv1"}},
    ),
    "postfix-needs-tls": Opinion(
        "faulty", "needs-tls", "no mail without TLS, and the client does not start it", "fail", ("tls.required",),
        "530 5.7.0 names STARTTLS.", {"starttls": "never", "tls": None},
    ),
    "opensmtpd-broken-tls": Opinion(
        "opensmtpd", "broken-tls", "every handshake breaks", "fail", ("tls.handshake_failed",),
        "The offer is worse than none: nothing may follow it in clear text.",
    ),
    "postfix-submission-in-clear": Opinion(
        "faulty", "clear-submission", "the submission port offers no TLS", "degraded", ("ehlo.submission_in_clear",),
        "Passwords would be sent for all to read.",
    ),
    # Logging in.
    "postfix-wrong-password": Opinion(
        "mx1", "submission", "a wrong password", "fail", ("auth.535",), "535 5.7.8.", {"auth": _WRONG},
        may=("tls.caps_stale",),
    ),
    "exim-wrong-password": Opinion(
        "exim", "smtp", "a wrong password", "fail", ("auth.535",), "535 without an enhanced code.", {"auth": _WRONG},
        may=("tls.caps_stale",),
    ),
    "sendmail-wrong-password": Opinion(
        "sendmail", "smtp", "a wrong password", "fail", ("auth.535",), "535 5.7.0.", {"auth": _WRONG},
        may=("tls.caps_stale",),
    ),
    "dovecot-wrong-password": Opinion(
        "mx1", "mailbox-submission", "a wrong password", "fail", ("auth.535",), "535 5.7.8.", {"auth": _WRONG},
        may=("tls.caps_stale",),
    ),
    "dovecot-anonymous": Opinion(
        "mx1", "mailbox-submission", "mail from who did not log in", "fail", ("auth.530",),
        "530 5.7.0 Authentication required.", may=("tls.caps_stale",),
    ),
    "postfix-not-owned": Opinion(
        "mx1", "owned", "a sender that is not the one who logged in", "fail", ("mail.sendas",),
        "553 5.7.1 not owned by user.", {"log_in": True, "sender": "echo@contoso.test"}, may=("tls.caps_stale",),
    ),
    # The message.
    "postfix-too-large": Opinion(
        "faulty", "small", "a message that is too large, where no limit is announced", "fail", ("data.too_big",),
        "552 5.3.4 at the end of the message.", _LARGE,
    ),
    "exim-too-large": Opinion(
        "exim", "small", "a message that is larger than the limit announced", "fail",
        ("mail.not_sendable",), "The opinion was mail.size at first; the dialog shows that MAIL was not even sent, "
        "since the limit was announced.", _LARGE, may=("tls.caps_stale",),
    ),
    "postfix-loop": Opinion(
        "faulty", "few-hops", "a message that has come a long way", "fail", ("data.loop",),
        "554 5.4.0 too many hops.", {"hops": 3},
    ),
    "exim-loop": Opinion(
        "exim", "smtp", "a message with 31 Received headers", "pass", (),
        "The opinion was data.loop at first; the dialog shows that this Exim accepts it, and bounces it later. "
        "Accepted is not delivered.", {"hops": 31}, may=("tls.caps_stale",),
    ),
    "sendmail-loop": Opinion(
        "sendmail", "smtp", "a message with 31 Received headers", "pass", (),
        "The opinion was data.loop at first; the dialog shows that Sendmail accepts it, and bounces it later.",
        {"hops": 31}, may=("tls.caps_stale",),
    ),
    "postfix-content": Opinion(
        "faulty", "reads-mail", "a message whose subject is not wanted", "fail", ("data.content",),
        "550 5.7.1 message content rejected.", {"test_message": {"subject": "something unwanted"}},
    ),
    # What is no mail server, or none that speaks like that.
    "imap": Opinion(
        "mx1", "imap", "an IMAP server", "fail", ("ban.not_smtp",), "It greets with * OK.", _NOTHING
    ),
    "pop3": Opinion("mx1", "pop3", "a POP3 server", "fail", ("ban.not_smtp",), "It greets with +OK.", _NOTHING),
    "ssh": Opinion("jump", "ssh", "an SSH server", "fail", ("ban.not_smtp",), "It greets with SSH-2.0.", _NOTHING),
    "dovecot-lmtp-as-smtp": Opinion(
        "mx1", "lmtp", "an LMTP server, spoken to as SMTP", "fail", ("ban.lmtp",),
        "It knows neither EHLO nor HELO; of Dovecot's services that is LMTP. It does not say so itself.",
    ),
    "tls-in-clear": Opinion(
        "mx1", "smtps", "a port for TLS from the start, spoken to in clear text", "fail", ("ban.tls_bytes",),
        "It waits for a handshake, and the port's number says why. The opinion named tcp.silent at first, which is "
        "true, and says less.", {**_NOTHING, **_SHORT},
    ),
    "clear-in-tls": Opinion(
        "mx1", "smtp", "a port for clear text, spoken to in TLS", "fail", ("tls.handshake_failed",),
        "What comes in place of a handshake is the greeting.", {**_NOTHING, "protocol": "smtps"},
    ),
    # The network before it.
    "dropped": Opinion(
        "dropped", "", "a packet filter drops", "fail", ("tcp.timeout",), "Not one packet comes back.",
        {**_NOTHING, **_SHORT},
    ),
    "refused": Opinion(
        "refused", "", "nothing listens", "fail", ("tcp.refused",), "The kernel says so at once.",
        {**_NOTHING, **_SHORT},
    ),
    "prohibited": Opinion(
        "prohibited", "", "a router prohibits", "fail", ("tcp.unreachable",), "ICMP says so.", {**_NOTHING, **_SHORT}
    ),
    "reset": Opinion(
        "reset", "", "reset before the greeting", "fail", ("tcp.reset_early",), "Accepted, then reset.",
        {**_NOTHING, **_SHORT},
    ),
    "closed": Opinion(
        "closed", "", "closed before the greeting", "fail", ("tcp.eof_before_banner",), "Accepted, then closed.",
        {**_NOTHING, **_SHORT},
    ),
    "silent": Opinion(
        "silent", "", "no greeting", "fail", ("tcp.silent",), "Accepted, then nothing.", {**_NOTHING, **_SHORT}
    ),
    "no-such-host": Opinion(
        "nowhere", "", "a name that does not exist", "fail", ("dns.nxdomain",), "The name servers say so.", _NOTHING
    ),
    # No fault at all.
    "postfix-healthy": Opinion("faulty", "smtp", "nothing", "pass", (), "All is well."),
    "exim-healthy": Opinion(
        "exim", "smtp", "nothing", "pass", (), "All is well; its list differs after TLS, as it should.",
        may=("tls.caps_stale",),
    ),
    "sendmail-healthy": Opinion(
        "sendmail", "smtp", "nothing", "pass", (), "All is well.", may=("tls.caps_stale",)
    ),
    "opensmtpd-healthy": Opinion(
        "opensmtpd", "smtp", "nothing but that it has no TLS", "pass", ("ehlo.starttls_missing",),
        "Between mail servers that is worth saying, and no failure (RFC 3207).",
    ),
}  # fmt: skip


class GoldenOpinion(t.NamedTuple):
    """Of a golden transcript (tests/integration/golden), which the importer of pasted dialogs reads.

    ``host``: the server's name in the lab; ``product``: what it is."""

    host: str
    product: str
    verdict: str
    must: tuple[str, ...]
    why: str
    may: tuple[str, ...] = ()


_ACCEPTED = "The message is accepted, which is worth telling apart from delivered."

GOLDEN = {
    "dovecot-lmtp.refuses.txt": GoldenOpinion(
        "mx1", "Dovecot", "fail", ("rcpt.unknown", "data.full"),
        "One recipient does not exist, another has no room; a third gets the message.", may=("data.accepted",),
    ),
    "dovecot-lmtp.takes.txt": GoldenOpinion("mx1", "Dovecot", "pass", ("data.accepted",), _ACCEPTED),
    "dovecot-submission.refuses.txt": GoldenOpinion(
        "mx1", "Dovecot", "fail", ("auth.530",), "Nobody may send who did not log in."
    ),
    "dovecot-submission.submits.txt": GoldenOpinion("mx1", "Dovecot", "pass", ("data.accepted",), _ACCEPTED),
    "exim.refuses.txt": GoldenOpinion(
        "exim", "Exim", "fail", ("rcpt.unroutable", "rcpt.relay"),
        '"Unrouteable address" may mean domain or mailbox, "relay not permitted" is plain; AUTH appears after TLS.',
        may=("tls.caps_stale",),
    ),
    "exim.submits.txt": GoldenOpinion(
        "exim", "Exim", "pass", ("data.accepted",), _ACCEPTED, may=("tls.caps_stale",)
    ),
    "exim.takes.txt": GoldenOpinion("exim", "Exim", "pass", ("data.accepted",), _ACCEPTED, may=("tls.caps_stale",)),
    "mx1.refuses.txt": GoldenOpinion(
        "mx1", "Postfix", "fail", ("rcpt.unknown", "rcpt.relay"), "550 5.1.1, and 554 5.7.1 Relay access denied."
    ),
    "mx1.submits.txt": GoldenOpinion(
        "mx1", "Postfix", "pass", ("data.accepted",), _ACCEPTED, may=("tls.caps_stale",)
    ),
    "mx1.takes.txt": GoldenOpinion("mx1", "Postfix", "pass", ("data.accepted",), _ACCEPTED),
    "opensmtpd.refuses.txt": GoldenOpinion(
        "opensmtpd", "OpenSMTPD", "fail", ("rcpt.unknown", "rcpt.unroutable", "ehlo.starttls_missing"),
        "524 5.2.4 is its word for nobody it knows, 550 Invalid recipient for a domain that no rule matches. It offers "
        "no TLS.",
    ),
    "opensmtpd.takes.txt": GoldenOpinion(
        "opensmtpd", "OpenSMTPD", "pass", ("data.accepted", "ehlo.starttls_missing"), f"{_ACCEPTED} It offers no TLS."
    ),
    "sendmail.refuses.txt": GoldenOpinion(
        "sendmail", "Sendmail", "fail", ("rcpt.unknown", "rcpt.relay"), "550 5.1.1, and 550 5.7.1 Relaying denied."
    ),
    "sendmail.submits.txt": GoldenOpinion(
        "sendmail", "Sendmail", "pass", ("data.accepted",), _ACCEPTED, may=("tls.caps_stale",)
    ),
    "sendmail.takes.txt": GoldenOpinion(
        "sendmail", "Sendmail", "pass", ("data.accepted",), _ACCEPTED, may=("tls.caps_stale",)
    ),
    "slow.patience.txt": GoldenOpinion(
        "slow", "Postfix", "pass", ("ban.multiline",), "postscreen greets in two parts, and was waited for."
    ),
}  # fmt: skip
