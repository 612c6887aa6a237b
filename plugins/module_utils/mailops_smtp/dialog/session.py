# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What one conversation has brought to light so far, field by field as in the published facts."""

from __future__ import annotations

import collections
import typing as t

from .extensions import Extensions
from .wanted import wanted

if t.TYPE_CHECKING:
    from ..plan import Dialog, Envelope, Recipient
    from .commands import Command


TRANSACTION_PHASES = ("xforward", "mail", "rcpt", "data", "message")


class Transaction:
    """One envelope and what becomes of it (RFC 5321 3.3)."""

    def __init__(self, envelope: Envelope) -> None:
        self.envelope = envelope
        self.failed_phase: t.Optional[str] = None
        self.sender: t.Optional[t.Dict[str, t.Any]] = None
        self.recipients: t.List[t.Dict[str, t.Any]] = [
            {
                "address": recipient.address,
                "outcome": "not_tried",
                "reason": None,
                "notify": list(recipient.notify) or None,
                "reply": None,
            }
            for recipient in envelope.recipients
        ]
        # Whose turn has not come yet, each with what is written down of it.
        self.waiting: t.List[t.Tuple[Recipient, t.Dict[str, t.Any]]] = list(zip(envelope.recipients, self.recipients))
        # Who was accepted since the last MAIL: with LMTP and PRDR, the dot has a reply for each of them.
        self.taken: t.List[t.Dict[str, t.Any]] = []
        # What the replies so far come to, where the message goes out several times, and the chunk that ends it.
        self.so_far = "not_sent"
        self.last_chunk: t.Optional[Command] = None
        self.message: t.Dict[str, t.Any] = {}
        if envelope.message is not None:
            self.message = {
                "message_id": envelope.message.message_id,
                "token": envelope.message.token,
                "envelope_id": None,
                "subject": envelope.message.subject,
                "text": envelope.message.text._asdict() if envelope.message.text is not None else None,
                "size": envelope.message.size,
                "transfer": None,
                "prdr": None,
                "outcome": "not_sent",
                "queue_id": None,
                "reply": None,
            }

    def as_dict(self) -> t.Dict[str, t.Any]:
        return {
            "sender": self.sender,
            "recipients": [dict(recipient) for recipient in self.recipients],
            "message": dict(self.message) or None,
        }


class Session:
    """The conversation so far: where it is, what was offered, and what became of each thing that was asked."""

    def __init__(self, dialog: Dialog) -> None:
        self.dialog = dialog
        self.phase = "connect"
        self.reached: t.Optional[str] = None
        self.failed_phase: t.Optional[str] = None
        self.hello_command: t.Optional[str] = None
        self.extensions: t.Optional[Extensions] = None
        self.extensions_before_tls: t.Optional[Extensions] = None
        self.greeted = False
        self.secure = False
        # What a log-in can be bound to (RFC 5056), by the type's registered name: whoever does TLS fills it.
        self.channel_bindings: t.Mapping[str, bytes] = {}
        self.mid_message = False
        self.starttls_offered: t.Optional[bool] = None
        self.auth: t.Dict[str, t.Any] = {}
        self.xclient: t.Dict[str, t.Any] = {}
        self.xforward: t.Dict[str, t.Any] = {}
        self.transactions = [Transaction(envelope) for envelope in dialog.envelopes]
        self.transaction = self.transactions[0]
        self.probes: t.List[t.Dict[str, t.Any]] = [
            {
                "shape": entry.name,
                "sender": entry.sender,
                "recipient": entry.recipient,
                "outcome": "not_tried",
                "reply": None,
            }
            for entry in dialog.probes
        ]
        self.mail_commands = 0
        # From the reply to MAIL until the one to the final dot, or to RSET (RFC 5321 4.1.1.5).
        self.transaction_is_open = False
        # Commands that went out together with an earlier one, and are yet to be answered (RFC 2920).
        self.ahead: t.Deque[Command] = collections.deque()

    @property
    def offered(self) -> Extensions:
        """The extensions to go by: every phase after the greeting has some."""
        return self.extensions  # type: ignore[return-value]

    def may_use(self, keyword: str) -> bool:
        """Whether an extension can be made use of: where it is offered (RFC 5321 2.2.1), or the user insists."""
        return keyword in self.dialog.force or self.offered.offers(keyword)

    @property
    def pipelines(self) -> bool:
        """Whether commands are sent without waiting for the replies to those before: only by choice (RFC 2920)."""
        return self.dialog.pipelining and self.may_use("PIPELINING")

    @property
    def is_last_transaction(self) -> bool:
        return self.transaction is self.transactions[-1]

    def reach(self, phase: str) -> None:
        """A phase is complete. The next transaction begins anew, but what was reached before remains so."""
        if not (phase in TRANSACTION_PHASES and self.reached in TRANSACTION_PHASES[TRANSACTION_PHASES.index(phase) :]):
            self.reached = phase

    def fail(self) -> None:
        """The phase that the conversation is in is the one that broke off; the first of several is the one named."""
        self.failed_phase = self.failed_phase or self.phase
        if self.phase in TRANSACTION_PHASES:
            self.transaction.failed_phase = self.transaction.failed_phase or self.phase

    def as_dict(self) -> t.Dict[str, t.Any]:
        """The part of a check's facts that the conversation itself knows."""
        several = self.transactions if len(self.transactions) > 1 else ()
        return {
            "reached": self.reached,
            "failed_phase": self.failed_phase,
            "ehlo": self._ehlo(),
            "xclient": self.xclient or None,
            "auth": self.auth or None,
            "xforward": self.xforward or None,
            **self.transactions[0].as_dict(),
            "transactions": [
                {"failed_phase": transaction.failed_phase, **transaction.as_dict()} for transaction in several
            ]
            or None,
            "relay": [entry for entry in self.probes if entry["shape"] != "random_recipient"] or None,
            "random_recipient": self._random_recipient(),
        }

    def _random_recipient(self) -> t.Optional[t.Dict[str, t.Any]]:
        for entry in self.probes:
            if entry["shape"] == "random_recipient":
                return {"address": entry["recipient"], "outcome": entry["outcome"], "reply": entry["reply"]}
        return None

    def _not_offered(self) -> t.Optional[t.List[str]]:
        """What the user asked for, and goes without. Before the list that counts is there, nobody knows."""
        if self.extensions is None:
            return None
        return [keyword for keyword in wanted(self.dialog) if not self.may_use(keyword)]

    def _ehlo(self) -> t.Optional[t.Dict[str, t.Any]]:
        # The list that counts is the last one that was given: after TLS where TLS was started (RFC 3207 4.2).
        extensions = self.extensions or self.extensions_before_tls
        if extensions is None:
            return None
        before = self.extensions_before_tls if self.extensions is not None else None
        return {
            "command": self.hello_command,
            "greeting": extensions.greeting,
            "client_seen_as": extensions.client_seen_as(),
            "keywords": extensions.as_list(),
            "not_offered": self._not_offered(),
            "before_tls": before.as_list() if before is not None else None,
        }
