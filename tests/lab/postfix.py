# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Postfix per mail host, each with its own configuration, queue and log."""

from __future__ import annotations

import typing as t

from . import filesystem
from .command import run
from .site import Host, Place

LOG = "/var/log/mail.log"


def configure(place: Place, host: Host, tls: str, passwords: t.Mapping[str, str]) -> None:
    """`tls` is a private key followed by its certificate; it is Dovecot that knows the `passwords`."""
    filesystem.write(place, host.name, "/etc/postfix/main.cf", filesystem.configuration("postfix/main.cf"))
    services = filesystem.configuration("postfix/master.cf", f"postfix/{host.name}.master.cf")
    filesystem.write(place, host.name, "/etc/postfix/master.cf", services)
    filesystem.write(place, host.name, "/etc/ssl/lab.pem", tls, mode=0o600)
    # The log begins empty and not absent: a test may ask for it before the first line is written.
    filesystem.write(place, host.name, LOG, "")


def start(place: Place, host: Host) -> None:
    run(*filesystem.enter(place, host.name), "postfix", "start")
