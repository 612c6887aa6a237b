# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands that go out together, and replies that are still taken one by one (RFC 2920)."""

from __future__ import annotations

import pytest
from mailops_smtp.dialog.octets import dot_stuffed

from tests.core.scripts import CONTENT, GREETED, MESSAGE, SENT, dialog, envelope, people, play

OFFERED = GREETED.replace("S: 250 mx1.contoso.com", "S: 250-mx1.contoso.com\nS: 250 PIPELINING")
MAIL = "C: MAIL FROM:<admin@test.com>\nS: 250 Ok\n"
RCPT = "C: RCPT TO:<user0@contoso.com>\nS: 250 Ok\n"
QUIT = "C: QUIT\nS: 221 Bye\n"
ENVELOPE = b"MAIL FROM:<admin@test.com>\r\nRCPT TO:<user0@contoso.com>\r\n"


def probe(count=1, **changes):
    return dialog(*people(count), pipelining=True, **changes)


def sent(session):
    """The octets that went out at once, one entry for each time, EHLO left out."""
    return [wire for wire in session.wire[1:] if wire]


def test_the_envelope_and_the_goodbye_go_out_at_once():
    session = play(probe(), OFFERED + MAIL + RCPT + QUIT)
    assert sent(session) == [ENVELOPE + b"QUIT\r\n"]
    assert session.outcomes == ["accepted"]


def test_the_sender_alone():
    assert sent(play(probe(0), OFFERED + MAIL + QUIT)) == [b"MAIL FROM:<admin@test.com>\r\nQUIT\r\n"]


def test_a_message_takes_two_turns():
    script = MAIL + RCPT + f"C: DATA\nS: 354 Go ahead\n{SENT}S: 250 Ok\n" + QUIT
    session = play(probe(message=MESSAGE), OFFERED + script)
    assert sent(session) == [ENVELOPE + b"DATA\r\n", b"".join(dot_stuffed([CONTENT])) + b"QUIT\r\n"]
    assert session.message["outcome"] == "accepted"


def test_who_wants_to_stop_at_data_hangs_up_there():
    session = play(probe(message=MESSAGE, stop_after="data"), OFFERED + MAIL + RCPT + "C: DATA\nS: 354 Go ahead\n")
    assert sent(session) == [ENVELOPE + b"DATA\r\n"]


def test_who_wants_to_drop_the_connection_sends_no_quit():
    assert sent(play(probe(leave="drop"), OFFERED + MAIL + RCPT)) == [ENVELOPE]


def test_never_unasked_and_never_without_the_extension():
    for planned, greeting in ((dialog("user0@contoso.com"), OFFERED), (probe(), GREETED)):
        assert len(sent(play(planned, greeting + MAIL + RCPT + QUIT))) == 3


def test_what_went_out_behind_a_refused_sender_is_heard_out():
    script = "C: MAIL FROM:<admin@test.com>\nS: 550 No\nC: RCPT TO:<user0@contoso.com>\nS: 503 MAIL first\n"
    session = play(probe(message=MESSAGE), OFFERED + script + "C: DATA\nS: 503 RCPT first\n" + QUIT)
    assert (session.failed_phase, session.outcomes) == ("mail", ["not_tried"])
    assert sent(session)[1:] == [b"QUIT\r\n"]


def test_a_server_that_wants_content_for_nobody_gets_an_empty_one():
    script = MAIL + "C: RCPT TO:<user0@contoso.com>\nS: 550 No\nC: DATA\nS: 354 Go ahead\nC: .\nS: 554 No recipients\n"
    session = play(probe(message=MESSAGE), OFFERED + script + "C: QUIT\nS: 221 Bye")
    assert (session.failed_phase, session.message["outcome"]) == ("rcpt", "not_sent")
    assert sent(session)[1:] == [b".\r\n", b"QUIT\r\n"]


def test_a_server_that_wants_no_content_is_asked_for_the_next_transaction():
    planned = probe(message=MESSAGE, further_envelopes=(envelope("user0@contoso.com", message=MESSAGE),))
    refused = MAIL + "C: RCPT TO:<user0@contoso.com>\nS: 550 No\nC: DATA\nS: 554 No recipients\nC: RSET\nS: 250 Ok\n"
    script = refused + MAIL + RCPT + f"C: DATA\nS: 354 Go ahead\n{SENT}S: 250 Ok\n" + QUIT
    session = play(planned, OFFERED + script)
    assert [transaction.failed_phase for transaction in session.transactions] == ["rcpt", None]
    assert sent(session)[-1].endswith(b".\r\nQUIT\r\n"), "QUIT belongs to the last transaction alone"


def test_421_ends_it_whatever_else_was_sent():
    session = play(probe(message=MESSAGE), OFFERED + "C: MAIL FROM:<admin@test.com>\nS: 421 Closing")
    assert session.failed_phase == "mail"


def test_421_for_what_went_out_behind_a_refusal():
    script = "C: MAIL FROM:<admin@test.com>\nS: 550 No\nC: RCPT TO:<user0@contoso.com>\nS: 421 Closing"
    assert play(probe(), OFFERED + script).failed_phase == "mail"


@pytest.mark.parametrize("further", [{}, {"message": MESSAGE}])
def test_who_falls_silent_is_not_told_quit_behind_what_is_not_answered_yet(further):
    session = play(probe(**further), OFFERED + "C: MAIL FROM:<admin@test.com>\nSILENT")
    assert session.failed_phase == "mail"
    assert len(sent(session)) == 1


def test_no_room_for_all_is_noticed_after_all_were_named():
    script = MAIL + RCPT + "C: RCPT TO:<user1@contoso.com>\nS: 452 4.5.3 Too many\n"
    script += "C: RCPT TO:<user2@contoso.com>\nS: 452 4.5.3 Too many\n"
    script += f"C: DATA\nS: 354 Go\n{SENT}S: 250 Ok\n"
    rest = "".join(f"C: RCPT TO:<user{number}@contoso.com>\nS: 250 Ok\n" for number in (1, 2))
    session = play(
        probe(3, message=MESSAGE), OFFERED + script + MAIL + rest + f"C: DATA\nS: 354 Go\n{SENT}S: 250 Ok\n" + QUIT
    )
    assert session.outcomes == ["accepted", "accepted", "accepted"]
    assert [b"QUIT" in wire for wire in sent(session)] == [False, False, False, True]


def test_after_quit_nobody_else_has_a_turn():
    script = MAIL + RCPT + "C: RCPT TO:<user1@contoso.com>\nS: 452 4.5.3 Too many\n" + QUIT
    assert play(probe(2), OFFERED + script).outcomes == ["accepted", "deferred"]


def test_lmtp_sends_quit_for_itself():
    planned = probe(message=MESSAGE, protocol="lmtp")
    greeting = OFFERED.replace("EHLO", "LHLO")
    script = MAIL + RCPT + f"C: DATA\nS: 354 Go ahead\n{SENT}S: 250 Ok\n" + QUIT
    assert sent(play(planned, greeting + script))[-1] == b"QUIT\r\n"


def test_giving_up_before_the_envelope_goes_out_has_nothing_to_hear():
    assert sent(play(probe(), OFFERED + "ABANDONED\n" + QUIT)) == [b"QUIT\r\n"]


def test_giving_up_hears_out_what_went_out():
    script = MAIL + "ABANDONED\nC: RCPT TO:<user0@contoso.com>\nS: 250 Ok\n" + QUIT
    assert play(probe(), OFFERED + script).failed_phase is None
