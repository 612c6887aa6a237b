# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The procedure, from 220 to 221, readable from top to bottom (RFC 5321 3 and 4).

``converse(session)`` is a generator without any I/O. It yields what it needs next and is driven by whoever has a
stream: a socket, an SSH channel, a script in a test.

- ``Exchange``: send these octets (none for the banner), wait for one reply. The driver sends the ``Reply`` back in.
- ``Handshake``: start TLS now. The driver sends back None, or the sentence that says why the certificate, asked to be
  verified, is not acceptable.
- ``Farewell``: send these octets if they can be sent; there is nothing to send back.

When the stream is lost the driver throws ``StreamLost`` in, when a reply takes too long ``ServerSilent``, and when the
tester himself wants to stop ``Abandoned``.
What the servers said accumulates in the ``Session``.
"""

from __future__ import annotations

import base64
import contextlib
import typing as t

from . import commands, sasl
from .extensions import Extensions
from .message import Message, dot_stuffed, queue_id
from .replies import Reply

if t.TYPE_CHECKING:
    from ..plan import Dialog

Procedure = t.Generator[t.Union["Exchange", "Handshake", "Farewell"], t.Any, t.Any]


class Exchange(t.NamedTuple):
    """One thing said and the reply it waits for. ``shown`` is the transcript's line; secrets are not in it."""

    phase: str
    wire: bytes = b""
    shown: t.Optional[str] = None


class Handshake(t.NamedTuple):
    phase: str = "starttls"


class Farewell(t.NamedTuple):
    """Send QUIT, but wait for nothing: whoever was silent until now is not waited for again."""

    wire: bytes
    shown: str
    phase: str = "quit"


class StreamLost(Exception):
    """Thrown in by the driver: no reply will come any more."""


class ServerSilent(StreamLost):
    """Thrown in by the driver: no reply came in time, though all of the command went out and the stream is there."""


class Abandoned(Exception):
    """Thrown in by the driver: the tester gives up; say goodbye and end."""


class Refused(Exception):
    """The server's answer leaves nothing further to do but QUIT."""


class ServiceClosing(Exception):
    """421: the server is closing the channel (RFC 5321 4.2.3), so there is nobody left to say QUIT to."""


class Session:
    """What one conversation has brought to light so far, field by field as in the published facts."""

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
        self.mid_message = False
        self.starttls_offered: t.Optional[bool] = None
        self.auth: t.Dict[str, t.Any] = {}
        self.sender: t.Optional[t.Dict[str, t.Any]] = None
        self.recipients: t.List[t.Dict[str, t.Any]] = [
            {
                "address": recipient.address,
                "outcome": "not_tried",
                "notify": list(recipient.notify) or None,
                "reply": None,
            }
            for recipient in dialog.recipients
        ]
        self.message: t.Dict[str, t.Any] = {}
        if dialog.message is not None:
            self.message = {
                "message_id": dialog.message.message_id,
                "token": dialog.message.token,
                "envelope_id": None,
                "size": dialog.message.size,
                "outcome": "not_sent",
                "queue_id": None,
                "reply": None,
            }

    @property
    def offered(self) -> Extensions:
        """The extensions to go by: every phase after the greeting has some."""
        return t.cast(Extensions, self.extensions)

    def as_dict(self) -> t.Dict[str, t.Any]:
        """The part of a check's facts that the conversation itself knows."""
        return {
            "reached": self.reached,
            "failed_phase": self.failed_phase,
            "ehlo": self._ehlo(),
            "auth": self.auth or None,
            "sender": self.sender,
            "recipients": [dict(recipient) for recipient in self.recipients],
            "message": dict(self.message) or None,
        }

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
            "before_tls": before.as_list() if before is not None else None,
        }


def converse(session: Session) -> Procedure:
    """The whole conversation: every phase in its order, up to the one to stop after, then QUIT.

    Never raises; what went wrong stands in ``session.failed_phase`` and in the replies.
    """
    procedure = IMPLICIT_TLS_PROCEDURE if session.dialog.protocol == "smtps" else PROCEDURE
    try:
        for phase, act in procedure:
            session.phase = phase
            took_place = yield from act(session)
            if took_place:
                session.reached = phase
            # An optional phase that did not take place still ends the procedure where it would have been.
            if phase == session.dialog.stop_after:
                break
    except Refused:
        session.failed_phase = session.phase
    except ServerSilent:
        session.failed_phase = session.phase
        yield from leave_unheard(session)
        return
    except (ServiceClosing, StreamLost):
        session.failed_phase = session.phase
        return
    except Abandoned:
        pass
    yield from leave(session)


