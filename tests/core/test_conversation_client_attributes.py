# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""XCLIENT and XFORWARD: only what the server lists, unless it is forced."""

from __future__ import annotations

import pytest

from tests.core.scripts import QUIT, auth, dialog, envelope, play

CLIENT = (("NAME", "mail.example.net"), ("ADDR", "203.0.113.9"), ("LOGIN", "a b=c"))
MAIL = "C: MAIL FROM:<admin@test.com>\nS: 250 Ok\n"


def offered(*keywords):
    lines = ["mx1.contoso.com", *keywords]
    replies = [f"S: 250-{line}" for line in lines[:-1]] + [f"S: 250 {lines[-1]}"]
    return "\n".join(["C: EHLO test.com", *replies, ""])


GREETED = "S: 220 mx1.contoso.com\n"


def test_after_xclient_the_server_is_greeted_again_and_its_new_list_counts():
    script = (
        GREETED
        + offered("XCLIENT NAME addr", "XCLIENT LOGIN")
        + "C: XCLIENT NAME=mail.example.net ADDR=203.0.113.9 LOGIN=a+20b+3Dc\nS: 220 mx1.contoso.com\n"
        + offered("AUTH PLAIN")
        + "C: AUTH PLAIN ********\nS: 235 Welcome\n"
        + MAIL
    )
    session = play(dialog(xclient=CLIENT, auth=auth()), script + QUIT)
    facts = session.as_dict()
    assert {name: facts["xclient"][name] for name in ("attributes", "not_offered", "accepted", "problem")} == {
        "attributes": ["NAME", "ADDR", "LOGIN"],
        "not_offered": [],
        "accepted": True,
        "problem": None,
    }
    assert facts["ehlo"]["keywords"] == [{"keyword": "AUTH", "parameters": ["PLAIN"]}]
    assert (facts["reached"], facts["failed_phase"]) == ("mail", None)


def test_what_the_server_does_not_list_is_left_out_and_named():
    script = GREETED + offered("XCLIENT ADDR") + "C: XCLIENT ADDR=203.0.113.9\nS: 220 mx1\n" + offered("HELP") + MAIL
    facts = play(dialog(xclient=CLIENT), script + QUIT).as_dict()
    assert (facts["xclient"]["attributes"], facts["xclient"]["not_offered"]) == (["ADDR"], ["NAME", "LOGIN"])


@pytest.mark.parametrize("keyword", ["XCLIENT", "XFORWARD"])
@pytest.mark.parametrize("listed", ["HELP", "{} PORT"])
def test_where_nothing_can_be_said_of_the_client_the_dialog_ends(keyword, listed):
    option = keyword.lower()
    session = play(dialog(**{option: CLIENT}), GREETED + offered(listed.format(keyword)) + QUIT)
    fact = session.as_dict()[option]
    assert (fact["accepted"], fact["reply"], session.failed_phase) == (None, None, option)
    assert fact["problem"] == f"The server offers none of these attributes of {keyword} to this client."


def test_by_force_all_is_said():
    script = (
        GREETED + offered("HELP") + "C: XCLIENT NAME=mail.example.net ADDR=203.0.113.9 LOGIN=a+20b+3Dc\nS: 503 No\n"
    )
    session = play(dialog(xclient=CLIENT, force=("XCLIENT",)), script + QUIT)
    fact = session.as_dict()["xclient"]
    assert (fact["accepted"], session.failed_phase, fact["not_offered"]) == (
        False,
        "xclient",
        ["NAME", "ADDR", "LOGIN"],
    )


def test_xforward_comes_before_each_mail():
    forward = "C: XFORWARD NAME=mail.example.net ADDR=203.0.113.9\nS: 250 Ok\n"
    rcpt = "C: RCPT TO:<{}>\nS: 250 Ok\n"
    planned = dialog("a@b.example", xforward=CLIENT, further_envelopes=(envelope("c@d.example"),))
    script = (
        GREETED
        + offered("XFORWARD NAME ADDR")
        + forward
        + MAIL
        + rcpt.format("a@b.example")
        + "C: RSET\nS: 250 Ok\n"
        + forward
        + MAIL
        + rcpt.format("c@d.example")
    )
    session = play(planned, script + QUIT)
    assert (session.as_dict()["xforward"]["accepted"], session.reached) == (True, "rcpt")


def test_a_refused_xforward_is_the_failure_of_its_transaction():
    script = GREETED + offered("XFORWARD NAME") + "C: XFORWARD NAME=mail.example.net\nS: 501 No\n"
    session = play(dialog("a@b.example", xforward=CLIENT), script + QUIT)
    assert (session.transaction.failed_phase, session.outcomes) == ("xforward", ["not_tried"])


@pytest.mark.parametrize(("phase", "said"), [("xclient", False), ("xforward", True)])
def test_the_dialog_can_end_there(phase, said):
    script = GREETED + offered("XCLIENT NAME", "XFORWARD NAME")
    script += "C: XFORWARD NAME=mail.example.net\nS: 250 Ok\n" if said else ""
    planned = dialog("a@b.example", xforward=CLIENT, stop_after=phase)
    assert play(planned, script + QUIT).reached == ("xforward" if said else "ehlo")
