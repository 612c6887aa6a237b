# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One conversation over one stream, which gives and takes octets in every way that a network can."""

from __future__ import annotations

import base64
import errno
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailops_smtp.dialog import replies
from mailops_smtp.evidence import StepError

from tests.core.scripts import MESSAGE, auth, dialog
from tests.core.streams import DIALOG, PLANNED, Stream, drive, evidence, last_error, talk


def test_a_dialog():
    stream = Stream(DIALOG)
    made = drive(stream, PLANNED)
    assert made.done
    assert [(step.phase, step.sent) for step in made.steps] == [
        ("connect", None),
        ("banner", None),
        ("ehlo", "EHLO test.com"),
        ("mail", "MAIL FROM:<admin@test.com> SIZE=23"),
        ("rcpt", "RCPT TO:<nobody@contoso.com>"),
        ("rcpt", "RCPT TO:<user@contoso.com>"),
        ("data", "DATA"),
        ("message", "<message of 23 octets>"),
        ("quit", "QUIT"),
    ]
    assert stream.sent.endswith(b"DATA\r\nSubject: test\r\n\r\n..dot\r\n.\r\nQUIT\r\n")
    assert [step.error for step in made.steps] == [None] * 9
    assert made.session.as_dict()["message"]["queue_id"] == "4WJx0ZzqGb"
    made.close()
    assert stream.closed


@pytest.mark.parametrize("takes", [1, 2, 7])
def test_a_stream_that_takes_little_gets_everything(takes):
    stream = Stream(DIALOG, takes)
    whole = Stream(DIALOG)
    assert evidence(drive(stream, PLANNED)) == evidence(drive(whole, PLANNED))
    assert stream.sent == whole.sent


def test_a_stream_that_takes_nothing_is_waited_for():
    stream = Stream(DIALOG[:1], takes=0)
    made = talk(PLANNED)
    made.opened(stream)
    made.readable()
    assert made.wants_write
    assert stream.sent == b""
    stream.takes = 100
    made.writable()
    assert stream.sent == b"EHLO test.com\r\n"
    assert not made.wants_write


def test_two_replies_in_one_packet():
    made = drive(
        Stream([*DIALOG[:2], b"250 Sender\r\n250 Whoever\r\n", b"550 No\r\n", b"221 Bye\r\n"]), dialog("a@b.example")
    )
    rcpt = made.steps[4]
    assert rcpt.reply.code == 550, "the reply that came before RCPT is not RCPT's"
    assert rcpt.unsolicited == "250 Whoever\\r\\n"
    assert made.session.as_dict()["recipients"][0]["outcome"] == "refused"


@pytest.mark.parametrize("takes", [1, 7, 1_000_000])
def test_all_of_the_last_command_is_sent_before_the_connection_is_dropped(takes):
    planned = dialog("nobody@contoso.com", "user@contoso.com", message=MESSAGE, leave="drop_after_send")
    stream = Stream(DIALOG[:6], takes)
    made = drive(stream, planned)
    assert made.done
    assert stream.sent.endswith(b"DATA\r\nSubject: test\r\n\r\n..dot\r\n.\r\n")
    last = made.steps[-1]
    assert (last.phase, last.sent, last.reply, last.error) == ("message", "<message of 23 octets>", None, None)


def test_a_stream_that_is_lost_under_the_last_command_is_told_as_such():
    stream = Stream(DIALOG[:1], takes=0)
    made = talk(dialog(stop_after="ehlo", leave="drop_after_send"))
    made.opened(stream)
    made.readable()
    made.expired()
    assert (made.done, made.session.failed_phase, last_error(made).kind) == (True, "ehlo", "silent")


# Lost streams.


@pytest.mark.parametrize("number", range(len(DIALOG)))
@pytest.mark.parametrize(
    ("end", "kind", "detail"),
    [
        (b"", "closed", "The server closed the connection."),
        (
            ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
            "reset",
            "The connection was lost: Connection reset by peer.",
        ),
    ],
    ids=["closed", "reset"],
)
def test_the_stream_ends_in_place_of_each_reply(number, end, kind, detail):
    made = drive(Stream([*DIALOG[:number], end]), PLANNED)
    assert made.done
    assert last_error(made) == StepError(kind, detail)
    assert made.steps[-1].phase == ["banner", "ehlo", "mail", "rcpt", "rcpt", "data", "message", "quit"][number]


def test_a_refusal_counts_more_than_the_closed_connection_behind_it():
    made = drive(Stream([[b"554 No service for you\r\n", b""]]), PLANNED)
    assert made.session.failed_phase == "banner"
    assert made.steps[1].reply.code == 554
    assert (made.steps[2].phase, made.steps[2].error.kind) == ("quit", "closed")


class Deaf(Stream):
    """Refuses to take anything more, as a connection does that the other side has reset."""

    def send(self, data: bytes) -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_a_refusal_that_came_before_the_connection_broke_is_read():
    made = drive(Deaf([[b"220 mx1\r\n", b"421 Too many connections\r\n"]]), PLANNED)
    assert made.session.failed_phase == "ehlo"
    assert (made.steps[-1].sent, made.steps[-1].reply.code) == ("EHLO test.com", 421)


def test_a_broken_connection_without_a_refusal():
    made = drive(Deaf([b"220 mx1\r\n"]), PLANNED)
    assert last_error(made) == StepError("reset", "The connection was lost: Broken pipe.")
    assert made.session.failed_phase == "ehlo"


