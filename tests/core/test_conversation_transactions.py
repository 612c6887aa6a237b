# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several transactions on one connection: because the user wants them, or since the server has no room for all."""

from __future__ import annotations

import pytest

from tests.core.scripts import GREETED, MESSAGE, SENT, dialog, envelope, people, play

MAIL = "C: MAIL FROM:<admin@test.com>\nS: 250 Ok\n"
RSET = "C: RSET\nS: 250 Ok\n"
QUIT = "C: QUIT\nS: 221 Bye\n"
DATA = f"C: DATA\nS: 354 Go ahead\n{SENT}S: 250 Ok\n"


def rcpt(number, reply="250 Ok"):
    return f"C: RCPT TO:<user{number}@contoso.com>\nS: {reply}\n"


def limited(*limits):
    return GREETED.replace("S: 250 mx1.contoso.com", f"S: 250-mx1.contoso.com\nS: 250 LIMITS {' '.join(limits)}")


def outcomes(session):
    """What became of each recipient of each transaction."""
    return [[entry["outcome"] for entry in transaction.recipients] for transaction in session.transactions]


def test_a_transaction_that_was_not_ended_is_reset_before_the_next():
    planned = dialog("user0@contoso.com", further_envelopes=(envelope("user1@contoso.com", sender=""),))
    session = play(planned, GREETED + MAIL + rcpt(0) + RSET + "C: MAIL FROM:<>\nS: 250 Ok\n" + rcpt(1) + QUIT)
    assert outcomes(session) == [["accepted"], ["accepted"]]
    assert (session.reached, session.failed_phase) == ("rcpt", None)
    assert [entry["sender"]["address"] for entry in session.as_dict()["transactions"]] == ["admin@test.com", ""]


def test_the_dot_ends_a_transaction_so_nothing_has_to_be_reset():
    planned = dialog(
        "user0@contoso.com", message=MESSAGE, further_envelopes=(envelope("user1@contoso.com", message=MESSAGE),)
    )
    session = play(planned, GREETED + MAIL + rcpt(0) + DATA + MAIL + rcpt(1) + DATA + QUIT)
    assert [transaction.message["outcome"] for transaction in session.transactions] == ["accepted", "accepted"]


@pytest.mark.parametrize(
    ("refused", "phase"),
    [
        ("C: MAIL FROM:<admin@test.com>\nS: 550 No\n", "mail"),
        (MAIL + rcpt(0, "550 No") + RSET, "rcpt"),
        (MAIL + rcpt(0) + "C: DATA\nS: 451 Not now\n" + RSET, "data"),
        (MAIL + rcpt(0) + f"C: DATA\nS: 354 Go ahead\n{SENT}S: 554 Spam\n", "message"),
    ],
)
def test_a_refused_transaction_costs_the_next_nothing_but_is_not_forgotten(refused, phase):
    planned = dialog(
        "user0@contoso.com", message=MESSAGE, further_envelopes=(envelope("user1@contoso.com", message=MESSAGE),)
    )
    session = play(planned, GREETED + refused + MAIL + rcpt(1) + DATA + QUIT)
    assert session.failed_phase == phase
    assert [transaction.failed_phase for transaction in session.transactions] == [phase, None]
    assert session.transactions[1].message["outcome"] == "accepted"


def test_a_refused_reset_is_the_failure_of_the_transaction_that_it_was_for():
    planned = dialog("user0@contoso.com", further_envelopes=(envelope("user1@contoso.com"),))
    session = play(planned, GREETED + MAIL + rcpt(0) + "C: RSET\nS: 500 What?\n" + QUIT)
    assert [transaction.failed_phase for transaction in session.transactions] == [None, "mail"]


@pytest.mark.parametrize("end", ["S: 421 Closing", "LOST"])
def test_the_end_of_the_connection_ends_all_transactions(end):
    planned = dialog("user0@contoso.com", further_envelopes=(envelope("user1@contoso.com"),))
    session = play(planned, GREETED + MAIL + f"C: RCPT TO:<user0@contoso.com>\n{end}")
    assert [transaction.failed_phase for transaction in session.transactions] == ["rcpt", None]
    assert session.transactions[1].sender is None


def test_who_finds_no_room_follows_in_another_transaction():
    script = MAIL + rcpt(0) + rcpt(1, "452 4.5.3 Too many recipients") + RSET + MAIL + rcpt(1) + rcpt(2)
    session = play(dialog(*people(3)), GREETED + script + QUIT)
    assert outcomes(session) == [["accepted", "accepted", "accepted"]]
    assert session.recipients[1]["reply"]["code"] == 250
    assert session.as_dict()["transactions"] is None, "the user asked for one"


