# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From the facts of checks to receipts: send the other way if asked, look into the mailboxes, judge what was seen."""

from __future__ import annotations

import time
import typing as t

from .delivery.mail import MailboxError
from .delivery.opening import mailbox_of
from .delivery.receipt import receipt, settled
from .delivery.sent import Sent, sent_in
from .delivery.situation import Situation, moment
from .delivery.watch import Watch, Watcher
from .evidence import SCHEMA_VERSION, printable
from .judge.receipts import judge_receipts
from .plan import OptionError
from .plan.arrivals import ArrivalPlan, plan_arrival
from .run import check

# Messages that were stored before that are not looked at.
_OLDEST_SECONDS = 7 * 86400.0


def look_for(options: t.Mapping[str, t.Any], check_mode: bool = False) -> t.Dict[str, t.Any]:
    """Look for the messages that the options name and return their receipts, in the shape of docs/facts.schema.json.

    :param options: by name, as ``plan.arrivals.ARRIVAL_OPTIONS`` has them.
    :param check_mode: send nothing the other way, and remove nothing. Mailboxes are looked into all the same.
    :raises OptionError: for anything wrong with the options, before any connection is made.
    """
    planned = plan_arrival(options)
    everything = _everything(planned)
    started, began = time.time(), time.monotonic()
    reverses = {} if check_mode else _sent_the_other_way(planned, everything)
    would_send = _would_send(planned, everything) if check_mode else None
    # Of a token alone nobody knows when it was sent.
    since = min(sent.started_at if sent.started_at is not None else 0.0 for sent in everything)
    since = max(since, started - _OLDEST_SECONDS)
    expected = [sent for sent in everything if sent.left]
    accesses = [access._replace(since=since) for access in planned.accesses]
    watch = Watch(
        [(access, mailbox_of(access)) for access in accesses] if expected else [],
        [*expected, *_distinct(reverses)],
        planned.poll_interval,
        planned.cleanup and not check_mode,
    )

    def situation(over: bool) -> Situation:
        return Situation(
            accesses=accesses,
            elapsed=time.monotonic() - began,
            over=over,
            within=planned.within,
            receipts_within=planned.receipts_within,
            reverse_within=planned.reverse_within,
            give_up=planned.give_up_after,
            unlooked=watch.errors,
            looked_into=[f"{folder} of {w.access.name}" for w in watch.watchers for folder in w.mailbox.folder_names],
        )

    def receipts(over: bool) -> t.List[t.Dict[str, t.Any]]:
        now, seen = situation(over), watch.sightings
        return [receipt(sent, seen, now, reverses.get(_pair(sent))) for sent in everything]

    longest = max(planned.give_up_after, planned.receipts_within, planned.reverse_within if reverses else 0.0)
    if expected:
        watch.look(lambda: all(settled(entry) for entry in receipts(False)), longest, planned.linger)
    made = receipts(True)
    _note_removals(made, watch.watchers)
    return {
        "schema_version": SCHEMA_VERSION,
        "started_at": moment(started),
        "finished_at": moment(time.time()),
        "asked": dict(planned.asked),
        "would_send": would_send,
        "mailboxes": [_mailbox_facts(watcher) for watcher in watch.watchers],
        **judge_receipts(made),
    }


def changed(result: t.Mapping[str, t.Any]) -> bool:
    """Whether a message was sent the other way, or one was removed; in check mode, whether one would be."""
    would = bool(result["would_send"])
    reverses = [entry["legs"]["reverse"] for entry in result["receipts"]]
    # One without a deadline was never handed to a server.
    sent = any(leg is not None and leg["within"] is not None for leg in reverses)
    removed = any(copy["removed"] for entry in result["receipts"] for copy in (*entry["copies"], *entry["reports"]))
    would_remove = result["asked"].get("cleanup") and any(
        copy["removed"] is None for entry in result["receipts"] for copy in (*entry["copies"], *entry["reports"])
    )
    return bool(would or sent or removed or would_remove)


def _everything(planned: ArrivalPlan) -> t.List[Sent]:
    found: t.List[Sent] = []
    for position, entry in enumerate(planned.checks):
        try:
            sent = sent_in(entry)
        except ValueError as error:
            raise OptionError(
                f"checks[{position}]", None, f"is no check ({_kind(entry)})", "give the checks that smtp_check returns"
            ) from error
        found += sent
    known = {sent.token for sent in found}
    found += [Sent(token=token) for token in dict.fromkeys(planned.tokens) if token not in known]
    nameless = next((sent for sent in found if not sent.words), None)
    if nameless is not None:
        raise OptionError(
            "checks", nameless.target, "sent a message without token and Message-ID", "give the message a Message-ID"
        )
    if not found:
        remedy = "give smtp_check a test_message"
        raise OptionError("checks", None, "have sent no message", remedy)
    return found


