# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The test message: a header and a body that no careful server can object to (RFC 5322), carrying one token.

The token stands in Message-ID, in a header of its own and in the body, so that the message is found again whatever a
gateway on its way rewrites. Date and token are given: this room has no clock and no randomness.
"""

from __future__ import annotations

import base64
import re
import typing as t

TOKEN_HEADER = "X-Mailops-Token"
DEFAULT_SUBJECT = "test message"
DEFAULT_BODY = "This is a test message, you will not see a response from this command."

# How servers tell under which name they keep the message: Postfix; Exim; Exchange; Sendmail and OpenSMTPD.
_QUEUE_IDS = (
    re.compile(r"queued as ([0-9A-Za-z]+)", re.IGNORECASE),
    re.compile(r"\bid=([0-9A-Za-z-]+)"),
    re.compile(r"\[InternalId=([0-9]+)"),
    re.compile(r"^(?:2\.0\.0 )?([0-9A-Za-z]{8,}) Message accepted for delivery"),
    # Dovecot's LMTP has no queue, and calls the delivery to each recipient by its session's name.
    re.compile(r"^(?:2\.0\.0 )?<[^>]*> ([0-9A-Za-z+/:]+) Saved$"),
)

_LINE_END = re.compile(r"\r\n|\r|\n")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


class Message(t.NamedTuple):
    """A message ready for DATA: CRLF line ends, not yet dot-stuffed. ``content`` ends with CRLF."""

    content: bytes
    message_id: str
    token: str

    @property
    def size(self) -> int:
        """What SIZE announces (RFC 1870 5): the octets with their CRLF, without dot-stuffing and the final dot."""
        return len(self.content)


def compose(
    token: str,
    date: str,
    domain: str,
    sender: str,
    recipients: t.Sequence[str],
    subject: str = DEFAULT_SUBJECT,
    body: str = DEFAULT_BODY,
    headers: t.Optional[t.Mapping[str, str]] = None,
) -> Message:
    """Write the message.

    ``date`` is an RFC 5322 date-time, ``domain`` the right side of Message-ID. ``headers`` adds header fields or
    replaces the ones that are written here, by name. What is not ASCII is encoded (RFC 2047, base64), so that the
    message needs no extension of the server.
    """
    fields = {
        "From": f"<{sender}>" if sender else f"<postmaster@{domain}>",
        "To": ", ".join(f"<{recipient}>" for recipient in recipients),
        "Date": date,
        "Message-ID": f"<{token}@{domain}>",
        "Subject": subject,
        TOKEN_HEADER: token,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "7bit" if _fits_7bit(body) else "base64",
    }
    replaced = {name.lower() for name in headers or {}}
    written = [(name, value) for name, value in fields.items() if name.lower() not in replaced]
    written += list((headers or {}).items())
    text = f"{body}\n\nToken: {token}\n"
    header = "".join(_field(name, value) for name, value in written)
    content = _crlf(f"{header}\n{_body(text)}").encode("ascii")
    message_id = next(value for name, value in written if name.lower() == "message-id")
    return Message(content, message_id, token)


def dot_stuffed(content: bytes) -> bytes:
    """RFC 5321 4.5.2: a dot more where a line begins with one, and the line with a single dot that ends the mail."""
    return _LEADING_DOT.sub(b"..", content) + b".\r\n"


def queue_id(lines: t.Sequence[str]) -> t.Optional[str]:
    """The queue identifier in the reply to the final dot, or None where the server does not tell it."""
    for line in lines:
        for pattern in _QUEUE_IDS:
            match = pattern.search(line)
            if match:
                return match.group(1)
    return None


def _field(name: str, value: str) -> str:
    # The header class of the standard library folds and encodes; imported only here, since a check without a message
    # should not pay for the email package.
    from email.header import Header

    if value.isascii() and len(name) + len(value) < 76:
        return f"{name}: {value}\n"
    return f"{name}: {Header(value, None if value.isascii() else 'utf-8', header_name=name).encode()}\n"


def _fits_7bit(body: str) -> bool:
    # RFC 5322 2.1.1: at most 998 characters a line.
    return body.isascii() and "\0" not in body and all(len(line) <= 998 for line in _LINE_END.split(body))


def _body(text: str) -> str:
    if _fits_7bit(text):
        return text
    return base64.encodebytes(_crlf(text).encode("utf-8")).decode("ascii")


def _crlf(text: str) -> str:
    return _LINE_END.sub("\r\n", text)
