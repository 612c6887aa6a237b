# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The near side of a run that Python makes on a vantage: sends the script, takes the checks as they come in, judges.

Whatever keeps Python from beginning is Unable, and leaves the mail servers untouched: another way can then be taken.
Once it has begun, nothing is done twice: what did not come back is inconclusive.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import time
import typing as t
import uuid

from ..checks import dialog_of, moment, unresolved
from ..dialog.session import Session
from ..evidence import Check, Endpoint, StepError, Vantage, printable
from ..mail_routes import look_up_for_targets
from ..plan import OptionError, Plan, Target, plan
from ..progress import Watcher
from ..results import Results
from ..route.endpoints import Destination
from ..run import plan_facts, tls_settings
from ..vantage.ssh import SSHVantage
from . import baggage
from .belongings import CannotTravel, packed
from .there import ALIVE_SECONDS

# So long nothing has come that the connection must be gone.
SILENCE_SECONDS = 6 * ALIVE_SECONDS

# A line is one check; a server can make it no longer than the evidence is bounded.
_LINE_OCTETS = 64 * 1024 * 1024
_NOISE_OCTETS = 4096

# For options that are checked here and used there.
_SOME_NAME = "[127.0.0.1]"


# What the vantage has nothing to do with: how it is reached, and what becomes of the results.
_OF_THIS_SIDE = ("via", "detail", "evidence_file", "progress_file")


class Unable(Exception):
    """Why Python cannot be had on the vantage, as a sentence. No mail server was asked anything."""


class NotAccepted(OptionError):
    """The vantage finds something wrong with an option that is right here."""

    def __init__(self, sentence: str) -> None:
        super(OptionError, self).__init__(sentence)  # it is a whole sentence already
        self.option = "option"


class Surroundings(t.NamedTuple):
    """What a vantage says of itself, and the seconds that its clock is ahead of ours, give or take ``uncertainty``."""

    said: t.Optional[t.Mapping[str, t.Any]]
    clock_offset: t.Optional[float]
    uncertainty: t.Optional[float]


def look_there(
    ssh: SSHVantage, options: t.Mapping[str, t.Any], name: t.Optional[str] = None, python: str = "python3"
) -> t.Tuple[t.Dict[str, t.Any], Surroundings]:
    """As check_there(), and the vantage's surroundings with it."""
    return _ask(ssh, options, False, name, python, (), surroundings=True)


def check_there(
    ssh: SSHVantage,
    options: t.Mapping[str, t.Any],
    check_mode: bool = False,
    name: t.Optional[str] = None,
    python: str = "python3",
    watchers: t.Sequence[Watcher] = (),
) -> t.Dict[str, t.Any]:
    """The run, made by ``python`` at the far end of ``ssh``; ``name`` is what to call that vantage.

    :param python: the interpreter's name or path there, or a command that starts it, such as ``sudo -n python3``.
    :raises OptionError: for anything wrong with the options.
    :raises Unable: where no Python there can begin.
    """
    return _ask(ssh, options, check_mode, name, python, watchers, surroundings=False)[0]