def _kind(entry: t.Mapping[str, t.Any]) -> str:
    return "it has " + ", ".join(repr(str(name)) for name in sorted(entry)[:5]) if entry else "it is empty"


# The other way.


def _pair(sent: Sent) -> t.Tuple[str, str]:
    taken = sent.taken_for
    return (taken[0].address if taken else "", sent.sender or "")


def _reverse_options(planned: ArrivalPlan, sent: Sent) -> t.Dict[str, t.Any]:
    """The check that sends the other way: through the recipient's own server, as the recipient."""
    through = dict(planned.reverse or {})
    recipient, sender = _pair(sent)
    holder = next((access for access in planned.accesses if access.holds != "reports" and access.username), None)
    username = through["username"] or (holder.username if holder is not None else None)
    password = through["password"] or (holder.password if holder is not None else None)
    auth = None
    if through["login"] and username is not None and password is not None:
        auth = {"username": username, "password": password}
    port = through["port"] or (465 if through["protocol"] == "smtps" else 587)
    options = {
        "host": through["host"] or sent.host,
        "port": port,
        "protocol": through["protocol"],
        "helo_name": through["helo_name"],
        "sender": recipient,
        "recipient": sender,
        "starttls": through["starttls"] or ("required" if auth and through["protocol"] == "esmtp" else None),
        "tls": {name: value for name, value in (through["tls"] or {}).items() if value is not None} or None,
        "auth": auth,
        "test_message": {"subject": "test message, the other way"},
    }
    return {name: value for name, value in options.items() if value is not None}


def _pairs(planned: ArrivalPlan, everything: t.Sequence[Sent]) -> t.Dict[t.Tuple[str, str], Sent]:
    """Whose way back is to be tested, each once. A message that nobody took, or from nobody, has none."""
    if planned.reverse is None:
        return {}
    return {_pair(sent): sent for sent in everything if sent.left and all(_pair(sent))}


def _sent_the_other_way(planned: ArrivalPlan, everything: t.Sequence[Sent]) -> t.Dict[t.Tuple[str, str], Sent]:
    found: t.Dict[t.Tuple[str, str], Sent] = {}
    for pair, sent in _pairs(planned, everything).items():
        run = check(_reverse_options(planned, sent))
        tried = [entry for made in run["checks"] for entry in sent_in(made)]
        # A host has several addresses; one that takes the message is enough.
        found[pair] = next((entry for entry in tried if entry.left), tried[0])
    return found


def _would_send(planned: ArrivalPlan, everything: t.Sequence[Sent]) -> t.List[t.Dict[str, t.Any]]:
    return [
        {"sender": pair[0], "recipient": pair[1], "host": _reverse_options(planned, sent)["host"]}
        for pair, sent in _pairs(planned, everything).items()
    ]


def _distinct(reverses: t.Mapping[t.Tuple[str, str], Sent]) -> t.List[Sent]:
    return [sent for sent in reverses.values() if sent.left]


# What is told about the mailboxes.


def _mailbox_facts(watcher: Watcher) -> t.Dict[str, t.Any]:
    access, mailbox = watcher.access, watcher.mailbox
    return {
        "name": access.name,
        "kind": access.kind,
        "place": access.place,
        "folders": [printable(folder) for folder in mailbox.folder_names],
        "looks": watcher.looks,
        "idle": mailbox.idles,
        "reconnects": mailbox.reconnects,
        "quota": mailbox.quota,
        "error": _error(watcher.error) if watcher.error is not None else None,
        "problems": [_error(problem) for problem in mailbox.problems],
    }


def _error(error: MailboxError) -> t.Dict[str, str]:
    return {"kind": error.kind, "detail": printable(error.detail)}


def _note_removals(receipts: t.Sequence[t.Dict[str, t.Any]], watchers: t.Sequence[Watcher]) -> None:
    removed = {(w.access.name, *which) for w in watchers for which in w.removed}
    cleaned = {w.access.name for w in watchers if w.cleaned}
    for entry in receipts:
        for copy in (*entry["copies"], *entry["reports"]):
            if copy["mailbox"] in cleaned:
                copy["removed"] = (copy["mailbox"], copy["folder"], copy["identifier"]) in removed
