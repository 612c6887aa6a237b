# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thousand domains looked up in one call, beside `dig` in a loop and dnspython's own resolver in threads.

Each asks for the MX records of a domain and for both kinds of addresses of its host, of the same resolver, whose cache
is warm. `make bench-dns` runs it on the lab's controller."""

from __future__ import annotations

import concurrent.futures
import resource
import subprocess
import sys
import time
import typing as t

import dns.resolver
from mailops_smtp.mail_routes import mail_routes

DOMAINS = [f"d{number}.shapes.test" for number in range(1000)]
THREADS = 50
ROUNDS = 3


def ours(domains: t.Sequence[str]) -> int:
    found = mail_routes({"domains": domains, "checks": []})
    return sum(len(host["addresses"]) for route in found["routes"] for host in route["mx"])


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


def measure(name: str, look_up: t.Callable[[t.Sequence[str]], int], rounds: int) -> float:
    """The median of the rounds, in seconds."""
    taken = []
    for _round in range(rounds):
        before, began = _cpu(), time.monotonic()
        found = look_up(DOMAINS)
        taken.append((time.monotonic() - began, _cpu() - before))
        if found != 2 * len(DOMAINS):
            sys.exit(f"{name} found {found} addresses, not {2 * len(DOMAINS)}")
    seconds, cpu = sorted(taken)[len(taken) // 2]
    print(f"{name:44} {seconds:7.2f} s  {1000 * cpu / len(DOMAINS):6.2f} ms CPU a domain", flush=True)
    return seconds


def _cpu() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in usage)


def main() -> None:
    ours(DOMAINS)
    mine = measure("mail_routes, one call", ours, ROUNDS)
    theirs = measure(f"dnspython's resolver, {THREADS} threads", threads, ROUNDS)
    loop = measure("dig in a loop", dig, 1)
    print(f"{theirs / mine:.1f} times faster than dnspython in threads, {loop / mine:.0f} times faster than dig")


if __name__ == "__main__":
    main()
