# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A load balancer whose members are three different mail servers."""

from __future__ import annotations

from . import filesystem
from .command import run
from .site import HOSTS, Host, Place

MEMBERS = ("mx1", "exim", "opensmtpd")


def configure(place: Place, host: Host) -> None:
    text = filesystem.configuration("haproxy/haproxy.cfg")
    text += "".join(f"    server {other.name} {other.ipv4}:25\n" for other in HOSTS if other.name in MEMBERS)
    filesystem.write(place, host.name, "/etc/haproxy/haproxy.cfg", text)


def start(place: Place, host: Host) -> None:
    run(*filesystem.enter(place, host.name), "haproxy", "-D", "-f", "/etc/haproxy/haproxy.cfg")
