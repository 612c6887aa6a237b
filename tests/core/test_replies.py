# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Octets in, replies out: what honest servers send, what odd ones send, and whatever else can be sent."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mailops_smtp.dialog import replies
from mailops_smtp.dialog.commands import MASK
from mailops_smtp.dialog.replies import NotAReply, Reply, ReplyError, ReplyReader, TooLarge, printable


def read(*portions):
    """All replies in the octets, which arrive in these portions; an error's class stands for what follows it."""
    reader, found = ReplyReader(), []
    for portion in portions:
        reader.receive(portion)
        try:
            reply = reader.next_reply()
            while reply is not None:
                found.append(reply)
                reply = reader.next_reply()
        except ReplyError:
            return [*found, ReplyError]
    return found


@pytest.mark.parametrize(
    ("octets", "code", "enhanced", "lines"),
    [
        (b"220 mx1.contoso.com ESMTP Postfix\r\n", 220, None, ("mx1.contoso.com ESMTP Postfix",)),
        (b"250 2.1.0 Ok\r\n", 250, "2.1.0", ("2.1.0 Ok",)),
        (b"250 2.1.0\r\n", 250, "2.1.0", ("2.1.0",)),
        (b"220-mx1.contoso.com\r\n220 ESMTP\r\n", 220, None, ("mx1.contoso.com", "ESMTP")),
        (b"250-mx\r\n250-STARTTLS\r\n250 DSN\r\n", 250, None, ("mx", "STARTTLS", "DSN")),
        (b"550-5.1.1 No such\r\n550 5.1.1 user\r\n", 550, "5.1.1", ("5.1.1 No such", "5.1.1 user")),
        # No text at all, with and without the separator.
        (b"250\r\n", 250, None, ("",)),
        (b"250 \r\n", 250, None, ("",)),
        (b"250-\r\n250 SIZE\r\n", 250, None, ("", "SIZE")),
        # Not an enhanced status code: a version, too many digits, a class that does not exist.
        (b"220 2.1.0.5 Mail\r\n", 220, None, ("2.1.0.5 Mail",)),
        (b"250 2.1000.0 Ok\r\n", 250, None, ("2.1000.0 Ok",)),
        (b"250 3.0.0 Ok\r\n", 250, None, ("3.0.0 Ok",)),
        # Codes beyond RFC 5321's second digit.
        (b"290 Fine\r\n", 290, None, ("Fine",)),
    ],
)
def test_a_reply(octets, code, enhanced, lines):
    (reply,) = read(octets)
    assert reply == Reply(code, enhanced, lines)


@pytest.mark.parametrize(
    ("octets", "code", "lines", "flaws"),
    [
        (b"220 mx ESMTP\n", 220, ("mx ESMTP",), ("bare_lf",)),
        (b"250-mx\n250 DSN\r\n", 250, ("mx", "DSN"), ("bare_lf",)),
        (b"220 mx\rESMTP\r\n", 220, ("mx\\rESMTP",), ("bare_cr",)),
        (b"220 mx\r\r\n", 220, ("mx",), ("bare_cr",)),
        (b"220 mx\0 ESMTP\r\n", 220, ("mx\\x00 ESMTP",), ("nul",)),
        (b"220 caf\xc3\xa9\r\n", 220, ("café",), ("not_ascii",)),
        (b"220 caf\xe9\r\n", 220, ("caf\\xe9",), ("not_ascii",)),
        (b"220 " + b"x" * 507 + b"\r\n", 220, ("x" * 507,), ("long_line",)),
        (b"220 " + b"x" * 507 + b"\n", 220, ("x" * 507,), ("bare_lf",)),
        (b"250OK\r\n", 250, ("OK",), ("no_separator",)),
        (b"2500 octets\r\n", 250, ("0 octets",), ("no_separator",)),
        # The last line's code counts (RFC 5321 4.2.1 allows only one), and so does its enhanced code.
        (b"250-2.1.5 Ok\r\n450 4.2.0 But not now\r\n", 450, ("2.1.5 Ok", "4.2.0 But not now"), ("code_changed",)),
        (b"250-Ok\r\n251 Forwarded\r\n", 251, ("Ok", "Forwarded"), ("code_changed",)),
        (b"250-mx\n250\0\xff\n", 250, ("mx", "\\x00\\xff"), ("bare_lf", "nul", "not_ascii", "no_separator")),
    ],
)
def test_a_deviation_is_read_and_noted(octets, code, lines, flaws):
    (reply,) = read(octets)
    assert (reply.code, reply.lines, reply.flaws) == (code, lines, flaws)


