# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a message in a mailbox is to one that was sent, and what was changed of it on the way."""

from __future__ import annotations

import typing as t

import pytest
from mailops_smtp.delivery.alterations import alterations
from mailops_smtp.delivery.gateways import authentication, spam
from mailops_smtp.delivery.mime import parsed
from mailops_smtp.delivery.recognition import Recognised, recognise
from mailops_smtp.delivery.sent import Sent
from mailops_smtp.dialog.message import DEFAULT_BODY, compose, text_digest

TOKEN = "5c1f0e7a9b3d4c2e8f6a1b0c9d8e7f60"
MESSAGE_ID = f"<{TOKEN}@f.test>"
SENT = Sent(
    TOKEN,
    MESSAGE_ID,
    envelope_id=TOKEN,
    outcome="accepted",
    subject="test message",
    text=(1, text_digest([DEFAULT_BODY])),
)
DATE = "Tue, 24 Nov 2026 22:00:00 +0000"


NESTED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


def message(**options: t.Any) -> bytes:
    made = compose(TOKEN, DATE, "f.test", "p@f.test", ["e@c.test"], **options)
    return b"".join(made.content.pieces())


def kinds(content: bytes) -> t.List[str]:
    return [found.kind for found in recognise(content, [SENT])]


def found(content: bytes) -> Recognised:
    [only] = recognise(content, [SENT])
    return only


def header(**fields: str) -> bytes:
    return "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items()).encode("utf-8") + b"\r\n"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (message(), "message"),
        (message(body="größer"), "message"),
        # A gateway that writes a header of its own leaves the text.
        (header(From="p@f.test", Message_ID="<1@gw.test>") + f"Hello\r\n\r\nToken: {TOKEN}\r\n".encode(), "message"),
        # A reply quotes it, with or without a mark at the line's beginning.
        (header(From="e@c.test", In_Reply_To=MESSAGE_ID) + f"Thanks\r\n> Token: {TOKEN}\r\n".encode(), "mention"),
        (header(From="e@c.test", References=MESSAGE_ID) + f"Thanks\r\nToken: {TOKEN}\r\n".encode(), "mention"),
        (header(From="e@c.test", Subject="Fwd") + f"Look:\r\n> Token: {TOKEN}\r\n".encode(), "mention"),
        (header(Auto_Submitted="auto-replied", Subject="Away") + f"Token: {TOKEN}\r\n".encode(), "mention"),
        # It is attached to another message.
        (
            header(Content_Type='multipart/mixed; boundary="b"', MIME_Version="1.0")
            + b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + message() + b"\r\n--b--\r\n",
            "mention",
        ),
    ],
)  # fmt: skip
def test_the_token_alone_proves_nothing(content: bytes, kind: str) -> None:
    assert kinds(content) == [kind]


def test_a_stranger_with_the_same_subject_is_none() -> None:
    assert kinds(header(Subject="test message") + b"This is a test message.\r\n") == []


def test_a_message_of_the_users_own_is_known_by_its_message_id() -> None:
    own = Sent(None, "<own@f.test>", outcome="accepted")
    assert [f.kind for f in recognise(header(Message_ID="<own@f.test>") + b"x\r\n", [own])] == ["message"]
    assert [f.kind for f in recognise(header(In_Reply_To="<own@f.test>") + b"x\r\n", [own])] == ["mention"]


@pytest.mark.parametrize("body", [DEFAULT_BODY, "two\nlines\n", "größer", "with blanks  \n\nat ends\t"])
def test_what_arrives_as_it_was_sent_was_not_altered(body: str) -> None:
    made = compose(TOKEN, DATE, "f.test", "p@f.test", ["e@c.test"], body=body)
    sent = SENT._replace(text=tuple(made.text) if made.text else None)
    [only] = recognise(b"".join(made.content.pieces()), [sent])
    assert alterations(only) == []


