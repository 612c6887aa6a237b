# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Which mail server software, or which operator's, answers, as far as it says so.

The banner counts first, then keywords that one maker alone uses, then the wording of replies. Within each the first
row that fits wins, so that the special stands before the general. ``version`` is None where the text does not tell it.
A server can claim anything, and a gateway speaks in the name of what is behind it: ``confidence`` is never "certain".
"""

from __future__ import annotations

import functools
import re
import typing as t

# The part of a text that is looked at: nothing that identifies software stands behind it.
LINES_SEEN = 5
LINE_SEEN = 200
STEPS_SEEN = 12

_VERSION = r"(?P<version>[0-9][0-9.]{0,30})"
# Behind the host's name, which may itself be exim.contoso.com.
_BEHIND = r"(?<=[ (\n])"


class Software(t.NamedTuple):
    """One product. ``banner`` and ``reply`` are regular expressions (a group named "version" where it is told),
    ``keywords`` extensions that nobody else has. What replies say is "possible", all else ``confidence``."""

    product: str
    banner: str = ""
    reply: str = ""
    keywords: t.FrozenSet[str] = frozenset()
    confidence: str = "likely"


SOFTWARE = (
    # IIS adds ", Version: 6.0.3790.4675"; Exchange since 2007 adds the date only.
    Software("Microsoft IIS SMTP service", r"\bMicrosoft ESMTP MAIL Service, Version: " + _VERSION),
    Software(
        "Microsoft Exchange Online",
        r"\.outlook\.com Microsoft ESMTP MAIL Service\b",
        r"\.(?:prod|protection)\.outlook\.com\b|\bAS\([0-9]{3,20}\)",
    ),
    Software(
        "Microsoft Exchange",
        r"\bMicrosoft ESMTP MAIL Service\b",
        r"\bQueued mail for delivery\b|\bStart mail input; end with <CRLF>\.<CRLF>"
        r"|\bService closing transmission channel$"
        r"|^(?:2\.1\.0 Sender|2\.1\.5 Recipient) OK$|\bRESOLVER\.(?:ADR|RST)\.",
        frozenset(("X-ANONYMOUSTLS", "X-EXPS", "XRDST", "XEXCH50", "X-LINK2STATE")),
    ),
    # Exchange 4.0 to 5.5.
    Software("Microsoft Exchange", r"\bExchange Internet Mail (?:Connector|Service)\b(?: " + _VERSION + ")?"),
    Software("Microsoft", r"\bMicrosoft\b", confidence="possible"),
    Software(
        "Gmail",
        r"^(?:mx|smtp)[a-z-]{0,20}\.(?:google|gmail)\.com ESMTP .{0,80}\bgsmtp\b",
        r" gsmtp$|\bsupport\.google\.com/mail\b",
    ),
    Software("Amazon SES", r"\bESMTP SimpleEmailService\b"),
    Software("SendGrid", r"\bSG ESMTP service ready\b"),
    Software("Mimecast", r"\.mimecast\.com ESMTP\b", r"\bmimecast\.com\b"),
    Software("Proofpoint", r"\.pphosted\.com ESMTP\b|\bESMTP mf[a-z]-m[0-9]", r"\bproofpoint\.com\b|\bpphosted\.com\b"),
    Software("Symantec Email Security.cloud", r"\.messagelabs\.com ESMTP\b", r"\bmessagelabs\.com\b"),
    Software("Barracuda", r"\bBarracuda\b|\bESMTP \([0-9a-f]{32}\)", r"\bbarracudanetworks\.com\b"),
    Software("Zimbra", r"\bZimbra\b", r"\bZimbra\b"),
    Software("hMailServer", r"\bhMailServer\b", r"\bhMailServer\b"),
    Software("MailEnable", r"\bMailEnable Service\b(?:, Version: " + _VERSION + ")?", r"\bMailEnable\b"),
    Software("MDaemon", r"\bMDaemon\b(?: " + _VERSION + ")?"),
    Software("Kerio Connect", r"\bKerio (?:Connect|MailServer)\b(?: " + _VERSION + ")?"),
    Software("IceWarp", r"\bIceWarp\b(?: " + _VERSION + ")?"),
    Software("SmarterMail", r"\bSmarterMail\b"),
    Software("CommuniGate Pro", r"\bCommuniGate Pro\b(?: " + _VERSION + ")?"),
    Software("HCL Domino", r"\b(?:Lotus|IBM|HCL) Domino\b(?: Release " + _VERSION + ")?", r"\bDomino Directory\b"),
    Software("GroupWise", r"\bGroupWise\b(?: Internet Agent)?(?: " + _VERSION + ")?"),
    Software("Apache James", r"\bJAMES\b(?: SMTP Server)?(?: " + _VERSION + ")?"),
    Software("Haraka", r"\bHaraka\b(?:/| )?(?:" + _VERSION + ")?"),
    Software("Stalwart", r"\bStalwart\b(?: ESMTP| SMTP)?"),
    Software("PowerMTA", r"\bPowerMTA\b(?:\(TM\))?(?: v?" + _VERSION + ")?", r"\bPowerMTA\b"),
    Software("Courier", r"\bESMTP Courier\b(?: " + _VERSION + ")?"),
    Software("aiosmtpd", _BEHIND + r"Python SMTP " + _VERSION),
    Software("Postfix", _BEHIND + r"Postfix\b(?: \(?" + _VERSION + ")?", r"\bOk: queued as [0-9A-Za-z]{6,20}$"),
    Software(
        "Exim",
        _BEHIND + r"Exim\b(?: " + _VERSION + ")?",
        r"^OK id=[0-9A-Za-z]{6,8}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}$",
    ),
    Software("Sendmail", _BEHIND + r"Sendmail\b(?: " + _VERSION + ")?"),
    Software("OpenSMTPD", _BEHIND + r"OpenSMTPD\b"),
    Software("Dovecot", _BEHIND + r"Dovecot\b", r"^2\.0\.0 <[^>]{1,150}> \S{8,80} Saved$"),
    Software("Cisco PIX/ASA mail inspection", r"^[20 ]{0,40}\*[*20 ]{3,400}$"),
    # The enhanced code is written behind a number sign, and not at the text's beginning.
    Software("Cisco Secure Email (IronPort)", r"\bIronPort\b", r"^#[245]\.[0-9]\.[0-9]{1,2} "),
    Software("qmail", r"\bqmail\b", r"^ok [0-9]{9,11} qp [0-9]{1,9}$|\(#[245]\.[0-9]\.[0-9]{1,2}\)$"),
)


def software(check: t.Mapping[str, t.Any]) -> t.Optional[t.Dict[str, t.Any]]:
    """``{product, version, confidence}``, or None where the server does not give itself away."""
    if check["banner"] is not None and check["banner"]["code"] is not None:
        told = _told_by_banner(_text_seen(check["banner"]["lines"]))
        if told is not None:
            return {"product": told[0], "version": told[1], "confidence": told[2]}
    if check["ehlo"] is not None:
        offered = {entry["keyword"] for entry in check["ehlo"]["keywords"]}
        for row in _WITH_KEYWORDS:
            if not row.keywords.isdisjoint(offered):
                return {"product": row.product, "version": None, "confidence": row.confidence}
    product = _told_by_replies(check["steps"])
    return None if product is None else {"product": product, "version": None, "confidence": "possible"}


# Many checks of one server, and of one product, begin alike.
@functools.lru_cache(maxsize=1024)
def _told_by_banner(banner: str) -> t.Optional[t.Tuple[str, t.Optional[str], str]]:
    for row in SOFTWARE:
        match = _compiled(row.banner).search(banner) if row.banner else None
        if match is not None:
            return row.product, match.groupdict().get("version"), row.confidence
    return None


def _told_by_replies(steps: t.Sequence[t.Mapping[str, t.Any]]) -> t.Optional[str]:
    # The EHLO list has been looked at, and consists of other people's words.
    heard = [step["reply"] for step in steps if step["reply"] is not None and step["phase"] not in ("banner", "ehlo")]
    for reply in heard[-STEPS_SEEN:]:
        product = _told_by_reply(_text_seen(reply["lines"]))
        if product is not None:
            return product
    return None


def _text_seen(lines: t.Sequence[str]) -> str:
    return lines[0][:LINE_SEEN] if len(lines) == 1 else "\n".join([line[:LINE_SEEN] for line in lines[:LINES_SEEN]])


@functools.lru_cache(maxsize=1024)
def _told_by_reply(text: str) -> t.Optional[str]:
    for row in _WITH_REPLIES:
        if _compiled(row.reply).search(text):
            return row.product
    return None


@functools.lru_cache(maxsize=None)
def _compiled(pattern: str) -> t.Pattern[str]:
    """Compiled when first needed, as in conditions.py."""
    return re.compile(pattern, re.IGNORECASE | re.MULTILINE)


_WITH_KEYWORDS = tuple(row for row in SOFTWARE if row.keywords)
_WITH_REPLIES = tuple(row for row in SOFTWARE if row.reply)
