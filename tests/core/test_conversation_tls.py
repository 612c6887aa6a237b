# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""STARTTLS and implicit TLS: when it is begun, what is said after it, and that nothing follows it in clear text."""

from __future__ import annotations

import pytest

from tests.core.scripts import (
    GREETED,
    OFFERED,
    QUIT,
    SECURED,
    dialog,
    play,
)


@pytest.mark.parametrize("wish", ["optional", "required", "probe"])
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


def test_a_probe_finds_the_offer_stripped():
    session = play(
        dialog(starttls="probe"),
        GREETED
        + """
        C: STARTTLS
        S: 220 Ready
        TLS
        C: EHLO test.com
        S: 250 mx1.contoso.com
        C: MAIL FROM:<admin@test.com>
        S: 250 Ok
        """
        + QUIT,
    )
    assert (session.reached, session.starttls_offered, session.secure) == ("mail", False, True)


@pytest.mark.parametrize("reply", ["502 5.5.1 Not implemented", "454 4.7.0 Not now", "250 What?"])
def test_a_refused_probe_goes_on_in_clear_text(reply):
    session = play(
        dialog(starttls="probe"),
        GREETED + f"C: STARTTLS\nS: {reply}\nC: MAIL FROM:<admin@test.com>\nS: 250 Ok" + QUIT,
    )
    assert (session.reached, session.failed_phase, session.secure) == ("mail", None, False)


def test_a_probe_that_the_server_hangs_up_on():
    assert play(dialog(starttls="probe"), GREETED + "C: STARTTLS\nS: 421 Bye").failed_phase == "starttls"


def test_a_probe_whose_handshake_fails_is_not_followed_by_clear_text():
    session = play(dialog(starttls="probe"), GREETED + "C: STARTTLS\nS: 220 Ready\nLOST")
    assert (session.failed_phase, session.wire[-1]) == ("starttls", b"STARTTLS\r\n")


def test_after_helo_nothing_is_probed():
    script = "S: 220 mx1\nC: EHLO test.com\nS: 500 What?\nC: HELO test.com\nS: 250 mx1\n"
    session = play(dialog(starttls="probe", stop_after="auth"), script + QUIT)
    assert (session.failed_phase, session.starttls_offered) == (None, None)


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("keyword", ["STARTTLS", "starttls", "StartTLS"])
def test_starttls_is_seen_wherever_and_however_it_stands(keyword, position):
    lines = ["SIZE 1000", "DSN"]
    lines.insert(position, keyword)
    offer = "\n".join(["S: 250-mx1", *(f"S: 250-{line}" for line in lines[:-1]), f"S: 250 {lines[-1]}"])
    play(dialog(), f"S: 220 mx1\nC: EHLO test.com\n{offer}\nC: STARTTLS\nLOST")


@pytest.mark.parametrize("wish", ["optional", "required", "probe"])
@pytest.mark.parametrize("reply", ["454 TLS not available", "502 Not implemented", "250 Ok"])
def test_starttls_is_offered_and_refused(wish, reply):
    session = play(dialog(starttls=wish), OFFERED + f"C: STARTTLS\nS: {reply}" + QUIT)
    assert (session.reached, session.failed_phase) == ("ehlo", "starttls")


@pytest.mark.parametrize("wish", ["optional", "required", "probe"])
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