def test_the_longest_line_that_rfc_5321_allows_is_no_flaw():
    (reply,) = read(b"220 " + b"x" * 506 + b"\r\n")
    assert reply == Reply(220, None, ("x" * 506,))


def test_octets_that_the_text_cannot_show_are_kept():
    octets = b"220-mx\r\n220 \x1b[2J\x07\xff\r\n"
    (reply,) = read(octets)
    assert reply.lines == ("mx", "\\x1b[2J\\x07\\xff")
    assert base64.b64decode(reply.raw_base64) == octets


def test_text_that_shows_everything_is_not_kept_twice():
    shown = bytes(range(32, 127))
    (reply,) = read(b"220 mx ESMTP" + shown + b"\n")  # a line end that is noted, so the octets are looked at
    assert reply.raw_base64 is None
    for octet in (31, 127):
        (reply,) = read(b"220 mx ESMTP" + bytes([octet]) + b"\n")
        assert reply.raw_base64 is not None


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"* OK IMAP4rev1 ready\r\n",
        b"+OK POP3 ready\r\n",
        b"\r\n",
        b"\n",
        b"22\r\n",
        b"120 Service ready in a minute\r\n",
        b"650 Beyond\r\n",
        b" 220 mx\r\n",
        b"220-mx\r\nnot a continuation\r\n",
        b"220-mx\r\n\n",
        b"\x15\x03\x03\x00\x02\x02\x46",  # a TLS alert, without any line end
        b"\xff\xfb\x01",  # telnet's negotiation
    ],
)
def test_what_is_no_reply(octets):
    reader = ReplyReader()
    reader.receive(octets)
    with pytest.raises(NotAReply, match="This is not an SMTP reply: ") as raised:
        reader.next_reply()
    assert raised.value.kind == "protocol"
    assert raised.value.seen.code is None
    assert raised.value.seen.flaws[0] == "no_code"
    assert "code_changed" not in raised.value.seen.flaws
    assert str(raised.value) == raised.value.detail


@pytest.mark.parametrize("before", [b"", b"250-mx\r\n"])
@pytest.mark.parametrize(("octet", "refused"), [(b"\x1f", True), (b" ", False), (b"~", False), (b"\x7f", True)])
def test_what_is_no_text_is_refused_without_waiting_for_its_line_end(before, octet, refused):
    assert read(before + octet) == ([ReplyError] if refused else [])


def test_what_is_no_reply_is_shown():
    reader = ReplyReader()
    reader.receive(b"220-mx1.contoso.com\r\nHTTP/1.1 400 Bad Request\r\n")
    with pytest.raises(NotAReply) as raised:
        reader.next_reply()
    assert raised.value.detail == 'This is not an SMTP reply: "HTTP/1.1 400 Bad Request"'
    assert raised.value.seen.lines == ("220-mx1.contoso.com", "HTTP/1.1 400 Bad Request")
    reader.receive(b"220-mx1.contoso.com\r\n\xff")
    with pytest.raises(NotAReply, match=r'"\\xff"$'):
        reader.next_reply()


