# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Many conversations at once, in one thread, whatever their streams are made of.

The engine opens connections when it is their turn (``manners``), waits for whichever stream has something to say, and
hands that to its ``Talk``. One check or ten thousand take this path. Nothing in it takes longer where more is open. An
interrupted run says goodbye to everybody.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import functools
import heapq
import itertools
import os
import socket
import time
import typing as t

from ..evidence import StepError
from . import descriptors
from .job import Job
from .manners import Manners, Queue
from .readiness import READ, WRITE, readiness
from .talk import Talk

# How many connections are begun before the streams that are open have their turn: each takes some 50 microseconds,
# and what arrives meanwhile would be timed as so much later.
BEGIN_AT_ONCE = 32

# How many that have ended are handed over before the others have their turn again: whoever takes them may judge them,
# which takes its time.
END_AT_ONCE = 16

# How often a stream is asked for room that cannot announce it (an SSH channel whose window is full).
POLLING_SECONDS = 0.02

# What an interrupted run still waits for, so that open sessions end with QUIT.
FAREWELL_SECONDS = 2.0

_CONNECT_ERRORS = {
    errno.ECONNREFUSED: "refused",
    errno.ENOENT: "refused",  # no such socket file: the server makes it when it starts
    errno.ECONNRESET: "reset",
    errno.ETIMEDOUT: "timeout",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
    # ICMPv6 "administratively prohibited" arrives as this one. A firewall of our own answers at once instead.
    errno.EACCES: "unreachable",
}

# Linux makes a socket non-blocking at once, elsewhere that is a call of its own.
_NON_BLOCKING = getattr(socket, "SOCK_NONBLOCK", 0)

_FAMILIES: t.Mapping[t.Optional[str], int] = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6, "unix": socket.AF_UNIX}

Server = t.Tuple[str, t.Optional[int]]


class TurnedAway(t.NamedTuple):
    """In place of a talk: the check was not made, and the sentence says why."""

    reason: str


Outcome = t.Union[Talk, TurnedAway]


