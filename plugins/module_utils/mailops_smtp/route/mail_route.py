# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Where mail for a domain goes, as its senders find out (RFC 5321 5.1), with all that the DNS says on the way.

The facts here are evidence: what is odd about them is judged by ``judge/mail_routes.py``."""

from __future__ import annotations

import asyncio
import random
import time
import typing as t

from .answers import NO_NAME, Answer
from .authority import authority
from .dmarc import dmarc
from .hosts import HostLookup, dnssec
from .messages import text
from .policies import bimi, dkim, mta_sts, tls_rpt
from .resolver import Resolver
from .spf import spf

# Sendmail gives up after so many; Postfix after five addresses.
MAX_HOSTS = 100

CHECKS = ("ptr", "tlsa", "spf", "dmarc", "dkim", "mta_sts", "tls_rpt", "bimi", "authority")


class Wishes(t.NamedTuple):
    """What to look up besides MX records and addresses.

    ``checks`` of CHECKS. ``ports``: those whose TLSA records count. ``insecure_tlsa``: ask for TLSA records even where
    no sender would. ``selectors``: DKIM's. ``clients``: addresses that SPF is asked about. ``fetch``: gets a policy.
    """

    checks: t.FrozenSet[str]
    ports: t.Tuple[int, ...] = (25,)
    insecure_tlsa: bool = True
    selectors: t.Tuple[str, ...] = ()
    clients: t.Tuple[str, ...] = ()
    fetch: t.Any = None


async def mail_route(resolver: Resolver, hosts: HostLookup, wishes: Wishes, domain: str) -> t.Dict[str, t.Any]:
    """The facts of one domain, in its ASCII form."""
    started = time.monotonic()
    asked = resolver.ask(domain, "MX")
    validates, mx = await resolver.validates(), await asked
    entries = _entries(mx, domain)
    shown = entries[:MAX_HOSTS]
    # All of it at the same time.
    looked_up = [hosts.facts(entry["host"]) for entry in shown]
    own_servers = asyncio.ensure_future(authority(resolver, domain, mx)) if "authority" in wishes.checks else None
    policies = await _policies(resolver, wishes, domain, [entry["host"] for entry in shown if entry["host"]])
    exchangers = [{**entry, **await facts} for entry, facts in zip(shown, looked_up)]
    status = _status(mx, exchangers)
    return {
        "domain": domain,
        "unicode": _as_read(domain),
        "status": status,
        "answer": mx.status,
        "detail": mx.detail,
        "completed": await _completed(resolver, domain) if mx.status == NO_NAME else None,
        "aliases": list(mx.names[1:]),
        "ttl": mx.ttl,
        "dnssec": dnssec(mx, validates),
        # What has no address is no mail host by implication.
        "mx": exchangers if status != "no_mail_host" else [],
        "more_mx": len(entries) - len(shown),
        "policies": policies,
        "authority": await own_servers if own_servers is not None else None,
        "resolver": {
            "name_servers": [str(server) for server in resolver.servers.servers],
            "source": resolver.servers.source,
            "answered": mx.server,
            "validates": validates,
        },
        "seconds": round(time.monotonic() - started, 6),
    }


async def _completed(resolver: Resolver, domain: str) -> t.Optional[str]:
    """The name that programs with a search list find in place of a domain that does not exist, if there is one."""
    for suffix in resolver.servers.search:
        name = f"{domain}.{suffix}"
        for kind in ("MX", "A", "AAAA"):
            answer = await resolver.ask(name, kind)
            if answer.found:
                return name
            if answer.failed:
                # Whoever has this suffix waits too, and finds nothing.
                return None
    return None


def _entries(mx: Answer, domain: str) -> t.List[t.Dict[str, t.Any]]:
    """The hosts in a sender's order: by preference, those of equal preference shuffled (RFC 5321 5.1), so that a check
    of the first does not always meet the same one. The root as host, a null MX, is written ``""``."""
    if mx.found:
        entries = [
            {"host": text(record.exchange).rstrip("."), "preference": record.preference, "source": "mx", "ttl": mx.ttl}
            for record in mx.records
        ]
        random.shuffle(entries)
        return sorted(entries, key=lambda entry: entry["preference"])
    if mx.failed or mx.status == NO_NAME:
        return []
    # RFC 5321 5.1: a domain without MX records is its own mail host. Aliases of the domain were followed already.
    host = mx.names[-1] if mx.names else domain
    return [{"host": host, "preference": None, "source": "implicit-mx", "ttl": None}]


def _status(mx: Answer, exchangers: t.Sequence[t.Mapping[str, t.Any]]) -> str:
    """``mx``, ``implicit_mx``, ``null_mx``, ``no_mail_host``, ``no_such_domain``, or ``unknown`` for want of an
    answer."""
    if mx.failed:
        return "unknown"
    if mx.status == NO_NAME:
        return "no_such_domain"
    if mx.found:
        return "null_mx" if all(entry["host"] == "" for entry in exchangers) else "mx"
    status = exchangers[0]["status"]
    if status == "found":
        return "implicit_mx"
    return "no_mail_host" if status in ("nodata", "nxdomain") else "unknown"


async def _policies(resolver: Resolver, wishes: Wishes, domain: str, hosts: t.Sequence[str]) -> t.Dict[str, t.Any]:
    """What was not wished for is None, so that nobody takes it for absent."""
    questions: t.Dict[str, t.Any] = {}
    if "spf" in wishes.checks:
        questions["spf"] = spf(resolver, domain, wishes.clients)
    if "dmarc" in wishes.checks:
        questions["dmarc"] = dmarc(resolver, domain)
    if "dkim" in wishes.checks:
        questions["dkim"] = dkim(resolver, domain, wishes.selectors)
    if "mta_sts" in wishes.checks:
        questions["mta_sts"] = mta_sts(resolver, domain, hosts, wishes.fetch)
    if "tls_rpt" in wishes.checks:
        questions["tls_rpt"] = tls_rpt(resolver, domain)
    if "bimi" in wishes.checks:
        questions["bimi"] = bimi(resolver, domain)
    found = dict(zip(questions, await asyncio.gather(*questions.values()))) if questions else {}
    return {name: found.get(name) for name in ("spf", "dmarc", "dkim", "mta_sts", "tls_rpt", "bimi")}


def _as_read(domain: str) -> str:
    """The name as people read it (RFC 5890 2.3.2.1), or as it is where that cannot be."""
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain
