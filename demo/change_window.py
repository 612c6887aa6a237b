# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change window: the certificate of mx1 is renewed, as declared, mx2 loses STARTTLS, undeclared, and meanwhile mx1 is
down for a moment. The gate finds it all."""

from __future__ import annotations

import contextlib
import json
import subprocess
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mailops_smtp.scenario import ScenarioServer

DOWN_SECONDS = 3.0
INTERVAL = 0.5

# The jump host that reaches everything, and this machine.
VANTAGES = ("controller", "outside-fra")

# How long a watch may take to notice that it shall stop, and to end its sessions.
FAREWELL_SECONDS = 15.0

WINDOW = "DEMO"


def show(
    play: Callable[[list[str | Path]], None],
    say: Callable[[str], None],
    change: Callable[[], float],
    folder: Path,
    inventory: Path,
    kept: Path,
) -> bool:
    """Plays it all, keeps the report of it, and says whether exactly what was changed was found."""
    windows = folder / "windows"
    variables = folder / "window.json"
    variables.write_text(json.dumps(_variables(folder, windows)), encoding="utf-8")
    arguments: list[str | Path] = [
        "--inventory", inventory, "--limit", ",".join(VANTAGES), "-e", f"@{variables}", "mailops.smtp.change_window",
    ]  # fmt: skip
    with _watches(folder):
        say("ansible-playbook mailops.smtp.change_window -e phase=before: what it looks like, and a watch begins")
        play([*arguments, "-e", "phase=before"])
        say("The change: a new certificate on mx1, which is down meanwhile; and mx2 comes back without STARTTLS")
        down = change()
        say("ansible-playbook mailops.smtp.change_window -e phase=after: compare, report, open or close the gate")
        closed = False
        try:
            play([*arguments, "-e", "phase=after"])
        except subprocess.CalledProcessError as error:
            result_file = windows / WINDOW / "result.json"
            if not result_file.exists():
                raise
            # Two is what ansible-playbook says of a task that failed: the gate.
            closed = error.returncode == 2
    result = json.loads((windows / WINDOW / "result.json").read_text(encoding="utf-8"))
    _tell(result)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes((windows / WINDOW / "report.html").read_bytes())
    say(f"The report of the change window: {kept.as_uri()}")
    return closed and _as_changed(result, down)


def _variables(folder: Path, windows: Path) -> dict[str, Any]:
    return {
        "vantages": "vantages",
        "window": WINDOW,
        # The one that fails all the time would be one long outage.
        "change_window_targets": "{{ smtp_targets | rejectattr('name', 'search', '^old') }}",
        "change_window_directory": str(windows),
        "change_window_watch_directory": str(folder),
        "change_window_watch_interval": INTERVAL,
        "change_window_watch_duration": 120,
        "change_window_repeat": 1,
        "change_window_check": {"sender": "admin@fabrikam.com", "recipient": "user@contoso.com"},
        "change_window_expected": ["certificate renewed on mx1.contoso.com*"],
    }


@contextlib.contextmanager
def _watches(folder: Path) -> Iterator[None]:
    """A watch goes on by itself: however this ends, it is told to stop, and has done so."""
    try:
        yield
    finally:
        deadline = time.monotonic() + FAREWELL_SECONDS
        for log in folder.glob("*.watch"):
            log.with_name(f"{log.name}.stop").touch()
            while '"end"' not in log.read_text(encoding="ascii") and time.monotonic() < deadline:
                time.sleep(0.1)


def _tell(result: dict[str, Any]) -> None:
    print()
    for name in ("expected", "regressions", "missing", "changes", "improvements"):
        for sentence in result[name]:
            print(textwrap.fill(f"{name}: {sentence}", 80, subsequent_indent="  "))
    for outage in result["outages"]:
        where = f"{outage['endpoint']['name']} from {outage['vantage']}"
        print(textwrap.fill(f"outage: {outage['seconds']} s, {', '.join(outage['how'])}: {where}", 80))
    print(textwrap.fill(f"gate: {result['verdict']}. {result['rollback_hint']}", 80))


def _as_changed(result: dict[str, Any], down: float) -> bool:
    unplanned = [name for name in ("missing", "improvements", "changes") if result[name]]
    return (
        not unplanned
        and [sentence.startswith("Certificate renewed on mx1") for sentence in result["expected"]] == [True]
        and [sentence.startswith("STARTTLS gone on mx2") for sentence in result["regressions"]] == [True]
        and len([outage for outage in result["outages"] if outage["endpoint"]["name"].startswith("mx1")])
        == len(VANTAGES)
        and abs(result["longest_gap"] - down) < 4 * INTERVAL
    )


def restart(servers: dict[str, ScenarioServer], name: str, after: float, **settings: Any) -> float:
    """The mail host stops, and comes back after so many seconds, on its old port. Returns how long it was gone."""
    port = servers[name].port
    servers[name].stop()
    began = time.monotonic()
    time.sleep(after)
    servers[name] = ScenarioServer("ordinary", hostname=name, port=port, **settings)
    servers[name].start()
    return time.monotonic() - began
