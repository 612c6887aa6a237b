# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter as Ansible's templates use it, and its XML as the programs that pipelines have read it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smtp.plugins.filter import smtp_report as plugin
from ansible_collections.mailops.smtp.plugins.filter.smtp_report import smtp_report
from junitparser import Error, Failure, JUnitXml, Skipped
from mailops_smtp.report.writing import FORMATS, report

from tests.core.dialogs import HEALTHY
from tests.core.reports import comparison, every_verdict, hostile, run, seen, three_vantages, watch


@pytest.mark.parametrize("format", list(FORMATS))
def test_the_results_of_many_hosts_become_one_report(format: str) -> None:
    results = [{"changed": False, **result} for result in three_vantages()]
    options: dict[str, t.Any] = {
        "comparison": comparison(),
        "earlier": results,
        "title": "CHG0012345",
        "watch": watch(),
    }
    written = smtp_report(map(dict, results), format=format, **options)
    assert written == report(three_vantages(), format, **{**options, "earlier": three_vantages()})


@pytest.mark.parametrize(
    ("given", "options", "sentence"),
    [
        (3, {}, "'int' object is not iterable"),
        ({"msg": "Failed to connect"}, {}, "expected the result of mailops.smtp.smtp_check"),
        ([], {"format": "pdf"}, "format: 'pdf' is not one of terminal, markdown, html, junit, json"),
        ([], {"comparison": {}}, "expected the result of mailops.smtp.smtp_compare"),
        ([], {"watch": [{}]}, "expected the result of mailops.smtp.smtp_watch"),
        ([], {"earlier": [None]}, "expected the result of mailops.smtp.smtp_check"),
        ({"checks": [{"endpoint": {}, "verdict": "pass"}]}, {}, "a run or comparison has no 'address'"),
    ],
)
def test_anything_else_is_a_filter_error_with_a_sentence(given: t.Any, options: t.Any, sentence: str) -> None:
    with pytest.raises(AnsibleFilterError, match=rf"^mailops\.smtp\.smtp_report: .*{sentence}"):
        smtp_report(given, **options)


def test_its_documentation_names_its_options() -> None:
    options = yaml.safe_load(plugin.DOCUMENTATION)["options"]
    assert options["format"]["choices"] == list(FORMATS)
    assert ["_input", *(name for name in options if name != "_input")] == [
        "_input", "format", "comparison", "earlier", "watch", "title", "gate",
    ]  # fmt: skip


@pytest.mark.parametrize("runs", [three_vantages(), every_verdict(), hostile()])
def test_a_stock_parser_reads_the_junit_report(runs: t.Any) -> None:
    suites = JUnitXml.fromstring(report(runs, "junit", comparison=comparison(), watch=watch()).encode())
    read = [(case, outcome) for suite in suites for case in suite for outcome in (case.result or [None])]
    for kind, told in ((Failure, suites.failures), (Error, suites.errors), (Skipped, suites.skipped)):
        assert sum(isinstance(outcome, kind) for _case, outcome in read) == told
    assert len({(case.classname, case.name) for case, _outcome in read}) == len(read) == suites.tests
    for suite in suites:
        assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (
            len(list(suite)),
            sum(isinstance(outcome, Failure) for case in suite for outcome in case.result),
            sum(isinstance(outcome, Error) for case in suite for outcome in case.result),
            sum(isinstance(outcome, Skipped) for case in suite for outcome in case.result),
        )


PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  vars:
    smtp: "{{ lookup('ansible.builtin.file', folder + '/run.json') | from_json }}"
    told: "{{ smtp | mailops.smtp.smtp_report(format='markdown') }}"
  tasks:
    - ansible.builtin.set_fact:
        kept: "{{ smtp | mailops.smtp.smtp_report }}"
    - ansible.builtin.copy:
        content: "{{ [kept, told, smtp | mailops.smtp.smtp_report(format='html')] | to_json }}"
        dest: "{{ folder }}/reports.json"
        mode: "0600"
    - ansible.builtin.copy:
        content: "{{ smtp | mailops.smtp.smtp_report(format='json') }}"
        dest: "{{ folder }}/report.json"
        mode: "0600"
"""


def test_a_playbook_keeps_reports_and_no_banner_is_a_template(tmp_path: Path) -> None:
    owned = tmp_path / "owned"
    said = f"{{{{ lookup('ansible.builtin.pipe', 'touch {owned}') }}}} {{% raw %}}"
    made = run(seen(HEALTHY.replace("ESMTP Postfix", said), "a"), seen(f"S: 554 5.7.1 {said}", "b"))
    (tmp_path / "playbook.yml").write_text(PLAYBOOK)
    (tmp_path / "run.json").write_text(json.dumps(made))
    played = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", str(tmp_path / "playbook.yml"), "-e", f"folder={tmp_path}"],
        env={**os.environ, "HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert played.returncode == 0, played.stdout + played.stderr
    assert not owned.exists()
    reports = json.loads((tmp_path / "reports.json").read_text(encoding="utf-8"))
    assert reports == [report(made, format) for format in ("terminal", "markdown", "html")]
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == json.loads(report(made, "json"))
