# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What differs from one connection to the next though nothing has changed, taken out of what servers say.

Dates and times, queue, session and message identifiers, the client's address, and the names of a balancer's members.
Every pattern repeats within bounds, so that no text makes it expensive.
"""

from __future__ import annotations

import re

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?[AP]M)?"
_ZONE = r"(?: ?(?:Z|UTC|GMT|[A-Z]{3,4}|[+-]\d{2}:?\d{2}))?(?: \([A-Za-z ]{1,30}\))?"

_MASKS = (
    # Before the times, which parts of it look like.
    (re.compile(r"\[?\b(?:IPv6:)?[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){3,8}\]?", re.IGNORECASE), "<address>"),
    # 2026-03-01T21:04:11Z
    (re.compile(r"\b\d{4}-\d{2}-\d{2}(?:[T ]" + _CLOCK + _ZONE + ")?"), "<date>"),
    # Sun, 1 Mar 2026 21:04:11 +0000, with or without its parts
    (
        re.compile(
            rf"\b(?:{_DAY},? )?\d{{1,2}}[ -]{_MONTH}[ -]\d{{2,4}}(?:,? (?:at )?{_CLOCK}{_ZONE})?", re.IGNORECASE
        ),
        "<date>",
    ),
    # March 1, 2026 9:04:11 PM CET
    (
        re.compile(
            rf"\b(?:{_DAY},? )?{_MONTH} {{1,2}}\d{{1,2}},? \d{{4}}(?:,? (?:at )?{_CLOCK}{_ZONE})?", re.IGNORECASE
        ),
        "<date>",
    ),
    # Sun Mar  1 21:04:11 2026
    (re.compile(rf"\b(?:{_DAY} )?{_MONTH} {{1,2}}\d{{1,2}},? {_CLOCK}(?: [A-Z]{{3,4}})?(?: \d{{4}})?"), "<date>"),
    (re.compile(r"\b" + _CLOCK + _ZONE), "<time>"),
    # A message identifier; before the names, which it contains.
    (re.compile(r"<[^<>@\s]{1,200}@[^<>@\s]{1,200}>"), "<id>"),
    (re.compile(r"\[?(?:IPv6:)?(?:\d{1,3}\.){3}\d{1,3}\]?(?![\w.])"), "<address>"),
    # A name whose first label has a digit can be one of many: mx-a7.contoso.com.
    (re.compile(r"\b(?=[A-Za-z-]{0,60}\d)[A-Za-z0-9-]{1,63}((?:\.[A-Za-z0-9-]{1,63}){2,8})\b(?!\.\d)"), r"*\1"),
)

# Letters and digits mixed, with three digits or more: d9443c01a7336-1f7ab98. Versions have no letters, or few digits.
# Or letters alone whose case changes every other one: aBcdEfGhIjKlMnOpQrStUv. In SimpleEmailService it does so seldom.
_WORD = re.compile(r"[A-Za-z0-9_=+/-]{8,200}")
_NUMBERED = re.compile(r"<id>\.\d{1,4}\b")
_DIGITS = 3
_LONG = 16


def masked(text: str) -> str:
    """The text with everything that comes and goes replaced by what it is."""
    for pattern, word in _MASKS:
        text = pattern.sub(word, text)
    # Gmail's end with a number of their own: 385fd9a6b0esi123456f8f.521.
    return _NUMBERED.sub("<id>", _WORD.sub(_identifier, text))


def member(name: str) -> str:
    """A host name without what tells it from its fellows behind a balancer: ``*.contoso.com`` of mx7.contoso.com."""
    first, dot, rest = name.lower().partition(".")
    return f"*.{rest}" if dot and any(character.isdigit() for character in first) else name.lower()


def _identifier(found: re.Match[str]) -> str:
    word = found.group()
    digits = sum(character.isdigit() for character in word)
    letters = any(character.isalpha() for character in word)
    if digits >= _DIGITS and (letters or digits >= 8):
        return "<id>"
    changes = sum(
        one.isalpha() and other.isalpha() and one.isupper() != other.isupper() for one, other in zip(word, word[1:])
    )
    return "<id>" if len(word) >= _LONG and changes * 3 >= len(word) else word
