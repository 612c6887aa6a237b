# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packet filters: what divides inside from outside, and the addresses whose port 25 does not answer."""

from __future__ import annotations

from . import network
from .command import run
from .filesystem import CONFIG
from .site import FAULT_HOST, Place

RULES = {network.ROUTER: "router.nft", FAULT_HOST: "mx2.nft"}


def start(place: Place) -> None:
    for host, rules in RULES.items():
        run("ip", "netns", "exec", place.namespace(host), "nft", "--file", CONFIG / rules)
