# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From vantages of every awkward kind, by real OpenSSH: Python, channels, programs; which, why, and what is left."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from .conftest import HERE, Controller
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


def traces(controller: Controller, name: str) -> tuple[set[str], list[str], int]:
    """All files that the host has changed, its processes but for sshd's, and what it logs but for sshd."""
    tree = Path(controller.lab.state["directory"], name)
    files = {str(path.relative_to(tree)) for path in tree.rglob("*") if "scratch" not in path.parts}
    pids = subprocess.run(
        ["ip", "netns", "pids", controller.lab.state["hosts"][name]["namespace"]],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    commands = []
    for pid in pids:
        try:
            commands.append(Path("/proc", pid, "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return files, sorted(command for command in commands if "sshd" not in command), len(pids)


@pytest.mark.parametrize(
    ("name", "mode"), [("jump", "python"), ("jump", "channel"), ("jump-closed", "exec"), ("jump-nc", "exec")]
)
def test_nothing_is_left_on_a_vantage(controller: Controller, name: str, mode: str) -> None:
    before = traces(controller, name)
    targets = [f"{controller.name(host)}:25" for host in ("mx1", "dropped", "silent")]
    checks_from(controller, name, targets=targets, mode=mode, timeouts={"connect": 1.0, "reply": 1.0, "total": 3.0})
    deadline = time.monotonic() + 10
    while traces(controller, name) != before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert traces(controller, name) == before


def test_secrets_are_nowhere_while_it_runs_and_afterwards(controller: Controller) -> None:
    """In no process list and environment of either end, in no result, in clear or as base64 makes them."""
    probe = controller.mailbox("probe")
    secret = {"username": probe["address"], "password": probe["password"], "mechanism": "PLAIN"}
    slow = {"host": controller.name("silent"), "port": 25}
    target = {"host": controller.name("mx1"), "port": 587, "auth": secret, "tls": controller.tls}
    asked = json.dumps({
        "inventory": inventory(controller, "jump"), "hosts": ["jump"],
        "options": {"targets": [target, slow], "mode": "python", "timeouts": {"reply": 4.0}},
    })  # fmt: skip
    argv = controller.lab.argv("controller", [sys.executable, HERE / "nornir_here.py"], HERE.parents[1])
    seen: list[bytes] = []
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=controller.environment
    ) as running:
        assert running.stdin is not None
        running.stdin.write(asked.encode())
        running.stdin.close()
        remote = False
        while running.poll() is None:
            for process in Path("/proc").glob("[0-9]*"):
                for part in ("cmdline", "environ"):
                    try:
                        content = (process / part).read_bytes()
                    except OSError:
                        continue
                    seen.append(content)
                    remote = remote or content == b"python3\0-\0"
            time.sleep(0.2)
        assert running.stdout is not None
        assert running.stderr is not None
        printed = running.stdout.read() + running.stderr.read()
    assert running.returncode == 0, printed
    assert remote, "the vantage's process list shows python3 - and nothing else of it"
    assert json.loads(printed)["jump"]["checks"][0]["auth"]["accepted"] is True
    everything = b"\n".join([printed, *set(seen)])
    for word in [*secrets_of(probe), base64.b64encode(probe["password"].encode()).decode()]:
        assert word.encode() not in everything
    for host in ("jump", "controller"):
        tree = Path(controller.lab.state["directory"], host)
        for file in tree.rglob("*"):
            if file.is_file() and not {"namespaces", "scratch"}.intersection(file.parts):
                assert probe["password"].encode() not in file.read_bytes()


def secrets_of(mailbox: dict[str, t.Any]) -> list[str]:
    """The password, and what AUTH PLAIN and LOGIN make of it."""
    plain = f"\0{mailbox['address']}\0{mailbox['password']}".encode()
    return [
        mailbox["password"],
        base64.b64encode(plain).decode(),
        base64.b64encode(mailbox["password"].encode()).decode().rstrip("="),
    ]
