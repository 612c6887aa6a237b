# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Managed hosts as vantages, with everything that Ansible offers for running tasks: become, throttle, serial, the free
strategy, async, loops over delegate_to, jump hosts of OpenSSH's, check mode."""

from __future__ import annotations

import itertools
import json
import typing as t

import pytest

from tests.facts_contract import ADDED_BY_ANSIBLE, keeps_contract

from .conftest import Controller

# Of a registered result, of a loop's entries, and of what async_status says.
ADDED = {
    *ADDED_BY_ANSIBLE, "failed", "item", "ansible_loop_var", "ansible_job_id", "attempts", "started", "finished",
    "results_file", "stdout", "stdout_lines", "stderr", "stderr_lines",
}  # fmt: skip

VANTAGES = ("vantage-a", "vantage-d", "jump")


def module(controller: Controller, **options: t.Any) -> dict[str, t.Any]:
    mx1 = controller.lab.state["hosts"]["mx1"]["ipv4"]
    asked = {"host": mx1, "tls": {**controller.tls, "server_name": "mx1.contoso.test"}, **options}
    return {"mailops.smtp.smtp_check": asked}


def played(controller: Controller, plays: list[dict[str, t.Any]], *more: str) -> dict[str, dict[str, t.Any]]:
    """What each host has registered as ``seen``, a result or the results of a loop, after these plays."""
    kept = controller.home / "seen.json"
    content = "{% set all = {} %}{% for host in groups['all'] + ['localhost'] %}{% if hostvars[host].seen is defined %}"
    content += "{% set _ = all.update({host: hostvars[host].seen}) %}{% endif %}{% endfor %}{{ all | to_json }}"
    last = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.copy": {"content": content, "dest": str(kept)}, "check_mode": False}],
    }
    done = controller.play([*plays, last], *more)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(kept.read_text())
    for result in seen.values():
        for each in result.get("results", [result]):
            keeps_contract({key: value for key, value in each.items() if key not in ADDED})
    return t.cast("dict[str, dict[str, t.Any]]", seen)


def spans(seen: dict[str, dict[str, t.Any]]) -> list[tuple[str, str]]:
    return sorted((result["started_at"], result["finished_at"]) for result in seen.values())


@pytest.mark.parametrize("limit", [{"strategy": "free"}, {"serial": 1}])
def test_become_one_at_a_time_in_any_order(controller: Controller, limit: dict[str, t.Any]) -> None:
    """As root, also where sudo wants a terminal; one after the other."""
    task = {**module(controller, recipient="user@contoso.test"), "register": "seen"}
    if "strategy" in limit:
        task["throttle"] = 1
    play = {"hosts": "all", "gather_facts": False, "become": True, "tasks": [task], **limit}
    seen = played(controller, [play], "-i", controller.inventory(*VANTAGES))
    assert set(seen) == set(VANTAGES)
    for name, result in seen.items():
        assert (result["verdict"], result["vantages"][0]["name"], result["changed"]) == ("pass", name, False)
        assert {check["vantage"]["mode"] for check in result["checks"]} == {"managed"}
    moments = spans(seen)
    assert all(finished <= started for (_begin, finished), (started, _end) in itertools.pairwise(moments))


def test_async_through_a_jump_host_of_openssh(controller: Controller) -> None:
    """ProxyJump, as people have it in ansible_ssh_common_args; the task goes on while nobody is connected."""
    ssh = controller.lab.state["ssh"]
    config = controller.home / "ssh_config"
    config.write_text(
        f"Host *\n User {ssh['user']}\n IdentityFile {ssh['key_file']}\n IdentitiesOnly yes\n"
        f" UserKnownHostsFile {ssh['known_hosts']}\n GlobalKnownHostsFile /dev/null\n"
    )
    arguments = f"-F {config} -o ProxyJump={controller.name('jump')}"
    inventory = controller.inventory("vantage-d", ansible_ssh_common_args=arguments)
    later = {**module(controller), "async": 60, "poll": 0, "register": "job"}
    wait: dict[str, t.Any] = {
        "ansible.builtin.async_status": {"jid": "{{ job.ansible_job_id }}"},
        "register": "seen", "until": "seen is finished", "retries": 60, "delay": 1,
    }  # fmt: skip
    play = {"hosts": "vantage-d", "gather_facts": False, "tasks": [later, wait]}
    seen = played(controller, [play], "-i", inventory)["vantage-d"]
    assert (seen["verdict"], seen["vantages"][0]["name"]) == ("pass", "vantage-d")
    vantage = controller.lab.state["hosts"]["vantage-d"]
    assert [check["vantage"]["address"] for check in seen["checks"]] == [vantage["ipv4"]]


def test_a_loop_over_vantages_in_check_mode(controller: Controller) -> None:
    """What would be sent is said for each, and nothing is."""
    before = len(controller.mails("user"))
    loop = {
        **module(controller, recipient="user@contoso.test", test_message={}),
        "delegate_to": "{{ item }}", "loop": list(VANTAGES), "register": "seen",
    }  # fmt: skip
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [loop]}
    results = played(controller, [play], "-i", controller.inventory(*VANTAGES), "--check")["localhost"]["results"]
    assert [result["vantages"][0]["name"] for result in results] == list(VANTAGES)
    for result in results:
        assert result["changed"] is True
        assert result["checks"][0]["message"]["outcome"] == "not_sent"
        assert result["plan"]["would_send"][0]["message"]
    assert len(controller.mails("user")) == before
