# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same check from here, through an SSH channel and as a Nornir task gives the same facts."""

from __future__ import annotations

import json
import re
import sys
import typing as t

from tests.facts_contract import keeps_contract

from .conftest import HERE, Controller

# What differs by nature: when, how long, from where.
MOMENTS = {"started_at", "finished_at", "at", "seconds", "run_id", "days_left", "counts", "summary"}
PLACES = {"vantage", "vantages", "address", "family", "client_seen_as"}


def comparable(value: t.Any) -> t.Any:
    """The facts without times and places; the client's address, which servers repeat, is masked in their text."""
    if isinstance(value, dict):
        return {key: comparable(entry) for key, entry in value.items() if key not in MOMENTS | PLACES}
    if isinstance(value, list):
        return [comparable(entry) for entry in value]
    if isinstance(value, str):
        return re.sub(r"198\.18\.[0-9.]+|2001:db8:[0-9a-f:]+", "<address>", value)
    return value


def test_local_channel_and_nornir_agree_field_by_field(controller: Controller) -> None:
    asked = {
        "host": controller.lab.state["hosts"]["mx1"]["ipv4"],
        "helo_name": "probe.contoso.test",
        "sender": "admin@test.com",
        "recipients": ["user@contoso.test", "nobody@contoso.test"],
        "tls": {**controller.tls, "server_name": "mx1.contoso.test"},
    }
    local = controller.smtp_check(**asked)
    channel = controller.smtp_check(**asked, via=controller.via)
    nornir = nornir_check(controller, asked)

    [local_check], [channel_check], [nornir_check_] = local["checks"], channel["checks"], nornir["checks"]
    assert local_check["vantage"]["mode"] == "local"
    assert channel_check["vantage"]["mode"] == nornir_check_["vantage"]["mode"] == "ssh-channel"
    assert comparable(local_check) == comparable(channel_check)
    assert comparable(channel_check) == comparable(nornir_check_)
    assert set(local_check) == set(channel_check) == set(nornir_check_)
    assert channel_check["reached"] == "rcpt"


def nornir_check(controller: Controller, options: dict[str, t.Any]) -> dict[str, t.Any]:
    via = controller.via
    inventory = {
        "mx1": {"hostname": options["host"]},
        "jump": {
            "hostname": via["host"],
            "username": via["user"],
            "extras": {"key_file": via["key_file"], "known_hosts": via["known_hosts"]},
        },
    }
    return run_nornir(controller, inventory, ["mx1"], {**options, "via": "jump", "mode": "channel"})["mx1"]


def run_nornir(
    controller: Controller, inventory: dict[str, t.Any], hosts: list[str], options: dict[str, t.Any]
) -> dict[str, t.Any]:
    asked = json.dumps({"inventory": inventory, "hosts": hosts, "options": options})
    done = controller.run(sys.executable, HERE / "nornir_here.py", input=asked)
    assert done.returncode == 0, done.stderr
    results: dict[str, t.Any] = json.loads(done.stdout)
    for run in results.values():
        keeps_contract(run)
    return results


def test_inventory_hosts_as_vantages(controller: Controller) -> None:
    ssh = controller.lab.state["ssh"]
    inventory = {
        name: {
            "hostname": controller.name(name),
            "username": ssh["user"],
            "extras": {"key_file": ssh["key_file"], "known_hosts": [ssh["known_hosts"]]},
        }
        for name in ("jump", "jump-bare", "vantage-b")
    }
    targets = [f"{controller.name('mx1')}:25", f"{controller.name('mx2')}:25"]
    options = {"targets": targets, "tls": controller.tls, "timeouts": {"connect": 2.0}, "mode": "channel"}
    results = run_nornir(controller, inventory, list(inventory), options)
    seen = {name: [check["verdict"] for check in run["checks"]] for name, run in results.items()}
    assert seen == {
        "jump": ["pass", "degraded"],
        "jump-bare": ["pass", "degraded"],
        # The firewall keeps the outside away from port 25 of mx1.
        "vantage-b": ["fail", "degraded"],
    }
    assert {check["vantage"]["name"] for check in results["jump"]["checks"]} == {"jump"}
