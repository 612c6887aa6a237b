# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The facts' closed lists in words for people."""

from __future__ import annotations

import typing as t

from ..compare.checks import endpoint_name, service_of
from ..judge.wording import outage_length

# Who must fix it.
OWNER_WORDS = {
    "target": "the mail server",
    "network": "the network in between",
    "sender": "the sender",
    "recipient": "the recipient",
    "vantage": "the vantage",
}

# Where a fault is.
PLACE_WORDS = {
    "server": "the server",
    "perimeter": "the perimeter",
    "inside": "the own network",
    "egress": "the vantage's way out",
    "ipv6_path": "the path over IPv6",
    "middlebox": "a device in between",
    "interception": "an interception",
    "client_policy": "the server's policy",
    "undetermined": "not yet known",
}

# What kind of change it is.
KIND_WORDS = {
    "regressions": "worse",
    "missing": "missing",
    "changes": "different",
    "expected": "expected",
    "improvements": "better",
    "added": "added",
}


def place_words(check: t.Mapping[str, t.Any]) -> str:
    """What was tested, by the name that the user gave to it where there is one, and from where."""
    target, host, port, _protocol = service_of(check)
    return f"{endpoint_name(target, host, port, check['endpoint']['address'])} from {check['vantage']['name']}"


def seen_from(change: t.Mapping[str, t.Any]) -> str:
    """Which vantages see a change, and of how many that could."""
    names = ", ".join(change["vantages"])
    return f"seen from {len(change['vantages'])} of {change['of']} ({names})"


def what_of(change: t.Mapping[str, t.Any]) -> str:
    """The fact that changed, and whose."""
    return change["field"] if change["endpoint"] is None else f"{change['field']} of {change['endpoint']['name']}"


def outage_words(outage: t.Mapping[str, t.Any]) -> str:
    """From when to when, how long that is, and how it looked."""
    end = outage["end"] or "the end of the watch, when it was not over"
    how = f" ({', '.join(outage['how'])})" if outage["how"] else ""
    return f"{outage['start']} to {end}, {outage_length(outage)}{how}"


def value_words(value: t.Union[bool, float, str, t.Sequence[t.Any], None]) -> str:
    """A fact as people say it."""
    if value is None:
        return "nothing"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(value_words, value)) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    # A keyword without parameters.
    return str(value) or "present"