def test_each_of_the_transactions_carries_the_message():
    script = MAIL + rcpt(0) + rcpt(1, "452 Too many recipients") + DATA + MAIL + rcpt(1) + DATA
    session = play(dialog(*people(2), message=MESSAGE), GREETED + script + QUIT)
    assert outcomes(session) == [["accepted", "accepted"]]
    assert session.message["outcome"] == "accepted"


def test_a_message_that_some_do_not_get_does_not_read_as_accepted():
    script = (
        MAIL + rcpt(0) + rcpt(1, "452 Too many recipients") + f"C: DATA\nS: 354 Go\n{SENT}S: 250 Ok: queued as 4WJx1\n"
    )
    script += MAIL + rcpt(1) + f"C: DATA\nS: 354 Go\n{SENT}S: 451 Later\n"
    session = play(dialog(*people(2), message=MESSAGE), GREETED + script + QUIT)
    assert (session.message["outcome"], session.message["queue_id"]) == ("deferred", "4WJx1")
    assert session.failed_phase == "message"


@pytest.mark.parametrize("reply", ["452 4.2.2 Mailbox full", "452 4.3.1 Insufficient storage"])
def test_452_can_be_about_this_mailbox_alone(reply):
    session = play(dialog(*people(3)), GREETED + MAIL + rcpt(0) + rcpt(1, reply) + rcpt(2) + QUIT)
    assert outcomes(session) == [["accepted", "deferred", "accepted"]]


def test_a_server_that_never_has_room_is_not_asked_for_ever():
    script = MAIL + rcpt(0, "452 4.5.3 Too many") + rcpt(1, "452 4.5.3 Too many")
    session = play(dialog(*people(2)), GREETED + script + QUIT)
    assert outcomes(session) == [["deferred", "deferred"]]
    assert session.failed_phase == "rcpt"


def test_limits_are_kept_without_being_hit():
    script = MAIL + rcpt(0) + rcpt(1) + RSET + MAIL + rcpt(2)
    session = play(dialog(*people(3)), limited("MAILMAX=9", "RCPTMAX=2") + script + QUIT)
    assert outcomes(session) == [["accepted", "accepted", "accepted"]]


def test_a_refusal_of_all_in_one_turn_costs_the_others_nothing():
    script = MAIL + rcpt(0, "550 No") + RSET + MAIL + rcpt(1)
    session = play(dialog(*people(2)), limited("RCPTMAX=1") + script + QUIT)
    assert outcomes(session) == [["refused", "accepted"]]
    assert session.failed_phase == "rcpt"


def test_a_refusal_of_the_sender_is_one_for_all_turns():
    session = play(dialog(*people(2)), limited("RCPTMAX=1") + "C: MAIL FROM:<admin@test.com>\nS: 550 No\n" + QUIT)
    assert outcomes(session) == [["not_tried", "not_tried"]]


def test_recipients_of_few_domains_at_a_time():
    first, second, third = "a@one.example", "b@two.example", "c@ONE.example"
    named = [f"C: RCPT TO:<{address}>\nS: 250 Ok\n" for address in (first, third, second)]
    script = MAIL + named[0] + named[1] + RSET + MAIL + named[2]
    session = play(dialog(first, second, third), limited("RCPTDOMAINMAX=1") + script + QUIT)
    assert outcomes(session) == [["accepted", "accepted", "accepted"]]


def test_who_has_no_turn_within_the_limits_is_told_so():
    planned = dialog(*people(2), further_envelopes=(envelope("user2@contoso.com"),))
    session = play(planned, limited("MAILMAX=1", "RCPTMAX=1") + MAIL + rcpt(0) + QUIT)
    assert outcomes(session) == [["accepted", "not_tried"], ["not_tried"]]
    reasons = [entry["reason"] for transaction in session.transactions for entry in transaction.recipients]
    assert reasons[0] is None
    assert all("MAILMAX" in reason for reason in reasons[1:])


@pytest.mark.parametrize("limits", ["RCPTMAX=0", "RCPTMAX=x", "RCPTMAX", "RCPTMAX=1234567", "OTHER=1"])
def test_a_limit_that_makes_no_sense_is_none(limits):
    session = play(dialog(*people(2)), limited(limits) + MAIL + rcpt(0) + rcpt(1) + QUIT)
    assert outcomes(session) == [["accepted", "accepted"]]


def test_nothing_follows_what_ends_with_mail():
    planned = dialog(stop_after="mail", further_envelopes=(envelope(sender="other@test.com"),))
    session = play(planned, GREETED + MAIL + RSET + "C: MAIL FROM:<other@test.com>\nS: 250 Ok\n" + QUIT)
    assert session.reached == "mail"
