# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The options of a watch, in the form of an Ansible argument spec, and what they mean together."""

from __future__ import annotations

import typing as t

from ..plan import OptionError
from ..plan.options import checked

# What a watch does on its own account. Every other option of a check can stand in ``check``, or in a target.
WATCH_OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "host": {"type": "str"},
    "targets": {"type": "list", "elements": "raw"},
    "check": {"type": "dict"},
    "via": {"type": "dict"},
    "vantage": {"type": "dict"},
    "interval": {"type": "float", "default": 1.0},
    "duration": {"type": "float", "default": 3600.0},
    "stop_file": {"type": "path"},
    "log": {"type": "path"},
    "collect": {"type": "bool", "default": False},
    "patience": {"type": "float", "default": 30.0},
}

# A watch that knocks more often than this is an attack.
LEAST_INTERVAL = 0.1

# Looking for the server's name and TLS, and nothing that its owner would have to clean up.
_SENDS = ("test_message", "transactions")

_IN_WATCH = ("host", "targets", "via", "vantage")


class WatchOptions(t.NamedTuple):
    """``check``: the options of each check. The rest as in WATCH_OPTIONS, times in seconds."""

    check: t.Dict[str, t.Any]
    interval: float
    duration: float
    stop_file: t.Optional[str]
    log: t.Optional[str]
    collect: bool
    patience: float


def watch_options(given: t.Mapping[str, t.Any]) -> WatchOptions:
    """:raises OptionError: for anything that is not right; what is wrong with a check is found by its first plan."""
    values = checked(given, WATCH_OPTIONS)
    for name, least in (("interval", LEAST_INTERVAL), ("duration", 0.0), ("patience", 0.0)):
        if not least <= values[name] < float("inf"):
            raise OptionError(name, values[name], "is out of range", f"give a number of seconds of {least:g} or more")
    if values["collect"] and values["log"] is None:
        raise OptionError("collect", True, "leaves nothing to collect", "give the log of the watch")
    check = dict(values["check"] or {})
    for name in _IN_WATCH:
        if name in check:
            raise OptionError("check", name, "stands beside it and not within", f"write {name} beside check")
        check[name] = values[name]
    _refuse_messages(check, "check.")
    for position, target in enumerate(values["targets"] or ()):
        if isinstance(target, t.Mapping):
            _refuse_messages(target, f"targets[{position}].")
    if not {"sender", "from", "recipient", "to", "recipients", "auth", "stop_after"} & {
        name for name, value in check.items() if value is not None
    }:
        check["stop_after"] = "starttls"
    timeouts = dict(check.get("timeouts") or {})
    # With less, a lost packet would be an outage: it is sent again after a second.
    timeouts.setdefault("connect", max(values["interval"], 2.0))
    timeouts.setdefault("reply", max(values["interval"], 5.0))
    check["timeouts"] = timeouts
    log = values["log"]
    return WatchOptions(
        check=check,
        interval=values["interval"],
        duration=values["duration"],
        stop_file=values["stop_file"] or (f"{log}.stop" if log is not None else None),
        log=log,
        collect=values["collect"],
        patience=values["patience"],
    )


def _refuse_messages(options: t.Mapping[str, t.Any], prefix: str) -> None:
    for name in _SENDS:
        if options.get(name) is not None:
            raise OptionError(f"{prefix}{name}", "(given)", "would send a message at each interval", "drop it")
