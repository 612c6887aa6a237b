# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Connections that programs on the jump host make (program.py): how many at a time, and what is known of them.

All of it happens in the thread of the vantage that it belongs to.
"""

from __future__ import annotations

import collections
import typing as t
from functools import partial

from ..evidence import StepError
from .channel import ChannelStream
from .program import PROGRAMS_AT_ONCE, Program, command
from .transport import Opening, Transport
from .waiting import Report, Room

Task = t.Callable[[], None]


class Wanted(t.NamedTuple):
    """A connection that a program is to make; ``refusal`` is why no channel could, None where none was asked for."""

    host: str
    port: int
    timeout: float
    report: Report
    refusal: t.Optional[StepError]


class Programs:
    """:param transport: the SSH connection as it is now, or why there is none.
    :param later: has something done in the vantage's thread.
    :param deliver: makes a stream of what has connected, and reports it.
    """

    def __init__(
        self,
        name: str,
        transport: t.Callable[[], t.Union[Transport, StepError]],
        later: t.Callable[[Task], None],
        deliver: t.Callable[[Program, Report, t.Callable[[], ChannelStream]], None],
        room: Room,
    ) -> None:
        # How the last connection to a place was made, and why not by a channel, as in evidence.Vantage.
        self.modes: t.Dict[t.Tuple[str, int], t.Tuple[str, t.Optional[str]]] = {}
        self._name = name
        self._transport = transport
        self._later = later
        self._deliver = deliver
        self._room = room
        self._sessions: t.Dict[Opening, Wanted] = {}
        self._queue: t.Deque[Wanted] = collections.deque()  # those that wait for others to end
        self._running = 0
        self._none: t.Optional[str] = None  # why there can be no program at all

    def want(self, wanted: Wanted) -> None:
        if command(wanted.host, wanted.port, wanted.timeout) is None:
            self._without(wanted, "no program can be given this host's name")
        elif self._none is not None:
            self._without(wanted, self._none)
        elif self._running < PROGRAMS_AT_ONCE:
            self._begin(wanted)
        else:
            self._queue.append(wanted)

    def end(self, why: StepError) -> None:
        for wanted in (*self._sessions.values(), *self._queue):
            wanted.report(None, why)

    def _begin(self, wanted: Wanted) -> None:
        transport = self._transport()
        if isinstance(transport, StepError):
            wanted.report(None, transport)
            return
        self._running += 1
        reason = None
        if wanted.refusal is not None:
            place = f"{wanted.host}:{wanted.port}"
            reason = f"The SSH server forbids forwarding to {place}, so a program there connects."
        self.modes[wanted.host, wanted.port] = ("ssh-exec", reason)
        opening = transport.request_session(wanted.host, wanted.port, self._hand_over)
        self._sessions[opening] = wanted

    def _hand_over(self, opening: Opening) -> None:
        """In paramiko's thread."""
        self._later(partial(self._start, opening))

    def _start(self, opening: Opening) -> None:
        wanted = self._sessions.pop(opening)
        error = opening.error(self._name)
        if error is not None:
            if error.kind != "tunnel":
                self._none = "it allows no session for one"
                self._without(wanted, self._none)
            else:
                wanted.report(None, error)
            self._ended()
            return
        changes: t.List[Program] = []
        program = Program(opening, wanted.timeout, lambda: self._later(lambda: self._look_at(*changes)))
        changes.append(program)
        self._room.add(program, wanted.timeout, partial(self._report, wanted, program), "exec")
        program.start()

    def _look_at(self, *programs: Program) -> None:
        for program in programs:
            connected = program.look() if program in self._room else None
            waiting = self._room.take(program) if connected is not None else None
            if waiting is not None:
                waiting.report(None, None)

    def _report(self, wanted: Wanted, program: Program, _stream: t.Any, error: t.Optional[StepError]) -> None:
        """Says what became of a program: that it connected, that it did not, or that it took too long."""
        if error is None and program.look():
            self._deliver(program, wanted.report, lambda: program.stream(self._name, lambda: self._later(self._ended)))
            return
        program.close()
        if error is None and not program.has_run:
            self._none = program.unusable
            self._without(wanted, self._none)
        else:
            wanted.report(None, error or program.error(self._name))
        self._ended()

    def _without(self, wanted: Wanted, reason: str) -> None:
        self.modes.pop((wanted.host, wanted.port), None)
        if wanted.refusal is not None:
            detail = f"{wanted.refusal.detail}; nor could a program there connect in its place: {reason}"
            wanted.report(None, StepError("jump_forwarding", detail))
        else:
            detail = f"on the jump host {self._name} no program could connect to {wanted.host}:{wanted.port}: {reason}"
            wanted.report(None, StepError("jump_program", detail))

    def _ended(self) -> None:
        self._running -= 1
        while self._queue and self._running < PROGRAMS_AT_ONCE:
            self.want(self._queue.popleft())
