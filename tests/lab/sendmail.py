# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sendmail, whose configuration is written in m4. It appends what it accepts to files, one for each mailbox."""

from __future__ import annotations

import typing as t

from . import filesystem
from .command import run
from .site import DOMAIN, MAIL_USERS, Host, Place

LOG = "/var/log/sendmail.traffic"
DEFAULT_UID = 8  # Debian's mail: as whom Sendmail writes into files

# Cyrus SASL keeps its users in a database, whose only way in is this program.
_MAKE_USERS = """
while read -r address password; do
    printf %s "$password" | saslpasswd2 -p -c -u "${address#*@}" "${address%@*}"
done < /etc/mail/users
"""


def configure(place: Place, host: Host, tls: str, passwords: t.Mapping[str, str]) -> None:
    """`tls` is a private key followed by its certificate; `passwords` are those of the mailboxes, by full address."""
    filesystem.write(place, host.name, "/etc/mail/lab.mc", filesystem.configuration("sendmail/lab.mc"))
    filesystem.write(place, host.name, "/etc/mail/aliases", filesystem.configuration("sendmail/aliases"))
    filesystem.write(place, host.name, "/etc/mail/local-host-names", f"{DOMAIN}\n")
    filesystem.write(place, host.name, "/etc/mail/service.switch", "hosts files\naliases files\n")
    # Where a look-up fails for now, Sendmail refuses to relay for now; it is to refuse for good.
    filesystem.write(place, host.name, "/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")
    filesystem.write(place, host.name, "/etc/ssl/lab.pem", tls, mode=0o600)
    filesystem.write(place, host.name, "/etc/sasl2/Sendmail.conf", filesystem.configuration("sendmail/Sendmail.conf"))
    users = "".join(f"{address} {password}\n" for address, password in passwords.items())
    filesystem.write(place, host.name, "/etc/mail/users", users, mode=0o600)
    filesystem.make_directory(place, host.name, "/var/spool/mqueue", mode=0o700)
    for user in MAIL_USERS:
        filesystem.write(place, host.name, mbox(user), "", mode=0o600, owner=DEFAULT_UID)
    filesystem.write(place, host.name, LOG, "", mode=0o600)


def mbox(user: str) -> str:
    """Where a user's messages are kept on the host."""
    return f"/run/mail-files/{user}"


def start(place: Place, host: Host) -> None:
    enter = filesystem.enter(place, host.name)
    run(*enter, "sh", "-euc", "m4 /etc/mail/lab.mc > /etc/mail/sendmail.cf")
    sendmail = "/usr/libexec/sendmail/sendmail"
    run(*enter, sendmail, "-bi")
    run(*enter, "sh", "-euc", _MAKE_USERS)
    # There is no syslog in the lab: -X writes down what the server hears and says.
    run(*enter, sendmail, "-L", host.name, "-X", LOG, "-bd")
