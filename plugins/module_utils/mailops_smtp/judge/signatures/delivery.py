# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What can be diagnosed once a message was accepted. ``..receipts`` tells when each of these is the case."""

from __future__ import annotations

import typing as t


class ReceiptSignature(t.NamedTuple):
    """As signature.Signature has it, but for ``leg``, the part of a receipt that it is about, in place of phases.

    The {words} in the sentences are those of ``receipts.words()``.
    """

    id: str
    leg: str
    verdict: str
    severity: str
    confidence: str
    owner: str
    title: str
    meaning: str
    next_step: str
    reference: str


NOT_ACCEPTED = ReceiptSignature(
    "dlv.not_accepted", "accepted", "fail", "error", "certain", "target",
    "No server has taken the message",
    "The message was not accepted ({said}), so there is nothing to arrive.",
    "Look at the findings of the check that was to send it.",
    "RFC 5321 section 4.2.1",
)  # fmt: skip
DEFERRED = ReceiptSignature(
    "dlv.deferred", "accepted", "deferred", "notice", "certain", "target",
    "The message was put off",
    "The server wants the message later ({said}). A mail server comes back by itself, a single check does not.",
    "Let smtp_check try again until the server takes it, then look for the message.",
    "RFC 5321 section 4.2.1",
)  # fmt: skip
MISSING = ReceiptSignature(
    "dlv.missing", "arrived", "fail", "error", "likely", "target",
    "It was accepted, and is not in the mailbox after {waited}",
    "{host} took the message{as_queue_id} and it is in none of the folders that were looked into ({looked}). It waits "
    "in a queue, was put into quarantine, sorted elsewhere by a rule, or lies in another mailbox.",
    "Follow it on {host}: the commands under look_next name its queue and its log.",
    "RFC 5321 section 6.1",
)  # fmt: skip
MISSING_BUT_REPORTED = ReceiptSignature(
    "dlv.elsewhere", "arrived", "fail", "error", "likely", "recipient",
    "A report says that the message was delivered, but it is not in the mailbox",
    "{said} Yet it is in none of the folders that were looked into ({looked}): a rule sorted it elsewhere, it is in "
    "quarantine, or the address leads to another mailbox.",
    "Search the account's other folders and its rules, then the quarantine.",
    "RFC 3464 section 2.3.3",
)  # fmt: skip
LATE = ReceiptSignature(
    "dlv.late", "arrived", "degraded", "warning", "certain", "target",
    "The message arrived after {seconds}, later than the {within} that were allowed",
    "It did arrive. {slow}",
    "Look on that host why the message lay there: its queue, greylisting of the next host, or a scanner.",
    "RFC 5321 section 4.5.4.1",
)  # fmt: skip
REFUSED = ReceiptSignature(
    "dlv.refused", "arrived", "fail", "error", "certain", "target",
    "The message was accepted first and given up later",
    "{said}",
    "Mend what the report names, then send again.",
    "RFC 3464 section 2.3.3",
)  # fmt: skip
MAILBOX_FULL = ReceiptSignature(
    "dlv.mailbox_full", "arrived", "fail", "error", "certain", "recipient",
    "The mailbox is full",
    "{said}",
    "Make room in the mailbox, or raise its quota.",
    "RFC 3463 section 3.3",
)  # fmt: skip
JUNK = ReceiptSignature(
    "dlv.junk", "arrived", "degraded", "warning", "certain", "recipient",
    "The message was put into the junk folder {folder}",
    "A filter takes it for unwanted{verdicts}. People will not see it.",
    "Look at the verdicts under spam and authentication, and let the filter know the sender.",
    "RFC 6154 section 2",
)  # fmt: skip
DUPLICATE = ReceiptSignature(
    "dlv.duplicate", "arrived", "degraded", "warning", "certain", "network",
    "The message arrived {copies} times",
    "One copy was expected for each recipient. Where the reply to a message is lost or comes too late, the sender "
    "delivers it again; a device that takes the dialog apart at the final dot brings this about.",
    "Compare the hops of the copies: where they part is the host that sent it twice.",
    "RFC 5321 section 4.5.3.2.6",
)  # fmt: skip
ALTERED = ReceiptSignature(
    "dlv.altered", "arrived", "degraded", "notice", "certain", "recipient",
    "The message was changed on the way",
    "{changes} Signatures over what was changed (DKIM, S/MIME) do not hold any more.",
    "If that is not wanted, look at the gateways among the hops: disclaimers, marks of outside mail, rewritten links.",
    "RFC 5598 section 5.5",
)  # fmt: skip
UNLOOKED = ReceiptSignature(
    "dlv.mailbox_unreadable", "arrived", "inconclusive", "error", "certain", "vantage",
    "A mailbox could not be looked into",
    "{trouble}",
    "Mend the way into the mailbox: whether the message arrived is not known.",
    "RFC 9051 section 6.2",
)  # fmt: skip
PENDING = ReceiptSignature(
    "dlv.pending", "arrived", "deferred", "notice", "certain", "target",
    "The message has not arrived yet",
    "There is still time. {said}",
    "Look again, or wait longer with give_up_after.",
    "RFC 5321 section 4.5.4.1",
)  # fmt: skip
SLOW_HOP = ReceiptSignature(
    "hop.slow", "arrived", "pass", "notice", "certain", "target",
    "The message lay {delay} at {slow_host}",
    "That long passed between its arrival there and its being taken by {next_host}.",
    "If that is too long, look at the queue of {slow_host}, and whether {next_host} puts its mail off at first.",
    "RFC 5321 section 4.4",
)  # fmt: skip
SKEW = ReceiptSignature(
    "hop.skew", "arrived", "pass", "notice", "likely", "target",
    "The clock of {skewed} is off by at least {offset}",
    "Its stamp does not fit between those of the other hosts. Delays are counted without it.",
    "Let that host keep its time by NTP: logs cannot be compared otherwise.",
    "RFC 5321 section 4.4",
)  # fmt: skip
VANTAGE_SKEW = ReceiptSignature(
    "hop.vantage_skew", "accepted", "pass", "notice", "likely", "vantage",
    "The clock of the vantage {vantage} and that of {host} differ by {vantage_offset}",
    "Times are counted by the servers' clocks, as far as these agree with one another.",
    "Let both keep their time by NTP.",
    "RFC 5321 section 4.4",
)  # fmt: skip
DSN_FAILED = ReceiptSignature(
    "dsn.failed", "dsn", "fail", "error", "certain", "target",
    "A report says that the message was not delivered",
    "{report_said}",
    "Mend what the report names, then send again.",
    "RFC 3464 section 2.3.3",
)  # fmt: skip
DSN_DELAYED = ReceiptSignature(
    "dsn.delayed", "dsn", "pass", "notice", "certain", "target",
    "A report says that the message is late",
    "{report_said} This is no failure yet.",
    "Wait, or look at the queue of the host that reports it.",
    "RFC 3464 section 2.3.3",
)  # fmt: skip
DSN_RELAYED = ReceiptSignature(
    "dsn.relayed", "dsn", "pass", "info", "certain", "target",
    "The receipt says relayed: there will be no receipt of the delivery itself",
    "{report_said}",
    "Nothing is wrong. Look into the mailbox for the rest of the way.",
    "RFC 3461 section 5.2.2",
)  # fmt: skip
DSN_EXPANDED = ReceiptSignature(
    "dsn.expanded", "dsn", "pass", "info", "certain", "target",
    "The receipt says expanded: the address is a list",
    "{report_said}",
    "Nothing is wrong. Look into the mailbox of a member for the rest of the way.",
    "RFC 3461 section 5.2.7",
)  # fmt: skip
DSN_LATE = ReceiptSignature(
    "dsn.late", "dsn", "degraded", "warning", "certain", "target",
    "The receipt came after {dsn_seconds}, later than the {dsn_within} that were allowed",
    "The way back works, slowly.",
    "Look at the Received fields of the report for the host where it lay.",
    "RFC 3461 section 4.1",
)  # fmt: skip
DSN_NONE_WAY_BACK_BLOCKED = ReceiptSignature(
    "dsn.way_back_blocked", "reverse", "fail", "error", "likely", "target",
    "The way back is blocked: neither the receipt nor a message the other way arrived",
    "The forward direction works, so the server accepts mail from outside. What it sends out does not get here: {said}",
    "Look at that server's queue for outgoing mail, and at firewalls between it and {sender_domain}.",
    "RFC 3461 section 4.1",
)  # fmt: skip
REVERSE_BLOCKED = ReceiptSignature(
    "reverse.blocked", "reverse", "fail", "error", "likely", "target",
    "The message the other way did not arrive",
    "{said}",
    "Look at the queue for outgoing mail on the server that took it, and at firewalls between it and {sender_domain}.",
    "RFC 5321 section 4.5.4.1",
)  # fmt: skip
REVERSE_REFUSED = ReceiptSignature(
    "reverse.refused", "reverse", "fail", "error", "certain", "target",
    "The message the other way was refused",
    "{said}",
    "Mend what the server names; reverse_through says which server is to take it, and as whom.",
    "RFC 5321 section 4.2.1",
)  # fmt: skip
REVERSE_UNSENT = ReceiptSignature(
    "reverse.unsent", "reverse", "inconclusive", "error", "certain", "vantage",
    "The message the other way could not be handed over",
    "No server has said yes or no to it. {said}",
    "Mend the way to that server; reverse_through says which one is to take it, and how to get in: port, log-in, tls.",
    "RFC 6409 section 3.1",
)  # fmt: skip
DSN_NONE_BY_POLICY = ReceiptSignature(
    "dsn.suppressed", "dsn", "degraded", "notice", "likely", "target",
    "No receipt came, though the way back works",
    "A message the other way arrived, so receipts are not sent, or are dropped by a rule.",
    "If receipts are wanted, look for rules that drop mail from the null sender and for a server that hides them.",
    "RFC 3461 section 5.2",
)  # fmt: skip
DSN_NONE = ReceiptSignature(
    "dsn.none", "dsn", "degraded", "warning", "possible", "target",
    "A receipt was asked for, and none came within {dsn_within}",
    "Either receipts are not sent, by policy, or the way back is blocked.",
    "Test the way back by itself with reverse: true.",
    "RFC 3461 section 4.1",
)  # fmt: skip
MDN_ONLY = ReceiptSignature(
    "dsn.mdn_only", "dsn", "pass", "info", "certain", "recipient",
    "A mail program said that the message was displayed or deleted, which is no proof of delivery",
    "An MDN is written by whoever reads the mail, or by a rule, and anybody can write one ({disposition}).",
    "Nothing is wrong. Go by the mailbox and the server's own receipts.",
    "RFC 8098 section 6.3",
)  # fmt: skip
ANSWERED = ReceiptSignature(
    "dlv.answered", "arrived", "pass", "info", "certain", "recipient",
    "Somebody answered the message, or forwarded it",
    "{mentions} found that quote the token. They do not count as arrivals.",
    "Nothing is wrong.",
    "RFC 5322 section 3.6.4",
)  # fmt: skip

SIGNATURES = (
    NOT_ACCEPTED, DEFERRED, MISSING, MISSING_BUT_REPORTED, LATE, REFUSED, MAILBOX_FULL, JUNK, DUPLICATE, ALTERED,
    UNLOOKED, PENDING, ANSWERED, SLOW_HOP, SKEW, VANTAGE_SKEW, DSN_FAILED, DSN_DELAYED, DSN_RELAYED, DSN_EXPANDED,
    DSN_LATE, DSN_NONE, DSN_NONE_BY_POLICY, DSN_NONE_WAY_BACK_BLOCKED, MDN_ONLY, REVERSE_BLOCKED, REVERSE_REFUSED,
    REVERSE_UNSENT,
)  # fmt: skip
