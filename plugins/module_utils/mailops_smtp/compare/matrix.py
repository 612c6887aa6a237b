# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Vantages against endpoints: the same servers seen from many places, and where the places part company.

Two vantages disagree about an endpoint in the first phase that broke off, or showed a finding of weight, for one of
them and not for the other. Whatever comes behind that phase is its consequence.
"""

from __future__ import annotations

import typing as t

from ..evidence import PHASES
from ..judge.verdicts import SEVERITIES, rank
from .across import blocked_egress, dead_over_ipv6, interceptions, led_astray
from .checks import checks_in, endpoint_name, service_of
from .localisation import localise
from .remarks import remarks
from .whereabouts import Check, whereabouts

# A finding from here on is a difference worth naming; notices differ for harmless reasons.
_WEIGHTY = SEVERITIES[SEVERITIES.index("warning") :]


def matrix(runs: t.Any) -> t.Dict[str, t.Any]:
    """Lays the checks of one run or many side by side.

    ``runs`` is a run, a module result, a check, the registered result of a loop, or a list of these. Returns

    - ``vantages``: their names, in the order in which they first appear;
    - ``endpoints``: ``{name, host, address, port, protocol}`` each, likewise; ``name`` is what to call it: by the name
      that the user gave to the target, else by host, address and port;
    - ``cells``: one list for each vantage, with one cell for each endpoint: ``{verdict, reached, failed_phase, seconds,
      check}``, where ``check`` is the index into all checks given, in their order; None where there is no check;
    - ``divergence``: ``{endpoint, phase, consensus, outliers, summary}`` for each endpoint (by index) that the
      vantages disagree about; ``outliers`` are the vantages that see it differently from most (the ``consensus``), or
      worse where no side has more. A vantage whose own trouble made its check inconclusive has seen nothing to disagree
      about;
    - ``localisation``: ``{place, endpoints, vantages, confidence, owner, summary, reasons, next_step}`` for each fault:
      where it is, as far as these vantages can tell. ``place`` is one of localisation.PLACES;
    - ``remarks``: ``{vantage, kind, summary}`` for each vantage about which something is odd: one that is ``slow``
      wherever it is compared, one whose ``clock`` is off.

    An endpoint is told apart by its address only where every vantage saw addresses: behind a jump host the name may be
    all that is known. Where that, or repetition, puts several checks into one cell, the worst of them stands there.

    :raises NotARun: something else was given.
    """
    checks = list(checks_in(runs))
    names_only = {service_of(check) for check in checks if check["endpoint"]["address"] is None}
    vantages: t.Dict[str, int] = {}
    endpoints: t.Dict[t.Tuple[t.Any, ...], int] = {}
    chosen: t.Dict[t.Tuple[int, int], int] = {}

    for index, check in enumerate(checks):
        service = service_of(check)
        address = None if service in names_only else check["endpoint"]["address"]
        row = vantages.setdefault(check["vantage"]["name"], len(vantages))
        column = endpoints.setdefault((*service, address), len(endpoints))
        present = chosen.setdefault((row, column), index)
        if rank(check["verdict"]) > rank(checks[present]["verdict"]):
            chosen[row, column] = index

    cells = [
        [_cell(checks, chosen.get((row, column))) for column in range(len(endpoints))] for row in range(len(vantages))
    ]
    names = list(vantages)
    seen: t.List[t.Dict[str, Check]] = [{} for column in endpoints]
    for (row, column), index in sorted(chosen.items()):
        seen[column][names[row]] = checks[index]
    tested = [
        {name: check for name, check in entry.items() if check["verdict"] not in ("not_tested", "inconclusive")}
        for entry in seen
    ]
    listed = [
        {
            "name": endpoint_name(target, host, port, address),
            "host": host,
            "address": address,
            "port": port,
            "protocol": protocol,
        }
        for target, host, port, protocol, address in endpoints
    ]
    titles = [entry["name"] for entry in listed]
    divergences = [_divergence(column, titles[column], entry) for column, entry in enumerate(tested)]
    return {
        "vantages": list(vantages),
        "endpoints": listed,
        "cells": cells,
        "divergence": [divergence for divergence in divergences if divergence is not None],
        "localisation": _localisation(checks, titles, seen, tested),
        "remarks": remarks(tested, checks),
    }


def _localisation(
    checks: t.Sequence[Check],
    titles: t.Sequence[str],
    seen: t.Sequence[t.Dict[str, Check]],
    tested: t.List[t.Dict[str, Check]],
) -> t.List[t.Dict[str, t.Any]]:
    """What shows only across endpoints first: the checks that it explains say nothing about their endpoint any more."""
    places = whereabouts(checks)
    left = [dict(entry) for entry in tested]
    locations = [*interceptions(list(seen), left), *blocked_egress(list(seen))]
    locations += [*led_astray(left, places), *dead_over_ipv6(left, places)]
    single = (localise(column, titles[column], entry, places) for column, entry in enumerate(left))
    return [location.as_dict() for location in (*locations, *single) if location is not None]


def _cell(checks: t.Sequence[Check], index: t.Optional[int]) -> t.Optional[t.Dict[str, t.Any]]:
    if index is None:
        return None
    cell = {name: checks[index][name] for name in ("verdict", "reached", "failed_phase", "seconds")}
    return {**cell, "check": index}


def _divergence(column: int, name: str, seen: t.Mapping[str, Check]) -> t.Optional[t.Dict[str, t.Any]]:
    """Where the vantages part company about one endpoint, given the check of each that tested it."""
    for phase in PHASES:
        sides: t.Dict[t.Any, t.List[str]] = {}
        for vantage, check in seen.items():
            sides.setdefault(_sight(check, phase), []).append(vantage)
        if len(sides) > 1:
            usual = max(
                sides.values(), key=lambda side: (len(side), -max(rank(seen[name]["verdict"]) for name in side))
            )
            outliers = [vantage for vantage in seen if vantage not in usual]
            return {
                "endpoint": column,
                "phase": phase,
                "consensus": list(usual),
                "outliers": outliers,
                "summary": _sentence(name, phase, outliers, seen),
            }
    return None


def _sight(check: Check, phase: str) -> t.Tuple[bool, t.FrozenSet[str]]:
    """What a vantage saw in a phase: whether the dialog broke off there, and the findings of weight."""
    weighty = [
        finding["id"] for finding in check["findings"] if finding["phase"] == phase and finding["severity"] in _WEIGHTY
    ]
    return check["failed_phase"] == phase, frozenset(weighty)


def _sentence(name: str, phase: str, outliers: t.Sequence[str], seen: t.Mapping[str, Check]) -> str:
    verdicts = [f"{vantage} ({seen[vantage]['verdict']})" for vantage in outliers]
    others = [f"{vantage} ({check['verdict']})" for vantage, check in seen.items() if vantage not in outliers]
    return f"{name} differs at {phase}: {', '.join(verdicts)}, but {', '.join(others)}."
