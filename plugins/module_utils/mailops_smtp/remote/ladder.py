# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Which way to test from a vantage: Python there, else SSH channels, else programs there; the facts say which and why.

Python there is the fastest, and sees everything that a host sees: its own names, its own addresses. A channel needs
nothing there but an SSH server. A program needs a shell, and takes the place of a channel that is forbidden.
"""

from __future__ import annotations

import contextlib
import typing as t
from functools import partial

from ..evidence import Check
from ..fitness.judgement import fitness
from ..plan import OptionError
from ..plan.fitness import checks_of_references
from ..progress import Watcher
from ..run import Listener, Rest, check, gather
from ..vantage.jump_host import Streams
from ..vantage.ssh import SSHVantage
from .answers import NotAccepted
from .here import Unable, check_there, failed_there, look_there

MODES = ("auto", "python", "channel", "exec")


def fitness_from(
    ssh: SSHVantage,
    options: t.Mapping[str, t.Any],
    name: t.Optional[str] = None,
    mode: str = "auto",
    python: str = "python3",
) -> t.Dict[str, t.Any]:
    """Whether the far end of ``ssh`` is fit to judge mail servers by; the rest is as in check_from()."""
    if mode not in MODES:
        raise OptionError("mode", mode, "is no way to test from a vantage", f"choose one of {', '.join(MODES)}")
    asked = checks_of_references(options)
    if mode in ("auto", "python"):
        with contextlib.suppress(Unable):
            run, around = look_there(ssh, asked, name, python)
            return fitness(run, around.said, around.clock_offset, around.uncertainty)
    run = check_from(ssh, asked, False, name, mode, python)
    return fitness(run, None, None, None)


def check_from(
    ssh: SSHVantage,
    options: t.Mapping[str, t.Any],
    check_mode: bool = False,
    name: t.Optional[str] = None,
    mode: str = "auto",
    python: str = "python3",
    watchers: t.Sequence[Watcher] = (),
) -> t.Dict[str, t.Any]:
    """The run, made from the far end of ``ssh`` in one of MODES; ``auto`` takes the best that works.

    :param name: what to call the vantage.
    :param python: how to start Python there.
    :raises OptionError: for anything wrong with the options, ``mode`` included.
    """
    if mode not in MODES:
        raise OptionError("mode", mode, "is no way to test from a vantage", f"choose one of {', '.join(MODES)}")
    reason = None

    def through_channels(rest: Rest, why: str, ended: t.Callable[[int, Check], None]) -> None:
        # The addresses are known already. What a channel cannot do stays undone.
        asked = {option: value for option, value in options.items() if option != "address_family"}
        with contextlib.suppress(OptionError):
            gather(asked, check_mode, _streams(ssh, name, mode, why), Listener(lambda *found: None, ended), rest)

    if mode in ("auto", "python"):
        try:
            otherwise = through_channels if mode == "auto" else None
            return check_there(ssh, options, check_mode, name, python, watchers, otherwise)
        except Unable as unable:
            reason = str(unable)
            if mode == "python":
                return failed_there(ssh, options, check_mode, name, reason, watchers)
    try:
        return check(options, check_mode, _streams(ssh, name, mode, reason), watchers)
    except OptionError as error:
        if reason is None:
            raise
        # What a channel cannot do, Python could have done.
        raise NotAccepted(f"{error} Nor can Python on the vantage do it: {reason}") from error


def _streams(ssh: SSHVantage, name: t.Optional[str], mode: str, reason: t.Optional[str]) -> Streams:
    opener = partial(ssh.open_channel, mode=mode)
    return Streams(name or ssh.via.host, opener, ssh.read_file, ssh.prepare, ssh.mode_to, reason)
