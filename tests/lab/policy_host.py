# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The web servers of MTA-STS policies: openssl's own, each of which serves files under the right name and certificate,
contoso.test's on the host's IPv4 address and testing.contoso.test's on the IPv6 one."""

from __future__ import annotations

from . import certificates, filesystem
from .command import run
from .site import DOMAIN, Endpoint, Host, Place

ROOT = "/var/www"

# By the name of the web server: the option that tells its address, and the policy's lines.
_POLICIES = {
    "mta-sts": ("-4", ("mode: enforce", f"mx: mx1.{DOMAIN}", f"mx: *.backup.{DOMAIN}")),
    "mta-sts.testing": ("-6", ("mode: testing", f"mx: mx1.{DOMAIN}")),
}


def configure(place: Place, host: Host, authority: certificates.Authority) -> None:
    for name, (_option, lines) in _POLICIES.items():
        tls = authority.issue(Endpoint(name, host.number, host.side))
        filesystem.write(place, host.name, f"/etc/ssl/{name}.pem", tls, mode=0o600)
        policy = "".join(f"{line}\r\n" for line in ("version: STSv1", *lines, "max_age: 86400"))
        response = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(policy)}\r\n\r\n{policy}"
        filesystem.write(place, host.name, f"{ROOT}/{name}/.well-known/mta-sts.txt", response)


def start(place: Place, host: Host) -> None:
    for name, (option, _lines) in _POLICIES.items():
        # -HTTP: the file is the whole response, its header included.
        server = f"openssl s_server -quiet {option} -accept 443 -cert /etc/ssl/{name}.pem -HTTP >/dev/null 2>&1"
        command = f"cd {ROOT}/{name} && exec {server}"
        run(*filesystem.enter(place, host.name), "setsid", "--fork", "sh", "-c", command)
