# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Which mail server software answers, as far as it says so.

Read from the banner, and from keywords that one maker alone uses. The first row that fits wins; ``version`` is None
where the text does not tell it. A server can claim anything: ``confidence`` is never "certain".
"""

from __future__ import annotations

import functools
import re
import typing as t

# The part of a banner that is looked at: nothing that identifies software stands behind it.
LINES_SEEN = 5
LINE_SEEN = 200

_VERSION = r"(?P<version>[0-9][0-9.]{0,30})"
# Behind the host's name, which may itself be exim.contoso.com.
_BEHIND = r"(?<=[ (\n])"

# product, confidence, what the banner says (a group named "version" where it is told)
_BANNERS = (
    # IIS adds ", Version: 6.0.3790.4675"; Exchange since 2007 adds the date only.
    (
        "Microsoft IIS SMTP service",
        "likely",
        r"\bMicrosoft ESMTP MAIL Service, Version: " + _VERSION,
    ),
    ("Microsoft Exchange Online", "likely", r"\.outlook\.com Microsoft ESMTP MAIL Service\b"),
    ("Microsoft Exchange", "likely", r"\bMicrosoft ESMTP MAIL Service\b"),
    # Exchange 4.0 to 5.5.
    (
        "Microsoft Exchange",
        "likely",
        r"\bExchange Internet Mail (?:Connector|Service)\b(?: " + _VERSION + ")?",
    ),
    ("Microsoft", "possible", r"\bMicrosoft\b"),
    ("Gmail", "likely", r"^(?:mx|smtp)[a-z-]{0,20}\.(?:google|gmail)\.com ESMTP .{0,80}\bgsmtp\b"),
    ("Postfix", "likely", _BEHIND + r"Postfix\b(?: \(?" + _VERSION + ")?"),
    ("Exim", "likely", _BEHIND + r"Exim\b(?: " + _VERSION + ")?"),
    ("Sendmail", "likely", _BEHIND + r"Sendmail\b(?: " + _VERSION + ")?"),
    ("OpenSMTPD", "likely", _BEHIND + r"OpenSMTPD\b"),
    ("Dovecot", "likely", _BEHIND + r"Dovecot\b"),
    ("Cisco PIX/ASA mail inspection", "likely", r"^[20 ]{0,40}\*[*20 ]{3,400}$"),
)

# product, confidence, a keyword that nobody else uses
_KEYWORDS = (
    ("Microsoft Exchange", "likely", frozenset(("X-ANONYMOUSTLS", "X-EXPS", "XRDST", "XEXCH50", "X-LINK2STATE"))),
)


def software(check: t.Mapping[str, t.Any]) -> t.Optional[t.Dict[str, t.Any]]:
    """``{product, version, confidence}``, or None where the server does not give itself away."""
    if check["banner"] is not None and check["banner"]["code"] is not None:
        told = _told_by("\n".join(line[:LINE_SEEN] for line in check["banner"]["lines"][:LINES_SEEN]))
        if told is not None:
            return told
    if check["ehlo"] is not None:
        offered = {entry["keyword"] for entry in check["ehlo"]["keywords"]}
        for product, confidence, keywords in _KEYWORDS:
            if not keywords.isdisjoint(offered):
                return {"product": product, "version": None, "confidence": confidence}
    return None


def _told_by(banner: str) -> t.Optional[t.Dict[str, t.Any]]:
    for product, confidence, pattern in _BANNERS:
        match = _compiled(pattern).search(banner)
        if match is not None:
            return {"product": product, "version": match.groupdict().get("version"), "confidence": confidence}
    return None


@functools.lru_cache(maxsize=None)
def _compiled(pattern: str) -> t.Pattern[str]:
    """Compiled when first needed, as in recognition.py."""
    return re.compile(pattern, re.IGNORECASE)
