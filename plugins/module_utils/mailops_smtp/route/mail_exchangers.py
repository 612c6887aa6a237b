# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From the facts of a mail route to the hosts that a check goes to (RFC 5321 5.1, RFC 7505), or why there are none."""

from __future__ import annotations

import importlib.util
import typing as t

from ..evidence import StepError

Route = t.Mapping[str, t.Any]


class MailExchanger(t.NamedTuple):
    """``source`` is ``mx``; ``implicit-mx`` for a domain without MX records, which is then its own mail host;
    ``override`` by the user's word, which may name another ``port``; or ``given``, no domain at all."""

    host: str
    preference: t.Optional[int]
    source: str
    port: t.Optional[int] = None


# What Ubuntu 20.04 has, the oldest system whose Python is new enough.
OLDEST_DNSPYTHON = (1, 16)


def dnspython_trouble() -> t.Optional[str]:
    """What keeps names from being looked up here, behind "dnspython, which"; None where nothing does."""
    if importlib.util.find_spec("dns") is None:
        return "is not installed here"
    try:
        from dns import version
    except ImportError:
        return "is not what is installed here under the name dns"
    if (version.MAJOR, version.MINOR) >= OLDEST_DNSPYTHON:
        return None
    return f"is too old here: it is {version.version}, and {'.'.join(map(str, OLDEST_DNSPYTHON))} is needed"


def mail_exchangers(route: Route) -> t.Union[t.List[MailExchanger], StepError]:
    """The hosts of a domain in a sender's order. The root as host is the null MX; beside real hosts it means nothing.

    Failing to get an answer is never read as "there is no MX"."""
    domain = route["domain"]
    if route["status"] == "no_such_domain":
        return StepError("unresolved", f"The domain {domain} does not exist.")
    if route["status"] == "null_mx":
        return StepError("null_mx", f"The domain {domain} says by a null MX that it takes no mail (RFC 7505).")
    if route["status"] == "no_mail_host":
        return StepError("unresolved", f"The domain {domain} has neither MX records nor an address.")
    if route["status"] == "unknown" and not route["mx"]:
        return failure(route["answer"], f"The MX records of {domain} could not be looked up: {route['detail']}")
    return [
        MailExchanger(host["host"], host["preference"], host["source"]) for host in route["mx"] if host["host"] != ""
    ]


def failure(answer: str, detail: str) -> StepError:
    """What an answer that is none means for a check: whose trouble it is."""
    kind = {"bogus": "bogus", "alias_loop": "unresolved", "invalid": "unresolved"}.get(answer, "resolver")
    return StepError(kind, detail)
