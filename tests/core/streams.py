# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A talk over a stream that a test is made of: octets arrive, are taken and end as it says, and so does time."""

from __future__ import annotations

import typing as t

from mailops_smtp.evidence import Endpoint
from mailops_smtp.plan import Timeouts, TLSOptions
from mailops_smtp.wire.job import Job
from mailops_smtp.wire.talk import Talk
from mailops_smtp.wire.tls_settings import TLSSettings

from tests.core.scripts import MESSAGE, dialog

TLS = TLSSettings(TLSOptions(False, *[None] * 7))


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Stream:
    """A stream made of what a server says: after each command of the client the next of ``answers`` arrives.

    An answer is octets, or a list of portions that arrive one by one, each None being a moment when nothing is there;
    an OSError is raised; b"" is the end. ``takes``: how many octets one send() accepts, 0 for none at all.
    """

    def __init__(self, answers: t.Sequence[t.Any], takes: int = 1_000_000) -> None:
        self.answers = list(answers)
        self.takes = takes
        self.sent = b""
        self.closed = False
        self._arriving: t.List[t.Any] = []
        self._answer()

    def _answer(self) -> None:
        if self.answers:
            answer = self.answers.pop(0)
            self._arriving += answer if isinstance(answer, list) else [answer]

    def fileno(self) -> int:
        return -1

    def recv(self, size: int) -> bytes:
        portion = self._arriving.pop(0) if self._arriving else BlockingIOError()
        if portion is None:
            raise BlockingIOError
        if isinstance(portion, OSError):
            raise portion
        if len(portion) > size:
            self._arriving.insert(0, portion[size:])
        return portion[:size]

    def send(self, data: bytes) -> int:
        if not self.takes:
            raise BlockingIOError
        taken = data[: self.takes]
        self.sent += taken
        if taken == data:
            self._answer()
        return len(taken)

    def close(self) -> None:
        self.closed = True

    @property
    def waiting(self) -> bool:
        return bool(self._arriving)


def talk(planned: t.Any, clock: t.Optional[Clock] = None, **changes: t.Any) -> Talk:
    job = Job(
        target="mx1",
        endpoint=Endpoint("mx1", "203.0.113.5", "ipv4", 25),
        dialog=planned,
        timeouts=Timeouts(connect=10.0, reply=30.0, total=120.0),
        tls=TLS,
        verify=False,
        server_name="mx1",
    )._replace(**changes)
    return Talk(job, clock or Clock(), lambda: 1_700_000_000.0)


def drive(stream: Stream, planned: t.Any, **changes: t.Any) -> Talk:
    """The talk, told of its stream's events for as long as there are any."""
    made = talk(planned, **changes)
    made.opened(stream)
    while not made.done and (stream.waiting or made.wants_write):
        if made.wants_write:
            made.writable()
        if stream.waiting and not made.done:
            made.readable()
    return made


def evidence(made: Talk) -> t.Any:
    return [step.as_dict() for step in made.steps], made.session.as_dict()


DIALOG = (
    b"220-mx1.contoso.com ESMTP\r\n220 ready\r\n",
    b"250-mx1.contoso.com Hello [198.51.100.7]\r\n250-SIZE 37748736\r\n250 DSN\r\n",
    b"250 2.1.0 Ok\r\n",
    b"550-5.1.1 No such\r\n550 5.1.1 user\r\n",
    b"250\r\n",
    b"354 Go ahead\r\n",
    b"250 2.0.0 Ok: queued as 4WJx0ZzqGb\r\n",
    b"221 2.0.0 Bye\r\n",
)
PLANNED = dialog("nobody@contoso.com", "user@contoso.com", message=MESSAGE)


def last_error(made):
    return made.steps[-1].error
