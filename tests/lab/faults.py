# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts broken_server.py on those addresses of mx2 that accept a connection and then misbehave."""

from __future__ import annotations

import sys
from pathlib import Path

from . import filesystem
from .command import run
from .site import FAULT_HOST, SERVER_FAULTS, Place

PROGRAM = Path(__file__).with_name("broken_server.py")


def start(place: Place) -> None:
    behaviours = [word for fault in SERVER_FAULTS for word in (fault.ipv4, fault.name, fault.ipv6, fault.name)]
    command = 'exec "$@" >/var/log/broken_server.log 2>&1'
    run(
        *filesystem.enter(place, FAULT_HOST),
        "setsid", "--fork", "sh", "-c", command, "sh", sys.executable, PROGRAM, *behaviours,
    )  # fmt: skip
