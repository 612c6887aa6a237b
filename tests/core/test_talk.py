# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One conversation over one stream, which gives and takes octets in every way that a network can."""

from __future__ import annotations

import base64
import errno
import typing as t

import pytest
from mailops_smtp.dialog import replies
from mailops_smtp.dialog.conversation import Session
from mailops_smtp.evidence import Endpoint, StepError
from mailops_smtp.plan import Timeouts, TLSOptions
from mailops_smtp.wire.talk import Job, Talk
from mailops_smtp.wire.tls_settings import TLSSettings

from tests.core.scripts import MESSAGE, auth, dialog

TLS = TLSSettings(TLSOptions(False, None, None, None, None, None, None))


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Stream:
    """A stream made of what a server says: after each command of the client the next of ``answers`` arrives.

    An answer is octets, or a list of portions that arrive one by one, each None being a moment when nothing is there;
    an OSError is raised; b"" is the end. ``takes``: how many octets one send() accepts, 0 for none at all.
    """

    def __init__(self, answers: t.Sequence[t.Any], takes: int = 1_000_000) -> None:
        self.answers = list(answers)
        self.takes = takes
        self.sent = b""
        self.closed = False
        self._arriving: t.List[t.Any] = []
        self._answer()

    def _answer(self) -> None:
        if self.answers:
            answer = self.answers.pop(0)
            self._arriving += answer if isinstance(answer, list) else [answer]

    def fileno(self) -> int:
        return -1

    def recv(self, size: int) -> bytes:
        portion = self._arriving.pop(0) if self._arriving else None
        if portion is None:
            raise BlockingIOError
        if isinstance(portion, OSError):
            raise portion
        if len(portion) > size:
            self._arriving.insert(0, portion[size:])
        return portion[:size]

    def send(self, data: bytes) -> int:
        if not self.takes:
            raise BlockingIOError
        taken = data[: self.takes]
        self.sent += taken
        if taken == data:
            self._answer()
        return len(taken)

    def close(self) -> None:
        self.closed = True

    @property
    def waiting(self) -> bool:
        return bool(self._arriving)


def talk(planned: t.Any, clock: t.Optional[Clock] = None, **changes: t.Any) -> Talk:
    job = Job(
        target="mx1",
        endpoint=Endpoint("mx1", "203.0.113.5", "ipv4", 25),
        session=Session(planned),
        timeouts=Timeouts(connect=10.0, reply=30.0, total=120.0),
        tls=TLS,
        verify=False,
        server_name="mx1",
    )._replace(**changes)
    return Talk(job, clock or Clock(), lambda: 1_700_000_000.0)


def drive(stream: Stream, planned: t.Any, **changes: t.Any) -> Talk:
    """The talk, told of its stream's events for as long as there are any."""
    made = talk(planned, **changes)
    made.opened(stream)
    while not made.done and (stream.waiting or made.wants_write):
        if made.wants_write:
            made.writable()
        if stream.waiting and not made.done:
            made.readable()
    return made


def evidence(made: Talk) -> t.Any:
    return [step.as_dict() for step in made.steps], made.session.as_dict()


DIALOG = (
    b"220-mx1.contoso.com ESMTP\r\n220 ready\r\n",
    b"250-mx1.contoso.com Hello [198.51.100.7]\r\n250-SIZE 37748736\r\n250 DSN\r\n",
    b"250 2.1.0 Ok\r\n",
    b"550-5.1.1 No such\r\n550 5.1.1 user\r\n",
    b"250\r\n",
    b"354 Go ahead\r\n",
    b"250 2.0.0 Ok: queued as 4WJx0ZzqGb\r\n",
    b"221 2.0.0 Bye\r\n",
)
PLANNED = dialog("nobody@contoso.com", "user@contoso.com", message=MESSAGE)


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


@pytest.mark.parametrize("number", range(len(DIALOG)))
def test_a_reply_in_two_packets_is_the_same_wherever_it_is_split(number):
    whole = evidence(drive(Stream(DIALOG), PLANNED))
    for cut in range(1, len(DIALOG[number])):
        answers: t.List[t.Any] = list(DIALOG)
        answers[number] = [DIALOG[number][:cut], None, DIALOG[number][cut:]]
        assert evidence(drive(Stream(answers), PLANNED)) == whole


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


# Lost streams.


def last_error(made):
    return made.steps[-1].error


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
    assert made.steps[-1].reply.lines == ("mx1", "SI")


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


# Time.


def test_a_reply_that_does_not_come():
    clock = Clock()
    made = talk(PLANNED, clock)
    made.opened(Stream([]))
    assert made.deadline == clock() + 30
    clock.seconds += 30
    made.expired()
    assert last_error(made) == StepError("silent", "No complete reply within 30 s.")
    assert made.steps[-1].seconds == 30


def test_each_reply_has_its_own_time():
    clock = Clock()
    made = talk(PLANNED, clock)
    stream = Stream([b"220 mx1\r\n"])
    made.opened(stream)
    clock.seconds += 29
    made.readable()
    assert made.deadline == clock() + 30


def test_drops_of_a_reply_do_not_buy_time():
    clock = Clock()
    made = talk(PLANNED, clock)
    made.opened(Stream([[b"2", b"2", b"0"]]))
    deadline = made.deadline
    clock.seconds += 20
    made.readable()
    assert made.deadline == deadline


