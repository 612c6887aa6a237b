# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From what was seen at each interval to outages: when each began and ended, and how it looked.

An outage begins with the first check that fails and ends with the next one that does not, so that each end is known to
one interval. What was not seen, because the vantage itself was in trouble, is no outage.
"""

from __future__ import annotations

import typing as t

from ..compare.gate import longest_of
from ..compare.places import Place
from ..evidence import SCHEMA_VERSION
from ..judge.wording import outage_length
from .observation import DOWN, UNKNOWN, UP, Record, parsed

# The ways an outage looks that are written down, and the outages of an endpoint.
_MOST_WAYS = 10


class Header(t.NamedTuple):
    """Who watched, since when, and how often in seconds."""

    vantage: str
    started_at: str
    interval: float


class End(t.NamedTuple):
    """When and why it ended: ``duration``, ``stop_file``, ``interrupted``, or ``lost``, where nobody wrote it down.

    ``moments_missed``: the moments at which no check was begun, since too many were still under way."""

    finished_at: str
    ended: str
    moments_missed: int = 0


def evaluated(header: Header, end: End, seen: t.Sequence[Record], changes: t.Sequence[Record]) -> Record:
    """A ``watch`` of docs/facts.schema.json."""
    by_place: t.Dict[Place, t.List[Record]] = {}
    for record in sorted((record for record in seen if record["at"] is not None), key=lambda record: record["at"]):
        by_place.setdefault(_place(record["endpoint"]), []).append(record)
    _spread_names(by_place)
    outages = [entry for place, records in by_place.items() for entry in _outages(place, header.vantage, records)]
    outages.sort(key=lambda entry: entry["start"])
    endpoints = [_endpoint(place, records, outages) for place, records in by_place.items()]
    known = [entry["availability"] for entry in endpoints if entry["availability"] is not None]
    longest = max((entry["seconds"] for entry in outages), default=0.0)
    return {
        "schema_version": SCHEMA_VERSION,
        "vantage": header.vantage,
        "started_at": header.started_at,
        "finished_at": end.finished_at,
        "interval": header.interval,
        "ended": end.ended,
        "moments_missed": end.moments_missed,
        "outages": outages,
        "availability": min(known) if known else None,
        "longest_gap": longest if known else None,
        "changes": list(changes),
        "endpoints": endpoints,
        "verdict": "fail" if outages else "pass" if known else "inconclusive",
        "summary": _summary(header, outages, endpoints),
    }


def _place(endpoint: t.Mapping[str, t.Any]) -> Place:
    where = endpoint["host"] if endpoint["port"] is None else f"{endpoint['host']}:{endpoint['port']}"
    named = endpoint["source"] == "given" and endpoint["target"] != where
    service = (endpoint["target"] if named else None, endpoint["host"].lower(), endpoint["port"], endpoint["protocol"])
    return Place(service, endpoint["address"])


def _spread_names(by_place: t.Dict[Place, t.List[Record]]) -> None:
    """A name that could not be resolved for a while concerns every address that it led to at other times."""
    for nameless in [place for place in by_place if place.address is None]:
        addressed = [place for place in by_place if place.address is not None and place.service == nameless.service]
        if addressed:
            records = by_place.pop(nameless)
            for place in addressed:
                by_place[place] = sorted([*by_place[place], *records], key=lambda record: t.cast(str, record["at"]))


def _outages(place: Place, vantage: str, records: t.Sequence[Record]) -> t.Iterator[Record]:
    down: t.List[Record] = []
    for record in records:
        if record["state"] == DOWN:
            down.append(record)
        elif record["state"] == UP and down:
            yield _outage(place, vantage, down, record["at"])
            down = []
    if down:
        yield _outage(place, vantage, down, None)


def _outage(place: Place, vantage: str, down: t.Sequence[Record], end: t.Optional[str]) -> Record:
    start = down[0]["at"]
    until = end if end is not None else down[-1]["at"]
    ways = list(dict.fromkeys(record["how"] for record in down if record["how"] is not None))
    return {
        "endpoint": place.as_dict(),
        "vantage": vantage,
        "start": start,
        "end": end,
        "seconds": round((parsed(until) - parsed(start)).total_seconds(), 3),
        "how": ways[:_MOST_WAYS],
        "first": down[0]["said"],
        "last": down[-1]["said"],
    }


def _endpoint(place: Place, records: t.Sequence[Record], outages: t.Sequence[Record]) -> Record:
    counts = {state: sum(record["state"] == state for record in records) for state in (UP, DOWN, UNKNOWN)}
    judged = counts[UP] + counts[DOWN]
    own = [entry["seconds"] for entry in outages if entry["endpoint"] == place.as_dict()]
    return {
        "endpoint": place.as_dict(),
        "availability": round(counts[UP] / judged, 6) if judged else None,
        "longest_gap": max(own, default=0.0) if judged else None,
        **counts,
    }


def _summary(header: Header, outages: t.Sequence[Record], endpoints: t.Sequence[Record]) -> str:
    if not any(entry["availability"] is not None for entry in endpoints):
        return f"Nothing was seen from {header.vantage}."
    number = len(endpoints)
    watched = f"{number} endpoint{'' if number == 1 else 's'} watched from {header.vantage} every {header.interval:g} s"
    if not outages:
        return f"{watched}: no outage."
    worst = longest_of(outages)
    still = ", not over when the watch ended" if worst["end"] is None else ""
    plural = "" if len(outages) == 1 else "s"
    how = ", ".join(worst["how"]) or "for no known reason"
    return (
        f"{watched}: {len(outages)} outage{plural}. The longest took {outage_length(worst)}{still} "
        f"({worst['endpoint']['name']}, {how})."
    )
