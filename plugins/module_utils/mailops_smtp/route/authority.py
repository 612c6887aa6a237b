# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What the domain's own name servers say, beside what the resolver says: a stale cache, a change that has not reached
all of them, a server that knows nothing of the zone."""

from __future__ import annotations

import asyncio
import typing as t

from .answers import Answer
from .messages import text
from .name_servers import NameServer
from .resolver import Resolver

MAX_SERVERS = 8
MAX_LABELS = 20
MAX_RECORDS = 100
MAX_HOSTS = 10

# The addresses of the hosts that the zone has, sorted, by host; None where there is no telling.
_Addresses = t.Dict[str, t.Optional[t.List[str]]]


async def authority(resolver: Resolver, domain: str, mx: Answer) -> t.Dict[str, t.Any]:
    """``agrees``: every server that answers has the MX records that the resolver has, and the addresses of those of
    their hosts that are in the zone; None where none answered."""
    zone, delegation = await _zone(resolver, domain)
    if zone is None:
        return {"zone": None, "detail": delegation.detail, "servers": [], "agrees": None}
    names = sorted(text(record.target) for record in delegation.records)[:MAX_SERVERS]
    hosts = _inside(mx, zone)
    known = {host: _known(await resolver.ask(host, "A"), await resolver.ask(host, "AAAA")) for host in hosts}
    answers = await asyncio.gather(*(_server(resolver, name, domain, hosts) for name in names))
    said = [(server["mx"], addresses) for server, addresses in answers if server["authoritative"]]
    expected = records(mx)[:MAX_RECORDS]
    agrees = all(own == expected and _same(addresses, known) for own, addresses in said)
    return {
        "zone": zone,
        "detail": None,
        "servers": [server for server, _addresses in answers],
        "agrees": agrees if said and not mx.failed else None,
    }


def _inside(mx: Answer, zone: str) -> t.List[str]:
    """The mail hosts whose addresses the zone's servers should know."""
    hosts = dict.fromkeys(text(record.exchange) for record in mx.records)
    return sorted(host for host in hosts if host == zone or host.endswith(f".{zone}"))[:MAX_HOSTS]


def _known(ipv4: Answer, ipv6: Answer) -> t.Optional[t.List[str]]:
    # An alias leads to a name that may be in another zone.
    if ipv4.failed or ipv6.failed or ipv4.names or ipv6.names:
        return None
    return sorted(record.address for answer in (ipv4, ipv6) for record in answer.records)


def _same(addresses: _Addresses, known: _Addresses) -> bool:
    return all(own == known[host] for host, own in addresses.items() if own is not None and known[host] is not None)


def records(answer: Answer) -> t.List[str]:
    """MX records as people write them, in an order that does not depend on the server's."""
    return [
        f"{preference} {host}"
        for preference, host in sorted((record.preference, text(record.exchange)) for record in answer.records)
    ]


async def _zone(resolver: Resolver, domain: str) -> t.Tuple[t.Optional[str], Answer]:
    """The zone that the domain is in: the closest name that has name servers."""
    labels = domain.split(".")
    answer = Answer("nodata")
    for above in range(min(len(labels), MAX_LABELS)):
        name = ".".join(labels[above:])
        answer = await resolver.ask(name, "NS")
        if answer.found and not answer.names:
            return name, answer
        if answer.failed:
            break
    return None, answer


async def _server(
    resolver: Resolver, name: str, domain: str, hosts: t.Sequence[str]
) -> t.Tuple[t.Dict[str, t.Any], _Addresses]:
    """One address of one name server: all of its addresses are the same server."""
    facts: t.Dict[str, t.Any] = {"server": name, "address": None, "authoritative": None, "mx": [], "ttl": None}
    address = await resolver.ask(name, "A")
    if not address.found:
        address = await resolver.ask(name, "AAAA")
    if not address.found:
        detail = address.detail or f"{name} has no address"
        return {**facts, "addresses": [], "status": "unreachable", "detail": detail}, {}
    server = NameServer(address.records[0].address)
    answer = await resolver.ask_server(server, domain, "MX")
    addresses = {host: await _own(resolver, server, host) for host in hosts} if answer.secure else {}
    return {
        **facts,
        "address": server.address,
        "status": answer.status,
        "authoritative": answer.secure,
        "mx": records(answer)[:MAX_RECORDS],
        "addresses": [f"{host} {entry}" for host, entries in addresses.items() for entry in entries or ()],
        "ttl": answer.ttl,
        "detail": answer.detail,
    }, addresses


async def _own(resolver: Resolver, server: NameServer, host: str) -> t.Optional[t.List[str]]:
    """What the server has of a host by its own authority: names further down may have been delegated to others."""
    ipv4, ipv6 = await resolver.ask_server(server, host, "A"), await resolver.ask_server(server, host, "AAAA")
    return _known(ipv4, ipv6) if ipv4.secure and ipv6.secure else None