def _ask(
    ssh: SSHVantage,
    options: t.Mapping[str, t.Any],
    check_mode: bool,
    name: t.Optional[str],
    python: str,
    watchers: t.Sequence[Watcher],
    surroundings: bool,
) -> t.Tuple[t.Dict[str, t.Any], Surroundings]:
    planned = plan(options, _SOME_NAME)
    tls_settings(planned.targets)  # unusable certificates are found before anything leaves
    vantage = Vantage(planned.vantage_name or name or ssh.via.host, "ssh-python", **planned.vantage_known)
    try:
        travelling, files = packed({key: value for key, value in options.items() if key not in _OF_THIS_SIDE})
    except CannotTravel as too_much:
        raise Unable(f"Python there cannot see what is here: {too_much}.") from too_much
    mark = f"mailops.smtp:{secrets.token_hex(8)}"
    # Expectations can differ by the vantage's name.
    travelling["vantage"] = {**(travelling.get("vantage") or {}), "name": vantage.name}
    if planned.resolve_at == "controller":
        ca_path = (options.get("tls") or {}).get("ca_path")
        servers = planned.nameservers or None
        travelling["looked_up"] = look_up_for_targets(options.get("targets"), servers, planned.hosts, ca_path)
    asked = {"options": _plain(travelling), "check_mode": check_mode, "files": files, "surroundings": surroundings}
    domains = any(target.domain is not None for target in planned.targets)
    with Results(planned, check_mode, watchers) as results:
        answers = _Answers(planned, vantage, check_mode, results)
        session, error = ssh.open_session()
        if session is None:
            error = t.cast(StepError, error)
            if error.kind == "jump_program":
                raise Unable("The SSH server allows no session there to start Python in.")
            return answers.run(error), answers.surroundings()
        with contextlib.closing(session):
            ending = _converse(session, f"{python} -", baggage.script(asked, mark, domains), mark, answers.take)
        if answers.begun:
            lost = StepError("tunnel", f"{ending}, before this check had come back from {ssh.via.name}")
            return answers.run(lost), answers.surroundings()
        raise Unable(answers.unable or f"{python} does not start there: {ending}.")


def _plain(value: t.Any) -> t.Any:
    """What JSON takes: dates, as YAML makes them, become text, and so does whatever else a text can be read from."""
    return json.loads(
        json.dumps(value, default=lambda other: other.isoformat() if hasattr(other, "isoformat") else str(other))
    )


def _converse(
    session: t.Any, command: str, script: bytes, mark: str, take: t.Callable[[t.Mapping[str, t.Any]], None]
) -> str:
    """Has the script run and hands on what it says; returns how that ended, as a clause."""
    from ..vantage.transport import LOST

    session.settimeout(SILENCE_SECONDS)
    lines = _Lines(mark)
    try:
        session.exec_command(command)
    except LOST:
        return "the SSH server starts no program"
    try:
        # Where nothing reads it, it need not all leave.
        with contextlib.suppress(*LOST):
            session.sendall(script)
            session.shutdown_write()
        while True:
            data = session.recv(65536)
            while session.recv_stderr_ready():
                lines.complain(session.recv_stderr(4096))
            if not data:
                break
            for content in lines.feed(data):
                take(content)
    except socket.timeout:
        return f"nothing came for {SILENCE_SECONDS:g} s"
    except LOST:
        return "the SSH connection was lost"
    return _ending(session, lines)


def _ending(session: t.Any, lines: _Lines) -> str:
    end = time.monotonic() + 2.0
    while not session.exit_status_ready() and not session.closed and time.monotonic() < end:
        time.sleep(0.01)
    with contextlib.suppress(Exception):
        while session.recv_stderr_ready():
            lines.complain(session.recv_stderr(4096))
    if not session.exit_status_ready():
        return "the SSH connection was lost"
    status = session.recv_exit_status()
    said = lines.complaint()
    if said:
        return said
    return "there is no such command" if status == 127 else f"it ended with exit code {status}"


def failed_there(
    ssh: SSHVantage,
    options: t.Mapping[str, t.Any],
    check_mode: bool,
    name: t.Optional[str],
    reason: str,
    watchers: t.Sequence[Watcher] = (),
) -> t.Dict[str, t.Any]:
    """The run where Python there was insisted on and cannot be had."""
    planned = plan(options, _SOME_NAME)
    vantage = Vantage(planned.vantage_name or name or ssh.via.host, "ssh-python", **planned.vantage_known)
    detail = f"on {ssh.via.name}: {reason}"
    with Results(planned, check_mode, watchers) as results:
        return _Answers(planned, vantage, check_mode, results).run(StepError("jump_program", detail))


