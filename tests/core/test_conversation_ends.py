# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ends that come from outside, in every phase: 421, a lost stream, silence, and the tester who gives up."""

from __future__ import annotations

import pytest

from tests.core.scripts import (
    MESSAGE,
    QUIT,
    SECURED,
    SENT,
    auth,
    dialog,
    people,
    play,
    rcpts,
)

WHOLE = SECURED.replace("250 DSN", "250 X-NOTHING") + """
    C: AUTH PLAIN ********
    S: 235 Welcome
    C: MAIL FROM:<admin@test.com>
    S: 250 Ok
    C: RCPT TO:<user@contoso.com>
    S: 250 Ok
    C: DATA
    S: 354 Go
""" + SENT + "S: 250 Ok" + QUIT  # fmt: skip
LINES = [line.strip() for line in WHOLE.strip().splitlines()]
# Where a reply is awaited: the banner, and after every command.
AWAITED = [0] + [number + 1 for number, line in enumerate(LINES) if line.startswith("C: ")]


def whole():
    return dialog("user@contoso.com", auth=auth(), message=MESSAGE)


def test_the_script_of_these_tests_is_a_whole_dialog():
    assert play(whole(), WHOLE).reached == "message"


def phase_at(position):
    """The phase of the reply that is awaited at this line."""
    said = LINES[position - 1].split()[1] if position else ""
    names = {"": "banner", "MAIL": "mail", "RCPT": "rcpt", "DATA": "data", "<message": "message", "QUIT": "quit"}
    return names.get(said) or said.lower()


@pytest.mark.parametrize("position", AWAITED)
@pytest.mark.parametrize("end", ["S: 421 4.3.2 Shutting down", "LOST"])
def test_nobody_is_left_to_say_quit_to(position, end):
    session = play(whole(), "\n".join([*LINES[:position], end]))
    phase = phase_at(position)
    # What is lost in QUIT is no loss.
    assert session.failed_phase == (phase if phase != "quit" else None)


@pytest.mark.parametrize("position", AWAITED)
def test_a_silent_server_is_told_quit_where_that_is_understood(position):
    phase = phase_at(position)
    # Before the banner nobody speaks; elsewhere QUIT would be a challenge's answer or a line of the message.
    farewell = [] if phase in ("banner", "auth", "data", "quit") else ["C: QUIT"]
    session = play(whole(), "\n".join([*LINES[:position], "SILENT", *farewell]))
    assert session.failed_phase == (phase if phase != "quit" else None)


@pytest.mark.parametrize("position", AWAITED)
def test_giving_up_says_goodbye(position):
    phase = phase_at(position)
    # Inside a message QUIT would be a line of it, and whoever waits for the reply to QUIT has said it.
    farewell = [] if phase in ("message", "quit") else ["C: QUIT", "S: 221 Bye"]
    # The server speaks first, also to a client that only wants to leave.
    greeting = ["S: 220 mx1"] if phase == "banner" else []
    session = play(whole(), "\n".join([*LINES[:position], "ABANDONED", *greeting, *farewell]))
    assert session.failed_phase is None


def test_giving_up_in_the_farewell_of_giving_up():
    play(dialog(), "S: 220 mx1\nC: EHLO test.com\nABANDONED\nC: QUIT\nABANDONED")


def test_every_421_is_kept_for_the_recipient_it_was_said_to():
    session = play(dialog(*people(3)), rcpts(250, 421))
    assert session.outcomes == ["accepted", "deferred", "not_tried"]
    assert session.failed_phase == "rcpt"
