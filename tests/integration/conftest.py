# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab for the tests, and what every test against it has to leave in order: the mail servers' logs."""

from __future__ import annotations

import json
import os
import sys
import typing as t
from pathlib import Path

import pytest

from tests.facts_contract import ADDED_BY_ANSIBLE, keeps_contract
from tests.lab import postfix_log
from tests.lab.command import LabError
from tests.lab.lab import Lab

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
SECONDS = 120


@pytest.fixture(scope="session")
def lab() -> t.Iterator[Lab]:
    """The running lab; brought up for these tests, and down after them, unless it is up and well already."""
    was_up = is_up()
    try:
        running = Lab.up()
    except LabError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    yield running
    if not was_up:
        Lab.down()


def is_up() -> bool:
    """Whether somebody has the lab up; what a reboot or a crash left of one does not count."""
    try:
        return not Lab.load().silent()
    except LabError:
        return False


@pytest.fixture(autouse=True)
def no_complaint_in_the_servers_logs(lab: Lab, request: pytest.FixtureRequest) -> t.Iterator[None]:
    """A test that makes a server complain on purpose names the words with ``@pytest.mark.provokes("…")``."""
    logs = [host["log_file"] for host in lab.state["hosts"].values() if "log_file" in host]
    marks = {log: postfix_log.mark(log) for log in logs}
    yield
    provoked = [word for mark in request.node.iter_markers("provokes") for word in mark.args]
    complaints = [line for log in logs for line in postfix_log.complaints(log, marks[log])]
    assert [line for line in complaints if not any(word in line for word in provoked)] == []


class Controller:
    """The host of the lab where the user sits."""

    def __init__(self, lab: Lab, home: Path) -> None:
        self.lab = lab
        self.home = home
        self.environment = {
            **os.environ,
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f"{REPOSITORY / 'plugins' / 'module_utils'}{os.pathsep}{REPOSITORY}",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
        }

    def run(self, *argv: t.Any, **options: t.Any) -> t.Any:
        return self.lab.run(
            "controller",
            argv,
            **{"env": self.environment, "capture_output": True, "text": True, "timeout": SECONDS, **options},
        )

    def check(self, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """The core itself, without Ansible or Nornir."""
        asked = json.dumps({"options": options, "check_mode": check_mode})
        done = self.run(sys.executable, HERE / "check_here.py", input=asked)
        assert done.returncode == 0, done.stderr
        run: dict[str, t.Any] = json.loads(done.stdout)
        keeps_contract(run)
        return run

    def ansible(self, module: str, arguments: t.Mapping[str, t.Any] | str, *more: str, on: str = "localhost") -> t.Any:
        written = arguments if isinstance(arguments, str) else json.dumps(arguments)
        return self.run("ansible", on, "-m", module, "-a", written, *more)

    def smtp_check(self, *more: str, on: str = "localhost", **options: t.Any) -> dict[str, t.Any]:
        """The Ansible module on an inventory host; its result, failed or not."""
        result = result_of(self.ansible("mailops.smtp.smtp_check", options, *more, on=on))
        keeps_contract({key: value for key, value in result.items() if key not in ADDED_BY_ANSIBLE})
        return result

    def arrival(self, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """The core's search for messages, without Ansible or Nornir."""
        asked = json.dumps({"options": options, "check_mode": check_mode})
        done = self.run(sys.executable, HERE / "arrive_here.py", input=asked)
        assert done.returncode == 0, done.stderr
        found: dict[str, t.Any] = json.loads(done.stdout)
        keeps_contract(found, "arrival")
        return found

    def mail_arrival(self, *more: str, on: str = "localhost", **options: t.Any) -> dict[str, t.Any]:
        """The Ansible module on an inventory host; its result, failed or not."""
        result = result_of(self.ansible("mailops.smtp.mail_arrival", options, *more, on=on))
        keeps_contract({key: value for key, value in result.items() if key not in ADDED_BY_ANSIBLE}, "arrival")
        return result

    def account(self, user: str, **more: t.Any) -> dict[str, t.Any]:
        """How to get into a mailbox of mx1 over IMAP."""
        mailbox = self.mailbox(user)
        return {
            "imap": self.name("mx1"),
            "username": mailbox["address"],
            "password": mailbox["password"],
            **self.tls,
            **more,
        }

    def inventory(self, *names: str, **variables: t.Any) -> str:
        """An inventory file with hosts of the lab, which are reached through SSH."""
        ssh = self.lab.state["ssh"]
        options = f"-o UserKnownHostsFile={ssh['known_hosts']} -o GlobalKnownHostsFile=/dev/null"
        hosts = {
            name: {
                "ansible_host": self.name(name),
                "ansible_user": ssh["user"],
                "ansible_ssh_private_key_file": ssh["key_file"],
                "ansible_ssh_common_args": options,
                "ansible_remote_tmp": "~/.ansible/tmp",
                **variables,
            }
            for name in names
        }
        path = self.home / "inventory.json"
        path.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
        return str(path)

    def play(self, playbook: t.Any, *more: t.Any) -> t.Any:
        """Run a playbook given as data, or the path of one."""
        if not isinstance(playbook, (str, Path)):
            path = self.home / "playbook.json"
            path.write_text(json.dumps(playbook), encoding="utf-8")
            playbook = path
        return self.run("ansible-playbook", playbook, *more)

    @property
    def via(self) -> dict[str, t.Any]:
        ssh = self.lab.state["ssh"]
        return {
            "host": self.name("jump"),
            "user": ssh["user"],
            "key_file": ssh["key_file"],
            "known_hosts": [ssh["known_hosts"]],
        }

    @property
    def tls(self) -> dict[str, t.Any]:
        return {"ca_path": self.lab.state["ca_file"]}

    def name(self, host: str) -> str:
        return str({**self.lab.state["hosts"], **self.lab.state["faults"]}[host]["name"])

    def mailbox(self, user: str) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", self.lab.state["users"][user])

    def mails(self, user: str) -> list[str]:
        """What lies in a mailbox, message by message."""
        folder = Path(self.mailbox(user)["maildir"], "new")
        return [file.read_text(encoding="utf-8", errors="replace") for file in folder.glob("*")]


@pytest.fixture
def controller(lab: Lab, tmp_path: Path) -> Controller:
    return Controller(lab, tmp_path)


def result_of(done: t.Any) -> dict[str, t.Any]:
    """The JSON in what the ``ansible`` command printed."""
    start = done.stdout.find("=> {")
    assert start >= 0, done.stdout + done.stderr
    return t.cast("dict[str, t.Any]", json.loads(done.stdout[start + 3 :]))


@pytest.fixture
def down(lab: Lab) -> t.Iterator[t.Callable[[], None]]:
    """Stops mx2's Postfix; it is started again after the test, if it was not before."""

    def stop() -> None:
        lab.run("mx2", ["postfix", "stop"], check=True, capture_output=True)

    yield stop
    if lab.run("mx2", ["postfix", "status"], capture_output=True).returncode:
        lab.run("mx2", ["postfix", "start"], check=True, capture_output=True)
