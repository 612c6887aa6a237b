# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenSMTPD, whose TLS fails on purpose: Debian 12's does not get along with OpenSSL 3."""

from __future__ import annotations

import typing as t

from . import filesystem
from .command import run
from .site import Host, Place

LOG = "/var/log/smtpd.log"


def configure(place: Place, host: Host, tls: str, passwords: t.Mapping[str, str]) -> None:
    """`tls` is a private key followed by its certificate; `passwords` go unused, there is no AUTH without TLS."""
    filesystem.write(place, host.name, "/etc/smtpd.conf", filesystem.configuration("opensmtpd/smtpd.conf"))
    filesystem.write(place, host.name, "/etc/ssl/lab.pem", tls, mode=0o600)
    filesystem.make_directory(place, host.name, "/var/spool/smtpd", mode=0o711)
    filesystem.make_directory(place, host.name, "/var/lib/opensmtpd/empty")
    filesystem.make_directory(place, host.name, "/var/vmail", mode=0o700, owner=filesystem.MAILBOX_UID)
    filesystem.write(place, host.name, LOG, "")


def start(place: Place, host: Host) -> None:
    # -d keeps it in the foreground, where it writes its log to standard error: there is no syslog in the lab.
    command = f"exec smtpd -d >>{LOG} 2>&1"
    run(*filesystem.enter(place, host.name), "setsid", "--fork", "sh", "-c", command)