def test_the_whole_check_has_its_time_too():
    clock = Clock()
    made = talk(PLANNED, clock, timeouts=Timeouts(10.0, 30.0, 40.0))
    made.opened(Stream([b"220 mx1\r\n"]))
    clock.seconds += 25
    made.readable()
    assert made.deadline == 1040.0
    clock.seconds = 1040.0
    made.expired()
    assert made.steps[2].error == StepError("timeout", "The check took longer than the 40 s that it may take.")
    assert made.done


@pytest.mark.parametrize(
    ("open_channel", "total", "kind", "seconds"),
    [(None, 120.0, "timeout", 10), (None, 5.0, "timeout", 5), (lambda *_arguments: None, 120.0, "tunnel", 120)],
)
def test_a_connection_that_does_not_come(open_channel, total, kind, seconds):
    clock = Clock()
    made = talk(PLANNED, clock, open_channel=open_channel, timeouts=Timeouts(10.0, 30.0, total))
    assert made.deadline == clock() + seconds
    clock.seconds += seconds
    made.expired()
    assert made.steps[0].error == StepError(kind, f"No connection within {seconds} s.")
    assert (made.session.failed_phase, made.done) == ("connect", True)
    made.close()


def test_a_handshake_that_does_not_end():
    clock = Clock()
    made = talk(dialog(protocol="smtps", starttls="never"), clock)
    made.opened(Stream([]))
    clock.seconds += 30
    made.expired()
    assert last_error(made) == StepError("silent", "The TLS handshake did not end within 30 s.")
    assert (made.steps[-1].phase, made.session.failed_phase) == ("starttls", "starttls")
    assert made.tls_facts.established is False


@pytest.mark.parametrize("takes", [100, 0])
def test_a_silent_server_is_told_quit_if_it_takes_that(takes):
    made = talk(PLANNED)
    stream = Stream([b"220 mx1\r\n"])
    made.opened(stream)
    made.readable()
    stream.takes = takes
    made.expired()
    assert stream.sent == b"EHLO test.com\r\n" + (b"QUIT\r\n" if takes else b"")
    assert [(step.phase, step.sent, step.error is None) for step in made.steps[2:]] == [
        ("ehlo", "EHLO test.com", False),
        ("quit", "QUIT", True),
    ]
    assert (made.session.failed_phase, made.done) == ("ehlo", True)


def test_a_server_that_has_not_taken_the_whole_command_is_not_told_quit():
    made = talk(PLANNED)
    stream = Stream([b"220 mx1\r\n"], takes=0)
    made.opened(stream)
    made.readable()
    made.expired()
    assert (made.steps[-1].phase, stream.sent) == ("ehlo", b"")


# Giving up.


@pytest.mark.parametrize("number", range(6))
def test_an_abandoned_talk_awaits_the_reply_that_is_due_and_says_goodbye(number):
    stream = Stream([*DIALOG[:number], None])
    made = talk(PLANNED)
    made.opened(stream)
    for _reply in range(number):
        made.readable()
    said = stream.sent
    made.abandon()
    assert stream.sent == said, "a command in the middle of another would be improper pipelining"
    stream._arriving, stream.answers = [DIALOG[number]], [b"221 Bye\r\n"]
    made.readable()
    # After 354 the server would take QUIT for a line of the message.
    assert stream.sent == said + (b"QUIT\r\n" if number < 5 else b"")
    if stream.waiting:
        made.readable()
    assert made.done


def test_an_abandoned_talk_that_is_about_to_say_goodbye_says_it():
    stream = Stream([b"220 mx1\r\n", None])
    made = talk(dialog(stop_after="ehlo"))
    made.opened(stream)
    made.readable()
    made.abandon()
    stream._arriving, stream.answers = [b"250 mx1\r\n"], [b"221 Bye\r\n"]
    made.readable()
    made.readable()
    assert stream.sent.endswith(b"QUIT\r\n")
    assert made.done


def test_an_abandoned_talk_ends_its_log_in_before_it_says_goodbye():
    stream = Stream([b"220 mx1\r\n", b"250-mx1\r\n250 AUTH LOGIN\r\n", None])
    made = talk(dialog(auth=auth()))
    made.opened(stream)
    made.readable()
    made.readable()
    made.abandon()
    stream._arriving, stream.answers = [b"334\r\n"], [b"334\r\n", b"535 No\r\n", b"221 Bye\r\n"]
    while stream.waiting:
        made.readable()
    assert stream.sent.endswith(b"AUTH LOGIN\r\ncHJvYmU=\r\nYmF0dGVyeS1zdGFwbGU=\r\nQUIT\r\n")
    assert made.done


def test_an_abandoned_talk_does_not_say_quit_where_tls_must_begin():
    offer = b"250-mx1\r\n250 STARTTLS\r\n"
    stream = Stream([b"220 mx1\r\n", offer, None])
    made = talk(PLANNED)
    made.opened(stream)
    made.readable()
    made.readable()
    made.abandon()
    stream._arriving = [b"220 Ready\r\n"]
    made.readable()
    assert stream.sent.endswith(b"STARTTLS\r\n")
    assert made.done


def test_a_talk_without_a_connection_is_abandoned_at_once():
    made = talk(PLANNED)
    made.abandon()
    assert made.steps[0].error == StepError("local", "The run was interrupted.")
    assert made.done


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
