# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The change window's gate as a pipeline meets it: exit codes, statistics, soak, and reports that all say the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path
from xml.etree import ElementTree

import pytest
from mailops_smtp import snapshot
from mailops_smtp.run import check
from mailops_smtp.scenario import ScenarioServer

from tests.facts_contract import keeps_contract

HOST = "127.0.0.1"
SECONDS = 120
WINDOW = "CHG0012345"

# What ansible-playbook says of a task that failed.
FAILED = 2


class Team:
    """A folder with an inventory, and the server that is changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "change-windows" / WINDOW
        self.home = folder
        self.server = ScenarioServer("ordinary", hostname="mx1.contoso.com")
        self.server.start()
        self.logs = folder / "logs"
        self.logs.mkdir()

    def play(self, phase: str, *more: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory, given = self.home / "inventory.json", self.home / "variables.json"
        inventory.write_text(json.dumps({"vantage_points": {"hosts": {"here": host}}}))
        given.write_text(json.dumps({
            "phase": phase,
            "window": WINDOW,
            "smtp_targets": [{"host": HOST, "port": self.server.port}],
            "change_window_repeat": 1,
            "change_window_watch_interval": 0.1,
            "change_window_watch_directory": str(self.logs),
            **variables,
        }))  # fmt: skip
        environment = {
            **os.environ, "HOME": str(self.home), "PWD": str(self.home), "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_SHOW_CUSTOM_STATS": "1",
        }  # fmt: skip
        return subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "-i", inventory, "mailops.smtp.change_window",
             "-e", f"@{given}", *more],
            env=environment, cwd=self.home, capture_output=True, text=True, check=False, timeout=SECONDS,
        )  # fmt: skip

    def restart(self, gone: float = 0.0, **settings: t.Any) -> None:
        """The server is down for so many seconds, and comes back, perhaps as another one."""
        port = self.server.port
        self.server.stop()
        time.sleep(gone)
        self.server = ScenarioServer(settings.pop("behaviour", "ordinary"), hostname="mx1.contoso.com", port=port)
        self.server.start()

    def until_watched(self, checks: int) -> None:
        """Until the watch has made so many more checks."""
        deadline = time.monotonic() + 20
        # It was begun as a job of its own, which takes its time on a busy machine.
        while not list(self.logs.glob("*.watch")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (log,) = self.logs.glob("*.watch")
        mark = log.read_text().count('"seen"')
        while log.read_text().count('"seen"') < mark + checks:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def result(self) -> t.Any:
        """What is handed on, known to be the gate."""
        result = json.loads((self.folder / "result.json").read_text(encoding="utf-8"))
        kept = {name: value for name, value in result.items() if name not in ("window", "folder")}
        keeps_contract(kept, "gate")
        assert (result["window"], result["folder"]) == (WINDOW, str(self.folder))
        return result

    def reports(self) -> tuple[bool, int]:
        """Whether the reports that people read say that the gate is open, all alike; and how many cases fail."""
        said = {
            "The gate is open" in (self.folder / name).read_text(encoding="utf-8")
            for name in ("report.md", "report.html")
        }
        assert len(said) == 1
        suites = ElementTree.parse(self.folder / "junit.xml").getroot()
        return said.pop(), int(suites.get("failures", "")) + int(suites.get("errors", ""))


@pytest.fixture
def team(tmp_path: Path) -> t.Iterator[Team]:
    made = Team(tmp_path)
    yield made
    # A watch that a failed test has left ends by itself.
    for log in made.logs.glob("*.watch"):
        Path(f"{log}.stop").touch()
    made.server.stop()


def test_the_gate_of_a_pipeline(team: Team) -> None:
    early = team.play("after")
    assert early.returncode == FAILED
    assert "before.json.gz cannot be read: No such file or directory" in early.stdout + early.stderr

    begun = team.play("before")
    assert begun.returncode == 0, begun.stdout + begun.stderr
    # Whoever begins again, begins anew.
    again = team.play("before", "--tags", "watch")
    assert again.returncode == 0, again.stdout + again.stderr
    team.until_watched(2)
    team.restart(gone=0.5)
    team.until_watched(2)

    # As the command line gives them, without a type.
    typeless = "change_window_fail=true change_window_watch=true change_window_watch_duration=600"
    soaked = team.play(
        "after",
        "-e",
        typeless,
        change_window_longest_gap=30,
        change_window_soak={"times": 2, "interval": 1},
        change_window_repeat="2",
    )
    assert soaked.returncode == 0, soaked.stdout + soaked.stderr
    result = team.result()
    assert (result["verdict"], result["clean_runs"], result["wanted_runs"]) == ("pass", 2, 2)
    assert len(result["outages"]) == 1
    assert team.reports() == (True, 0)
    # Handed on to the next job of a workflow, or artefacts of this one.
    assert f'"window": "{WINDOW}"' in soaked.stdout.partition("CUSTOM STATS")[2]
    assert list(team.logs.iterdir()) == []

    # Who looks again later still knows of the outage, which is too long for others.
    team.restart(behaviour="refuses-ehlo")
    closed = team.play("after", change_window_longest_gap=0.1, change_window_soak={"times": 3, "interval": 60})
    assert closed.returncode == FAILED
    result = team.result()
    assert (result["verdict"], result["clean_runs"], result["wanted_runs"]) == ("fail", 0, 3)
    hint = f"Roll back, or mend: EHLO no longer understood on {HOST}:{team.server.port}."
    printed = " ".join((closed.stdout + closed.stderr).split())
    assert f"The gate is closed (fail): {hint}" in printed
    assert "which is more than the 100 ms that are allowed." in printed
    assert '"verdict": "fail"' in closed.stdout.partition("CUSTOM STATS")[2]
    # The gate itself, what got worse, and the outage.
    assert team.reports() == (False, 3)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"window": "../x"}, "Give change_window_id, of letters, digits"),
        ({"change_window_expected": ["lunch"]}, "'lunch' is no kind of change"),
    ],
)
def test_a_wrong_window_is_told(team: Team, wrong: dict[str, t.Any], words: str) -> None:
    team.folder.mkdir(parents=True)
    seen = check({"host": HOST, "port": team.server.port, "vantage": {"name": "here"}})
    snapshot.write(str(team.folder / "before.json.gz"), snapshot.merge(seen))
    done = team.play("after", **wrong)
    assert done.returncode == FAILED
    assert words in " ".join((done.stdout + done.stderr).split())
