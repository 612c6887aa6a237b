# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The test message: one that no careful server can object to, and that arrives as it was written."""

from __future__ import annotations

import email
import email.policy
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mailops_smtp.dialog.message import DEFAULT_BODY, Attachment, TooSmall, compose, message_id_in, queue_id
from mailops_smtp.dialog.octets import Content, content_of, filler

DATE = "Sun, 01 Mar 2026 21:04:11 +0000"


def message(**changes):
    return compose(
        **{
            "token": "0f1e2d",
            "date": DATE,
            "domain": "vantage.test.com",
            "sender": "admin@test.com",
            "recipients": ["user@contoso.com"],
            **changes,
        }
    )


def content(made):
    return b"".join(made.content.pieces())


def parsed(octets):
    return email.message_from_bytes(octets, policy=email.policy.default)


def test_the_message_of_the_procedure():
    made = message()
    assert content(made).decode("ascii").split("\r\n") == [
        "From: <admin@test.com>",
        "To: <user@contoso.com>",
        f"Date: {DATE}",
        "Message-ID: <0f1e2d@vantage.test.com>",
        "Subject: test message",
        "X-Mailops-Token: 0f1e2d",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 7bit",
        "",
        "This is a test message, you will not see a response from this command.",
        "",
        "Token: 0f1e2d",
        "",
    ]
    assert (made.message_id, made.token, made.size) == ("<0f1e2d@vantage.test.com>", "0f1e2d", len(content(made)))


def test_the_null_sender_has_an_author_too():
    assert content(message(sender="")).startswith(b"From: <postmaster@vantage.test.com>\r\n")


def test_several_recipients_stand_in_one_folded_field():
    people = [f"a-rather-long-local-part-{number}@contoso.com" for number in range(10)]
    made = message(recipients=people)
    assert [address.addr_spec for address in parsed(content(made))["To"].addresses] == people


def test_an_address_beyond_ascii_is_no_encoded_word():
    """RFC 2047 5, RFC 6532 3.2."""
    made = message(sender="jürgen@bücher.example", recipients=["user@contoso.com", "日本@contoso.com"], size=1000)
    assert (made.content.eight_bit, made.content.binary, made.size) == (True, False, len(content(made)))
    assert content(made).decode("utf-8").split("\r\n")[:3] == [
        "From: <jürgen@bücher.example>",
        "To: <user@contoso.com>,",
        " <日本@contoso.com>",
    ]
    mine = message(recipients=["日本@contoso.com"], headers={"To": "user@contoso.com", "X-Name": "日本"})
    assert (mine.content.eight_bit, content(mine).isascii()) == (False, True)


def test_headers_are_added_and_replaced():
    made = message(headers={"subject": "Mine", "X-Ticket": "4711", "Message-Id": "<mine@test.com>"})
    found = parsed(content(made))
    assert found.get_all("Subject") == ["Mine"]
    assert found["X-Ticket"] == "4711"
    assert found.get_all("Message-ID") == ["<mine@test.com>"]
    assert made.message_id == "<mine@test.com>"


def test_a_subject_beyond_ascii():
    made = message(subject="Prüfung 日本 " * 10)
    assert parsed(content(made))["Subject"] == ("Prüfung 日本 " * 10).rstrip(" ") + " "


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ("plain", "7bit"),
        ("Grüße", "base64"),
        ("x" * 998, "7bit"),
        ("x" * 999, "base64"),
        ("a\x0b" + "x" * 997, "base64"),
    ],
)
def test_the_body_is_encoded_only_where_it_must_be(body, encoding):
    found = parsed(content(message(body=body)))
    assert found["Content-Transfer-Encoding"] == encoding
    assert found.get_payload(decode=True).decode().replace("\r\n", "\n") == f"{body}\n\nToken: 0f1e2d\n"


HEADER_TEXT = st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=200)
BODY_TEXT = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=300)


@given(subject=HEADER_TEXT, body=BODY_TEXT)
@example(subject="x" * 70 + " y", body=DEFAULT_BODY)
@example(subject="", body=".\r.\n.\r\n..\n")
@example(subject="", body="\r")
def test_any_text_makes_a_message_that_every_server_takes(subject, body):
    octets = content(message(subject=subject, body=body))
    assert re.fullmatch(rb"(?:[\x01-\x09\x0b\x0c\x0e-\x7f]{0,998}\r\n)*", octets), "ASCII, CRLF, lines within the limit"
    found = parsed(octets)
    assert found["X-Mailops-Token"] == "0f1e2d", "the header has not ended early"
    sent = found.get_payload(decode=True).decode("utf-8")
    assert re.split("\r\n|\r|\n", sent) == [*re.split("\r\n|\r|\n", body), "", "Token: 0f1e2d", ""]


# What is attached.


def attachment(name="report.pdf", octets=b"\0\xff" * 100, media_type="application/pdf"):
    return Attachment(name, media_type, content_of(octets))


