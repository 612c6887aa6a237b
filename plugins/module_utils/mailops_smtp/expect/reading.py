# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From what a user wrote to a flat list of expectations, each on one fact.

1. What is said for this vantage is laid over what is said for all (``vantages``).
2. That is laid over the named policies (``policy``), of which only those rules count that the options make possible.
3. Names, values, and what contradicts itself, are refused here.

What comes out can be written down again and read once more: a stored check has it in ``expect``.
"""

from __future__ import annotations

import difflib
import fnmatch
import typing as t

from .conditions import Condition, ExpectationError, read_condition
from .contradictions import refuse_contradictions
from .policies import Circumstances, rules
from .terms import TERMS, Term

Given = t.Mapping[str, t.Any]

VANTAGES = "vantages"
POLICY = "policy"
_SET_PARTS = ("required", "forbidden", "strict")


class Expected(t.NamedTuple):
    """One expectation. ``member`` is what has to be in a set (or, ``forbidden``, must not be), or whose outcome it is.

    ``strict``: nothing else than ``others`` may be there.
    """

    term: Term
    condition: t.Optional[Condition] = None
    member: t.Optional[str] = None
    forbidden: bool = False
    strict: bool = False
    others: t.FrozenSet[str] = frozenset()

    def __str__(self) -> str:
        if self.strict:
            return f"{self.term.name} has nothing but {', '.join(sorted(self.others)) or 'nothing'}"
        if self.condition is None:
            return f"{self.term.name} has {'no ' if self.forbidden else ''}{self.member}"
        return f"{self.term.name}{f'[{self.member}]' if self.member else ''} {self.condition}"


class Expectation(t.NamedTuple):
    """All expectations of one check, and the form in which they can be stored."""

    given: t.Dict[str, t.Any]
    all: t.Tuple[Expected, ...]

    @property
    def terms(self) -> t.Set[str]:
        return {entry.term.name for entry in self.all}


def named_for(given: Given, vantage: str) -> t.Dict[str, t.Any]:
    """What is expected at this vantage: what its name, or a pattern that its name fits, adds or changes."""
    own = {name: value for name, value in given.items() if name != VANTAGES}
    for pattern, more in _vantages(given).items():
        if fnmatch.fnmatchcase(vantage, str(pattern)):
            own = merged(own, more)
    return own


def variants(given: Given) -> t.Iterator[t.Tuple[str, t.Dict[str, t.Any]]]:
    """Where it stands, and what is expected there: at any vantage, and at each that is named."""
    own = {name: value for name, value in given.items() if name != VANTAGES}
    yield "", own
    for pattern, more in _vantages(given).items():
        yield f"{VANTAGES}.{pattern}.", merged(own, more)


def _vantages(given: Given) -> t.Mapping[str, t.Any]:
    vantages = given.get(VANTAGES)
    if vantages is None:
        return {}
    if not isinstance(vantages, t.Mapping):
        raise ExpectationError(VANTAGES, vantages, "is no dictionary", "write {vantage: {what is expected there}}")
    for name, more in vantages.items():
        if not isinstance(more, t.Mapping):
            raise ExpectationError(f"{VANTAGES}.{name}", more, "is no dictionary", "write what is expected there")
        if VANTAGES in more:
            raise ExpectationError(f"{VANTAGES}.{name}", VANTAGES, "stands in itself", "drop it")
    return vantages


def read_expectations(given: Given, circumstances: Circumstances) -> Expectation:
    """
    :param given: nested, by the names of ``terms.TERMS``, and ``policy``; for one vantage (see ``named_for``).
    :raises ExpectationError: for anything unknown, of a wrong form, or contradictory.
    """
    resolved = merged(rules(given.get(POLICY), circumstances), {k: v for k, v in given.items() if k != POLICY})
    resolved = _without_nothing(resolved)
    read = tuple(_read_level(resolved, ""))
    refuse_contradictions({name: list(entries) for name, entries in _by_name(read).items()})
    return Expectation(resolved, read)


def merged(below: Given, above: Given) -> t.Dict[str, t.Any]:
    """Dictionaries are merged at every level, everything else is replaced, lists too."""
    both = dict(below)
    for name, value in above.items():
        under = both.get(name)
        if isinstance(value, (list, tuple)) and isinstance(under, t.Mapping):
            value = {"required": value}
        both[name] = merged(under, value) if isinstance(under, t.Mapping) and isinstance(value, t.Mapping) else value
    return both


def _without_nothing(given: Given) -> t.Dict[str, t.Any]:
    """Null takes back what stands below: it expects nothing."""
    return {
        str(name): _without_nothing(value) if isinstance(value, t.Mapping) else value
        for name, value in given.items()
        if value is not None
    }


def _by_name(read: t.Iterable[Expected]) -> t.Dict[str, t.List[Expected]]:
    names: t.Dict[str, t.List[Expected]] = {}
    for entry in read:
        names.setdefault(entry.term.name, []).append(entry)
    return names


def _read_level(given: Given, prefix: str) -> t.Iterator[Expected]:
    for name, value in given.items():
        path = f"{prefix}{name}"
        if path in TERMS:
            yield from _read_term(TERMS[path], value)
        elif path in _LEVELS:
            if not isinstance(value, t.Mapping):
                raise ExpectationError(path, value, "is no dictionary", f"give {', '.join(_within(path + '.'))}")
            yield from _read_level(value, f"{path}.")
        else:
            raise ExpectationError(path, value, "is no expectation", _known(path, prefix))


def _read_term(term: Term, value: t.Any) -> t.Iterator[Expected]:
    if term.kind == "set":
        yield from _read_set(term, value)
    elif term.kind == "outcomes":
        yield from _read_outcomes(term, value)
    else:
        if isinstance(value, (t.Mapping, list, tuple)):
            raise ExpectationError(term.name, value, "is one value", "write that, or a condition on it")
        yield Expected(term, read_condition(term.name, value, term.kind, term.choices))


def _read_set(term: Term, value: t.Any) -> t.Iterator[Expected]:
    parts = value if isinstance(value, t.Mapping) else {"required": value}
    for name in parts:
        if name not in _SET_PARTS:
            raise ExpectationError(
                f"{term.name}.{name}", parts[name], "is no expectation", f"give {_listed(_SET_PARTS)}"
            )
    required = _members(f"{term.name}.required", parts.get("required", ()))
    forbidden = _members(f"{term.name}.forbidden", parts.get("forbidden", ()))
    for member in (*required, *forbidden) if term.choices else ():
        if member.lower() not in [choice.lower() for choice in term.choices]:
            raise ExpectationError(term.name, member, "is not known here", f"give {_listed(term.choices)}")
    both = sorted({member.lower() for member in required} & {member.lower() for member in forbidden})
    if both:
        raise ExpectationError(term.name, both[0], "is both required and forbidden", "drop one of the two")
    for member in required:
        yield Expected(term, member=member)
    for member in forbidden:
        yield Expected(term, member=member, forbidden=True)
    if _is_true(f"{term.name}.strict", parts.get("strict", False)):
        yield Expected(term, strict=True, others=frozenset(required))


def _read_outcomes(term: Term, value: t.Any) -> t.Iterator[Expected]:
    if not isinstance(value, t.Mapping):
        raise ExpectationError(term.name, value, "is no dictionary", "write {address: outcome}")
    addresses = [str(address) for address in value if address != "strict"]
    for address in addresses:
        name = f"{term.name}[{address}]"
        yield Expected(term, read_condition(name, value[address], "choice", term.choices), member=address)
    if _is_true(f"{term.name}.strict", value.get("strict", False)):
        yield Expected(term, strict=True, others=frozenset(addresses))


def _members(name: str, given: t.Any) -> t.List[str]:
    entries = given.split(",") if isinstance(given, str) else given
    if not isinstance(entries, (list, tuple)) or not all(isinstance(entry, (str, int)) for entry in entries):
        raise ExpectationError(name, given, "is no list", "give a list of names")
    members = [str(entry).strip() for entry in entries]
    if not all(members):
        raise ExpectationError(name, given, "has an empty member", "leave it out")
    return list(dict.fromkeys(members))


def _is_true(name: str, given: t.Any) -> bool:
    if not isinstance(given, bool):
        raise ExpectationError(name, given, "is neither true nor false", "give true or false")
    return given


_LEVELS = {name[:position] for name in TERMS for position, letter in enumerate(name) if letter == "."}


def _within(prefix: str) -> t.List[str]:
    """What can stand on a level."""
    return sorted({name[len(prefix) :].partition(".")[0] for name in TERMS if name.startswith(prefix)})


def _known(path: str, prefix: str) -> str:
    here = _within(prefix) + ([] if prefix else [POLICY, VANTAGES])
    close = difflib.get_close_matches(path[len(prefix) :], here, 1)
    elsewhere = [name for name in TERMS if name.endswith(f".{path[len(prefix) :]}")]
    meant = next(iter([*close, *elsewhere]), None)
    hint = f"did you mean {meant}? " if meant else ""
    return f"{hint}Known here are {_listed(here)}"


def _listed(names: t.Iterable[str]) -> str:
    return ", ".join(names)
