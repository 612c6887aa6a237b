# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mail routes as look-ups return them, made up."""

from __future__ import annotations

import typing as t

Route = t.Dict[str, t.Any]
POLICIES = dict.fromkeys(("spf", "dmarc", "dkim", "mta_sts", "tls_rpt", "bimi"))


def host(name: str = "mx1.contoso.com", *addresses: str, preference: int = 10, status: str = "found") -> Route:
    shown = [
        {"address": address, "family": "ipv4", "ttl": 300, "scope": "global", "ptr": None}
        for address in addresses or ("203.0.113.5",)
    ]
    return {
        "host": name, "preference": preference, "source": "mx", "ttl": 60, "status": status, "detail": None,
        "aliases": [], "dnssec": None, "addresses": shown if status == "found" else [], "more_addresses": 0,
        "tlsa": [],
    }  # fmt: skip


def route(vantage: str, *hosts: Route, status: str = "mx", **changes: t.Any) -> Route:
    return {
        "domain": "contoso.com", "vantage": vantage, "unicode": "contoso.com", "status": status, "answer": "found",
        "detail": None, "completed": None, "aliases": [], "ttl": 60, "dnssec": None, "mx": list(hosts), "more_mx": 0,
        "policies": POLICIES, "authority": None,
        "resolver": {"name_servers": ["192.0.2.1"], "source": "x", "answered": "192.0.2.1", "validates": None},
        "seconds": 0.1, **changes,
    }  # fmt: skip
