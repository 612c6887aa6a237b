# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Delivery status notifications (RFC 3461 to 3464, in UTF-8 RFC 6533): what a server reports about a message.

An MDN (RFC 8098) is what a person's mail program says after the delivery, or not at all. It is recognised so that
nobody takes it for a report of a server. Reports in forms of their own are read in bounces.py.
"""

from __future__ import annotations

import re
import typing as t

from . import bounces
from .mail import MAX_OCTETS
from .mime import Fields, Parsed, blocks, get, moment, parsed, read_fields
from .statuses import explained

ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_OF_THE_ORIGINAL = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")


class Recipient(t.NamedTuple):
    """What is reported about one recipient. Addresses and hosts stand without their type (``rfc822;``, ``dns;``)."""

    final_recipient: t.Optional[str]
    original_recipient: t.Optional[str]
    action: t.Optional[str]
    status: t.Optional[str]
    diagnostic_type: t.Optional[str]
    diagnostic_code: t.Optional[str]
    remote_mta: t.Optional[str]
    last_attempt_at: t.Optional[float]
    will_retry_until: t.Optional[float]

    @property
    def explained(self) -> str:
        status = self.status
        if status is None or status.endswith(".0.0"):
            # Exim says 5.0.0 of everything that another server has refused; the words have that server's own code.
            told = _STATUS.search(self.diagnostic_code or "")
            status = told.group(1) if told else status
        return explained(self.action, status, self.remote_mta)


class Report(t.NamedTuple):
    """``kind``: dsn, mdn, or bounce where the form is the sender's own. ``form`` is the media type it was read from.

    ``message_id`` and ``fields`` are the original message's, as far as it came back. ``disposition`` is an MDN's.
    """

    kind: str
    form: str
    product: t.Optional[str]
    reporting_mta: t.Optional[str]
    queue_id: t.Optional[str]
    arrived_at: t.Optional[float]
    envelope_id: t.Optional[str]
    message_id: t.Optional[str]
    disposition: t.Optional[str]
    recipients: t.Tuple[Recipient, ...]
    fields: t.Tuple[t.Tuple[str, str], ...] = ()


def read_report(content: bytes) -> t.Optional[Report]:
    """The report that a message is, or None where it is none."""
    message = parsed(content[:MAX_OCTETS])
    original = _original(message)
    for part in message.parts:
        if part.media_type in ("message/disposition-notification", "message/global-disposition-notification"):
            return _mdn(message, (blocks(part.text) or [[]])[0], original)
    for part in message.parts:
        if part.media_type in ("message/delivery-status", "message/global-delivery-status"):
            read = _dsn(message, blocks(part.text), original)
            if read is not None:
                return read
    read = _dsn_in_text(message, original) if bounces.from_a_machine(message) else None
    if read is not None:
        return read
    found = bounces.read_bounce(message)
    if found is None:
        return None
    return Report(
        kind="bounce",
        form=found.form,
        product=found.product,
        reporting_mta=found.reporting_mta,
        queue_id=None,
        arrived_at=None,
        envelope_id=None,
        message_id=get(original, "Message-ID") or found.message_id,
        disposition=None,
        recipients=tuple(
            Recipient(entry.address, None, found.action, entry.status, "smtp" if entry.text else None, entry.text,
                      entry.remote, None, None)
            for entry in found.recipients
        ),
        fields=tuple(original),
    )  # fmt: skip


def _dsn_in_text(message: Parsed, original: Fields) -> t.Optional[Report]:
    """The fields of RFC 3464 in a part that is not marked as theirs: WorkMail writes so, and gateways leave it so."""
    for part in message.parts:
        if part.media_type == "text/plain" and "final-recipient:" in part.text.lower():
            found = blocks(part.text)
            while not get(found[0], "Reporting-MTA") and not get(found[0], "Final-Recipient") and len(found) > 1:
                found = found[1:]
            return _dsn(message, found, original)
    return None


def _dsn(message: Parsed, found: t.List[Fields], original: Fields) -> t.Optional[Report]:
    # RFC 3464 2.2: the first block is about the message. Some leave it out, some run it into the first recipient's.
    about = [fields for fields in found if get(fields, "Final-Recipient") or get(fields, "Original-Recipient")]
    whole = found[0] if found else []
    recipients = tuple(_recipient(fields) for fields in about)
    if not recipients:
        return None
    # Where the parts have run together, the original's header is one block more.
    message_id = get(original, "Message-ID") or next(filter(None, (get(f, "Message-ID") for f in found)), None)
    return Report(
        kind="dsn",
        form=message.media_type,
        product=product(message, found),
        reporting_mta=_untyped(get(whole, "Reporting-MTA")),
        queue_id=get(whole, "X-Postfix-Queue-ID"),
        arrived_at=moment(get(whole, "Arrival-Date")),
        envelope_id=get(whole, "Original-Envelope-Id") or None,
        message_id=message_id or get(whole, "X-Original-Message-ID"),
        disposition=None,
        recipients=recipients,
        fields=tuple(original),
    )


def _recipient(fields: Fields) -> Recipient:
    status = _STATUS.search(get(fields, "Status") or "")
    diagnostic = get(fields, "Diagnostic-Code")
    kind, semicolon, text = (diagnostic or "").partition(";")
    return Recipient(
        final_recipient=_untyped(get(fields, "Final-Recipient")),
        original_recipient=_untyped(get(fields, "Original-Recipient")),
        action=_action(get(fields, "Action"), status.group(1) if status else ""),
        status=status.group(1) if status else None,
        diagnostic_type=kind.strip().lower() if semicolon else None,
        diagnostic_code=(text if semicolon else diagnostic or "").strip() or None,
        remote_mta=_untyped(get(fields, "Remote-MTA")),
        last_attempt_at=moment(get(fields, "Last-Attempt-Date")),
        will_retry_until=moment(get(fields, "Will-Retry-Until")),
    )


def _action(value: t.Optional[str], status: str) -> t.Optional[str]:
    """RFC 3464 2.3.3 wants one. Some write a word of their own, or none: then the status has to tell."""
    word = re.match(r"[a-z]*", (value or "").strip().lower())
    if word and word.group(0) in ACTIONS:
        return word.group(0)
    if word and word.group(0).startswith(("fail", "expired")):
        return "failed"
    return {"5": "failed", "4": "delayed"}.get(status[:1])


def _mdn(message: Parsed, fields: Fields, original: Fields) -> Report:
    return Report(
        kind="mdn",
        form=message.media_type,
        product=None,
        reporting_mta=None,
        queue_id=None,
        arrived_at=None,
        envelope_id=None,
        message_id=get(fields, "Original-Message-ID") or get(original, "Message-ID"),
        disposition=get(fields, "Disposition"),
        recipients=(
            Recipient(
                _untyped(get(fields, "Final-Recipient")), _untyped(get(fields, "Original-Recipient")),
                None, None, None, None, None, None, None,
            ),
        ),
        fields=tuple(original),
    )  # fmt: skip


def _original(message: Parsed) -> Fields:
    """The header of the message that the report is about."""
    for part in message.parts:
        if part.media_type in _OF_THE_ORIGINAL:
            fields = read_fields(re.split(r"\r?\n[ \t]*\r?\n", part.text.lstrip("\r\n"), maxsplit=1)[0])
            if fields:
                return fields
    return []


def product(message: Parsed, found: t.Sequence[Fields] = ()) -> t.Optional[str]:
    """Whose report it is, as far as it gives itself away."""
    names = {name.lower() for fields in found for name, value in fields} | {
        name.lower() for name, value in message.fields
    }
    text = message.text()[:4000]
    if any(name.startswith("x-postfix-") for name in names) or "This is the mail system at host" in text:
        return "Postfix"
    if "mail delivery software" in text and ("x-failed-recipients" in names or "Exim" in text or "exim" in text):
        return "Exim"
    if "This message was created automatically by mail delivery software" in text:
        return "Exim"
    online = any(".prod.outlook.com" in value or ".outlook.com" in value.lower() for name, value in message.fields)
    if {"x-ms-exchange-message-is-ndr", "x-ms-exchange-organization-authas"} & names or (
        "x-display-name" in names or "Diagnostic information for administrators" in text
    ):
        return "Microsoft Exchange Online" if online else "Microsoft Exchange"
    if online:
        return "Microsoft Exchange Online"
    if "This is the MAILER-DAEMON, please DO NOT REPLY" in text:
        return "OpenSMTPD"
    if re.search(r"^ {3}----- (?:The following addresses|Transcript of session)", text, re.M) or (
        "The original message was received at" in text
    ):
        return "Sendmail"
    return None


def _untyped(value: t.Optional[str]) -> t.Optional[str]:
    """RFC 3464 2.1.2: a type, a semicolon, and what it is about. Some leave the type out."""
    if value is None:
        return None
    kind, semicolon, rest = value.partition(";")
    if not semicolon or not re.fullmatch(r"\s*[A-Za-z0-9-]+\s*", kind):
        rest = value
    # Comments in parentheses, such as Sendmail's "(localhost)" and an address after a host, say the same again.
    address = rest.strip().strip("<>").strip()
    # RFC 6533 3 writes what is not ASCII so where the report itself has to be.
    return re.sub(r"\\x\{([0-9A-Fa-f]{2,6})\}", _character, address) or None


def _character(match: t.Match[str]) -> str:
    number = int(match.group(1), 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else match.group(0)
