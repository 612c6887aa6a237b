# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail servers that cannot be installed beside Postfix: their Debian packages are unpacked and not installed.

Debian's mail servers conflict with one another, so a host that runs another one than Postfix sees the unpacked files
as a layer over /usr. They stay in CACHE, outside the lab: `down` keeps them, only the first `up` downloads.
Who wants newer ones removes CACHE.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from .command import LabError, run

CACHE = Path("/var/cache/mailops-lab")

# By mail server, as Debian 12 names them: its packages, and the libraries that neither apt nor the lab needs anyway.
PACKAGES = {
    "exim": ("exim4-daemon-light", "libevent-2.1-7", "libgnutls-dane0", "libidn12", "libunbound8"),
    "sendmail": (
        "sendmail-bin",
        "sendmail-cf",
        "m4",
        "libldap-2.5-0",
        "libsasl2-modules",
        "libsasl2-modules-db",
        "sasl2-bin",
    ),
    "opensmtpd": ("opensmtpd", "libevent-2.1-7"),
}


def directory(mail_server: str) -> Path:
    # The name changes with the packages, so that what was unpacked before they changed is not taken for the whole.
    packages = " ".join(PACKAGES[mail_server])
    return CACHE / f"{mail_server}-{hashlib.sha256(packages.encode()).hexdigest()[:8]}"


def provide() -> None:
    """Download and unpack what CACHE lacks; raises LabError when Debian's packages cannot be reached."""
    CACHE.mkdir(exist_ok=True)
    for mail_server in PACKAGES:
        if not directory(mail_server).exists():
            _unpack(mail_server)


def _unpack(mail_server: str) -> None:
    # Built aside and then renamed, so that what an interrupted download leaves is never taken for the whole.
    with tempfile.TemporaryDirectory(dir=CACHE) as workshop:
        packages, tree = Path(workshop, "packages"), Path(workshop, "tree")
        packages.mkdir()
        try:
            run("env", f"--chdir={packages}", "apt-get", "download", *PACKAGES[mail_server])
        except LabError as error:
            raise LabError(f"cannot download {mail_server} for the lab, try `apt-get update`: {error}") from None
        for package in packages.iterdir():
            run("dpkg-deb", "--extract", package, tree)
        tree.rename(directory(mail_server))
