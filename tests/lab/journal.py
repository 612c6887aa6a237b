# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system's log as Debian has it: journald takes what servers say, hands it on to rsyslog, which writes files."""

from __future__ import annotations

from . import filesystem
from .command import run
from .site import Host, Place

LOG = "/var/log/mail.log"
DIRECTORY = "/run/log/journal"

_JOURNALD = """\
[Journal]
Storage=volatile
ForwardToSyslog=yes
ReadKMsg=no
Audit=no
"""
_RSYSLOG = f"""\
module(load="imuxsock" SysSock.Name="/run/systemd/journal/syslog")
module(load="builtin:omfile" fileOwner="root" fileGroup="adm" fileCreateMode="0640")
mail.* action(type="omfile" file="{LOG}")
"""


def configure(place: Place, host: Host) -> None:
    filesystem.write(place, host.name, "/etc/systemd/journald.conf", _JOURNALD)
    filesystem.write(place, host.name, "/etc/rsyslog-lab.conf", _RSYSLOG)
    filesystem.make_directory(place, host.name, "/run/systemd/journal")
    filesystem.make_directory(place, host.name, DIRECTORY)


def start(place: Place, host: Host) -> None:
    enter = filesystem.enter(place, host.name)
    # As systemd-tmpfiles does it: members of that group may read.
    run(*enter, "sh", "-euc", f"chgrp systemd-journal {DIRECTORY} && chmod 2755 {DIRECTORY}")
    run(*enter, "rsyslogd", "-f", "/etc/rsyslog-lab.conf", "-i", "/run/rsyslogd.pid")
    run(*enter, "sh", "-euc", "setsid --fork /lib/systemd/systemd-journald </dev/null >/dev/null 2>&1")
    # Before the first server says anything: what is said to nobody is lost.
    run(*enter, "sh", "-euc", "until logger --priority mail.info begun 2>/dev/null; do sleep 0.05; done")
