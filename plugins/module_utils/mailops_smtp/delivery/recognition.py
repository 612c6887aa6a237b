# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What a message in a mailbox is to one that was sent: the message itself, a report about it, or mere talk of it.

The token alone proves nothing: it is in a reply that quotes the message, in a forwarded copy, in a report.
"""

from __future__ import annotations

import re
import typing as t

from ..dialog.message import TOKEN_HEADER
from .dsn import Report, read_report
from .mime import Parsed, get, parsed
from .sent import Sent


class Recognised(t.NamedTuple):
    """``kind``: message, report or mention. ``headers_kept``: it was known by its header, not by its text alone."""

    kind: str
    sent: Sent
    parsed: Parsed
    report: t.Optional[Report] = None
    headers_kept: bool = True


def recognise(content: bytes, everything: t.Sequence[Sent]) -> t.List[Recognised]:
    """What a message is to each of those that were sent and that it has to do with."""
    lowered = content.lower()
    concerned = [sent for sent in everything if any(word.lower().encode("utf-8") in lowered for word in sent.words)]
    if not concerned:
        return []
    message = parsed(content)
    report = read_report(content)
    return [_recognised(message, report, sent, content) for sent in concerned]


def _recognised(message: Parsed, report: t.Optional[Report], sent: Sent, content: bytes) -> Recognised:
    if _same((message.get(TOKEN_HEADER) or "").strip(), sent.token) or _same(
        _id(message.get("Message-ID")), _id(sent.message_id)
    ):
        return Recognised("message", sent, message)
    if report is not None and _is_about(report, sent, content):
        return Recognised("report", sent, message, report)
    if sent.token and not _answers(message, sent) and _own_line(message, sent.token):
        return Recognised("message", sent, message, headers_kept=False)
    return Recognised("mention", sent, message)


def _is_about(report: Report, sent: Sent, content: bytes) -> bool:
    known = {
        _id(report.message_id),
        (report.envelope_id or "").lower(),
        (get(list(report.fields), TOKEN_HEADER) or "").lower(),
    }
    wanted = {_id(sent.message_id), (sent.envelope_id or "").lower(), (sent.token or "").lower()} - {""}
    # A bounce with nothing of the original but its text still has the token in it.
    return bool(known & wanted) or not known - {""} or report.kind == "bounce"


def _answers(message: Parsed, sent: Sent) -> bool:
    """Whether it is a reply to the message (RFC 5322 3.6.4), or one that a machine wrote."""
    of_others = " ".join(message.all("In-Reply-To") + message.all("References")).lower()
    automatic = (message.get("Auto-Submitted") or "no").strip().lower() != "no"
    return automatic or any(word.lower() in of_others for word in sent.words)


def _own_line(message: Parsed, token: str) -> bool:
    """The line that test messages end with, not quoted: nothing stands in front of it."""
    return re.search(rf"^Token: {re.escape(token)}\s*$", message.text(), re.M) is not None


def _id(value: t.Optional[str]) -> str:
    return (value or "").strip().strip("<>").lower()


def _same(found: str, wanted: t.Optional[str]) -> bool:
    return bool(wanted) and found.lower() == str(wanted).lower()
