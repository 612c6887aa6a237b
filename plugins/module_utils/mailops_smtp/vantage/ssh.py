# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A vantage at the far end of an SSH connection: one log-in, any number of TCP connections from there.

One thread per vantage logs in, asks for channels and reports how that went. It never waits for a single target, so a
thousand may be on their way at once.
"""

from __future__ import annotations

import contextlib
import logging
import math
import queue
import threading
import time
import typing as t
from functools import partial

from ..evidence import StepError
from .channel import LOST, PARAMIKO_IMPORT_ERROR, ChannelStream, Opening, Transport
from .files import Unreadable, read_file
from .login import JumpError, log_in
from .via import Via

# Errors are reported as evidence; without a handler Python would print paramiko's log to stderr as well.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

Report = t.Callable[[t.Optional[ChannelStream], t.Optional[StepError]], None]


class ParamikoMissing(ImportError):
    def __init__(self) -> None:
        super().__init__("paramiko is needed on the controller for `via`: pip install paramiko")


class _Waiting(t.NamedTuple):
    timeout: float
    give_up_at: float
    report: Report


class SSHVantage:
    """Opens connections from the jump host that ``via`` describes; logs in when the first one is asked for.

    Time limits are seconds, ``connect_timeout`` and ``login_timeout`` for each jump host. A connection that was lost is
    not made again: a new vantage is.
    """

    def __init__(self, via: Via, connect_timeout: float = 10.0, login_timeout: float = 20.0) -> None:
        if PARAMIKO_IMPORT_ERROR is not None:
            raise ParamikoMissing from PARAMIKO_IMPORT_ERROR
        self.via = via
        self._connect_timeout = connect_timeout
        self._login_timeout = login_timeout

        self._lock = threading.Lock()
        self._closed = False
        self._thread: t.Optional[threading.Thread] = None
        self._inbox: queue.SimpleQueue[t.Optional[t.Callable[[], None]]] = queue.SimpleQueue()

        # Of the vantage's own thread, but for close(), which ends a log-in under way.
        self._transports: t.List[Transport] = []
        self._failure: t.Optional[StepError] = None
        # What the jump host has not answered yet.
        self._waiting: t.Dict[Opening, _Waiting] = {}
        # Not later than the first of the waiting is to be given up. Looking for it at each answer would take time that
        # grows with the square of their number.
        self._next_look = math.inf

    def open_channel(self, host: str, port: int, timeout: float, report: Report) -> None:
        """Returns at once. ``report(stream, error)`` is called exactly once, with a stream or with an error, from the
        vantage's thread; it must not block. The jump host resolves ``host``, and has ``timeout`` seconds to connect."""
        with self._lock:
            if not self._closed:
                self._start()
                self._inbox.put(partial(self._request, host, port, timeout, report))
                return
        report(None, self._ended())

    def read_file(self, path: str) -> str:
        """The text of a small file of the jump host. Blocking; for any other thread than the vantage's own.

        :raises Unreadable: there is none to be had, or no way to the jump host.
        """
        transports: queue.SimpleQueue[t.Optional[Transport]] = queue.SimpleQueue()

        def hand_over() -> None:
            transports.put(self._transports[-1] if self._failure is None else None)

        with self._lock:
            if not self._closed:
                self._start()
                self._inbox.put(hand_over)
        try:
            patience = (self._connect_timeout + self._login_timeout) * (len(self.via.jump) + 1)
            transport = transports.get(timeout=0.0 if self._closed else patience)
        except queue.Empty:
            transport = None
        if transport is None:
            raise Unreadable(self._ended().detail)
        return read_file(transport, self.via.name, path, self._login_timeout)

    def close(self) -> None:
        """Ends the SSH connections and every stream on them. May be called often and from any thread."""
        with self._lock:
            self._closed = True
        self._inbox.put(None)
        self._close_transports()
        if self._thread is not None and self._thread is not threading.current_thread():
            # Only a look-up or a TCP connect cannot be interrupted; the thread then ends with its time limit.
            self._thread.join(timeout=2.0)
            for transport in self._transports:
                transport.join(timeout=2.0)

    def __enter__(self) -> SSHVantage:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _start(self) -> None:
        """With the lock held."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name=f"via {self.via.name}", daemon=True)
            self._thread.start()

    def _serve(self) -> None:
        try:
            self._log_in()
            while True:
                try:
                    task = self._inbox.get(timeout=self._patience())
                except queue.Empty:
                    self._give_up()
                    continue
                if task is None:
                    break
                task()
        finally:
            self._end()

    def _log_in(self) -> None:
        try:
            log_in(self.via, self._connect_timeout, self._login_timeout, self._transports.append)
        except JumpError as error:
            self._failure = error.error
            self._close_transports()

    def _request(self, host: str, port: int, timeout: float, report: Report) -> None:
        if self._failure is not None:
            report(None, self._failure)
            return
        opening = self._transports[-1].request_channel(host, port, self._hand_over)
        give_up_at = time.monotonic() + timeout
        self._waiting[opening] = _Waiting(timeout, give_up_at, report)
        self._next_look = min(self._next_look, give_up_at)

    def _hand_over(self, opening: Opening) -> None:
        """In paramiko's thread."""
        self._inbox.put(partial(self._answer, opening))

    def _answer(self, opening: Opening) -> None:
        waiting = self._waiting.pop(opening, None)
        if waiting is None:
            # Too late, and a late connection must not stay open at the mail server.
            _close(opening)
            return
        error = opening.error(self.via.name)
        if error is not None:
            waiting.report(None, error)
            return
        try:
            stream = ChannelStream(opening.channel, self.via.name)
        except OSError as no_descriptor:
            _close(opening)
            waiting.report(None, StepError("local", f"no descriptor is left for a channel: {no_descriptor.strerror}"))
            return
        waiting.report(stream, None)

    def _patience(self) -> t.Optional[float]:
        """Seconds until it is time to look whom to give up; None while nothing waits."""
        return max(self._next_look - time.monotonic(), 0.0) if self._waiting else None

    def _give_up(self) -> None:
        now = time.monotonic()
        for opening, waiting in list(self._waiting.items()):
            if waiting.give_up_at > now:
                continue
            del self._waiting[opening]
            detail = f"{self.via.name} had no connection to {opening.host}:{opening.port} in {waiting.timeout:g} s"
            waiting.report(None, StepError("timeout", detail))
        self._next_look = min((waiting.give_up_at for waiting in self._waiting.values()), default=math.inf)

    def _end(self) -> None:
        with self._lock:
            self._closed = True  # from here on the inbox gets no further request
        self._close_transports()
        self._failure = self._ended()
        with contextlib.suppress(queue.Empty):
            while True:
                task = self._inbox.get_nowait()
                if task is not None:
                    task()
        for waiting in self._waiting.values():
            waiting.report(None, self._failure)

    def _close_transports(self) -> None:
        # The last hop first: it runs through the others.
        for transport in reversed(self._transports):
            # It says good-bye over the hop before it, which may be gone already.
            with contextlib.suppress(*LOST):
                transport.close()

    def _ended(self) -> StepError:
        return self._failure or StepError("tunnel", f"the SSH connection to {self.via.name} was closed")


def _close(opening: Opening) -> None:
    # The connection can be lost at this very moment, and its channels with it.
    with contextlib.suppress(*LOST):
        opening.channel.close()
