# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mx1's mailboxes: LMTP delivery into Maildirs, IMAP, and the SASL service that Postfix asks."""

from __future__ import annotations

import typing as t

from . import filesystem
from .command import run
from .site import FULL_USER, Host, Place

LOG = "/var/log/dovecot.log"


def configure(place: Place, host: Host, passwords: t.Mapping[str, str]) -> None:
    filesystem.write(place, host.name, "/etc/dovecot/dovecot.conf", filesystem.configuration("dovecot/dovecot.conf"))
    users = "".join(f"{user}:{{PLAIN}}{password}::::::\n" for user, password in passwords.items())
    users += f"{FULL_USER}:!::::::userdb_quota_rule=*:bytes=1\n"
    filesystem.write(place, host.name, "/etc/dovecot/users", users)
    owner = filesystem.MAILBOX_UID
    filesystem.make_directory(place, host.name, "/var/vmail", mode=0o700, owner=owner)


def start(place: Place, host: Host) -> None:
    run(*filesystem.enter(place, host.name), "dovecot")


def maildir(place: Place, host: Host, user: str) -> str:
    """Where a user's messages are found from outside the host."""
    return str(place.path(host.name, f"/var/vmail/{user}/Maildir"))
