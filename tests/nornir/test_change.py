# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before and after with Nornir."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from mailops_smtp.scenario import ScenarioServer
from nornir.core import Nornir

from nornir_smtp import compare, smtp_check, snapshot
from tests.facts_contract import keeps_contract

HOST = "127.0.0.1"


def test_a_run_is_kept_and_compared_with_the_next(inventory_of: t.Callable[..., Nornir], tmp_path: Path) -> None:
    with ScenarioServer("ordinary") as server:
        nornir = inventory_of(mail={"hostname": HOST, "data": {"smtp": {"port": server.port}}})
        before = nornir.run(task=smtp_check)
        path = tmp_path / "before.json.gz"
        kept = snapshot(before, path, label="before")
        keeps_contract(kept, "snapshot")
        after = nornir.run(task=smtp_check)
        for side in (before, kept, path, str(path)):
            compared = compare(side, after)
            keeps_contract(compared, "comparison")
            assert (compared["verdict"], compared["unchanged"]) == ("pass", 1)
    gone = nornir.run(task=smtp_check)
    found = compare(path, gone, ["stopped working"])
    assert [entry["change"] for entry in found["expected"]] == ["stopped_working"]


def test_a_wrong_declaration_is_told() -> None:
    with pytest.raises(ValueError, match="is no kind of change"):
        compare({"checks": []}, {"checks": []}, ["lunch"])
