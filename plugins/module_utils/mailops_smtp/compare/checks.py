# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The checks in whatever holds them, and what makes two of them checks of the same endpoint."""

from __future__ import annotations

import typing as t

from ..judge.wording import where

Check = t.Mapping[str, t.Any]

# The target, where the user gave it a name of its own, and host, port and protocol.
Service = t.Tuple[t.Optional[str], str, t.Optional[int], str]


class NotARun(ValueError):
    """What was given is neither a run nor a module result nor a check."""


def checks_in(given: t.Any) -> t.Iterator[Check]:
    """The checks in whatever holds them."""
    if isinstance(given, (list, tuple)):
        for entry in given:
            yield from checks_in(entry)
    elif isinstance(given, t.Mapping) and "endpoint" in given and "verdict" in given:
        yield given
    elif isinstance(given, t.Mapping) and isinstance(given.get("checks"), (list, tuple)):
        if given.get("overview") and not given["checks"]:
            # To take it for a run without checks would say that all is well.
            raise NotARun(
                "this run was made with detail: summary, which leaves the checks themselves out; make it with "
                "detail: facts, or read them from its evidence_file"
            )
        yield from checks_in(given["checks"])
    elif isinstance(given, t.Mapping) and isinstance(given.get("results"), (list, tuple)):
        yield from checks_in(given["results"])
    else:
        raise NotARun(
            "expected the result of mailops.smtp.smtp_check, a run, a check, or a list of them; "
            f"got {_described(given)} with no checks in it"
        )


def domains_in(given: t.Any) -> t.Iterator[t.Mapping[str, t.Any]]:
    """The mail domains of the runs in whatever holds them; a check by itself is of no run."""
    if isinstance(given, (list, tuple)):
        for entry in given:
            yield from domains_in(entry)
    elif isinstance(given, t.Mapping) and "endpoint" not in given:
        # Runs of earlier versions do not have the field.
        yield from given.get("domains") or ()
        for name in ("checks", "results"):
            if isinstance(given.get(name), (list, tuple)):
                yield from domains_in(given[name])


def routes_in(given: t.Any) -> t.Optional[t.List[t.Mapping[str, t.Any]]]:
    """The mail routes in whatever holds results of look-ups, each with its vantage; None where it holds anything
    else."""
    if isinstance(given, (list, tuple)):
        parts = [routes_in(entry) for entry in given]
        found = [part for part in parts if part is not None]
        return [route for part in found for route in part] if found and len(found) == len(parts) else None
    if not isinstance(given, t.Mapping):
        return None
    if isinstance(given.get("routes"), (list, tuple)):
        asked_from = (given.get("vantage") or {}).get("name")
        return [{**route, "vantage": route.get("vantage") or asked_from} for route in given["routes"]]
    return routes_in(given["results"]) if isinstance(given.get("results"), (list, tuple)) else None


def _described(given: t.Any) -> str:
    if isinstance(given, t.Mapping):
        return f"a dictionary of {', '.join(sorted(map(str, given))[:5]) or 'nothing'}"
    return f"a value of type {type(given).__name__}"


def service_of(check: Check) -> Service:
    """What is asked for: the target, where the user gave it a name of its own, and host, port and protocol."""
    endpoint = check["endpoint"]
    place = endpoint["host"] if endpoint["port"] is None else f"{endpoint['host']}:{endpoint['port']}"
    named = endpoint["source"] == "given" and check["target"] != place
    return check["target"] if named else None, endpoint["host"].lower(), endpoint["port"], check["protocol"]


def endpoint_name(target: t.Optional[str], host: str, port: t.Optional[int], address: t.Optional[str]) -> str:
    if target is None:
        return where({"host": host, "port": port, "address": address})
    return target if address in (None, host) else f"{target} [{address}]"
