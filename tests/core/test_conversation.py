# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The procedure, line by line: what is said after which reply, and what is known of it afterwards."""

from __future__ import annotations

import pytest
from mailops_smtp.plan import Recipient

from tests.core.scripts import (
    GREETED,
    INVITED,
    MESSAGE,
    QUIT,
    SENT,
    dialog,
    people,
    play,
    rcpts,
)

# From 220 to 221.


def test_the_whole_procedure():
    session = play(
        dialog("user@contoso.com", message=MESSAGE),
        """
        S: 220-mx1.contoso.com ESMTP
        S: 220 Be patient
        C: EHLO test.com
        S: 250-mx1.contoso.com Hello [198.51.100.7]
        S: 250-SIZE 37748736
        S: 250 DSN
        C: MAIL FROM:<admin@test.com> SIZE=23
        S: 250 2.1.0 Ok
        C: RCPT TO:<user@contoso.com>
        S: 250 2.1.5 Ok
        C: DATA
        S: 354 End data with <CR><LF>.<CR><LF>
        C: <message of 23 octets>
        S: 250 2.0.0 Ok: queued as 4WJx0ZzqGb
        C: QUIT
        S: 221 2.0.0 Bye
        """,
    )
    assert session.wire == [
        b"EHLO test.com\r\n",
        b"MAIL FROM:<admin@test.com> SIZE=23\r\n",
        b"RCPT TO:<user@contoso.com>\r\n",
        b"DATA\r\n",
        b"Subject: test\r\n\r\n..dot\r\n.\r\n",
        b"QUIT\r\n",
    ]
    facts = session.as_dict()
    assert (facts["reached"], facts["failed_phase"]) == ("message", None)
    assert facts["ehlo"] == {
        "command": "EHLO",
        "greeting": "mx1.contoso.com Hello [198.51.100.7]",
        "client_seen_as": "198.51.100.7",
        "not_offered": [],
        "keywords": [{"keyword": "SIZE", "parameters": ["37748736"]}, {"keyword": "DSN", "parameters": []}],
        "before_tls": None,
    }
    assert facts["sender"]["address"] == "admin@test.com"
    assert facts["sender"]["accepted"] is True
    assert facts["sender"]["reply"]["enhanced"] == "2.1.0"
    assert session.outcomes == ["accepted"]
    assert facts["message"]["outcome"] == "accepted"
    assert facts["message"]["queue_id"] == "4WJx0ZzqGb"


STOPS = {
    "banner": ["C: QUIT"],
    "ehlo": ["C: EHLO test.com", "C: QUIT"],
    "starttls": ["C: EHLO test.com", "C: QUIT"],
    "auth": ["C: EHLO test.com", "C: QUIT"],
    "mail": ["C: EHLO test.com", "C: MAIL FROM:<admin@test.com>", "C: QUIT"],
    "rcpt": ["C: EHLO test.com", "C: MAIL FROM:<admin@test.com>", "C: RCPT TO:<user@contoso.com>", "C: QUIT"],
}


@pytest.mark.parametrize("phase", STOPS)
def test_a_stop_after_each_phase_says_goodbye(phase):
    script = "\n".join(["S: 220 mx1", *(line + "\nS: 250 Ok" for line in STOPS[phase])])
    session = play(dialog("user@contoso.com", message=MESSAGE, stop_after=phase), script)
    # Without an offer there is no STARTTLS, and without credentials no AUTH.
    reached = {"starttls": "ehlo", "auth": "ehlo"}.get(phase, phase)
    assert (session.reached, session.failed_phase) == (reached, None)


def test_a_stop_after_data_hangs_up_instead_of_sending_quit_as_a_line_of_the_message():
    session = play(dialog("user@contoso.com", message=MESSAGE, stop_after="data"), INVITED)
    assert (session.reached, session.failed_phase) == ("data", None)
    assert session.message["outcome"] == "not_sent"


def test_the_null_sender():
    session = play(dialog(sender=""), GREETED + "C: MAIL FROM:<>\nS: 250 Ok" + QUIT)
    assert session.sender["accepted"] is True


@pytest.mark.parametrize("reply", ["554 No SMTP service here", "521 Never", "250 Ok", "354 Go"])
def test_a_banner_that_is_no_220(reply):
    session = play(dialog(), f"S: {reply}" + QUIT)
    assert (session.reached, session.failed_phase) == (None, "banner")


# HELO.


@pytest.mark.parametrize("reply", ["500 What?", "502 Not implemented", "550 No"])
def test_helo_where_ehlo_is_refused(reply):
    session = play(
        dialog(),
        f"""
        S: 220 mx1
        C: EHLO test.com
        S: {reply}
        C: HELO test.com
        S: 250-mx1
        S: 250 STARTTLS
        C: MAIL FROM:<admin@test.com>
        S: 250 Ok
        """
        + QUIT,
    )
    facts = session.as_dict()
    assert facts["ehlo"]["command"] == "HELO"
    assert facts["ehlo"]["keywords"] == [], "a HELO reply has no list, whatever it looks like"
    assert session.starttls_offered is None
    assert facts["failed_phase"] is None


def test_helo_by_choice():
    session = play(dialog(hello="helo", stop_after="ehlo"), "S: 220 mx1\nC: HELO test.com\nS: 250 mx1" + QUIT)
    assert session.as_dict()["ehlo"]["command"] == "HELO"


