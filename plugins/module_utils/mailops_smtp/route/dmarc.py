# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""DMARC: the record that holds for a domain, its own or that of a domain above it, and what it asks receivers to do.

The record is read by the library dmarc, which is small, without dependencies, and knows both editions of the syntax
(RFC 7489 and its successor). Where it is missing, the record is shown and not read.
"""

from __future__ import annotations

import typing as t

from .resolver import Resolver
from .text_records import Published, published

MARK = r"v\s*=\s*DMARC1\s*(?:;|$)"

# How many domains are asked, the domain itself included: no list of public suffixes is needed to walk up.
MAX_STEPS = 8


async def dmarc(resolver: Resolver, domain: str) -> t.Dict[str, t.Any]:
    """``found_at``: whose record it is. ``policy``: what holds for the domain: the record's ``p`` for its owner, its
    ``sp`` for domains below."""
    labels = domain.split(".")
    record: t.Optional[Published] = None
    for above in range(min(len(labels), MAX_STEPS)):
        owner = ".".join(labels[above:])
        step = await published(resolver, f"_dmarc.{owner}", MARK)
        record = record or step
        if step.texts:
            return step.facts(**_read(step, owner, domain))
        if step.status not in ("nodata", "nxdomain"):
            return step.facts(found_at=None, policy=None, evaluator=None)
    return t.cast(Published, record).facts(found_at=None, policy=None, evaluator=None)


def _read(record: Published, owner: str, domain: str) -> t.Dict[str, t.Any]:
    facts: t.Dict[str, t.Any] = {"found_at": owner, "policy": None, "evaluator": None}
    if record.text is None:
        return facts
    try:
        import dmarc as library
    except ImportError:
        return facts
    facts["evaluator"] = f"dmarc {getattr(library, '__version__', '')}".strip()
    try:
        read = library.DMARC().parse_record(record.text, owner)
    except (library.Error, ValueError) as error:
        return {**facts, "problem": f"The record cannot be read: {error}"}
    policy = read.p if owner == domain else read.sp
    facts["policy"] = {
        "p": _word(read.p),
        "sp": _word(read.sp),
        "adkim": _word(read.adkim),
        "aspf": _word(read.aspf),
        "holds": _word(policy if policy is not None else read.p),
    }
    return facts


def _word(value: t.Any) -> t.Optional[str]:
    plain = getattr(value, "value", value)
    return str(plain) if plain is not None else None
