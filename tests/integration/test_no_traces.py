# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left of a run: on a vantage no file, no process and no line in a log but sshd's own; of passwords nothing on
either end, while it runs and afterwards, in clear or as base64 makes them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from .changing import end_sessions, sessions, until
from .conftest import HERE, Controller
from .test_ways_from_a_vantage import checks_from, inventory

# What sshd writes down of log-ins.
SSHD = {"var/log/sshd.log", "var/log/wtmp", "var/log/lastlog", "var/log/btmp", "run/utmp"}
# What Ansible itself keeps in the home directory of a managed host: folders, with nothing in them.
ANSIBLE = {"home/probe/.ansible", "home/probe/.ansible/tmp"}

Traces = tuple[dict[str, str], list[str], int]


def traces(controller: Controller, name: str) -> Traces:
    """All that the host has changed in its files, its logs among them, with what is in each; its processes."""
    tree = Path(controller.lab.state["directory"], name)
    files = {}
    for path in tree.rglob("*"):
        relative = str(path.relative_to(tree))
        if "scratch" not in path.parts and relative not in SSHD:
            with contextlib.suppress(OSError):
                content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
                files[relative] = hashlib.sha256(content).hexdigest()
    namespace = controller.lab.state["hosts"][name]["namespace"]
    pids = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True, check=True).stdout.split()
    commands = []
    for pid in pids:
        with contextlib.suppress(OSError):
            commands.append(Path("/proc", pid, "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return files, sorted(command for command in commands if "sshd" not in command), len(pids)


def traces_of_nobody(controller: Controller, name: str) -> Traces:
    """The traces when nobody is logged in: what other tests left open, or ssh keeps for later, would end meanwhile."""
    end_sessions(controller.lab, name)
    until(lambda: not sessions(controller.lab, name))
    return traces(controller, name)


def settled(controller: Controller, name: str, before: Traces) -> Traces:
    """The traces once nothing changes any more that differs from before."""
    deadline = time.monotonic() + 10
    while (after := traces(controller, name)) != before and time.monotonic() < deadline:
        time.sleep(0.1)
    return after


@pytest.mark.parametrize(
    ("name", "mode"), [("jump", "python"), ("jump", "channel"), ("jump-closed", "exec"), ("jump-nc", "exec")]
)
def test_nothing_is_left_on_a_vantage(controller: Controller, name: str, mode: str) -> None:
    before = traces_of_nobody(controller, name)
    targets = [f"{controller.name(host)}:25" for host in ("mx1", "dropped", "silent")]
    checks_from(controller, name, targets=targets, mode=mode, timeouts={"connect": 1.0, "reply": 1.0, "total": 3.0})
    assert settled(controller, name, before) == before


@pytest.mark.parametrize("pipelining", [True, False])
def test_a_managed_host_keeps_ansibles_empty_folders_at_most(controller: Controller, pipelining: bool) -> None:
    # Without connections that ssh keeps for later.
    controller.environment.update(ANSIBLE_PIPELINING=str(pipelining), ANSIBLE_SSH_ARGS="")
    files, *processes = traces_of_nobody(controller, "vantage-a")
    hosts = controller.inventory("vantage-a")
    controller.smtp_check("-i", hosts, on="vantage-a", host=controller.name("mx1"), tls=controller.tls)
    deadline = time.monotonic() + 10
    after: t.Any = None
    while time.monotonic() < deadline:
        more, *still = traces(controller, "vantage-a")
        after = {name: content for name, content in more.items() if name not in ANSIBLE}, *still
        if after == ({name: content for name, content in files.items() if name not in ANSIBLE}, *processes):
            return
        time.sleep(0.1)
    assert after == (files, *processes)


def test_a_play_that_is_interrupted_leaves_nothing_that_runs(controller: Controller) -> None:
    """With pipelining the module has no terminal, so no signal tells it that the SSH session is over."""
    controller.environment.update(ANSIBLE_PIPELINING="True", ANSIBLE_SSH_ARGS="")
    before = traces_of_nobody(controller, "vantage-a")
    options = json.dumps({"host": controller.name("silent"), "timeouts": {"reply": 100.0, "total": 100.0}})
    argv = ["ansible", "vantage-a", "-i", controller.inventory("vantage-a"), "-m", "mailops.smtp.smtp_check", "-a"]
    command = controller.lab.argv("controller", [*argv, options], HERE.parents[1])
    with subprocess.Popen(command, env=controller.environment, start_new_session=True) as running:
        silent = controller.lab.state["faults"]["silent"]["ipv4"]
        until(
            lambda: (
                f"{silent}:25" in controller.lab.run("vantage-a", ["ss", "-Htn"], capture_output=True, text=True).stdout
            )
        )
        os.killpg(running.pid, signal.SIGINT)
        running.wait(20)
    _files, processes, number = settled(controller, "vantage-a", before)
    assert (processes, number) == before[1:]


class Seen(t.NamedTuple):
    """All that could be read while a command ran, and what it printed."""

    octets: bytes
    commands: set[bytes]
    printed: bytes


def watched(controller: Controller, argv: list[t.Any], given: bytes, *trees: Path) -> Seen:
    """Run it on the controller, and read meanwhile every command line and environment and the small files of trees."""
    seen: set[bytes] = set()
    commands: set[bytes] = set()
    command = controller.lab.argv("controller", argv, HERE.parents[1])
    output = controller.home / "printed"
    with output.open("wb") as printed, subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=printed, stderr=printed, env=controller.environment
    ) as running:  # fmt: skip
        assert running.stdin is not None
        running.stdin.write(given)
        running.stdin.close()
        while running.poll() is None:
            for process in Path("/proc").glob("[0-9]*"):
                for part in ("cmdline", "environ"):
                    with contextlib.suppress(OSError):
                        content = (process / part).read_bytes()
                        seen.add(content)
                        if part == "cmdline":
                            commands.add(content)
            for path in (path for tree in trees for path in tree.rglob("*")):
                with contextlib.suppress(OSError):
                    if path.is_file() and path.stat().st_size < 10_000_000:
                        seen.add(path.read_bytes())
            time.sleep(0.1)
    assert running.returncode == 0, output.read_text()
    return Seen(b"\n".join(seen), commands, output.read_bytes())


def assert_nowhere(controller: Controller, mailbox: dict[str, t.Any], seen: Seen, *hosts: str) -> None:
    for word in secrets_of(mailbox):
        assert word.encode() not in seen.octets
        assert word.encode() not in seen.printed
    for host in hosts:
        tree = Path(controller.lab.state["directory"], host)
        for file in tree.rglob("*"):
            if file.is_file() and not {"namespaces", "scratch"}.intersection(file.parts):
                content = file.read_bytes()
                assert not [word for word in secrets_of(mailbox) if word.encode() in content], file


def slow_log_in(controller: Controller) -> tuple[dict[str, t.Any], list[t.Any]]:
    """A mailbox, and targets that log in with its password, one of which takes a while."""
    probe = controller.mailbox("probe")
    secret = {"username": probe["address"], "password": probe["password"], "mechanism": "PLAIN"}
    target = {"host": controller.name("mx1"), "port": 587, "auth": secret, "tls": controller.tls}
    return probe, [target, {"host": controller.name("silent"), "port": 25}]


def test_secrets_with_python_there(controller: Controller) -> None:
    probe, targets = slow_log_in(controller)
    asked = json.dumps({
        "inventory": inventory(controller, "jump"), "hosts": ["jump"],
        "options": {"targets": targets, "mode": "python", "timeouts": {"reply": 4.0}},
    })  # fmt: skip
    home = Path(controller.lab.state["directory"], "jump", "home")
    seen = watched(controller, [sys.executable, HERE / "nornir_here.py"], asked.encode(), home)
    assert b"python3\0-\0" in seen.commands, "the process list shows python3 - and nothing else of it"
    assert json.loads(seen.printed)["jump"]["checks"][0]["auth"]["accepted"] is True
    assert_nowhere(controller, probe, seen, "jump", "controller")


def test_secrets_with_ansible(controller: Controller) -> None:
    """With pipelining Ansible writes no module to the host's disk; -vvvv tells everything but these."""
    probe, targets = slow_log_in(controller)
    variables = controller.home / "secrets.json"
    variables.write_text(json.dumps({"targets": targets}))
    options = {"targets": "{{ targets }}", "timeouts": {"reply": 4.0}}
    task = {"mailops.smtp.smtp_check": options, "register": "seen", "failed_when": "not seen.checks[0].auth.accepted"}
    play = controller.home / "play.json"
    play.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
    controller.environment["ANSIBLE_PIPELINING"] = "true"
    argv = ["ansible-playbook", play, "-vvvv", "-i", controller.inventory("vantage-a"), "-e", f"@{variables}"]
    seen = watched(controller, argv, b"", Path(controller.lab.state["directory"], "vantage-a", "home"))
    assert b"ESTABLISH SSH CONNECTION" in seen.printed
    assert b"AUTH PLAIN ********" in seen.printed
    assert_nowhere(controller, probe, seen, "vantage-a", "controller")


def secrets_of(mailbox: dict[str, t.Any]) -> list[str]:
    """The password, and what AUTH PLAIN and LOGIN make of it."""
    plain = f"\0{mailbox['address']}\0{mailbox['password']}".encode()
    return [
        mailbox["password"],
        base64.b64encode(plain).decode(),
        base64.b64encode(mailbox["password"].encode()).decode().rstrip("="),
    ]
