# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Many domains at once, each name asked once. The one way into this room's asyncio, for those who have none."""

from __future__ import annotations

import asyncio
import ssl
import typing as t

from .answers import Trouble
from .exchange import Opener, Transport
from .hosts import HostLookup
from .https import HTTPSError, fetch
from .mail_route import Wishes, mail_route
from .mta_sts import MAX_OCTETS, PATH
from .name_servers import NameServer, NameServers
from .resolver import Limits, Resolver

DOMAINS_AT_ONCE = 50


class Asking(t.NamedTuple):
    """Whom to ask and from where. ``open_channel`` is where connections start, None for this host. ``ca_path`` has
    the authorities that vouch for policy hosts, None for the system's."""

    servers: NameServers
    open_channel: t.Optional[Opener] = None
    limits: Limits = Limits()
    ca_path: t.Optional[str] = None


Facts = t.Dict[str, t.Any]


def look_up(domains: t.Sequence[str], wishes: Wishes, asking: Asking) -> t.List[Facts]:
    """The routes of the domains, in their order. Each name is looked up once, however many domains share it."""
    return look_up_with_hosts(domains, (), wishes, asking)[0]


def look_up_with_hosts(
    domains: t.Sequence[str], names: t.Sequence[str], wishes: Wishes, asking: Asking
) -> t.Tuple[t.List[Facts], t.Dict[str, Facts]]:
    """Besides the routes the facts of further hosts, by their names."""
    return asyncio.run(_look_up(domains, names, wishes, asking))


async def _look_up(
    domains: t.Sequence[str], names: t.Sequence[str], wishes: Wishes, asking: Asking
) -> t.Tuple[t.List[Facts], t.Dict[str, Facts]]:
    transport = Transport(asking.open_channel)
    resolver = Resolver(asking.servers, transport, asking.limits)
    wishes = wishes._replace(fetch=_PolicyFetch(transport, asking) if "mta_sts" in wishes.checks else None)
    hosts = HostLookup(
        resolver, "ptr" in wishes.checks, wishes.ports if "tlsa" in wishes.checks else (), wishes.insecure_tlsa
    )
    # So many that the resolver has enough to do, and so few that the memory of thousands is not needed at once.
    at_once = asyncio.Semaphore(DOMAINS_AT_ONCE)

    async def one(domain: str) -> Facts:
        async with at_once:
            return await mail_route(resolver, hosts, wishes, domain)

    try:
        routes, found = await asyncio.gather(
            asyncio.gather(*map(one, domains)), asyncio.gather(*map(hosts.facts, names))
        )
        return list(routes), dict(zip(names, found))
    finally:
        await resolver.close()


class _PolicyFetch:
    """Gets MTA-STS policies, from where the questions start too."""

    def __init__(self, transport: Transport, asking: Asking) -> None:
        self._transport = transport
        self._asking = asking
        self._context: t.Optional[ssl.SSLContext] = None

    async def __call__(self, resolver: Resolver, domain: str) -> str:
        """:raises HTTPSError: there is no policy to be had."""
        host = f"mta-sts.{domain}"
        ipv4, ipv6 = await asyncio.gather(resolver.ask(host, "A"), resolver.ask(host, "AAAA"))
        addresses = [record.address for answer in (ipv4, ipv6) for record in answer.records]
        if not addresses:
            failed = next((answer.detail for answer in (ipv4, ipv6) if answer.failed), None)
            raise HTTPSError(failed or f"{host} has no address", reached=failed is None)
        if self._context is None:
            # Takes tens of milliseconds, and most domains have no policy.
            self._context = ssl.create_default_context(cafile=self._asking.ca_path)
        problem = ""
        for address in addresses[:2]:
            try:
                stream = await self._transport.connect(NameServer(address, 443), self._asking.limits.lifetime)
            except Trouble as error:
                problem = str(error)
                continue
            loop = asyncio.get_running_loop()
            seconds = self._asking.limits.lifetime
            return await loop.run_in_executor(None, fetch, stream, host, PATH, self._context, MAX_OCTETS, seconds)
        raise HTTPSError(f"{host} cannot be reached: {problem}", reached=False)
