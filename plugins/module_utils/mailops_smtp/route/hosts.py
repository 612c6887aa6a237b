# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""One mail host: its addresses, the names that these have, and its TLSA records, with what the DNS says of each."""

from __future__ import annotations

import asyncio
import ipaddress
import typing as t

from .answers import FOUND, Answer
from .messages import text
from .resolver import Resolver

# Nobody has a use for more; a zone can hold thousands.
MAX_ADDRESSES = 30
MAX_NAMES = 10
MAX_TLSA = 30

# Networks that packets from elsewhere do not reach, by the word for their kind. Python's is_private differs from
# version to version.
_SCOPES = (
    ("unspecified", ("0.0.0.0/8", "::/128")),
    ("loopback", ("127.0.0.0/8", "::1/128")),
    ("private", ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")),
    ("shared", ("100.64.0.0/10",)),  # RFC 6598: between a provider and its customers
    ("link_local", ("169.254.0.0/16", "fe80::/10")),
    ("documentation", ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")),
    ("benchmarking", ("198.18.0.0/15", "2001:2::/48")),
    ("multicast", ("224.0.0.0/4", "ff00::/8")),
    ("reserved", ("240.0.0.0/4",)),
)
_NETWORKS = tuple((word, ipaddress.ip_network(network)) for word, networks in _SCOPES for network in networks)


def scope(address: str) -> str:
    """``global``, or the kind of network that is not routed everywhere (RFC 6890)."""
    parsed = ipaddress.ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None)
    parsed = mapped if mapped is not None else parsed
    return next((word for word, network in _NETWORKS if parsed in network), "global")


def dnssec(answer: Answer, validates: t.Optional[bool]) -> t.Optional[str]:
    """``secure``, ``insecure`` or ``bogus`` (RFC 4033 5), None where the resolver does not tell."""
    if answer.status == "bogus":
        return "bogus"
    if answer.failed or answer.secure is None:
        return None
    if answer.secure:
        return "secure"
    return "insecure" if validates else None


class HostLookup:
    """Looks up mail hosts. ``ptr``: the names of their addresses too. ``tlsa_ports``: the TLSA records for these."""

    def __init__(self, resolver: Resolver, ptr: bool, tlsa_ports: t.Sequence[int], insecure_tlsa: bool) -> None:
        self._resolver = resolver
        self._ptr = ptr
        self._tlsa_ports = tlsa_ports
        self._insecure_tlsa = insecure_tlsa
        self._known: t.Dict[str, asyncio.Task[t.Dict[str, t.Any]]] = {}

    def facts(self, host: str) -> asyncio.Task[t.Dict[str, t.Any]]:
        """The facts of a host, looked up once. Not to be cancelled: others may wait for the same."""
        known = self._known.get(host)
        if known is None:
            known = self._known[host] = asyncio.ensure_future(self._look_up(host))
        return known

    async def _look_up(self, host: str) -> t.Dict[str, t.Any]:
        if host == "":
            return self._nowhere("null", None)
        if is_address(host):
            return self._nowhere("literal", f"{host} is an address, and an MX record has to name a host")
        asked = self._resolver.ask(host, "A"), self._resolver.ask(host, "AAAA")
        validates, ipv4, ipv6 = await self._resolver.validates(), await asked[0], await asked[1]
        found = [answer for answer in (ipv4, ipv6) if answer.found]
        failed = [answer for answer in (ipv4, ipv6) if answer.failed]
        telling = (found or failed or [ipv4])[0]
        addresses = [
            {
                "address": record.address,
                "family": family,
                "ttl": answer.ttl,
                "scope": scope(record.address),
                "ptr": None,
            }
            for family, answer in (("ipv6", ipv6), ("ipv4", ipv4))
            for record in sorted(answer.records, key=lambda record: ipaddress.ip_address(record.address))
        ]
        shown = addresses[:MAX_ADDRESSES]
        if self._ptr:
            names = await asyncio.gather(*(self.pointer(str(entry["address"])) for entry in shown))
            for entry, name in zip(shown, names):
                entry["ptr"] = name
        # An answer that one of the two did not get leaves the other's state open.
        states = [dnssec(answer, validates) for answer in (found or [telling])]
        state = next((state for state in ("bogus", None, "insecure") if state in states), "secure")
        tlsa = [await self._tlsa(host, port, telling, state) for port in self._tlsa_ports]
        return {
            "status": telling.status,
            "detail": "; ".join(dict.fromkeys(str(answer.detail) for answer in failed)) or None,
            "aliases": list(telling.names[1:]),
            "dnssec": state,
            "addresses": shown,
            "more_addresses": len(addresses) - len(shown),
            "tlsa": tlsa,
        }

    def _nowhere(self, status: str, detail: t.Optional[str]) -> t.Dict[str, t.Any]:
        return {
            "status": status,
            "detail": detail,
            "aliases": [],
            "dnssec": None,
            "addresses": [],
            "more_addresses": 0,
            "tlsa": [],
        }

    async def pointer(self, address: str) -> t.Dict[str, t.Any]:
        """The names of an address, and whether one of them leads back to it (forward confirmation, RFC 8499)."""
        answer = await self._resolver.ask(ipaddress.ip_address(address).reverse_pointer, "PTR")
        names = sorted(text(record.target) for record in answer.records)[:MAX_NAMES]
        kind = "AAAA" if ":" in address else "A"
        forward = await asyncio.gather(*(self._resolver.ask(name, kind) for name in names))
        wanted = ipaddress.ip_address(address)
        confirmed = any(ipaddress.ip_address(record.address) == wanted for back in forward for record in back.records)
        unknown = answer.failed or (not confirmed and any(back.failed for back in forward))
        return {
            "status": answer.status,
            "names": names,
            "confirmed": None if unknown else confirmed,
            "detail": answer.detail,
        }

    async def _tlsa(self, host: str, port: int, addresses: Answer, state: t.Optional[str]) -> t.Dict[str, t.Any]:
        """The TLSA records at the base domain that RFC 7672 2.2.2 and 2.2.3 tell: the end of a secure chain of aliases
        if it has some, else the name in the MX record."""
        bases = [host]
        if addresses.names and state == "secure":
            bases.insert(0, addresses.names[-1])
        elif addresses.names and state == "insecure":
            alias = await self._resolver.ask(host, "CNAME")
            state = "secure" if alias.secure else state
        if state != "secure" and not self._insecure_tlsa:
            # RFC 7672 2.2.2: not even asked for, since broken name servers would only make trouble.
            reason = f"the address records of {host} are not secured by DNSSEC"
            return _tlsa_facts(port, host, Answer("not_asked", detail=reason))
        for base in bases:
            answer = await self._resolver.ask(f"_{port}._tcp.{base}", "TLSA")
            if answer.found or answer.failed:
                break
        return _tlsa_facts(port, base, answer)


def _tlsa_facts(port: int, base: str, answer: Answer) -> t.Dict[str, t.Any]:
    return {
        "port": port,
        "base_domain": base,
        "status": answer.status,
        "secure": answer.secure,
        "records": sorted(
            f"{record.usage} {record.selector} {record.mtype} {record.cert.hex()}" for record in answer.records
        )[:MAX_TLSA],
        "detail": answer.detail,
    }


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def has_addresses(host: t.Mapping[str, t.Any]) -> bool:
    return bool(host["status"] == FOUND)
