# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From a good run to the expectations that it met: the acceptance test of the next build.

Written down is what a server is to be, not what it happened to be: no times, no fingerprints, no greeting with the time
of day. Of several addresses, or vantages, of one server, what is the same for all of them.
"""

from __future__ import annotations

import typing as t

from ..expect.terms import TERMS
from .conditions import Check, fact
from .observation import recipients, seen

_GOOD = ("pass", "not_tested")
_SAME = (
    "null_mx",
    "connect",
    "banner.code",
    "banner.product",
    "ehlo.accepted",
    "auth_before_tls",
    "starttls",
    "tls.established",
    "tls.trusted",
    "tls.name_matches",
    "tls.key_type",
    "auth",
    "sender",
    "message",
    "relay",
    "random_recipient",
)
_AT_LEAST = ("ehlo.size", "tls.version")
_SETS = ("ehlo.keywords", "ehlo.mechanisms", "ehlo.before_tls.keywords", "ehlo.before_tls.mechanisms")
# Automatic renewal leaves more than this.
_DAYS_LEFT = 14


class NoGoodRun(ValueError):
    """A check that is no example: what it met is not what anybody wants of the next one."""


def expectations_of(checks: t.Iterable[Check], strict: bool = False) -> t.Dict[str, t.Any]:
    """``{targets: [...]}``, each entry with host, port, protocol, sender, recipients and ``expect``, as the option
    ``targets`` takes them.

    :param strict: extensions and mechanisms that were not there are not to be there.
    :raises NoGoodRun: where a check has another verdict than pass.
    """
    groups: t.Dict[t.Tuple[t.Any, ...], t.List[Check]] = {}
    for check in checks:
        if check["verdict"] not in _GOOD:
            raise NoGoodRun(f"Only what passes is an example for the next build, and this does not: {check['summary']}")
        if check["not_tested"] is None:
            endpoint = check["endpoint"]
            groups.setdefault((endpoint["host"], endpoint["port"], check["protocol"]), []).append(check)
    if not groups:
        raise NoGoodRun("There is no check in it that was made.")
    return {"targets": [_target(same, strict) for same in groups.values()]}


def _target(checks: t.Sequence[Check], strict: bool) -> t.Dict[str, t.Any]:
    first = checks[0]
    target = {"host": first["endpoint"]["host"], "port": first["endpoint"]["port"], "protocol": first["protocol"]}
    target = {name: value for name, value in target.items() if value is not None}
    address = fact(first, "sender.address")
    if address is not None:
        target["sender"] = address
    for option in ("relay", "random_recipient"):
        if first.get(option) is not None:
            target.update({"owned": True, option: True})
    people = [entry["address"] for entry in first["recipients"] or ()]
    if people:
        target["recipients"] = people
    return {**target, "expect": _expect(checks, strict)}


def _expect(checks: t.Sequence[Check], strict: bool) -> t.Dict[str, t.Any]:
    found: t.Dict[str, t.Any] = {}
    for name in TERMS:
        values = [seen(check, name) for check in checks] if name in (*_SAME, *_AT_LEAST, *_SETS) else []
        if not values or None in values:
            continue
        if name in _SAME and all(value == values[0] for value in values):
            _put(found, name, values[0])
        elif name in _AT_LEAST:
            choices = TERMS[name].choices
            lowest = min(values, key=choices.index) if choices else min(values)
            _put(found, name, f">= {lowest}")
        elif name in _SETS:
            common = set(values[0]).intersection(*values[1:])
            members: t.Dict[str, t.Any] = {"required": [member for member in values[0] if member in common]}
            if strict and all(set(value) == common for value in values):
                members["strict"] = True
            if members["required"] or "strict" in members:
                _put(found, name, members)
    versions = [fact(check, "tls.versions") for check in checks]
    if None not in versions:
        _put(found, "tls.versions", _versions(versions))
    days = [seen(check, "tls.days_left") for check in checks]
    if None not in days and min(days) >= _DAYS_LEFT:
        _put(found, "tls.days_left", f">= {_DAYS_LEFT}")
    outcomes = [recipients(check) for check in checks]
    same = {
        address: outcome
        for address, outcome in outcomes[0].items()
        if outcome is not None and all(other.get(address) == outcome for other in outcomes)
    }
    if same:
        found["recipients"] = same
    return _possible(found)


def _versions(offered: t.Sequence[t.Sequence[Check]]) -> t.Dict[str, t.List[str]]:
    """Those that each took, and those that each refused; of what did not come to light, nothing."""
    names = [entry["version"] for entry in offered[0]]
    came_to = {
        name: {entry["accepted"] for entries in offered for entry in entries if entry["version"] == name}
        for name in names
    }
    parts = {"required": {True}, "forbidden": {False}}
    return {part: [name for name in names if came_to[name] == same] for part, same in parts.items()}


def _possible(found: t.Dict[str, t.Any]) -> t.Dict[str, t.Any]:
    """Without a dialog, or without TLS, there is nothing else to expect."""
    if found.get("null_mx"):
        return {"null_mx": True}
    if found.get("connect") is False:
        return {"connect": False}
    found.pop("null_mx", None)
    if not found.get("tls", {}).get("established"):
        found["tls"] = {name: value for name, value in found.get("tls", {}).items() if name == "established"}
        if not found["tls"]:
            del found["tls"]
    return found


def _put(found: t.Dict[str, t.Any], name: str, value: t.Any) -> None:
    *levels, last = name.split(".")
    for level in levels:
        found = found.setdefault(level, {})
    found[last] = value
