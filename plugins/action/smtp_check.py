# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells the module what it cannot know: under which inventory name it runs, and what the controller finds out of names
where the user wants that. Everything else is the module's."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import typing as t
from collections.abc import Mapping

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.progress import line
from ansible_collections.mailops.smtp.plugins.plugin_utils.execution import execute
from ansible_collections.mailops.smtp.plugins.plugin_utils.vantage import with_vantage

SECONDS_BETWEEN_LINES = 5.0


def _tell(path: str, ended: threading.Event) -> None:
    began = time.time()
    while not ended.wait(SECONDS_BETWEEN_LINES):
        # What an earlier run has left there is no news.
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            with open(path, encoding="ascii") as file:
                progress = json.load(file)
            if progress["updated_at"] >= began:
                Display().display(line(progress))


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: None = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> dict[str, t.Any]:
        result = super().run(task_vars=task_vars)
        arguments = with_vantage(self._task, self._connection, task_vars or {})
        if arguments.get("resolve_at") == "controller":
            arguments["looked_up"] = self._looked_up(arguments)
        with self._signs_of_life(self._task.args.get("progress_file")):
            result.update(execute(self, "smtp_check", arguments, task_vars))
        return result

    def _looked_up(self, arguments: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The mail domains, looked up here. What else is wrong with the arguments, the module says."""
        # Only who wants that has the controller load what it takes, which is nearly all of the core.
        from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.names import look_up_for_targets
        from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.plan.options import OptionError

        targets, nameservers, hosts, tls = (arguments.get(name) for name in ("targets", "nameservers", "hosts", "tls"))
        if isinstance(targets, str):
            targets = targets.split(",")
        if isinstance(nameservers, str):
            nameservers = nameservers.split(",")
        ca_path = tls.get("ca_path") if isinstance(tls, Mapping) else None
        try:
            return look_up_for_targets(targets, nameservers, hosts if isinstance(hosts, Mapping) else None, ca_path)
        except OptionError as error:
            raise AnsibleActionFail(str(error)) from None

    @contextlib.contextmanager
    def _signs_of_life(self, path: t.Any) -> t.Iterator[None]:
        """Shows what the module writes of its progress, as long as it runs, where that file is one of this machine."""
        if not path or self._task.async_val or self._task.check_mode or self._connection.transport != "local":
            yield
            return
        ended = threading.Event()
        teller = threading.Thread(target=_tell, args=(os.path.expanduser(str(path)), ended), daemon=True)
        teller.start()
        try:
            yield
        finally:
            ended.set()
            teller.join()
