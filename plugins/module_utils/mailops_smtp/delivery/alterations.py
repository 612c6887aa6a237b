# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What was changed on the way: of the subject, the text, and the fields by which a test message is known."""

from __future__ import annotations

import typing as t

from ..dialog.message import TOKEN_HEADER, text_digest
from .recognition import Recognised
from .sent import Sent

# Added text that is shown.
_SHOWN = 300


def alterations(found: Recognised) -> t.List[t.Dict[str, str]]:
    """Each as ``{what, detail}``, in words."""
    sent, message = found.sent, found.parsed
    return [
        {"what": what, "detail": detail}
        for what, detail in (*_of_header(sent, found), *_of_body(sent, message.text().splitlines()))
    ]


def _of_header(sent: Sent, found: Recognised) -> t.Iterator[t.Tuple[str, str]]:
    message = found.parsed
    subject = (message.get("Subject") or "").strip()
    if sent.subject is not None and " ".join(subject.split()) != " ".join(sent.subject.split()):
        yield "subject", f"The subject was {sent.subject!r} and is {subject!r} now."
    message_id = (message.get("Message-ID") or "").strip()
    if sent.message_id is not None and message_id.lower() != sent.message_id.lower():
        yield "message_id", f"Message-ID was {sent.message_id} and is {message_id or 'not there any more'} now."
    if sent.outcome is not None and sent.token is not None and message.get(TOKEN_HEADER) is None:
        yield "header", f"The field {TOKEN_HEADER} was taken out."


def _of_body(sent: Sent, lines: t.List[str]) -> t.Iterator[t.Tuple[str, str]]:
    if sent.text is None:
        return
    count, wanted = sent.text
    # The line with the token, and the empty one above it, are ours as well.
    token = f"token: {(sent.token or '').lower()}"
    lines = [line for line in lines if line.strip().lower() != token]
    for start in range(max(1, len(lines) - count + 1)):
        if text_digest(lines[start : start + count]) == wanted:
            before, after = _shown(lines[:start]), _shown(lines[start + count :])
            if before:
                yield "body", f"Text was put in front of the message's own: {before!r}."
            if after:
                yield "body", f"Text was put behind the message's own: {after!r}."
            return
    yield "body", "The text of the message is another one than was sent."


def _shown(lines: t.Sequence[str]) -> str:
    text = " ".join(line.strip() for line in lines if line.strip())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