def test_each_alteration_is_told() -> None:
    content = message().replace(b"Subject: test message", b"Subject: [EXT] test message")
    content = (
        content.replace(DEFAULT_BODY.encode(), b"CAUTION\r\n" + DEFAULT_BODY.encode()) + b"\r\n-- \r\nDisclaimer\r\n"
    )
    told = alterations(found(content))
    assert [entry["what"] for entry in told] == ["subject", "body", "body"]
    assert "'[EXT] test message'" in told[0]["detail"]
    assert "in front" in told[1]["detail"]
    assert "CAUTION" in told[1]["detail"]
    assert "'-- Disclaimer'" in told[2]["detail"]


def test_another_text_another_name_and_a_field_less() -> None:
    content = message().replace(b"X-Mailops-Token", b"X-Removed").replace(b"Message-ID: <", b"Message-ID: <new-")
    content = content.replace(DEFAULT_BODY.encode(), b"Links were rewritten")
    assert [entry["what"] for entry in alterations(found(content))] == ["message_id", "header", "body"]


def test_html_made_of_the_text_is_still_the_text() -> None:
    page = f"<html><body><p>{DEFAULT_BODY}</p><p>Token: {TOKEN}</p><div>Footer</div></body></html>".encode()
    fields = {
        "Subject": "test message",
        "Message_ID": MESSAGE_ID,
        "X_Mailops_Token": TOKEN,
        "Content_Type": "text/html",
    }
    [told] = alterations(found(header(**fields) + page))
    assert "'Footer'" in told["detail"]


def test_authentication_results() -> None:
    value = (
        "mx1.c.test (comment; spf=none) 1; spf=pass (ok) smtp.mailfrom=f.test; dkim=fail header.d=f.test; "
        'dmarc=fail header.from="f.test"; none'
    )
    results = authentication(parsed(header(Authentication_Results=value)))
    assert [(entry["server"], entry["method"], entry["result"]) for entry in results] == [
        ("mx1.c.test", "spf", "pass"),
        ("mx1.c.test", "dkim", "fail"),
        ("mx1.c.test", "dmarc", "fail"),
    ]
    assert results[0]["properties"] == ["smtp.mailfrom=f.test"]


@pytest.mark.parametrize(
    ("field", "value", "verdict", "unwanted"),
    [
        ("X-Spam-Status", "Yes, score=7.1 required=5.0", "Yes", True),
        ("X-Spam-Status", "No, score=-1.9", "No", False),
        ("X-Spam-Flag", "YES", "YES", True),
        ("X-MS-Exchange-Organization-SCL", "5", "5", True),
        ("X-MS-Exchange-Organization-SCL", "-1", "-1", False),
        ("X-Forefront-Antispam-Report", "CIP:1.2.3.4;CTRY:;SCL:9;SRV:", "9", True),
        ("X-Rspamd-Action", "add header", "add header", True),
        ("X-Rspamd-Action", "no action", "no action", False),
        ("X-Spam-Score", "3.2", "3.2", None),
        ("X-IronPort-Anti-Spam-Filtered", "true", "true", None),
        ("X-Spam-Status", "", None, None),
    ],
)
def test_spam_verdicts(field: str, value: str, verdict: t.Optional[str], unwanted: t.Optional[bool]) -> None:
    [entry] = spam(parsed(f"{field}: {value}\r\n\r\n".encode()))
    assert (entry["verdict"], entry["unwanted"]) == (verdict, unwanted)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n",
        b"\xff\xfe\x00" * 1000,
        NESTED + (b"--b\r\n" + NESTED) * 3000,
        b"Subject: =?utf-8?b?####?= =?no-such?q?x?=\r\n\r\n",
        b"Content-Type: text/plain; charset=no-such\r\n\r\nx",
        b"Content-Type: text/html\r\n\r\n<" + b"a " * 50000,
        b"Received: " + b"(" * 60000 + b"\r\n\r\n",
        b"Content-Transfer-Encoding: base64\r\n\r\n====",
    ],
    ids=range(9),
)  # fmt: skip
def test_no_message_breaks_anything(content: bytes) -> None:
    for position in (0, len(content) // 2):
        put = content[:position] + f"X-Mailops-Token: {TOKEN}\r\n".encode() + content[position:]
        for entry in recognise(put, [SENT]):
            alterations(entry)
            authentication(entry.parsed)
            spam(entry.parsed)
            entry.parsed.text()