@pytest.mark.parametrize(
    "octets",
    [
        b"220 " + b"x" * replies.MAX_REPLY_OCTETS,
        b"220 " + b"x" * replies.MAX_REPLY_OCTETS + b"\r\n",
        b"220-mx1\r\n" + b"220-and one more\r\n" * (replies.MAX_REPLY_OCTETS // 18 + 1),
    ],
    ids=["a line without end", "a line", "lines without end"],
)
def test_more_than_any_reply_has(octets):
    reader = ReplyReader()
    reader.receive(octets)
    with pytest.raises(TooLarge) as raised:
        reader.next_reply()
    begins = raised.value.seen.lines[0][:80]
    assert raised.value.detail == f'The reply did not end within 65536 octets; it begins "{begins}"'
    assert raised.value.kind == "too_large"
    assert raised.value.seen.code is None
    assert "incomplete" in raised.value.seen.flaws
    assert raised.value.seen.truncated
    assert all(len(line) <= replies.MAX_CHARACTERS_KEPT for line in raised.value.seen.lines)
    assert len(raised.value.seen.lines) <= replies.MAX_LINES_KEPT


@pytest.mark.parametrize("size", [1, 7, 4096, 65536, 1_000_000])
@pytest.mark.parametrize("line", [b"250-and one more\r\n", b"250-\xff\n", b"x" * 100], ids=["lines", "raw", "no lines"])
def test_what_never_ends_gives_the_same_evidence_however_it_is_split(line, size):
    octets = b"250-mx1\r\n" + line * (70_000 // len(line))
    reader = ReplyReader()
    for start in range(0, len(octets), size):
        reader.receive(octets[start : start + size])
        if start + size > replies.MAX_REPLY_OCTETS:
            break
        assert reader.next_reply() is None
    with pytest.raises(TooLarge) as raised:
        reader.next_reply()
    assert raised.value.detail == 'The reply did not end within 65536 octets; it begins "250-mx1"'
    expected = ReplyReader()
    expected.receive(octets[: replies.MAX_REPLY_OCTETS])
    assert expected.next_reply() is None
    assert raised.value.seen == expected.incomplete(), "and no more than a reply could have had"
    assert ("long_line" in raised.value.seen.flaws) is (b"\n" not in line)
    assert held(reader) == 0


LARGEST = [b"250-X\r\n", b"250 " + b"x" * (replies.MAX_REPLY_OCTETS - 13) + b"\r\n"]


@pytest.mark.parametrize("portions", [LARGEST, [b"".join(LARGEST)]], ids=["line by line", "at once"])
def test_the_largest_reply_is_read_and_cut(portions):
    (reply,) = read(*portions)
    assert (reply.code, reply.lines, reply.truncated) == (250, ("X", "x" * 1000), True)
    assert len(read(b"".join(portions) + b"250 another\r\n")) == 2
    assert read(portions[0].replace(b"X", b"XX"), *portions[1:]) == [ReplyError], "one octet more"


def test_the_limit_is_each_replys_own():
    (first, second) = read(*LARGEST, *LARGEST)
    assert first == second
    assert read(*LARGEST, b"250-XX\r\n", LARGEST[1]) == [first, ReplyError], "one octet more"


@pytest.mark.parametrize("before", [b"", b"220 mx1\r\n"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_empty_line_is_a_line_of_its_own(before, end):
    reader = ReplyReader()
    reader.receive(before + end + b"250 Ok\r\n")
    if before:
        assert reader.next_reply() == Reply(220, None, ("mx1",))
    with pytest.raises(NotAReply, match=r'^This is not an SMTP reply: ""$') as raised:
        reader.next_reply()
    assert raised.value.seen.lines == ("",)


def test_the_largest_line_is_waited_for():
    reader = ReplyReader()
    assert not reader.overfull
    reader.receive(b"x" * replies.MAX_REPLY_OCTETS)
    assert reader.next_reply() is None
    assert not reader.overfull
    reader.receive(b"x")
    assert reader.overfull
    with pytest.raises(TooLarge):
        reader.next_reply()


@pytest.mark.parametrize(("lines", "truncated"), [(200, False), (201, True)])
@pytest.mark.parametrize("line", [b"250-a\r\n", b"250-a\n"])
def test_two_hundred_lines_are_kept(line, lines, truncated):
    (reply,) = read(line * (lines - 1) + b"250 b\r\n")
    assert len(reply.lines) == 200
    assert reply.truncated is truncated


@pytest.mark.parametrize("lines", [1, 2, 200, 201, 1000])
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_the_last_line_has_the_enhanced_code_however_many_come_before(lines, end):
    (reply,) = read(b"250-2.1.5 Ok%s" % end * (lines - 1) + b"450 4.2.0 Not now" + end)
    assert (reply.code, reply.enhanced) == (450, "4.2.0")
    (reply,) = read(b"250-2.1.5 Ok%s" % end * lines + b"250 Ok" + end)
    assert reply.enhanced is None, "what came before it does not count"


@pytest.mark.parametrize(("characters", "truncated"), [(1000, False), (1001, True)])
def test_a_line_is_cut_at_a_thousand_characters(characters, truncated):
    (reply,) = read(b"220 " + b"x" * characters + b"\r\n")
    assert reply.lines == ("x" * 1000,)
    assert reply.truncated is truncated


def test_a_short_line_comes_with_the_end_of_a_long_one():
    assert read(b"220-mx1.contoso.com", b"\r\n220 ok\r\n") == [Reply(220, None, ("mx1.contoso.com", "ok"))]


def test_two_replies_in_one_packet():
    assert [reply.code for reply in read(b"250 Sender\r\n550 Recipient\r\n")] == [250, 550]


def test_many_replies_at_once_are_no_endless_one():
    assert len(read(b"250 Ok\r\n" * 10_000)) == 10_000


def test_what_was_said_unasked():
    reader = ReplyReader()
    reader.receive(b"250 Sender\r\n250-Recip")
    assert reader.next_reply().lines == ("Sender",)
    assert reader.next_reply() is None
    assert reader.unsolicited() == "250-Recip"
    assert reader.unsolicited() is None
    reader.receive(b"354 Go\r\n")
    assert reader.next_reply().code == 354, "nothing of the former is left"


def test_whole_lines_said_unasked():
    reader = ReplyReader()
    reader.receive(b"250-Recipient\r\n250-ok\r\n")
    assert reader.next_reply() is None
    assert reader.unsolicited() == "250-Recipient\\r\\n250-ok\\r\\n"


def test_a_reply_that_never_ended():
    reader = ReplyReader()
    reader.receive(b"250-mx1.contoso.com\r\n250 SI")
    assert reader.next_reply() is None
    seen = reader.incomplete()
    assert (seen.code, seen.lines) == (None, ("250-mx1.contoso.com", "250 SI"))
    assert "incomplete" in seen.flaws
    assert reader.incomplete() is None
    reader.receive(b"220 mx1\r\n")
    assert reader.next_reply() == Reply(220, None, ("mx1",)), "nothing of the former is left"


def test_a_reply_that_never_ended_behind_a_whole_line_keeps_its_code_too():
    reader = ReplyReader()
    reader.receive(b"250-2.0.0 Ok\r\n")
    assert reader.next_reply() is None
    # It is not known yet what it comes to.
    assert reader.incomplete() == Reply(None, None, ("250-2.0.0 Ok",), flaws=("incomplete",))


def test_what_is_concealed_is_so_everywhere():
    reader = ReplyReader()
    reader.concealed = (b"secret", b"word")
    reader.receive(b"500 secret\r\n")
    assert reader.next_reply() == Reply(500, None, (MASK,))
    reader.receive(b"500 secret\xff word secret\r\n")
    reply = reader.next_reply()
    assert reply.lines == (f"{MASK}\\xff {MASK} {MASK}",)
    assert base64.b64decode(reply.raw_base64) == f"500 {MASK}\xff {MASK} {MASK}\r\n".encode("latin-1")
    reader.receive(b"500 secret")
    assert reader.unsolicited() == f"500 {MASK}"
    reader.receive(b"500 secret")
    assert reader.incomplete().lines == (f"500 {MASK}",)
    reader.receive(b"a secret\r\n")
    with pytest.raises(NotAReply, match=r'"a \*{8}"$'):
        reader.next_reply()


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        (None, (False, False, False, False)),
        (199, (False, False, False, False)),
        (200, (True, False, False, False)),
        (299, (True, False, False, False)),
        (300, (False, True, False, False)),
        (399, (False, True, False, False)),
        (400, (False, False, True, False)),
        (499, (False, False, True, False)),
        (500, (False, False, False, True)),
        (599, (False, False, False, True)),
        (600, (False, False, False, False)),
    ],
)
def test_the_kind_of_a_reply(code, kinds):
    reply = Reply(code, None, ())
    assert (reply.positive, reply.intermediate, reply.transient, reply.permanent) == kinds


def test_the_public_form():
    (reply,) = read(b"250 2.1.0 Ok\n")
    assert reply.as_dict() == {
        "code": 250,
        "enhanced": "2.1.0",
        "lines": ["2.1.0 Ok"],
        "truncated": False,
        "raw_base64": None,
        "flaws": ["bare_lf"],
    }


# Whatever comes.

_LIKELY = st.sampled_from(
    [b"2", b"250", b"-", b" ", b"\r", b"\n", b"\r\n", b"\0", b"\xff", b"x", b"250-a\r\n", b"250 b\r\n"]
)
OCTETS = st.one_of(st.binary(max_size=200), st.lists(_LIKELY, max_size=40).map(b"".join))


@given(OCTETS, st.data())
@example(b"220-mx\r\n220 ok\r\n250 ok\r\n", None)
def test_any_split_gives_the_same_replies(octets, data):
    if data is None:
        portions = [octets[at : at + 1] for at in range(len(octets))]
    else:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(octets)), max_size=10)))
        portions = [octets[start:end] for start, end in zip([0, *cuts], [*cuts, len(octets)])]
    assert read(*portions) == read(octets)


