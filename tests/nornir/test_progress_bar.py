# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The progress bar of Nornir: what it counts, and that it never stands in a run's way."""

from __future__ import annotations

import io
import typing as t

from mailops_smtp.scenario import ScenarioServer
from nornir.core import Nornir
from nornir.core.task import Result, Task
from rich.console import Console

from nornir_smtp import ProgressBar, smtp_check

InventoryOf = t.Callable[..., Nornir]


def drawn_by(nornir: Nornir, task: t.Callable[..., Result], terminal: bool, **options: t.Any) -> str:
    output = io.StringIO()
    progress = ProgressBar(Console(file=output, force_terminal=terminal, width=120))
    nornir.with_processors([progress]).run(task, **options)
    return output.getvalue()


def test_it_counts_checks_by_verdict(inventory_of: InventoryOf, mail_server: ScenarioServer) -> None:
    nornir = inventory_of(here={"hostname": "localhost"}, again={"hostname": "localhost"})
    targets = [f"127.0.0.1:{mail_server.port}"] * 3 + ["127.0.0.1:1"]
    drawn = drawn_by(nornir, smtp_check, False, targets=targets)
    assert "8/8" in drawn
    assert "6 pass, 2 fail" in drawn
    assert drawn.count("smtp_check") == 1, "where the output is no terminal, only the last state is printed"


def test_it_moves_on_a_terminal(inventory_of: InventoryOf, mail_server: ScenarioServer) -> None:
    nornir = inventory_of(here={"hostname": "localhost"})
    drawn = drawn_by(nornir, smtp_check, True, targets=[f"127.0.0.1:{mail_server.port}"] * 3)
    assert drawn.count("smtp_check") > 1
    assert "3/3" in drawn


def test_of_another_task_it_counts_hosts(inventory_of: InventoryOf) -> None:
    def nothing(task: Task) -> Result:
        if task.host.name == "b":
            raise RuntimeError("boom")
        return Result(host=task.host)

    nornir = inventory_of(a={"hostname": "localhost"}, b={"hostname": "localhost"}, c={"hostname": "localhost"})
    assert "3/3" in drawn_by(nornir, nothing, False)


def test_one_bar_serves_several_runs(inventory_of: InventoryOf, mail_server: ScenarioServer) -> None:
    output = io.StringIO()
    nornir = inventory_of(here={"hostname": "localhost"}).with_processors(
        [ProgressBar(Console(file=output, force_terminal=False, width=120))]
    )
    for _run in range(2):
        nornir.run(smtp_check, targets=[f"127.0.0.1:{mail_server.port}"])
    assert output.getvalue().count("1/1") == 2


def test_a_task_that_fails_leaves_the_terminal_in_order(inventory_of: InventoryOf) -> None:
    nornir = inventory_of(here={"hostname": "localhost"})
    drawn = drawn_by(nornir, smtp_check, True, no_such_option=1)
    # The cursor is shown again.
    assert drawn.endswith("\x1b[?25h") or "\x1b[?25h" in drawn
