# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a talk waits for what, and how it ends when its time is over or the tester gives up."""

from __future__ import annotations

import pytest
from mailops_smtp.evidence import StepError
from mailops_smtp.plan import Timeouts

from tests.core.scripts import auth, dialog
from tests.core.streams import DIALOG, PLANNED, Clock, Stream, last_error, talk


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
