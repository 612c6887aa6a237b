# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A jump host for one run: what opens connections there, and what can be read there. paramiko comes with the first."""

from __future__ import annotations

import contextlib
import typing as t

from ..evidence import StepError

# (host, port, timeout, report): see ssh.SSHVantage.open_channel
Opener = t.Callable[[str, int, float, t.Callable[[t.Any, t.Optional[StepError]], None]], None]


class Streams(t.NamedTuple):
    """Where connections start from when not here: what opens them, the name of that place, and what reads a small file
    there, None where nothing can.

    ``prepare`` gets the place ready, and returns at once. ``mode_to(host, port)`` says how the last connection there
    was made, as ``mode`` and ``mode_reason`` of evidence.Vantage; ``mode_reason`` holds for all of them.
    """

    name: str
    open_channel: Opener
    read_file: t.Optional[t.Callable[[str], str]] = None
    prepare: t.Callable[[], None] = lambda: None
    mode_to: t.Callable[[str, int], t.Tuple[str, t.Optional[str]]] = lambda host, port: ("ssh-channel", None)
    mode_reason: t.Optional[str] = None


@contextlib.contextmanager
def jump_host(given: t.Mapping[str, t.Any]) -> t.Iterator[Streams]:
    """The jump host that ``via`` names, until the block ends.

    :raises ViaError: for a value that cannot be used.
    :raises ImportError: where paramiko is missing.
    """
    # paramiko takes its time to import, and is needed only here.
    from .ssh import SSHVantage
    from .via import Via

    via = Via.parse({name: value for name, value in given.items() if value is not None})
    with SSHVantage(via) as vantage:
        yield Streams(via.host, vantage.open_channel, vantage.read_file, vantage.prepare, vantage.mode_to)
