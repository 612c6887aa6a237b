# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The legs of a receipt. Each has a state and a deadline of its own.

``pending``  it has not come, and there is still time, or nobody could look; without ``within``: it was never sent
``arrived``  it came in time
``late``     it came, after its deadline
``lost``     it did not come, and nobody looks any longer
``refused``  a server said no, at once or in a report

A leg is None where there is nothing to wait for. Reports go with the sightings that they were read from.
"""

from __future__ import annotations

import typing as t

from ..evidence import printable
from ..plan.mailboxes import Access
from .dsn import Recipient, Report
from .sent import Sent
from .situation import Sighting, Situation, moment
from .way import Clock, way

STATES = ("pending", "arrived", "late", "lost", "refused")
LEGS = ("accepted", "arrived", "dsn", "reverse")

_SUCCESS = ("delivered", "relayed", "expanded")
# In which a server says yes or no to the message, or to the addresses that it goes from and to.
_SAYING = ("mail", "rcpt", "data", "message")
_SENTENCE = 600

Leg = t.Dict[str, t.Any]
Told = t.Sequence[t.Tuple[Sighting, Report]]


def accepted(sent: Sent) -> t.Optional[Leg]:
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


def arrived(
    sent: Sent,
    copies: t.Sequence[Sighting],
    told: Told,
    situation: Situation,
    clock: Clock,
) -> t.Optional[Leg]:
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


def expected_copies(sent: Sent, situation: Situation, copies: t.Sequence[Sighting]) -> t.Optional[int]:
    """How many copies there should be: one for each recipient whose mailbox is known. None where nobody was asked."""
    groups = _groups(sent, situation.accesses)
    if not sent.left or not groups:
        return None
    return sum(max(1, len(addresses)) for addresses, names in groups)


def dsn(sent: Sent, told: Told, situation: Situation, clock: Clock) -> t.Optional[Leg]:
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


def reverse(reverse: t.Optional[Sent], sightings: t.Sequence[Sighting], situation: Situation) -> t.Optional[Leg]:
    if reverse is None:
        return None
    within = situation.reverse_within
    if not reverse.left:
        # Without a connection, TLS or a log-in no server has said anything to the message: it was never sent.
        if reverse.outcome == "not_sent" and reverse.failed_phase not in _SAYING:
            return _leg("pending", None, None, None, f"It was not sent: {reverse.detail}")
        return _leg("refused", None, None, within, f"The message the other way was not accepted: {reverse.detail}")
    ours = [entry for entry in sightings if entry.recognised.sent is reverse]
    copies = [entry for entry in ours if entry.recognised.kind == "message"]
    reports = [(entry, t.cast(Report, entry.recognised.report)) for entry in ours if entry.recognised.kind == "report"]
    clock = Clock(reverse, way(reverse, copies)[1])
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


def _groups(sent: Sent, accesses: t.Sequence[Access]) -> t.List[t.Tuple[t.List[str], t.List[str]]]:
    """Who must have a copy, with the names of the mailboxes that it may be in."""
    holders = [access for access in accesses if access.holds in ("messages", "both")]
    # Of a token alone nobody knows for whom it was: any mailbox may have it.
    anybody = [access.name for access in holders if not access.addresses or not sent.recipients]
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


def _came(seconds: t.Optional[float], entry: Sighting, within: float, detail: str) -> Leg:
    at = entry.mail.stored_at if entry.mail.stored_at is not None else entry.seen_at
    return _leg("late" if seconds is not None and seconds > within else "arrived", at, seconds, within, detail)


def _missing(
    situation: Situation, until: float, within: float, trouble: t.Sequence[str], detail: t.Optional[str]
) -> Leg:
    if trouble:
        return _leg("pending", None, None, within, trouble[0])
    return _leg("lost" if situation.elapsed >= until else "pending", None, None, within, detail)


def _leg(
    state: str,
    at: t.Optional[float],
    seconds: t.Optional[float],
    within: t.Optional[float],
    detail: t.Optional[str],
) -> Leg:
    return {
        "state": state,
        "at": moment(at),
        "seconds": None if seconds is None else round(seconds, 3),
        "within": within,
        "detail": None if detail is None else printable(detail, _SENTENCE),
    }


def _reported(
    told: Told, actions: t.Sequence[str], addresses: t.Optional[t.Sequence[str]]
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
