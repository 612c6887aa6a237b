# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What MAIL and RCPT carry besides the address, and when there is no MAIL at all."""

from __future__ import annotations

import pytest
from mailops_smtp.plan import DeliverBy, Hold, Recipient

from tests.core.scripts import MESSAGE, QUIT, auth, dialog, envelope, play

EVERYTHING = "SIZE 99", "SMTPUTF8", "DSN", "DELIVERBY", "MT-PRIORITY STANAG4406", "FUTURERELEASE 86400"


def offered(*keywords):
    lines = ["mx1.contoso.com", *keywords]
    replies = [f"S: 250-{line}" for line in lines[:-1]] + [f"S: 250 {lines[-1]}"]
    return "\n".join(["S: 220 mx1.contoso.com", "C: EHLO test.com", *replies, ""])


def mail(*parameters):
    return " ".join(("C: MAIL FROM:<admin@test.com>", *parameters)) + "\nS: 250 Ok\n"


@pytest.mark.parametrize(
    ("wish", "keyword", "parameter"),
    [
        ({"smtputf8": True}, "SMTPUTF8", "SMTPUTF8"),
        ({"ret": "hdrs"}, "DSN", "RET=HDRS"),
        ({"envelope_id": "a+b"}, "DSN", "ENVID=a+2Bb"),
        ({"deliver_by": DeliverBy(-30, "notify", False)}, "DELIVERBY", "BY=-30;N"),
        ({"deliver_by": DeliverBy(120, "return", True)}, "DELIVERBY", "BY=120;RT"),
        ({"mt_priority": -9}, "MT-PRIORITY", "MT-PRIORITY=-9"),
        ({"mt_priority": 0}, "MT-PRIORITY", "MT-PRIORITY=0"),
        ({"hold": Hold(3600, None)}, "FUTURERELEASE", "HOLDFOR=3600"),
        ({"hold": Hold(None, "2027-01-31T08:00:00Z")}, "FUTURERELEASE", "HOLDUNTIL=2027-01-31T08:00:00Z"),
    ],
)
def test_each_wish_is_a_parameter_where_its_extension_is_offered(wish, keyword, parameter):
    session = play(dialog(**wish), offered(keyword) + mail(parameter) + QUIT)
    assert session.as_dict()["ehlo"]["not_offered"] == []
    forced = play(dialog(force=(keyword,), **wish), offered("HELP") + mail(parameter) + QUIT)
    assert forced.as_dict()["ehlo"]["not_offered"] == []
    assert forced.failed_phase is None


@pytest.mark.parametrize("wish", [{"ret": "hdrs"}, {"deliver_by": DeliverBy(30, "notify", True)}, {"mt_priority": 9}])
def test_what_can_be_left_out_is_left_out_where_it_is_not_offered(wish):
    session = play(dialog(**wish), offered("HELP") + mail() + QUIT)
    assert len(session.as_dict()["ehlo"]["not_offered"]) == 1
    assert (session.reached, session.failed_phase, session.sender["problem"]) == ("mail", None, None)


@pytest.mark.parametrize(
    ("wish", "keywords", "problem"),
    [
        (
            {"smtputf8": True},
            EVERYTHING[2:],
            "The server does not offer SMTPUTF8, without which the addresses cannot be written (RFC 6531 3.2).",
        ),
        (
            {"requiretls": True},
            EVERYTHING,
            "The server does not offer REQUIRETLS, without which the message must not be passed on (RFC 8689 4.2.1).",
        ),
        (
            {"requiretls": True},
            ["REQUIRETLS"],
            "REQUIRETLS is only for a connection with TLS, and this one has none (RFC 8689 2).",
        ),
        (
            {"hold": Hold(60, None)},
            EVERYTHING[:3],
            "The server does not offer FUTURERELEASE, without which the message would not be held back (RFC 4865).",
        ),
        (
            {"hold": Hold(86401, None)},
            EVERYTHING,
            "The server holds a message for 86400 seconds at most, not for 86401 (FUTURERELEASE).",
        ),
        (
            {"hold": Hold(None, "2027-01-31T08:00:00Z")},
            ["FUTURERELEASE 86400 2027-01-01T00:00:00Z"],
            "The server holds a message until 2027-01-01T00:00:00Z at most, not until 2027-01-31T08:00:00Z"
            " (FUTURERELEASE).",
        ),
        (
            {"deliver_by": DeliverBy(60, "return", False)},
            EVERYTHING[:3],
            "The server does not offer DELIVERBY, without which the message would not be returned in time"
            " (RFC 2852 4.1.4).",
        ),
        (
            {"deliver_by": DeliverBy(60, "return", False)},
            ["DELIVERBY 120"],
            "The server delivers within 120 seconds or more, not within 60 (DELIVERBY, RFC 2852 3).",
        ),
        (
            {"message": MESSAGE, "stop_after": "mail"},
            ["SIZE 22"],
            "The message has 23 octets, and the server takes 22 at most (SIZE, RFC 1870 6.1).",
        ),
    ],
)
def test_what_would_change_the_meaning_of_the_mail_is_not_sent(wish, keywords, problem):
    session = play(dialog(**wish), offered(*keywords) + QUIT)
    assert session.sender == {"address": "admin@test.com", "accepted": None, "problem": problem, "reply": None}
    assert (session.reached, session.failed_phase) == ("ehlo", "mail")


