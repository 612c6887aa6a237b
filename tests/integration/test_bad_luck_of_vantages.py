# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Vantages with trouble of their own that a mail server must not be blamed for: a clock that is an hour ahead, no SSH
server where one should be. What else goes wrong there is in the tests of the ways from a vantage, of managed hosts, of
losses and of SSH."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from mailops_smtp.compare import matrix

from .conftest import Controller, result_of
from .test_three_ways import run_nornir
from .test_ways_from_a_vantage import SHORT, inventory

AHEAD = "is 60 min ahead of the controller's"


def test_a_clock_that_is_an_hour_ahead_by_python_there(controller: Controller) -> None:
    """The checks are as good as ever; that the clock is wrong is said by the run, and by the matrix."""
    asked = {"targets": ["exim.contoso.test:25"], "mode": "python", "python": "faketime -f +1h python3"}
    runs = run_nornir(controller, inventory(controller, "jump"), ["jump"], {**asked, "tls": controller.tls})
    assert runs["jump"]["verdict"] == "pass"
    assert runs["jump"]["plan"]["warnings"][-1].startswith(f"The clock of jump {AHEAD}")
    assert {round(made["vantage"]["clock_offset"] / 60) for made in runs["jump"]["checks"]} == {60}
    [remark] = matrix(list(runs.values()))["remarks"]
    assert (remark["kind"], AHEAD in remark["summary"]) == ("clock", True)
    right = run_nornir(controller, inventory(controller, "jump"), ["jump"], {**asked, "python": "python3"})
    assert right["jump"]["plan"]["warnings"] == []


@pytest.fixture
def an_hour_ahead(controller: Controller) -> t.Iterator[str]:
    """vantage-b, whose date tells another time."""
    fake, right = controller.home / "date", controller.home / "right"
    fake.write_text(f'#!/bin/sh\nexec faketime -f +1h {right} "$@"\n')
    fake.chmod(0o755)
    right.write_bytes(Path("/usr/bin/date").read_bytes())
    right.chmod(0o755)
    for folder in (controller.home, *controller.home.parents[:3]):
        if str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    controller.lab.run("vantage-b", ["mount", "--no-mtab", "--bind", fake, "/usr/bin/date"], check=True)
    yield "vantage-b"
    controller.lab.run("vantage-b", ["umount", "--no-mtab", "/usr/bin/date"], check=True)


def test_a_clock_that_is_an_hour_ahead_on_a_managed_host(controller: Controller, an_hour_ahead: str) -> None:
    """Such a vantage is not fit, so that what fails from there is inconclusive."""
    hosts = controller.inventory(an_hour_ahead)
    options = {"references": [f"{controller.name('exim')}:25"]}
    facts = result_of(controller.ansible("mailops.smtp.vantage_info", options, "-i", hosts, on=an_hour_ahead))
    assert (facts["fit"], facts["vantage"]["unfit"]) == (False, f"Its clock {AHEAD}.")
    failing = {"host": controller.name("mx1"), "vantage": {"unfit": facts["vantage"]["unfit"]}}
    result = controller.smtp_check("-i", hosts, on=an_hour_ahead, timeouts={"connect": 2}, **failing)
    assert result["verdict"] == "inconclusive"
    assert {made["findings"][0]["id"] for made in result["checks"]} == {"vantage.unfit"}


@pytest.mark.parametrize(("jump", "port"), [("jump", 2223), ("dns", 53)])
def test_no_ssh_server_where_one_should_be(controller: Controller, jump: str, port: int) -> None:
    """Nobody listens there, or somebody else does."""
    via = {**controller.via, "host": controller.name(jump), "port": port, "host_key_checking": False}
    run = controller.check(host=controller.name("exim"), via=via, timeouts=SHORT)
    [made] = run["checks"]
    assert (made["verdict"], made["steps"][-1]["error"]["kind"]) == ("inconclusive", "jump_unreachable")
    assert controller.name(jump) in run["summary"] or controller.name(jump) in made["steps"][-1]["error"]["detail"]
