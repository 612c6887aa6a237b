# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Which checks of after belong to which of before: the same vantage, the same endpoint.

An endpoint is told apart by its address only where every vantage saw addresses. Where all that changed of a host is its
one address of a family, it moved, and is compared across the move. A check that could not be made, or that the tester's
own trouble spoiled, says nothing about its endpoint, and is kept apart as the reason why nothing is known. Kept apart
as well is a check of a former address, which names led to before and only the tester leads to now.
"""

from __future__ import annotations

import typing as t

from ..evidence import printable
from ..judge.wording import QUOTED
from .checks import Check, Service, endpoint_name, service_of

_UNTESTED = ("not_tested", "inconclusive")


class Place(t.NamedTuple):
    """An endpoint. ``short`` is what sentences call it."""

    service: Service
    address: t.Optional[str]

    @property
    def name(self) -> str:
        return endpoint_name(self.service[0], self.service[1], self.service[2], self.address)

    @property
    def short(self) -> str:
        target, host, port, *_protocol = self.service
        if target is not None:
            return printable(target, QUOTED)
        return printable(host, QUOTED) if port in (None, 25) else f"{printable(host, QUOTED)}:{port}"

    def as_dict(self) -> t.Dict[str, t.Any]:
        host, port, protocol = self.service[1:]
        return {"name": self.name, "host": host, "address": self.address, "port": port, "protocol": protocol}


class Pair(t.NamedTuple):
    """One vantage and one endpoint: its checks on either side, and their indexes among all that were given.

    ``untested``: the checks of the side without any other, where there were some that say nothing.
    ``vantage_remains``: whether the vantage made checks on both sides. ``moved``: the address before and after.
    ``former``: the checks of after of the address that names no longer lead to.
    """

    vantage: str
    place: Place
    before: t.Tuple[Check, ...]
    after: t.Tuple[Check, ...]
    before_numbers: t.Tuple[int, ...]
    after_numbers: t.Tuple[int, ...]
    untested: t.Tuple[Check, ...]
    vantage_remains: bool
    moved: t.Optional[t.Tuple[str, str]] = None
    former: t.Tuple[Check, ...] = ()


_Key = t.Tuple[str, Place]


def pairs(before: t.Sequence[Check], after: t.Sequence[Check]) -> t.List[Pair]:
    """All pairs, in the order in which their endpoints first appear; those of one vantage in that of the vantages."""
    sides = before, after
    names_only = {service_of(check) for side in sides for check in side if check["endpoint"]["address"] is None}
    found: t.List[t.Dict[_Key, t.List[int]]] = [{}, {}]
    for held, side in zip(found, sides):
        for number, check in enumerate(side):
            service = service_of(check)
            place = Place(service, None if service in names_only else check["endpoint"]["address"])
            held.setdefault((check["vantage"]["name"], place), []).append(number)
    former = _taken_out(found, sides)
    moved = _moves(*(list(held) for held in found))
    for (vantage, old), new in moved.items():
        found[0][vantage, new] = found[0].pop((vantage, old))
    came_from = {(vantage, new): old.address for (vantage, old), new in moved.items()}
    keys = list(dict.fromkeys([*found[0], *found[1]]))
    vantages = [{vantage for vantage, _place in held} for held in found]
    made = [_pair(key, sides, found, key[0] in vantages[0] & vantages[1], came_from.get(key)) for key in keys]
    return [pair._replace(former=former.get(_before(pair), ())) for pair in made]


def _taken_out(
    found: t.Sequence[t.Dict[_Key, t.List[int]]], sides: t.Sequence[t.Sequence[Check]]
) -> t.Dict[_Key, t.Tuple[Check, ...]]:
    """The checks of former addresses, no longer among those of after: of a vantage that has asked where names lead now,
    the ones that it was told to lead elsewhere, to where names led before."""
    before, after = sides
    asked = {check["vantage"]["name"] for check in after if not _is_led(check)}
    former: t.Dict[_Key, t.Tuple[Check, ...]] = {}
    for key, numbers in list(found[1].items()):
        led = [number for number in numbers if _is_led(after[number])]
        by_name = any(not _is_led(before[number]) for number in found[0].get(key, ()))
        if led and by_name and key[0] in asked:
            former[key] = tuple(after[number] for number in led)
            found[1][key] = [number for number in numbers if number not in led]
            if not found[1][key]:
                del found[1][key]
    return former


def _is_led(check: Check) -> bool:
    return bool(check["endpoint"]["source"] == "override")


def _before(pair: Pair) -> _Key:
    """Where the pair was before."""
    return pair.vantage, pair.place if pair.moved is None else pair.place._replace(address=pair.moved[0])


def _pair(
    key: _Key,
    sides: t.Sequence[t.Sequence[Check]],
    found: t.Sequence[t.Mapping[_Key, t.Sequence[int]]],
    vantage_remains: bool,
    came_from: t.Optional[str],
) -> Pair:
    numbers = [held.get(key, ()) for held in found]
    told = [
        [number for number in held if side[number]["verdict"] not in _UNTESTED] for held, side in zip(numbers, sides)
    ]
    silent = [tuple(side[number] for number in held) for held, side in zip(numbers, sides)]
    untested = silent[1] if told[0] and not told[1] else silent[0] if told[1] and not told[0] else ()
    return Pair(
        vantage=key[0],
        place=key[1],
        before=tuple(sides[0][number] for number in told[0]),
        after=tuple(sides[1][number] for number in told[1]),
        before_numbers=tuple(told[0]),
        after_numbers=tuple(told[1]),
        untested=untested,
        vantage_remains=vantage_remains,
        moved=(came_from, t.cast(str, key[1].address)) if came_from is not None else None,
    )


def _moves(before: t.Sequence[_Key], after: t.Sequence[_Key]) -> t.Dict[_Key, Place]:
    """Where the one address that is gone and the one that is new are of the same host and family."""
    gone, new = ([key for key in one if key not in other] for one, other in ((before, after), (after, before)))
    moves: t.Dict[_Key, Place] = {}
    for key in gone:
        leaving = [other for other in gone if _kin(other) == _kin(key)]
        coming = [other for other in new if _kin(other) == _kin(key)]
        if len(leaving) == len(coming) == 1:
            moves[key] = coming[0][1]
    return moves


def _kin(key: _Key) -> t.Tuple[str, Service, bool]:
    vantage, place = key
    return vantage, place.service, ":" in (place.address or "")
