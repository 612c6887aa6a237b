# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A vantage at the far end of an SSH connection: one log-in, any number of TCP connections from there.

They are channels that the SSH server forwards. Where it forbids that, and a shell is to be had, programs make them.

One thread per vantage logs in, asks for channels and reports how that went. It never waits for a single target, so a
thousand may be on their way at once.
"""

from __future__ import annotations

import collections
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
from .program import PROGRAMS_AT_ONCE, Program, command
from .ssh_config import resolved
from .via import Via

if t.TYPE_CHECKING:
    import paramiko

# Errors are reported as evidence; without a handler Python would print paramiko's log to stderr as well.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

Report = t.Callable[[t.Optional[ChannelStream], t.Optional[StepError]], None]


# A connection that is lost again and again is none.
RECONNECTIONS = 3


class ParamikoMissing(ImportError):
    def __init__(self) -> None:
        super().__init__("paramiko is needed on the controller for `via`: pip install paramiko")


class _Waiting(t.NamedTuple):
    timeout: float
    give_up_at: float
    report: t.Callable[[t.Any, t.Optional[StepError]], None]
    mode: str


class _Wanted(t.NamedTuple):
    """A connection that a program is to make; ``refusal`` is why no channel could, None where none was asked for."""

    host: str
    port: int
    timeout: float
    report: Report
    refusal: t.Optional[StepError]


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
        self._waiting: t.Dict[t.Union[Opening, Program], _Waiting] = {}
        self._sessions: t.Dict[Opening, _Wanted] = {}
        self._programs: t.Deque[_Wanted] = collections.deque()  # those that wait for others to end
        self._running = 0
        self._no_program: t.Optional[str] = None
        self._modes: t.Dict[t.Tuple[str, int], t.Tuple[str, t.Optional[str]]] = {}
        # Not later than the first of the waiting is to be given up. Looking for it at each answer would take time that
        # grows with the square of their number.
        self._next_look = math.inf

    def prepare(self) -> None:
        """Begins to log in, and returns at once."""
        with self._lock:
            if not self._closed:
                self._start()

    def mode_to(self, host: str, port: int) -> t.Tuple[str, t.Optional[str]]:
        """How the last connection there was made, and why not by a channel, as in evidence.Vantage."""
        return self._modes.get((host, port), ("ssh-channel", None))

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
        self._reconnect_if_lost()
        if self._failure is not None:
            answers.put((None, self._failure))
            return

        def report(_stream: t.Any, error: t.Optional[StepError]) -> None:
            answers.put((None, error) if error is not None else (opening, None))

        opening = self._transports[-1].request_session("a session", 0, self._hand_over_plain)
        give_up_at = time.monotonic() + self._login_timeout
        self._waiting[opening] = _Waiting(self._login_timeout, give_up_at, report, "session")
        self._next_look = min(self._next_look, give_up_at)

    def _hand_over_plain(self, opening: Opening) -> None:
        """In paramiko's thread."""
        self._inbox.put(partial(self._answer_plain, opening))

    def _answer_plain(self, opening: Opening) -> None:
        waiting = self._waiting.pop(opening, None)
        if waiting is None:
            _close(opening)
            return
        error = opening.error(self.via.name)
        if error is not None and error.kind != "tunnel":
            error = StepError("jump_program", f"{self.via.name} allows no session to start a program in")
        waiting.report(None, error)

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

    def _reconnect_if_lost(self) -> None:
        if self._failure is None and not self._transports[-1].is_active() and self._reconnections_left > 0:
            self._reconnections_left -= 1
            self._close_transports()
            self._transports.clear()
            self._log_in()

    def _request(self, host: str, port: int, timeout: float, report: Report, mode: str) -> None:
        self._reconnect_if_lost()
        if self._failure is not None:
            report(None, self._failure)
            return
        if mode == "exec":
            self._want_program(_Wanted(host, port, timeout, report, None))
            return
        opening = self._transports[-1].request_channel(host, port, self._hand_over)
        give_up_at = time.monotonic() + timeout
        self._waiting[opening] = _Waiting(timeout, give_up_at, report, mode)
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
        if error is not None and error.kind == "jump_forwarding" and waiting.mode == "auto":
            self._want_program(_Wanted(opening.host, opening.port, waiting.timeout, waiting.report, error))
        elif error is not None:
            waiting.report(None, error)
        else:
            self._modes.pop((opening.host, opening.port), None)
            self._deliver(opening, waiting.report, lambda: ChannelStream(opening.channel, self.via.name))

    def _deliver(self, source: t.Union[Opening, Program], report: Report, make: t.Callable[[], ChannelStream]) -> None:
        try:
            stream = make()
        except OSError as no_descriptor:
            _close(source)
            report(None, StepError("local", f"no descriptor is left for a channel: {no_descriptor.strerror}"))
            return
        report(stream, None)

    def _want_program(self, wanted: _Wanted) -> None:
        if command(wanted.host, wanted.port, wanted.timeout) is None:
            self._without_program(wanted, "no program can be given this host's name")
        elif self._no_program is not None:
            self._without_program(wanted, self._no_program)
        elif self._running < PROGRAMS_AT_ONCE:
            self._running += 1
            reason = None
            if wanted.refusal is not None:
                place = f"{wanted.host}:{wanted.port}"
                reason = f"The SSH server forbids forwarding to {place}, so a program there connects."
            self._modes[wanted.host, wanted.port] = ("ssh-exec", reason)
            opening = self._transports[-1].request_session(wanted.host, wanted.port, self._hand_over_session)
            self._sessions[opening] = wanted
        else:
            self._programs.append(wanted)

    def _hand_over_session(self, opening: Opening) -> None:
        """In paramiko's thread."""
        self._inbox.put(partial(self._start_program, opening))

    def _start_program(self, opening: Opening) -> None:
        wanted = self._sessions.pop(opening)
        error = opening.error(self.via.name)
        if error is not None:
            if error.kind != "tunnel":
                self._no_program = "it allows no session for one"
                self._without_program(wanted, self._no_program)
            else:
                wanted.report(None, error)
            self._program_ended()
            return
        changes: t.List[Program] = []
        program = Program(opening, wanted.timeout, lambda: self._inbox.put(lambda: self._look_at(*changes)))
        changes.append(program)
        give_up_at = time.monotonic() + wanted.timeout
        report = partial(self._report_program, wanted, program)
        self._waiting[program] = _Waiting(wanted.timeout, give_up_at, report, "exec")
        self._next_look = min(self._next_look, give_up_at)
        program.start()

    def _look_at(self, *programs: Program) -> None:
        for program in programs:
            connected = program.look() if program in self._waiting else None
            if connected is not None:
                self._waiting.pop(program).report(None, None)

    def _report_program(
        self, wanted: _Wanted, program: Program, stream: t.Optional[ChannelStream], error: t.Optional[StepError]
    ) -> None:
        """Says what became of a program: that it connected, that it did not, or that it took too long."""
        if error is None and program.look():
            self._deliver(
                program,
                wanted.report,
                lambda: program.stream(self.via.name, lambda: self._inbox.put(self._program_ended)),
            )
            return
        program.close()
        if error is None and not program.has_run:
            self._no_program = program.unusable
            self._without_program(wanted, self._no_program)
        else:
            wanted.report(None, error or program.error(self.via.name))
        self._program_ended()

    def _without_program(self, wanted: _Wanted, reason: str) -> None:
        self._modes.pop((wanted.host, wanted.port), None)
        if wanted.refusal is not None:
            detail = f"{wanted.refusal.detail}; nor could a program there connect in its place: {reason}"
            wanted.report(None, StepError("jump_forwarding", detail))
        else:
            detail = f"on {self.via.name} no program could connect to {wanted.host}:{wanted.port}: {reason}"
            wanted.report(None, StepError("jump_program", detail))

    def _program_ended(self) -> None:
        self._running -= 1
        if self._programs and self._failure is None:
            self._want_program(self._programs.popleft())

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
            if isinstance(opening, Program) and not opening.has_run:
                waiting.report(None, StepError("jump_program", f"{detail}: {opening.unusable}"))
                continue
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
        for wanted in (*self._sessions.values(), *self._programs):
            wanted.report(None, self._failure)

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
