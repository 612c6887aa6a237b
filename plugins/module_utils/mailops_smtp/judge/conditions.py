# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What a signature demands of the whole check (``signature.When``, the second group), as functions of the check.

They are made once, when the catalogue is read, since each check is held against dozens of them.
"""

from __future__ import annotations

import functools
import re
import typing as t

from .signature import When
from .software import software

Check = t.Mapping[str, t.Any]
Condition = t.Callable[[Check], bool]

# How much of a reply the patterns see: longer than any wording that they know.
LINES_SEEN = 20
LINE_SEEN = 400


def conditions(when: When) -> t.Tuple[Condition, ...]:
    """All of them must hold. Those that look at the whole list of keywords come last."""
    made = [_about_fact(path, relation, value) for path, relation, value in when.facts]
    made += [_offers(when.keyword)] if when.keyword else []
    made += [_is_software(when.software)] if when.software else []
    made += [_does_not_offer(when.no_keyword)] if when.no_keyword else []
    return tuple(made)


def fact(check: Check, path: str) -> t.Any:
    """The value at a dotted path; None where it, or anything above it, was not observed."""
    return _reader(path)(check)


@functools.lru_cache(maxsize=None)
def _reader(path: str) -> t.Callable[[Check], t.Any]:
    *above, last = path.split(".")

    def at_the_top(check: Check) -> t.Any:
        return check.get(last)

    def below(check: Check) -> t.Any:
        facts: t.Any = check
        for name in above:
            facts = facts.get(name)
            if facts is None:
                return None
        return facts.get(last)

    return below if above else at_the_top


def _about_fact(path: str, relation: str, value: t.Any) -> Condition:
    """A fact that was not observed is only ever ``is not``."""
    read = _reader(path)
    if relation == "is":
        return lambda check: bool(read(check) == value)
    if relation == "is not":
        return lambda check: bool(read(check) != value)
    if relation in BETWEEN_FACTS:
        return _of_both(read, _reader(value), BETWEEN_FACTS[relation])
    holds = RELATIONS[relation]

    def condition(check: Check) -> bool:
        seen = read(check)
        return seen is not None and holds(seen, value)

    return condition


def _of_both(
    read: t.Callable[[Check], t.Any], read_other: t.Callable[[Check], t.Any], holds: t.Callable[[t.Any, t.Any], bool]
) -> Condition:
    def condition(check: Check) -> bool:
        seen = read(check)
        if seen is None:
            return False
        other = read_other(check)
        return other is not None and holds(seen, other)

    return condition


def _same_name(name: str) -> str:
    return name.lower().rstrip(".")


def _keywords(extensions: t.Sequence[Check]) -> t.Set[str]:
    # RFC 3207 4.2: it is not offered any more once it is done.
    return {entry["keyword"] for entry in extensions} - {"STARTTLS"}


# The other fact's path stands where others have their value.
BETWEEN_FACTS: t.Dict[str, t.Callable[[t.Any, t.Any], bool]] = {
    "differs from": lambda seen, other: _same_name(seen) != _same_name(other),
    "offers other things than": lambda seen, other: _keywords(seen) != _keywords(other),
}


def _offers(keyword: str) -> Condition:
    def condition(check: Check) -> bool:
        for entry in check["ehlo"]["keywords"] if check["ehlo"] is not None else ():
            if _is_like(entry["keyword"][:LINE_SEEN], keyword):
                return True
        return False

    return condition


def _does_not_offer(keyword: str) -> Condition:
    offers = _offers(keyword)
    return lambda check: check["ehlo"] is not None and not offers(check)


@functools.lru_cache(maxsize=4096)
def _is_like(keyword: str, pattern: str) -> bool:
    """Servers have a few dozen keywords between them."""
    return text_pattern(pattern).fullmatch(keyword) is not None


def _is_software(product: str) -> Condition:
    return lambda check: text_pattern(product).search((software(check) or {}).get("product", "")) is not None


def _matches(seen: t.Any, pattern: str) -> bool:
    search = text_pattern(pattern).search
    if isinstance(seen, str):
        return search(seen[:LINE_SEEN]) is not None
    return any(search(line[:LINE_SEEN]) for line in seen[:LINES_SEEN])


def _have_sent(steps: t.Sequence[Check], pattern: str) -> bool:
    return any(text_pattern(pattern).match((step["sent"] or "")[:LINE_SEEN]) for step in steps)


RELATIONS: t.Dict[str, t.Callable[[t.Any, t.Any], bool]] = {
    "<": lambda seen, value: bool(seen < value),
    ">=": lambda seen, value: bool(seen >= value),
    "matches": _matches,
    "has length": lambda seen, value: len(seen) == value,
    "have no outcome": lambda seen, value: all(entry["outcome"] != value for entry in seen),
    "have a": lambda seen, value: any(entry.get(value) for entry in seen),
    "have a recipient with a": lambda seen, value: any(
        entry.get(value) for transaction in seen for entry in transaction["recipients"]
    ),
    "leave nobody": lambda seen, value: all(
        entry["outcome"] != value for transaction in seen for entry in transaction["recipients"]
    ),
    "cannot be sent": lambda seen, value: any(bool((entry["sender"] or {}).get("problem")) == value for entry in seen),
    "have sent": _have_sent,
    "differ in": lambda seen, value: any(entry[value] != seen[0][value] for entry in seen),
    "accepts one of": lambda seen, value: any(
        entry["shape"] in value and entry["outcome"] == "accepted" for entry in seen
    ),
    "accept one of": lambda seen, value: any(entry["accepted"] and entry["version"] in value for entry in seen),
    "ask for": lambda seen, value: any(entry[value] for entry in seen),
}


@functools.lru_cache(maxsize=None)
def text_pattern(pattern: str) -> t.Pattern[str]:
    """Compiled when first needed: compiling the whole catalogue would slow the start on every vantage."""
    return re.compile(pattern, re.IGNORECASE)
