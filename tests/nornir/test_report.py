# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of what Nornir's hosts saw."""

from __future__ import annotations

import json
import typing as t

from mailops_smtp.scenario import ScenarioServer

from nornir_smtp import report, smtp_check


def test_the_hosts_of_a_run_become_one_report(
    inventory_of: t.Callable[..., t.Any], mail_server: ScenarioServer
) -> None:
    nornir = inventory_of(relay={"hostname": "127.0.0.1"}, broken={"hostname": "127.0.0.1"})

    def check(task: t.Any) -> t.Any:
        if task.host.name == "broken":
            raise RuntimeError("not our task's fault")
        return smtp_check(task, port=mail_server.port)

    result = nornir.run(check)
    kept = json.loads(report(result, format="json", earlier=result, title="CHG0012345"))
    assert kept["title"] == "CHG0012345"
    assert kept["earlier"]["counts"] == kept["counts"] == {"pass": 1}
    # A run that was kept is as good as one that was just made.
    kept_run = json.loads(json.dumps(result["relay"][0].result))
    assert report(kept_run) == report(result)
    assert report([kept_run], format="html").startswith("<!DOCTYPE html>")
