# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells the module what it cannot know: under which inventory name it runs, and how far its clock is off."""

from __future__ import annotations

import time
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.mailops.smtp.plugins.plugin_utils.execution import execute
from ansible_collections.mailops.smtp.plugins.plugin_utils.vantage import with_vantage

# The quickest of so many answers says the most.
ROUNDS = 3


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: None = None, task_vars: t.Optional[dict[str, t.Any]] = None) -> dict[str, t.Any]:
        result = super().run(task_vars=task_vars)
        arguments = with_vantage(self._task, self._connection, task_vars or {})
        vantage = arguments.get("vantage")
        if isinstance(vantage, dict) and "clock_offset" not in vantage and not arguments.get("via"):
            offset, uncertainty = self._clock()
            if offset is not None:
                vantage["clock_offset"] = offset
                arguments["clock_uncertainty"] = uncertainty
        result.update(execute(self, "vantage_info", arguments, task_vars))
        return result

    def _clock(self) -> tuple[t.Optional[float], t.Optional[float]]:
        """Seconds that the host's clock is ahead, give or take how many; None where its shell tells no time."""
        best: t.Optional[tuple[float, float]] = None
        for _round in range(ROUNDS):
            asked = time.time()
            said = self._low_level_execute_command("date -u +%s.%N", sudoable=False)
            answered = time.time()
            seconds, _dot, fraction = str(said.get("stdout", "")).strip().rpartition("\n")[2].partition(".")
            if said.get("rc") != 0 or not seconds.isdigit():
                return None, None
            # Where date knows no %N, the second has been going on for nobody knows how long.
            moment, blur = (float(f"{seconds}.{fraction}"), 0.0) if fraction.isdigit() else (int(seconds) + 0.5, 0.5)
            half = (answered - asked) / 2
            if best is None or half + blur < best[1]:
                best = (round(moment - asked - half, 3), round(half + blur, 3))
        return best if best is not None else (None, None)
