# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The validating resolvers, which know the lab's root and its key; and who asks which."""

from __future__ import annotations

from . import filesystem, zones
from .command import run
from .site import HOSTS, Host, Place


def configure(place: Place, host: Host) -> None:
    authority = next(other for other in HOSTS if other.side == host.side and other.name_server == "knot")
    filesystem.write(place, host.name, "/etc/unbound/unbound.conf", filesystem.configuration("unbound/unbound.conf"))
    filesystem.write(place, host.name, "/etc/unbound/root.hints", f". NS ns.test.\nns.test. A {authority.ipv4}\n")
    filesystem.write(place, host.name, "/etc/unbound/root.anchor", zones.anchor(place).read_text())


def start(place: Place, host: Host) -> None:
    run(*filesystem.enter(place, host.name), "unbound", "-c", "/etc/unbound/unbound.conf")


def resolv_conf(host: Host) -> str:
    """trust-ad: Postfix believes what the resolver says of signatures."""
    # The DMZ asks inside, and who has no resolver of his own asks the one outside.
    side = {"dmz": "inside", "abroad": "outside"}.get(host.side, host.side)
    resolver = next(other for other in HOSTS if other.side == side and other.name_server == "unbound")
    return f"nameserver {resolver.ipv4}\noptions trust-ad\n"