def held(reader):
    """The octets that a reader keeps."""
    return len(reader._buffer) + sum(map(len, reader._lines))


@given(st.lists(OCTETS, max_size=20))
def test_no_octets_cost_more_than_the_limit(portions):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replies, "MAX_REPLY_OCTETS", 100)
        reader = ReplyReader()
        for portion in portions:
            reader.receive(portion)
            seen = readable(reader)
            if seen is not None:
                # Nobody reads on after that; what arrived together with it is all that is left.
                assert held(reader) <= len(portion)
                assert json.loads(json.dumps(seen.as_dict())) == seen.as_dict()
                return
            assert held(reader) <= 100


def readable(reader):
    """Take all replies; return what was seen instead of one, if anything."""
    try:
        while reader.next_reply() is not None:
            continue
    except ReplyError as error:
        return error.seen
    return None


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300)), st.integers(1, 100))
@example("\ud800", 10)
@example("\u202e\x1b[31m\r\n\0", 100)
@example(b"\xf0\x9f\x93", 100)
def test_printable_harms_nobody(data, limit):
    shown = printable(data, limit)
    assert shown.isprintable()
    assert len(shown) <= limit
    assert json.loads(json.dumps(shown).encode("utf-8")) == shown
    assert shown.encode("utf-8").decode("utf-8") == shown


