# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells the module under which inventory name it runs, and asks here instead where the user wants that."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.mailops.smtp.plugins.plugin_utils.execution import execute
from ansible_collections.mailops.smtp.plugins.plugin_utils.vantage import CONTROLLER, with_vantage


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: None = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> dict[str, t.Any]:
        result = super().run(task_vars=task_vars)
        if self._task.args.get("resolve_at") == "controller":
            return self._here(result)
        arguments = with_vantage(self._task, self._connection, task_vars or {})
        result.update(execute(self, "mail_route_info", arguments, task_vars))
        return result

    def _here(self, result: dict[str, t.Any]) -> dict[str, t.Any]:
        # Only who wants that has the controller load what it takes.
        from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.mail_routes import mail_routes
        from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.plan.options import OptionError

        if self._task.async_val:
            raise AnsibleActionFail("resolve_at: controller does not go with async: leave out one of the two")
        try:
            found = mail_routes({"vantage": CONTROLLER, **self._task.args})
        except OptionError as error:
            raise AnsibleActionFail(str(error)) from None
        result.update(changed=False, **found)
        if "inconclusive" in found["counts"]:
            unknown = next(route for route in found["routes"] if route["verdict"] == "inconclusive")
            result.update(failed=True, msg=unknown["summary"])
        return result
