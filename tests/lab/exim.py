# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exim, which speaks TLS through GnuTLS and delivers into Maildirs of its own."""

from __future__ import annotations

import typing as t
from pathlib import Path

from . import filesystem
from .command import run
from .site import Host, Place

LOG = "/var/log/exim4/mainlog"
OWNER = "Debian-exim"  # compiled into Debian's package


def configure(place: Place, host: Host, tls: str, passwords: t.Mapping[str, str]) -> None:
    """`tls` is a private key followed by its certificate; `passwords` are those of the mailboxes, by full address."""
    uid = filesystem.SERVER_UIDS[OWNER]
    filesystem.write(place, host.name, "/etc/exim4/exim4.conf", filesystem.configuration("exim/exim4.conf"))
    users = "".join(f"{address}: {password}\n" for address, password in passwords.items())
    filesystem.write(place, host.name, "/etc/exim4/users", users, mode=0o600, owner=uid)
    filesystem.write(place, host.name, "/etc/ssl/lab.pem", tls, mode=0o600, owner=uid)
    filesystem.make_directory(place, host.name, "/var/spool/exim4", owner=uid)
    filesystem.make_directory(place, host.name, "/var/log/exim4", owner=uid)
    filesystem.write(place, host.name, LOG, "", owner=uid)
    if host.ahead:
        # A file, and not a variable: Exim clears its environment.
        filesystem.write(place, host.name, "/etc/faketimerc", f"+{host.ahead}\n")
    filesystem.make_directory(place, host.name, "/var/vmail", mode=0o700, owner=filesystem.MAILBOX_UID)


def start(place: Place, host: Host) -> None:
    # Only the receiving processes have the other clock: those that deliver are executed anew, with exim's privileges.
    # Not by the program faketime, which waits for ever for a server that goes into the background.
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None) if host.ahead else None
    clock = ["env", f"LD_PRELOAD={library}"] if library else []
    run(*filesystem.enter(place, host.name), *clock, "exim4", "-bd", "-oP", "/run/exim.pid")
