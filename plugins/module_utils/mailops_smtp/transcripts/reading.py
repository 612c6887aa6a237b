# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From who said what to the facts of a check, as docs/facts.schema.json has them.

A transcript tells less than a check of our own sees. What it does not tell is null, times are 0 where it has none, and
nothing is known of a certificate. The vantage's mode is ``transcript``. What was said in AUTH is masked here too: a
pasted ticket is no place for passwords either.
"""

from __future__ import annotations

import re
import typing as t

from ..dialog.commands import MASK
from ..dialog.extensions import Extensions
from ..dialog.message import queue_id
from ..dialog.replies import NotAReply, Reply, ReplyReader, TooLarge, printable
from ..dialog.sasl import MECHANISMS
from ..evidence import TLS, Check, Endpoint, Step, StepError, Vantage
from .events import Event, NotADialog, events

_PHASES = {
    "EHLO": "ehlo", "HELO": "ehlo", "LHLO": "ehlo", "STARTTLS": "starttls", "XCLIENT": "xclient", "AUTH": "auth",
    "XFORWARD": "xforward", "MAIL": "mail", "RCPT": "rcpt", "DATA": "data", "BDAT": "data", "QUIT": "quit",
}  # fmt: skip
_NO_CONNECTION = ("refused", "timeout", "unreachable", "unresolved")
# How our own transcripts show a message.
_OUR_MESSAGE = re.compile(r"<message of [0-9]{1,20} octets>")
_OUTCOMES = {"2": "accepted", "3": "accepted", "4": "deferred"}


def read_transcript(
    text: str, host: str = "unknown", port: int = 25, address: t.Optional[str] = None, vantage: str = "transcript"
) -> t.Dict[str, t.Any]:
    """The evidence in a transcript of telnet, nc, openssl s_client or swaks, or in one of our own.

    :param host: what was connected to, with ``port`` and ``address``, as far as the reader knows.
    :raises NotADialog: where it has no dialog in it.
    """
    told = list(events(text))
    if not any(event.kind in ("server", "client") for event in told) and not any(
        event.kind in (*_NO_CONNECTION, "closed", "reset") for event in told
    ):
        raise NotADialog("This is no SMTP dialog: it has neither a reply nor a command, nor a failed connection.")
    reader = _Reader()
    for event in told:
        reader.take(event)
    reader.end()
    lmtp = any((step.sent or "").upper().startswith("LHLO") for step in reader.steps)
    family = None if address is None else "ipv6" if ":" in address else "ipv4"
    return Check(
        vantage=Vantage(vantage, "transcript"),
        target=host if port is None else f"{host}:{port}",
        endpoint=Endpoint(host, address, family, port),
        protocol="lmtp" if lmtp else "esmtp",
        started_at=None,
        seconds=None,
        dialog=reader.as_dict(),
        tls=reader.tls,
        steps=tuple(reader.steps),
    ).as_dict()


class _Reader:
    """Goes through the events and keeps what they come to, as a conversation's session does."""

    def __init__(self) -> None:
        self.steps: t.List[Step] = []
        self.tls = TLS()
        self.lists: t.List[t.Tuple[str, bool, Extensions]] = []
        self.waiting: t.List[t.Tuple[str, t.Optional[str], float]] = [("banner", None, 0.0)]
        self.replies = ReplyReader()
        self.at = 0.0
        self.in_auth = False
        self.in_message = False
        self.secure = False

    def take(self, event: Event) -> None:
        self.at = max(self.at, event.at or 0.0)
        self.secure = self.secure or event.tls
        if event.kind == "server":
            self._hear(event.text)
        elif event.kind == "client":
            self._say(event.text)
        elif event.kind == "connected":
            self._connected()
        elif event.kind == "unseen":
            self.waiting = []
        elif event.kind in ("tls", "tls failed"):
            self._handshake(event)
        else:
            self._lost(event)

    def end(self) -> None:
        """A command that is left over was not answered before the transcript ends: nothing is known of it."""
        if not self.steps:
            raise NotADialog("This is no SMTP dialog: nobody answers in it.")

    def _connected(self) -> None:
        if not self.steps:
            self.steps.append(Step("connect", None, None, None, 0.0, self.at, False))

    def _say(self, text: str) -> None:
        self._connected()
        if self.in_message:
            if text == "." or _OUR_MESSAGE.fullmatch(text):
                self.in_message = False
                self.waiting.append(("message", "<message>" if text == "." else text, self.at))
            return
        if self.in_auth:
            self.waiting.append(("auth", MASK, self.at))
            return
        verb = text.split(" ", 1)[0].upper()
        shown = printable(text)
        if verb == "AUTH":
            words = text.split()
            shown = " ".join([*(printable(word) for word in words[:2]), *([MASK] if words[2:] else [])])
            self.in_auth = True
        self.waiting.append((_PHASES.get(verb, "extra"), shown, self.at))

    def _hear(self, text: str) -> None:
        self._connected()
        self.replies.receive(text.encode("utf-8", "replace") + b"\r\n")
        try:
            reply = self.replies.next_reply()
        except (NotAReply, TooLarge) as error:
            phase, sent, at = self.waiting.pop(0) if self.waiting else ("extra", None, self.at)
            self._add(phase, sent, Reply(None, None, (printable(text),)), StepError("protocol", str(error)), at)
            self.replies = ReplyReader()
            return
        if reply is None:
            return
        if not self.waiting:
            # LMTP has a reply for each recipient (RFC 2033 4.2). Anything else was said without being asked.
            again = bool(self.steps) and self.steps[-1].phase == "message"
            self.waiting.append(("message" if again else "extra", None, self.at))
        phase, sent, at = self.waiting.pop(0)
        if phase == "auth":
            reply = reply.without_secrets()
            self.in_auth = reply.code == 334
        self._add(phase, sent, reply, None, at)
        self.in_message = phase == "data" and reply.code == 354
        if phase == "ehlo" and reply.positive:
            verb = (sent or "EHLO")[:4].upper()
            listed = reply if verb != "HELO" else reply._replace(lines=reply.lines[:1])
            self.lists.append((verb, self.secure, Extensions(listed)))

    def _handshake(self, event: Event) -> None:
        offered = any(entry[2].offers("STARTTLS") for entry in self.lists) if self.lists else None
        if event.kind == "tls failed":
            self.tls = TLS(offered=offered, established=False)
            self._add("starttls", None, None, StepError("tls", printable(event.text)), self.at)
            return
        words = event.text.replace("cipher ", "").replace("TLS started with ", "").replace(":", " ").split()
        version = next((word for word in words if word.startswith(("TLSv", "SSLv"))), None)
        cipher = next((word for word in words if "_" in word or word.count("-") > 1), None)
        self.secure = True
        self.tls = TLS(offered=offered, established=True, version=version, cipher=cipher)
        self._add("starttls", None, None, None, self.at)

    def _lost(self, event: Event) -> None:
        """Whoever hangs up after QUIT does what he should."""
        if not self.steps:
            phase = "resolve" if event.kind == "unresolved" else "connect"
            self._add(phase, None, None, StepError(event.kind, printable(event.text)), self.at)
            self.waiting = []
        elif self.waiting:
            phase, sent, at = self.waiting.pop(0)
            self._add(phase, sent, None, StepError(event.kind, printable(event.text)), at)
            self.waiting = []

    def _add(
        self,
        phase: str,
        sent: t.Optional[str],
        reply: t.Optional[Reply],
        error: t.Optional[StepError],
        at: float,
    ) -> None:
        secure = self.secure and not (phase == "starttls" and sent is not None)
        self.steps.append(Step(phase, sent, reply, error, at, max(self.at - at, 0.0), secure))

    def as_dict(self) -> t.Dict[str, t.Any]:
        failed = self._failed()
        completed = [step.phase for step in self.steps if _good(step) and step.phase not in (failed, "quit", "extra")]
        senders = [step for step in self.steps if step.phase == "mail"]
        if self.lists and self.tls.offered is None and self.tls.established is None:
            self.tls = TLS(offered=any(entry[2].offers("STARTTLS") for entry in self.lists))
        return {
            "reached": completed[-1] if completed else None,
            "failed_phase": failed,
            "ehlo": self._ehlo(),
            "xclient": None,
            "auth": self._auth(),
            "xforward": None,
            "sender": _sender(senders[0]) if senders else None,
            "recipients": self._recipients(),
            "message": self._message(),
            "transactions": None,
        }

    def _recipients(self) -> t.List[t.Dict[str, t.Any]]:
        """In LMTP, what becomes of the message decides about each recipient that was accepted (RFC 2033 4.2)."""
        people = [_recipient(step) for step in self.steps if step.phase == "rcpt"]
        taken = [person for person in people if person["outcome"] == "accepted"]
        stored = [step.reply for step in self.steps if step.phase == "message" and step.reply is not None]
        if any(entry[0] == "LHLO" for entry in self.lists) and len(taken) == len(stored):
            for person, reply in zip(taken, stored):
                person["outcome"] = _OUTCOMES.get(str(reply.code)[:1], "refused")
        return people

    def _failed(self) -> t.Optional[str]:
        """EHLO may be refused where HELO is not, and one accepted recipient is enough."""
        for step in self.steps:
            if step.phase in ("extra", "quit") or _good(step):
                continue
            same = [other for other in self.steps if other.phase == step.phase]
            ended = step.error is not None or (step.reply is not None and step.reply.code == 421)
            if ended or step.phase not in ("ehlo", "rcpt") or not any(_good(other) for other in same):
                return step.phase
        return None

    def _ehlo(self) -> t.Optional[t.Dict[str, t.Any]]:
        if not self.lists:
            return None
        verb, secure, extensions = self.lists[-1]
        before = [entry[2] for entry in self.lists if not entry[1]] if secure else []
        return {
            "command": verb,
            "greeting": extensions.greeting,
            "client_seen_as": extensions.client_seen_as(),
            "keywords": extensions.as_list(),
            "not_offered": [],
            "before_tls": before[-1].as_list() if before else None,
        }

    def _auth(self) -> t.Optional[t.Dict[str, t.Any]]:
        steps = [step for step in self.steps if step.phase == "auth"]
        if not steps:
            return None
        words = (steps[0].sent or "").split()
        accepted = any(step.reply is not None and step.reply.code == 235 for step in steps)
        mechanism = words[1].upper() if len(words) > 1 else None
        return {
            "mechanism": mechanism if mechanism in MECHANISMS else None,
            "username": None,
            "channel_binding": None,
            "accepted": accepted,
            "problem": None,
        }

    def _message(self) -> t.Optional[t.Dict[str, t.Any]]:
        steps = [step for step in self.steps if step.phase == "message"]
        if not steps:
            return None
        reply = steps[-1].reply
        return {
            "message_id": None,
            "token": None,
            "envelope_id": None,
            "subject": None,
            "text": None,
            "size": None,
            "transfer": "data",
            "prdr": None,
            "outcome": "unknown" if reply is None else _OUTCOMES.get(str(reply.code)[:1], "refused"),
            "queue_id": queue_id(reply.lines) if reply is not None else None,
            "reply": reply.as_dict() if reply is not None else None,
        }


def _good(step: Step) -> bool:
    if step.error is not None:
        return False
    if step.reply is None:
        return True
    wanted = {"banner": (220,), "starttls": (220,), "data": (354, 250), "auth": (235, 334)}.get(step.phase)
    return step.reply.code in wanted if wanted else step.reply.positive


def _path(step: Step) -> str:
    """The address of MAIL FROM or RCPT TO; whoever types it by hand may forget the brackets."""
    text = (step.sent or "").partition(":")[2].strip()
    return printable(text.partition("<")[2].partition(">")[0] if "<" in text else text.partition(" ")[0])


def _sender(step: Step) -> t.Dict[str, t.Any]:
    reply = step.reply
    accepted = reply.positive if reply is not None else None
    return {"address": _path(step), "accepted": accepted, "problem": None, "reply": reply and reply.as_dict()}


def _recipient(step: Step) -> t.Dict[str, t.Any]:
    reply = step.reply
    outcome = "not_tried" if reply is None else _OUTCOMES.get(str(reply.code)[:1], "refused")
    return {
        "address": _path(step),
        "outcome": outcome,
        "reason": None,
        "notify": None,
        "reply": reply and reply.as_dict(),
    }
