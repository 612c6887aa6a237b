# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From vantages of every awkward kind, by real OpenSSH: Python, channels, programs; which, why, and what is left."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from .conftest import Controller
from .test_three_ways import comparable, run_nornir

SHORT = {"connect": 3.0, "reply": 4.0, "total": 20.0}


def inventory(controller: Controller, *names: str, **extras: t.Any) -> dict[str, t.Any]:
    ssh = controller.lab.state["ssh"]
    return {
        name: {
            "hostname": controller.name(name),
            "username": ssh["user"],
            "extras": {"key_file": ssh["key_file"], "known_hosts": [ssh["known_hosts"]], **extras},
        }
        for name in names
    }


def checks_from(controller: Controller, name: str, target: str = "mx1", **options: t.Any) -> list[dict[str, t.Any]]:
    asked = {"targets": [f"{controller.name(target)}:25"], "timeouts": SHORT, "tls": controller.tls, **options}
    return t.cast(
        "list[dict[str, t.Any]]", run_nornir(controller, inventory(controller, name), [name], asked)[name]["checks"]
    )


def way(checks: list[dict[str, t.Any]]) -> tuple[str, str | None, str]:
    [found] = {(made["vantage"]["mode"], made["vantage"]["mode_reason"], made["verdict"]) for made in checks}
    return found


@pytest.mark.parametrize(
    ("name", "mode", "reason"),
    [
        ("jump", "ssh-python", None),
        ("jump-closed", "ssh-python", None),
        ("jump-noisy", "ssh-python", None),
        ("jump-bare", "ssh-channel", "python3 does not start there: sh: 1: python3: not found."),
        (
            "jump-nc",
            "ssh-exec",
            "python3 does not start there: sh: 1: python3: not found. The SSH server forbids forwarding to "
            "mx1.contoso.test:25, so a program there connects.",
        ),
    ],
)
def test_the_best_way_that_works_is_taken(controller: Controller, name: str, mode: str, reason: str | None) -> None:
    checks = checks_from(controller, name, recipient="user@contoso.test")
    assert way(checks) == (mode, reason, "pass")
    assert {made["reached"] for made in checks} == {"rcpt"}


def test_a_vantage_with_no_way_says_so_three_times(controller: Controller) -> None:
    [made] = checks_from(controller, "jump-mute")
    assert made["verdict"] == "inconclusive"
    assert "python3 does not start there: This account is currently not available" in made["vantage"]["mode_reason"]
    detail = made["steps"][-1]["error"]["detail"]
    assert "forbids forwarding to mx1.contoso.test:25" in detail
    assert "nor could a program there connect in its place" in detail


@pytest.mark.parametrize("mode", ["python", "channel", "exec"])
def test_every_way_gives_the_same_facts(controller: Controller, mode: str) -> None:
    target = {
        "host": controller.lab.state["hosts"]["mx1"]["ipv4"],
        "helo_name": "probe.contoso.test",
        "recipients": ["user@contoso.test", "nobody@contoso.test"],
        "tls": {**controller.tls, "server_name": "mx1.contoso.test"},
    }
    [from_jump] = checks_from(controller, "jump", targets=[target], mode=mode)
    [here] = controller.check(targets=[target])["checks"]
    assert from_jump["vantage"]["mode"] == {"python": "ssh-python", "exec": "ssh-exec"}.get(mode, "ssh-channel")
    assert comparable(from_jump) == comparable(here)


@pytest.mark.parametrize("name", ["jump-closed", "jump-nc"])
@pytest.mark.parametrize(
    ("fault", "phase", "kind"),
    [("refused", "connect", "refused"), ("dropped", "connect", "timeout"), ("silent", "banner", "silent")],
)
def test_programs_tell_the_targets_troubles_apart(
    controller: Controller, name: str, fault: str, phase: str, kind: str
) -> None:
    [made] = checks_from(controller, name, fault, mode="exec")
    assert (made["failed_phase"], made["steps"][-1]["error"]["kind"], made["verdict"]) == (phase, kind, "fail")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"known_hosts": "known_hosts_changed"}, "jump_host_key_changed"),
        ({"key_file": "stranger"}, "jump_authentication"),
    ],
)
def test_trouble_with_the_log_in_is_told_once_and_not_climbed_around(
    controller: Controller, changes: dict[str, str], kind: str
) -> None:
    ssh = controller.lab.state["ssh"]
    extras: dict[str, t.Any] = {}
    if "known_hosts" in changes:
        extras["known_hosts"] = [ssh["known_hosts_changed"]]
    else:
        extras["key_file"] = str(Path(ssh["key_file"]).with_name("stranger"))
    hosts = inventory(controller, "jump", **extras)
    asked = {"targets": ["mx1.contoso.test:25"], "timeouts": SHORT}
    [made] = run_nornir(controller, hosts, ["jump"], asked)["jump"]["checks"]
    assert (made["verdict"], made["steps"][-1]["error"]["kind"]) == ("inconclusive", kind)


def test_two_hops_and_the_users_ssh_config(controller: Controller) -> None:
    ssh = controller.lab.state["ssh"]
    config = controller.home / "ssh_config"
    config.write_text(
        f"Host far\n HostName {controller.name('vantage-d')}\n ProxyJump {controller.name('jump')}\n"
        f"Host *\n User {ssh['user']}\n IdentityFile {ssh['key_file']}\n IdentitiesOnly yes\n"
        f" UserKnownHostsFile {ssh['known_hosts']}\n"
    )
    run = controller.check(
        host=controller.name("mx1"), via={"host": "far", "ssh_config": str(config)}, tls=controller.tls
    )
    assert run["verdict"] == "pass"
    assert run["checks"][0]["vantage"]["name"] == "far"


def test_python_that_needs_what_it_does_not_get_is_no_dead_end(controller: Controller) -> None:
    """As root where sudo lets it; where sudo wants a terminal, it says so, and the next way is taken."""
    assert way(checks_from(controller, "jump", python="sudo -n python3")) == ("ssh-python", None, "pass")
    mode, reason, verdict = way(checks_from(controller, "vantage-d", python="sudo -n python3"))
    said = "sudo: sorry, you must have a tty to run sudo"
    assert (mode, reason, verdict) == ("ssh-channel", f"sudo -n python3 does not start there: {said}.", "pass")
    [insisted] = checks_from(controller, "jump", python="/no/such/python3", mode="python")
    assert (insisted["verdict"], insisted["steps"][-1]["error"]["kind"]) == ("inconclusive", "jump_program")


def test_domains_are_looked_up_from_the_vantage(controller: Controller) -> None:
    """dnspython travels; without any name server there the vantage is at fault, not the domain."""
    checks = checks_from(controller, "jump-noisy", targets=["contoso.test"])
    assert {made["vantage"]["mode"] for made in checks} == {"ssh-python"}
    assert {made["endpoint"]["source"] for made in checks} == {"mx"}
