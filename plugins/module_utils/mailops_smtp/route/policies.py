# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The smaller policies of a domain: MTA-STS with its file, TLS-RPT, DKIM keys of named selectors, BIMI."""

from __future__ import annotations

import asyncio
import base64
import binascii
import typing as t

from . import mta_sts as sts
from .https import HTTPSError
from .resolver import Resolver
from .text_records import Published, published, tags

# Gets the policy file of a domain: its text. Raises HTTPSError.
Fetch = t.Callable[[Resolver, str], t.Awaitable[str]]


async def mta_sts(
    resolver: Resolver, domain: str, hosts: t.Sequence[str], fetch: t.Optional[Fetch]
) -> t.Dict[str, t.Any]:
    """``policy`` is None where there is none that senders could use, and ``policy_problem`` says why;
    ``policy_host_reached`` tells whether that is the domain's doing."""
    record = await published(resolver, f"_mta-sts.{domain}", sts.MARK)
    named = tags(record.text) if record.text is not None else {}
    problem = sts.record_problem(named) if record.text is not None else None
    policy, policy_problem, reached = None, None, None
    # Without a record senders do not look for a policy (RFC 8461 3.1).
    if record.text is not None and fetch is not None:
        try:
            text = await fetch(resolver, domain)
            reached = True
            policy = sts.read(text)
        except HTTPSError as error:
            policy_problem, reached = f"The policy could not be fetched: {error}.", error.reached
        except sts.PolicyError as error:
            policy_problem = f"The policy cannot be used: {error}."
    matches = [{"host": host, "matches": sts.allows(policy, host)} for host in hosts] if policy is not None else []
    return record.facts(
        problem,
        id=named.get("id"),
        policy=policy,
        policy_problem=policy_problem,
        policy_host_reached=reached,
        hosts=matches,
    )


async def tls_rpt(resolver: Resolver, domain: str) -> t.Dict[str, t.Any]:
    """RFC 8460 3: where reports about failed TLS are to go."""
    record = await published(resolver, f"_smtp._tls.{domain}", r"v\s*=\s*TLSRPTv1\s*(?:;|$)")
    addresses = [part.strip() for part in tags(record.text or "").get("rua", "").split(",") if part.strip()]
    problem = None
    if record.text is not None and not addresses:
        problem = "The record has no rua, so there is nowhere to report to."
    elif any(not address.startswith(("mailto:", "https:")) for address in addresses):
        problem = "An address in rua begins neither with mailto: nor with https:."
    return record.facts(problem, rua=addresses)


async def dkim(resolver: Resolver, domain: str, selectors: t.Sequence[str]) -> t.List[t.Dict[str, t.Any]]:
    """RFC 6376 3.6: the keys of selectors, which only the domain's mail names."""
    keys = (published(resolver, f"{selector}._domainkey.{domain}", "(?s:.)") for selector in selectors)
    return [_key(selector, record) for selector, record in zip(selectors, await asyncio.gather(*keys))]


def _key(selector: str, record: Published) -> t.Dict[str, t.Any]:
    named = tags(record.text or "")
    problem, revoked = None, None
    if record.text is not None:
        value = "".join(named.get("p", "").split())
        revoked = "p" in named and not value
        if "p" not in named:
            problem = "The record has no p, so it holds no key."
        elif named.get("v", "DKIM1") != "DKIM1":
            problem = f"The version is {named['v'][:40]!r}, not DKIM1."
        else:
            try:
                base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                problem = "The key is no base64."
    kind = named.get("k", "rsa") if record.text is not None else None
    return record.facts(problem, selector=selector, key_type=kind, revoked=revoked)


async def bimi(resolver: Resolver, domain: str) -> t.Dict[str, t.Any]:
    """Whether the domain publishes a logo, under its default selector."""
    record = await published(resolver, f"default._bimi.{domain}", r"v\s*=\s*BIMI1\s*(?:;|$)")
    return record.facts(location=tags(record.text or "").get("l") or None)
