# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Where a vantage stands: on which side of the perimeter, and in which network, as far as anybody knows.

The side is the user's word alone: no address says it. The network is the user's word, else the address that a server
saw or that the connection left from, cut to what one operator usually holds. Two vantages count as independent only
where both networks are known and differ; what is not known proves nothing.
"""

from __future__ import annotations

import re
import typing as t

Check = t.Mapping[str, t.Any]

INSIDE, DMZ, OUTSIDE = "inside", "dmz", "outside"


class Whereabouts(t.NamedTuple):
    side: t.Optional[str]
    networks: t.FrozenSet[str]


def whereabouts(checks: t.Iterable[Check]) -> t.Dict[str, Whereabouts]:
    """Of each vantage, from all its checks: a server that answered one of them has said what it saw."""
    sides: t.Dict[str, t.Optional[str]] = {}
    named: t.Dict[str, t.Set[str]] = {}
    seen: t.Dict[str, t.Set[str]] = {}
    for check in checks:
        vantage = check["vantage"]
        name = vantage["name"]
        sides[name] = vantage.get("side") or sides.get(name)
        named.setdefault(name, set()).update(filter(None, [vantage.get("network")]))
        seen_as = (check["ehlo"] or {}).get("client_seen_as")
        # Behind an address translator the vantage's own address says less than the one that servers see.
        address = seen_as or vantage["address"]
        seen.setdefault(name, set()).update(filter(None, [network_of(address)]))
    return {name: Whereabouts(side, frozenset(named[name] or seen[name])) for name, side in sides.items()}


def independent(places: t.Iterable[Whereabouts]) -> int:
    """How many of the places are shown to be in networks of their own."""
    known: t.List[t.FrozenSet[str]] = []
    for place in places:
        if place.networks and not any(place.networks & other for other in known):
            known.append(place.networks)
    return len(known)


def network_of(address: t.Optional[str]) -> t.Optional[str]:
    """The first three parts, so /24 of IPv4 and at most /48 of IPv6; None for an address that was not seen."""
    if not address or not re.fullmatch(r"[0-9A-Fa-f.:%\w]+", address):
        return None
    return re.sub(r"^(\w*[.:]\w*[.:]\w*).*$", r"\1", address)
