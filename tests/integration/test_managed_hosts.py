# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's own way: the module runs on the inventory host, which has Python and nothing else."""

from __future__ import annotations

import base64
import json
import typing as t
from pathlib import Path

import pytest

from .conftest import Controller

OLDEST, NEWEST = "python3.8", "python3.13"


def interpreters() -> list[str]:
    """The system's Python, and the oldest and the newest of a target where this machine has them."""
    folders = [Path("/usr/bin"), *sorted(Path.home().glob(".pyenv/versions/*/bin"))]
    found = [str(folder / name) for name in (OLDEST, NEWEST) for folder in folders if (folder / name).exists()]
    return ["/usr/bin/python3", *found]


def usable(interpreter: str, ansible_core: tuple[int, int]) -> bool:
    """Since 2.20, ansible-core refuses targets with Python 3.8."""
    return ansible_core < (2, 20) or not interpreter.endswith(OLDEST)


def ansible_core() -> tuple[int, int]:
    from ansible.release import __version__

    major, minor = __version__.split(".")[:2]
    return int(major), int(minor)


def test_a_managed_host_is_the_vantage(controller: Controller) -> None:
    result = controller.smtp_check(
        "-i",
        controller.inventory("vantage-a"),
        on="vantage-a",
        host=controller.name("mx1"),
        tls={},
        recipient="user@contoso.test",
    )
    vantage_a = controller.lab.state["hosts"]["vantage-a"]
    for check in result["checks"]:
        assert check["vantage"]["name"] == "vantage-a"
        assert check["vantage"]["mode"] == "managed"
        assert check["vantage"]["address"] in (vantage_a["ipv4"], vantage_a["ipv6"])
        assert check["reached"] == "rcpt"


def test_vantages_disagree_and_the_matrix_says_where(controller: Controller) -> None:
    matrix = controller.home / "matrix.json"
    play = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [
                {
                    "mailops.smtp.smtp_check": {
                        "targets": [f"{controller.name('mx1')}:25"],
                        "timeouts": {"connect": 2},
                    },
                    "register": "smtp",
                    "failed_when": False,
                },
                {
                    "ansible.builtin.copy": {
                        "content": "{{ ansible_play_hosts | map('extract', hostvars, 'smtp')"
                        " | mailops.smtp.smtp_matrix }}",
                        "dest": str(matrix),
                    },
                    "delegate_to": "localhost",
                    "run_once": True,
                },
            ],
        }
    ]
    done = controller.play(play, "-i", controller.inventory("vantage-a", "vantage-b"))
    assert done.returncode == 0, done.stdout + done.stderr
    compared = json.loads(matrix.read_text())
    assert compared["vantages"] == ["vantage-a", "vantage-b"]
    inside, outside = compared["cells"]
    assert {cell["verdict"] for cell in inside} == {"degraded"}
    assert {cell["failed_phase"] for cell in outside} == {"connect"}
    assert {divergence["phase"] for divergence in compared["divergence"]} == {"connect"}


def test_delegated_loops_and_async(controller: Controller) -> None:
    check = {"host": controller.name("mx1"), "stop_after": "ehlo"}
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [
                {
                    "mailops.smtp.smtp_check": check,
                    "delegate_to": "{{ item }}",
                    "loop": ["vantage-a", "jump"],
                    "register": "looped",
                },
                {
                    "ansible.builtin.assert": {
                        "that": [
                            "looped.results | map(attribute='checks') | flatten | map(attribute='vantage.name')"
                            " | unique == ['vantage-a', 'jump']"
                        ]
                    }
                },
            ],
        },
        {
            "hosts": "vantage-a",
            "gather_facts": False,
            "tasks": [
                {"mailops.smtp.smtp_check": check, "async": 60, "poll": 1, "register": "later"},
                {"ansible.builtin.assert": {"that": ["later.verdict == 'pass'", "later.checks | length == 2"]}},
            ],
        },
    ]
    done = controller.play(play, "-i", controller.inventory("vantage-a", "jump"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "interpreter", [interpreter for interpreter in interpreters() if usable(interpreter, ansible_core())]
)
def test_every_python_of_a_target(controller: Controller, interpreter: str) -> None:
    result = controller.smtp_check(
        "-e",
        f"ansible_python_interpreter={interpreter}",
        host=controller.name("mx1"),
        recipient="user@contoso.test",
        tls={**controller.tls, "verify": True},
    )
    assert result["verdict"] == "pass"
    for check in result["checks"]:
        assert check["tls"]["trusted"] is True
        assert check["tls"]["certificate"]["names"][0] == "DNS:mx1.contoso.test"
        assert len(check["tls"]["chain"]) >= 1


def files_of(controller: Controller, host: str) -> set[str]:
    found = controller.lab.run(host, ["find", "/home"], capture_output=True, text=True)
    return set(found.stdout.splitlines())


def processes_of(controller: Controller, host: str) -> list[str]:
    found = controller.lab.run(host, ["ps", "-eo", "args"], capture_output=True, text=True)
    return sorted(line for line in found.stdout.splitlines() if "python" in line and "mailops" in line)


def test_a_jump_host_keeps_no_trace_of_a_channel(controller: Controller) -> None:
    before = files_of(controller, "jump"), processes_of(controller, "jump")
    controller.check(host=controller.name("mx1"), via=controller.via)
    assert (files_of(controller, "jump"), processes_of(controller, "jump")) == before


def test_passwords_appear_nowhere(controller: Controller) -> None:
    probe = controller.mailbox("probe")
    target = {
        "host": controller.name("mx1"),
        "port": 587,
        "auth": {"username": probe["address"], "password": probe["password"]},
        "tls": controller.tls,
    }
    play = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [{"mailops.smtp.smtp_check": {"targets": [target]}}],
        }
    ]
    done = controller.play(play, "-vvvv", "-i", controller.inventory("vantage-a"))
    assert done.returncode == 0, done.stdout + done.stderr
    printed = done.stdout + done.stderr
    for secret in secrets_of(probe):
        assert secret not in printed


def secrets_of(mailbox: dict[str, t.Any]) -> list[str]:
    """The password, and what AUTH PLAIN and LOGIN make of it."""
    plain = f"\0{mailbox['address']}\0{mailbox['password']}".encode()
    return [
        mailbox["password"],
        base64.b64encode(plain).decode(),
        base64.b64encode(mailbox["password"].encode()).decode().rstrip("="),
    ]
