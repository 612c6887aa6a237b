# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples run as they stand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

from mailops_smtp.scenario import ScenarioServer

from tests.repository import ROOT


def command(name: str, *arguments: str) -> list[t.Any]:
    return [sys.executable, ROOT / "examples" / "nornir" / f"{name}.py", *arguments]


def run(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(name, *arguments),
        cwd=folder, env={**os.environ, "HOME": str(folder)}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def watch(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("change_window", "watch", *arguments, "--interval", "0.2"),
        cwd=folder, env={**os.environ, "HOME": str(folder)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def wait_for(watching: subprocess.Popen[str], words: str) -> None:
    lines = []
    for line in t.cast("t.IO[str]", watching.stdout):
        lines.append(line)
        if words in line:
            return
    raise AssertionError(lines)


def test_a_change_window(tmp_path: Path) -> None:
    folder = tmp_path / "change-windows" / "CHG0012345"
    with ScenarioServer("ordinary") as server:
        port = server.port
        window = "CHG0012345", f"127.0.0.1:{port}"
        before = run(tmp_path, "change_window", "before", *window)
        assert (before.returncode, before.stdout) == (0, "3 checks from 1 vantage, of 1 endpoint: 3 pass.\n"), (
            before.stderr
        )
        with watch(tmp_path, *window) as watching:
            wait_for(watching, "up ")
            server.stop()
            wait_for(watching, "DOWN")
            with ScenarioServer("ordinary", port=port):
                wait_for(watching, "up ")
                after = run(tmp_path, "change_window", "after", *window, "--longest-gap", "60")
                told = watching.communicate(timeout=60)[0]
                short = run(tmp_path, "change_window", "after", *window, "--longest-gap", "0.01")
                wrong = run(tmp_path, "change_window", "after", *window, "--expect", "lunch")
    assert after.returncode == 0, after.stdout + after.stderr
    assert "Nothing changed; 1 unchanged. The longest outage took" in after.stdout
    assert "controller: 1 endpoint watched from controller every 0.2 s: 1 outage." in told
    assert watching.returncode == 1
    assert sorted(path.name for path in folder.iterdir()) == [
        "after.json.gz", "before.json.gz", "junit.xml", "report.html", "report.md", "watch.json",
    ]  # fmt: skip
    assert short.returncode == 1
    assert "more than the 10 ms that are allowed" in short.stdout
    assert "The gate is closed" in (folder / "junit.xml").read_text(encoding="utf-8")
    assert (wrong.returncode, wrong.stderr.partition("known")[0]) == (2, "expected[0] 'lunch' is no kind of change: ")
    gone = run(tmp_path, "change_window", "after", *window)
    assert gone.returncode == 1
    assert "regressions: Fails at connect: Connection refused on 127.0.0.1:" in gone.stdout


def test_a_watch_is_ended_by_a_signal_and_keeps_what_it_saw(tmp_path: Path) -> None:
    with ScenarioServer("ordinary") as server:
        for number in (signal.SIGINT, signal.SIGTERM):
            with watch(tmp_path, "CHG", f"127.0.0.1:{server.port}") as watching:
                wait_for(watching, "up ")
                watching.send_signal(number)
                told = watching.communicate(timeout=60)[0]
            assert (watching.returncode, "no outage" in told) == (0, True)
            folder = tmp_path / "change-windows" / "CHG"
            assert [path.name for path in folder.iterdir()] == ["watch.json"]


def test_a_server_is_verified(tmp_path: Path) -> None:
    with ScenarioServer("ordinary") as server:
        done = run(tmp_path, "verify", f"127.0.0.1:{server.port}")
    assert done.returncode == 1
    assert "starttls is true, but found false" in done.stdout


def test_a_matrix(tmp_path: Path) -> None:
    with ScenarioServer("ordinary") as server:
        target = f"127.0.0.1:{server.port}"
        done = run(tmp_path, "matrix", target, "--recipient", "user@contoso.com", "--html", "report.html")
    assert (done.returncode, "pass rcpt" in done.stdout) == (0, True), done.stdout + done.stderr
    assert (tmp_path / "report.html").read_text(encoding="utf-8").count('<details class="check') == 1
    gone = run(tmp_path, "matrix", target)
    assert (gone.returncode, "FAIL connect" in gone.stdout) == (1, True)


def test_a_message_is_sent_and_looked_for(tmp_path: Path) -> None:
    maildir = tmp_path / "Maildir"
    for name in ("cur", "new", "tmp"):
        (maildir / name).mkdir(parents=True)
    with ScenarioServer("ordinary") as server:
        arguments = f"127.0.0.1:{server.port}", "--recipient", "user@contoso.com"
        done = run(tmp_path, "delivery", *arguments, "--maildir", str(maildir), "--within", "0.5")
        without = run(tmp_path, "delivery", *arguments)
    # The server of this test delivers nothing anywhere.
    assert done.returncode == 1, done.stdout + done.stderr
    assert "accepted the message" in done.stdout
    assert done.stdout.count("\n") == 2
    assert (without.returncode, "one of the arguments --imap --maildir is required" in without.stderr) == (2, True)
