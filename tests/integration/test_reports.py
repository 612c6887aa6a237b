# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of real servers: the playbook of docs/report.md as it stands there, and a change that is seen."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

from junitparser import JUnitXml
from mailops_smtp.report.writing import FORMATS, report

from tests.core.html_page import read
from tests.repository import ROOT

from .conftest import Controller

PAGE = ROOT / "docs" / "report.md"


def test_the_page_s_playbook_keeps_a_page_and_a_file_for_the_pipeline(controller: Controller) -> None:
    (playbook,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (controller.home / "report.yml").write_text(playbook, encoding="utf-8")
    inventory = json.loads(Path(controller.inventory("vantage-a", "vantage-b")).read_text(encoding="utf-8"))
    inventory["all"] = {"children": {"vantage_points": inventory["all"]}}
    (controller.home / "vantages.json").write_text(json.dumps(inventory), encoding="utf-8")
    played = controller.play(controller.home / "report.yml", "-i", controller.home / "vantages.json")
    assert played.returncode == 0, played.stdout + played.stderr

    page = read((controller.home / "report.html").read_text(encoding="utf-8"))
    (matrix,) = page.of_class("matrix")
    assert [head.text for head in matrix.all("thead")[0].all("th")][1:] == ["vantage-a", "vantage-b"]
    assert len(page.of_class("check")) == 8  # two servers, two addresses each, two vantages
    suites = JUnitXml.fromfile(str(controller.home / "report.xml"))
    assert [suite.name for suite in suites] == ["vantage-a", "vantage-b"]
    # Nobody outside gets through to mx1's port 25.
    assert suites.failures == 2


def test_what_a_real_server_lost_stands_in_every_format(controller: Controller) -> None:
    asked: dict[str, t.Any] = {"recipient": "user@contoso.test"}
    target = {"host": controller.name("mx2"), "name": "mx2"}
    before = controller.check(targets=[{**target, "port": 25}], **asked)
    # The same server's other port has no STARTTLS: to whoever looks, it has gone.
    after = controller.check(targets=[{**target, "port": 2525}], **asked)
    for check in after["checks"]:
        check["endpoint"]["port"] = 25
    written = {format: report(after, format, earlier=before) for format in FORMATS}
    assert json.loads(written["json"])["comparison"]["regressions"] != []
    for format, text in written.items():
        assert "STARTTLS gone on mx2" in " ".join(text.split()), format
    assert JUnitXml.fromstring(written["junit"].encode()).failures >= 1
