# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Nornir of these examples: the hosts of hosts.yaml beside this file, whatever folder one is in."""

from __future__ import annotations

import logging
from pathlib import Path

from nornir import InitNornir
from nornir.core import Nornir

HERE = Path(__file__).resolve().parent


# What fails is told by the examples, in a sentence. Nobody has to read its traceback besides.
logging.getLogger("nornir").addHandler(logging.NullHandler())


def nornir() -> Nornir:
    return InitNornir(
        inventory={
            "plugin": "SimpleInventory",
            "options": {"host_file": str(HERE / "hosts.yaml"), "group_file": str(HERE / "groups.yaml")},
        },
        logging={"enabled": False},
    )