def test_a_reply_that_breaks_off_is_kept():
    made = drive(Stream([b"220 mx1\r\n", [b"250-mx1\r\n250-SI", b""]]), PLANNED)
    assert last_error(made).kind == "closed"
    assert made.steps[-1].reply.code is None
    assert made.steps[-1].reply.lines == ("250-mx1", "250-SI")


def test_another_protocol():
    made = drive(Stream([b"SSH-2.0-OpenSSH_9.2p1\r\n"]), PLANNED)
    assert last_error(made) == StepError("protocol", 'This is not an SMTP reply: "SSH-2.0-OpenSSH_9.2p1"')
    assert (made.session.failed_phase, made.stream.sent) == ("banner", b"")


def test_a_flood_instead_of_a_reply():
    made = drive(Stream([b"220-and one more\r\n" * 5000]), PLANNED)
    assert last_error(made).kind == "too_large"


def test_a_flood_while_the_message_is_on_its_way():
    stream = Stream(DIALOG[:6])
    made = talk(PLANNED)
    made.opened(stream)
    while made.session.phase != "data":
        made.readable()
    stream.takes = 0
    stream.answers = [[b"250 and one more\r\n" * 1000] * 20]
    made.readable()
    assert made.wants_write
    stream._answer()
    while stream.waiting and not made.done:
        made.readable()
        assert len(made._reader._buffer) <= 2 * replies.MAX_REPLY_OCTETS
    assert last_error(made).kind == "too_large"


_LIKELY = st.sampled_from(
    [b"220 mx1\r\n", b"250-a\r\n", b"250 DSN\r\n", b"334 \r\n", b"354 Go\r\n", b"421 Bye\r\n", b"\n", b"2", b"\xff"]
)


@given(st.lists(st.one_of(_LIKELY, st.binary(max_size=20), st.none())))
def test_whatever_a_server_says_there_is_evidence_of_it(portions):
    made = talk(dialog("user@contoso.com", auth=auth(), message=MESSAGE, protocol="lmtp"))
    stream = Stream([[*portions, b""]])
    made.opened(stream)
    while stream.waiting and not made.done:
        made.readable()
    assert made.done
    # No lone surrogate, no NaN, nothing that JSON does not know.
    json.dumps(evidence(made), allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert all(step.error is None or step.error.kind in ("closed", "protocol") for step in made.steps)


# Defects and secrets.


def test_a_crash_is_reported():
    made = talk(PLANNED)
    made.opened(Stream([]))
    made.crashed(RuntimeError("boom"))
    assert last_error(made) == StepError("crashed", "RuntimeError: boom")
    assert (made.session.failed_phase, made.done) == ("banner", True)


@pytest.mark.parametrize("secret", ["YmF0dGVyeS1zdGFwbGU=", "battery-staple"])
def test_a_server_that_quotes_a_secret_does_not_get_it_into_the_evidence(secret):
    answers = [
        b"220 mx1\r\n",
        b"250-mx1\r\n250 AUTH LOGIN\r\n",
        b"334 VXNlcm5hbWU6\r\n",
        b"334 UGFzc3dvcmQ6\r\n",
        f'500 5.5.1 "{secret}\x07" is not known'.encode() + b"\r\n",
        b"221 Bye\r\n",
    ]
    made = drive(Stream(answers), dialog(auth=auth(), stop_after="auth"))
    refusal = made.steps[5].reply
    assert refusal.code == 500
    assert refusal.lines == ('5.5.1 "********\\x07" is not known',)
    for raw in [secret, "YmF0dGVyeS1zdGFwbGU", "battery-staple"]:
        assert raw not in str(evidence(made))
    assert secret.encode() not in base64.b64decode(refusal.raw_base64)


CHALLENGE = "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2U+"


@pytest.mark.parametrize(
    "answers",
    [
        [f"334 {CHALLENGE}\r\n334 {CHALLENGE}\r\n", "235 Welcome\r\n"],
        [f"334 {CHALLENGE}\r\n", f"235 Welcome\r\n334 {CHALLENGE}\r\n"],
        [f"334 {CHALLENGE}\r\n", f"535 No\r\n{CHALLENGE}\r\n"],
        [f"334 {CHALLENGE}\r\n", f"{CHALLENGE}\r\n"],
        [f"334-{CHALLENGE}\r\n235 Welcome\r\n"],
    ],
    ids=["twice", "after the welcome", "after the refusal", "without a code", "above a welcome"],
)
def test_a_challenge_gets_into_the_evidence_nowhere(answers):
    before = [b"220 mx1\r\n", b"250-mx1\r\n250 AUTH CRAM-MD5\r\n"]
    made = drive(Stream([*before, *(answer.encode() for answer in answers), b"250 Ok\r\n"]), dialog(auth=auth()))
    assert CHALLENGE not in str(evidence(made))
    assert "********" in str(evidence(made))


def test_what_was_said_unasked_before_the_log_in_is_no_challenge():
    answers = [b"220 mx1\r\n", b"250-mx1\r\n250 AUTH PLAIN\r\n334 a\r\n", b"535 No\r\n"]
    made = drive(Stream(answers), dialog(auth=auth()))
    assert made.steps[3].unsolicited == "334 a\\r\\n"