class _Lines:
    """What belongs to us in all that comes: the lines with the mark, among what a noisy profile prints."""

    def __init__(self, mark: str) -> None:
        self._mark = f"{mark} ".encode("ascii")
        self._rest = b""
        self._noise = b""

    def feed(self, data: bytes) -> t.Iterator[t.Mapping[str, t.Any]]:
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LINE_OCTETS:
            self._rest = b""
        for line in whole:
            # A prompt without a line end may stand before the first of ours.
            _before, mark, content = line.partition(self._mark)
            if mark:
                with contextlib.suppress(ValueError):
                    yield json.loads(content)
            else:
                self.complain(line + b"\n")

    def complain(self, data: bytes) -> None:
        self._noise = (self._noise + data)[-_NOISE_OCTETS:]

    def complaint(self) -> str:
        """The last that was said beside."""
        lines = [line.strip() for line in (self._noise + self._rest).splitlines() if line.strip()]
        return printable(lines[-1], 200).rstrip(".") if lines else ""


class _Answers:
    """The run as far as it has come back."""

    def __init__(self, planned: Plan, vantage: Vantage, check_mode: bool, results: Results) -> None:
        self.begun = False
        self.unable: t.Optional[str] = None
        self._planned = planned
        self._vantage = vantage
        self._check_mode = check_mode
        self._started = time.time()
        self._found: t.List[t.List[t.Dict[str, t.Any]]] = [
            [Endpoint(target.host or target.domain or "", None, None, target.port).as_dict()]
            for target in planned.targets
        ]
        self._results = results
        self._taken: t.Set[int] = set()
        self._run: t.Optional[t.Dict[str, t.Any]] = None
        self._said: t.Optional[t.Mapping[str, t.Any]] = None
        self._clock: t.Optional[t.Tuple[float, float]] = None

    def take(self, said: t.Mapping[str, t.Any]) -> None:
        if "refused" in said:
            raise NotAccepted(str(said["refused"]))
        if "unable" in said:
            self.unable = f"Python there cannot do it: {said['unable']}."
        elif "time" in said and self._clock is None:
            # It was said at some moment between the beginning here and now.
            half = (time.time() - self._started) / 2
            self._clock = (round(said["time"] - self._started - half, 3), round(half, 3))
        elif "surroundings" in said:
            self._said = said["surroundings"]
        elif "found" in said:
            self.begun, self._found = True, said["found"]
            self._results.expect(self._vantage, sum(map(len, self._found)))
        elif "check" in said:
            evidence = said["evidence"]
            vantage = {**evidence["vantage"], "name": self._vantage.name, "mode": self._vantage.mode}
            self._taken.add(said["check"])
            self._results.take(said["check"], {**evidence, "vantage": vantage})
        elif "run" in said:
            self._run = said["run"]

    def surroundings(self) -> Surroundings:
        return Surroundings(self._said, *(self._clock or (None, None)))

    def run(self, error: StepError) -> t.Dict[str, t.Any]:
        """All checks, judged; ``error`` is what became of those that did not come back."""
        if not self.begun:
            self._results.expect(self._vantage, sum(map(len, self._found)))
        repeat, number = self._planned.repeat, 0
        for target, places in zip(self._planned.targets, self._found):
            for place in places:
                for repetition in range(1, repeat.count + 1) if repeat is not None else (None,):
                    if number not in self._taken and not self._has_no_address(place, repetition):
                        self._results.ended(number, self._lost(target, place, repetition, error))
                    number += 1
        whole = self._run or {
            "schema_version": 1, "run_id": str(uuid.uuid4()), "label": None, "started_at": moment(self._started),
            "finished_at": moment(time.time()), "plan": plan_facts(self._planned, self._check_mode),
        }  # fmt: skip
        asked = {**whole["plan"], "asked": dict(self._planned.asked)}
        return self._results.run({**whole, "plan": asked, "vantages": [self._vantage.as_dict()]})

    def _lost(self, target: Target, place: t.Any, repetition: t.Optional[int], error: StepError) -> Check:
        session = Session(dialog_of(target, self._check_mode, Endpoint(**place)))
        made = unresolved(target, Destination(Endpoint(**place), error), session, self._vantage, "connect")
        expect = target.expect.at(self._vantage.name) if target.expect is not None else None
        return made._replace(expect=expect, repetition=repetition)

    def _has_no_address(self, place: t.Any, repetition: t.Optional[int]) -> bool:
        """What was not resolved is not tried again, so nothing more is to come of it."""
        return self.begun and place["address"] is None and repetition is not None and repetition > 1
