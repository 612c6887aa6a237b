# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The authoritative name servers. Their zones are signed already: knot signs nothing here, so it can serve what is
wrong."""

from __future__ import annotations

from . import filesystem, zones
from .command import run
from .site import Host, Place


def configure(place: Place, host: Host) -> None:
    files = sorted(zones.directory(place, host.side).glob("*.zone"))
    domains = "".join(
        f"  - domain: {'.' if file.stem == 'root' else file.stem + '.'}\n    file: {file}\n" for file in files
    )
    text = filesystem.configuration("knot/knot.conf") + f"zone:\n{domains}"
    filesystem.write(place, host.name, "/etc/knot/knot.conf", text)
    filesystem.make_directory(place, host.name, "/var/lib/knot")


def start(place: Place, host: Host) -> None:
    run(*filesystem.enter(place, host.name), "knotd", "-c", "/etc/knot/knot.conf", "-d")
