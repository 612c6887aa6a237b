# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The near side of a run that Python makes on a vantage: sends the script, takes the checks as they come in, judges.

Whatever keeps Python from beginning is Unable, and leaves the mail servers untouched: another way can then be taken.
Once it has begun, nothing is done twice: what was under way when the connection was lost is inconclusive, and the rest
is made over another connection, or in another way.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import time
import typing as t

from ..evidence import Check, StepError, Vantage
from ..names import look_up_for_targets
from ..plan import Plan, plan
from ..progress import Watcher
from ..results import Results
from ..run import Rest, tls_settings
from ..vantage.ssh import RECONNECTIONS, SSHVantage
from . import baggage
from .answers import Answers, Surroundings
from .belongings import CannotTravel, packed
from .lines import Lines
from .there import ALIVE_SECONDS

# So long nothing has come that the connection must be gone.
SILENCE_SECONDS = 3 * ALIVE_SECONDS

# For options that are checked here and used there.
_SOME_NAME = "[127.0.0.1]"

# What the vantage has nothing to do with: how it is reached, and what becomes of the results.
_OF_THIS_SIDE = ("via", "detail", "evidence_file", "progress_file")


class Unable(Exception):
    """Why Python cannot be had on the vantage, as a sentence. No mail server was asked anything."""


# Makes what is left of a run in another way: given that, why, and who is told of each check as it ends.
Otherwise = t.Callable[[Rest, str, t.Callable[[int, Check], None]], None]


def look_there(
    ssh: SSHVantage, options: t.Mapping[str, t.Any], name: t.Optional[str] = None, python: str = "python3"
) -> t.Tuple[t.Dict[str, t.Any], Surroundings]:
    """As check_there(), and the vantage's surroundings with it."""
    planned = plan(options, _SOME_NAME)
    with Results(planned, False) as results:
        vantage = _vantage(ssh, planned, name)
        answers = Answers(planned, vantage, False, results)
        error = _Errand(ssh, planned, options, vantage, python, False, surroundings=True).run(answers, None)
        return answers.run(error), answers.surroundings()


def check_there(
    ssh: SSHVantage,
    options: t.Mapping[str, t.Any],
    check_mode: bool = False,
    name: t.Optional[str] = None,
    python: str = "python3",
    watchers: t.Sequence[Watcher] = (),
    otherwise: t.Optional[Otherwise] = None,
) -> t.Dict[str, t.Any]:
    """The run, made by ``python`` at the far end of ``ssh``; ``name`` is what to call that vantage.

    :param python: the interpreter's name or path there, or a command that starts it, such as ``sudo -n python3``.
    :param otherwise: makes the rest where Python there has begun and can be had no more.
    :raises OptionError: for anything wrong with the options.
    :raises Unable: where no Python there can begin.
    """
    planned = plan(options, _SOME_NAME)
    tls_settings(planned.targets)  # unusable certificates are found before anything leaves
    vantage = _vantage(ssh, planned, name)
    errand = _Errand(ssh, planned, options, vantage, python, check_mode)
    with Results(planned, check_mode, watchers) as results:
        answers = Answers(planned, vantage, check_mode, results)
        return answers.run(errand.run(answers, otherwise))


def _vantage(ssh: SSHVantage, planned: Plan, name: t.Optional[str]) -> Vantage:
    return Vantage(planned.vantage_name or name or ssh.via.host, "ssh-python", **planned.vantage_known)


class _Errand:
    """What is sent to the vantage: all of the run at first, and after a loss what is left of it."""

    def __init__(
        self,
        ssh: SSHVantage,
        planned: Plan,
        options: t.Mapping[str, t.Any],
        vantage: Vantage,
        python: str,
        check_mode: bool,
        surroundings: bool = False,
    ) -> None:
        self._ssh = ssh
        self._python = python
        self._mark = f"mailops.smtp:{secrets.token_hex(8)}"
        self._domains = any(target.domain is not None for target in planned.targets)
        try:
            travelling, files = packed({key: value for key, value in options.items() if key not in _OF_THIS_SIDE})
        except CannotTravel as too_much:
            raise Unable(f"Python there cannot see what is here: {too_much}.") from too_much
        # Expectations can differ by the vantage's name.
        travelling["vantage"] = {**(travelling.get("vantage") or {}), "name": vantage.name}
        if planned.resolve_at == "controller":
            ca_path = (options.get("tls") or {}).get("ca_path")
            servers = planned.nameservers or None
            travelling["looked_up"] = look_up_for_targets(options.get("targets"), servers, planned.hosts, ca_path)
        self._asked: t.Dict[str, t.Any] = {
            "options": _plain(travelling),
            "check_mode": check_mode,
            "files": files,
            "surroundings": surroundings,
        }

    def run(self, answers: Answers, otherwise: t.Optional[Otherwise]) -> StepError:
        """Has the vantage make the checks; returns what became of those that did not come back."""
        rest: t.Optional[Rest] = None
        error = StepError("tunnel", "this check did not come back")
        for _attempt in range(1 + RECONNECTIONS):
            ending, refusal = self._round(answers)
            if answers.complete:
                return error
            if refusal is not None and refusal.kind != "jump_program":
                return refusal
            if not answers.begun:
                if refusal is not None:
                    raise Unable("The SSH server allows no session there to start Python in.")
                raise Unable(answers.unable or f"{self._python} does not start there: {ending}.")
            error = StepError("tunnel", f"{ending}, before this check had come back from {self._ssh.via.name}")
            before, rest = rest, answers.left_after(error)
            if rest is None:
                return error
            if refusal is not None or (before is not None and before.numbers == rest.numbers):
                break  # there is no Python any more
            self._asked["rest"] = {
                "found": [[place.endpoint.as_dict() for place in places] for places in rest.found],
                "numbers": sorted(rest.numbers),
            }
            # That moment is over.
            self._asked["options"].pop("start_at", None)
        if otherwise is not None and rest is not None:
            otherwise(rest, f"Python there ended: {ending}.", answers.ended)
        return error

    def _round(self, answers: Answers) -> t.Tuple[str, t.Optional[StepError]]:
        """One session: how it ended, or why there was none."""
        session, refusal = self._ssh.open_session()
        if session is None:
            refusal = t.cast(StepError, refusal)
            return refusal.detail, refusal
        script = baggage.script(self._asked, self._mark, self._domains)
        with contextlib.closing(session):
            return _converse(session, f"{self._python} -", script, self._mark, answers.take), None


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
    lines = Lines(mark)
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
        # So that a connection that is gone is not taken for one, by whoever wants the next session.
        session.transport.answers(time.monotonic())
        return f"nothing came for {SILENCE_SECONDS:g} s"
    except LOST:
        return "the SSH connection was lost"
    return _ending(session, lines)


def _ending(session: t.Any, lines: Lines) -> str:
    end = time.monotonic() + 2.0
    while not session.exit_status_ready() and not session.closed and time.monotonic() < end:
        time.sleep(0.01)
    with contextlib.suppress(Exception):
        while session.recv_stderr_ready():
            lines.complain(session.recv_stderr(4096))
    if not session.exit_status_ready() or not session.transport.is_active():
        return "the SSH connection was lost"
    status = session.recv_exit_status()
    said = lines.complaint()
    if said:
        return said
    if status < 0:
        return "it was killed"  # RFC 4254 6.10: by a signal, which comes instead of a status
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
    vantage = _vantage(ssh, planned, name)
    detail = f"on {ssh.via.name}: {reason}"
    with Results(planned, check_mode, watchers) as results:
        return Answers(planned, vantage, check_mode, results).run(StepError("jump_program", detail))
