# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The test message: a header and a body that no careful server can object to (RFC 5322), carrying one token.

The token stands in Message-ID, in a header of its own and in the body, so that the message is found again whatever a
gateway on its way rewrites. Date and token are given: this room has no clock and no randomness.
"""

from __future__ import annotations

import base64
import hashlib
import re
import typing as t
from urllib.parse import quote

from .octets import MAX_LINE_OCTETS, Content, filler, in_base64, size_in_base64, sliced

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

# Where the header ends, and how much of a message is read for what stands in it.
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n|\r\r")
_HEADER_OCTETS = 64 * 1024
_MESSAGE_ID = re.compile(rb"(?:^|\r?\n|\r)message-id[ \t]*:[ \t\r\n]*(<[!-~]{1,990}>)", re.IGNORECASE)


class Text(t.NamedTuple):
    """What stands above the token in a message: how many lines, and their digest (see ``text_digest``)."""

    lines: int
    sha256: str


class Message(t.NamedTuple):
    """A message ready to be sent. One that the user wrote himself has no token, and perhaps no Message-ID.

    ``text``: of a message that consists of nothing else.

    ``transfer``: by "data" or by "bdat", in chunks of ``chunk_size`` octets (None: in one). ``prdr``: with one reply
    for each recipient.
    """

    content: Content
    message_id: t.Optional[str] = None
    token: t.Optional[str] = None
    transfer: str = "data"
    chunk_size: t.Optional[int] = None
    prdr: bool = False
    subject: t.Optional[str] = None
    text: t.Optional[Text] = None

    @property
    def size(self) -> int:
        """What SIZE announces (RFC 1870 5): the octets with their CRLF, without dot-stuffing and the final dot."""
        return self.content.size


class Attachment(t.NamedTuple):
    name: str
    media_type: str
    content: Content


class TooSmall(ValueError):
    """The message is larger than it is asked to be. ``least`` is what can be had."""

    def __init__(self, least: int) -> None:
        super().__init__(least)
        self.least = least


def compose(
    token: str,
    date: str,
    domain: str,
    sender: str,
    recipients: t.Sequence[str],
    subject: str = DEFAULT_SUBJECT,
    body: str = DEFAULT_BODY,
    headers: t.Optional[t.Mapping[str, str]] = None,
    attachments: t.Sequence[Attachment] = (),
    size: t.Optional[int] = None,
) -> Message:
    """Write the message.

    ``date`` is an RFC 5322 date-time, ``domain`` the right side of Message-ID. ``headers`` adds header fields or
    replaces the ones that are written here, by name. What is not ASCII is encoded (RFC 2047, base64), so that the
    message needs no extension of the server; but for addresses in From and To, whose envelope needs SMTPUTF8 anyway.
    ``size``: lines of filler behind the text make it exactly that large; they come while it is sent. A text that has to
    be encoded has no room for them.

    :raises TooSmall: it is larger than ``size`` without any filler.
    """
    # No line of base64 holds an underscore, and no text of ours begins a line with two hyphens and the token.
    boundary = f"=_{token}" if attachments else ""
    text_fields = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "7bit" if fits_7bit(body) else "base64",
    }
    fields = {
        "From": f"<{sender}>" if sender else f"<postmaster@{domain}>",
        "To": ", ".join(f"<{recipient}>" for recipient in recipients),
        "Date": date,
        "Message-ID": f"<{token}@{domain}>",
        "Subject": subject,
        TOKEN_HEADER: token,
        "MIME-Version": "1.0",
        **({"Content-Type": f'multipart/mixed; boundary="{boundary}"'} if attachments else text_fields),
    }
    replaced = {name.lower() for name in headers or {}}
    written = [(name, value) for name, value in fields.items() if name.lower() not in replaced]
    written += list((headers or {}).items())
    # RFC 2047 5 allows no encoded word in an address: what needs SMTPUTF8 in the envelope is in UTF-8 here, too.
    addressed = [field for field in ("From", "To") if not fields[field].isascii() and field.lower() not in replaced]
    header = "".join((_addresses if name in addressed else _field)(name, value) for name, value in written)
    # A CR at the body's end must not become one line end with the LF that follows it.
    text = _body(_LINE_END.sub("\n", body) + f"\n\nToken: {token}\n")
    if attachments:
        text = f"--{boundary}\n{_header_of_part(text_fields)}\n{text}"
    front = _crlf(f"{header}\n{text}").encode("utf-8")
    behind = [_part(boundary, attachment) for attachment in attachments]
    end = f"--{boundary}--\r\n".encode("ascii") if attachments else b""
    without = len(front) + sum(part.size for part in behind) + len(end)
    # The least filler is an empty line.
    if size is not None and size < without + len(b"\r\n"):
        raise TooSmall(without + len(b"\r\n"))

    def pieces() -> t.Iterator[bytes]:
        yield from sliced(front)
        if size is not None:
            yield from filler(size - without)
        for part in behind:
            yield from part.pieces()
        yield from sliced(end)

    message_id = next(value for name, value in written if name.lower() == "message-id")
    subject_sent = next((value for name, value in written if name.lower() == "subject"), None)
    lines = _LINE_END.sub("\n", body).split("\n")
    alone = size is None and not attachments and "content-type" not in replaced
    return Message(
        Content(pieces, without if size is None else size, eight_bit=bool(addressed)),
        message_id,
        token,
        subject=subject_sent,
        text=Text(len(lines), text_digest(lines)) if alone else None,
    )


def text_digest(lines: t.Sequence[str]) -> str:
    """SHA-256 over lines, whatever their ends and the blanks before these: transports may change both."""
    return hashlib.sha256("\n".join(line.rstrip() for line in lines).encode("utf-8", "backslashreplace")).hexdigest()


def message_id_in(content: Content) -> t.Optional[str]:
    """The Message-ID that stands in a message's header, None where there is none (RFC 5322 3.6.4)."""
    head = b""
    for piece in content.pieces():
        head += piece
        if len(head) >= _HEADER_OCTETS:
            break
    found = _MESSAGE_ID.search(_END_OF_HEADER.split(head[:_HEADER_OCTETS], 1)[0])
    return found.group(1).decode("ascii") if found else None


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


