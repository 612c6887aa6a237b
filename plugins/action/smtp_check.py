# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells the module what it cannot know: under which inventory name it runs. Everything else is the module's."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: None = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> dict[str, t.Any]:
        result = super().run(task_vars=task_vars)
        arguments = dict(self._task.args)
        given = arguments.get("vantage")
        if given is None or isinstance(given, Mapping):
            arguments["vantage"] = {**self._vantage(task_vars or {}), **(given or {})}
        result.update(
            self._execute_module(
                module_name="mailops.smtp.smtp_check",
                module_args=arguments,
                task_vars=task_vars,
                # The result then comes from async_status, so nothing may be added to it here.
                wrap_async=self._task.async_val,
            )
        )
        return result

    def _vantage(self, task_vars: Mapping[str, t.Any]) -> dict[str, str]:
        """A jump host is delegated from, any other delegated task is tested from where it is delegated to."""
        name = str(task_vars.get("inventory_hostname", ""))
        if self._task.delegate_to and not self._task.args.get("via"):
            name = str(self._task.delegate_to)
        local = self._connection.transport == "local"
        return {"name": name, "mode": "local" if local else "managed"}
