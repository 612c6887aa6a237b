# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells the module what it cannot know: under which inventory name it runs. Everything else is the module's."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.mailops.smtp.plugins.plugin_utils.execution import execute
from ansible_collections.mailops.smtp.plugins.plugin_utils.vantage import with_vantage


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: None = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> dict[str, t.Any]:
        result = super().run(task_vars=task_vars)
        arguments = with_vantage(self._task, self._connection, task_vars or {})
        result.update(execute(self, "smtp_watch", arguments, task_vars))
        return result
