# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change window with Nornir:

    change_window.py before CHG0012345 contoso.com --recipient user@contoso.com
    change_window.py watch CHG0012345 contoso.com &
    ... the change ...
    change_window.py after CHG0012345 contoso.com --recipient user@contoso.com --expect "certificate renewed"

The watch shows what goes and comes back, until Ctrl-C, or until the last part ends it. The exit code of the last part
is 1 where something got worse that was not declared, or was down for too long, so that a pipeline can roll back.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from here import nornir
from mailops_smtp.watch.live import Live

from nornir_smtp import compare, gate, report, smtp_check, smtp_watch, snapshot

# How long the last part waits for the watch to end.
PATIENCE_SECONDS = 30.0

REPORTS = {"html": "report.html", "markdown": "report.md", "junit": "junit.xml"}


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Look at mail servers before a change, while it is made, and after it."
    )
    parser.add_argument("phase", choices=["before", "watch", "after"])
    parser.add_argument("window", help="the name of the change window, such as a ticket's number")
    parser.add_argument("targets", nargs="+", metavar="TARGET")
    parser.add_argument("--sender", default="")
    parser.add_argument("--recipient")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds from check to check of the watch")
    parser.add_argument("--expect", action="append", default=[], metavar="CHANGE", help="a change that is meant to be")
    parser.add_argument("--longest-gap", type=float, metavar="SECONDS", help="the longest outage that is allowed")
    given = parser.parse_args()
    folder = Path("change-windows", given.window)
    folder.mkdir(parents=True, exist_ok=True)
    if given.phase == "watch":
        return watch(given, folder)

    before = folder / "before.json.gz"
    if given.phase == "after":
        try:
            compare(before, before, expected=given.expect)
        except ValueError as error:  # a change that is not understood, or no snapshot: told before anybody is asked
            print(error, file=sys.stderr)
            return 2

    envelope = {"sender": given.sender, "recipient": given.recipient} if given.recipient else {}
    watches = collected(folder) if given.phase == "after" else []
    with nornir() as nr:
        # Times are compared over three samples or more.
        seen = nr.run(task=smtp_check, targets=given.targets, repeat={"count": 3}, **envelope)
    kept = snapshot(seen, folder / f"{given.phase}.json.gz", label=given.phase)
    print(kept["summary"])
    if given.phase == "before":
        return 0

    found = compare(before, kept, expected=given.expect)
    decided = gate(found, watches, given.longest_gap)
    for name in ("regressions", "missing", "changes", "improvements", "expected", "added"):
        for sentence in decided[name]:
            print(f"{name}: {sentence}")
    for format, name in REPORTS.items():
        title = f"Change window {given.window}"
        text = report(kept, format, comparison=found, watch=watches, gate=decided, title=title)
        (folder / name).write_text(text, encoding="utf-8")
    print(decided["summary"])
    return 0 if decided["verdict"] == "pass" else 1


def watch(given: argparse.Namespace, folder: Path) -> int:
    """Watches from every vantage, shows what happens, and leaves the results in a file."""
    results, under_way, stop_file = folder / "watch.json", folder / "watching", folder / "watch.stop"
    under_way.touch()
    stop, live = threading.Event(), {}
    # Started in the background of a shell, a program is deaf to Ctrl-C; to be ended by `kill` is as good.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: stop.set())

    def told(vantage: str, seen: list[dict[str, Any]], changes: list[dict[str, Any]]) -> None:
        for line in live.setdefault(vantage, Live()).lines(seen, changes):
            print(f"{vantage}  {line}", flush=True)

    options = {"interval": given.interval, "duration": 86400, "stop_file": str(stop_file)}
    try:
        with nornir() as nr:
            watched = nr.run(task=smtp_watch, targets=given.targets, stop=stop, told=told, **options)
        made = [answers[0].result for answers in watched.values() if answers[0].exception is None]
        results.write_text(json.dumps(made, indent=1), encoding="utf-8")
    finally:
        under_way.unlink(missing_ok=True)
        stop_file.unlink(missing_ok=True)
    for host, answers in watched.items():
        print(f"{host}: {answers[0].exception or answers[0].result['summary']}")
    return 1 if any(each["verdict"] != "pass" for each in made) or len(made) < len(watched) else 0


def collected(folder: Path) -> list[dict[str, Any]]:
    """Ends the watch, where one is under way, and returns what it saw."""
    results, under_way = folder / "watch.json", folder / "watching"
    if under_way.exists():
        (folder / "watch.stop").touch()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while under_way.exists() and time.monotonic() < deadline:
            time.sleep(0.2)
    return json.loads(results.read_text(encoding="utf-8")) if results.exists() else []


if __name__ == "__main__":
    sys.exit(main())
