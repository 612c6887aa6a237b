# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make bench`: what a dialog costs here and with others, side by side; docs/performance.json and .svg keep the result.

The clients take turns, round after round, and the median counts: on a machine that has other things to do, ratios mean
something where absolute figures do not. Nothing here passes or fails.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import typing as t

from . import ansible, judging, measure, starting
from .chart import chart
from .measure import Cost
from .site import ROOT, Missing, Site, build

LIBRARIES = ("mailops", "bare", "aiosmtplib", "smtplib")
Row = dict[str, t.Any]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each client has its turn")
    parser.add_argument("--quick", action="store_true", help="a tenth of the dialogs, to see that all of it works")
    parser.add_argument("--write", action="store_true", help="keep the result under docs/")
    wishes = parser.parse_args()
    scale = 10 if wishes.quick else 1
    try:
        build()
        rows = list(_all(wishes.rounds, scale))
    except Missing as missing:
        print(f"The comparison cannot be made: {missing}.", file=sys.stderr)
        return 1
    record = {"machine": _machine(), "rounds": wishes.rounds, "rows": rows}
    if wishes.write:
        (ROOT / "docs" / "performance.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        (ROOT / "docs" / "performance.svg").write_text(chart(rows), encoding="utf-8")
    return 0


def _all(rounds: int, scale: int) -> t.Iterator[Row]:
    with Site(0) as site:
        for kind, dialogs in (("plain", 2000), ("pipelined", 2000), ("message", 2000), ("starttls", 600)):
            clients = [name for name in ("C", *LIBRARIES) if _can(name, kind)]
            yield from _compare(site, f"{kind}, no delay", clients, kind, dialogs // scale, 256, rounds)
        for in_flight in (1, 32, 1000):
            clients = ["C", *LIBRARIES]
            yield from _compare(
                site, f"plain, {in_flight} in flight", clients, "plain", 1000 // scale, in_flight, rounds
            )
        for checks in (10, 100, 1000, 10000):
            yield from _compare(site, f"{checks} checks", ["C", "mailops"], "plain", checks, 1000, max(1, rounds // 2))
        yield from _processes(site, scale)
    for milliseconds in (20, 100):
        with Site(milliseconds) as site:
            yield from _far_away(site, milliseconds, scale, max(1, rounds // 2))
            if milliseconds == 100:
                yield _round_trips(site)
    yield from judging.rows(2000 // scale, rounds)
    yield from starting.rows(2 * rounds)
    yield from ansible.rows(10 if scale > 1 else 1000, rounds)


def _far_away(site: Site, milliseconds: int, scale: int, rounds: int) -> t.Iterator[Row]:
    for kind in ("plain", "pipelined", "message", "starttls"):
        clients = [name for name in ("C", *LIBRARIES) if _can(name, kind)]
        title = f"{kind}, {milliseconds} ms, all in flight"
        yield from _compare(site, title, clients, kind, 1000 // scale, 1000, rounds)
    # Few at a time take long, and the more so the fewer they are.
    for in_flight in (1, 32, 256):
        dialogs = max(in_flight, 10) * (4 if scale == 1 else 1)
        title = f"plain, {milliseconds} ms, {in_flight} in flight"
        yield from _compare(site, title, ["C", *LIBRARIES], "plain", dialogs, in_flight, 1)


def _can(client: str, kind: str) -> bool:
    """The C client does no TLS; none of the others asks for pipelining."""
    return not (client == "C" and kind == "starttls") and (kind != "pipelined" or client in ("C", "mailops"))


def _compare(
    site: Site, title: str, clients: list[str], kind: str, dialogs: int, in_flight: int, rounds: int
) -> t.Iterator[Row]:
    costs: dict[str, list[Cost]] = {client: [] for client in clients}
    for _round in range(rounds):
        for client in clients:
            costs[client].append(measure.in_process(site, client, kind, dialogs, in_flight))
    print(f"\n{title}: {dialogs} dialogs, {in_flight} at a time")
    yield from _shown(title, {client: _median(each) for client, each in costs.items()}, dialogs)


def _median(costs: list[Cost]) -> Cost:
    return {name: statistics.median(cost[name] for cost in costs) for name in costs[0]}


def _shown(title: str, costs: dict[str, Cost], dialogs: int) -> t.Iterator[Row]:
    for client, cost in costs.items():
        row: Row = {"title": title, "client": client, "dialogs": dialogs}
        row.update({name: round(cost[name], 4) for name in ("cpu_ms", "per_second", "seconds") if name in cost})
        if "peak_kb" in cost:
            row["peak_mb"] = round(cost["peak_kb"] / 1024, 1)
            row["grown_kb_per_dialog"] = round(cost.get("grown_kb", 0) / dialogs, 1)
        words = [f"  {client:12} {row['cpu_ms']:8.3f} ms CPU"]
        for other in ("C", "aiosmtplib"):
            if other in costs and client != other:
                row[f"ratio_to_{other}"] = round(cost["cpu_ms"] / costs[other]["cpu_ms"], 2)
                words.append(f"{row[f'ratio_to_{other}']:6.2f} x {other}")
        words.append(f"{row['per_second']:8.0f}/s in {row['seconds']:.2f} s")
        words += [f"{row['peak_mb']:.0f} MB"] if "peak_mb" in row else []
        print("  ".join(words), flush=True)
        yield row


def _processes(site: Site, scale: int) -> t.Iterator[Row]:
    """What is started anew for each check, or asked for each over HTTP, beside what makes a thousand at once."""
    times = 40 // scale + 1
    costs = {"mailops": measure.in_process(site, "mailops", "plain", 1000, 256)}
    if measure.is_there("swaks"):
        costs["swaks"] = measure.swaks(site, times)
    if measure.is_there("check_smtp"):
        costs["check_smtp"] = measure.check_smtp(site, times)
    if measure.is_there("prometheus-blackbox-exporter"):
        costs["blackbox_exporter"] = measure.blackbox(site, 1000 // scale)
    if measure.is_there("smtp-source"):
        costs["smtp-source, 1 kB"] = measure.smtp_source(site, 2000 // scale, 100)
    print("\nprograms, one process or request for each check (smtp-source: one for all, with messages)")
    for row in _shown("programs", costs, times):
        row["ratio_of_mailops"] = round(costs["mailops"]["cpu_ms"] / costs[row["client"]]["cpu_ms"], 5)
        yield row


def _round_trips(site: Site) -> Row:
    counted = {kind: measure.round_trips(site, kind) for kind in ("plain", "pipelined", "message", "starttls")}
    print("\nround trips in a packet capture: " + ", ".join(f"{kind} {number}" for kind, number in counted.items()))
    return {"title": "round trips", "client": "mailops", **counted}


def _machine() -> dict[str, t.Any]:
    processors = subprocess.run(["nproc"], capture_output=True, text=True, check=True).stdout.strip()
    return {"python": platform.python_version(), "kernel": platform.release(), "processors": int(processors)}


if __name__ == "__main__":
    sys.exit(main())
