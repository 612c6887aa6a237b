# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The procedure, line by line: what is said after which reply, and what is known of it afterwards."""

from __future__ import annotations

import pytest
from mailops_smtp.plan import Recipient

from tests.core.scripts import MESSAGE, auth, dialog, play

GREETED = """
    S: 220 mx1.contoso.com
    C: EHLO test.com
    S: 250 mx1.contoso.com
"""
# As far as DATA, to a server without extensions.
INVITED = (
    GREETED
    + """
    C: MAIL FROM:<admin@test.com>
    S: 250 Ok
    C: RCPT TO:<user@contoso.com>
    S: 250 Ok
    C: DATA
    S: 354 Go ahead
"""
)
QUIT = """
    C: QUIT
    S: 221 Bye
"""
SENT = f"C: <message of {MESSAGE.size} octets>\n"


def outcomes(session):
    return [recipient["outcome"] for recipient in session.recipients]


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
        "keywords": [{"keyword": "SIZE", "parameters": ["37748736"]}, {"keyword": "DSN", "parameters": []}],
        "before_tls": None,
    }
    assert facts["sender"]["address"] == "admin@test.com"
    assert facts["sender"]["accepted"] is True
    assert facts["sender"]["reply"]["enhanced"] == "2.1.0"
    assert outcomes(session) == ["accepted"]
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


# STARTTLS.

OFFERED = """
    S: 220 mx1.contoso.com
    C: EHLO test.com
    S: 250-mx1.contoso.com
    S: 250-SIZE 1000
    S: 250 STARTTLS
"""
SECURED = (
    OFFERED
    + """
    C: STARTTLS
    S: 220 Ready
    TLS
    C: EHLO test.com
    S: 250-mx1.contoso.com
    S: 250-AUTH PLAIN
    S: 250 DSN
"""
)


@pytest.mark.parametrize("wish", ["optional", "required"])
def test_starttls_and_the_second_ehlo(wish):
    session = play(dialog(starttls=wish), SECURED + "C: MAIL FROM:<admin@test.com>\nS: 250 Ok" + QUIT)
    facts = session.as_dict()
    assert (facts["reached"], facts["failed_phase"]) == ("mail", None)
    assert [entry["keyword"] for entry in facts["ehlo"]["keywords"]] == ["AUTH", "DSN"]
    assert [entry["keyword"] for entry in facts["ehlo"]["before_tls"]] == ["SIZE", "STARTTLS"]


def test_a_stop_after_starttls_comes_after_the_second_ehlo():
    assert play(dialog(stop_after="starttls"), SECURED + QUIT).reached == "starttls"


def test_starttls_is_offered_and_not_wanted():
    session = play(dialog(starttls="never", stop_after="starttls"), OFFERED + QUIT)
    assert session.starttls_offered is True
    assert session.secure is False


def test_starttls_is_required_and_not_offered():
    session = play(dialog(starttls="required"), GREETED + QUIT)
    assert (session.reached, session.failed_phase, session.starttls_offered) == ("ehlo", "starttls", False)


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("keyword", ["STARTTLS", "starttls", "StartTLS"])
def test_starttls_is_seen_wherever_and_however_it_stands(keyword, position):
    lines = ["SIZE 1000", "DSN"]
    lines.insert(position, keyword)
    offer = "\n".join(["S: 250-mx1", *(f"S: 250-{line}" for line in lines[:-1]), f"S: 250 {lines[-1]}"])
    play(dialog(), f"S: 220 mx1\nC: EHLO test.com\n{offer}\nC: STARTTLS\nLOST")


@pytest.mark.parametrize("wish", ["optional", "required"])
@pytest.mark.parametrize("reply", ["454 TLS not available", "502 Not implemented", "250 Ok"])
def test_starttls_is_offered_and_refused(wish, reply):
    session = play(dialog(starttls=wish), OFFERED + f"C: STARTTLS\nS: {reply}" + QUIT)
    assert (session.reached, session.failed_phase) == ("ehlo", "starttls")


