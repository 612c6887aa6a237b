# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fitness of vantages as a Nornir task, and what later tasks make of it; five hundred vantages at once."""

from __future__ import annotations

import typing as t

import pytest
from mailops_smtp.plan import OptionError
from mailops_smtp.scenario import ScenarioServer
from nornir.core import Nornir
from nornir.core.inventory import Group, ParentGroups

from nornir_smtp import matrix, smtp_check, vantage_fitness
from tests.facts_contract import keeps_contract

from .test_smtp_check import closed_port

InventoryOf = t.Callable[..., Nornir]


def test_a_fit_vantage(inventory_of: InventoryOf, mail_server: ScenarioServer) -> None:
    nornir = inventory_of(here={"hostname": "localhost"})
    [result] = nornir.run(vantage_fitness, references=[f"127.0.0.1:{mail_server.port}"]).values()
    facts = result[0].result
    keeps_contract(facts, "fitness")
    assert (result[0].failed, result[0].changed, facts["fit"]) == (False, False, True)
    assert facts["vantage"]["name"] == "here"
    assert nornir.inventory.hosts["here"]["smtp"]["vantage"] == {"unfit": None, "clock_offset": None}


def test_what_fails_from_an_unfit_vantage_is_inconclusive_in_later_tasks(inventory_of: InventoryOf) -> None:
    group = Group("outside", data={"smtp": {"vantage": {"side": "outside"}, "timeouts": {"connect": 2}}})
    nornir = inventory_of(here={"hostname": "localhost", "groups": ParentGroups([group])})
    gone = f"127.0.0.1:{closed_port()}"
    [result] = nornir.run(vantage_fitness, references=[gone]).values()
    assert result[0].failed is False
    assert result[0].result["fit"] is False
    assert result[0].result["reasons"][0].startswith(f"It reaches none of its reference targets ({gone}): ")
    [later] = nornir.run(smtp_check, targets=[gone]).values()
    [check] = later[0].result["checks"]
    assert check["verdict"] == "inconclusive"
    assert check["findings"][0]["id"] == "vantage.unfit"
    # What the group says is still known.
    assert check["vantage"]["side"] == "outside"
    assert nornir.inventory.hosts["here"]["smtp"]["timeouts"] == {"connect": 2}


def test_it_fails_the_task_and_is_remembered_only_if_asked(inventory_of: InventoryOf) -> None:
    nornir = inventory_of(here={"hostname": "localhost"})
    options = {"references": [f"127.0.0.1:{closed_port()}"], "remember": False}
    nornir.run(vantage_fitness, **options)
    assert nornir.inventory.hosts["here"].get("smtp") is None
    assert nornir.data.failed_hosts == set()
    assert nornir.run(vantage_fitness, fail_task=True, **options)["here"][0].failed is True


@pytest.mark.parametrize("options", [{"references": []}, {"references": ["mx:25"], "recipient": "a@b"}])
def test_a_wrong_option_is_an_exception_with_a_sentence(inventory_of: InventoryOf, options: dict[str, t.Any]) -> None:
    result = inventory_of(here={"hostname": "localhost"}).run(vantage_fitness, **options)["here"][0]
    assert isinstance(result.exception, OptionError)


def test_five_hundred_hosts_at_once(inventory_of: InventoryOf, mail_server: ScenarioServer) -> None:
    nornir = inventory_of(**{f"v{number:03}": {"hostname": "localhost"} for number in range(500)})
    result = nornir.run(smtp_check, targets=[f"127.0.0.1:{mail_server.port}"], helo_name="a.example", stop_after="ehlo")
    assert not result.failed
    laid_out = matrix(result)
    assert len(laid_out["vantages"]) == 500
    assert {row[0]["verdict"] for row in laid_out["cells"]} == {"pass"}
    assert laid_out["localisation"] == []
