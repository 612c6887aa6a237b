# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo is the first thing that anybody sees: it ends well, and whenever it ends nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.repository import ROOT

SECONDS = 180


@pytest.fixture
def demo(tmp_path: Path) -> t.Iterator[subprocess.Popen[str]]:
    """The demo under way, with an empty home directory and a directory for temporary files of its own."""
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir()
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, ROOT / "demo" / "run.py"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(home), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        yield running
        running.kill()
    assert sorted(path for folder in (home, temporary) for path in folder.iterdir()) == []


def test_it_finds_the_faults_that_it_planted(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    printed = demo.communicate(timeout=SECONDS)[0]
    assert demo.returncode == 0, printed
    assert "outside-nyc" in printed
    assert "Both planted faults show." in printed
    assert "regressions: STARTTLS gone on mx2.contoso.com, seen from all 2 vantages." in printed
    changed = tmp_path / ".cache" / "demo" / "change-report.html"
    assert "STARTTLS gone on mx2.contoso.com" in changed.read_text(encoding="utf-8")
    kept = tmp_path / ".cache" / "demo" / "report.html"
    assert kept.as_uri() in printed
    assert kept.read_text(encoding="utf-8").count('<details class="check') == 9


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "ansible-playbook"),
        (signal.SIGTERM, "ansible-playbook"),
        # Watches are under way then, which end by themselves only after minutes.
        (signal.SIGINT, "The change:"),
    ],
)
def test_it_can_be_stopped_at_any_time(
    demo: subprocess.Popen[str], tmp_path: Path, number: signal.Signals, moment: str
) -> None:
    output = t.cast("t.IO[str]", demo.stdout)
    for line in output:
        if moment in line:
            break
    demo.send_signal(number)
    printed = demo.communicate(timeout=SECONDS)[0]
    assert demo.returncode == 130, printed
    assert "nothing is left behind" in printed
    assert not (tmp_path / ".cache").exists() or moment == "The change:"
    assert processes_under(str(tmp_path)) == []


def processes_under(folder: str) -> list[str]:
    """The programs that run with something below the folder on their command line: playbooks, modules, watches."""
    found = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in found.splitlines() if folder in line]


START_AND_STOP = """
import os, signal, subprocess, sys
sys.path[:0] = [sys.argv[1]]
import run

class Interrupted(subprocess.Popen):
    def __init__(self, arguments, **options):
        super().__init__(arguments, **options)
        if arguments[-1] == sys.argv[2]:
            # The program runs, and nobody has got hold of it yet.
            os.kill(os.getpid(), signal.SIGINT)

subprocess.Popen = Interrupted
signal.signal(signal.SIGINT, run._interrupt)
try:
    run._ansible("playbook", [sys.argv[2]], dict(os.environ), quiet=True)
except KeyboardInterrupt:
    print("stopped")
"""


def test_a_signal_while_a_program_is_being_started_leaves_no_program(tmp_path: Path) -> None:
    playbook = tmp_path / "waits.yml"
    playbook.write_text('[{"hosts": "localhost", "gather_facts": false, "tasks": [{"pause": {"seconds": 30}}]}]')
    done = subprocess.run(
        [sys.executable, "-c", START_AND_STOP, ROOT / "demo", playbook],
        cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
        timeout=SECONDS,
    )  # fmt: skip
    assert done.stdout == "stopped\n", done.stderr
    assert processes_under(str(tmp_path)) == []


STOPPED_WITH_A_FILE = """
import sys, tempfile
sys.path[:0] = [sys.argv[1]]
import run

try:
    with run._temporary_folder():
        tempfile.NamedTemporaryFile(suffix=".pem", delete=False)
        raise KeyboardInterrupt
except KeyboardInterrupt:
    print("stopped")
"""


def test_a_file_that_a_library_has_made_for_a_moment_goes_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STOPPED_WITH_A_FILE, ROOT / "demo"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.stdout == "stopped\n", done.stderr
    assert list(tmp_path.iterdir()) == []