@pytest.mark.parametrize("body", [DEFAULT_BODY, "Grüße", ".", ""])
@pytest.mark.parametrize("octets", [b"", b"x", b"\0\xff" * 100, b"." * 57, b"a\r\n.\r\n" * 50])
def test_an_attachment_arrives_as_it_was(octets, body):
    made = message(body=body, attachments=[attachment(octets=octets), attachment("b.txt", b"b", "text/plain")])
    assert made.size == len(content(made))
    text, first, second = parsed(content(made)).iter_parts()
    assert text.get_payload(decode=True).decode().replace("\r\n", "\n").startswith(f"{body}\n\nToken: 0f1e2d")
    assert (first.get_filename(), first.get_content_type()) == ("report.pdf", "application/pdf")
    assert (first.get_content_disposition(), first.get_payload(decode=True)) == ("attachment", octets)
    assert (second.get_content_type(), second.get_payload(decode=True)) == ("text/plain", b"b")


@pytest.mark.parametrize("name", ["a b.txt", 'a"b\\c.txt', "Grüße (1).txt", "日本.zip", "x" * 255])
def test_a_file_name_arrives_as_it_was(name):
    made = message(attachments=[attachment(name)])
    (_text, part) = parsed(content(made)).iter_parts()
    assert part.get_filename() == name


@given(st.binary(max_size=200))
def test_any_attachment_makes_a_message_that_every_server_takes(octets):
    made = content(message(attachments=[attachment(octets=octets)]))
    assert re.fullmatch(rb"(?:[\x01-\x09\x0b\x0c\x0e-\x7f]{0,998}\r\n)*", made)
    (_text, part) = parsed(made).iter_parts()
    assert part.get_payload(decode=True) == octets


# How large it is.

ALONE = message().size


@pytest.mark.parametrize("more", [2, 3, 77, 78, 79, 80, 81, 1000, 10_000])
@pytest.mark.parametrize("attachments", [[], [attachment()]])
def test_a_message_is_as_large_as_it_should_be(more, attachments):
    alone = message(attachments=attachments).size
    made = message(attachments=attachments, size=alone + more)
    assert made.size == len(content(made)) == alone + more
    whole = parsed(content(made))
    text = next(whole.iter_parts()) if attachments else whole
    assert text.get_content().replace("\r\n", "\n").startswith(f"{DEFAULT_BODY}\n\nToken: 0f1e2d\n")
    assert len(list(whole.iter_parts())) == (2 if attachments else 0)


@pytest.mark.parametrize("size", [0, ALONE, ALONE + 1])
def test_a_message_cannot_be_smaller_than_it_is(size):
    with pytest.raises(TooSmall) as raised:
        message(size=size)
    assert raised.value.least == ALONE + 2
    assert message(size=ALONE + 2).size == ALONE + 2


# The user's own.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Message-ID: <a@b.example>\r\n\r\n", "<a@b.example>"),
        ("Subject: x\r\nMESSAGE-id:\r\n <a@b.example>\r\n\r\n", "<a@b.example>"),
        ("Subject: x\nMessage-Id : <a@b.example>\n\n", "<a@b.example>"),
        ("Subject: x\rMessage-Id:<a@b.example>\r\r", "<a@b.example>"),
        ("X-Message-ID: <a@b.example>\r\n\r\n", None),
        ("Subject: x\r\n\r\nMessage-ID: <a@b.example>\r\n", None),
        ("Message-ID: a@b.example\r\n\r\n", None),
        ("Message-ID: <a\x1b[2J>\r\n\r\n", None),
        ("", None),
    ],
)
def test_the_message_id_of_a_message_that_is_there_already(text, found):
    assert message_id_in(content_of(text.encode())) == found


def test_no_more_than_a_header_is_read_for_it():
    taken = []
    endless = Content(lambda: (taken.append(piece) or piece for piece in filler(10_000_000)), 10_000_000)
    assert message_id_in(endless) is None
    assert sum(map(len, taken)) < 200_000


# What the server says of it.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2.0.0 Ok: queued as 4WJx0ZzqGb", "4WJx0ZzqGb"),
        ("OK id=1tAbCd-000000001aB-2xYz", "1tAbCd-000000001aB-2xYz"),
        ("2.6.0 <x@y> [InternalId=4711, Hostname=mx1] Queued mail for delivery", "4711"),
        ("2.0.0 52MAbCdE012345 Message accepted for delivery", "52MAbCdE012345"),
        ("2.0.0 5f0c8d2e Message accepted for delivery", "5f0c8d2e"),
        ("2.0.0 <user@contoso.com> vGl8KnD2BGtMSAAAyuZ/uQ Saved", "vGl8KnD2BGtMSAAAyuZ/uQ"),
        ("2.0.0 <probe@contoso.com> vGl8KnD2BGtMSAAAyuZ+uQ:R3 Saved", "vGl8KnD2BGtMSAAAyuZ+uQ:R3"),
        ("2.0.0 <user@contoso.com> Saved", None),
        ("Ok", None),
        ("2.0.0 Message accepted for delivery", None),
    ],
)
def test_the_queue_id(text, found):
    assert queue_id(["Thank you", text]) == found


def test_no_text_no_queue_id():
    assert queue_id([]) is None
