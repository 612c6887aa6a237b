# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples run as they stand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from mailops_smtp.scenario import ScenarioServer

from tests.repository import ROOT


def run(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "examples" / "nornir" / f"{name}.py", *arguments],
        cwd=folder, env={**os.environ, "HOME": str(folder)}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_a_change_window(tmp_path: Path) -> None:
    with ScenarioServer("ordinary") as server:
        window = "CHG0012345", f"127.0.0.1:{server.port}"
        before = run(tmp_path, "change_window", "before", *window)
        assert (before.returncode, before.stdout) == (0, "1 check from 1 vantage, of 1 endpoint: 1 pass.\n"), (
            before.stderr
        )
        after = run(tmp_path, "change_window", "after", *window)
        assert (after.returncode, after.stdout.splitlines()[-1]) == (0, "Nothing changed; 1 unchanged.")
        wrong = run(tmp_path, "change_window", "after", *window, "--expect", "lunch")
        assert (wrong.returncode, wrong.stderr.partition("known")[0]) == (
            2,
            "expected[0] 'lunch' is no kind of change: ",
        )
    gone = run(tmp_path, "change_window", "after", *window)
    assert gone.returncode == 1
    assert "regressions: Fails at connect: Connection refused on 127.0.0.1:" in gone.stdout


def test_a_server_is_verified(tmp_path: Path) -> None:
    with ScenarioServer("ordinary") as server:
        done = run(tmp_path, "verify", f"127.0.0.1:{server.port}")
    assert done.returncode == 1
    assert "starttls is true, but found false" in done.stdout
