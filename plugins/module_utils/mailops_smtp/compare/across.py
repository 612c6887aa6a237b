# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Faults that show only where several endpoints are looked at together: a vantage that is answered by the same stranger
whomever it asks, a vantage that gets nowhere on port 25, a host that is dead over IPv6 alone.

Each takes its checks out of the further reckoning, since they say nothing more about their endpoint.
"""

from __future__ import annotations

import typing as t

from .localisation import Location, answered, is_bad
from .noise import masked
from .whereabouts import OUTSIDE, Check, Whereabouts, independent, network_of

# By endpoint, then by vantage.
Seen = t.List[t.Dict[str, Check]]


def interceptions(all_checks: Seen, seen: Seen) -> t.Iterator[Location]:
    """Unrelated targets greet a vantage alike, and others otherwise. Removes these checks from ``seen``, whose
    inconclusive ones are in ``all_checks`` alone."""
    for vantage in _vantages(all_checks):
        greetings: t.Dict[str, t.List[int]] = {}
        for column, checks in enumerate(all_checks):
            if vantage in checks and answered(checks[vantage]):
                greetings.setdefault(_greeting(checks[vantage]), []).append(column)
        for greeting, columns in greetings.items():
            hosts = {operator(all_checks[column][vantage]["endpoint"]["host"]) for column in columns}
            # One provider's server behind two customers' names greets everybody alike, but those who are answered by
            # somebody else.
            others, alike = (
                {
                    name for column in columns for name, check in all_checks[column].items()
                    if name != vantage and answered(check)
                    and (_greeting(check) == greeting) is same
                }
                for same in (False, True)
            )  # fmt: skip
            if len(hosts) > 1 and len(others) > len(alike):
                for column in columns:
                    seen[column].pop(vantage, None)
                yield Location(
                    "interception", tuple(columns), (vantage,), "likely",
                    f"{vantage} is answered by something in between, whomever it asks",
                    (f"{len(columns)} unrelated targets greet it with the same words",
                     f"they greet {', '.join(sorted(others))} otherwise"),
                )  # fmt: skip


def blocked_egress(all_checks: Seen) -> t.Iterator[Location]:
    """What the judgement of a single vantage has found already, and the matrix must not lose: its checks are
    inconclusive, so no endpoint speaks of them. ``all_checks`` has inconclusive ones too."""
    for vantage in _vantages(all_checks):
        columns = [
            column for column, checks in enumerate(all_checks)
            if vantage in checks
            and any(finding["id"] in ("tcp.egress_blocked", "vantage.unfit") for finding in checks[vantage]["findings"])
            and checks[vantage]["failed_phase"] in ("resolve", "connect")
        ]  # fmt: skip
        if columns:
            yield Location(
                "egress", tuple(columns), (vantage,), "likely", f"{vantage} reaches no mail server at all",
                ("it is the vantage that is blocked: no target is blamed for what it sees",),
            )  # fmt: skip


def _greeting(check: Check) -> str:
    """Without the moment, which many servers tell."""
    return masked("\n".join(check["banner"]["lines"]))


def led_astray(seen: Seen, places: t.Mapping[str, Whereabouts]) -> t.Iterator[Location]:
    """A name that leads to other addresses outside than within, and outside to dead ones alone: the server works, and
    what is announced to the outside does not lead to it. Removes these checks from ``seen``."""
    services: t.Dict[t.Tuple[t.Any, ...], t.List[int]] = {}
    for column, checks in enumerate(seen):
        for endpoint, target in {(_place(check), check["target"]) for check in checks.values()}:
            services.setdefault((*endpoint, target), []).append(column)
    for (host, *_service), columns in services.items():
        outside = [column for column in columns if _sides(seen[column], places) == {OUTSIDE}]
        within = [column for column in columns if OUTSIDE not in _sides(seen[column], places) | {None}]
        if not outside or not within or set(columns) - {*outside, *within}:
            continue
        dead = [check for column in outside for check in seen[column].values()]
        alive = [check for column in within for check in seen[column].values()]
        if all(map(_unreached, dead)) and alive and all(map(answered, alive)):
            names = list(dict.fromkeys(name for column in outside for name in seen[column]))
            yield Location(
                "perimeter", tuple(outside), tuple(names), "likely",
                f"{host} leads {', '.join(names)} to another address than those within, and that is out of reach",
                (f"within, the name leads to {_addresses(alive)}, where the server answers",
                 f"outside, it leads to {_addresses(dead)}, where nobody is reached"),
            )  # fmt: skip
            for column in outside:
                seen[column].clear()


def _place(check: Check) -> t.Tuple[str, t.Any, str]:
    return check["endpoint"]["host"].lower(), check["endpoint"]["port"], check["protocol"]


def _sides(checks: t.Mapping[str, Check], places: t.Mapping[str, Whereabouts]) -> t.Set[t.Optional[str]]:
    return {places[vantage].side for vantage in checks}


def _addresses(checks: t.Iterable[Check]) -> str:
    return ", ".join(sorted({str(check["endpoint"]["address"]) for check in checks}))


def dead_over_ipv6(seen: Seen, places: t.Mapping[str, Whereabouts]) -> t.Iterator[Location]:
    """IPv4 addresses of a host answer and its IPv6 addresses do not. Removes these checks from ``seen``."""
    services: t.Dict[t.Tuple[t.Any, ...], t.List[int]] = {}
    for column, checks in enumerate(seen):
        for check in checks.values():
            endpoint = check["endpoint"]
            service = (endpoint["host"].lower(), endpoint["port"], check["protocol"], check["target"])
            if column not in services.setdefault(service, []):
                services[service].append(column)
    for (host, *_service), columns in services.items():
        concerned: t.Dict[str, t.List[int]] = {}
        for vantage in _vantages(seen):
            mine = {column: seen[column][vantage] for column in columns if vantage in seen[column]}
            six = {column: check for column, check in mine.items() if check["endpoint"]["family"] == "ipv6"}
            four = [check for check in mine.values() if check["endpoint"]["family"] == "ipv4"]
            if six and four and all(map(_unreached, six.values())) and not any(map(is_bad, four)):
                concerned[vantage] = list(six)
        if concerned:
            yield _ipv6_location(host, concerned, columns, seen, places)
            for vantage, six_columns in concerned.items():
                for column in six_columns:
                    del seen[column][vantage]


def _ipv6_location(
    host: str,
    concerned: t.Mapping[str, t.Sequence[int]],
    columns: t.Sequence[int],
    seen: Seen,
    places: t.Mapping[str, Whereabouts],
) -> Location:
    reaching = {
        vantage for column in columns for vantage, check in seen[column].items()
        if check["endpoint"]["family"] == "ipv6" and answered(check)
    }  # fmt: skip
    names = ", ".join(concerned)
    reasons = [f"it is reached over IPv4 by {names}"]
    confidence = "possible"
    if reaching:
        reasons.append(
            f"it is reached over IPv6 by {', '.join(sorted(reaching))}: the fault is on the way of the others"
        )
        confidence = "likely"
    elif independent(places[vantage] for vantage in concerned) >= 2:
        reasons.append("vantages on different networks agree: the fault is at the server's end")
        confidence = "likely"
    else:
        reasons.append("no vantage on another network has said whether IPv6 works for it")
    hit = sorted({column for six_columns in concerned.values() for column in six_columns})
    return Location(
        "ipv6_path", tuple(hit), tuple(concerned), confidence, f"{host} is dead over IPv6 alone", tuple(reasons)
    )


def operator(host: str) -> t.Optional[str]:
    """Enough of a name or address to tell operators apart: two labels, or the network."""
    labels = host.lower().rstrip(".").split(".")
    # A top-level domain may hold digits and hyphens (xn--p1ai), and is never a number.
    return network_of(host) if labels[-1].isdigit() or ":" in host else ".".join(labels[-2:])


def _unreached(check: Check) -> bool:
    return is_bad(check) and not answered(check)


def _vantages(seen: Seen) -> t.List[str]:
    return list(dict.fromkeys(vantage for checks in seen for vantage in checks))