def banner(session: Session) -> Procedure:
    """RFC 5321 3.1: the server speaks first, and its greeting is awaited before anything is sent."""
    reply = yield from listen(session)
    session.greeted = True
    insist(reply, reply.code == 220)
    return True


def hello(session: Session) -> Procedure:
    """RFC 5321 4.1.1.1: EHLO; where a server does not know it, HELO (RFC 5321 3.2); for LMTP, LHLO (RFC 2033)."""
    session.phase = "ehlo"
    greet = {"lmtp": commands.lhlo, "helo": commands.helo, "ehlo": commands.ehlo}
    verb = "lmtp" if session.dialog.protocol == "lmtp" else session.dialog.hello
    reply = yield from say(session, greet[verb](session.dialog.helo_name))
    if verb == "ehlo" and reply.permanent:
        verb = "helo"
        reply = yield from say(session, commands.helo(session.dialog.helo_name))
    insist(reply, reply.positive)
    session.hello_command = {"lmtp": "LHLO", "helo": "HELO", "ehlo": "EHLO"}[verb]
    # A HELO reply has no extension list, however many lines it has.
    session.extensions = Extensions(reply if verb != "helo" else reply._replace(lines=reply.lines[:1]))
    return True


def starttls(session: Session) -> Procedure:
    """RFC 3207. After a failed attempt nothing is said in clear text: nobody knows what state the server is in."""
    if session.hello_command != "HELO":
        session.starttls_offered = session.offered.offers("STARTTLS")
    if session.dialog.starttls == "never":
        return False
    if not session.starttls_offered:
        if session.dialog.starttls == "required":
            raise Refused
        return False
    reply = yield from say(session, commands.starttls())
    insist(reply, reply.code == 220)
    yield from handshake(session)
    # RFC 3207 4.2: what the server said before is forgotten, and the list is asked for again.
    session.extensions_before_tls, session.extensions = session.extensions, None
    yield from hello(session)
    return True


def handshake(session: Session) -> Procedure:
    """TLS itself. An unacceptable certificate ends the procedure, politely: the channel works, it is not trusted."""
    unacceptable = yield Handshake()
    session.secure = True
    if unacceptable is not None:
        raise Refused
    return True


def authenticate(session: Session) -> Procedure:
    """RFC 4954: AUTH with the strongest mechanism that both sides know, or the one asked for."""
    wanted = session.dialog.auth
    if wanted is None:
        return False
    session.auth = {"mechanism": None, "username": wanted.username, "accepted": None, "problem": None}
    offered = session.offered.auth_mechanisms()
    try:
        name = sasl.choose(offered, wanted.mechanism, session.secure, wanted.allow_clear_text)
        session.auth["mechanism"] = name
        mechanism = sasl.mechanism(name, wanted.username, wanted.password)
        reply = yield from say(session, commands.auth(name, mechanism.initial()))
        while reply.code == 334 and session.auth["problem"] is None:
            reply = yield from say(session, _answer(session, mechanism, reply))
    except sasl.SASLError as error:
        session.auth["problem"] = str(error)
        raise Refused from error
    if session.auth["problem"] is None:
        session.auth["accepted"] = reply.positive
        if reply.positive and not mechanism.finished:
            session.auth["problem"] = f"The server accepted the log-in before {name} was over: nothing was proved."
    insist(reply, session.auth["accepted"] is True)
    return True


def _answer(session: Session, mechanism: t.Any, challenge: Reply) -> commands.Command:
    """The response to a 334, or the cancellation of RFC 4954 4 where the challenge makes no sense."""
    try:
        return commands.auth_response(mechanism.respond(_decoded(challenge)))
    except sasl.SASLError as error:
        session.auth["problem"] = str(error)
        return commands.auth_cancel()


def _decoded(challenge: Reply) -> bytes:
    try:
        return base64.b64decode(challenge.lines[-1].strip(), validate=True)
    except ValueError as error:
        raise sasl.SASLError("The server's challenge is not base64 (RFC 4954 4).") from error


def mail(session: Session) -> Procedure:
    """RFC 5321 4.1.1.2: the reverse-path. Parameters only where their extension is offered."""
    dialog, offers = session.dialog, session.offered.offers
    size = dialog.message.size if dialog.message is not None and offers("SIZE") else None
    ret, envelope_id = (dialog.ret, dialog.envelope_id) if offers("DSN") else (None, None)
    if session.message:
        session.message["envelope_id"] = envelope_id
    session.sender = {"address": dialog.sender, "accepted": None, "reply": None}
    reply = yield from say(session, commands.mail(dialog.sender, size, ret, envelope_id))
    session.sender.update(accepted=reply.positive, reply=reply.as_dict())
    insist(reply, reply.positive)
    return True


