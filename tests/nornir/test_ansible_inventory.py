# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An Ansible inventory file for Nornir: nornir_ansible reads it, and five hundred hosts of it are asked at once."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from mailops_smtp.scenario import ScenarioServer
from nornir import InitNornir
from nornir.core import Nornir
from nornir.core.task import Result

from nornir_smtp import matrix, smtp_check
from tests.core.ssh_client import PASSWORD
from tests.core.ssh_server import Behaviour, JumpHost

from .test_smtp_check import closed_port


@pytest.fixture
def nornir_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[t.Callable[..., Nornir]]:
    """Makes a Nornir of an inventory's text, as config.yaml would."""
    monkeypatch.setenv("HOME", str(tmp_path))
    made: list[Nornir] = []

    def make(text: str, workers: int = 20, suffix: str = "ini") -> Nornir:
        hosts = tmp_path / f"hosts.{suffix}"
        hosts.write_text(text, encoding="utf-8")
        made.append(
            InitNornir(
                inventory={"plugin": "AnsibleInventory", "options": {"hostsfile": str(hosts)}},
                runner={"plugin": "threaded", "options": {"num_workers": workers}},
                logging={"enabled": False},
            )
        )
        return made[-1]

    yield make
    for nornir in made:
        nornir.close_connections()


def test_five_hundred_hosts_at_once_and_none_is_left_out_later(nornir_of: t.Callable[..., Nornir]) -> None:
    """Each has a thread of its own. For every other one the mail server is out of reach, which is a result."""
    names = "\n".join(f"v{number:03} ansible_host=localhost" for number in range(500))
    with ScenarioServer("ordinary") as server:
        nornir = nornir_of(f"[vantages]\n{names}\n", workers=500)
        assert len(nornir.inventory.hosts) == 500
        places = [f"127.0.0.1:{server.port}", f"127.0.0.1:{closed_port()}"]
        options = {"helo_name": "a.example", "stop_after": "ehlo", "timeouts": {"connect": 30, "reply": 60}}
        result = nornir.run(smtp_check, targets=places, **options)
        assert not result.failed
        assert result.failed_hosts == {}
        assert nornir.data.failed_hosts == set()
        again = nornir.run(lambda task: Result(task.host))
    laid_out = matrix(result)
    assert (len(laid_out["vantages"]), len(again)) == (500, 500)
    assert [{row[column]["verdict"] for row in laid_out["cells"]} for column in (0, 1)] == [{"pass"}, {"fail"}]


def test_ansibles_variables_say_how_a_vantage_is_reached(nornir_of: t.Callable[..., Nornir], tmp_path: Path) -> None:
    """Host, port and user by Ansible's own names; the rest of the SSH connection by Nornir's."""
    with JumpHost(Behaviour(password=PASSWORD)) as jump, ScenarioServer("ordinary") as server:
        known = tmp_path / "known_hosts"
        # 127.1 is the same address, and none of those that Nornir's task takes for this machine.
        known.write_text(jump.known_hosts_line.replace("127.0.0.1", "127.1"), encoding="utf-8")
        extras = {"known_hosts": [str(known)], "password": PASSWORD}
        far = {
            "ansible_host": "127.1", "ansible_port": jump.port, "ansible_user": "ops",
            "connection_options": {"smtp_vantage": {"extras": extras}},
            "smtp": {"vantage": {"side": "outside"}},
        }  # fmt: skip
        text = json.dumps({"all": {"children": {"vantages": {"hosts": {"far": far}}}}})
        nornir = nornir_of(text, suffix="yaml")
        result = nornir.run(smtp_check, targets=[f"127.0.0.1:{server.port}"], mode="channel", helo_name="a.example")
        [check] = result["far"][0].result["checks"]
        assert (check["verdict"], check["vantage"]["name"], check["vantage"]["side"]) == ("pass", "far", "outside")
        assert jump.forwarded == [("127.0.0.1", server.port)]