@pytest.mark.parametrize("wish", ["optional", "required"])
def test_nothing_is_said_in_clear_text_after_a_failed_handshake(wish):
    session = play(dialog(starttls=wish), OFFERED + "C: STARTTLS\nS: 220 Ready\nLOST")
    assert session.failed_phase == "starttls"
    assert session.wire[-1] == b"STARTTLS\r\n"
    assert [entry["keyword"] for entry in session.as_dict()["ehlo"]["keywords"]] == ["SIZE", "STARTTLS"]


def test_an_unacceptable_certificate_ends_it_politely():
    session = play(dialog(), OFFERED + "C: STARTTLS\nS: 220 Ready\nTLS: The certificate is not trusted." + QUIT)
    assert (session.reached, session.failed_phase, session.secure) == ("ehlo", "starttls", True)


def test_after_tls_the_second_ehlo_is_refused():
    session = play(
        dialog(),
        OFFERED
        + """
        C: STARTTLS
        S: 220 Ready
        TLS
        C: EHLO test.com
        S: 450 Later
        """
        + QUIT,
    )
    assert session.failed_phase == "ehlo"
    assert [entry["keyword"] for entry in session.as_dict()["ehlo"]["keywords"]] == ["SIZE", "STARTTLS"]


def test_implicit_tls_comes_before_the_banner():
    session = play(
        dialog(protocol="smtps", starttls="never"),
        "TLS\nS: 220 mx1\nC: EHLO test.com\nS: 250-mx1\nS: 250 STARTTLS\nC: MAIL FROM:<admin@test.com>\nS: 250 Ok"
        + QUIT,
    )
    assert (session.reached, session.secure) == ("mail", True)


def test_implicit_tls_fails():
    session = play(dialog(protocol="smtps", starttls="never"), "LOST")
    assert (session.reached, session.failed_phase) == (None, "starttls")


# MAIL and RCPT.

DSN = {
    "ret": "hdrs",
    "envelope_id": "QQ+1=a b",
}
ASKS_FOR_RECEIPT = Recipient("user@contoso.com", ("success", "failure"), "user@contoso.com")


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
    assert outcomes(session) == ["not_tried"]


def rcpts(*codes):
    """The dialog with one recipient for each code."""
    said = [f"C: RCPT TO:<user{number}@contoso.com>\nS: {code} reply" for number, code in enumerate(codes)]
    return GREETED + "C: MAIL FROM:<admin@test.com>\nS: 250 Ok\n" + "\n".join(said) + "\n"


def people(count):
    return [f"user{number}@contoso.com" for number in range(count)]


def test_each_recipient_has_an_outcome_of_its_own():
    session = play(dialog(*people(4)), rcpts(250, 550, 451, 251) + QUIT)
    assert outcomes(session) == ["accepted", "refused", "deferred", "accepted"]
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
    assert outcomes(session) == ["refused", "accepted"]


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


# LMTP.


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
    assert outcomes(session) == each
    assert session.message["outcome"] == outcome
    assert session.message["reply"]["code"] == code


@pytest.mark.parametrize("end", ["S: 421 Going down", "LOST"])
def test_lmtp_ends_between_two_recipients(end):
    session = play(dialog(*people(3), protocol="lmtp", message=MESSAGE), lmtp("250 Ok") + end)
    assert (session.failed_phase, session.message["outcome"]) == ("message", "unknown")


def test_lmtp_has_no_helo_to_fall_back_to():
    session = play(dialog(protocol="lmtp"), "S: 220 mx1\nC: LHLO test.com\nS: 500 What?" + QUIT)
    assert session.failed_phase == "ehlo"


# Ends that come from outside, in every phase.

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
    session = play(whole(), "\n".join([*LINES[:position], "ABANDONED", *farewell]))
    assert session.failed_phase is None


def test_giving_up_in_the_farewell_of_giving_up():
    play(dialog(), "S: 220 mx1\nC: EHLO test.com\nABANDONED\nC: QUIT\nABANDONED")


def test_every_421_is_kept_for_the_recipient_it_was_said_to():
    session = play(dialog(*people(3)), rcpts(250, 421))
    assert outcomes(session) == ["accepted", "deferred", "not_tried"]
    assert session.failed_phase == "rcpt"
