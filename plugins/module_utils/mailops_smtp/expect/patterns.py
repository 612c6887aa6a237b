# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a regular expression can be let loose on what strangers say.

Python's engine backtracks. A repetition without a bound inside of another one, or several that can match the same text
one after the other, take time that grows as a power, or worse, of the text's length: a hostile server would only have
to send the right text. So a pattern may have at most two repetitions without a small bound, none inside of another.
The texts that it sees are cut at a thousand characters, which makes a million steps the worst.
"""

from __future__ import annotations

import re
import typing as t

# A repetition up to this often counts as bounded, unless it stands in another one.
FEW = 64
MAX_LENGTH = 500
_AT_MOST = 2

# What Python parses patterns with: it moved in 3.11.
_parser: t.Any = getattr(re, "_parser", None) or getattr(re, "sre_parse")  # noqa: B009


def why_not_safe(pattern: str) -> t.Optional[t.Tuple[str, str]]:
    """What is wrong with a pattern, and what would be right; None where it is good."""
    if not pattern:
        return "is an empty pattern", "write what is to be found"
    if len(pattern) > MAX_LENGTH:
        return "is too long a pattern", f"write at most {MAX_LENGTH} characters"
    try:
        parsed = _parser.parse(pattern, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        return f"is no regular expression ({error})", "correct it; a backslash stands before characters that mean more"
    repeats: t.List[str] = []
    try:
        _collect(parsed, 1, repeats)
    except _Nested:
        return "repeats a repetition, which a hostile text makes endless", "write it without one inside of the other"
    if len(repeats) > _AT_MOST:
        return "has more than two repetitions without a bound", "bound them, as in [a-z]{1,20}"
    return None


class _Nested(Exception):
    pass


def _collect(parsed: t.Any, inside: int, repeats: t.List[str]) -> None:
    """Notes each repetition that can be long. ``inside``: how often what it stands in can be repeated."""
    for operator, argument in parsed:
        name = str(operator)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _low, high, inner = argument
            times = int(high)
            if inside > 1 and times > 1 and inside * times > FEW:
                raise _Nested
            if times > FEW:
                repeats.append(name)
            _collect(inner, inside * min(times, FEW + 1), repeats)
        elif name == "GROUPREF":
            # What it stands for can be long, and is compared at every place.
            repeats.append(name)
        else:
            for inner in _parts(argument):
                _collect(inner, inside, repeats)


def _parts(argument: t.Any) -> t.Iterator[t.Any]:
    """The patterns within an argument of the parser's, whatever its form."""
    if hasattr(argument, "data"):
        yield argument
    elif isinstance(argument, (list, tuple)):
        for entry in argument:
            yield from _parts(entry)
