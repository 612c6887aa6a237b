# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done to the octets of a message comes out the same in whatever pieces they come."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mailops_smtp.dialog.octets import (
    EXCERPT_OCTETS,
    PIECE_OCTETS,
    Content,
    Portions,
    Unreadable,
    content_of,
    dot_stuffed,
    ended,
    excerpt,
    filler,
    in_base64,
    looked_through,
    normalised,
    size_in_base64,
    sliced,
)

# Much of what matters at the border of two pieces, and a little of everything else.
TRICKY = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"\0", b"a", b"\xe9"]) | st.binary(max_size=3))
OCTETS = TRICKY.map(b"".join)


@st.composite
def split(draw):
    """Octets, and the same in pieces, empty ones among them."""
    octets = draw(OCTETS)
    borders = sorted(draw(st.lists(st.integers(0, len(octets)), max_size=8)))
    return octets, [octets[start:end] for start, end in zip([0, *borders], [*borders, len(octets)])]


@pytest.mark.parametrize("change", [normalised, ended, dot_stuffed, in_base64])
@given(split())
def test_every_split_gives_the_same(change, given_split):
    octets, pieces = given_split
    assert b"".join(change(pieces)) == b"".join(change([octets]))


@given(split())
def test_every_split_is_seen_through(given_split):
    octets, pieces = given_split
    assert looked_through(lambda: pieces)[1:] == content_of(octets)[1:]


@given(OCTETS)
@example(b"x\r\n.\r\n.\r\n")
@example(b".\r\n")
@example(b"\n.\r\n")
def test_nothing_in_a_content_ends_the_mail_but_its_end(octets):
    """RFC 5321 4.1.1.4: CRLF, dot, CRLF. The CRLF before the first line is that of DATA."""
    content = b"".join(ended([octets]))
    wire = b"\r\n" + b"".join(dot_stuffed([content]))
    assert wire.find(b"\r\n.\r\n") == len(wire) - len(b"\r\n.\r\n")


def unstuffed(wire):
    """What a server makes of it (RFC 5321 4.5.2), and what it has not read yet."""
    content = b""
    while True:
        line, _line_end, wire = wire.partition(b"\r\n")
        if line == b".":
            return content, wire
        content += (line[1:] if line.startswith(b".") else line) + b"\r\n"


@given(OCTETS)
def test_dots_arrive_as_they_were(octets):
    content = b"".join(ended([octets]))
    assert unstuffed(b"".join(dot_stuffed([content]))) == (content, b"")


@pytest.mark.parametrize(
    ("octets", "wire"),
    [
        (b"", b".\r\n"),
        (b".a\r\n", b"..a\r\n.\r\n"),
        (b"a\n.\r\nb\r\n", b"a\n.\r\nb\r\n.\r\n"),
        (b"a\r.\r\nb\r\n", b"a\r.\r\nb\r\n.\r\n"),
        (b"a\n.\nb\r\n", b"a\n.\nb\r\n.\r\n"),
        (b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\r\n.\nb\r\n", b"a\r\n..\nb\r\n.\r\n"),
        (b"a\r\r\n.b\r\n", b"a\r\r\n..b\r\n.\r\n"),
    ],
)
def test_a_line_begins_after_crlf_and_nowhere_else(octets, wire):
    assert b"".join(dot_stuffed([octets])) == wire


@given(OCTETS)
def test_normalised_there_are_whole_line_ends_only_and_all_of_them(octets):
    lines = re.split(rb"\r\n|\r|\n", octets)
    assert b"".join(normalised([octets])) == b"\r\n".join(lines)
    assert content_of(b"".join(normalised([octets.replace(b"\0", b"")]))).binary is False


@given(OCTETS)
def test_the_last_line_is_ended(octets):
    content = b"".join(ended([octets]))
    assert content == octets or content == octets + b"\r\n"
    assert content.endswith(b"\r\n") or content == b""


@pytest.mark.parametrize(
    ("octets", "eight_bit", "binary"),
    [
        (b"", False, False),
        (b"a\r\n", False, False),
        ("ä\r\n".encode(), True, False),
        (b"\xe9\r\n", True, False),
        (b"a\0\r\n", False, True),
        (b"a\n", False, True),
        (b"a\rb\r\n", False, True),
        (b"\n\r", False, True),
        (b"x" * 998 + b"\r\n", False, False),
        (b"x" * 999 + b"\r\n", False, True),
        (b"a\r\n" + b"x" * 999 + b"\r\nb\r\n", False, True),
        (b"a\r\n" + b"x" * 1000, False, True),
        ((b"x" * 998 + b"\r\n") * 200, False, False),
    ],
)
def test_what_is_in_a_content(octets, eight_bit, binary):
    content = content_of(octets)
    assert (content.size, content.eight_bit, content.binary) == (len(octets), eight_bit, binary)
    assert b"".join(content.pieces()) == octets
    assert b"".join(content.pieces()) == octets, "it can be read again"


@pytest.mark.parametrize("now", [b"", b"abc", b"abcdef"])
def test_a_content_that_has_changed_since_is_noticed(now):
    source = [b"abcd"]
    content = looked_through(lambda: source)
    source[0] = now
    seen = []
    with pytest.raises(Unreadable, match="changed"):
        seen.extend(content.pieces())
    assert len(b"".join(seen)) <= content.size


@given(st.binary(max_size=300))
def test_base64_is_pythons(octets):
    encoded = b"".join(in_base64([octets]))
    assert encoded == base64.encodebytes(octets).replace(b"\n", b"\r\n")
    assert size_in_base64(len(octets)) == len(encoded)


@given(st.integers(2, 400) | st.integers(PIECE_OCTETS - 200, PIECE_OCTETS + 200))
def test_filler_has_the_size_and_the_form_of_text(octets):
    lines = b"".join(filler(octets))
    assert len(lines) == octets
    assert re.fullmatch(rb"(?:x{0,76}\r\n)*", lines)


def test_filler_comes_in_pieces():
    assert max(map(len, filler(1_000_000))) <= PIECE_OCTETS


@given(split(), st.lists(st.integers(0, 5)))
def test_portions_are_those_that_were_asked_for(given_split, sizes):
    octets, pieces = given_split
    portions = Portions(pieces)
    left = octets
    for size in [*sizes, len(octets)]:
        size = min(size, len(left))
        assert b"".join(portions.take(size)) == left[:size]
        left = left[size:]


def test_no_portion_is_shorter_than_asked_for():
    portions = Portions([b"ab", b"", b"c"]).take(4)
    assert [next(portions), next(portions), next(portions)] == [b"ab", b"", b"c"]
    with pytest.raises(Unreadable, match="has changed"):
        next(portions)


def test_an_excerpt_tells_how_much_is_left_out():
    assert excerpt(content_of("Grüße\r\n".encode())) == "Grüße\r\n"
    assert excerpt(content_of(b"\xe9\r\n")) == "\\xe9\r\n"
    long = Content(lambda: filler(10_000_000), 10_000_000)
    assert excerpt(long).endswith(f"\r\n[{10_000_000 - EXCERPT_OCTETS} more octets]")
    assert len(excerpt(long)) < EXCERPT_OCTETS + 40


def test_what_is_in_memory_comes_in_pieces_too():
    assert list(sliced(b"x" * (PIECE_OCTETS + 1))) == [b"x" * PIECE_OCTETS, b"x"]
