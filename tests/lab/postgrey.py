# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""postgrey, which mx1's Postfix asks on one of its ports: who comes for the first time is to come again."""

from __future__ import annotations

from . import filesystem
from .command import run
from .site import Host, Place

DELAY_SECONDS = 3


def configure(place: Place, host: Host) -> None:
    owner = filesystem.MAILBOX_UID
    filesystem.make_directory(place, host.name, "/var/lib/lab-postgrey", mode=0o700, owner=owner)


def start(place: Place, host: Host) -> None:
    run(
        *filesystem.enter(place, host.name),
        "postgrey", "--daemonize", "--inet=127.0.0.1:10023", f"--delay={DELAY_SECONDS}", "--auto-whitelist-clients=0",
        "--dbdir=/var/lib/lab-postgrey", f"--user={filesystem.MAILBOX_OWNER}", f"--group={filesystem.MAILBOX_OWNER}",
        "--pidfile=/run/lab-postgrey.pid", "--syslog-facility=mail",
    )  # fmt: skip
