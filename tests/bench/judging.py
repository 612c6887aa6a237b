# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many checks are judged in a second: such as are well, such as are not, and such as a policy is held against.

Each is a check that was made, of the scripted server, without its judgement.
"""

from __future__ import annotations

import statistics
import time
import typing as t

from mailops_smtp.judge import judge_run
from mailops_smtp.run import check
from mailops_smtp.scenario import ScenarioServer

JUDGED = ("verdict", "summary", "findings", "unmet")

CASES: dict[str, tuple[str, dict[str, t.Any]]] = {
    "accepted": ("ordinary", {}),
    "deferred": ("first-contact-450", {}),
    "closed in the middle": ("close-at-rcpt", {}),
    "with a policy": ("ordinary", {"starttls": "optional", "expect": {"policy": "inbound-mx"}}),
}


def rows(checks: int, rounds: int) -> t.Iterator[dict[str, t.Any]]:
    print(f"\njudged in a second, of {checks} checks")
    for name, (behaviour, options) in CASES.items():
        evidence = [_made(behaviour, options)] * checks
        speed = statistics.median(_speed(evidence) for _round in range(rounds))
        print(f"  {name:20} {speed:8.0f}", flush=True)
        yield {"title": "judged", "client": name, "checks": checks, "per_second": round(speed)}


def _made(behaviour: str, options: dict[str, t.Any]) -> dict[str, t.Any]:
    with ScenarioServer(behaviour) as server:
        place = {"host": server.host, "port": server.port, "helo_name": "client.example", "starttls": "never"}
        (made,) = check({**place, "recipient": "user@contoso.com", **options})["checks"]
    return {field: value for field, value in made.items() if field not in JUDGED}


def _speed(evidence: list[dict[str, t.Any]]) -> float:
    before = time.process_time()
    judge_run(evidence)
    return len(evidence) / (time.process_time() - before)