def _addresses(name: str, value: str) -> str:
    """RFC 6532 3.2, with an address a line."""
    return f"{name}: {value}\n".replace(", ", ",\n ")


def fits_7bit(body: str) -> bool:
    return body.isascii() and "\0" not in body and all(len(line) <= MAX_LINE_OCTETS for line in _LINE_END.split(body))


def _body(text: str) -> str:
    if fits_7bit(text):
        return text
    return base64.encodebytes(_crlf(text).encode("utf-8")).decode("ascii")


def _part(boundary: str, attachment: Attachment) -> Content:
    """RFC 2046 5.1: an attachment between its boundary and the next one."""
    name = attachment.name.replace("\\", r"\\").replace('"', r"\"")
    # RFC 2231 4 has another spelling of the parameter for what is not ASCII.
    spelled = f'="{name}"' if name.isascii() else f"*=utf-8''{quote(attachment.name, safe='')}"
    fields = {
        "Content-Type": attachment.media_type,
        "Content-Transfer-Encoding": "base64",
        "Content-Disposition": f"attachment;\n filename{spelled}",
    }
    front = _crlf(f"--{boundary}\n{_header_of_part(fields)}\n").encode("ascii")

    def pieces() -> t.Iterator[bytes]:
        yield front
        yield from in_base64(attachment.content.pieces())

    return Content(pieces, len(front) + size_in_base64(attachment.content.size))


def _header_of_part(fields: t.Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def _crlf(text: str) -> str:
    return _LINE_END.sub("\r\n", text)
