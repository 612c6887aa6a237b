# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make bench-ssh`: what dialogs cost that start at an SSH server, side by side with what SSH itself costs.

The server is this machine's sshd, in a network namespace; both ends share its processors. The clients take turns, round
after round, and the median counts. Nothing here passes or fails; each line names the goal.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from .measure import LIBRARY
from .site import FIRST_ADDRESS, HERE, PLAIN_PORT, PYTHON, ROOT, Missing, Site, build, run

SSH_PORT = 2222
AT_ONCE = 8  # of what is started for each check

Cost = dict[str, float]

_SSHD = """
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/id.pub
PidFile none
StrictModes no
UsePAM no
UseDNS no
PermitRootLogin yes
MaxStartups 500
"""


@contextlib.contextmanager
def jump_host(site: Site, folder: Path) -> t.Iterator[dict[str, t.Any]]:
    """A jump host for whoever is in the client's namespace, as ``via`` has it."""
    for name in ("host_key", "id"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name)
    public = " ".join((folder / "host_key.pub").read_text().split()[:2])
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{SSH_PORT} {public}\n")
    (folder / "sshd_config").write_text(_SSHD.format(port=SSH_PORT, folder=folder))
    Path("/run/sshd").mkdir(exist_ok=True)
    argv = ["ip", "netns", "exec", site.client, "/usr/sbin/sshd", "-D", "-f", folder / "sshd_config"]
    with subprocess.Popen(list(map(str, argv)), stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(site)
            yield {
                "host": "127.0.0.1", "port": SSH_PORT, "user": "root", "key_file": str(folder / "id"),
                "known_hosts": [str(folder / "known_hosts")], "ssh_config": "/dev/null",
            }  # fmt: skip
        finally:
            server.terminate()


def _wait_for(site: Site) -> None:
    script = f"import socket; socket.create_connection(('127.0.0.1', {SSH_PORT}), 1).close()"
    for _attempt in range(50):
        argv = ["ip", "netns", "exec", site.client, sys.executable, "-c", script]
        if subprocess.run(argv, capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise Missing("sshd does not start: apt-get install openssh-server")


def client(site: Site, via: dict[str, t.Any], name: str, dialogs: int, in_flight: int) -> Cost:
    argv = [PYTHON, HERE / "ssh_here.py", name, FIRST_ADDRESS, PLAIN_PORT, dialogs, in_flight]
    words = ["ip", "netns", "exec", site.client, *map(str, argv)]
    environment = {**os.environ, "PYTHONPATH": f"{LIBRARY}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        words, input=json.dumps(via), capture_output=True, text=True, env=environment, timeout=600, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    cost: Cost = json.loads(done.stdout)
    if cost["failed"]:
        raise RuntimeError(f"{name}: {cost['failed']:.0f} of {dialogs} dialogs failed")
    return cost


def ssh_for_each(site: Site, via: dict[str, t.Any], dialogs: int) -> Cost:
    """`ssh -W` for each dialog, some at a time, each with all commands at once."""
    said = b"EHLO client.example\r\nMAIL FROM:<a@client.example>\r\nRCPT TO:<b@sink.example>\r\nQUIT\r\n"
    options = ["-F", "/dev/null", "-o", f"UserKnownHostsFile={via['known_hosts'][0]}", "-i", via["key_file"]]
    place = ["-p", str(via["port"]), "-W", f"{FIRST_ADDRESS}:{PLAIN_PORT}", f"{via['user']}@{via['host']}"]

    def one(_number: int) -> None:
        argv = ["ip", "netns", "exec", site.client, "ssh", "-q", *options, *place]
        done = subprocess.run(argv, input=said, capture_output=True, check=True)
        if b"221" not in done.stdout:
            raise RuntimeError(done.stdout.decode())

    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, range(dialogs)))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": time.monotonic() - began, "cpu": cpu, "failed": 0}


def median(costs: list[Cost]) -> Cost:
    return {name: statistics.median(cost[name] for cost in costs) for name in costs[0]}


def show(name: str, cost: Cost, dialogs: int) -> None:
    each = cost["cpu"] / dialogs * 1000
    print(f"  {name:34} {each:8.3f} ms CPU a dialog  {dialogs / cost['seconds']:8.0f}/s in {cost['seconds']:.2f} s")


def through_channels(site: Site, via: dict[str, t.Any], rounds: int, scale: int) -> None:
    dialogs, in_flight = 1000 // scale, 32
    costs: dict[str, list[Cost]] = {"channels": [], "paramiko": [], "ssh -W": []}
    for _round in range(rounds):
        for name in ("channels", "paramiko"):
            costs[name].append(client(site, via, name, dialogs, in_flight))
        costs["ssh -W"].append(ssh_for_each(site, via, 40))
    ours, bare, each = (median(costs[name]) for name in costs)
    print(f"\n{dialogs} dialogs through one SSH connection, {in_flight} at a time; of the controller's side")
    show("checks through channels", ours, dialogs)
    show("paramiko's channels alone", bare, dialogs)
    show(f"ssh -W for each, {AT_ONCE} at a time", each, 40)
    wall = (ours["seconds"] / dialogs) / (bare["seconds"] / dialogs)
    print(f"  ratio to paramiko's channels alone: CPU {ours['cpu'] / bare['cpu']:.2f}, wall {wall:.2f}; goal 1.3")
    rate = (dialogs / ours["seconds"]) / (40 / each["seconds"])
    print(f"  rate beside ssh -W for each: {rate:.1f} times; goal 10")


def python_there(site: Site, via: dict[str, t.Any], rounds: int, scale: int) -> None:
    dialogs = 1000 // scale
    costs: dict[str, list[Cost]] = {name: [] for name in ("python", "one", "local", "none", "far", "far one")}
    for _round in range(rounds):
        costs["python"].append(client(site, via, "python", dialogs, 256))
        costs["one"].append(client(site, via, "python", 1, 256))
        costs["local"].append(client(site, via, "local", dialogs, 256))
        costs["none"].append(client(site, via, "local", 1, 256))
        costs["far"].append(client(site, via, "far", dialogs, 256))
        costs["far one"].append(client(site, via, "far", 1, 256))
    there, one, here, none, far, far_one = (median(costs[name]) for name in costs)
    print(f"\n{dialogs} targets from one vantage, by Python there")
    print(f"  all of it {there['seconds']:.2f} s, of which log-in and start of Python {one['seconds']:.2f} s")
    print(f"  the same run made there without SSH {here['seconds']:.2f} s")
    ratio = (there["seconds"] - one["seconds"]) / (here["seconds"] - none["seconds"])
    print(f"  ratio without log-in and start: wall {ratio:.2f}; goal 1.15 (with processors for both ends)")
    there_alone, near = far["cpu"] - far_one["cpu"], there["cpu"] - one["cpu"]
    print(f"  CPU there {there_alone:.2f} s, on the controller's side {near:.2f} s, without SSH {here['cpu']:.2f} s")
    print(f"  ratio of the CPU there: {there_alone / (here['cpu'] - none['cpu']):.2f}")


def twenty_at_once(rounds: int, folder: Path) -> None:
    """Over a line of 100 ms, so that what is measured is not how many processors there are."""
    with Site(100) as site, jump_host(site, folder) as far:
        alone, together = [], []
        for _round in range(rounds):
            alone.append(client(site, {**far, "vantages": 1}, "nornir", 10, 10))
            together.append(client(site, far, "nornir", 10, 10))
    one, all_of_them = median(alone), median(together)
    print("\n20 vantages at once, 10 targets each, 100 ms away, through channels")
    print(f"  one alone {one['seconds']:.2f} s, twenty {all_of_them['seconds']:.2f} s")
    ratio = all_of_them["seconds"] / one["seconds"]
    print(f"  wall {ratio:.2f} times, CPU {all_of_them['cpu'] / 20 / one['cpu']:.2f} times for each; goal 1.3")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ssh", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each client has its turn")
    parser.add_argument("--quick", action="store_true", help="a tenth of the dialogs, to see that all of it works")
    wishes = parser.parse_args()
    scale = 10 if wishes.quick else 1
    try:
        build()
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            with Site(0) as site, jump_host(site, Path(first)) as via:
                through_channels(site, via, wishes.rounds, scale)
                python_there(site, via, wishes.rounds, scale)
            twenty_at_once(wishes.rounds, Path(second))
    except Missing as missing:
        print(f"The comparison cannot be made: {missing}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
