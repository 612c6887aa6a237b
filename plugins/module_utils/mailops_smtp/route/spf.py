# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""SPF (RFC 7208): the record, how many look-ups it takes, and what it says of given addresses.

What it says is pyspf's judgement, the reference among Python's: small, without dependencies, and kept in step with the
RFC's test suite. Its questions go through the run's resolver, so they start where all others do. checkdmarc evaluates
no address, and brings its own resolver and an HTTP client.
"""

from __future__ import annotations

import asyncio
import re
import typing as t

from ..evidence import printable
from .answers import Answer
from .resolver import Resolver
from .text_records import published

MARK = r"v=spf1(?: |$)"

# RFC 7208 4.6.4: more makes every receiver give up. Counting goes on for a while, to show by how much.
MAX_LOOKUPS = 10
COUNTED_LOOKUPS = 30
_COSTS_A_LOOKUP = re.compile(r"[+?~-]?(include:|a(?=[:/]|$)|mx(?=[:/]|$)|ptr(?=:|$)|exists:)|redirect=", re.IGNORECASE)
_LEADS_ON = re.compile(r"(?:[+?~-]?include:|redirect=)([A-Za-z0-9._-]{1,253})$", re.IGNORECASE)


async def spf(resolver: Resolver, domain: str, clients: t.Sequence[str]) -> t.Dict[str, t.Any]:
    """:param clients: addresses to ask about: may they send for the domain?"""
    record = await published(resolver, domain, MARK)
    lookups = await _lookups(resolver, record.text, {domain}) if record.text is not None else None
    results = await asyncio.gather(*(_result(resolver, domain, client) for client in clients))
    problem = None
    if lookups is not None and lookups > MAX_LOOKUPS:
        more = "more than " if lookups >= COUNTED_LOOKUPS else ""
        problem = f"It takes {more}{lookups} look-ups, and receivers stop at {MAX_LOOKUPS}."
    return record.facts(
        problem,
        lookups=lookups,
        results=list(results),
        evaluator=_evaluator() if clients else None,
    )


async def _lookups(resolver: Resolver, record: t.Optional[str], seen: t.Set[str]) -> int:
    """How many of its terms make a receiver ask the DNS, those of included records counted."""
    count = 0
    for term in (record or "").split()[1:]:
        if not _COSTS_A_LOOKUP.match(term):
            continue
        count += 1
        onward = _LEADS_ON.match(term)
        # Names with macros differ from mail to mail.
        name = onward.group(1).lower().rstrip(".") if onward else None
        if name is not None and name not in seen and count < COUNTED_LOOKUPS and len(seen) < COUNTED_LOOKUPS:
            seen.add(name)
            count += await _lookups(resolver, (await published(resolver, name, MARK)).text, seen)
    return min(count, COUNTED_LOOKUPS)


async def _result(resolver: Resolver, domain: str, client: str) -> t.Dict[str, t.Any]:
    loop = asyncio.get_running_loop()

    async def answer(name: str, kind: str) -> Answer:
        return await resolver.ask(name, kind)

    def ask(name: str, kind: str) -> Answer:
        return asyncio.run_coroutine_threadsafe(answer(name, kind), loop).result()

    result, reason = await loop.run_in_executor(None, _evaluated, ask, domain, client)
    return {"address": client, "result": result, "reason": reason}


def _evaluator() -> t.Optional[str]:
    try:
        import spf as pyspf
    except ImportError:
        return None
    return f"pyspf {getattr(pyspf, '__version__', '')}".strip()


def _evaluated(ask: t.Callable[[str, str], Answer], domain: str, client: str) -> t.Tuple[t.Optional[str], str]:
    """pyspf's result and explanation; no result where pyspf is missing."""
    try:
        import spf as pyspf
    except ImportError:
        return None, "pyspf is not installed where the domain was looked up"

    class Query(pyspf.query):  # type: ignore[misc]
        """pyspf asks here, and only here."""

        def dns(self, name: t.Any, qtype: str, cnames: t.Any = None, ignore_void: bool = False) -> t.List[t.Any]:
            answer = ask(str(name), qtype)
            if answer.failed and answer.status != "invalid":
                raise pyspf.TempError(f"DNS {answer.status} for {name}")
            found = [_VALUES[qtype](record) for record in answer.records]
            if not found and not ignore_void:
                self.void_lookups += 1
                if self.void_lookups > pyspf.MAX_VOID_LOOKUPS:
                    raise pyspf.PermError(f"Void lookup limit of {pyspf.MAX_VOID_LOOKUPS} exceeded")
            return found

    query = Query(i=client, s=f"postmaster@{domain}", h=domain, timeout=20)
    result, _code, explanation = query.check()
    return str(result), printable(str(explanation), 400)


_VALUES: t.Dict[str, t.Callable[[t.Any], t.Any]] = {
    "TXT": lambda record: list(record.strings),
    "SPF": lambda record: list(record.strings),
    "A": lambda record: record.address,
    "AAAA": lambda record: record.address,
    "MX": lambda record: (record.preference, record.exchange.to_text(omit_final_dot=True)),
    "PTR": lambda record: record.target.to_text(omit_final_dot=True),
}
