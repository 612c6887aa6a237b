# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AUTH inside the conversation: each outcome, and no secret in anything that may be shown."""

from __future__ import annotations

import base64

import pytest
from mailops_smtp.dialog import sasl

from tests.core.scripts import auth, dialog, play

QUIT = "\nC: QUIT\nS: 221 Bye"


def offering(mechanisms):
    return f"S: 220 mx1\nC: EHLO test.com\nS: 250-mx1\nS: 250 AUTH {mechanisms}\n"


def log_in(offered, script, channel_bindings=None, **changes):
    session = play(dialog(auth=auth(**changes), stop_after="auth"), offering(offered) + script, channel_bindings)
    assert session.auth["username"] == "probe"
    return session


def base64_of(text):
    return base64.b64encode(text.encode()).decode()


def test_plain_is_accepted():
    session = log_in("PLAIN", "C: AUTH PLAIN ********\nS: 235 2.7.0 Welcome" + QUIT)
    assert session.auth == {
        "mechanism": "PLAIN",
        "username": "probe",
        "channel_binding": None,
        "accepted": True,
        "problem": None,
    }
    assert session.wire[1] == f"AUTH PLAIN {base64_of(chr(0) + 'probe' + chr(0) + 'battery-staple')}\r\n".encode()
    assert (session.reached, session.failed_phase) == ("auth", None)


def test_login_is_accepted():
    session = log_in(
        "LOGIN", "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: ********\nS: 334\nC: ********\nS: 235 Welcome" + QUIT
    )
    assert session.wire[2:4] == [b"cHJvYmU=\r\n", b"YmF0dGVyeS1zdGFwbGU=\r\n"]
    assert session.auth["accepted"] is True


@pytest.mark.parametrize("reply", ["535 5.7.8 Wrong", "454 4.7.0 Later", "538 5.7.11 Not here", "354 What?"])
def test_the_log_in_is_refused(reply):
    session = log_in("PLAIN", f"C: AUTH PLAIN ********\nS: {reply}" + QUIT)
    assert (session.reached, session.failed_phase) == ("ehlo", "auth")
    assert (session.auth["accepted"], session.auth["problem"]) == (False, None)


def test_the_strongest_mechanism_is_taken():
    log_in("PLAIN LOGIN CRAM-MD5", "C: AUTH CRAM-MD5\nS: 535 No" + QUIT)


def test_no_mechanism_in_common():
    session = log_in("NTLM GSSAPI", QUIT)
    assert session.auth == {
        "mechanism": None,
        "username": "probe",
        "channel_binding": None,
        "accepted": None,
        "problem": "The server has no mechanism for a user name and a password; it offers NTLM, GSSAPI.",
    }
    assert session.failed_phase == "auth"


def test_auth_is_not_offered():
    session = play(dialog(auth=auth()), "S: 220 mx1\nC: EHLO test.com\nS: 250 mx1" + QUIT)
    assert (
        session.auth["problem"] == "The server has no mechanism for a user name and a password; it offers none at all."
    )


@pytest.mark.parametrize(("offered", "changes"), [
    ("AUTH NTLM", {}),
    ("AUTH PLAIN", {"mechanism": "CRAM-MD5"}),
    ("AUTH PLAIN LOGIN", {"allow_clear_text": False}),
    ("SIZE", {}),
])  # fmt: skip
def test_an_optional_log_in_that_cannot_be_tried_is_left_out(offered, changes):
    session = play(
        dialog(auth=auth(required=False, **changes)),
        f"S: 220 mx1\nC: EHLO test.com\nS: 250-mx1\nS: 250 {offered}\nC: MAIL FROM:<admin@test.com>\nS: 250 Ok" + QUIT,
    )
    assert (session.reached, session.failed_phase) == ("mail", None)
    assert (session.auth["mechanism"], session.auth["accepted"]) == (None, None)
    assert session.auth["problem"]


def test_an_optional_log_in_that_is_refused_ends_it():
    session = log_in("PLAIN", "C: AUTH PLAIN ********\nS: 535 5.7.8 Wrong" + QUIT, required=False)
    assert (session.failed_phase, session.auth["accepted"]) == ("auth", False)


def test_an_optional_log_in_that_the_mechanism_cannot_carry_ends_it():
    assert log_in("PLAIN", QUIT, required=False, password="\ud800").failed_phase == "auth"


def test_external_needs_no_password():
    session = log_in("EXTERNAL", "C: AUTH EXTERNAL ********\nS: 235 Ok" + QUIT, mechanism="EXTERNAL", password="")
    assert session.wire[1] == f"AUTH EXTERNAL {base64_of('probe')}\r\n".encode()
    assert session.auth["accepted"] is True


def test_a_password_does_not_go_over_an_unencrypted_line():
    session = log_in("PLAIN LOGIN", QUIT, allow_clear_text=False)
    assert "auth.allow_clear_text" in session.auth["problem"]
    assert session.auth["mechanism"] is None


def test_a_password_that_the_mechanism_cannot_carry():
    session = log_in("PLAIN", QUIT, password="\ud800")
    assert session.auth["problem"] == "The password contains a NUL or a lone surrogate, which no mechanism can carry."
    assert session.auth["mechanism"] == "PLAIN"


def test_a_challenge_that_is_not_base64_is_cancelled():
    session = log_in("LOGIN", "C: AUTH LOGIN\nS: 334 User name, please!\nC: *\nS: 501 Cancelled" + QUIT)
    assert session.auth["problem"] == "The server's challenge is not base64 (RFC 4954 4)."
    assert (session.auth["accepted"], session.failed_phase) == (None, "auth")


