# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From options to the test message: one that is composed, one of the user's own, and what is wrong with either."""

from __future__ import annotations

import os

import pytest
from mailops_smtp.dialog.octets import Unreadable
from mailops_smtp.plan import plan
from mailops_smtp.plan.options import OptionError

DATE = "Sun, 01 Mar 2026 21:04:11 +0000"
HEADER = b"Subject: mine\r\nMessage-ID: <mine@b.example>\r\n\r\n"


def planned(**options):
    return plan({"host": "mx1", "recipient": "user@contoso.com", **options}, "vantage.test.com")


def message(**test_message):
    """The message of one check, with the name that the facts have for it."""
    (target,) = planned(test_message=test_message).targets
    return target.dialog.with_messages(lambda: "0" * 32, lambda: DATE).envelope.message


def octets(made):
    return b"".join(made.content.pieces())


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "message.eml"
        path.write_bytes(content)
        return str(path)

    return write


# The user's own.


@pytest.mark.parametrize(
    ("content", "line_ends", "sent"),
    [
        (HEADER + b"hi\r\n", "normalise", HEADER + b"hi\r\n"),
        (HEADER.replace(b"\r", b"") + b".\nhi", "normalise", HEADER + b".\r\nhi\r\n"),
        (HEADER.replace(b"\n", b""), "normalise", HEADER),
        (HEADER + b"a\n.\r\nb\r.\r\n\xff", "normalise", HEADER + b"a\r\n.\r\nb\r\n.\r\n\xff\r\n"),
        (HEADER + b"a\n.\r\nb\r.\r\n\xff", "as_is", HEADER + b"a\n.\r\nb\r.\r\n\xff\r\n"),
        (b"", "normalise", b""),
    ],
)
def test_it_is_sent_as_it_stands_but_for_its_line_ends(content, line_ends, sent, file):
    by_file = message(file=file(content), line_ends=line_ends)
    # As Ansible and Python have octets that are no UTF-8 in a text.
    by_text = message(content=content.decode("utf-8", "surrogateescape"), line_ends=line_ends)
    assert octets(by_file) == octets(by_text) == sent
    assert by_file.size == by_text.size == len(sent)
    assert by_file.message_id == by_text.message_id == ("<mine@b.example>" if content else None)
    assert by_file.token is None


def test_its_reports_are_asked_for_under_a_name_of_ours():
    (target,) = planned(test_message={"content": "x"}, dsn={"notify": ["success"]}).targets
    envelope = target.dialog.with_messages(lambda: "0" * 32, lambda: DATE).envelope
    assert (envelope.envelope_id, envelope.message.token) == ("0" * 32, None)


def test_a_file_that_shrinks_or_goes_after_it_was_looked_at(file):
    path = file(HEADER)
    made = message(file=path)
    file(b"")
    with pytest.raises(Unreadable):
        octets(made)
    os.remove(path)
    with pytest.raises(Unreadable, match=r"^/.*/message\.eml cannot be read to its end: No such file or directory\.$"):
        octets(made)


@pytest.mark.parametrize(
    ("given", "warns"),
    [
        ({"content": "a\nb\n"}, False),
        ({"content": "a\0b"}, True),
        ({"content": "x" * 999}, True),
        ({"content": "a\nb", "line_ends": "as_is"}, False),
        ({"body": "x" * 999}, False),
    ],
)
def test_what_servers_may_change_is_warned_of(given, warns):
    sentence = (
        "test_message has a NUL or a line of more than 998 octets, which only BINARYMIME allows (RFC 3030): servers may"
        " refuse or change it."
    )
    assert planned(test_message=given, transactions=[{}]).warnings == ((sentence,) if warns else ())


# Attachments, and how it is to be transferred.


def test_files_and_texts_are_attached(file):
    made = message(attachments=[{"path": file(b"\0")}, {"content": "é", "name": "b.txt", "type": "text/plain"}])
    lines = octets(made).decode("ascii").split("\r\n")
    assert [line for line in lines if "filename" in line] == [' filename="message.eml"', ' filename="b.txt"']
    assert [line for line in lines if line.startswith("Content-Type: ")][2:] == [
        "Content-Type: application/octet-stream",
        "Content-Type: text/plain",
    ]
    assert "AA==" in lines
    assert "w6k=" in lines


def test_how_it_is_transferred():
    assert message()[3:6] == ("data", None, False)
    assert message(transfer="bdat", chunk_size=100, prdr=True)[3:6] == ("bdat", 100, True)


def test_the_size_is_exact():
    assert message(size=10_000_000).size == 10_000_000


# What is wrong.


