# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The way a message took: its Received fields (RFC 5321 4.4), who handed it to whom, how, and how long it lay where.

Each host stamps by its own clock. Which clocks go wrong is found by the fewest that must: the stamps that follow one
another in time are believed, those that do not fit between them are not. What lies between two stamps that are believed
is latency, what lies outside is skew.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .mime import moment

MAX_HOPS = 100
# Stamps have no fractions of a second, and clocks that NTP keeps are not exact.
TOLERANCE = 2.0
# A hop that took less is not worth a word.
SLOW_SECONDS = 10.0
_MAX_FIELD = 2000
_MAX_WORD = 255

_WORD = re.compile(r"\b(from|by|via|with|id|for)\s+", re.I)
_ADDRESS = re.compile(
    r"\[(?:IPv6:)?([0-9A-Fa-f:.]{3,45})\]|\(([0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)\)"
)
_VERSION = re.compile(r"\b(?:version=)?(TLS|SSL)[ v]?([0-9])(?:[._]([0-9]))?\b", re.I)
_CIPHER = re.compile(r"\bcipher[= ]([A-Z0-9_-]{5,60})|\btls ([A-Z0-9_-]{5,60})|\bTLSv?[0-9.]+:([A-Z0-9_-]{5,60})")
# RFC 3848 and the IANA registry of mail transmission types: the S of these says that there was TLS.
_WITH_TLS = re.compile(r"(?:UTF8)?(?:E?SMTP|LMTP)SA?", re.I)
_WITHOUT_TLS = re.compile(r"(?:UTF8)?(?:ESMTP|LMTP)A?", re.I)


@dataclasses.dataclass(frozen=True)
class Hop:
    """One Received field. What it does not say is None.

    ``at``: its stamp, seconds since 1970. ``delay``: how long after the hop before that was, None where one of the two
    clocks is not believed. ``clock_offset``: how many seconds that host's clock is ahead, at least; None where it is
    believed.
    """

    from_name: t.Optional[str]
    from_address: t.Optional[str]
    by: t.Optional[str]
    protocol: t.Optional[str]
    tls: t.Optional[bool]
    tls_version: t.Optional[str]
    cipher: t.Optional[str]
    identifier: t.Optional[str]
    recipient: t.Optional[str]
    at: t.Optional[float]
    delay: t.Optional[float] = None
    clock_offset: t.Optional[float] = None


def read_hops(received: t.Sequence[str]) -> t.List[Hop]:
    """The hops from the first to the last, out of the Received fields, of which the last one stands first."""
    return [read_hop(value) for value in reversed(received[:MAX_HOPS])]


def read_hop(value: str) -> Hop:
    value = " ".join(value[:_MAX_FIELD].split())
    told, semicolon, stamp = value.rpartition(";")
    if not semicolon:
        told, stamp = value, ""
    bare, comments = _without_comments(told)
    words = _words(bare)
    protocol = words.get("with")
    # Exchange writes "Microsoft SMTP Server" with the rest in parentheses; LOCAL and HTTP are others' own words.
    whole = " ".join([told])
    version = _VERSION.search(whole)
    cipher = _CIPHER.search(whole)
    address = _ADDRESS.search(_between(told, "from", "by"))
    from_name = words.get("from")
    if from_name and from_name.startswith("[") and from_name.endswith("]"):
        # Exim, of a client whose address has no name: what the client called itself is in the comment.
        helo = re.search(r"helo=\[?([^\s\])]{1,255})", " ".join(comments))
        from_name = helo.group(1) if helo else None
    return Hop(
        from_name=from_name,
        from_address=next((group for group in address.groups() if group), None) if address else None,
        by=words.get("by"),
        protocol=protocol,
        tls=_tls(protocol, bool(version) or bool(cipher)),
        tls_version=_spelled(version) if version else None,
        cipher=next((group for group in cipher.groups() if group), None) if cipher else None,
        identifier=words.get("id"),
        recipient=(words.get("for") or "").strip("<>") or None,
        at=moment(stamp),
    )


