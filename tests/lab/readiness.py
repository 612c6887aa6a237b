# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers of the lab listen, as the kernel sees it: nothing is connected to, so no server logs a stranger."""

from __future__ import annotations

from . import network
from .command import run
from .site import FAULT_HOST, HOSTS, SERVER_FAULTS, Host, Place


def silent(place: Place) -> list[str]:
    """The sockets that should listen and do not, as "mx1 *:25"."""
    existing = network.existing(place)
    missing = []
    for host in HOSTS:
        namespace = place.namespace(host.name)
        listening = _listening(namespace) if namespace in existing else set()
        missing += [f"{host.name} {socket}" for socket in sorted(_expected(host) - listening)]
    return missing


def _expected(host: Host) -> set[str]:
    expected = {f"*:{port}" for port in host.ports.values()}
    if host.name == FAULT_HOST:
        expected |= {f"{address}:25" for fault in SERVER_FAULTS for address in (fault.ipv4, f"[{fault.ipv6}]")}
    return expected


def _listening(namespace: str) -> set[str]:
    """Sockets as ADDRESS:PORT, and each port also as *:PORT."""
    lines = run("ip", "netns", "exec", namespace, "ss", "--no-header", "--listening", "--tcp", "--numeric").splitlines()
    sockets = {line.split()[3] for line in lines}
    return sockets | {"*:" + socket.rpartition(":")[2] for socket in sockets}
