# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""LMTP (RFC 2033): the same procedure, but a message has as many outcomes as recipients."""

from __future__ import annotations

import pytest

from tests.core.scripts import (
    MESSAGE,
    QUIT,
    SENT,
    dialog,
    people,
    play,
    rcpts,
)


def lmtp(*replies):
    """An LMTP dialog with two accepted recipients between which one is refused, and the replies to its message."""
    script = rcpts(250, 550, 250).replace("EHLO", "LHLO")
    return script + f"C: DATA\nS: 354 Go\n{SENT}" + "\n".join(f"S: {reply}" for reply in replies) + "\n"


@pytest.mark.parametrize(
    ("replies", "each", "outcome", "code"),
    [
        (("250 queued as A1", "250 queued as A1"), ["accepted", "refused", "accepted"], "accepted", 250),
        (("250 Ok", "552 Full"), ["accepted", "refused", "refused"], "refused", 552),
        (("452 Full", "250 Ok"), ["deferred", "refused", "accepted"], "deferred", 452),
        (("552 Full", "452 Full"), ["refused", "refused", "deferred"], "refused", 552),
    ],
)
def test_lmtp_answers_for_each_accepted_recipient(replies, each, outcome, code):
    session = play(dialog(*people(3), protocol="lmtp", message=MESSAGE), lmtp(*replies) + QUIT)
    assert session.as_dict()["ehlo"]["command"] == "LHLO"
    assert session.outcomes == each
    assert session.message["outcome"] == outcome
    assert session.message["reply"]["code"] == code


@pytest.mark.parametrize("end", ["S: 421 Going down", "LOST"])
def test_lmtp_ends_between_two_recipients(end):
    session = play(dialog(*people(3), protocol="lmtp", message=MESSAGE), lmtp("250 Ok") + end)
    assert (session.failed_phase, session.message["outcome"]) == ("message", "unknown")


def test_lmtp_has_no_helo_to_fall_back_to():
    session = play(dialog(protocol="lmtp"), "S: 220 mx1\nC: LHLO test.com\nS: 500 What?" + QUIT)
    assert session.failed_phase == "ehlo"
