# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter as Ansible's templates use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smtp.plugins.filter.smtp_matrix import smtp_matrix
from mailops_smtp.judge import judge_run

from tests.core.dialogs import HEALTHY, check


def result(vantage):
    return {"changed": False, **judge_run([check(HEALTHY, vantage={"name": vantage})])}


def test_the_results_of_many_hosts_become_one_matrix():
    assert smtp_matrix(map(result, ["a", "b"]))["vantages"] == ["a", "b"]
    assert smtp_matrix(result("a"))["cells"][0][0]["verdict"] == "pass"


@pytest.mark.parametrize("given", [3, None, {"msg": "Failed to connect"}, ["text"]])
def test_anything_else_is_a_filter_error_with_a_sentence(given):
    with pytest.raises(AnsibleFilterError, match=r"^mailops\.smtp\.smtp_matrix: "):
        smtp_matrix(given)


def test_a_playbook_finds_the_filter_by_its_full_name(tmp_path):
    variables = tmp_path / "variables.json"
    variables.write_text(json.dumps({"results": [result("a"), result("b")]}))
    adhoc = [
        "localhost",
        "-m",
        "ansible.builtin.debug",
        "-a",
        "msg={{ (results | mailops.smtp.smtp_matrix).vantages }}",
    ]
    run = subprocess.run(
        [sys.executable, "-m", "ansible", "adhoc", *adhoc, "-e", f"@{variables}"],
        env={**os.environ, "HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout.partition("=>")[2]) == {"msg": ["a", "b"]}
