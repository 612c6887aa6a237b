# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A vantage at the far end of an SSH connection: one log-in, any number of TCP connections from there.

They are channels that the SSH server forwards. Where it forbids that, and a shell is to be had, programs make them
(programs.py).

One thread per vantage logs in, asks for channels and reports how that went. It never waits for a single target, so a
thousand may be on their way at once.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
import typing as t
from functools import partial

from ..evidence import StepError
from .channel import ChannelStream
from .files import NoWayThere, read_file
from .login import JumpError, log_in
from .program import Program
from .programs import Programs, Wanted
from .ssh_config import resolved
from .transport import LOST, PARAMIKO_IMPORT_ERROR, Opening, Transport
from .via import Via
from .waiting import Report, Room, Waiting

if t.TYPE_CHECKING:
    import paramiko

# Errors are reported as evidence; without a handler Python would print paramiko's log to stderr as well.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

# A connection that is lost again and again is none.
RECONNECTIONS = 3


class ParamikoMissing(ImportError):
    def __init__(self) -> None:
        super().__init__("paramiko is needed on the controller for `via`: pip install paramiko")


class SSHVantage:
    """Opens connections from the jump host that ``via`` describes; logs in when the first one is asked for.

    Time limits are seconds, ``connect_timeout`` and ``login_timeout`` for each jump host. What was under way on a
    connection that was lost is lost with it; for what is asked for later it is made again, RECONNECTIONS times at most.

    :raises ViaError: the user's ssh_config cannot be used.
    """

    def __init__(self, via: Via, connect_timeout: float = 10.0, login_timeout: float = 20.0) -> None:
        if PARAMIKO_IMPORT_ERROR is not None:
            raise ParamikoMissing from PARAMIKO_IMPORT_ERROR
        self.via = resolved(via)
        self._connect_timeout = connect_timeout
        self._login_timeout = login_timeout

        self._lock = threading.Lock()
        self._closed = False
        self._thread: t.Optional[threading.Thread] = None
        self._inbox: queue.SimpleQueue[t.Optional[t.Callable[[], None]]] = queue.SimpleQueue()

        # Of the vantage's own thread, but for close(), which ends a log-in under way.
        self._transports: t.List[Transport] = []
        self._failure: t.Optional[StepError] = None
        self._reconnections_left = RECONNECTIONS
        # What the jump host has not answered yet, and the programs that have not connected yet.
        self._room = Room()
        self._programs = Programs(self.via.name, self._usable, self._inbox.put, self._deliver, self._room)

    def prepare(self) -> None:
        """Begins to log in, and returns at once."""
        with self._lock:
            if not self._closed:
                self._start()

    def mode_to(self, host: str, port: int) -> t.Tuple[str, t.Optional[str]]:
        """How the last connection there was made, and why not by a channel, as in evidence.Vantage."""
        return self._programs.modes.get((host, port), ("ssh-channel", None))

    def open_channel(self, host: str, port: int, timeout: float, report: Report, mode: t.Optional[str] = None) -> None:
        """Returns at once. ``report(stream, error)`` is called exactly once, with a stream or with an error, from the
        vantage's thread; it must not block. The jump host resolves ``host``, and has ``timeout`` seconds to connect.
        ``mode`` comes before that of the Via."""
        with self._lock:
            if not self._closed:
                self._start()
                self._inbox.put(partial(self._request, host, port, timeout, report, mode or self.via.mode))
                return
        report(None, self._ended())

    def open_session(self) -> t.Tuple[t.Optional[paramiko.Channel], t.Optional[StepError]]:
        """A session to start one program in, or why there is none. Waits for it, and for the log-in if that is due."""
        answers: queue.SimpleQueue[t.Tuple[t.Optional[Opening], t.Optional[StepError]]] = queue.SimpleQueue()
        with self._lock:
            if self._closed:
                return None, self._ended()
            self._start()
            self._inbox.put(partial(self._request_session, answers))
        opening, error = answers.get()
        return (opening.channel, None) if opening is not None else (None, error)

    def _request_session(self, answers: queue.SimpleQueue[t.Tuple[t.Optional[Opening], t.Optional[StepError]]]) -> None:
        transport = self._usable()
        if isinstance(transport, StepError):
            answers.put((None, transport))
            return

        def report(_stream: t.Any, error: t.Optional[StepError]) -> None:
            answers.put((None, error) if error is not None else (opening, None))

        opening = transport.request_session("a session", 0, self._hand_over_plain)
        self._room.add(opening, self._login_timeout, report, "session")

    def _hand_over_plain(self, opening: Opening) -> None:
        """In paramiko's thread."""
        self._inbox.put(partial(self._answer_plain, opening))

    def _answer_plain(self, opening: Opening) -> None:
        waiting = self._room.take(opening)
        if waiting is None:
            _close(opening)
            return
        error = opening.error(self.via.name)
        if error is not None and error.kind != "tunnel":
            error = StepError("jump_program", f"the jump host {self.via.name} allows no session to start a program in")
        waiting.report(None, error)

    def read_file(self, path: str) -> str:
        """The text of a small file of the jump host. Blocking; for any other thread than the vantage's own.

        :raises Unreadable: there is none to be had.
        :raises NoWayThere: the same, for there is no way to the jump host.
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
            raise NoWayThere(self._ended().detail)
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
                    task = self._inbox.get(timeout=self._room.patience())
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

    def _usable(self) -> t.Union[Transport, StepError]:
        """The connection, made again where it was lost; or why there is none."""
        if self._failure is None and not self._transports[-1].is_active() and self._reconnections_left > 0:
            self._reconnections_left -= 1
            self._close_transports()
            self._transports.clear()
            self._log_in()
        return self._transports[-1] if self._failure is None else self._failure

    def _request(self, host: str, port: int, timeout: float, report: Report, mode: str) -> None:
        transport = self._usable()
        if isinstance(transport, StepError):
            report(None, transport)
        elif mode == "exec":
            self._programs.want(Wanted(host, port, timeout, report, None))
        else:
            self._room.add(transport.request_channel(host, port, self._hand_over), timeout, report, mode)

    def _hand_over(self, opening: Opening) -> None:
        """In paramiko's thread."""
        self._inbox.put(partial(self._answer, opening))

    def _answer(self, opening: Opening) -> None:
        waiting = self._room.take(opening)
        if waiting is None:
            # Too late, and a late connection must not stay open at the mail server.
            _close(opening)
            return
        error = opening.error(self.via.name)
        if error is not None and error.kind == "jump_forwarding" and waiting.way == "auto":
            self._programs.want(Wanted(opening.host, opening.port, waiting.timeout, waiting.report, error))
        elif error is not None:
            waiting.report(None, error)
        else:
            self._programs.modes.pop((opening.host, opening.port), None)
            self._deliver(opening, waiting.report, lambda: ChannelStream(opening.channel, self.via.name))

    def _deliver(self, source: t.Union[Opening, Program], report: Report, make: t.Callable[[], ChannelStream]) -> None:
        try:
            stream = make()
        except OSError as no_descriptor:
            _close(source)
            report(None, StepError("local", f"no descriptor is left for a channel: {no_descriptor.strerror}"))
            return
        report(stream, None)

    def _give_up(self) -> None:
        for awaited, waiting in self._room.overdue():
            waiting.report(None, self._why_not(awaited, waiting))

    def _why_not(self, awaited: t.Union[Opening, Program], waiting: Waiting) -> StepError:
        """Why what was waited for did not come."""
        if not awaited.channel.transport.answers(time.monotonic()):
            return StepError("tunnel", f"the SSH connection to {self.via.name} was lost: it answers no more")
        if waiting.way == "session":
            return StepError("tunnel", f"{self.via.name} opened no session in {waiting.timeout:g} s")
        detail = f"{self.via.name} had no connection to {awaited.host}:{awaited.port} in {waiting.timeout:g} s"
        if isinstance(awaited, Program) and not awaited.has_run:
            return StepError("jump_program", f"the jump host {detail}: {awaited.unusable}")
        return StepError("timeout", detail)

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
        for waiting in self._room.everybody():
            waiting.report(None, self._failure)
        self._programs.end(self._failure)

    def _close_transports(self) -> None:
        # The last hop first: it runs through the others.
        for transport in reversed(self._transports):
            # It says good-bye over the hop before it, which may be gone already.
            with contextlib.suppress(*LOST):
                transport.close()

    def _ended(self) -> StepError:
        return self._failure or StepError("tunnel", f"the SSH connection to {self.via.name} was closed")


def _close(opening: t.Union[Opening, Program]) -> None:
    # The connection can be lost at this very moment, and its channels with it.
    with contextlib.suppress(*LOST):
        opening.channel.close()
