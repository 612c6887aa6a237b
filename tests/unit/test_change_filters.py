# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots and comparisons as a playbook makes them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smtp.plugins.filter.smtp_compare import smtp_compare
from ansible_collections.mailops.smtp.plugins.filter.smtp_merge import smtp_merge
from mailops_smtp import snapshot
from mailops_smtp.judge import judge_run

from tests.core.test_comparison import PLAIN, seen
from tests.core.test_snapshot import run
from tests.facts_contract import keeps_contract


def test_generators_are_taken_as_jinja_makes_them() -> None:
    merged = smtp_merge((run(number, "a") for number in (1, 2)), label="before")
    keeps_contract(merged, "snapshot")
    assert merged["versions"]["mailops_smtp"] is not None
    compared = smtp_compare(map(run, [1], "a"), merged)
    keeps_contract(compared, "comparison")
    assert compared["verdict"] == "pass"


@pytest.mark.parametrize("given", [3, None, {"msg": "Failed to connect"}, ["text"]])
def test_anything_else_is_a_filter_error_with_a_sentence(given: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^mailops\.smtp\.smtp_merge: "):
        smtp_merge(given)
    with pytest.raises(AnsibleFilterError, match=r"^mailops\.smtp\.smtp_compare: "):
        smtp_compare(given, run(1, "a"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"expected": ["lunch"]}, r"'lunch' is no kind of change"),
        ({"expected": "lunch"}, r"is not a list"),
        ({"ratio": 0}, r"ratio 0 is not right: give a number of 1 or more"),
    ],
)
def test_wrong_options_are_told(options: dict[str, t.Any], told: str) -> None:
    with pytest.raises(AnsibleFilterError, match=told):
        smtp_compare(run(1, "a"), run(2, "a"), **options)


class Playbook:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, tasks: list[t.Any], *more: str, **variables: t.Any) -> subprocess.CompletedProcess[str]:
        path, given = self.folder / "playbook.json", self.folder / "variables.json"
        path.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        given.write_text(json.dumps(variables))
        return subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", path, "-e", f"@{given}", *more],
            env={**os.environ, "HOME": str(self.folder), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip


@pytest.fixture
def play(tmp_path: Path) -> Playbook:
    return Playbook(tmp_path)


KEEP = {
    "mailops.smtp.smtp_snapshot": {"path": "{{ path }}", "label": "before", "results": "{{ results }}"},
    "register": "kept",
}


def test_a_snapshot_is_written_read_and_compared(play: Playbook, tmp_path: Path) -> None:
    after = {
        **run(2, "a"),
        "checks": [{**check, "tls": {**check["tls"], "offered": False}} for check in run(2, "a")["checks"]],
    }
    done = play(
        [
            KEEP,
            {"ansible.builtin.assert": {"that": ["kept.changed", "kept.summary is search('1 check from 1 vantage')"]}},
            {
                "ansible.builtin.assert": {"that": ["found.verdict == 'fail'", "found.before.label == 'before'"]},
                "vars": {"found": "{{ before | mailops.smtp.smtp_compare(after) }}"},
            },
        ],
        before="{{ lookup('mailops.smtp.smtp_snapshot', path) }}",
        results=[run(1, "a")],
        after=after,
        path=str(tmp_path / "before.json.gz"),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    keeps_contract(snapshot.read(str(tmp_path / "before.json.gz")), "snapshot")


def test_check_mode_writes_nothing(play: Playbook, tmp_path: Path) -> None:
    done = play([KEEP], "--check", results=[run(1, "a")], path=str(tmp_path / "before.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "changed=1" in done.stdout
    assert not (tmp_path / "before.json").exists()


def test_what_cannot_be_kept_or_read_is_told_in_a_sentence(play: Playbook, tmp_path: Path) -> None:
    done = play([KEEP], results=[{"msg": "x"}], path=str(tmp_path / "before.json"))
    assert "mailops.smtp.smtp_snapshot: expected results of mailops.smtp.smtp_check" in done.stdout + done.stderr
    read = {"ansible.builtin.debug": {"msg": "{{ lookup('mailops.smtp.smtp_snapshot', path) }}"}}
    done = play([read], path=str(tmp_path / "none.json"))
    [told] = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("[ERROR]: ")]
    assert told.count("none.json cannot be read: No such file or directory") == 1  # its cause says the same


def test_a_hostile_banner_stays_text(play: Playbook, tmp_path: Path) -> None:
    dialogs = PLAIN, PLAIN.replace("ESMTP Postfix", "{{ lookup('pipe', 'id') }}")
    for name, dialog in zip("ba", dialogs, strict=True):
        checks = judge_run([seen(dialog)])["checks"]
        snapshot.write(str(tmp_path / name), snapshot.merge({**run(1, "a"), "checks": checks}))
    done = play(
        [
            {
                "ansible.builtin.set_fact": {"found": "{{ sides[0] | mailops.smtp.smtp_compare(sides[1]) }}"},
                "vars": {"sides": "{{ query('mailops.smtp.smtp_snapshot', path ~ '/b', path ~ '/a') }}"},
            },
            {"ansible.builtin.debug": {"msg": "{{ found.changes[0].after }}"}},
        ],
        path=str(tmp_path),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "{{ lookup('pipe', 'id') }}" in done.stdout
    assert "uid=" not in done.stdout
