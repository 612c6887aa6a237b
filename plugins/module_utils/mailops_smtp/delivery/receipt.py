# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The receipt: what ties a dialog, its 250, the copies in mailboxes, the reports and the way there together.

Each leg has a state and a deadline of its own. Pure: everything that was seen, and what time it is, is given.

``pending``  it has not come, and there is still time, or nobody could look
``arrived``  it came in time
``late``     it came, after its deadline
``lost``     it did not come, and nobody looks any longer
``refused``  a server said no, at once or in a report
"""

from __future__ import annotations

import datetime
import typing as t

from ..evidence import printable
from ..plan.mailboxes import Access
from .alterations import alterations
from .dsn import Recipient, Report
from .gateways import authentication, spam
from .hops import Hop, read_hops, slowest, timed
from .mail import Mail
from .recognition import Recognised
from .sent import Sent

STATES = ("pending", "arrived", "late", "lost", "refused")
LEGS = ("accepted", "arrived", "dsn", "reverse")

_SUCCESS = ("delivered", "relayed", "expanded")
# A clock that is off by less cannot be told from the granularity of stamps.
_CLOCK_TOLERANCE = 2.0
_SENTENCE = 600


class Sighting(t.NamedTuple):
    """One message in one mailbox. ``seen_at``: by our own clock; ``watched``: it was not there at the first look."""

    access: Access
    mail: Mail
    seen_at: float
    watched: bool
    recognised: Recognised


class Situation(t.NamedTuple):
    """What there is to judge by at some moment. Times are seconds.

    ``elapsed``: since the call began. ``over``: nobody looks any longer. ``within`` and its kin count from the
    acceptance; ``give_up`` and the waiting for reports from the beginning of the call. ``unlooked``: names of mailboxes
    that could not be looked into, each with the reason. ``looked_into``: the folders, in words.
    """

    accesses: t.Sequence[Access]
    elapsed: float
    over: bool
    within: float
    receipts_within: float
    reverse_within: float
    give_up: float
    unlooked: t.Mapping[str, str]
    looked_into: t.Sequence[str] = ()


def receipt(
    sent: Sent, sightings: t.Sequence[Sighting], situation: Situation, reverse: t.Optional[Sent] = None
) -> t.Dict[str, t.Any]:
    """The receipt of one message, without its judgement. ``reverse`` is what was sent the other way to prove that."""
    ours = [entry for entry in sightings if entry.recognised.sent is sent]
    copies = [entry for entry in ours if entry.recognised.kind == "message"]
    copies.sort(key=lambda entry: (bool(entry.mail.junk), entry.mail.stored_at or entry.seen_at))
    reports = [entry for entry in ours if entry.recognised.kind == "report"]
    told = [(entry, t.cast(Report, entry.recognised.report)) for entry in reports]
    hops, vantage_offset = _way(sent, copies)
    clock = _Clock(sent, vantage_offset)
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
            "accepted": _accepted(sent),
            "arrived": _arrived(sent, copies, told, situation, clock),
            "dsn": _dsn(sent, told, situation, clock),
            "reverse": _reverse(reverse, sightings, situation),
        },
        "copies": [_copy(entry, clock) for entry in copies],
        "copies_expected": _expected_copies(sent, situation, copies),
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
    return all(leg is None or name == "accepted" or leg["state"] != "pending" for name, leg in found["legs"].items())


class _Clock:
    """Counts from the acceptance, by the vantage's clock set right as far as it is known to be wrong."""

    def __init__(self, sent: Sent, offset: t.Optional[float]) -> None:
        self.accepted_at = None if sent.accepted_at is None else sent.accepted_at - (offset or 0.0)

    def seconds(self, entry: Sighting) -> t.Optional[float]:
        """How long after its acceptance something was in the mailbox."""
        if self.accepted_at is None:
            return None
        seen = entry.seen_at - self.accepted_at
        stored = None if entry.mail.stored_at is None else entry.mail.stored_at - self.accepted_at
        if stored is not None and -_CLOCK_TOLERANCE <= stored <= seen + _CLOCK_TOLERANCE:
            # The store knows to the second; who watched knows it was no later than he saw it.
            return max(0.0, min(stored, seen) if entry.watched else stored)
        return max(0.0, seen)


def _accepted(sent: Sent) -> t.Optional[t.Dict[str, t.Any]]:
    if sent.outcome in (None, "withheld"):
        return None
    outcomes = [recipient.outcome for recipient in sent.recipients]
    if sent.outcome == "accepted":
        state = "arrived"
    elif sent.outcome in ("deferred", "unknown") or (sent.outcome == "not_sent" and "deferred" in outcomes):
        state = "pending"
    elif sent.outcome == "refused" or "refused" in outcomes:
        state = "refused"
    else:
        state = "lost"
    return _leg(state, sent.accepted_at, sent.accepted_after, None, sent.detail)


