# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's own way: the module runs on the inventory host, which has Python and nothing else."""

from __future__ import annotations

import contextlib
import json
import typing as t
from pathlib import Path

import pytest

from tests.facts_contract import ADDED_BY_ANSIBLE, keeps_contract

from .conftest import REPOSITORY, Controller, result_of
from .test_no_traces import secrets_of
from .test_ways_from_a_vantage import checks_from

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


@pytest.fixture(params=["ro", "nr_inodes=1,mode=1777"], ids=["read-only", "full"])
def without_a_writable_disk(controller: Controller, request: pytest.FixtureRequest) -> t.Iterator[str]:
    """vantage-a, for the length of a test."""
    with contextlib.ExitStack() as mounted:
        for folder in ("/home", "/tmp", "/var/tmp"):
            # From the root: what is mounted may hide the directory that the tests are run in.
            mount = ["mount", "--no-mtab", "-t", "tmpfs", "-o", request.param, "none", folder]
            controller.lab.run("vantage-a", mount, check=True, cwd="/")
            mounted.callback(controller.lab.run, "vantage-a", ["umount", "--no-mtab", folder], check=True, cwd="/")
        yield "vantage-a"


def test_a_vantage_whose_disk_cannot_be_written_to(controller: Controller, without_a_writable_disk: str) -> None:
    """Ansible says what is wrong. Through SSH nothing is written there, so that goes on, by Python there too."""
    name = without_a_writable_disk
    written = controller.ansible(
        "mailops.smtp.smtp_check", {"host": controller.name("mx1")}, "-i", controller.inventory(name), on=name
    )
    assert "UNREACHABLE" in written.stdout
    assert "Failed to create temporary directory" in written.stdout or "No space left on device" in written.stdout
    via = {**controller.via, "host": controller.name(name)}
    assert controller.check(host=controller.name("mx1"), via=via, tls=controller.tls)["verdict"] == "pass"
    [*made] = checks_from(controller, name)
    assert {(check["verdict"], check["vantage"]["mode"]) for check in made} == {("pass", "ssh-python")}


def test_whether_a_managed_host_is_fit(controller: Controller) -> None:
    inventory = controller.inventory("vantage-b")
    options = {"references": [f"{controller.name('exim')}:25"], "timeouts": {"connect": 3}}
    facts = result_of(controller.ansible("mailops.smtp.vantage_info", options, "-i", inventory, on="vantage-b"))
    keeps_contract({key: value for key, value in facts.items() if key not in ADDED_BY_ANSIBLE}, "fitness")
    vantage_b = controller.lab.state["hosts"]["vantage-b"]
    assert facts["fit"] is True
    assert facts["vantage"]["name"] == "vantage-b"
    assert facts["address"] in (vantage_b["ipv4"], vantage_b["ipv6"])
    # It is the same machine's clock.
    assert abs(facts["clock_offset"]) <= facts["clock_uncertainty"]
    assert facts["openssh"].startswith("OpenSSH")
    options["references"] = [f"{controller.name('mx1')}:25"]
    facts = result_of(controller.ansible("mailops.smtp.vantage_info", options, "-i", inventory, on="vantage-b"))
    assert facts["fit"] is False
    assert "It reaches none of its reference targets (mx1.contoso.test:25)" in facts["vantage"]["unfit"]


def test_the_playbook_says_where_the_fault_is(controller: Controller) -> None:
    ssh = controller.lab.state["ssh"]
    hosts = json.loads(Path(controller.inventory("vantage-a", "vantage-b", "vantage-c")).read_text())["all"]["hosts"]
    bare = {**controller.via, "host": controller.name("jump-nc"), "user": ssh["user"]}
    variables = {
        "smtp_targets": [f"{controller.name('mx1')}:25", f"{controller.name('exim')}:25"],
        "smtp_vantage_references": [f"{controller.name('opensmtpd')}:25"],
        "smtp_check": {"tls": controller.tls, "timeouts": {"connect": 3}},
        "smtp_start_in": 5,
    }
    inside = {"vantage-a": hosts["vantage-a"], "bare": {"smtp_via": bare}}
    outside = {name: hosts[name] for name in ("vantage-b", "vantage-c")}
    inventory = controller.home / "groups.json"
    inventory.write_text(
        json.dumps({
            "all": {"vars": variables, "children": {"inside": {"hosts": inside}, "outside": {"hosts": outside}}}
        })
    )  # fmt: skip
    done = controller.play(REPOSITORY / "playbooks" / "vantage_matrix.yml", "-i", inventory)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PERIMETER (likely): mx1.contoso.test:25 is out of reach for vantage-b," in done.stdout
    assert done.stdout.count("is fit: it reaches") == 4
    assert "SERVER" not in done.stdout


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
