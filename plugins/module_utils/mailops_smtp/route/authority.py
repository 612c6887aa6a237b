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


async def authority(resolver: Resolver, domain: str, mx: Answer) -> t.Dict[str, t.Any]:
    """``agrees``: every server that answers has the MX records that the resolver has; None where none answered."""
    zone, delegation = await _zone(resolver, domain)
    if zone is None:
        return {"zone": None, "detail": delegation.detail, "servers": [], "agrees": None}
    names = sorted(text(record.target) for record in delegation.records)[:MAX_SERVERS]
    servers = list(await asyncio.gather(*(_server(resolver, name, domain) for name in names)))
    said = [server["mx"] for server in servers if server["authoritative"]]
    expected = records(mx)[:MAX_RECORDS]
    agrees = all(answer == expected for answer in said) if said and not mx.failed else None
    return {"zone": zone, "detail": None, "servers": servers, "agrees": agrees}


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


async def _server(resolver: Resolver, name: str, domain: str) -> t.Dict[str, t.Any]:
    """One address of one name server: all of its addresses are the same server."""
    facts: t.Dict[str, t.Any] = {"server": name, "address": None, "authoritative": None, "mx": [], "ttl": None}
    address = await resolver.ask(name, "A")
    if not address.found:
        address = await resolver.ask(name, "AAAA")
    if not address.found:
        return {**facts, "status": "unreachable", "detail": address.detail or f"{name} has no address"}
    server = NameServer(address.records[0].address)
    answer = await resolver.ask_server(server, domain, "MX")
    return {
        **facts,
        "address": server.address,
        "status": answer.status,
        "authoritative": answer.secure,
        "mx": records(answer)[:MAX_RECORDS],
        "ttl": answer.ttl,
        "detail": answer.detail,
    }
