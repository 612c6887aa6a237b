# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""One condition on one value: how it is written, what it means, and how it is shown.

    true, 220, refused          the value itself
    ">= 14"  "< 5"  "!= 421"    a comparison; TLS versions and severities have an order too
    "in [TLSv1.2, TLSv1.3]"     one of a list; "not in [...]" none of it
    "in 14..90"                 a range, both ends included
    "~ ^mx[0-9]"  "!~ test"     a regular expression, found anywhere, ignoring case

A value that was not observed meets no condition: an absent reply is not 250.
"""

from __future__ import annotations

import functools
import math
import re
import typing as t

from .patterns import why_not_safe

# How much of a server's text a user's regular expression gets to see.
TEXT_SEEN = 1000

_COMPARISON = re.compile(r"(>=|<=|==|!=|!~|>|<|~)\s*(.*)", re.DOTALL)
_LIST = re.compile(r"(not in|in)\s+\[(.*)\]", re.DOTALL)
_RANGE = re.compile(r"in\s+(.+?)\s*\.\.\s*(.+)", re.DOTALL)

_ORDERED = ("==", "!=", "<", "<=", ">", ">=", "in", "not in", "within")
_NAMED = ("==", "!=", "in", "not in")
RELATIONS = {
    "bool": ("==",),
    "number": _ORDERED,
    "scale": _ORDERED,
    "choice": _NAMED,
    "text": (*_NAMED, "~", "!~"),
}


class ExpectationError(ValueError):
    """A wrong expectation: its name, its value, what is wrong with it, and what would be right."""

    def __init__(self, name: str, value: t.Any, problem: str, remedy: str) -> None:
        super().__init__(f"{name} {value!r} {problem}: {remedy}")
        self.name, self.value, self.problem, self.remedy = name, value, problem, remedy


class Condition(t.NamedTuple):
    """``relation`` is one of RELATIONS, ``value`` in the form of its kind; of a scale, the places on it."""

    relation: str
    value: t.Any
    written: str

    def __str__(self) -> str:
        """As it stands behind a name: ``>= 14``, ``is refused``."""
        return f"is {self.written}" if self.relation == "==" else self.written


def read_condition(name: str, given: t.Any, kind: str, choices: t.Sequence[str] = ()) -> Condition:
    """
    :param kind: bool, number, choice, text, or scale, whose ``choices`` are in their order.
    :raises ExpectationError: where it cannot be read, or could never hold.
    """
    relation, rest = _split(given)
    if relation not in RELATIONS[kind]:
        raise ExpectationError(name, given, "does not go with this fact", _remedy(kind, choices))
    convert = functools.partial(_value, name, given, kind, choices)
    written = _shown(given)
    if relation == "within":
        low, high = (convert(end) for end in rest)
        if low > high:
            raise ExpectationError(name, given, "is an empty range", "put the lower end first")
        return Condition(relation, (low, high), written)
    if relation in ("in", "not in"):
        members = tuple(convert(member.strip()) for member in rest.split(",") if member.strip())
        if not members:
            raise ExpectationError(name, given, "is an empty list", "name its members")
        return Condition(relation, members, written)
    if relation in ("~", "!~"):
        problem = why_not_safe(rest)
        if problem is not None:
            raise ExpectationError(name, given, *problem)
        return Condition(relation, rest, written)
    value = convert(rest)
    return Condition(relation, value, _shown(rest) if relation == "==" else written)


def holds(condition: Condition, kind: str, choices: t.Sequence[str], seen: t.Any) -> bool:
    """Whether what was seen is as expected. None, which stands for nothing seen, never is."""
    if seen is None:
        return False
    relation, value = condition.relation, condition.value
    if relation in ("~", "!~"):
        lines = [seen] if isinstance(seen, str) else seen
        found = any(_pattern(value).search(line[:TEXT_SEEN]) for line in lines)
        return found == (relation == "~")
    if kind == "scale":
        if seen not in choices:
            return False
        seen = choices.index(seen)
    elif kind in ("text", "choice") and isinstance(seen, str):
        seen = seen.lower()
    if isinstance(seen, (list, tuple)):
        # Of several lines one is enough, and where it must not be there, none.
        found = any(line.lower() in (value if relation in ("in", "not in") else (value,)) for line in seen)
        return found == (relation in ("==", "in"))
    return _COMPARES[relation](seen, value)


_COMPARES: t.Dict[str, t.Callable[[t.Any, t.Any], bool]] = {
    "==": lambda seen, value: bool(seen == value),
    "!=": lambda seen, value: bool(seen != value),
    "<": lambda seen, value: bool(seen < value),
    "<=": lambda seen, value: bool(seen <= value),
    ">": lambda seen, value: bool(seen > value),
    ">=": lambda seen, value: bool(seen >= value),
    "in": lambda seen, value: seen in value,
    "not in": lambda seen, value: seen not in value,
    "within": lambda seen, value: bool(value[0] <= seen <= value[1]),
}


def _split(given: t.Any) -> t.Tuple[str, t.Any]:
    """The relation, and what stands behind it."""
    if isinstance(given, str):
        text = given.strip()
        match = _COMPARISON.fullmatch(text) or _LIST.fullmatch(text)
        if match is not None:
            return match.group(1), match.group(2)
        match = _RANGE.fullmatch(text)
        if match is not None:
            return "within", match.groups()
    return "==", given


def _value(name: str, given: t.Any, kind: str, choices: t.Sequence[str], text: t.Any) -> t.Any:
    """A value in the form that it is compared in."""
    if kind == "bool":
        words = {"true": True, "yes": True, "false": False, "no": False}
        if str(text).lower() not in words:
            raise ExpectationError(name, given, "is neither true nor false", "expect true or false")
        return words[str(text).lower()]
    if kind == "number":
        try:
            number = float(text) if not isinstance(text, bool) else None
        except (TypeError, ValueError):
            number = None
        if number is None or math.isnan(number):
            raise ExpectationError(name, given, "is no number", _remedy(kind, choices))
        return number
    if isinstance(text, (bool, list, tuple, dict)) or text is None or not str(text).strip():
        raise ExpectationError(name, given, "is no text", _remedy(kind, choices))
    if kind == "text":
        return str(text).strip().lower()
    known = {choice.lower(): choice for choice in choices}
    choice = known.get(str(text).strip().lower())
    if choice is None:
        raise ExpectationError(name, given, "is not known here", _remedy(kind, choices))
    return choices.index(choice) if kind == "scale" else choice.lower()


def _remedy(kind: str, choices: t.Sequence[str]) -> str:
    if kind == "bool":
        return "expect true or false"
    if kind == "number":
        return 'expect a number, or write it as ">= 14", "in 14..90" or "in [220, 250]"'
    if kind == "text":
        return 'expect the text itself, or write it as "~ pattern", "!~ pattern" or "in [one, other]"'
    order = ' or write it as ">= one of them",' if kind == "scale" else ""
    return f'expect one of {", ".join(choices)},{order} or "in [one, other]"'


def _shown(given: t.Any) -> str:
    return str(given).lower() if isinstance(given, bool) else str(given).strip()


@functools.lru_cache(maxsize=256)
def _pattern(pattern: str) -> t.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)
