# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thousand domains looked up in one call and in one Ansible task, beside dnspython's own resolver in threads and
`dig` in a loop.

Each asks for the MX records of a domain and for both kinds of addresses of its host, of the same resolver, whose cache
is warm. The first three take turns, so that whatever else the machine does meets all of them. `make bench-dns` runs it
on the lab's controller, and fails where ours is the slower one."""

from __future__ import annotations

import concurrent.futures
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

import dns.resolver
from mailops_smtp.mail_routes import mail_routes

ROOT = Path(__file__).parents[2]
DOMAINS = [f"d{number}.shapes.test" for number in range(1000)]
THREADS = 50
ROUNDS = 7
ANSIBLE_ROUNDS = 3

Taken = tuple[float, float]  # seconds on the clock, and of CPU


def ours(domains: t.Sequence[str]) -> int:
    return _addresses(mail_routes({"domains": domains, "checks": []}))


def threads(domains: t.Sequence[str]) -> int:
    resolver = dns.resolver.Resolver()

    def addresses(domain: str) -> int:
        hosts = [record.exchange for record in resolver.resolve(f"{domain}.", "MX")]
        return sum(len(resolver.resolve(host, kind)) for host in hosts for kind in ("A", "AAAA"))

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(addresses, domains))


def dig(domains: t.Sequence[str]) -> int:
    found = 0
    for domain in domains:
        for host in _dig(domain, "MX"):
            found += sum(len(_dig(host.split()[1], kind)) for kind in ("A", "AAAA"))
    return found


def _dig(name: str, kind: str) -> list[str]:
    return subprocess.run(["dig", "+short", name, kind], capture_output=True, text=True, check=True).stdout.splitlines()


def ansible(domains: t.Sequence[str]) -> int:
    """One task, with all that starting Ansible costs."""
    with tempfile.TemporaryDirectory() as home:
        collection = Path(home, "collections", "ansible_collections", "mailops", "smtp")
        collection.parent.mkdir(parents=True)
        collection.symlink_to(ROOT)
        arguments = json.dumps({"domains": domains, "checks": []})
        command = [str(Path(sys.executable).with_name("ansible")), "localhost", "-m", "mailops.smtp.mail_route_info"]
        environment = {
            **os.environ, "HOME": home, "NO_COLOR": "1",
            "ANSIBLE_COLLECTIONS_PATH": str(collection.parents[2]), "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        }  # fmt: skip
        done = subprocess.run(
            [*command, "-a", arguments, "-i", "localhost,", "-c", "local"],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        sys.exit(done.stdout[-2000:] + done.stderr)
    return _addresses(json.loads(done.stdout.partition("=> ")[2]))


def _addresses(found: t.Mapping[str, t.Any]) -> int:
    return sum(len(host["addresses"]) for route in found["routes"] for host in route["mx"])


def take(name: str, look_up: t.Callable[[t.Sequence[str]], int]) -> Taken:
    before, began = _cpu(), time.monotonic()
    found = look_up(DOMAINS)
    taken = time.monotonic() - began, _cpu() - before
    if found != 2 * len(DOMAINS):
        sys.exit(f"{name} found {found} addresses, not {2 * len(DOMAINS)}")
    return taken


def _cpu() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in usage)


def median(rounds: t.Sequence[Taken]) -> Taken:
    seconds, cpu = (sorted(taken[column] for taken in rounds)[len(rounds) // 2] for column in (0, 1))
    return seconds, cpu


def told(name: str, rounds: t.Sequence[Taken]) -> Taken:
    seconds, cpu = median(rounds)
    print(f"{name:44} {seconds:7.2f} s  {1000 * cpu / len(DOMAINS):6.2f} ms CPU a domain", flush=True)
    return seconds, cpu


def main() -> None:
    ours(DOMAINS)
    turns = [(take("ours", ours), take("dnspython", threads)) for _round in range(ROUNDS)]
    mine = told("mail_routes, one call", [turn[0] for turn in turns])
    theirs = told(f"dnspython's resolver, {THREADS} threads", [turn[1] for turn in turns])
    task = told("mail_route_info, one Ansible task", [take("Ansible", ansible) for _round in range(ANSIBLE_ROUNDS)])
    loop = told("dig in a loop", [take("dig", dig)])
    # Each round's own ratio: what slows down one of its two mostly slows down the other.
    wall, cpu = (sorted(turn[1][n] / turn[0][n] for turn in turns)[ROUNDS // 2] for n in (0, 1))
    print(f"dnspython in threads takes {wall:.2f} times as long as one call, and {cpu:.2f} times the CPU")
    print(
        f"dig in a loop takes {loop[0] / mine[0]:.0f} times as long as one call, and {loop[0] / task[0]:.0f} times as"
    )
    print(f"long as one Ansible task, which takes {task[0] - mine[0]:.2f} s longer than the call by itself")
    if wall < 1 or cpu < 1:
        sys.exit(f"dnspython's resolver in threads is faster: {theirs} against {mine}")


if __name__ == "__main__":
    main()
