# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The web server of mta-sts.contoso.test: openssl's own, which serves files under the right name and certificate."""

from __future__ import annotations

from . import certificates, filesystem
from .command import run
from .site import DOMAIN, Endpoint, Host, Place

ROOT = "/var/www"
POLICY = f"version: STSv1\r\nmode: enforce\r\nmx: mx1.{DOMAIN}\r\nmx: *.backup.{DOMAIN}\r\nmax_age: 86400\r\n"


def configure(place: Place, host: Host, authority: certificates.Authority) -> None:
    tls = authority.issue(Endpoint("mta-sts", host.number, host.side))
    filesystem.write(place, host.name, "/etc/ssl/mta-sts.pem", tls, mode=0o600)
    response = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(POLICY)}\r\n\r\n{POLICY}"
    filesystem.write(place, host.name, f"{ROOT}/.well-known/mta-sts.txt", response)


def start(place: Place, host: Host) -> None:
    # -HTTP: the file is the whole response, its header included.
    command = f"cd {ROOT} && exec openssl s_server -quiet -accept 443 -cert /etc/ssl/mta-sts.pem -HTTP >/dev/null 2>&1"
    run(*filesystem.enter(place, host.name), "setsid", "--fork", "sh", "-c", command)
