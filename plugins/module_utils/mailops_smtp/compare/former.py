# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Which endpoints of before names no longer lead to, as targets of a check that leads to them nevertheless.

So the same endpoints are looked at before and after, and an address that is gone from the DNS is not merely missing: it
is known whether a server still answers there.
"""

from __future__ import annotations

import typing as t

from .checks import Check, checks_in


def former(before: t.Any, after: t.Any, vantage: str, targets: t.Sequence[t.Any] = ()) -> t.Dict[str, t.Any]:
    """``{targets, hosts}``, options of a check from a vantage; no targets where every endpoint was looked at again.

    :param before: what was seen before, in any form that ``comparison`` takes; ``after`` likewise.
    :param targets: what was to be tested. One that names the host and the port of a former endpoint has its options.
    :raises NotARun: a side is something else.
    """
    sides = [[check for check in checks_in(side) if check["vantage"]["name"] == vantage] for side in (before, after)]
    seen = {_place(check) for check in sides[1]}
    found: t.Dict[t.Tuple[str, int, str], t.Dict[str, t.Any]] = {}
    hosts: t.Dict[str, t.List[str]] = {}
    for check in sides[0]:
        endpoint = check["endpoint"]
        host, port, address = endpoint["host"], endpoint["port"], endpoint["address"]
        # A host that is an address needs no name to lead to it, and one whose address nobody saw cannot be led to.
        if None in (address, port) or address == host or endpoint["source"] == "override" or _place(check) in seen:
            continue
        found.setdefault((host.lower(), port, check["protocol"]), _target(check, targets))
        if address not in hosts.setdefault(host, []):
            hosts[host].append(address)
    return {"targets": list(found.values()), "hosts": hosts}


def _place(check: Check) -> t.Tuple[t.Any, ...]:
    endpoint = check["endpoint"]
    return endpoint["host"].lower(), endpoint["port"], check["protocol"], endpoint["address"]


def _target(check: Check, targets: t.Sequence[t.Any]) -> t.Dict[str, t.Any]:
    endpoint = check["endpoint"]
    place = {"host": endpoint["host"], "port": endpoint["port"], "protocol": check["protocol"]}
    for target in targets:
        if not isinstance(target, t.Mapping) or str(target.get("host")).lower() != endpoint["host"].lower():
            continue
        if target.get("port") in (None, endpoint["port"]):
            return {**target, **place}
    return place