def wrong(**options):
    with pytest.raises(OptionError) as raised:
        planned(**{"test_message": None, **options})
    return str(raised.value)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"file": "/a", "content": "b"}, "file '/a' stands beside content: give one of the two."),
        (
            {"content": "a", "body": "b" * 100},
            f"body '{'b' * 40}' has no effect on a whole message (content): drop it.",
        ),
        ({"file": "/a", "headers": {"A": "b"}}, "headers {'A': 'b'} has no effect on a whole message (file): drop it."),
        ({"file": "/a", "size": 9}, "size 9 has no effect on a whole message (file): drop it."),
        ({"line_ends": "as_is"}, "line_ends 'as_is' is for a message of your own: give file or content."),
        ({"chunk_size": 9}, "chunk_size 9 means nothing to DATA: give transfer: bdat."),
        ({"transfer": "bdat", "chunk_size": 0}, "chunk_size 0 holds nothing: give a number of octets."),
        (
            {"transfer": "bdat", "chunk_size": 9, "content": "x" * 899},
            "chunk_size 9 makes more than 100 chunks of 901 octets: give 10 or more.",
        ),
        ({"content": "\ud800"}, r"content '\ud800' contains a lone surrogate: leave it out."),
        (
            {"file": "/no/such/file"},
            "file '/no/such/file' cannot be read (No such file or directory): name a file of the host that the check"
            " runs on.",
        ),
        (
            {"file": "/dev/zero"},
            "file '/dev/zero' cannot be read (It is no regular file): name a file of the host that the check runs on.",
        ),
        (
            # Its octets begin where no process has memory.
            {"file": "/proc/self/mem"},
            "file '/proc/self/mem' cannot be read (/proc/self/mem cannot be read to its end: Input/output error): name"
            " a file of the host that the check runs on.",
        ),
        ({"size": 500, "body": "ä"}, "size 500 leaves no room in a text that has to be encoded: use ASCII."),
        ({"size": 400}, "size 400 is less than the message has: give 451 or more."),
        ({"size": 400, "body": "x" * 100}, "size 400 is less than the message has: give 481 or more."),
        (
            {"attachments": [{}]},
            "attachments[0].path and content are needed, but only one of them: give one of the two.",
        ),
        (
            {"attachments": [{"path": "/a", "content": "b"}]},
            "attachments[0].path '/a' and content are needed, but only one of them: give one of the two.",
        ),
        (
            {"attachments": [{"content": "b"}]},
            "attachments[0].name is missing: give one: a content has no name of its own.",
        ),
        (
            {"attachments": [{"content": "b", "name": "a\nb"}]},
            r"attachments[0].name 'a\nb' is no file name: use 1 to 255 printable octets.",
        ),
        (
            {"attachments": [{"content": "b", "name": "é" * 128}]},
            f"attachments[0].name '{'é' * 128}' is no file name: use 1 to 255 printable octets.",
        ),
        (
            {"attachments": [{"content": "b", "name": "a", "type": "message/rfc822"}]},
            "attachments[0].type 'message/rfc822' is no type of an attachment: write one like"
            " application/octet-stream.",
        ),
        (
            {"attachments": [{"content": "b", "name": "a", "type": "text/plain\r\nX: y"}]},
            r"attachments[0].type 'text/plain\r\nx: y' is no type of an attachment: write one like"
            " application/octet-stream.",
        ),
        (
            {"attachments": [{"path": "/no/such/file"}]},
            "attachments[0].path '/no/such/file' cannot be read (No such file or directory): name a file of the host"
            " that the check runs on.",
        ),
        (
            {"attachments": [{"content": "b", "name": "a"}], "headers": {"Content-type": "text/html"}},
            "headers 'Content-type' is what attachments need: drop one of the two.",
        ),
    ],
)
def test_a_wrong_message_is_told_with_its_remedy(given, sentence):
    assert wrong(test_message=given) == f"test_message.{sentence}"
    assert wrong(test_message={}, transactions=[{"test_message": given}]) == f"transactions[0].test_message.{sentence}"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"hello": "helo", "test_message": {"transfer": "bdat"}},
            "hello 'helo' rules out test_message.transfer, an extension: use ehlo, or drop it.",
        ),
        (
            {"hello": "helo", "test_message": {"prdr": True}},
            "hello 'helo' rules out test_message.prdr, an extension: use ehlo, or drop it.",
        ),
        (
            {"protocol": "lmtp", "test_message": {"prdr": True}},
            "test_message.prdr True is what LMTP does anyway: drop it.",
        ),
        (
            {"test_message": {"transfer": "data"}, "force": ["CHUNKING"]},
            "force 'CHUNKING' is not made use of: give test_message.transfer, or drop it.",
        ),
        (
            {"test_message": {"content": "plain"}, "force": ["8BITMIME"]},
            "force '8BITMIME' is not made use of: give a test_message of your own beyond ASCII, or drop it.",
        ),
    ],
)
def test_what_does_not_go_with_the_rest_of_the_dialog(options, sentence):
    assert wrong(**options) == sentence


def test_of_a_large_content_the_beginning_is_shown():
    asked = planned(test_message={"content": "x" * 5000}).asked
    assert asked["test_message"]["content"] == "x" * 4000 + "[1000 more characters]"


def test_a_fifo_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    assert "It is no regular file" in wrong(test_message={"file": str(tmp_path / "fifo")})


def test_a_directory_is_no_message(tmp_path):
    assert "It is no regular file" in wrong(test_message={"file": str(tmp_path)})
