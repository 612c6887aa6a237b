# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""MTA-STS (RFC 8461): a domain's policy, which hosts it allows, and what that means for one of them."""

from __future__ import annotations

import re
import typing as t

from ..evidence import printable

MARK = r"v\s*=\s*STSv1\s*(?:;|$)"
PATH = "/.well-known/mta-sts.txt"
MAX_OCTETS = 65536
MAX_AGE = 31557600  # a year (RFC 8461 3.2)
MODES = ("enforce", "testing", "none")
_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_MAX_HOSTS = 100


class PolicyError(ValueError):
    """A policy that senders cannot use, and why."""


def record_problem(tags: t.Mapping[str, str]) -> t.Optional[str]:
    """What is wrong with the TXT record (RFC 8461 3.1)."""
    identifier = tags.get("id")
    if identifier is None:
        return "The record has no id, so senders ignore it."
    return None if _ID.fullmatch(identifier) else f"The id {identifier!r} is not 1 to 32 letters and digits."


def read(text: str) -> t.Dict[str, t.Any]:
    """The policy as ``{mode, mx, max_age}``.

    :raises PolicyError: senders cannot use it.
    """
    fields: t.Dict[str, str] = {}
    hosts: t.List[str] = []
    for line in text.splitlines():
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon:
            continue
        if name == "mx":
            hosts.append(printable(value.lower(), 255))
        else:
            # RFC 8461 3.2: of a name that may stand once, the first counts.
            fields.setdefault(name, value)
    if fields.get("version") != "STSv1":
        raise PolicyError("it has no line `version: STSv1`")
    if fields.get("mode") not in MODES:
        raise PolicyError(f"its mode is {fields.get('mode', 'missing')[:40]!r}, not one of {', '.join(MODES)}")
    if not re.fullmatch(r"[0-9]{1,10}", fields.get("max_age", "")) or int(fields["max_age"]) > MAX_AGE:
        raise PolicyError("its max_age is not a number of seconds up to a year")
    if not hosts and fields["mode"] != "none":
        raise PolicyError("it names no mx")
    return {"mode": fields["mode"], "mx": hosts[:_MAX_HOSTS], "max_age": int(fields["max_age"])}


def allows(policy: t.Mapping[str, t.Any], host: str) -> bool:
    """Whether a host is among the policy's (RFC 8461 4.1): ``*.`` stands for exactly one label."""
    name = host.lower().rstrip(".")
    return any(
        name == pattern or (pattern.startswith("*.") and name.partition(".")[2] == pattern[2:])
        for pattern in (str(pattern).rstrip(".") for pattern in policy["mx"])
    )


def judged(
    policy: t.Mapping[str, t.Any], host: str, certificate_valid: t.Optional[bool], why: t.Optional[str]
) -> t.Dict[str, t.Any]:
    """What a sender that honours the policy makes of a host and the certificate that it showed (RFC 8461 5).

    ``valid``: whether both do; None where no certificate was seen, and with the mode none, which demands nothing.
    """
    matches = allows(policy, host)
    valid: t.Optional[bool] = certificate_valid if matches else False
    reason = None if matches else f"the policy does not name {host}"
    if matches and certificate_valid is not True:
        reason = why or "no certificate was seen"
    return {
        "mode": policy["mode"],
        "mx_matches": matches,
        "certificate_valid": certificate_valid,
        "valid": valid if policy["mode"] != "none" else None,
        "reason": reason if policy["mode"] != "none" else None,
    }
