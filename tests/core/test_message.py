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
from mailops_smtp.dialog.message import DEFAULT_BODY, compose, dot_stuffed, queue_id

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


def parsed(content):
    return email.message_from_bytes(content, policy=email.policy.default)


def test_the_message_of_the_procedure():
    made = message()
    assert made.content.decode("ascii").split("\r\n") == [
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
    assert (made.message_id, made.token, made.size) == ("<0f1e2d@vantage.test.com>", "0f1e2d", len(made.content))


def test_the_null_sender_has_an_author_too():
    assert message(sender="").content.startswith(b"From: <postmaster@vantage.test.com>\r\n")


def test_several_recipients_stand_in_one_folded_field():
    people = [f"a-rather-long-local-part-{number}@contoso.com" for number in range(10)]
    made = message(recipients=people)
    assert [address.addr_spec for address in parsed(made.content)["To"].addresses] == people


def test_headers_are_added_and_replaced():
    made = message(headers={"subject": "Mine", "X-Ticket": "4711", "Message-Id": "<mine@test.com>"})
    found = parsed(made.content)
    assert found.get_all("Subject") == ["Mine"]
    assert found["X-Ticket"] == "4711"
    assert found.get_all("Message-ID") == ["<mine@test.com>"]
    assert made.message_id == "<mine@test.com>"


def test_a_subject_beyond_ascii():
    made = message(subject="Prüfung 日本 " * 10)
    assert parsed(made.content)["Subject"] == ("Prüfung 日本 " * 10).rstrip(" ") + " "


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
    found = parsed(message(body=body).content)
    assert found["Content-Transfer-Encoding"] == encoding
    assert found.get_payload(decode=True).decode().replace("\r\n", "\n") == f"{body}\n\nToken: 0f1e2d\n"


HEADER_TEXT = st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=200)
BODY_TEXT = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=300)


@given(subject=HEADER_TEXT, body=BODY_TEXT)
@example(subject="x" * 70 + " y", body=DEFAULT_BODY)
@example(subject="", body=".\r.\n.\r\n..\n")
def test_any_text_makes_a_message_that_every_server_takes(subject, body):
    content = message(subject=subject, body=body).content
    assert re.fullmatch(rb"(?:[\x01-\x09\x0b\x0c\x0e-\x7f]{0,998}\r\n)*", content), (
        "ASCII, CRLF, lines within the limit"
    )
    found = parsed(content)
    assert found["X-Mailops-Token"] == "0f1e2d", "the header has not ended early"
    sent = found.get_payload(decode=True).decode("utf-8")
    assert re.split("\r\n|\r|\n", sent) == [*re.split("\r\n|\r|\n", body), "", "Token: 0f1e2d", ""]


def unstuffed(wire):
    """What a server makes of it (RFC 5321 4.5.2), and what it has not read yet."""
    content = b""
    while True:
        line, _line_end, wire = wire.partition(b"\r\n")
        if line == b".":
            return content, wire
        content += (line[1:] if line.startswith(b".") else line) + b"\r\n"


@given(st.lists(st.one_of(st.sampled_from([b"", b".", b"..", b"...", b".a"]), st.binary(max_size=20))))
def test_dots_arrive_as_they_were(lines):
    content = b"".join(re.sub(rb"[\r\n]", b"", line) + b"\r\n" for line in lines)
    assert unstuffed(dot_stuffed(content)) == (content, b"")


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