def test_neither_ehlo_nor_helo():
    session = play(dialog(), "S: 220 mx1\nC: EHLO test.com\nS: 501 No\nC: HELO test.com\nS: 501 No" + QUIT)
    assert (session.reached, session.failed_phase) == ("banner", "ehlo")
    assert session.as_dict()["ehlo"] is None


def test_no_helo_where_ehlo_is_put_off():
    session = play(dialog(), "S: 220 mx1\nC: EHLO test.com\nS: 450 Later" + QUIT)
    assert session.failed_phase == "ehlo"


# MAIL and RCPT.

DSN = {
    "ret": "hdrs",
    "envelope_id": "QQ+1=a b",
}
ASKS_FOR_RECEIPT = Recipient("user@contoso.com", ("success", "failure"), "rfc822;user@contoso.com")


def test_receipts_are_asked_for_where_dsn_is_offered():
    session = play(
        dialog(ASKS_FOR_RECEIPT, **DSN, message=MESSAGE, stop_after="rcpt"),
        """
        S: 220 mx1
        C: EHLO test.com
        S: 250-mx1
        S: 250 DSN
        C: MAIL FROM:<admin@test.com> RET=HDRS ENVID=QQ+2B1+3Da+20b
        S: 250 Ok
        C: RCPT TO:<user@contoso.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;user@contoso.com
        S: 250 Ok
        """
        + QUIT,
    )
    assert session.recipients[0]["notify"] == ["success", "failure"]
    assert session.message["envelope_id"] == "QQ+1=a b"


def test_receipts_are_not_asked_for_where_dsn_is_not_offered():
    script = GREETED + "C: MAIL FROM:<admin@test.com>\nS: 250 Ok\nC: RCPT TO:<user@contoso.com>\nS: 250 Ok" + QUIT
    session = play(dialog(ASKS_FOR_RECEIPT, **DSN, message=MESSAGE, stop_after="rcpt"), script)
    assert session.recipients[0]["notify"] == ["success", "failure"], "what the user wants, said or not"
    assert session.message["envelope_id"] is None


@pytest.mark.parametrize("reply", ["250-mx1\nS: 250 SIZE", "250-mx1\nS: 250 SIZE 0"])
def test_the_size_is_told_where_size_is_offered(reply):
    planned = dialog("user@contoso.com", message=MESSAGE, stop_after="mail")
    play(planned, f"S: 220 mx1\nC: EHLO test.com\nS: {reply}\nC: MAIL FROM:<admin@test.com> SIZE=23\nS: 250 Ok" + QUIT)


@pytest.mark.parametrize("reply", ["550 5.7.1 No", "450 4.7.1 Later", "354 What?"])
def test_the_sender_is_refused(reply):
    session = play(dialog("user@contoso.com"), GREETED + f"C: MAIL FROM:<admin@test.com>\nS: {reply}" + QUIT)
    assert session.failed_phase == "mail"
    assert session.sender["accepted"] is False
    assert session.sender["reply"]["code"] == int(reply[:3])
    assert session.outcomes == ["not_tried"]


def test_each_recipient_has_an_outcome_of_its_own():
    session = play(dialog(*people(4)), rcpts(250, 550, 451, 251) + QUIT)
    assert session.outcomes == ["accepted", "refused", "deferred", "accepted"]
    assert [recipient["reply"]["code"] for recipient in session.recipients] == [250, 550, 451, 251]
    assert (session.reached, session.failed_phase) == ("rcpt", None)


def test_without_an_accepted_recipient_there_is_no_data():
    session = play(dialog(*people(2), message=MESSAGE), rcpts(550, 450) + QUIT)
    assert (session.reached, session.failed_phase) == ("mail", "rcpt")
    assert session.message["outcome"] == "not_sent"


def test_one_accepted_recipient_is_enough_for_data():
    session = play(
        dialog(*people(2), message=MESSAGE), rcpts(550, 250) + f"C: DATA\nS: 354 Go\n{SENT}S: 250 queued as A1" + QUIT
    )
    assert session.message["outcome"] == "accepted"
    assert session.outcomes == ["refused", "accepted"]


# DATA and the message.


@pytest.mark.parametrize(
    ("reply", "outcome"), [("554 No", "refused"), ("451 Later", "deferred"), ("250 Ok", "refused")]
)
def test_data_is_refused(reply, outcome):
    script = INVITED.replace("354 Go ahead", reply) + QUIT
    session = play(dialog("user@contoso.com", message=MESSAGE), script)
    assert (session.reached, session.failed_phase) == ("rcpt", "data")
    assert session.message["outcome"] == outcome
    assert session.message["reply"]["code"] == int(reply[:3])


@pytest.mark.parametrize(("reply", "outcome"), [("550 Spam", "refused"), ("451 Later", "deferred")])
def test_the_message_is_refused(reply, outcome):
    session = play(dialog("user@contoso.com", message=MESSAGE), INVITED + SENT + f"S: {reply}" + QUIT)
    assert (session.reached, session.failed_phase) == ("data", "message")
    assert session.message["outcome"] == outcome
    assert session.message["queue_id"] is None


def test_a_lost_stream_leaves_the_fate_of_the_message_open():
    session = play(dialog("user@contoso.com", message=MESSAGE), INVITED + SENT + "LOST")
    assert (session.failed_phase, session.message["outcome"]) == ("message", "unknown")
