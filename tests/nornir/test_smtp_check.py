# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Nornir task: which host is the target, which the vantage, and what reaches the results."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from mailops_smtp.plan import OptionError
from mailops_smtp.scenario import ScenarioServer
from nornir.core import Nornir

from nornir_smtp import matrix, print_matrix, smtp_check
from tests.core.ssh_client import PASSWORD
from tests.core.ssh_server import Behaviour, JumpHost

# Resolves to 127.0.0.1, and is none of the names by which the task knows this machine.
NOT_HERE = "127.1"

InventoryOf = t.Callable[..., Nornir]


@pytest.fixture
def jump_hosts(tmp_path: Path) -> t.Iterator[dict[str, dict[str, t.Any]]]:
    """Two inventory hosts that are reached through SSH."""
    with JumpHost(Behaviour(password=PASSWORD)) as one, JumpHost(Behaviour(password=PASSWORD)) as other:
        known_hosts = tmp_path / "known_hosts"
        lines = f"{one.known_hosts_line}\n{other.known_hosts_line}\n"
        known_hosts.write_text(lines + lines.replace("127.0.0.1", NOT_HERE), encoding="utf-8")
        yield {
            name: {
                "hostname": "127.0.0.1",
                "port": host.port,
                "username": "probe",
                "password": PASSWORD,
                "extras": {"known_hosts": [str(known_hosts)]},
                "data": {"listener": host},
            }
            for name, host in (("fra", one), ("nyc", other))
        }


def as_vantages(hosts: dict[str, dict[str, t.Any]]) -> dict[str, dict[str, t.Any]]:
    """The hosts under a name that does not say that they are this machine."""
    return {name: {**host, "hostname": NOT_HERE} for name, host in hosts.items()}


def test_without_targets_the_host_is_the_mail_server(inventory_of: InventoryOf, mail_server: ScenarioServer) -> None:
    nornir = inventory_of(mx1={"hostname": "127.0.0.1", "data": {"smtp": {"port": mail_server.port}}})
    [result] = nornir.run(smtp_check, recipient="user@contoso.com").values()
    assert result[0].failed is False
    assert result[0].changed is False
    [check] = result[0].result["checks"]
    assert check["target"] == f"127.0.0.1:{mail_server.port}"
    assert check["vantage"]["mode"] == "local"
    assert check["recipients"][0]["outcome"] == "accepted"


def test_options_of_the_task_come_before_those_of_the_host(
    inventory_of: InventoryOf, mail_server: ScenarioServer
) -> None:
    data = {"smtp": {"port": mail_server.port, "helo_name": "host.example.net", "recipient": "user@contoso.com"}}
    nornir = inventory_of(mx1={"hostname": "127.0.0.1", "data": data})
    nornir.run(smtp_check, helo_name="task.example.net")
    [session] = mail_server.wait(1, 10)
    assert session.helo == "task.example.net"
    assert any("user@contoso.com" in command for command in session.commands)


def test_with_via_the_connection_starts_from_another_host(
    inventory_of: InventoryOf, mail_server: ScenarioServer, jump_hosts: dict[str, dict[str, t.Any]]
) -> None:
    nornir = inventory_of(mx1={"hostname": "127.0.0.1"}, **jump_hosts)
    chosen = nornir.filter(filter_func=lambda host: host.name in ("mx1", "fra"))
    result = chosen.run(smtp_check, via="fra", host="127.0.0.1", port=mail_server.port)
    for host in ("mx1", "fra"):
        [check] = result[host][0].result["checks"]
        assert check["vantage"] == {
            "name": "fra",
            "mode": "ssh-channel",
            "address": None,
            "clock_offset": None,
            "proxy": None,
            "mode_reason": "The SSH server allows no session there to start Python in.",
            "side": None,
            "network": None,
            "unfit": None,
        }
    # Two tasks, two dialogs, one log-in.
    listener = jump_hosts["fra"]["data"]["listener"]
    assert listener.forwarded == [("127.0.0.1", mail_server.port)] * 2
    assert listener.log_ins == 1


def test_a_host_beyond_the_filter_can_be_given_itself(
    inventory_of: InventoryOf, mail_server: ScenarioServer, jump_hosts: dict[str, dict[str, t.Any]]
) -> None:
    nornir = inventory_of(mx1={"hostname": "127.0.0.1"}, **jump_hosts)
    alone = nornir.filter(name="mx1")
    result = alone.run(smtp_check, via=nornir.inventory.hosts["nyc"], port=mail_server.port)
    assert result["mx1"][0].result["checks"][0]["vantage"]["name"] == "nyc"


