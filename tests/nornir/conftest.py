# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An inventory in memory, a mail server and jump hosts on loopback: no root and no network."""

from __future__ import annotations

import typing as t

import pytest
from mailops_smtp.scenario import ScenarioServer
from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.plugins.runners import ThreadedRunner

from nornir_smtp.plugins.connections import CONNECTION_NAME


@pytest.fixture
def mail_server() -> t.Iterator[ScenarioServer]:
    with ScenarioServer("ordinary") as server:
        yield server


@pytest.fixture
def inventory_of() -> t.Iterator[t.Callable[..., Nornir]]:
    """Makes a Nornir of hosts given as ``name={…}``; ``extras`` are those of the connection."""
    made: list[Nornir] = []
    ConnectionPluginRegister.auto_register()

    def make(**hosts: dict[str, t.Any]) -> Nornir:
        inventory = Hosts({name: _host(name, dict(data)) for name, data in hosts.items()})
        made.append(Nornir(Inventory(inventory, Groups(), Defaults()), runner=ThreadedRunner(20), config=Config()))
        return made[-1]

    yield make
    for nornir in made:
        nornir.close_connections()
    ConnectionPluginRegister.deregister_all()


def _host(name: str, data: dict[str, t.Any]) -> Host:
    extras = data.pop("extras", None)
    options = {CONNECTION_NAME: ConnectionOptions(extras=extras)} if extras is not None else {}
    return Host(name=name, connection_options=options, **data)