class Engine:
    """Makes checks. One engine, one run: what it learns of a server's patience holds for all its checks.

    :param manners: how many connections at a time, and how often (``manners.Manners``).
    :param begun: told of each job before its connection is begun.
    """

    def __init__(
        self,
        clock: t.Callable[[], float] = time.monotonic,
        now: t.Callable[[], float] = time.time,
        manners: t.Any = None,
        begun: t.Optional[t.Callable[[Job], None]] = None,
    ) -> None:
        self._begun = begun
        self._clock = clock
        self._now = now
        self._manners = manners if manners is not None else Manners()
        self._queue = Queue(self._manners, _server)
        self._at_once = self._manners.at_once
        self._readiness = readiness()
        self._talks: t.Set[Talk] = set()
        self._sockets: t.Dict[Talk, socket.socket] = {}
        self._polled: t.Set[Talk] = set()
        self._deadlines: t.List[t.Tuple[float, int, Talk]] = []
        self._sequence = itertools.count()
        self._ended: t.Deque[t.Tuple[Job, Outcome]] = collections.deque()
        # Streams from elsewhere are reported by other threads; a byte through this pair wakes the loop.
        self._reports: t.Deque[t.Tuple[Talk, t.Any, t.Optional[StepError]]] = collections.deque()
        self._awoken, self._wake_up = socket.socketpair()
        self._awoken.setblocking(False)
        self._wake_up.setblocking(False)

    def add(self, job: Job, delay: float = 0.0) -> None:
        """One more check, also while the run is under way; it waits for ``delay`` seconds at least."""
        self._queue.add(job, self._clock(), delay)

    def run(self, jobs: t.Iterable[Job]) -> t.Iterator[t.Tuple[Job, Outcome]]:
        """Make all checks and yield each as it ends, or as it turns out that it will not be made.

        An interrupted run (a signal's exception raised in here, or the generator closed) says goodbye to the servers
        that it is talking to before it ends."""
        streams = 1
        for job in jobs:
            # What comes through a jump host has two descriptors, those of a pipe.
            streams = 2 if job.open_channel is not None else streams
            self.add(job)
        self._at_once = min(self._at_once, len(self._queue) or 1)
        self._at_once = max(1, descriptors.room_for(self._at_once * streams) // streams)
        self._readiness.register(self._awoken.fileno(), READ, None)
        try:
            while self._talks or self._queue or self._ended:
                begun = self._begin_what_may_begin()
                self._ended.extend((job, TurnedAway(reason)) for job, reason in self._queue.turned_away())
                if self._talks or self._queue:
                    self._wait(0.0 if self._ended or begun else None)
                for _number in range(min(len(self._ended), END_AT_ONCE)):
                    yield self._ended.popleft()
        finally:
            try:
                self._say_goodbye()
            finally:
                for talk in tuple(self._talks):
                    self._release(talk)
                self._readiness.close()
                self._awoken.close()
                self._wake_up.close()
                for _talk, stream, _error in self._reports:
                    if stream is not None:
                        stream.close()

    def _begin_what_may_begin(self) -> bool:
        """Returns whether there may be more that can begin at once."""
        for _number in range(BEGIN_AT_ONCE):
            if len(self._talks) >= self._at_once:
                return False
            job = self._queue.take(self._clock())
            if job is None:
                return False
            self._begin(job)
        return True

    def _begin(self, job: Job) -> None:
        if self._begun is not None:
            self._begun(job)
        talk = Talk(job, self._clock, self._now)
        self._talks.add(talk)
        if job.open_channel is not None:
            host = job.endpoint.address or job.endpoint.host
            report = functools.partial(self._report, talk)
            self._guarded(talk, job.open_channel, host, job.endpoint.port, job.timeouts.connect, report)
        else:
            self._guarded(talk, self._connect, talk)
        if talk in self._talks:
            self._settle(talk)

    def _wait_for_a_descriptor(self, talk: Talk) -> None:
        """The limit is lower than it seemed, or somebody else in this process has what was left: those that are open
        are as many as can be."""
        self._talks.discard(talk)
        self._at_once = len(self._talks)
        self._queue.give_back(talk.job)

    def _report(self, talk: Talk, stream: t.Any, error: t.Optional[StepError]) -> None:
        """Called from any thread."""
        self._reports.append((talk, stream, error))
        try:
            self._wake_up.send(b"\0")
        except OSError:
            # A full pipe wakes the loop as well; a closed one has no loop any more.
            if stream is not None and self._wake_up.fileno() < 0:
                stream.close()

    def _connect(self, talk: Talk) -> None:
        proxy = talk.job.proxy
        endpoint = proxy.endpoint if proxy is not None else talk.job.endpoint
        try:
            connection = socket.socket(_FAMILIES[endpoint.family], socket.SOCK_STREAM | _NON_BLOCKING)
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE) and len(self._talks) > 1:
                self._wait_for_a_descriptor(talk)
            else:
                talk.open_failed(_local_error(error.errno))
            return
        self._sockets[talk] = connection
        if not _NON_BLOCKING:
            connection.setblocking(False)
        place: t.Any = endpoint.address if endpoint.port is None else (endpoint.address, endpoint.port)
        try:
            if endpoint.port is not None:
                # Every command goes out at once; waiting for more to send would only add Nagle's delay to it.
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if talk.job.source_address is not None:
                connection.bind((talk.job.source_address, 0))
            code = connection.connect_ex(place)
        except OSError as error:
            # Of an address with a zone it is the resolver's error, whose numbers are others.
            talk.open_failed(_local_error(error.errno, error.strerror))
            return
        if code in (0, errno.EINPROGRESS):
            self._watch(talk, connection.fileno(), WRITE)
        elif code in (errno.ECONNREFUSED, errno.ENOENT):
            talk.open_failed(_network_error(code))
        else:
            # An answer from the network takes its time; what fails at once failed here.
            talk.open_failed(_local_error(code))

    def _connected(self, talk: Talk) -> None:
        connection = self._sockets[talk]
        code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            talk.open_failed(_network_error(code) if code in _CONNECT_ERRORS else _local_error(code))
            return
        del self._sockets[talk]
        acknowledge = None
        if talk.job.endpoint.port is not None:
            talk.local_address, talk.local_port = connection.getsockname()[:2]
            acknowledge = functools.partial(_acknowledge, connection)
        talk.opened(connection, acknowledge)

    def _wait(self, limit: t.Optional[float]) -> None:
        """One turn of the loop: at most until the next deadline, or for ``limit`` seconds."""
        for talk, readable, writable in self._readiness.wait(self._patience(limit)):
            if talk is None:
                self._take_reports()
                continue
            try:
                if talk.stream is None:
                    self._connected(talk)
                else:
                    if readable:
                        talk.readable()
                    if writable and talk.wants_write and not talk.done:
                        talk.writable()
            except Exception as error:  # noqa: BLE001
                talk.crashed(error)
            self._settle(talk)
        for talk in tuple(self._polled):
            self._guarded(talk, talk.writable)
            self._settle(talk)
        self._expire()

    def _patience(self, limit: t.Optional[float]) -> t.Optional[float]:
        if limit == 0.0:
            return limit
        moments = [self._deadlines[0][0]] if self._deadlines else []
        if len(self._talks) < self._at_once:
            next_call = self._queue.next_moment()
            moments += [next_call] if next_call is not None else []
        spans = [max(0.0, min(moments) - self._clock())] if moments else []
        spans += [POLLING_SECONDS] if self._polled else []
        spans += [limit] if limit is not None else []
        return min(spans) if spans else None

    def _take_reports(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._awoken.recv(4096)
        while self._reports:
            talk, stream, error = self._reports.popleft()
            if talk.done:
                # It came too late.
                if stream is not None:
                    stream.close()
            elif stream is not None:
                self._guarded(talk, talk.opened, stream)
                self._settle(talk)
            else:
                talk.open_failed(t.cast(StepError, error))
                self._settle(talk)

    def _expire(self) -> None:
        moment = self._clock()
        while self._deadlines and self._deadlines[0][0] <= moment:
            _deadline, _number, talk = heapq.heappop(self._deadlines)
            talk.scheduled = float("inf")
            # Each reply moves a talk's deadline on. The heap learns of it only here, which spares it most changes.
            if not talk.done and talk.deadline <= moment:
                self._guarded(talk, talk.expired)
            if talk in self._talks:
                self._settle(talk)

    def _guarded(self, talk: Talk, act: t.Callable[..., None], *arguments: t.Any) -> None:
        try:
            act(*arguments)
        except Exception as error:  # noqa: BLE001
            # The one place where everything is caught: a defect in one check must not cost the others theirs.
            talk.crashed(error)

    def _settle(self, talk: Talk) -> None:
        """After anything happened to a talk: wait for the right things, or let it go."""
        if talk.done:
            if talk in self._talks:
                self._release(talk)
                self._ended.append((talk.job, talk))
            return
        if talk.deadline < talk.scheduled:
            talk.scheduled = talk.deadline
            heapq.heappush(self._deadlines, (talk.deadline, next(self._sequence), talk))
        if talk.stream is None:
            return
        events = READ
        if talk.job.open_channel is not None:
            (self._polled.add if talk.wants_write else self._polled.discard)(talk)
        elif talk.wants_write:
            events = READ | WRITE
        if talk.events != events:
            self._watch(talk, talk.stream.fileno(), events)

    def _watch(self, talk: Talk, descriptor: int, events: int) -> None:
        if talk.descriptor < 0:
            self._readiness.register(descriptor, events, talk)
        else:
            self._readiness.modify(descriptor, events)
        talk.descriptor, talk.events = descriptor, events

    def _release(self, talk: Talk) -> None:
        self._talks.discard(talk)
        self._polled.discard(talk)
        if talk.descriptor >= 0:
            self._readiness.unregister(talk.descriptor, closing=talk.job.open_channel is None)
        unconnected = self._sockets.pop(talk, None)
        if unconnected is not None:
            unconnected.close()
        talk.close()
        self._queue.ended(talk.job, talk.began, self._clock(), talk.told_to_go)

    def _say_goodbye(self) -> None:
        """QUIT to everybody, as soon as the reply that is due has come; then it is over, whoever has not answered."""
        self._queue.clear()
        end = self._clock() + FAREWELL_SECONDS
        for talk in tuple(self._talks):
            talk.abandon()
            self._settle(talk)
        while self._talks and self._clock() < end:
            self._wait(end - self._clock())


def _server(job: Job) -> Server:
    return job.endpoint.address or job.endpoint.host, job.endpoint.port


def _acknowledge(connection: socket.socket) -> None:
    if hasattr(socket, "TCP_QUICKACK"):  # Linux
        # A connection that is gone will say so when it is read.
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _network_error(code: int) -> StepError:
    return StepError(_CONNECT_ERRORS[code], f"{os.strerror(code)}.")


def _local_error(code: t.Optional[int], words: t.Optional[str] = None) -> StepError:
    reason = words or (os.strerror(code) if code else "for an unknown reason")
    return StepError("local", f"The vantage could not open the connection: {reason}.")
