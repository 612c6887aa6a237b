# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who runs for somebody else, and is told to end, or has nobody left who listens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import typing as t

import pytest
from mailops_smtp.scenario import ScenarioServer

from tests import repository

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from mailops_smtp.interruption import interruptible
from mailops_smtp.run import check
interruptible()
check({"host": "127.0.0.1", "port": int(sys.argv[2]), "recipient": "user@contoso.com"})
"""


def ends_by_hanging_up(running: subprocess.Popen[bytes]) -> None:
    t.cast("t.IO[bytes]", running.stdout).close()


def ends_by_a_signal(running: subprocess.Popen[bytes]) -> None:
    running.send_signal(signal.SIGTERM)


def ends_in_every_way(running: subprocess.Popen[bytes]) -> None:
    """As where a terminal is closed."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        running.send_signal(number)
    ends_by_hanging_up(running)


@pytest.mark.parametrize("end", [ends_by_hanging_up, ends_by_a_signal, ends_in_every_way])
def test_it_says_goodbye_and_ends(end: t.Callable[[subprocess.Popen[bytes]], None]) -> None:
    with ScenarioServer("slow-banner", pause=1.5) as server:
        core = str(repository.ROOT / "plugins" / "module_utils")
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, core, str(server.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as running:
            deadline = time.monotonic() + 20
            while not server.sessions:
                assert time.monotonic() < deadline, "it connects to nobody"
                time.sleep(0.02)
            end(running)
            assert running.wait(20) != 0
        [session] = server.wait(1, 20)
    assert session.quit
    assert session.violations == []


def test_what_is_no_pipe_is_no_reason_to_end() -> None:
    with ScenarioServer("ordinary") as server, open(os.devnull, "wb") as nowhere:
        core = str(repository.ROOT / "plugins" / "module_utils")
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, core, str(server.port)], stdout=nowhere, timeout=20, check=False
        )
    assert done.returncode == 0
