# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab needs of the machine: Debian packages, root, and a kernel that grants namespaces."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .command import LabError

# Each package with one file that only it installs.
PACKAGES = {
    "bind9-dnsutils": "/usr/bin/dig",
    "cyrus-common": "/usr/lib/cyrus/bin/master",  # binds log-ins to TLS, which no other server of Debian's does
    "dovecot-core": "/usr/sbin/dovecot",
    "dovecot-imapd": "/usr/lib/dovecot/imap",
    "dovecot-lmtpd": "/usr/lib/dovecot/lmtp",
    "dovecot-pop3d": "/usr/lib/dovecot/pop3",
    "dovecot-submissiond": "/usr/lib/dovecot/submission",
    "faketime": "/usr/bin/faketime",
    "haproxy": "/usr/sbin/haproxy",
    "iproute2": "/sbin/ip",
    "knot": "/usr/sbin/knotd",
    "knot-dnssecutils": "/usr/bin/kzonesign",
    "libnet-ssleay-perl": "/usr/share/doc/libnet-ssleay-perl",  # swaks speaks TLS through it
    "microsocks": "/usr/bin/microsocks",
    "nftables": "/usr/sbin/nft",
    "openssh-client": "/usr/bin/ssh",
    "openssh-server": "/usr/sbin/sshd",
    "openssl": "/usr/bin/openssl",
    "netcat-openbsd": "/bin/nc.openbsd",
    "postfix": "/usr/sbin/postfix",
    "postgrey": "/usr/sbin/postgrey",
    "procps": "/usr/sbin/sysctl",
    "python3-dnspython": "/usr/lib/python3/dist-packages/dns/__init__.py",  # of hosts that Ansible manages
    "rsyslog": "/usr/sbin/rsyslogd",
    "sasl2-bin": "/usr/sbin/saslpasswd2",
    "socat": "/usr/bin/socat",
    "sudo": "/usr/bin/sudo",
    "swaks": "/usr/bin/swaks",
    "systemd": "/lib/systemd/systemd-journald",
    "tinyproxy": "/usr/bin/tinyproxy",
    "unbound": "/usr/sbin/unbound",
}


def missing_packages() -> list[str]:
    return [package for package, file in PACKAGES.items() if not Path(file).exists()]


def install_command(packages: list[str]) -> str:
    # Without the frontend setting, Postfix's installation stops to ask what kind of mail server this is.
    return f"DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends {' '.join(packages)}"


def require() -> None:
    """Raise LabError, saying what is missing and how to get it, unless the lab can be built here."""
    if os.geteuid() != 0:
        raise LabError("the lab makes network namespaces and needs root: run the same command with sudo")
    packages = missing_packages()
    if packages:
        raise LabError(f"the lab needs Debian packages that are not installed: {install_command(packages)}")
    command = ["unshare", "--net", "--mount", "--uts", "true"]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        raise LabError(
            "the kernel refuses new namespaces: run on a virtual machine, or in a container with `--privileged`"
        )
