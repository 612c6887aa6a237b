# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hundreds of checks in one go, with Nornir, and a bar that shows how far they are."""

from __future__ import annotations

from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
from nornir.plugins.runners import SerialRunner
from rich.console import Console

from nornir_smtp import ProgressBar, smtp_check

EACH = 200


def show(places: list[str]) -> str:
    """Checks each of the places so many times, and returns the result in a sentence."""
    hosts = Hosts({"controller": Host(name="controller", hostname="localhost")})
    nornir = Nornir(Inventory(hosts, Groups(), Defaults()), runner=SerialRunner(), config=Config())
    result = nornir.with_processors([ProgressBar(Console())]).run(
        task=smtp_check,
        targets=places * EACH,
        sender="admin@fabrikam.com",
        recipient="user@contoso.com",
        starttls="never",
        # They are servers of our own: nobody else waits for them.
        connections={"per_server": 50, "per_minute": 0},
        detail="summary",
    )
    return str(result["controller"].result["summary"])