def test_printable_changes_nothing_that_can_be_printed():
    assert printable("mx1.contoso.com ESMTP: naïve 日本") == "mx1.contoso.com ESMTP: naïve 日本"
    assert printable(bytearray("é".encode())) == "é"
    assert printable("📬".encode() * 10, 10) == "📬" * 10


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        ("334 cj1hYmMscz1xcSxpPTQwOTY=", (MASK,)),
        ("235 dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==", (MASK,)),
        ("235 2.7.0 dj02cnJp Welcome", (f"2.7.0 {MASK} Welcome",)),
        ("235-2.7.0 Welcome\r\n235 2.7.0 dj02cnJp", ("2.7.0 Welcome", f"2.7.0 {MASK}")),
        ("235 2.7.0 Authentication successful", ("2.7.0 Authentication successful",)),
        ("535 5.7.8 No", ("5.7.8 No",)),
        ("334-cj1hYmMscz1xcSxpPTQwOTY=\r\n235 2.7.0 Welcome", (MASK,)),
    ],
)
def test_what_would_let_passwords_be_tried_is_kept_of_no_auth_reply(reply, kept):
    reader = ReplyReader()
    reader.receive(f"{reply}\r\n".encode())
    read = reader.next_reply()
    assert read.without_secrets().lines == kept


def test_a_challenge_that_breaks_off_is_not_kept_either():
    reader = ReplyReader()
    reader.receive(b"334 cj1hYmMscz1xcSxpPTQwOTY=")
    assert reader.incomplete().without_secrets() == Reply(None, None, (MASK,), flaws=("incomplete",))


@pytest.mark.parametrize(("octets", "raw"), [(b"334 \xff", False), (b"235 dj02\xff", False), (b"535 \xff", True)])
def test_what_is_not_kept_as_text_is_not_kept_as_octets(octets, raw):
    (reply,) = read(octets + b"\r\n")
    assert (reply.without_secrets().raw_base64 is not None) is raw


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (b"334 cj1hYmMs\r\n", MASK),
        (b"334-cj1hYmMs\r\n334 dj02cnJp\r\n", MASK * 2),
        (b"334 cj1hYmMs\n421 4.4.2 Idle\r\n", rf"{MASK}421 4.4.2 Idle\r\n"),
        (b"334 cj1h", MASK),
        (b"33", MASK),
        (b"cj1hYmMs\r\n", MASK),
        (b"235 2.7.0 dj02cnJp Welcome\r\n", rf"235 2.7.0 {MASK} Welcome\r\n"),
        (b"250 \x1b[2J\r\n", r"250 \x1b[2J\r\n"),
        (b"250 x\n" * 200, (r"250 x\n" * 200)[:1000]),
        (b"", None),
    ],
)
def test_what_is_said_unasked_in_an_auth_exchange_is_kept_without_secrets(octets, shown):
    reader = ReplyReader()
    reader.confidential = True
    reader.receive(octets)
    assert reader.unsolicited() == shown
    assert reader.unsolicited() is None


def test_outside_of_an_auth_exchange_nothing_unasked_is_a_secret():
    reader = ReplyReader()
    reader.receive(b"334 cj1hYmMs\r\n")
    assert reader.unsolicited() == r"334 cj1hYmMs\r\n"


@pytest.mark.parametrize(
    ("octets", "detail"),
    [
        (b"cj1hYmMs\r\n", f'This is not an SMTP reply: "{MASK}"'),
        (b"334 " + b"c" * replies.MAX_REPLY_OCTETS, f'The reply did not end within 65536 octets; it begins "{MASK}"'),
    ],
)
def test_no_error_in_an_auth_exchange_shows_what_may_be_a_challenge(octets, detail):
    reader = ReplyReader()
    reader.confidential = True
    reader.receive(octets)
    with pytest.raises(ReplyError) as raised:
        reader.next_reply()
    assert raised.value.detail == detail
