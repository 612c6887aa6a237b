# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the place is called that a task tests from. Private to the collection: it can change at any time."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

CONTROLLER = {"name": "controller", "mode": "local"}


def with_vantage(task: t.Any, connection: t.Any, task_vars: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The task's arguments, with a vantage where it names none: a jump host is delegated from, any other delegated task
    is tested from where it is delegated to."""
    arguments = dict(task.args)
    given = arguments.get("vantage")
    if given is None or isinstance(given, Mapping):
        name = str(task_vars.get("inventory_hostname", ""))
        if task.delegate_to and not task.args.get("via"):
            name = str(task.delegate_to)
        local = connection.transport == "local"
        # What is not known of it is null in the facts and in what the role vantage finds out, and no wrong value.
        known = {key: value for key, value in (given or {}).items() if value is not None}
        arguments["vantage"] = {"name": name, "mode": "local" if local else "managed", **known}
    return arguments
