# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The octets of a message, piece by piece, so that a message of any size takes the memory of one piece.

What changes octets here (line ends, dots, base64) gives the same whatever pieces they come in.
"""

from __future__ import annotations

import base64
import typing as t

PIECE_OCTETS = 64 * 1024

# RFC 5321 4.5.3.1.6 and RFC 5322 2.1.1, without the CRLF.
MAX_LINE_OCTETS = 998

# RFC 2045 6.8: 76 characters a line, which hold 57 octets.
_OCTETS_IN_A_LINE = 57
_LINE_OF_BASE64 = 76 + 2

EXCERPT_OCTETS = 4000

# What a message is filled up with, in lines that every reader can show.
_LINE_OF_FILLER = 76 + 2

Pieces = t.Iterable[bytes]


CHANGED = "The content of the message has changed while it was used."


class Unreadable(Exception):
    """Raised instead of the next piece: it cannot be had, though it could when the content was looked at."""


class Content(t.NamedTuple):
    """What a message consists of, its lines ended by CRLF, without the doubled dots of DATA.

    ``pieces`` begins anew with each call. ``size`` is in octets: what SIZE announces (RFC 1870 5). ``eight_bit``: it
    has octets beyond ASCII. ``binary``: it has what only BINARYMIME allows, which is a NUL, a CR or LF by itself, or a
    line of more than 998 octets (RFC 3030 3).
    """

    pieces: t.Callable[[], Pieces]
    size: int
    eight_bit: bool = False
    binary: bool = False


def content_of(octets: bytes) -> Content:
    """Octets that are in memory as a content."""
    return looked_through(lambda: sliced(octets))


def looked_through(pieces: t.Callable[[], Pieces]) -> Content:
    """Read it once to know what is in it. Whoever reads it again gets as many octets, or Unreadable."""
    size = line = 0
    eight_bit = nul = long_line = False
    ends = {b"\r": 0, b"\n": 0, b"\r\n": 0}
    before = b""
    for piece in pieces():
        size += len(piece)
        eight_bit = eight_bit or not piece.isascii()
        nul = nul or b"\0" in piece
        for end in ends:
            ends[end] += piece.count(end)
        ends[b"\r\n"] += before == b"\r" and piece[:1] == b"\n"
        before = piece[-1:] or before
        first, *others = piece.split(b"\n")
        line += len(first)
        if others:
            # The CR that ends a line counts, the LF does not.
            long_line = long_line or max(line, *map(len, others[:-1]), 0) > MAX_LINE_OCTETS + 1
            line = len(others[-1])
        long_line = long_line or line > MAX_LINE_OCTETS + 1
    binary = nul or long_line or len(set(ends.values())) > 1
    return Content(lambda: _held_to(size, pieces()), size, eight_bit, binary)


def excerpt(content: Content) -> str:
    """As much of a content as people look at, and how much more there is."""
    head = b""
    for piece in content.pieces():
        head += piece
        if len(head) > EXCERPT_OCTETS:
            break
    more = content.size - EXCERPT_OCTETS
    shown = head[:EXCERPT_OCTETS].decode("utf-8", "backslashreplace")
    return f"{shown}\r\n[{more} more octets]" if more > 0 else shown


def _held_to(size: int, pieces: Pieces) -> t.Iterator[bytes]:
    seen = 0
    for piece in pieces:
        seen += len(piece)
        if seen > size:
            break
        yield piece
    if seen != size:
        raise Unreadable(CHANGED)


def sliced(octets: bytes) -> t.Iterator[bytes]:
    """What is in memory anyway, in pieces."""
    return (octets[at : at + PIECE_OCTETS] for at in range(0, len(octets), PIECE_OCTETS))


def normalised(pieces: Pieces) -> t.Iterator[bytes]:
    """RFC 5321 2.3.8: CR and LF only together, as CRLF. One that stands alone becomes one."""
    held = b""  # a CR whose LF may come with the next piece
    for piece in pieces:
        whole = held + piece
        held = whole[-1:] if whole.endswith(b"\r") else b""
        whole = whole[: len(whole) - len(held)]
        yield whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    if held:
        yield b"\r\n"


def ended(pieces: Pieces) -> t.Iterator[bytes]:
    """RFC 5321 4.1.1.4: the last line is ended too."""
    last = b""
    for piece in pieces:
        last = (last + piece)[-2:]
        yield piece
    if last not in (b"", b"\r\n"):
        yield b"\r\n"


def dot_stuffed(pieces: Pieces) -> t.Iterator[bytes]:
    """RFC 5321 4.5.2: a dot more where a line begins with one, and the line with a single dot that ends the mail.

    A line begins after CRLF and nowhere else, so nothing but CRLF, dot, CRLF ends a mail, and no content holds that
    once it is stuffed. What some servers take for a line's end, such as LF alone, goes through as it is."""
    before = b"\r\n"
    for piece in pieces:
        whole = before + piece
        yield whole.replace(b"\r\n.", b"\r\n..")[len(before) :]
        before = whole[-2:]
    yield b".\r\n"


def in_base64(pieces: Pieces) -> t.Iterator[bytes]:
    """RFC 2045 6.8, in lines of 76 characters, each ended by CRLF."""
    rest = b""
    for piece in pieces:
        whole = rest + piece
        rest = whole[len(whole) // _OCTETS_IN_A_LINE * _OCTETS_IN_A_LINE :]
        yield base64.encodebytes(whole[: len(whole) - len(rest)]).replace(b"\n", b"\r\n")
    yield base64.encodebytes(rest).replace(b"\n", b"\r\n")


def size_in_base64(octets: int) -> int:
    lines, rest = divmod(octets, _OCTETS_IN_A_LINE)
    return lines * _LINE_OF_BASE64 + ((rest + 2) // 3 * 4 + 2 if rest else 0)


def filler(octets: int) -> t.Iterator[bytes]:
    """Lines of so many octets altogether, from two on."""
    lines, rest = divmod(octets, _LINE_OF_FILLER)
    if rest == 1:
        # A line has two octets at least: it takes some of the last whole one.
        lines, rest = lines - 1, rest + _LINE_OF_FILLER
        yield b"x" * (rest - 2 - 2) + b"\r\n" + b"\r\n"
    elif rest:
        yield b"x" * (rest - 2) + b"\r\n"
    line = b"x" * (_LINE_OF_FILLER - 2) + b"\r\n"
    lines_in_a_piece = PIECE_OCTETS // _LINE_OF_FILLER
    while lines > 0:
        yield line * min(lines, lines_in_a_piece)
        lines -= lines_in_a_piece


class Portions:
    """One sequence of pieces, from which portions of so many octets are taken one after the other."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def take(self, octets: int) -> t.Iterator[bytes]:
        """The next so many octets.

        :raises Unreadable: there are not so many. What was announced could not be sent, so nothing must follow it.
        """
        while octets > 0:
            whole = self._rest or next(self._pieces, None)
            if whole is None:
                raise Unreadable(CHANGED)
            piece, self._rest = whole[:octets], whole[octets:]
            octets -= len(piece)
            yield piece
