# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Every server that can be played, as data: the faultless one, and one behaviour per fault.

A behaviour is the faultless server of ``session.py`` plus scripts: for some phases, the steps to take *instead of* the
faultless answer. A script says what a client sees, so a fault is read here and nowhere else.
"""

from __future__ import annotations

import sys
import typing as t

from .steps import Drip, Flood, Say, Script, Send, Step
from .tls_faults import IN_THE_HANDSHAKE, IN_THE_SESSION

# The places where a script can stand. "ehlo" is LHLO's too; "bdat" has not read the chunk yet; "chunk" is the reply
# after one that is not the last, "message" that after the last one or the final dot; "any" stands in for every command
# that has no script of its own.
PHASES = (
    "banner", "ehlo", "helo", "starttls", "auth", "mail", "rcpt", "data", "bdat", "chunk", "message", "quit", "any",
)  # fmt: skip

# The extension list of the faultless server; STARTTLS may come on top.
_WITHOUT_AUTH = ("PIPELINING", "SIZE 10485760", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN")
KEYWORDS = (*_WITHOUT_AUTH, "AUTH PLAIN LOGIN CRAM-MD5")
CHUNKING = (*KEYWORDS, "CHUNKING", "BINARYMIME")


class Behaviour(t.NamedTuple):
    """One server. ``description`` is one line for the list of behaviours.

    ``protocol``: esmtp, lmtp (RFC 2033) or smtps (TLS before the banner). ``single_bytes``: every byte is sent by
    itself. ``with_text``: whether replies carry more than their code. ``starttls``: whether STARTTLS is offered where
    there is a certificate, or a script for it. ``recipients_at_once``: how many a transaction has room for.
    ``behind_another_tls``: TLS ends in front of the server, which binds log-ins to a session that is not the client's.
    ``answers_pipelined``: False for a server that reads one command from a packet and loses the rest.
    ``connections``: those that the scripts are for, counted from 1; all others find the server faultless.
    """

    name: str
    description: str
    scripts: t.Mapping[str, Script] = {}
    protocol: str = "esmtp"
    keywords: t.Tuple[str, ...] = KEYWORDS
    line_end: bytes = b"\r\n"
    single_bytes: bool = False
    with_text: bool = True
    starttls: bool = True
    recipients_at_once: t.Optional[int] = None
    answers_pipelined: bool = True
    behind_another_tls: bool = False
    connections: range = range(1, sys.maxsize)

    @property
    def binds_log_ins(self) -> bool:
        return any("-PLUS" in keyword for keyword in self.keywords)

    @property
    def needs_certificate(self) -> bool:
        return self.protocol == "smtps" or any(Step.HANDSHAKE in script for script in self.scripts.values())


def _instead(name: str, description: str, **scripts: Script) -> Behaviour:
    return Behaviour(name, description, scripts)


_FAULTLESS = (
    Behaviour("ordinary", "faultless ESMTP (RFC 5321); STARTTLS too, where it is given a certificate"),
    Behaviour("smtps", "faultless, TLS from the first byte (RFC 8314); needs a certificate", protocol="smtps"),
    Behaviour("lmtp", "faultless LMTP (RFC 2033): says so in its banner, refuses EHLO and HELO", protocol="lmtp"),
    Behaviour("chunking", "faultless, with CHUNKING and BINARYMIME (RFC 3030)", keywords=CHUNKING),
    Behaviour(
        "prdr", "faultless, with a reply for each recipient where PRDR asks for it", keywords=(*KEYWORDS, "PRDR")
    ),
)

# After a refusal in the banner every command but QUIT gets 503 (RFC 5321 3.1).
_ONLY_QUIT: t.Dict[str, Script] = {"any": (Say("503 5.5.1 No SMTP service here"),), "quit": (Step.ORDINARY,)}

_BANNERS = (
    _instead(
        "banner-554",
        "554 instead of 220: no SMTP service for this client",
        banner=(Say("554 {host} No SMTP service here"),),
        **_ONLY_QUIT,
    ),
    _instead(
        "banner-521",
        "521 instead of 220: this host never accepts mail (RFC 7504)",
        banner=(Say("521 {host} does not accept mail"),),
        **_ONLY_QUIT,
    ),
    _instead(
        "banner-421",
        "421 instead of 220, then closes",
        banner=(Say("421 4.3.2 {host} Too many connections, try again later"), Step.CLOSE),
    ),
    _instead(
        "banner-multiline",
        "a 220- line, a pause, then the 220 line, as Postfix's postscreen does",
        banner=(Say("220-{host} ESMTP"), Step.PAUSE, Say("220 {host} ESMTP")),
    ),
    _instead("slow-banner", "the banner comes after a pause", banner=(Step.PAUSE, Step.ORDINARY)),
    _instead("silent", "accepts the connection and never says anything", banner=(Step.HUSH,)),
    _instead("closed-before-banner", "accepts the connection and closes it", banner=(Step.CLOSE,)),
    _instead("reset-before-banner", "accepts the connection and resets it", banner=(Step.RESET,)),
    _instead(
        "garbled-banner", "a first line without a reply code", banner=(Send(b"2#0 m\xffil.contoso.com ~ESMTP\r\n"),)
    ),
    _instead(
        "long-banner-line",
        "a banner line of 100,000 characters",
        banner=(Send(b"220 mail.contoso.com " + b"x" * 100_000 + b"\r\n"),),
    ),
    _instead(
        "endless-banner", "220- lines without end", banner=(Flood(b"220-mail.contoso.com and one more line\r\n"),)
    ),
    _instead(
        "line-without-end",
        "a banner of 1,000,000 characters without the end of its line",
        banner=(Send(b"220 mail.contoso.com "), Flood(b"x" * 1000, 1000), Step.HUSH),
    ),
    _instead("tarpit", "the banner comes byte by byte, with a pause after each", banner=(Drip(b"220 mail ESMTP\r\n"),)),
    Behaviour(
        "nul-and-escapes",
        "NUL bytes, terminal escape sequences and template braces in banner and EHLO reply",
        {"banner": (Send(b"220 mail.contoso.com\x00 \x1b[2J\x1b]0;taken over\x07 ESMTP {{ 7 * 7 }}\r\n"),)},
        keywords=("SIZE\x00 1000", "X-\x1b[31mRED\x1b[0m", "X-{{7*7}}", "DSN"),
    ),
)

# Other services, and mail servers behind a device that rewrites what they say.
_OTHER_SERVICES = (
    _instead(
        "http",
        "a web server or proxy, whose time for a request is over",
        banner=(Send(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), Step.CLOSE),
    ),
    _instead(
        "ssh",
        "an SSH server",
        banner=(Send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"),),
        any=(Send(b"Invalid SSH identification string.\r\n"), Step.CLOSE),
    ),
    _instead(
        "imap",
        "an IMAP server",
        banner=(Send(b"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot ready.\r\n"),),
        any=(Send(b"* BAD Error in IMAP command received by server.\r\n"),),
    ),
    _instead(
        "pop3",
        "a POP3 server",
        banner=(Send(b"+OK Dovecot ready.\r\n"),),
        quit=(Send(b"+OK Logging out\r\n"), Step.CLOSE),
        any=(Send(b"-ERR Unknown command.\r\n"),),
    ),
    _instead(
        "nntp",
        "a news server, whose codes look like SMTP's",
        banner=(Send(b"200 news.contoso.com InterNetNews NNRP server ready (posting ok)\r\n"),),
        quit=(Send(b"205 Bye!\r\n"), Step.CLOSE),
        any=(Send(b"500 What?\r\n"),),
    ),
    _instead(
        "ftp",
        "an FTP server, whose banner is a 220 too",
        banner=(Send(b"220 (vsFTPd 3.0.3)\r\n"),),
        quit=(Send(b"221 Goodbye.\r\n"), Step.CLOSE),
        any=(Send(b"530 Please login with USER and PASS.\r\n"),),
    ),
    _instead(
        "tls-bytes", "a TLS alert in place of a banner", banner=(Send(b"\x15\x03\x03\x00\x02\x02\x46"), Step.CLOSE)
    ),
    _instead(
        "pix-mask",
        "behind a Cisco PIX that masks the banner and the EHLO command; HELO works",
        banner=(Send(b"220 " + b"*" * 24 + b"2" + b"*" * 8 + b"0" + b"*" * 12 + b"\r\n"),),
        ehlo=(Say('500 5.5.1 Command unrecognized: "XXXX mail.contoso.com"'),),
    ),
    Behaviour(
        "pix-xxxx",
        "behind a Cisco ASA that masks STARTTLS in the EHLO reply",
        keywords=("PIPELINING", "SIZE 10485760", "XXXXXXXA", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN"),
        starttls=False,
    ),
    Behaviour(
        "exchange-internal",
        "a Microsoft Exchange connector with the keywords of internal mail flow",
        {"banner": (Say("220 {host} Microsoft ESMTP MAIL Service ready at Sun, 1 Mar 2026 21:04:11 +0000"),)},
        keywords=(
            "SIZE 37748736",
            "PIPELINING",
            "DSN",
            "ENHANCEDSTATUSCODES",
            "X-ANONYMOUSTLS",
            "AUTH NTLM",
            "X-EXPS GSSAPI NTLM",
            "8BITMIME",
            "XEXCH50",
            "XRDST",
            "XSHADOWREQUEST",
        ),
    ),
)

_GREETINGS = (
    _instead("refuses-ehlo", "500 to EHLO; HELO works", ehlo=(Say("500 Command unrecognized"),)),
    _instead("ehlo-502", "502 to EHLO; HELO works", ehlo=(Say("502 Command not implemented"),)),
    _instead(
        "ehlo-501",
        "501 to EHLO and HELO: the client's name is not acceptable",
        ehlo=(Say("501 5.5.4 Invalid domain name"),),
        helo=(Say("501 5.5.4 Invalid domain name"),),
    ),
    _instead(
        "ehlo-504",
        "504 to EHLO and HELO: a fully qualified name is wanted",
        ehlo=(Say("504 5.5.2 Helo command rejected: need fully-qualified hostname"),),
        helo=(Say("504 5.5.2 Helo command rejected: need fully-qualified hostname"),),
    ),
)

# How a dialog can end before its time: what the server does, and the steps.
_ENDS: t.Dict[str, t.Tuple[str, Script]] = {
    "421": ("says 421 and closes", (Say("421 4.3.2 {host} Service shutting down"), Step.CLOSE)),
    "close": ("closes", (Step.CLOSE,)),
    "reset": ("resets", (Step.RESET,)),
    "silent": ("falls silent", (Step.HUSH,)),
}

_STARTTLS = (
    _instead(
        "starttls-454", "offers STARTTLS, then 454", starttls=(Say("454 4.7.0 TLS not available due to local problem"),)
    ),
    _instead("starttls-502", "offers STARTTLS, then 502", starttls=(Say("502 5.5.1 Command not implemented"),)),
    _instead(
        "starttls-garbage",
        "220 to STARTTLS, then something that is not TLS",
        starttls=(
            Say("220 2.0.0 Ready to start TLS"),
            Step.AWAIT,
            Send(b"500 5.5.2 Error: bad syntax\r\n"),
            Step.CLOSE,
        ),
    ),
    *(
        _instead(
            "starttls-" + end,
            "220 to STARTTLS, then " + does + " in the handshake",
            # What comes in a handshake are no lines to read on.
            starttls=(Say("220 2.0.0 Ready to start TLS"), Step.AWAIT, *((Step.STALL,) if end == "silent" else steps)),
        )
        for end, (does, steps) in _ENDS.items()
    ),
    Behaviour(
        "starttls-stripped",
        "hides STARTTLS in the EHLO reply and accepts it all the same; needs a certificate",
        {"starttls": (Say("220 2.0.0 Ready to start TLS"), Step.HANDSHAKE)},
        starttls=False,
    ),
    _instead(
        "starttls-injected",
        "an unencrypted reply rides behind the 220 to STARTTLS; needs a certificate",
        starttls=(Say("220 2.0.0 Ready to start TLS"), Say("250 injected.example.net"), Step.HANDSHAKE),
    ),
)

_TLS = (
    *(
        _instead(f"starttls-{name}", description, starttls=script)
        for name, (description, script) in IN_THE_HANDSHAKE.items()
    ),
    *(Behaviour(f"tls-{name}", description, scripts) for name, (description, scripts) in IN_THE_SESSION.items()),
)

_REFUSALS = (
    _instead(
        "refuses-and-closes", "550 to MAIL, then closes", mail=(Say("550 5.7.1 Not from this network"), Step.CLOSE)
    ),
    Behaviour(
        "first-contact-450",
        "450 to RCPT on the first connection, as Postfix's postscreen answers unknown clients",
        {"rcpt": (Say("450 4.3.2 Service currently unavailable"),)},
        connections=range(1, 2),
    ),
    Behaviour(
        "rate-limit",
        "421 instead of 220 from the third connection on, then closes",
        {"banner": (Say("421 4.7.0 {host} Error: too many connections from your address"), Step.CLOSE)},
        connections=range(3, sys.maxsize),
    ),
    _instead("rcpt-555", "555 to RCPT, as if it had parameters", rcpt=(Say("555 5.5.4 Unsupported option"),)),
    _instead("data-refused-554", "554 to DATA", data=(Say("554 5.7.1 No mail accepted now"),)),
    _instead("message-refused-550", "takes the message, then 550", message=(Say("550 5.7.1 Message refused as spam"),)),
    Behaviour(
        "chunk-refused-552",
        "552 to each chunk that is not the last, 503 to the last",
        {"chunk": (Say("552 5.3.4 Too much"),), "message": (Say("503 5.5.1 RSET is wanted"),)},
        keywords=CHUNKING,
    ),
    Behaviour("seven-bit", "does not offer 8BITMIME", keywords=tuple(word for word in KEYWORDS if word != "8BITMIME")),
)

_SCRAM = "AUTH SCRAM-SHA-1 SCRAM-SHA-256"
_SCRAM_PLUS = f"{_SCRAM} SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS"

_LOG_INS = (
    Behaviour("scram", "AUTH with SCRAM-SHA-1 and SCRAM-SHA-256 only", keywords=(*_WITHOUT_AUTH, _SCRAM)),
    Behaviour(
        "scram-plus",
        "the same, and bound to the TLS session up to TLS 1.2, where it has been started (RFC 5802 6)",
        keywords=(*_WITHOUT_AUTH, _SCRAM_PLUS),
    ),
    Behaviour(
        "scram-plus-elsewhere",
        "the same, but bound to another session than the client's: TLS ends in front of the server",
        keywords=(*_WITHOUT_AUTH, _SCRAM_PLUS),
        behind_another_tls=True,
    ),
)

_LIMITS = (
    Behaviour("two-recipients", "452 to the third recipient of a transaction", recipients_at_once=2),
    Behaviour(
        "two-recipients-announced",
        "the same, and says so beforehand by LIMITS (RFC 9422)",
        keywords=(*KEYWORDS, "LIMITS RCPTMAX=2 MAILMAX=20"),
        recipients_at_once=2,
    ),
    Behaviour(
        "pipelining-lost",
        "offers PIPELINING, but reads one command from a packet and loses the rest",
        answers_pipelined=False,
    ),
)

_FORMS = (
    Behaviour("one-byte-at-a-time", "faultless, but each byte is sent by itself", single_bytes=True),
    Behaviour("lf-only", "ends its lines with LF instead of CRLF", line_end=b"\n"),
    Behaviour("cr-only", "ends its lines with CR instead of CRLF", line_end=b"\r"),
    _instead("bare-cr", "a CR in the middle of the banner", banner=(Send(b"220 mail.contoso.com\r250 ESMTP\r\n"),)),
    _instead(
        "invalid-utf-8",
        "a banner that is no UTF-8",
        banner=(Send(b"220 mail.contoso.com Bo\xeete aux lettres \xc3( \xed\xa0\x80 \xff ESMTP\r\n"),),
    ),
    _instead("letter-in-code", "a reply to MAIL whose code is not three digits", mail=(Say("2O0 2.1.0 Sender ok"),)),
    _instead(
        "ten-megabyte-reply",
        "an EHLO reply of 10,000,000 bytes",
        ehlo=(Flood(b"250-X-" + b"X" * 492 + b"\r\n", 20_000), Say("250 DSN")),
    ),
    Behaviour("no-text", "replies are bare codes without a text", with_text=False),
    _instead(
        "two-replies-in-one-packet",
        "answers RCPT along with MAIL, before it was asked",
        mail=(Step.ORDINARY, Say("250 2.1.5 Recipient ok, whoever it is")),
    ),
    _instead(
        "unsolicited-line",
        "a line that is no reply follows the EHLO reply",
        ehlo=(Step.ORDINARY, Say("Scanning is active")),
    ),
    _instead(
        "code-changes-inside-reply",
        "a reply to RCPT that begins as 250 and ends as 450",
        rcpt=(Say("250-2.1.5 Recipient ok\n450 4.2.0 But not now"),),
    ),
)


# Inside a phase: where that is, the script's phase, and what comes before the end.
_INSIDE: t.Tuple[t.Tuple[str, str, str, Script], ...] = (
    ("reply", "in the middle of the EHLO reply", "ehlo", (Say("250-{host}\n250-SIZE 10485760"),)),
    ("challenge", "instead of going on with AUTH after a challenge", "auth", (Say("334 VXNlcm5hbWU6"), Step.AWAIT)),
    ("content", "in the middle of the message", "data", (Say("354 End data with <CR><LF>.<CR><LF>"), Step.AWAIT)),
)


def _at_every_point() -> t.Iterator[Behaviour]:
    for end, (does, steps) in _ENDS.items():
        for phase in ("ehlo", "starttls", "auth", "mail", "rcpt", "data", "message", "quit"):
            at = "the message" if phase == "message" else phase.upper()
            yield Behaviour(f"{end}-at-{phase}", f"{does} instead of answering {at}", {phase: steps})
        yield Behaviour(f"{end}-at-chunk", f"{does} instead of answering a chunk", {"chunk": steps}, keywords=CHUNKING)
        refuses_ehlo = {"ehlo": (Say("502 5.5.1 Command not implemented"),)}
        yield Behaviour(
            f"{end}-at-helo", f"502 to EHLO; {does} instead of answering HELO", {**refuses_ehlo, "helo": steps}
        )
        for name, where, phase, before in _INSIDE:
            yield Behaviour(f"{end}-in-{name}", f"{does} {where}", {phase: (*before, *steps)})
    yield Behaviour(
        "stall-in-content",
        "stops reading in the middle of the message",
        {"data": (Say("354 End data with <CR><LF>.<CR><LF>"), Step.AWAIT, Step.STALL)},
    )


BEHAVIOURS: t.Dict[str, Behaviour] = {
    behaviour.name: behaviour
    for behaviour in (
        *_FAULTLESS,
        *_BANNERS,
        *_OTHER_SERVICES,
        *_GREETINGS,
        *_STARTTLS,
        *_TLS,
        *_REFUSALS,
        *_LOG_INS,
        *_LIMITS,
        *_FORMS,
        *_at_every_point(),
    )
}
