# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From options to what is looked for, where, and for how long."""

from __future__ import annotations

import re
import typing as t

from .mailboxes import MAILBOX_OPTIONS, Access, read_mailbox
from .options import TLS_VERSIONS, OptionError, checked, redacted

# What the server of the other side needs to take a message from its own user.
REVERSE_OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "host": {"type": "str"},
    "port": {"type": "int"},
    "protocol": {"type": "str", "choices": ["esmtp", "smtps"], "default": "esmtp"},
    "helo_name": {"type": "str"},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "login": {"type": "bool", "default": True},
    "starttls": {"type": "str", "choices": ["never", "optional", "required"]},
    "tls": {
        "type": "dict",
        "options": {
            "verify": {"type": "bool"},
            "ca_path": {"type": "path"},
            "server_name": {"type": "str"},
            "min_version": {"type": "str", "choices": TLS_VERSIONS},
        },
    },
}

ARRIVAL_OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "checks": {"type": "list", "elements": "dict"},
    "tokens": {"type": "list", "elements": "str", "no_log": False},
    "mailbox": {"type": "dict", "options": MAILBOX_OPTIONS},
    "receipts": {"type": "dict", "options": MAILBOX_OPTIONS},
    "mailboxes": {
        "type": "list",
        "elements": "dict",
        "options": {
            **MAILBOX_OPTIONS,
            "holds": {"type": "str", "choices": ["messages", "reports", "both"], "default": "both"},
        },
    },
    "within": {"type": "float", "default": 300.0},
    "receipts_within": {"type": "float"},
    "reverse_within": {"type": "float"},
    "give_up_after": {"type": "float"},
    "linger": {"type": "float", "default": 0.0},
    "poll_interval": {"type": "float", "default": 5.0},
    "reverse": {"type": "bool", "default": False},
    "reverse_through": {"type": "dict", "options": REVERSE_OPTIONS},
    "cleanup": {"type": "bool", "default": False},
}

MAX_MAILBOXES = 50
# Ours are 32 hexadecimal digits. Anything shorter would be found in other people's mail.
_TOKEN = re.compile(r"[A-Za-z0-9._@+-]{16,128}")


class ArrivalPlan(t.NamedTuple):
    """``reverse`` are the options of the check that sends the other way, None for none. Times are seconds."""

    checks: t.Tuple[t.Mapping[str, t.Any], ...]
    tokens: t.Tuple[str, ...]
    accesses: t.Tuple[Access, ...]
    within: float
    receipts_within: float
    reverse_within: float
    give_up_after: float
    linger: float
    poll_interval: float
    reverse: t.Optional[t.Mapping[str, t.Any]]
    cleanup: bool
    asked: t.Mapping[str, t.Any]


def plan_arrival(given: t.Mapping[str, t.Any]) -> ArrivalPlan:
    """
    :param given: the options by name, as ``ARRIVAL_OPTIONS`` has them.
    :raises OptionError: for anything that is not right.
    """
    values = checked(given, ARRIVAL_OPTIONS)
    if not values["checks"] and not values["tokens"]:
        # An empty list is what a play has whose checks were all skipped: that is for the user to know.
        raise OptionError(
            "checks", values["checks"], "leave nothing to look for", "give the checks of smtp_check, or tokens"
        )
    for token in values["tokens"] or ():
        if not _TOKEN.fullmatch(token):
            raise OptionError("tokens", token, "is no token", "give what smtp_check returns as message.token")
    accesses = _accesses(values)
    for name in ("within", "receipts_within", "reverse_within", "give_up_after", "poll_interval"):
        if values[name] is not None and not 0 < values[name] <= 7 * 86400:
            raise OptionError(name, values[name], "is no time to wait", "give seconds, a week at most")
    if not 0 <= values["linger"] <= 86400:
        raise OptionError("linger", values["linger"], "is no time to wait", "give seconds, a day at most")
    within = values["within"]
    give_up = values["give_up_after"] if values["give_up_after"] is not None else within
    if give_up < within:
        raise OptionError(
            "give_up_after", give_up, f"is less than within, which is {within:g}", "give more, or drop it"
        )
    reverse = _reverse(values)
    return ArrivalPlan(
        checks=tuple(values["checks"] or ()),
        tokens=tuple(values["tokens"] or ()),
        accesses=accesses,
        within=within,
        receipts_within=_or(values["receipts_within"], within),
        reverse_within=_or(values["reverse_within"], within),
        give_up_after=give_up,
        linger=values["linger"],
        poll_interval=values["poll_interval"],
        reverse=reverse,
        cleanup=values["cleanup"],
        # The checks are what the user has already.
        asked=redacted({name: value for name, value in values.items() if name != "checks"}, ARRIVAL_OPTIONS),
    )


def _accesses(values: t.Mapping[str, t.Any]) -> t.Tuple[Access, ...]:
    """The mailboxes, each account once: one connection serves whatever is looked for in it."""
    found: t.List[t.Tuple[str, Access]] = []
    if values["mailbox"] is not None:
        found.append(("mailbox", read_mailbox(values["mailbox"], "mailbox", "messages")))
    if values["receipts"] is not None:
        found.append(("receipts", read_mailbox(values["receipts"], "receipts", "reports")))
    for position, entry in enumerate(values["mailboxes"] or ()):
        option = f"mailboxes[{position}]"
        found.append((option, read_mailbox(entry, option, entry["holds"])))
    if not found:
        raise OptionError("mailbox", None, "is missing", "say where to look: mailbox, receipts or mailboxes")
    if len(found) > MAX_MAILBOXES:
        raise OptionError("mailboxes", len(found), f"are more than {MAX_MAILBOXES}", "look into them in several tasks")
    merged: t.Dict[t.Tuple[t.Any, ...], Access] = {}
    for option, access in found:
        known = merged.get(access.account)
        if known is None:
            if access.name in [other.name for other in merged.values()]:
                raise OptionError(f"{option}.name", access.name, "is another mailbox's name too", "give each its own")
            merged[access.account] = access
        else:
            holds = known.holds if known.holds == access.holds else "both"
            # Whose mail comes here is a question of messages: a report comes to whoever has sent one.
            receivers = [entry.addresses for entry in (known, access) if entry.holds != "reports"]
            addresses = sum(receivers, ()) if all(receivers) else ()
            folders = known.folders and access.folders and tuple(dict.fromkeys((*known.folders, *access.folders)))
            merged[access.account] = known._replace(
                holds=holds, addresses=addresses, folders=folders or None, junk=known.junk or access.junk
            )
    return tuple(merged.values())


def _reverse(values: t.Mapping[str, t.Any]) -> t.Optional[t.Mapping[str, t.Any]]:
    through = values["reverse_through"]
    if not values["reverse"]:
        if through is not None:
            raise OptionError("reverse_through", "", "means nothing without reverse", "say reverse: true, or drop it")
        return None
    if not values["checks"]:
        raise OptionError("reverse", True, "needs to know sender and recipient", "give checks, not tokens alone")
    if values["receipts"] is None and not any(e["holds"] in ("reports", "both") for e in values["mailboxes"] or ()):
        remedy = "give the sender's mailbox as receipts"
        raise OptionError("reverse", True, "has no mailbox where its message would arrive", remedy)
    return through or checked({}, REVERSE_OPTIONS)


def _or(value: t.Optional[float], otherwise: float) -> float:
    return otherwise if value is None else value
