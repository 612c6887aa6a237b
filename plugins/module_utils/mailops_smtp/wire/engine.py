# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Many conversations at once, in one thread, whatever their streams are made of.

The engine opens connections within the budget, waits for whichever stream has something to say, and hands that to its
``Talk``. One check or ten thousand take this path. Politeness is its business too: few connections at a time to one
server, none any more to a server that answered 421, and a goodbye to everybody when the run is interrupted.
"""

from __future__ import annotations

import collections
import contextlib
import errno
import functools
import heapq
import itertools
import os
import selectors
import socket
import time
import typing as t

from ..evidence import StepError
from .talk import Job, Talk

# Servers limit parallel sessions of one client, some to as few as ten (Exchange: 20 by default; Postfix: 50).
CONNECTIONS_PER_SERVER = 5
OPEN_AT_ONCE = 250

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

_FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6, "unix": socket.AF_UNIX}

Server = t.Tuple[str, t.Optional[int]]


class Engine:
    """Makes checks. One engine, one run: what it learns of a server's patience holds for all its checks."""

    def __init__(
        self,
        clock: t.Callable[[], float] = time.monotonic,
        now: t.Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._now = now
        self._selector = selectors.DefaultSelector()
        self._talks: t.Set[Talk] = set()
        self._watched: t.Dict[Talk, t.Tuple[int, int]] = {}
        self._sockets: t.Dict[Talk, socket.socket] = {}
        self._polled: t.Set[Talk] = set()
        self._deadlines: t.List[t.Tuple[float, int, Talk]] = []
        self._sequence = itertools.count()
        self._waiting: t.Dict[Server, t.Deque[Job]] = {}
        self._ready: t.OrderedDict[Server, None] = collections.OrderedDict()
        self._open: t.Dict[Server, int] = collections.defaultdict(int)
        self._closing: t.Set[Server] = set()
        self._ended: t.Deque[t.Tuple[Job, t.Optional[Talk]]] = collections.deque()
        # Streams from elsewhere are reported by other threads; a byte through this pair wakes the loop.
        self._reports: t.Deque[t.Tuple[Talk, t.Any, t.Optional[StepError]]] = collections.deque()
        self._awoken, self._wake_up = socket.socketpair()
        self._awoken.setblocking(False)
        self._wake_up.setblocking(False)

    def run(self, jobs: t.Iterable[Job]) -> t.Iterator[t.Tuple[Job, t.Optional[Talk]]]:
        """Make all checks and yield each as it ends; the talk is None where the server had asked to be left alone.

        An interrupted run (a signal's exception raised in here, or the generator closed) says goodbye to the servers
        that it is talking to before it ends."""
        for job in jobs:
            self._waiting.setdefault(_server(job), collections.deque()).append(job)
        self._ready.update((server, None) for server in self._waiting)
        self._selector.register(self._awoken, selectors.EVENT_READ, None)
        try:
            while self._talks or self._ready or self._ended:
                self._start_what_may_start()
                self._wait(0.0 if self._ended else None)
                while self._ended:
                    yield self._ended.popleft()
        finally:
            try:
                self._say_goodbye()
            finally:
                for talk in tuple(self._talks):
                    self._release(talk)
                self._selector.close()
                self._awoken.close()
                self._wake_up.close()
                for _talk, stream, _error in self._reports:
                    if stream is not None:
                        stream.close()

    def _start_what_may_start(self) -> None:
        """Servers take turns, so that one with many checks does not keep the others waiting."""
        while self._ready and len(self._talks) < OPEN_AT_ONCE:
            server, _nothing = self._ready.popitem(last=False)
            if server in self._closing:
                self._ended.extend((job, None) for job in self._waiting.pop(server))
            elif self._open[server] < CONNECTIONS_PER_SERVER:
                job = self._waiting[server].popleft()
                if self._waiting[server]:
                    self._ready[server] = None
                else:
                    del self._waiting[server]
                self._start(job)

    def _start(self, job: Job) -> None:
        talk = Talk(job, self._clock, self._now)
        self._talks.add(talk)
        self._open[_server(job)] += 1
        if job.open_channel is not None:
            host = job.endpoint.address or job.endpoint.host
            report = functools.partial(self._report, talk)
            self._guarded(talk, job.open_channel, host, job.endpoint.port, job.timeouts.connect, report)
        else:
            self._guarded(talk, self._connect, talk)
        self._settle(talk)

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
            connection = socket.socket(_FAMILIES[t.cast(str, endpoint.family)])
        except OSError as error:
            talk.open_failed(_local_error(error.errno))
            return
        self._sockets[talk] = connection
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
            talk.open_failed(_local_error(error.errno))
            return
        if code in (0, errno.EINPROGRESS):
            self._watch(talk, connection.fileno(), selectors.EVENT_WRITE)
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
        if talk.job.endpoint.port is not None:
            talk.local_address, talk.local_port = connection.getsockname()[:2]
        talk.opened(connection)

    def _wait(self, limit: t.Optional[float]) -> None:
        """One turn of the loop: at most until the next deadline, or for ``limit`` seconds."""
        patience = [self._deadlines[0][0] - self._clock()] if self._deadlines else []
        patience += [POLLING_SECONDS] if self._polled else []
        patience += [limit] if limit is not None else []
        for key, events in self._selector.select(max(0.0, min(patience)) if patience else None):
            talk = key.data
            if talk is None:
                self._take_reports()
                continue
            if talk.connecting:
                self._guarded(talk, self._connected, talk)
            else:
                if events & selectors.EVENT_READ:
                    self._guarded(talk, talk.readable)
                if events & selectors.EVENT_WRITE and not talk.done:
                    self._guarded(talk, talk.writable)
            self._settle(talk)
        for talk in tuple(self._polled):
            self._guarded(talk, talk.writable)
            self._settle(talk)
        self._expire()

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
        polled = talk.wants_write and talk.job.open_channel is not None
        (self._polled.add if polled else self._polled.discard)(talk)
        writing = selectors.EVENT_WRITE if talk.wants_write and not polled else 0
        self._watch(talk, talk.stream.fileno(), selectors.EVENT_READ | writing)

    def _watch(self, talk: Talk, descriptor: int, events: int) -> None:
        watched = self._watched.get(talk)
        if watched is None:
            self._selector.register(descriptor, events, talk)
        elif watched != (descriptor, events):
            self._selector.modify(descriptor, events, talk)
        self._watched[talk] = (descriptor, events)

    def _release(self, talk: Talk) -> None:
        self._talks.discard(talk)
        self._polled.discard(talk)
        watched = self._watched.pop(talk, None)
        if watched is not None:
            self._selector.unregister(watched[0])
        unconnected = self._sockets.pop(talk, None)
        if unconnected is not None:
            unconnected.close()
        talk.close()
        server = _server(talk.job)
        self._open[server] -= 1
        if talk.told_to_go:
            self._closing.add(server)
        if server in self._waiting:
            self._ready[server] = None

    def _say_goodbye(self) -> None:
        """QUIT to everybody, as soon as the reply that is due has come; then it is over, whoever has not answered."""
        self._waiting.clear()
        self._ready.clear()
        end = self._clock() + FAREWELL_SECONDS
        for talk in tuple(self._talks):
            talk.abandon()
            self._settle(talk)
        while self._talks and self._clock() < end:
            self._wait(end - self._clock())


def _server(job: Job) -> Server:
    return job.endpoint.address or job.endpoint.host, job.endpoint.port


def _network_error(code: int) -> StepError:
    return StepError(_CONNECT_ERRORS[code], f"{os.strerror(code)}.")


def _local_error(code: t.Optional[int]) -> StepError:
    reason = os.strerror(code) if code else "for an unknown reason"
    return StepError("local", f"The vantage could not open the connection: {reason}.")