def timed(
    hops: t.Sequence[Hop], not_after: t.Sequence[t.Optional[float]] = (), not_before: t.Optional[float] = None
) -> t.List[Hop]:
    """The hops with their delays, and the clocks that cannot be right.

    ``not_after``: later moments by other clocks, in their order, such as the mailbox's and our own. ``not_before``: the
    moment of the message's making by a clock that is known to agree with the last of ``not_after``.
    """
    # Everything that happened one after the other, with its place among the hops.
    moments: t.List[t.Tuple[float, int]] = [
        (hop.at, position) for position, hop in enumerate(hops) if hop.at is not None
    ]
    moments += [(at, len(hops)) for at in not_after if at is not None]
    believed = _longest_in_order(moments, not_before)
    trusted = {position for position in believed if position < len(hops)}
    known = [(position, t.cast(float, hops[position].at)) for position in sorted(trusted)]
    ends = [at for at in not_after if at is not None]
    made: t.List[Hop] = []
    for position, hop in enumerate(hops):
        before = max((at for place, at in known if place < position), default=not_before)
        after = min((at for place, at in known if place > position), default=min(ends) if ends else None)
        if hop.at is None:
            made.append(hop)
        elif position in trusted:
            delay = max(0.0, hop.at - before) if before is not None and any(p < position for p, at in known) else None
            made.append(dataclasses.replace(hop, delay=delay))
        elif after is not None and hop.at > after:
            made.append(dataclasses.replace(hop, clock_offset=hop.at - after))
        else:
            made.append(dataclasses.replace(hop, clock_offset=hop.at - before if before is not None else None))
    return made


def slowest(hops: t.Sequence[Hop]) -> t.Optional[int]:
    """The index of the hop that was waited for longest, None where no wait is worth a word."""
    delays = [(hop.delay, -position) for position, hop in enumerate(hops) if hop.delay is not None]
    longest = max(delays, default=None)
    return -longest[1] if longest is not None and longest[0] >= SLOW_SECONDS else None


def _longest_in_order(moments: t.Sequence[t.Tuple[float, int]], not_before: t.Optional[float]) -> t.Set[int]:
    """The places of the most moments that follow one another; of several such choices, the one that takes least time.

    A moment may lie before the one it follows by TOLERANCE.
    """
    # For each moment as the last one: how many there are, when the first of them was, and which one comes before it.
    best: t.List[t.Tuple[int, float, t.Optional[int]]] = []
    for value, _place in moments:
        found: t.Tuple[int, float, t.Optional[int]] = (1, value, None)
        if not_before is not None and value < not_before - TOLERANCE:
            found = (0, value, None)
        for earlier, (count, start, _link) in enumerate(best):
            follows = count > 0 and moments[earlier][0] <= value + TOLERANCE
            if found[0] and follows and (count + 1, start) > found[:2]:
                found = (count + 1, start, earlier)
        best.append(found)
    chosen: t.Set[int] = set()
    ends = [index for index, (count, _start, _link) in enumerate(best) if count]
    link = max(ends, key=lambda index: (best[index][0], best[index][1] - moments[index][0]), default=None)
    while link is not None:
        chosen.add(moments[link][1])
        link = best[link][2]
    return chosen


def _tls(protocol: t.Optional[str], mentioned: bool) -> t.Optional[bool]:
    if mentioned:
        return True
    if protocol is None:
        return None
    if _WITH_TLS.fullmatch(protocol):
        return True
    # HTTP, local and the like say nothing; plain "SMTP" is what those write who never say more.
    return False if _WITHOUT_TLS.fullmatch(protocol) else None


def _spelled(version: t.Match[str]) -> str:
    kind, major, minor = version.group(1).upper(), version.group(2), version.group(3)
    return f"{kind}v{major}.{minor}" if minor and minor != "0" else f"{kind}v{major}"


def _without_comments(text: str) -> t.Tuple[str, t.List[str]]:
    """RFC 5322 3.2.2: comments nest."""
    bare: t.List[str] = []
    comments: t.List[str] = []
    depth = 0
    for character in text:
        if character == "(":
            depth += 1
            if depth == 1:
                comments.append("")
                continue
        elif character == ")" and depth:
            depth -= 1
            if not depth:
                bare.append(" ")
                continue
        if depth:
            comments[-1] += character
        else:
            bare.append(character)
    return "".join(bare), comments


def _words(bare: str) -> t.Dict[str, str]:
    """What follows each of the words that RFC 5321 knows. The first of each counts: a host may be called "by"."""
    found: t.Dict[str, str] = {}
    for match in _WORD.finditer(bare):
        name = match.group(1).lower()
        rest = bare[match.end() :].strip()
        if name == "with" and rest.startswith("Microsoft SMTP Server"):
            found.setdefault(name, "Microsoft SMTP Server")
        elif rest and name not in found:
            found[name] = rest.split(" ", 1)[0][:_MAX_WORD].rstrip(";,")
    return found


def _between(text: str, start: str, end: str) -> str:
    match = re.search(rf"\b{start}\s(.*?)(?:\s{end}\s|$)", text, re.I)
    return match.group(1) if match else ""
