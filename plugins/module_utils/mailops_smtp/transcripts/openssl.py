# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What ``openssl s_client`` prints besides the dialog, with ``-quiet`` and without.

With ``-starttls smtp`` it holds the beginning of the dialog itself and shows only the last line that it heard: nothing
is known of the greeting, nor of the list before TLS.
"""

from __future__ import annotations

import re
import typing as t

_BEGINS = re.compile(r"^(?:CONNECTED\([0-9A-F]{8}\)|depth=[0-9]{1,3} .)")
_CIPHER = re.compile(r"^ {0,4}New, (?:(?P<version>TLSv[0-9.]{1,3}|SSLv3), )?Cipher is (?P<cipher>[A-Z0-9_-]{3,60})$")
_GREETING = re.compile(r"^220[ -]")
_REPLY = re.compile(r"^[2-5][0-9][0-9](?:[ -]|$)")
_ASIDE = re.compile(
    r"^(?:CONNECTED\(|depth=[0-9]|verify (?:error|return):|verify depth is|Didn't find STARTTLS in server response"
    r"|read R BLOCK$|write W BLOCK$|closed$|DONE$|RENEGOTIATING$|KEYUPDATE$|---$|SSL handshake has read"
    r"|notAfter=|notBefore=|issuer= ?|Connecting to )",
    re.IGNORECASE,
)
_TICKET = re.compile(r"^Post-Handshake New Session Ticket arrived:")


class Heard(t.NamedTuple):
    """``tls``: version and cipher suite, as far as they are told. ``greeted``: the greeting is in it."""

    tls: str
    greeted: bool
    lines: t.List[str]


def heard(lines: t.Sequence[str]) -> t.Optional[Heard]:
    """The dialog's own lines; None where none of this is from s_client."""
    first = next((line for line in lines if line.strip()), "")
    if not any(_BEGINS.match(line) for line in lines[:200]) or _REPLY.match(first):
        return None
    dialog = list(_without_asides(_after_the_summary(lines)))
    told = next((match for match in map(_CIPHER.match, lines) if match), None)
    words = " ".join(word for word in (told.group("version"), told.group("cipher")) if word) if told else ""
    greeted = bool(dialog) and _GREETING.match(dialog[0]) is not None
    while dialog and not greeted and _REPLY.match(dialog[0]):
        del dialog[0]  # the end of what was said before TLS
    return Heard(words, greeted, dialog)


def _after_the_summary(lines: t.Sequence[str]) -> t.Sequence[str]:
    """Without ``-quiet``, what is known of certificate and session comes first, and ends with a rule."""
    for index, line in enumerate(lines):
        if line.strip().startswith("Verify return code:"):
            return lines[index + 1 :]
    return lines


def _without_asides(lines: t.Iterable[str]) -> t.Iterator[str]:
    in_ticket = False
    for line in lines:
        if in_ticket:
            in_ticket = line.strip() != "---"
        elif _TICKET.match(line):
            in_ticket = True
        elif not _ASIDE.match(line.strip()):
            yield line