@pytest.mark.parametrize(
    ("wish", "keyword", "parameter"),
    [
        ({"requiretls": True}, "REQUIRETLS", "REQUIRETLS"),
        ({"hold": Hold(86401, None)}, "FUTURERELEASE 86400", "HOLDFOR=86401"),
        ({"deliver_by": DeliverBy(60, "return", False)}, "DELIVERBY 120", "BY=60;R"),
        ({"message": MESSAGE, "stop_after": "mail"}, "SIZE 22", "SIZE=23"),
    ],
)
def test_whoever_insists_sees_what_the_server_makes_of_it(wish, keyword, parameter):
    planned = dialog(force=(keyword.split()[0],), **wish)
    session = play(planned, offered(keyword) + f"C: MAIL FROM:<admin@test.com> {parameter}\nS: 555 No\n" + QUIT)
    assert (session.sender["accepted"], session.sender["problem"]) == (False, None)


@pytest.mark.parametrize(
    ("wish", "keyword", "parameter"),
    [
        ({"hold": Hold(86400, None)}, "FUTURERELEASE 86400", "HOLDFOR=86400"),
        ({"hold": Hold(86401, None)}, "FUTURERELEASE 0", "HOLDFOR=86401"),
        ({"hold": Hold(86401, None)}, "FUTURERELEASE soon", "HOLDFOR=86401"),
        ({"hold": Hold(None, "2027-01-31T08:00:00Z")}, "FUTURERELEASE 1", "HOLDUNTIL=2027-01-31T08:00:00Z"),
        ({"hold": Hold(None, "2027-01-31T08:00:00Z")}, "FUTURERELEASE 1 2026", "HOLDUNTIL=2027-01-31T08:00:00Z"),
        (
            {"hold": Hold(None, "2027-01-31T08:00:00Z")},
            "FUTURERELEASE 1 2027-01-31T08:00:00Z",
            "HOLDUNTIL=2027-01-31T08:00:00Z",
        ),
        ({"deliver_by": DeliverBy(60, "return", False)}, "DELIVERBY 60", "BY=60;R"),
        ({"deliver_by": DeliverBy(60, "notify", False)}, "DELIVERBY 120", "BY=60;N"),
        ({"message": MESSAGE, "stop_after": "mail"}, "SIZE 23", "SIZE=23"),
        ({"message": MESSAGE, "stop_after": "mail"}, "SIZE 0", "SIZE=23"),
        ({"message": MESSAGE, "stop_after": "mail"}, "SIZE", "SIZE=23"),
    ],
)
def test_what_is_inside_the_limits_that_the_server_sets_is_sent(wish, keyword, parameter):
    session = play(dialog(**wish), offered(keyword) + mail(parameter) + QUIT)
    assert session.failed_phase is None


def test_requiretls_under_tls():
    script = (
        offered("STARTTLS")
        + "C: STARTTLS\nS: 220 Go\nTLS\nC: EHLO test.com\nS: 250-mx1.contoso.com\nS: 250 REQUIRETLS\n"
        + mail("REQUIRETLS")
    )
    assert play(dialog(requiretls=True), script + QUIT).failed_phase is None


def test_an_envelope_that_cannot_be_sent_costs_the_next_nothing():
    planned = dialog("a@b.example", smtputf8=True, further_envelopes=(envelope("c@d.example"),))
    script = offered("HELP") + mail() + "C: RCPT TO:<c@d.example>\nS: 250 Ok\n" + QUIT
    session = play(planned, script)
    assert [transaction.failed_phase for transaction in session.transactions] == ["mail", None]
    assert session.outcomes == ["not_tried"]


def test_addresses_in_utf8():
    planned = dialog("用户@例子.example", sender="jörg@bücher.example", smtputf8=True)
    script = (
        offered("SMTPUTF8")
        + "C: MAIL FROM:<jörg@bücher.example> SMTPUTF8\nS: 250 Ok\nC: RCPT TO:<用户@例子.example>\nS: 250 Ok\n"
    )
    session = play(planned, script + QUIT)
    assert session.wire[1:3] == [
        "MAIL FROM:<jörg@bücher.example> SMTPUTF8\r\n".encode(),
        "RCPT TO:<用户@例子.example>\r\n".encode(),
    ]


def test_recipients_with_reports_of_their_own():
    planned = dialog(
        Recipient("a@b.example", ("never",)),
        Recipient("c@d.example", ("success", "delay"), "rfc822;old@d.example"),
        "e@f.example",
    )
    script = (
        offered("DSN")
        + mail()
        + "C: RCPT TO:<a@b.example> NOTIFY=NEVER\nS: 250 Ok\n"
        + "C: RCPT TO:<c@d.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;old@d.example\nS: 250 Ok\n"
        + "C: RCPT TO:<e@f.example>\nS: 250 Ok\n"
    )
    assert play(planned, script + QUIT).outcomes == ["accepted"] * 3


def test_a_log_in_that_is_not_offered_is_tried_by_force():
    script = offered("HELP") + "C: AUTH CRAM-MD5\nS: 503 Not here\n" + QUIT
    session = play(dialog(auth=auth("CRAM-MD5"), force=("AUTH",)), script)
    assert session.as_dict()["auth"]["accepted"] is False


def test_before_the_list_that_counts_nobody_knows_what_it_lacks():
    session = play(dialog(ret="full"), offered("STARTTLS") + "C: STARTTLS\nS: 220 Go\nTLS\nC: EHLO test.com\nLOST")
    assert session.as_dict()["ehlo"]["not_offered"] is None