def _arrived(
    sent: Sent,
    copies: t.Sequence[Sighting],
    told: t.Sequence[t.Tuple[Sighting, Report]],
    situation: Situation,
    clock: _Clock,
) -> t.Optional[t.Dict[str, t.Any]]:
    groups = _groups(sent, situation.accesses)
    if not sent.left or not groups:
        return None
    found = []
    missing: t.List[str] = []
    for addresses, names in groups:
        first = next((entry for entry in copies if entry.access.name in names), None)
        if first is not None:
            found.append(first)
        else:
            missing += addresses
    if len(found) == len(groups):
        last = max(found, key=lambda entry: clock.seconds(entry) or 0.0)
        return _came(
            clock.seconds(last), last, situation.within, f"In the folder {last.mail.folder} of {last.access.name}."
        )
    failed = _reported(told, ("failed",), missing or [entry.address for entry in sent.recipients])
    if failed is not None and (not missing or len(missing) == 1 or failed[0].final_recipient):
        return _leg("refused", failed[1].mail.stored_at, clock.seconds(failed[1]), situation.within, _said(failed[0]))
    trouble = [situation.unlooked[name] for addresses, names in groups for name in names if name in situation.unlooked]
    delayed = _reported(told, ("delayed",), missing or [entry.address for entry in sent.recipients])
    detail = _said(delayed[0]) if delayed is not None else None
    return _missing(situation, situation.give_up, situation.within, trouble, detail)


def _groups(sent: Sent, accesses: t.Sequence[Access]) -> t.List[t.Tuple[t.List[str], t.List[str]]]:
    """Who must have a copy, with the names of the mailboxes that it may be in."""
    holders = [access for access in accesses if access.holds in ("messages", "both")]
    anybody = [access.name for access in holders if not access.addresses]
    groups: t.List[t.Tuple[t.List[str], t.List[str]]] = []
    others: t.List[str] = []
    for recipient in sent.taken_for:
        own = [access.name for access in holders if recipient.address.lower() in {a.lower() for a in access.addresses}]
        if own:
            groups.append(([recipient.address], own))
        else:
            others.append(recipient.address)
    if anybody and (others or not sent.recipients):
        groups.append((others, anybody))
    return groups


def _expected_copies(sent: Sent, situation: Situation, copies: t.Sequence[Sighting]) -> t.Optional[int]:
    """How many copies there should be: one for each recipient whose mailbox is known. None where nobody was asked."""
    groups = _groups(sent, situation.accesses)
    if not sent.left or not groups:
        return None
    return sum(max(1, len(addresses)) for addresses, names in groups)


def _dsn(
    sent: Sent, told: t.Sequence[t.Tuple[Sighting, Report]], situation: Situation, clock: _Clock
) -> t.Optional[t.Dict[str, t.Any]]:
    within = situation.receipts_within
    holders = [access for access in situation.accesses if access.holds in ("reports", "both")]
    if not sent.left:
        return None
    real = [(entry, report) for entry, report in told if report.kind != "mdn"]
    failed = _reported(real, ("failed",), None)
    if failed is not None:
        return _leg("refused", failed[1].mail.stored_at, clock.seconds(failed[1]), within, _said(failed[0]))
    wanted = [recipient.address for recipient in sent.taken_for if "success" in recipient.notify]
    hits = [_reported(real, _SUCCESS, [address]) for address in wanted]
    if wanted and all(hit is not None for hit in hits):
        recipient, entry = max((hit for hit in hits if hit is not None), key=lambda hit: clock.seconds(hit[1]) or 0.0)
        return _came(clock.seconds(entry), entry, within, _said(recipient))
    delayed = _reported(real, ("delayed",), None)
    if not wanted:
        other = _reported(real, _SUCCESS, None) or delayed
        if other is None:
            return None
        state = "pending" if other[0].action == "delayed" and not situation.over else "arrived"
        return _leg(state, other[1].mail.stored_at, clock.seconds(other[1]), within, _said(other[0]))
    # Who sent from nobody gets no report, and who cannot look for it does not miss it.
    if not holders or sent.sender == "" or sent.offers_dsn is False:
        return None
    trouble = [situation.unlooked[access.name] for access in holders if access.name in situation.unlooked]
    return _missing(situation, within, within, trouble, _said(delayed[0]) if delayed is not None else None)


