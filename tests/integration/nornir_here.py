# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the Nornir task as standard input describes, on an inventory written by the test, and prints the results.

``{"inventory": {name: host data}, "hosts": [names to run on], "options": {…}}`` gives ``{name: run or error}``.
"""

from __future__ import annotations

import json
import sys
import typing as t

from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.plugins.runners import ThreadedRunner

from nornir_smtp import smtp_check
from nornir_smtp.plugins.connections import CONNECTION_NAME, Vantage


def host(name: str, data: dict[str, t.Any]) -> Host:
    extras = data.pop("extras", None)
    options = {CONNECTION_NAME: ConnectionOptions(extras=extras)} if extras else {}
    return Host(name=name, connection_options=options, **data)


asked = json.load(sys.stdin)
ConnectionPluginRegister.register(CONNECTION_NAME, Vantage)
everybody = Hosts({name: host(name, data) for name, data in asked["inventory"].items()})
nornir = Nornir(Inventory(everybody, Groups(), Defaults()), runner=ThreadedRunner(20), config=Config())
chosen = nornir.filter(filter_func=lambda entry: entry.name in asked["hosts"])
via = asked["options"].pop("via", None)
if via is not None:
    asked["options"]["via"] = everybody[via]
results = chosen.run(smtp_check, **asked["options"])
nornir.close_connections()
json.dump({name: result[0].result for name, result in results.items()}, sys.stdout)
