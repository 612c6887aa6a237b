# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What is known of a message that was sent, taken from the facts of its check, or no more than its token."""

from __future__ import annotations

import datetime
import typing as t

Facts = t.Mapping[str, t.Any]


class SentTo(t.NamedTuple):
    """``outcome`` and ``notify`` as in the facts of the check."""

    address: str
    outcome: str
    notify: t.Tuple[str, ...]


class Sent(t.NamedTuple):
    """``accepted_at``: by the vantage's clock, seconds since 1970, None where no server accepted it.

    ``outcome`` is None where nothing but the token is known, and "withheld" where it was not sent on purpose;
    ``failed_phase`` is the check's: what broke off before the message was reached.
    ``detail`` is what the server said to the message, or why it was not sent. ``subject`` and ``text`` tell what was
    written: the text by its number of lines and their digest.
    """

    token: t.Optional[str]
    message_id: t.Optional[str] = None
    envelope_id: t.Optional[str] = None
    vantage: t.Optional[str] = None
    target: t.Optional[str] = None
    host: t.Optional[str] = None
    address: t.Optional[str] = None
    product: t.Optional[str] = None
    sender: t.Optional[str] = None
    recipients: t.Tuple[SentTo, ...] = ()
    outcome: t.Optional[str] = None
    detail: t.Optional[str] = None
    queue_id: t.Optional[str] = None
    started_at: t.Optional[float] = None
    accepted_at: t.Optional[float] = None
    accepted_after: t.Optional[float] = None
    offers_dsn: t.Optional[bool] = None
    subject: t.Optional[str] = None
    text: t.Optional[t.Tuple[int, str]] = None
    failed_phase: t.Optional[str] = None

    @property
    def words(self) -> t.List[str]:
        """What its traces in a mailbox hold: the token everywhere, the rest where there is no token."""
        found = [self.token] if self.token else [(self.message_id or "").strip("<>")]
        if self.envelope_id and self.envelope_id != self.token:
            found.append(self.envelope_id)
        return [word for word in found if word]

    @property
    def left(self) -> bool:
        """Whether a server may have it: nobody knows where the reply to it was lost."""
        return self.outcome in (None, "accepted", "unknown")

    @property
    def taken_for(self) -> t.List[SentTo]:
        """The recipients that the server took the message for."""
        return [recipient for recipient in self.recipients if recipient.outcome == "accepted"]


def sent_in(check: Facts) -> t.List[Sent]:
    """The messages of one check, in the shape of docs/facts.schema.json: one for each transaction that has any.

    :raises ValueError: it is no check.
    """
    try:
        transactions = check["transactions"] or [check]
        found = [_sent(check, part, position) for position, part in enumerate(transactions) if part["message"]]
        earlier = (check.get("attempts") or {}).get("earlier") or []
        return [*_before(check, earlier, [sent.token for sent in found]), *found]
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise ValueError(str(error)) from error


def _before(check: Facts, attempts: t.Sequence[Facts], known: t.Sequence[t.Optional[str]]) -> t.Iterator[Sent]:
    """What a server took for some recipients while it put off the others, who were tried once more (``retry``)."""
    for attempt in attempts:
        message = attempt["message"]
        if message is not None and message["outcome"] == "accepted" and message["token"] not in known:
            part = {**check, **attempt}
            yield _sent(part, part, 0)


def _sent(check: Facts, part: Facts, position: int) -> Sent:
    message, outcome = part["message"], part["message"]["outcome"]
    if (
        outcome == "not_sent"
        and check["failed_phase"] is None
        and "accepted" in [e["outcome"] for e in part["recipients"]]
    ):
        # Check mode, or stop_after: the server was ready for it.
        outcome = "withheld"
    started_at = _seconds(check["started_at"])
    after = None
    if message["outcome"] in ("accepted", "unknown"):
        ends = [step["at"] + step["seconds"] for step in check["steps"] if step["phase"] == "message"]
        after = ends[min(position, len(ends) - 1)] if ends else None
    software = (check["banner"] or {}).get("software") or {}
    text = message.get("text")
    return Sent(
        token=message["token"],
        message_id=message["message_id"],
        envelope_id=message["envelope_id"],
        vantage=check["vantage"]["name"],
        target=check["target"],
        host=check["endpoint"]["host"],
        address=check["endpoint"]["address"],
        product=software.get("product"),
        sender=(part["sender"] or {}).get("address"),
        recipients=tuple(
            SentTo(entry["address"], entry["outcome"], tuple(entry["notify"] or ())) for entry in part["recipients"]
        ),
        outcome=outcome,
        failed_phase=check["failed_phase"],
        detail=_detail(check, part),
        queue_id=message["queue_id"],
        started_at=started_at,
        accepted_at=started_at + after if started_at is not None and after is not None else None,
        accepted_after=after,
        offers_dsn="DSN" not in (check["ehlo"]["not_offered"] or ()) if check["ehlo"] else None,
        subject=message.get("subject"),
        text=(text["lines"], text["sha256"]) if text else None,
    )


def _detail(check: Facts, part: Facts) -> str:
    message = part["message"]
    if message["reply"] is not None:
        code = message["reply"]["code"]
        return (
            " ".join([str(code), *message["reply"]["lines"][:3]]) if code else " ".join(message["reply"]["lines"][:3])
        )
    return str(check.get("not_tested") or check.get("summary") or "The message was not sent.")


def _seconds(moment: t.Optional[str]) -> t.Optional[float]:
    if moment is None:
        return None
    return datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