def test_a_name_beyond_the_filter_is_told(inventory_of: InventoryOf, jump_hosts: dict[str, dict[str, t.Any]]) -> None:
    alone = inventory_of(mx1={"hostname": "127.0.0.1"}, **jump_hosts).filter(name="mx1")
    result = alone.run(smtp_check, via="nyc")
    assert isinstance(result["mx1"][0].exception, OptionError)
    assert str(result["mx1"][0].exception) == "via 'nyc' is no host of this run's inventory: give one of mx1."


def test_with_targets_the_hosts_are_the_vantages(
    inventory_of: InventoryOf, mail_server: ScenarioServer, jump_hosts: dict[str, dict[str, t.Any]]
) -> None:
    nornir = inventory_of(here={"hostname": "localhost"}, **as_vantages(jump_hosts))
    result = nornir.run(smtp_check, targets=[f"127.0.0.1:{mail_server.port}"])
    seen = {name: host[0].result["checks"][0]["vantage"]["mode"] for name, host in result.items()}
    assert seen == {"here": "local", "fra": "ssh-channel", "nyc": "ssh-channel"}
    assert {host[0].result["verdict"] for host in result.values()} == {"pass"}
    assert {host[0].result["vantages"][0]["name"] for host in result.values()} == {"here", "fra", "nyc"}


def test_the_matrix_of_a_run(
    inventory_of: InventoryOf,
    mail_server: ScenarioServer,
    jump_hosts: dict[str, dict[str, t.Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    jump_hosts["nyc"]["data"]["listener"].behaviour.refusals["127.0.0.1"] = (2, "Connection refused")
    nornir = inventory_of(**as_vantages(jump_hosts))
    target = {"host": "127.0.0.1", "port": mail_server.port, "name": "the relay"}
    compared = matrix(nornir.run(smtp_check, targets=[target]))
    assert compared["vantages"] == ["fra", "nyc"]
    assert compared["divergence"][0]["outliers"] == ["nyc"]
    print_matrix(compared)
    assert capsys.readouterr().out.splitlines()[0].strip() == "the relay"


def test_a_refusal_is_data_unless_it_shall_fail_the_task(
    inventory_of: InventoryOf, mail_server: ScenarioServer
) -> None:
    nornir = inventory_of(mx1={"hostname": "127.0.0.1"})
    options = {"port": mail_server.port, "recipient": "nobody@contoso.com"}
    assert nornir.run(smtp_check, **options)["mx1"][0].failed is False
    assert nornir.data.failed_hosts == set()
    failed = nornir.run(smtp_check, fail_task=True, **options)["mx1"][0]
    assert failed.failed is True
    assert failed.result["verdict"] == "fail"


def test_a_jump_host_in_trouble_is_data_too(inventory_of: InventoryOf, mail_server: ScenarioServer) -> None:
    nornir = inventory_of(mx1={"hostname": "127.0.0.1"}, gone={"hostname": "127.0.0.1", "port": closed_port()})
    result = nornir.filter(filter_func=lambda host: True).run(smtp_check, via="gone", port=mail_server.port)
    assert result["mx1"][0].result["verdict"] == "inconclusive"
    assert mail_server.sessions == []


def closed_port() -> int:
    with ScenarioServer("ordinary") as server:
        return int(server.port)


def test_a_dry_run_sends_nothing(inventory_of: InventoryOf, mail_server: ScenarioServer) -> None:
    nornir = inventory_of(mx1={"hostname": "127.0.0.1"})
    nornir.data.dry_run = True
    options = {"port": mail_server.port, "recipient": "user@contoso.com", "test_message": {}}
    result = nornir.run(smtp_check, **options)["mx1"][0]
    assert result.changed is True
    assert result.result["checks"][0]["message"]["outcome"] == "not_sent"
    assert mail_server.messages == []
    nornir.data.dry_run = False
    nornir.run(smtp_check, **options)
    assert len(mail_server.messages) == 1


def test_a_wrong_option_is_an_exception_with_a_sentence(inventory_of: InventoryOf) -> None:
    result = inventory_of(mx1={"hostname": "127.0.0.1"}).run(smtp_check, prot=25)["mx1"][0]
    assert isinstance(result.exception, OptionError)
    assert str(result.exception).startswith("option 'prot' does not exist: did you mean port?")
