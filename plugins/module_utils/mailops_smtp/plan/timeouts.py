# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""How long to wait for what: short limits that suit a person who waits, or those that RFC 5321 asks of a sender."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .options import TIMEOUT_OPTIONS, TIMEOUTS, OptionError, checked
from .records import Timeouts

_OF_THE_WHOLE = ("connect", "reply", "total", "block")


def read_timeouts(given: t.Any, option: str) -> Timeouts:
    """``given``: the name of a set of limits, or a dictionary of single ones, ``based_on`` such a set."""
    if given is None or isinstance(given, str):
        given = {"based_on": given}
    if not isinstance(given, Mapping):
        remedy = f"give {' or '.join(TIMEOUTS)}, or a dictionary with some of {', '.join(TIMEOUT_OPTIONS)}"
        raise OptionError(option, given, "is neither a name nor a dictionary", remedy)
    if given.get("based_on") not in (None, *TIMEOUTS):
        remedy = f"choose one of {', '.join(TIMEOUTS)}; single limits stand in a dictionary"
        raise OptionError(option, given["based_on"], "is not the name of a set of time limits", remedy)
    values = checked(given, TIMEOUT_OPTIONS, f"{option}.")
    own = {name: value for name, value in values.items() if value is not None and name != "based_on"}
    for name, value in own.items():
        # The comparison is false for NaN too.
        if not 0 < value <= 86400:
            raise OptionError(f"{option}.{name}", value, "is no usable time limit", "give seconds, up to 86400")
    named = dict(TIMEOUTS[values["based_on"] or "short"])
    if "reply" in own:
        # Whoever says how long to wait for each reply means each, but for those that he names himself.
        named = {name: value for name, value in named.items() if name in _OF_THE_WHOLE}
    seconds = {**named, **own}
    phases = {name: value for name, value in seconds.items() if name not in _OF_THE_WHOLE}
    return Timeouts(seconds["connect"], seconds["reply"], seconds["total"], phases, seconds.get("block"))
