# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gets what the tests in a browser need: `python -m tests.browser`.

Chromium comes from the distribution (as root, by apt-get; else it says what to install). axe-core, which looks for
what is not accessible, comes from the npm registry, is held against the checksum below, and goes into .cache.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.browser.chromium import program
from tests.repository import ROOT

AXE_VERSION = "4.14.1"
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
AXE = ROOT / ".cache" / f"axe-{AXE_VERSION}.min.js"

MISSING = "Missing: {}. On Debian, as root: apt-get install {}"


def main() -> int:
    if program() is None and not _install("chromium"):
        return 1
    if not AXE.exists() and not _fetch_axe():
        return 1
    return 0


def _install(*packages: str) -> bool:
    words = " ".join(packages)
    if os.geteuid() != 0:
        print(MISSING.format(words, words), file=sys.stderr)
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "--quiet"], ["install", "--yes", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", *arguments], check=True, env=environment, stdout=subprocess.DEVNULL)
    return True


def _fetch_axe() -> bool:
    """npm only packs it: nothing of it is installed or run here."""
    try:
        subprocess.run(["npm", "--version"], check=True, capture_output=True)
    except OSError:
        if not _install("npm"):
            return False
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(
            ["npm", "pack", "--silent", "--pack-destination", folder, f"axe-core@{AXE_VERSION}"],
            check=True, capture_output=True, text=True, cwd=folder,
        )  # fmt: skip
        with tarfile.open(Path(folder, packed.stdout.strip().splitlines()[-1])) as archive:
            member = archive.extractfile("package/axe.min.js")
            script = member.read() if member is not None else b""
    found = hashlib.sha256(script).hexdigest()
    if found != AXE_SHA256:
        print(f"axe-core {AXE_VERSION} has the checksum {found}, and not {AXE_SHA256}.", file=sys.stderr)
        return False
    AXE.parent.mkdir(exist_ok=True)
    AXE.write_bytes(script)
    return True


if __name__ == "__main__":
    sys.exit(main())
