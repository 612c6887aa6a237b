# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make soak-engine`: a hundred thousand dialogs in one process, a misbehaving server of every kind among the others.

Fails unless each check is accounted for, none has crashed, and neither memory nor descriptors grow.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from .measure import LIBRARY
from .site import FIRST_ADDRESS, PLAIN_PORT, PYTHON, ROOT, TLS_PORT, Missing, Site, build

AT_ONCE = 1000
MISBEHAVING = 200  # of each thousand

# What Python's own allocator and the C library keep back, once they have seen the largest round.
TOLERATED_GROWTH = 1.10

# Said by a process of its own, whose memory is nobody's business.
SERVERS = """
import json, sys, time
from mailops_smtp.scenario import BEHAVIOURS, ScenarioServer
names = [name for name in sorted(BEHAVIOURS) if not BEHAVIOURS[name].needs_certificate]
servers = [ScenarioServer(name, pause=0.2).__enter__() for name in names]
print(json.dumps([[server.port, server.behaviour.protocol] for server in servers]), flush=True)
while True:
    time.sleep(5)
    for server in servers:
        server.sessions.clear()
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak", description=__doc__)
    parser.add_argument("--dialogs", type=int, default=100_000)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    wishes = parser.parse_args()
    if wishes.inside:
        return _soak(max(4, wishes.dialogs // AT_ONCE))
    try:
        build()
        with Site(0) as site:
            argv = [PYTHON, "-m", "tests.bench.soak", "--inside", "--dialogs", str(wishes.dialogs)]
            environment = {**os.environ, "PYTHONPATH": LIBRARY}
            command = ["ip", "netns", "exec", site.client, *argv]
            return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode
    except Missing as missing:
        print(f"The soak cannot be made: {missing}.", file=sys.stderr)
        return 1


def _soak(rounds: int) -> int:
    from mailops_smtp.run import check

    with subprocess.Popen([PYTHON, "-c", SERVERS], stdout=subprocess.PIPE, text=True) as servers:
        try:
            assert servers.stdout is not None
            options = _options(json.loads(servers.stdout.readline()))
            seen: collections.Counter[str] = collections.Counter()
            memory: list[int] = []
            descriptors: list[int] = []
            began = time.monotonic()
            for number in range(1, rounds + 1):
                run = check(options)
                _account_for(run, options["targets"])
                seen.update(run["counts"])
                del run
                memory.append(_memory())
                descriptors.append(len(os.listdir("/proc/self/fd")))
                if number % 10 == 0 or number == rounds:
                    spent = time.monotonic() - began
                    counted = ", ".join(f"{count} {verdict}" for verdict, count in sorted(seen.items()))
                    print(
                        f"{sum(seen.values())} dialogs in {spent:.0f} s ({counted}), "
                        f"{memory[-1] // 1024} MB, {descriptors[-1]} descriptors",
                        flush=True,
                    )
        finally:
            servers.kill()
    # The first rounds fill caches that stay.
    early, late = memory[len(memory) // 4], memory[-1]
    print(f"memory: {early // 1024} MB after a quarter, {late // 1024} MB at the end")
    if late > early * TOLERATED_GROWTH:
        print("The memory has grown.")
        return 1
    if descriptors[-1] > descriptors[0]:
        print(f"The descriptors have grown: {descriptors[0]} after the first round, {descriptors[-1]} after the last.")
        return 1
    return 0


def _options(misbehaving: list[tuple[int, str]]) -> dict[str, t.Any]:
    prefix = FIRST_ADDRESS.rsplit(".", 2)[0]
    targets: list[dict[str, t.Any]] = []
    for number in range(AT_ONCE):
        if number % (AT_ONCE // MISBEHAVING) == 0:
            port, protocol = misbehaving[len(targets) % len(misbehaving)]
            targets.append({"host": "127.0.0.1", "port": port, "protocol": protocol})
        else:
            port = TLS_PORT if number % 10 == 1 else PLAIN_PORT
            targets.append({"host": f"{prefix}.{64 + number // 250}.{number % 250 + 1}", "port": port})
    return {
        "targets": targets,
        "sender": "a@client.example",
        "recipient": "user@contoso.com",
        "helo_name": "client.example",
        "timeouts": {"connect": 5, "reply": 0.5, "total": 5},
        "connections": {"per_minute": 0, "per_server": 4},
    }


def _account_for(run: t.Mapping[str, t.Any], targets: list[t.Any]) -> None:
    if len(run["checks"]) != len(targets) or sum(run["counts"].values()) != len(targets):
        raise SystemExit(f"{len(targets)} checks were asked for, and {len(run['checks'])} came back.")
    for made in run["checks"]:
        for step in made["steps"]:
            if step["error"] is not None and step["error"]["kind"] in ("crashed", "local"):
                raise SystemExit(f"A check failed on this side: {step['error']}")
        if made["not_tested"] is None and not made["steps"]:
            raise SystemExit(f"A check came to nothing: {made}")


def _memory() -> int:
    """Kilobytes of this process that are in memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