def recipients(session: Session) -> Procedure:
    """RFC 5321 4.1.1.3: one RCPT for each recipient, one outcome each. One acceptance is enough to go on."""
    dsn = session.offered.offers("DSN")
    for recipient, outcome in zip(session.dialog.recipients, session.recipients):
        notify = recipient.notify if dsn else ()
        original = recipient.original_recipient if dsn else None
        reply = yield from say(session, commands.rcpt(recipient.address, notify, original))
        outcome["reply"] = reply.as_dict()
        outcome["outcome"] = _outcome(reply)
        # 421 ends it at once. Any other refusal is this recipient's alone.
        insist(reply, reply.code != 421)
    insist(reply, any(recipient["outcome"] == "accepted" for recipient in session.recipients))
    return True


def data(session: Session) -> Procedure:
    """RFC 5321 4.1.1.4: 354 invites the message."""
    reply = yield from say(session, commands.data())
    session.mid_message = reply.code == 354
    if not session.mid_message:
        session.message["outcome"] = "deferred" if reply.transient else "refused"
        session.message["reply"] = reply.as_dict()
    insist(reply, session.mid_message)
    return True


def message(session: Session) -> Procedure:
    """The message and the dot. 250 means that the server has taken responsibility, not that it has delivered."""
    # From the first octet on, silence leaves it open whether the server has the message (RFC 5321 4.5.3.2.6).
    session.message["outcome"] = "unknown"
    sent = t.cast(Message, session.dialog.message)  # without one, DATA is never reached
    reply = yield Exchange("message", dot_stuffed(sent.content), f"<message of {sent.size} octets>")
    session.mid_message = False
    if session.dialog.protocol == "lmtp":
        reply = yield from _lmtp_outcomes(session, reply)
    session.message["outcome"] = _outcome(reply)
    session.message["reply"] = reply.as_dict()
    session.message["queue_id"] = queue_id(reply.lines)
    insist(reply, reply.positive)
    return True


def _lmtp_outcomes(session: Session, first: Reply) -> Procedure:
    """RFC 2033 4.2: one reply for each recipient that was accepted, in the order of the RCPT commands.

    Returns the worst, since a message that one recipient did not get must not read as accepted."""
    accepted = [recipient for recipient in session.recipients if recipient["outcome"] == "accepted"]
    worst = reply = first
    for position, recipient in enumerate(accepted):
        if position > 0:
            reply = yield from listen(session)
        recipient["outcome"] = _outcome(reply)
        recipient["reply"] = reply.as_dict()
        insist(reply, reply.code != 421)
        worst = max(worst, reply, key=lambda candidate: candidate.code or 0)
    return worst


def leave(session: Session) -> Procedure:
    """RFC 5321 4.1.1.10: QUIT, and its 221, which some servers never send; that harms nobody.

    After 354 the server reads a message and would take QUIT for a line of it. The only way out is then to hang up,
    and the server must discard what it has."""
    if session.mid_message:
        return
    with contextlib.suppress(StreamLost, Abandoned):
        if not session.greeted:
            # Implicit TLS that is not acceptable: the greeting is on its way, and comes first all the same.
            session.phase = "banner"
            yield from listen(session)
        session.phase = "quit"
        yield from say(session, commands.quit())


def leave_unheard(session: Session) -> Procedure:
    """QUIT for a server that fell silent: it reads that when it wakes up, and does not find the connection just gone.

    Not before the banner, where the client has no say yet (RFC 5321 3.1), and not where QUIT would be read as
    something else: as the answer to an AUTH challenge, or as a line of the message that DATA asked to send."""
    if session.phase not in ("banner", "auth", "data"):
        session.phase = "quit"
        command = commands.quit()
        yield Farewell(command.wire, command.shown)


PROCEDURE = (
    ("banner", banner),
    ("ehlo", hello),
    ("starttls", starttls),
    ("auth", authenticate),
    ("mail", mail),
    ("rcpt", recipients),
    ("data", data),
    ("message", message),
)
IMPLICIT_TLS_PROCEDURE = (("starttls", handshake), *(step for step in PROCEDURE if step[0] != "starttls"))


def say(session: Session, command: commands.Command) -> Procedure:
    """Send one command and return its reply."""
    return (yield Exchange(session.phase, command.wire, command.shown))


def listen(session: Session) -> Procedure:
    """Return the next reply without having sent anything."""
    return (yield Exchange(session.phase))


def insist(reply: Reply, satisfied: bool) -> None:
    """Go on only with the reply that the procedure needs here."""
    if reply.code == 421:
        raise ServiceClosing
    if not satisfied:
        raise Refused


def _outcome(reply: Reply) -> str:
    if reply.positive:
        return "accepted"
    return "deferred" if reply.transient else "refused"
