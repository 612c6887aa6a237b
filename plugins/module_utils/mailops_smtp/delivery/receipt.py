# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The receipt: what ties a dialog, its 250, the copies in mailboxes, the reports and the way there together.

Pure: everything that was seen, and what time it is, is given.
"""

from __future__ import annotations

import typing as t

from ..evidence import printable
from . import legs
from .alterations import alterations
from .dsn import Report
from .gateways import authentication, spam
from .hops import Hop, slowest
from .sent import Sent
from .situation import Sighting, Situation, moment
from .way import Clock, way

_SENTENCE = 600


def receipt(
    sent: Sent, sightings: t.Sequence[Sighting], situation: Situation, reverse: t.Optional[Sent] = None
) -> t.Dict[str, t.Any]:
    """The receipt of one message, without its judgement. ``reverse`` is what was sent the other way to prove that."""
    ours = [entry for entry in sightings if entry.recognised.sent is sent]
    copies = [entry for entry in ours if entry.recognised.kind == "message"]
    copies.sort(key=lambda entry: (bool(entry.mail.junk), entry.mail.stored_at or entry.seen_at))
    reports = [entry for entry in ours if entry.recognised.kind == "report"]
    told = [(entry, t.cast(Report, entry.recognised.report)) for entry in reports]
    hops, vantage_offset = way(sent, copies)
    clock = Clock(sent, vantage_offset)
    return {
        "token": sent.token,
        "message_id": sent.message_id,
        "envelope_id": sent.envelope_id,
        "vantage": sent.vantage,
        "target": sent.target,
        "host": sent.host,
        "address": sent.address,
        "product": sent.product,
        "sender": sent.sender,
        "recipients": [recipient.address for recipient in sent.recipients],
        "queue_id": sent.queue_id,
        "legs": {
            "accepted": legs.accepted(sent),
            "arrived": legs.arrived(sent, copies, told, situation, clock),
            "dsn": legs.dsn(sent, told, situation, clock),
            "reverse": legs.reverse(reverse, sightings, situation),
        },
        "copies": [_copy(entry, clock) for entry in copies],
        "copies_expected": legs.expected_copies(sent, situation, copies),
        "reports": [_report(entry, report, clock) for entry, report in told],
        "mentions": [_mention(entry) for entry in ours if entry.recognised.kind == "mention"],
        "hops": [_hop(hop) for hop in hops],
        "slowest_hop": slowest(hops),
        "looked_into": list(situation.looked_into),
        "waited": round(situation.elapsed, 3),
        "trouble": [printable(reason, _SENTENCE) for reason in situation.unlooked.values()],
        "vantage_clock_offset": vantage_offset,
        "authentication": _escaped(authentication(copies[0].recognised.parsed)) if copies else [],
        "spam": _escaped(spam(copies[0].recognised.parsed)) if copies else [],
        "alterations": _escaped(alterations(copies[0].recognised)) if copies else [],
    }


def settled(found: t.Mapping[str, t.Any]) -> bool:
    """Whether no leg of the receipt can change any more by waiting."""
    return all(
        leg is None or name == "accepted" or leg["state"] != "pending" or leg["within"] is None
        for name, leg in found["legs"].items()
    )


def _copy(entry: Sighting, clock: Clock) -> t.Dict[str, t.Any]:
    message = entry.recognised.parsed
    seconds = clock.seconds(entry)
    return {
        "mailbox": entry.access.name,
        "folder": printable(entry.mail.folder),
        "junk": entry.mail.junk,
        "identifier": printable(entry.mail.identifier),
        "stored_at": moment(entry.mail.stored_at),
        "seen_at": moment(entry.seen_at),
        "seconds": None if seconds is None else round(seconds, 3),
        "size": entry.mail.size,
        "subject": _text(message.get("Subject")),
        "return_path": _text(message.get("Return-Path")),
        "header_kept": entry.recognised.headers_kept,
        "removed": None,
    }


def _report(entry: Sighting, report: Report, clock: Clock) -> t.Dict[str, t.Any]:
    seconds = clock.seconds(entry)
    return {
        "kind": report.kind,
        "form": report.form,
        "product": report.product,
        "mailbox": entry.access.name,
        "folder": printable(entry.mail.folder),
        "identifier": printable(entry.mail.identifier),
        "stored_at": moment(entry.mail.stored_at),
        "seconds": None if seconds is None else round(seconds, 3),
        "reporting_mta": _text(report.reporting_mta),
        "queue_id": _text(report.queue_id),
        "envelope_id": _text(report.envelope_id),
        "message_id": _text(report.message_id),
        "disposition": _text(report.disposition),
        "recipients": [
            {
                "final_recipient": _text(recipient.final_recipient),
                "original_recipient": _text(recipient.original_recipient),
                "action": recipient.action,
                "status": recipient.status,
                "diagnostic_code": _text(recipient.diagnostic_code),
                "remote_mta": _text(recipient.remote_mta),
                "last_attempt_at": moment(recipient.last_attempt_at),
                "will_retry_until": moment(recipient.will_retry_until),
                "explained": printable(recipient.explained),
            }
            for recipient in report.recipients[:100]
        ],
        "removed": None,
    }


def _mention(entry: Sighting) -> t.Dict[str, t.Any]:
    message = entry.recognised.parsed
    return {
        "mailbox": entry.access.name,
        "folder": printable(entry.mail.folder),
        "subject": _text(message.get("Subject")),
        "automatic": (message.get("Auto-Submitted") or "no").strip().lower() != "no",
    }


def _hop(hop: Hop) -> t.Dict[str, t.Any]:
    return {
        "from_name": _text(hop.from_name),
        "from_address": _text(hop.from_address),
        "by": _text(hop.by),
        "protocol": _text(hop.protocol),
        "tls": hop.tls,
        "tls_version": hop.tls_version,
        "cipher": hop.cipher,
        "identifier": _text(hop.identifier),
        "recipient": _text(hop.recipient),
        "at": moment(hop.at),
        "delay": hop.delay,
        "clock_offset": hop.clock_offset,
    }


def _text(value: t.Optional[str]) -> t.Optional[str]:
    return None if value is None else printable(value)


def _escaped(entries: t.Sequence[t.Mapping[str, t.Any]]) -> t.List[t.Dict[str, t.Any]]:
    return [
        {
            name: printable(value) if isinstance(value, str) else [printable(part) for part in value]
            if isinstance(value, list) else value
            for name, value in entry.items()
        }
        for entry in entries
    ]  # fmt: skip