@pytest.mark.parametrize("answer", ["334 ", "235 Welcome"])
def test_nothing_after_a_cancellation_counts(answer):
    session = log_in("LOGIN", f"C: AUTH LOGIN\nS: 334 ?\nC: *\nS: {answer}" + QUIT)
    assert session.auth["accepted"] is None


@pytest.mark.parametrize("name", sorted(sasl.MECHANISMS))
def test_challenges_without_end_come_to_an_end(name):
    answers = {"PLAIN": 0, "LOGIN": 2, "CRAM-MD5": 1, "EXTERNAL": 0, "XOAUTH2": 1, "OAUTHBEARER": 1}.get(name, 0)
    initial = "" if name in ("LOGIN", "CRAM-MD5") else " ********"
    asked = f"S: 334 {base64_of('?')}\n"
    script = f"C: AUTH {name}{initial}\n" + (asked + "C: ********\n") * answers + asked + "C: *\nS: 501 Ok" + QUIT
    session = log_in(name, script, {"tls-unique": b"unique"}, mechanism=name)
    assert session.auth["problem"]
    assert session.failed_phase == "auth"


@pytest.mark.parametrize("kind", ["tls-unique", "tls-server-end-point"])
def test_what_the_log_in_is_bound_to_is_told(kind):
    name = "SCRAM-SHA-256-PLUS"
    session = log_in(name, f"C: AUTH {name} ********\nS: 535 No" + QUIT, {kind: b"octets"}, mechanism=name)
    assert (session.auth["channel_binding"], session.auth["accepted"]) == (kind, False)
    said = base64.b64decode(session.wire[1].split()[-1])
    assert said.startswith(f"p={kind},,n=probe,r=".encode())


def test_a_bound_log_in_without_anything_to_bind_it_to_is_not_begun():
    session = log_in("SCRAM-SHA-256-PLUS", QUIT, mechanism="SCRAM-SHA-256-PLUS")
    assert session.auth["problem"].endswith("data of the TLS session, and there is none.")
    assert (session.auth["mechanism"], session.failed_phase) == (None, "auth")
    optional = log_in("SCRAM-SHA-256-PLUS", QUIT, mechanism="SCRAM-SHA-256-PLUS", required=False)
    assert (optional.auth["problem"], optional.failed_phase) == (session.auth["problem"], None)


@pytest.mark.parametrize("name", ["SCRAM-SHA-256", "SCRAM-SHA-1", "LOGIN"])
def test_a_welcome_before_the_exchange_is_over_is_noted(name):
    initial = "" if name == "LOGIN" else " ********"
    session = log_in(name, f"C: AUTH {name}{initial}\nS: 235 Welcome" + QUIT, mechanism=name)
    assert session.auth["accepted"] is True, "which is what the server said"
    assert session.auth["problem"] == f"The server accepted the log-in before {name} was over: nothing was proved."


@pytest.mark.parametrize("name", ["PLAIN", "EXTERNAL", "XOAUTH2", "OAUTHBEARER"])
def test_what_does_not_go_along_with_auth_is_the_answer_to_an_empty_challenge(name):
    script = f"C: AUTH {name}\nS: 334\nC: ********\nS: 235 Welcome" + QUIT
    session = log_in(name, script, mechanism=name, initial_response=False)
    assert (session.auth["accepted"], session.auth["problem"]) == (True, None)
    together = log_in(name, f"C: AUTH {name} ********\nS: 235 Welcome" + QUIT, mechanism=name)
    assert b"AUTH %b " % name.encode() + session.wire[2] == together.wire[1]


@pytest.mark.parametrize(("octets", "challenged"), [(365, ""), (366, "\nS: 334")])
def test_a_token_too_long_for_a_command_line_waits_for_the_challenge(octets, challenged):
    # RFC 4954 4 and RFC 5321 4.5.3.1.4: 512 octets, of which the verb, the mechanism and CRLF need 13. Of the 499 for
    # base64 496 can be used, which is 372 of PLAIN's own: the user name, two NULs, and 365 more.
    script = f"C: AUTH PLAIN{challenged}{chr(10) + 'C:' if challenged else ''} ********\nS: 235 Welcome" + QUIT
    session = log_in("PLAIN", script, password="x" * octets)
    assert session.auth["accepted"] is True
    assert max(map(len, session.wire)) <= 512


@pytest.mark.parametrize(("reply", "problem"), [
    ("235 Welcome", "The server accepted the log-in before PLAIN was over: nothing was proved."),
    ("501 5.5.4 Initial response missing", None),
])  # fmt: skip
def test_a_server_that_does_not_ask_for_what_does_not_go_along(reply, problem):
    session = log_in("PLAIN", f"C: AUTH PLAIN\nS: {reply}" + QUIT, initial_response=False)
    assert session.auth["problem"] == problem
    assert session.auth["accepted"] is reply.startswith("235")


def test_the_mechanisms_after_tls_count():
    session = play(
        dialog(auth=auth(allow_clear_text=False), stop_after="auth"),
        """
        S: 220 mx1
        C: EHLO test.com
        S: 250-mx1
        S: 250-AUTH CRAM-MD5
        S: 250 STARTTLS
        C: STARTTLS
        S: 220 Ready
        TLS
        C: EHLO test.com
        S: 250-mx1
        S: 250 AUTH PLAIN
        C: AUTH PLAIN ********
        S: 235 Welcome
        """
        + QUIT,
    )
    assert session.auth["accepted"] is True
