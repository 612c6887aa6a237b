# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's network: one namespace per host, joined by two bridges that live in a router's namespace.

The machine's own network is never touched: a link is created between two namespaces, not on the host.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from .command import LabError, run
from .site import FAULT_HOST, FAULTS, GATEWAY_NUMBER, HOSTS, SIDES, Endpoint, Host, Place, ipv4, ipv6

ROUTER = "router"
NETNS_DIRECTORY = Path("/run/netns")
KILL_SECONDS = 5.0


def create(place: Place) -> None:
    if not NETNS_DIRECTORY.is_mount():
        _mark_of_netns_mount(place).touch()
    _create_router(place)
    for host in HOSTS:
        _create_host(place, host)


def remove(place: Place) -> None:
    """Kill what runs in the lab's namespaces, then remove them; the links vanish with them."""
    namespaces = existing(place)
    _kill_processes(namespaces)
    for namespace in namespaces:
        run("ip", "netns", "delete", namespace)
    # The first `ip netns add` on a machine leaves a mount behind: undo it if that one was ours.
    if _mark_of_netns_mount(place).exists() and not list(NETNS_DIRECTORY.iterdir()):
        run("umount", "--no-mtab", NETNS_DIRECTORY)
        NETNS_DIRECTORY.rmdir()


def existing(place: Place) -> list[str]:
    if not NETNS_DIRECTORY.is_dir():
        return []
    return sorted(path.name for path in NETNS_DIRECTORY.iterdir() if path.name.startswith(place.namespace("")))


def _mark_of_netns_mount(place: Place) -> Path:
    return place.directory / "made-run-netns"


def _create_router(place: Place) -> None:
    router = place.namespace(ROUTER)
    run("ip", "netns", "add", router)
    commands = ["link set lo up"]
    for side in SIDES:
        commands += [f"link add {side} type bridge", f"link set {side} up"]
        commands += _address_commands(side, Endpoint(ROUTER, GATEWAY_NUMBER, side))
    _ip(router, commands)
    _sysctl(router, "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")


def _create_host(place: Place, host: Host) -> None:
    namespace, router = place.namespace(host.name), place.namespace(ROUTER)
    run("ip", "netns", "add", namespace)
    run("ip", "link", "add", "eth0", "netns", namespace, "type", "veth", "peer", "name", host.name, "netns", router)
    _ip(router, [f"link set {host.name} master {host.side} up"])
    commands = ["link set lo up", "link set eth0 up", *_address_commands("eth0", host)]
    if host.name == FAULT_HOST:
        for fault in FAULTS:
            commands += _address_commands("eth0", fault)
    commands += [
        f"route add default via {ipv4(host.side, GATEWAY_NUMBER)}",
        f"route add default via {ipv6(host.side, GATEWAY_NUMBER)}",
    ]
    _ip(namespace, commands)
    # A refusal that the kernel's rate limit swallowed would look like a drop.
    _sysctl(namespace, "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")


def _address_commands(device: str, endpoint: Endpoint) -> list[str]:
    # nodad: an address that is still being checked for duplicates cannot be bound yet.
    return [
        f"address add {endpoint.ipv4}/24 dev {device}",
        f"address add {endpoint.ipv6}/64 dev {device} nodad",
    ]


def _ip(namespace: str, commands: list[str]) -> None:
    run("ip", "-n", namespace, "-batch", "-", stdin="\n".join(commands))


def _sysctl(namespace: str, *settings: str) -> None:
    run("ip", "netns", "exec", namespace, "sysctl", "--quiet", "--write", *settings)


def _kill_processes(namespaces: list[str]) -> None:
    deadline = time.monotonic() + KILL_SECONDS
    while pids := [int(pid) for namespace in namespaces for pid in run("ip", "netns", "pids", namespace).split()]:
        if os.getpid() in pids:
            raise LabError("the lab cannot be removed from inside one of its hosts")
        if time.monotonic() > deadline:
            raise LabError(f"processes of the lab survive SIGKILL: {pids}")
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # it may end by itself meanwhile
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
