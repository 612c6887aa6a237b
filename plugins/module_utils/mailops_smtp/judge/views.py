# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Where the mail of one domain goes as several vantages are told, and who is told something else than most."""

from __future__ import annotations

import typing as t

from .mail_routes import judge_route
from .verdicts import count, worst

Route = t.Mapping[str, t.Any]
Words = t.Dict[str, str]
_View = t.Tuple[t.Any, ...]

# What is an answer; the rest says nothing of the domain.
_ANSWERS = ("found", "nodata", "nxdomain", "literal", "null")
_SHOWN = 5


def judge_routes(routes: t.Iterable[Route]) -> t.Dict[str, t.Any]:
    """``{routes, verdict, counts, summary}`` of routes that were looked up before, each with its ``vantage``: by the
    rules of today, and those of the same domain together. The routes given are left as they are."""
    given = list(routes)
    words = differing(given)
    judged = [judge_route(route, views=words.get(index)) for index, route in enumerate(given)]
    verdicts = [route["verdict"] for route in judged]
    return {
        "routes": judged,
        "verdict": worst(verdicts),
        "counts": count(verdicts),
        "summary": _summary(judged),
    }


def differing(routes: t.Sequence[t.Optional[Route]]) -> t.Dict[int, Words]:
    """By the index of a route the words about what others were told, where that differs from what most were; where
    nobody has more, each of them gets some."""
    domains: t.Dict[str, t.List[int]] = {}
    for index, route in enumerate(routes):
        # A selection of a thousand hosts is another each time.
        if route is not None and route["status"] != "unknown" and not route["more_mx"]:
            domains.setdefault(route["domain"].lower(), []).append(index)
    found: t.Dict[int, Words] = {}
    for indexes in domains.values():
        found.update(_differing({index: t.cast(Route, routes[index]) for index in indexes}))
    return found


def _differing(routes: t.Mapping[int, Route]) -> t.Iterator[t.Tuple[int, Words]]:
    # What one of them could not look up is left out of the comparison, not of the routes.
    unknown = {host["host"] for route in routes.values() for host in route["mx"] if host["status"] not in _ANSWERS}
    views: t.Dict[_View, t.List[int]] = {}
    for index, route in routes.items():
        views.setdefault(_view(route, unknown), []).append(index)
    if len(views) < 2:
        return
    most = max(map(len, views.values()))
    usual = [view for view, indexes in views.items() if len(indexes) == most]
    detail = "; ".join(f"{_names([routes[i] for i in told])}: {_told(routes[told[0]])}" for told in views.values())
    for view, indexes in views.items():
        if len(indexes) == most and len(usual) == 1:
            continue
        others = [routes[i] for other, told in views.items() if other != view for i in told]
        for index in indexes:
            if all(_name(other) == _name(routes[index]) for other in others):
                # The same vantage at two moments is no matter of places.
                continue
            yield index, {"others": _names(others), "detail": detail, "keeping": _keeping(routes.values())}


def _view(route: Route, unknown: t.Container[str]) -> _View:
    hosts = (
        (
            host["preference"],
            host["host"].lower(),
            None if host["host"] in unknown else frozenset(entry["address"] for entry in host["addresses"]),
        )
        for host in route["mx"]
    )
    return route["status"], frozenset(hosts)


_WITHOUT_HOSTS = {
    "null_mx": "takes no mail (null MX)",
    "no_mail_host": "neither MX nor address",
    "no_such_domain": "does not exist",
}


def _told(route: Route) -> str:
    """What one view is, in the order of the preferences."""
    if route["status"] in _WITHOUT_HOSTS:
        return _WITHOUT_HOSTS[route["status"]]
    hosts = sorted(route["mx"], key=lambda host: (host["preference"] or 0, host["host"]))
    words = [
        f"{host['host']} [{', '.join(sorted(entry['address'] for entry in host['addresses'])) or 'no address'}]"
        for host in hosts[:_SHOWN]
    ]
    return ", ".join(words) + (f" and {len(hosts) - _SHOWN} more" if hosts[_SHOWN:] else "")


def _keeping(routes: t.Iterable[Route]) -> str:
    """For how long the longest of the answers may still be kept."""
    ttls = [ttl for route in routes for ttl in (route["ttl"], *_address_ttls(route)) if ttl is not None]
    return f"{max(ttls)} s" if ttls else "an unknown time"


def _address_ttls(route: Route) -> t.List[t.Optional[int]]:
    return [entry["ttl"] for host in route["mx"] for entry in host["addresses"]]


def _names(routes: t.Sequence[Route]) -> str:
    names = list(dict.fromkeys(map(_name, routes)))
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if names[_SHOWN:] else "")


def _name(route: Route) -> str:
    # Routes of earlier versions do not tell.
    return str(route.get("vantage") or "another vantage")


def _summary(judged: t.Sequence[Route]) -> str:
    if not judged:
        return "No domain was looked up."
    if len(judged) == 1:
        return str(judged[0]["summary"])
    counts = count(route["verdict"] for route in judged)
    overview = ", ".join(f"{number} {verdict}" for verdict, number in reversed(list(counts.items())))
    gravest = list(counts)[-1]
    first = next(route for route in judged if route["verdict"] == gravest)
    told = "" if gravest == "pass" else f" From {_name(first)}: {first['summary']}"
    return f"{len(judged)} look-ups: {overview}.{told}"
