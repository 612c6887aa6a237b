# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A message taken apart, as far as its octets allow. Nothing in here raises anything, whatever a message holds.

The standard library's email package does the work, with the policy that keeps what it cannot understand. What comes
out is bounded and decoded; who shows it escapes it.
"""

from __future__ import annotations

import email
import email.header
import email.message
import email.policy
import email.utils
import html.parser
import re
import typing as t

Fields = t.List[t.Tuple[str, str]]

# Text of one part that is looked at, and parts of one message.
MAX_CHARACTERS = 200_000
MAX_PARTS = 100
_MAX_FIELD = 4000

# RFC 5322 3.3 and 4.3: also that of -0000 is the time in UTC.
_UTC = re.compile(r"[+-]0000\b|\b(?:UTC?|GMT|Z)\b", re.I)
_UNFOLDED = re.compile(r"\r?\n[ \t]+")


class Part(t.NamedTuple):
    """One leaf of a message: its type in lower case, and its text, decoded."""

    media_type: str
    text: str


class Parsed(t.NamedTuple):
    """``fields`` are the header's, in their order, unfolded. ``report_type`` is that of multipart/report."""

    fields: Fields
    media_type: str
    report_type: t.Optional[str]
    parts: t.List[Part]

    def get(self, name: str) -> t.Optional[str]:
        return get(self.fields, name)

    def all(self, name: str) -> t.List[str]:
        return [value for known, value in self.fields if known.lower() == name.lower()]

    def text(self) -> str:
        """What a person would read: the plain text, or that of the HTML where there is no plain text."""
        plain = [part.text for part in self.parts if part.media_type == "text/plain"]
        return "\n".join(plain or [as_text(part.text) for part in self.parts if part.media_type == "text/html"])


def get(fields: Fields, name: str) -> t.Optional[str]:
    """The first value of a field, None where there is none."""
    return next((value for known, value in fields if known.lower() == name.lower()), None)


def parsed(content: bytes) -> Parsed:
    try:
        message = email.message_from_bytes(content, policy=email.policy.compat32)
        parts = list(_parts(message))
    except (RecursionError, ValueError, LookupError, KeyError, IndexError, AttributeError, TypeError):
        # Nested deeper than anybody means it, or broken in a way that the email package does not expect.
        head, _line, body = content.partition(b"\n\n")
        return Parsed(read_fields(_decoded(head)), "text/plain", None, [Part("text/plain", _decoded(body))])
    report_type = None
    if message.get_content_type() == "multipart/report":
        report_type = str(message.get_param("report-type") or "").lower() or None
    return Parsed(_header(message), message.get_content_type(), report_type, parts)


def read_fields(text: str) -> Fields:
    """Header fields, or one block of those of a report."""
    fields: Fields = []
    for line in _UNFOLDED.sub(" ", text).splitlines():
        name, colon, value = line.partition(":")
        if colon and name and " " not in name.strip():
            fields.append((name.strip(), words(value.strip()[:_MAX_FIELD])))
    return fields


def blocks(text: str) -> t.List[Fields]:
    """The blocks of fields in message/delivery-status (RFC 3464 2.1), empty lines between them."""
    found = [read_fields(block) for block in re.split(r"(?:\r?\n[ \t]*){2,}", text.strip("\r\n"))]
    return [fields for fields in found if fields]


def words(value: str) -> str:
    """RFC 2047 undone, where it is right."""
    if "=?" not in value:
        return value
    try:
        return str(email.header.make_header(email.header.decode_header(value)))
    except (ValueError, LookupError, email.errors.HeaderParseError):
        return value


def moment(value: t.Optional[str]) -> t.Optional[float]:
    """A date of RFC 5322 as seconds since 1970, None where it is none or its zone is not known."""
    if not value:
        return None
    try:
        found = email.utils.parsedate_tz(value[:200])
        # The library takes for UTC whatever it does not know, and what has no zone at all.
        if found is None or (not found[9] and not _UTC.search(value[:200])):
            return None
        return float(email.utils.mktime_tz(found))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def as_text(source: str) -> str:
    """The text in HTML, line by line as a browser has it."""
    reader = _Text()
    try:
        reader.feed(source[:MAX_CHARACTERS])
        reader.close()
    except (AssertionError, ValueError, RecursionError):
        # What Python's parser cannot read, no pattern below will miss.
        pass
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(reader.pieces).splitlines())
    return "\n".join(line for line in lines if line)


_BREAKS = frozenset(("br", "p", "div", "tr", "table", "li", "h1", "h2", "h3", "h4", "pre", "td", "hr"))


class _Text(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: t.List[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: t.Any) -> None:
        self._hidden += tag in ("script", "style")
        if tag in _BREAKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in ("script", "style")))
        if tag in _BREAKS and tag != "br":
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)


def _parts(message: email.message.Message) -> t.Iterator[Part]:
    waiting: t.List[email.message.Message] = [message]
    count = 0
    while waiting and count < MAX_PARTS:
        part = waiting.pop(0)
        count += 1
        media_type = part.get_content_type()
        if media_type.startswith("message/"):
            yield Part(media_type, _inner(part))
        elif part.is_multipart():
            waiting = [entry for entry in part.get_payload() if isinstance(entry, email.message.Message)] + waiting
        else:
            # Whose boundary is not there: what it holds is lines, and nothing more is known of them.
            yield Part("text/plain" if media_type.startswith("multipart/") else media_type, _leaf(part))


def _inner(part: email.message.Message) -> str:
    """A message within the message, as text again: its fields are what counts."""
    payload = part.get_payload()
    entries = payload if isinstance(payload, list) else [payload]
    text = "\n\n".join(
        "\n".join(f"{name}: {_whole(value)}" for name, value in entry.raw_items()) + "\n\n" + _payload_text(entry)
        if isinstance(entry, email.message.Message)
        else str(entry or "")
        for entry in entries
    )
    # Not allowed for such a part (RFC 2046 5.2.1), but RFC 6533 has it, and so does Exchange.
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding in ("base64", "quoted-printable"):
        holder = email.message.Message()
        holder["Content-Transfer-Encoding"] = encoding
        holder.set_payload(text.strip())
        octets = holder.get_payload(decode=True)
        return _decoded(octets) if isinstance(octets, bytes) else ""
    return text[:MAX_CHARACTERS]


def _payload_text(message: email.message.Message) -> str:
    payload = message.get_payload()
    if isinstance(payload, list):
        inner = [entry for entry in payload[:MAX_PARTS] if isinstance(entry, email.message.Message)]
        return "\n".join(_payload_text(entry) for entry in inner)
    octets = message.get_payload(decode=True)
    return _decoded(octets) if isinstance(octets, bytes) else ""


def _leaf(part: email.message.Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = part.get_content_charset() or "utf-8"
    try:
        return payload.decode(charset, "backslashreplace")[:MAX_CHARACTERS]
    except LookupError:
        return _decoded(payload)


def _header(message: email.message.Message) -> Fields:
    items = [(name, _whole(value)) for name, value in message.raw_items()]
    return [(name, words(_UNFOLDED.sub(" ", value)[:_MAX_FIELD]).strip()) for name, value in items]


def _whole(value: t.Any) -> str:
    """A field's value, whose octets beyond ASCII the email package keeps as surrogates."""
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _decoded(octets: bytes) -> str:
    return octets.decode("utf-8", "backslashreplace")[:MAX_CHARACTERS]
