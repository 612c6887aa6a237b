# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a run has come: a line for people, and a file that is always whole."""

from __future__ import annotations

import json

from mailops_smtp.progress import Progress, ProgressFile, line


def test_a_line_for_people():
    progress = Progress("outside-fra", 1000)
    assert line(progress.as_dict()) == "outside-fra: 0 of 1000 checks"
    for verdict in ("pass", "pass", "not_tested"):
        progress.count(verdict)
    assert line(progress.as_dict()) == "outside-fra: 3 of 1000 checks (2 pass, 1 not tested)"


def test_a_file_once_a_second_and_at_the_end(tmp_path):
    moments = [100.0]
    path = tmp_path / "progress.json"
    file = ProgressFile(str(path), clock=lambda: moments[0])
    progress = Progress("here", 3)
    seen = []
    for moment in (100.0, 100.5, 101.0):
        moments[0] = moment
        progress.count("pass")
        file(progress)
        seen.append(json.loads(path.read_text())["done"])
    assert seen == [1, 1, 3]
    assert json.loads(path.read_text())["finished"] is False
    file.close()
    record = json.loads(path.read_text())
    assert record.pop("updated_at") > 1_700_000_000
    assert record == {"vantage": "here", "done": 3, "total": 3, "counts": {"pass": 3}, "finished": True}
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_costs_nobody_his_checks(tmp_path):
    file = ProgressFile(str(tmp_path / "missing" / "progress.json"))
    file(Progress("here", 3))
    file.close()


def test_a_run_that_never_began_leaves_no_file(tmp_path):
    ProgressFile(str(tmp_path / "progress.json")).close()
    assert list(tmp_path.iterdir()) == []