def _reverse(
    reverse: t.Optional[Sent], sightings: t.Sequence[Sighting], situation: Situation
) -> t.Optional[t.Dict[str, t.Any]]:
    if reverse is None:
        return None
    within = situation.reverse_within
    if not reverse.left:
        return _leg("refused", None, None, within, f"The message the other way was not accepted: {reverse.detail}")
    ours = [entry for entry in sightings if entry.recognised.sent is reverse]
    copies = [entry for entry in ours if entry.recognised.kind == "message"]
    reports = [(entry, t.cast(Report, entry.recognised.report)) for entry in ours if entry.recognised.kind == "report"]
    clock = _Clock(reverse, _way(reverse, copies)[1])
    if copies:
        first = min(copies, key=lambda entry: entry.seen_at)
        return _came(clock.seconds(first), first, within, f"Accepted as {reverse.queue_id or 'no name'} and arrived.")
    failed = _reported(reports, ("failed",), None)
    if failed is not None:
        return _leg("refused", failed[1].mail.stored_at, clock.seconds(failed[1]), within, _said(failed[0]))
    holders = [access for access in situation.accesses if access.holds in ("reports", "both")]
    trouble = [situation.unlooked[access.name] for access in holders if access.name in situation.unlooked]
    accepted = f"Accepted by {reverse.host} as {reverse.queue_id or 'no name'}, not in the sender's mailbox."
    return _missing(situation, within, within, trouble, accepted)


def _came(seconds: t.Optional[float], entry: Sighting, within: float, detail: str) -> t.Dict[str, t.Any]:
    at = entry.mail.stored_at if entry.mail.stored_at is not None else entry.seen_at
    return _leg("late" if seconds is not None and seconds > within else "arrived", at, seconds, within, detail)


def _missing(
    situation: Situation, until: float, within: float, trouble: t.Sequence[str], detail: t.Optional[str]
) -> t.Dict[str, t.Any]:
    if trouble:
        return _leg("pending", None, None, within, trouble[0])
    return _leg("lost" if situation.elapsed >= until else "pending", None, None, within, detail)


def _leg(
    state: str,
    at: t.Optional[float],
    seconds: t.Optional[float],
    within: t.Optional[float],
    detail: t.Optional[str],
) -> t.Dict[str, t.Any]:
    return {
        "state": state,
        "at": moment(at),
        "seconds": None if seconds is None else round(seconds, 3),
        "within": within,
        "detail": None if detail is None else printable(detail, _SENTENCE),
    }


def _reported(
    told: t.Sequence[t.Tuple[Sighting, Report]], actions: t.Sequence[str], addresses: t.Optional[t.Sequence[str]]
) -> t.Optional[t.Tuple[Recipient, Sighting]]:
    """The first report with one of the actions about one of the addresses, None for any."""
    wanted = None if addresses is None else {address.lower() for address in addresses}
    for entry, report in told:
        for recipient in report.recipients:
            names = {(recipient.final_recipient or "").lower(), (recipient.original_recipient or "").lower()} - {""}
            # An alias leads to another address; a report about one recipient can mean no other.
            alone = len(report.recipients) == 1 and len(entry.recognised.sent.recipients) <= 1
            if recipient.action in actions and (wanted is None or names & wanted or alone or not names):
                return recipient, entry
    return None


def _said(recipient: Recipient) -> str:
    words = f" ({recipient.diagnostic_code})" if recipient.diagnostic_code else ""
    return f"{recipient.explained.rstrip('.')}{words}."


def _way(sent: Sent, copies: t.Sequence[Sighting]) -> t.Tuple[t.List[Hop], t.Optional[float]]:
    """The hops of the first copy, and how far the vantage's clock is ahead of the accepting server's."""
    if not copies:
        return [], None
    first = copies[0]
    hops = read_hops(first.recognised.parsed.all("Received"))
    hops = timed(hops, not_after=[first.mail.stored_at, first.seen_at])
    if not hops or hops[0].at is None or sent.accepted_at is None or hops[0].clock_offset is not None:
        return hops, None
    # That server stamps while it takes the message in, between the beginning of the check and the acceptance.
    early, late = t.cast(float, sent.started_at) - hops[0].at, sent.accepted_at - hops[0].at
    if early > _CLOCK_TOLERANCE:
        return hops, round(early, 3)
    return hops, round(late, 3) if late < -_CLOCK_TOLERANCE else None


def _copy(entry: Sighting, clock: _Clock) -> t.Dict[str, t.Any]:
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


def _report(entry: Sighting, report: Report, clock: _Clock) -> t.Dict[str, t.Any]:
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


def moment(seconds: t.Optional[float]) -> t.Optional[str]:
    """RFC 3339 in UTC, to the millisecond."""
    if seconds is None:
        return None
    try:
        found = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")
