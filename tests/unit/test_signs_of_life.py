# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A long task on the controller says how far it has come."""

from __future__ import annotations

import json
import re
from pathlib import Path

from mailops_smtp.scenario import ScenarioServer

from .conftest import Ansible


def test_lines_while_the_task_runs(ansible: Ansible, tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    with ScenarioServer("slow-banner", pause=2.0) as server:
        # One at a time, so that it takes eight seconds: a line comes every five.
        options = {
            "targets": [f"127.0.0.1:{server.port}"] * 4,
            "connections": {"per_server": 1},
            "progress_file": str(path),
            "vantage": {"name": "outside-fra"},
        }
        printed, result = ansible.smtp_check(options)
    # How many those are is the machine's affair.
    assert re.search(r"^outside-fra: ([123]) of 4 checks \(\1 pass\)$", printed, re.MULTILINE), printed
    assert result["counts"] == {"pass": 4}
    assert json.loads(path.read_text())["finished"] is True
