# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes a snapshot where the results are: on the controller. Nothing is sent to a host."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.snapshot import SnapshotError, merge, write
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.snapshot.file import versions


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: None = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> dict[str, t.Any]:
        result = super().run(task_vars=task_vars)
        _validation, arguments = self.validate_argument_spec(
            {
                "path": {"type": "path", "required": True},
                "results": {"type": "raw", "required": True},
                "label": {"type": "str"},
            }
        )
        path = os.path.abspath(os.path.expanduser(arguments["path"]))
        try:
            given = arguments["results"]
            snapshot = merge(
                given if isinstance(given, (dict, list, tuple)) else list(given), arguments["label"], versions()
            )
            if not self._task.check_mode:
                write(path, snapshot)
        except (SnapshotError, TypeError) as exc:
            raise AnsibleActionFail(f"mailops.smtp.smtp_snapshot: {exc}") from None
        told = {name: snapshot[name] for name in ("verdict", "counts", "summary")}
        result.update(changed=True, path=path, **told)
        return result
