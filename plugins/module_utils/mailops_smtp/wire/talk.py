# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""One conversation over one stream: moves octets between the two, keeps the time, writes down every step.

A ``Talk`` never blocks and never waits: the engine tells it that its stream opened, can be read, can be written, or
that its time is over. It tells the engine when it wants to write, by when it wants to hear something, and when it is
done. A **stream** is anything with the non-blocking socket's ``fileno``, ``recv``, ``send`` and ``close``.
"""

from __future__ import annotations

import contextlib
import ssl
import typing as t

from ..dialog.conversation import converse
from ..dialog.exchange import Abandoned, Exchange, Farewell, Handshake, ServerSilent, StreamLost
from ..dialog.octets import Unreadable
from ..dialog.replies import Reply, ReplyError, ReplyReader
from ..dialog.session import Session
from ..evidence import TARGET_ERRORS, TLS, Step, StepError, without_tls
from .dane import judged
from .job import Job
from .outbox import Outbox
from .proxy import Negotiation
from .proxy_protocol import Announcement
from .tls import TLSFailure, TLSStream, why_unacceptable

RECEIVE_OCTETS = 65536

# What comes before the first octet of SMTP, and of TLS.
Preparation = (Negotiation, Announcement)


class Talk:
    """The check while it is under way.

    Thousands are open at a time and each goes through these lines for every reply, so they are written for speed: one
    look at the clock serves the end of a step and the beginning of the next.
    """

    __slots__ = (
        "_acknowledge",
        "_carrier",
        "_clock",
        "_give_up",
        "_leaving",
        "_now",
        "_outbox",
        "_preparations",
        "_procedure",
        "_reader",
        "_request",
        "_since",
        "_started",
        "_tls",
        "_unsolicited",
        "deadline",
        "descriptor",
        "done",
        "events",
        "job",
        "local_address",
        "local_port",
        "scheduled",
        "seconds",
        "session",
        "started_at",
        "steps",
        "stream",
        "tls_facts",
        "told_to_go",
    )

    def __init__(self, job: Job, clock: t.Callable[[], float], now: t.Callable[[], float]) -> None:
        self.job = job
        # Only now: of ten thousand checks, nearly all wait for their turn.
        self.session = Session(job.dialog)
        self.started_at = now()
        self.steps: t.List[Step] = []
        self.tls_facts: t.Optional[TLS] = None
        self.stream: t.Any = None
        self._carrier: t.Any = None  # the stream below TLS
        self.local_address: t.Optional[str] = None
        self.local_port: t.Optional[int] = None
        self.done = False
        # The server answered 421: it is closing, or has enough of this client (RFC 5321 3.8).
        self.told_to_go = False
        # What the engine watches of the stream.
        self.descriptor = -1
        self.events = 0
        self.seconds = 0.0
        self._clock = clock
        self._now = now
        self._started = self._since = clock()
        self._give_up = self._started + job.timeouts.total
        # A jump host is logged in to once for many checks, within time limits of its own.
        patience = job.timeouts.connect if job.open_channel is None else job.timeouts.total
        self.deadline = min(self._since + patience, self._give_up)
        self.scheduled = float("inf")  # when the engine will look at the deadline
        self._procedure = converse(self.session)
        self._reader = ReplyReader()
        self._request: t.Union[Negotiation, Announcement, Exchange, Handshake, Farewell, None] = None
        self._preparations: t.Iterator[t.Union[Negotiation, Announcement]] = iter(())
        if job.proxy is not None or job.proxy_protocol is not None:
            self._preparations = self._prepared_by()
        self._unsolicited: t.Optional[str] = None
        self._outbox = Outbox()
        self._tls: t.Optional[TLSStream] = None
        self._leaving = False
        # Has what came acknowledged at once; None where the stream is no connection of our own.
        self._acknowledge: t.Optional[t.Callable[[], None]] = None

    @property
    def tls_session(self) -> t.Optional[ssl.SSLSession]:
        """What another talk with this server can take up again, None where there is no such thing."""
        return self._tls.session() if self._tls is not None else None

    @property
    def began(self) -> float:
        """When, by the clock."""
        return self._started

    @property
    def connecting(self) -> bool:
        return self.stream is None and not self.done

    @property
    def wants_write(self) -> bool:
        if self._outbox.octets:
            return True
        if self._tls is not None:
            return self._tls.unsent()
        return isinstance(self._request, Preparation) and self._request.wants_write

    def opened(self, stream: t.Any, acknowledge: t.Optional[t.Callable[[], None]] = None) -> None:
        """The connection is there; the conversation begins by listening, or with TLS where that comes first.

        :param acknowledge: has what came acknowledged at once, as far as that is this side's to decide.
        """
        self.stream = stream
        self._acknowledge = acknowledge
        self._carrier = stream
        self._record(None)
        self.session.reached = "connect"
        self._begin()

    def open_failed(self, error: StepError) -> None:
        """There is no usable connection, so nothing of the conversation takes place."""
        if self.connecting and self.job.proxy is not None and error.kind in TARGET_ERRORS:
            error = StepError("proxy", f"The proxy cannot be reached: {error.detail}")
        self._record(error)
        self.session.failed_phase = self.session.phase
        self._finish()

    def readable(self) -> None:
        """The stream has something, or has ended."""
        if not isinstance(self._request, Exchange):
            if isinstance(self._request, Preparation):
                self._prepare()
            elif isinstance(self._request, Handshake):
                self._continue_handshake()
            return
        more = True
        while more and not self.done and isinstance(self._request, Exchange):
            try:
                octets = self.stream.recv(RECEIVE_OCTETS)
            except BlockingIOError:
                # Nothing for the conversation, but perhaps a session ticket, behind which the reply waits.
                self._ask_for_the_rest()
                return
            except OSError as error:
                self._lost(_lost_kind(error), _lost_detail(error))
                return
            if not octets:
                self._lost("closed", "The server closed the connection.")
                return
            self._reader.receive(octets)
            # The reply to a message counts once all of the message is out; before, only a lost stream ends it.
            if not self._outbox.octets:
                request = self._request
                self._hear()
                if self._request is request:
                    self._ask_for_the_rest()
            elif self._reader.overfull:
                self._lost("too_large", "The server talks without end instead of taking what is sent.")
            more = self._tls is not None and self._tls.pending()

    def _ask_for_the_rest(self) -> None:
        """What came is not all of it. A server that writes in pieces sends no second one before the first is
        acknowledged (Nagle's algorithm, RFC 1122 4.2.3.4), which this side's system puts off by up to 40 ms (4.2.3.2).
        """
        if self._acknowledge is not None:
            self._acknowledge()

    def writable(self) -> None:
        """The stream can take more."""
        if isinstance(self._request, Preparation):
            self._prepare()
        elif isinstance(self._request, Handshake):
            self._continue_handshake()
        else:
            self._send()
            if not self._outbox.octets and not self.done:
                self._hear()

    def expired(self) -> None:
        """The deadline has passed."""
        patience = self.job.timeouts
        if self.connecting:
            limit = min(patience.connect, patience.total) if self.job.open_channel is None else patience.total
            kind = "timeout" if self.job.open_channel is None else "tunnel"
            self.open_failed(StepError(kind, f"No connection within {limit:g} s."))
        elif isinstance(self._request, Preparation):
            limit = min(patience.of(self._request.phase), patience.total)
            self.open_failed(StepError(self._request.error_when_late, f"Nothing went through within {limit:g} s."))
        elif self._clock() >= self._give_up:
            self._lost("timeout", f"The check took longer than the {patience.total:g} s that it may take.")
        elif isinstance(self._request, Handshake):
            self._lost("silent", f"The TLS handshake did not end within {patience.of('starttls'):g} s.")
        else:
            phase = self._request.phase if self._request is not None else self.session.phase
            limit = patience.of(phase, bool(self._outbox.octets))
            self._lost("silent", f"No complete reply within {limit:g} s.")

    def abandon(self) -> None:
        """The tester wants to go. What can be said goodbye to is: once the reply that is due has come."""
        if self.connecting:
            self.open_failed(StepError("local", "The run was interrupted."))
        self._leaving = True

    def crashed(self, error: BaseException) -> None:
        """A defect of this software must cost no other check its result, nor hide itself in this one."""
        self._record(StepError("crashed", f"{type(error).__name__}: {error}"))
        self.session.failed_phase = self.session.phase
        self._finish()

    def close(self) -> None:
        """Let go of the stream."""
        self._procedure.close()
        if self.stream is not None:
            self.stream.close()

    def _prepared_by(self) -> t.Iterator[t.Union[Negotiation, Announcement]]:
        """What comes before the conversation. Each is made when it is due: a socket then knows its own address."""
        endpoint = self.job.endpoint
        if self.job.proxy is not None:
            yield Negotiation(self.job.proxy, endpoint.address or endpoint.host, t.cast(int, endpoint.port))
        given = self.job.proxy_protocol
        if given is not None:
            yield Announcement(
                given.version,
                (given.source or self.local_address, given.source_port or self.local_port),
                (given.destination or endpoint.address, given.destination_port or endpoint.port),
            )

    def _begin(self) -> None:
        """With the next preparation, and when all are made with the conversation."""
        preparation = next(self._preparations, None)
        if preparation is None:
            self._run(self._procedure.send, None)
            return
        self._request = preparation
        self.session.phase = preparation.phase
        self._deadline_from(self._since)
        self._prepare()

    def _prepare(self) -> None:
        preparation = t.cast(t.Union[Negotiation, Announcement], self._request)
        try:
            if not preparation.advance(self.stream):
                return
        except OSError as error:
            self.open_failed(StepError(_lost_kind(error), _lost_detail(error)))
            return
        self._record(None)
        self.session.reached = preparation.phase
        self._begin()

    def _run(self, resume: t.Callable[[t.Any], t.Any], value: t.Any) -> None:
        """Let the conversation go on until it waits for the network or has ended.

        :param resume: the procedure's ``send`` or ``throw``, which takes ``value``.
        """
        while True:
            try:
                request = resume(value)
            except StopIteration:
                self._finish()
                return
            # Inside an AUTH exchange QUIT would be read as the answer to a challenge.
            if self._leaving and self.session.phase not in ("auth", "quit"):
                self._leaving = False
                # Where TLS is due, nothing can be said in clear text any more, not even goodbye.
                resume = self._procedure.throw
                value = StreamLost() if isinstance(request, Handshake) else Abandoned()
                continue
            self._request = request
            # Since the step before ended, or this request came out of nothing: a look at the clock was due just now.
            self._deadline_from(self._since)
            if not isinstance(request, Exchange):
                if isinstance(request, Handshake):
                    self._begin_handshake()
                    return
                self._send_unheard(request)
                resume, value = self._procedure.send, None
                continue
            if request.speaks:
                # What came before this command cannot be its reply.
                reader = self._reader
                self._unsolicited = reader.unsolicited()
                auth = self.session.dialog.auth
                if auth is not None:
                    reader.concealed = request.secrets(auth.password)
                    reader.confidential = request.phase == "auth"
                self._outbox.put(request.wire, request.content)
                self._send()
                if not request.awaits_reply and self._request is request:
                    self._hear()
                return
            reply = self._next_reply()
            if reply is None:
                return
            resume, value = self._procedure.send, reply

    def _hear(self) -> None:
        """All of a command is out: go on with its reply if that is there, or if none is awaited without."""
        if isinstance(self._request, Exchange) and not self._request.awaits_reply:
            # What TLS has not let out yet would be lost with the connection.
            if not self.wants_write:
                self._record(None)
                self._run(self._procedure.send, None)
            return
        reply = self._next_reply()
        if reply is not None:
            self._run(self._procedure.send, reply)

    def _next_reply(self) -> t.Optional[Reply]:
        try:
            reply = self._reader.next_reply()
        except ReplyError as error:
            self._lost(error.kind, error.detail, error.seen)
            return None
        if reply is not None:
            self._record(None, reply)
        return reply

    def _send(self) -> None:
        try:
            if self._outbox.send(self.stream):
                self._deadline_from(self._clock())
            if self._tls is not None:
                self._tls.flush()
        except Unreadable as error:
            self._lost("unreadable", str(error))
        except OSError as error:
            # A server that refuses and hangs up may have said why: the more specific answer counts.
            self._outbox.empty()
            self._drain()
            reply = None if self.done else self._next_reply()
            if reply is not None:
                self._run(self._procedure.send, reply)
            elif not self.done:
                self._lost(_lost_kind(error), _lost_detail(error))

    def _send_unheard(self, farewell: Farewell) -> None:
        with contextlib.suppress(OSError):
            self.stream.send(farewell.wire)
            if self._tls is not None:
                self._tls.flush()
        self._record(None)

    def _drain(self) -> None:
        """Take in what arrived before the stream was lost."""
        try:
            octets = self.stream.recv(RECEIVE_OCTETS)
        except OSError:
            return
        self._reader.receive(octets)

    def _deadline_from(self, moment: float) -> None:
        """When the patience for what is requested now ends, if it begins at ``moment``."""
        request, give_up = self._request, self._give_up
        patience = self.job.timeouts.of(request.phase, bool(self._outbox.octets)) if request is not None else 0.0
        self.deadline = moment + patience if moment + patience < give_up else give_up

    def _begin_handshake(self) -> None:
        # RFC 3207 4: nothing that was sent in clear text after the 220 may be taken for something said under TLS.
        self._unsolicited = self._reader.unsolicited()
        self._tls = TLSStream(self.stream, self.job.tls, self.job.server_name, self.job.tls_session)
        self._continue_handshake()

    def _continue_handshake(self) -> None:
        tls = t.cast(TLSStream, self._tls)
        try:
            if not tls.handshake():
                self._ask_for_the_rest()
                return
        except TLSFailure as failure:
            self._lost("tls", str(failure))
            return
        except OSError as error:
            self._lost(_lost_kind(error), _lost_detail(error))
            return
        self.stream = tls
        self.tls_facts = tls.observed(self._now(), self._offered(), self.job.dane)
        self.session.channel_bindings = tls.channel_bindings()
        unacceptable = why_unacceptable(self.tls_facts) if self.job.verify else None
        self._record(StepError("tls", unacceptable) if unacceptable else None)
        self._run(self._procedure.send, unacceptable)
        if not self.done:
            # The banner of implicit TLS can arrive together with the end of the handshake.
            self.readable()

    def _offered(self) -> t.Optional[bool]:
        return True if self.session.dialog.protocol == "smtps" else self.session.starttls_offered

    def _lost(self, kind: str, detail: str, seen: t.Optional[Reply] = None) -> None:
        """The stream is gone or of no use any more. A whole reply that came before counts first."""
        if kind in ("silent", "timeout") and self.job.open_channel is not None:
            # Whose silence it is: the server's, or that of the way to it.
            ask = getattr(self._carrier, "lost_on_the_way", None)
            lost = ask() if ask is not None else None
            kind, detail = (kind, detail) if lost is None else (_lost_kind(lost), _lost_detail(lost))
        if kind in ("closed", "reset") and isinstance(self._request, Exchange):
            self._outbox.empty()
            reply = self._next_reply()
            if self.done:
                return
            if reply is not None:
                self._run(self._procedure.send, reply)
                return
        # Whoever did not take all of a command cannot be told QUIT.
        silent = kind in ("silent", "timeout") and isinstance(self._request, Exchange) and not self.wants_write
        self._record(StepError(kind, detail), seen or self._reader.incomplete())
        self._outbox.empty()
        self._run(self._procedure.throw, ServerSilent() if silent else StreamLost())

    def _record(self, error: t.Optional[StepError], reply: t.Optional[Reply] = None) -> None:
        request, self._request = self._request, None
        since, ended = self._since, self._clock()
        if reply is not None:
            if request is not None and request.phase == "auth":
                reply = reply.without_secrets()
            if reply.code == 421:
                self.told_to_go = True
        at, seconds, tls = since - self._started, ended - since, self._tls is not None and self.stream is self._tls
        if isinstance(request, Exchange):
            step = Step(
                request.phase,
                request.shown,
                reply,
                error,
                at,
                seconds,
                tls,
                self._unsolicited,
                request.expected,
                request.pipelined,
            )
        elif request is None:
            step = Step("connect", None, reply, error, at, seconds, tls, self._unsolicited)
        else:
            shown = None if isinstance(request, Handshake) else request.shown
            step = Step(request.phase, shown, reply, error, at, seconds, tls, self._unsolicited)
        self.steps.append(step)
        self._unsolicited = None
        self._since = ended

    def _finish(self) -> None:
        self.done = True
        self.seconds = self._clock() - self._started
        self._outbox.empty()
        if self._tls is None:
            dane = judged(self.job.dane, ()) if self.job.dane is not None else None
            offered = self.session.starttls_offered
            self.tls_facts = without_tls(offered) if dane is None else TLS(offered=offered, dane=dane)
            return
        facts = self.tls_facts or self._tls.observed(self._now(), self._offered(), self.job.dane)
        # Tickets come after the handshake.
        self.tls_facts = facts._replace(session=self._tls.resumption())


def _lost_kind(error: OSError) -> str:
    return getattr(error, "kind", "reset")


def _lost_detail(error: OSError) -> str:
    reason = error.strerror or str(error)
    # What TLS and the jump host's SSH have to say is a sentence of its own.
    return reason if hasattr(error, "kind") else f"The connection was lost: {reason}."
