# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an action plugin runs its module. Private to the collection: it can change at any time."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.collecting import collecting_rarely


def execute(
    action: ActionBase, name: str, arguments: dict[str, t.Any], task_vars: dict[str, t.Any] | None
) -> dict[str, t.Any]:
    """The result of the module. Of an asynchronous task it comes from async_status, so nothing may be added to it."""
    # Ansible makes syntax trees of all that it packs.
    with collecting_rarely():
        result: dict[str, t.Any] = action._execute_module(
            module_name=f"mailops.smtp.{name}",
            module_args=arguments,
            task_vars=task_vars,
            wrap_async=action._task.async_val,
        )
    return result
