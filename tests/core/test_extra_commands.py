# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands besides the procedure: each is said at its point, and decides nothing."""

from __future__ import annotations

import pytest
from mailops_smtp.dialog import commands
from mailops_smtp.dialog.rehearsal import rehearse
from mailops_smtp.plan import Extra
from mailops_smtp.run import check
from mailops_smtp.scenario import ScenarioServer

from tests.core.scripts import GREETED, QUIT, auth, dialog, play

SENT = "C: MAIL FROM:<admin@test.com>\nS: 250 Ok\n"


def saying(before, **changes):
    return dialog("user@contoso.com", extra=(Extra(before, "XFOO"),), **changes)


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("ehlo", "EHLO test.com"),
        ("starttls", "STARTTLS"),
        ("auth", "AUTH PLAIN ********"),
        ("mail", "MAIL FROM:<admin@test.com>"),
        ("rcpt", "RCPT TO:<user@contoso.com>"),
        ("quit", "QUIT"),
    ],
)
def test_it_is_said_before_its_phase(before, line):
    expected = rehearse(dialog("user@contoso.com", auth=auth()))
    expected.insert(expected.index(line), "XFOO")
    assert rehearse(saying(before, auth=auth())) == expected


@pytest.mark.parametrize("reply", ["250 Ok", "450 Later", "502 What?"])
def test_no_reply_decides_anything(reply):
    script = GREETED + f"C: XFOO\nS: {reply}\n" + SENT + "C: RCPT TO:<user@contoso.com>\nS: 250 Ok" + QUIT
    session = play(saying("mail"), script)
    assert (session.reached, session.failed_phase) == ("rcpt", None)


def test_it_is_said_though_its_phase_does_not_take_place():
    play(saying("auth"), GREETED + "C: XFOO\nS: 250 Ok\n" + SENT + "C: RCPT TO:<user@contoso.com>\nS: 250 Ok" + QUIT)


def test_several_are_said_in_their_order():
    planned = dialog(extra=(Extra("mail", "NOOP"), Extra("quit", "HELP"), Extra("mail", "RSET")))
    assert rehearse(planned)[-5:] == ["NOOP", "RSET", "MAIL FROM:<admin@test.com>", "HELP", "QUIT"]


@pytest.mark.parametrize("end", ["S: 421 Bye", "LOST"])
def test_the_phase_that_is_not_reached_any_more_is_the_failed_one(end):
    session = play(saying("mail"), GREETED + f"C: XFOO\n{end}")
    assert (session.reached, session.failed_phase) == ("ehlo", "mail")


def test_a_server_that_waits_for_more_than_a_command_is_hung_up_on():
    session = play(saying("mail"), GREETED + "C: XFOO\nS: 354 Go ahead")
    assert session.failed_phase == "mail"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        ("NOOP\r\nRSET", "contains a line end, which would start another command"),
        ("VRFY " + "x" * 506, "is longer than the 512 octets of a command line with its CRLF"),
        ("data", "belongs to the procedure itself"),
        ("AUTH PLAIN abc", "belongs to the procedure itself"),
    ],
)
def test_what_cannot_be_said_besides(line, problem):
    with pytest.raises(commands.CommandError) as raised:
        commands.check_extra(line)
    assert str(raised.value) == problem


def test_a_line_may_be_as_long_as_the_standard_lets_it():
    commands.check_extra("VRFY " + "x" * 505)


def test_the_check_says_which_expectation_was_not_met():
    extra = [
        {"before": "mail", "send": "VRFY user", "expect": "252"},
        {"before": "quit", "send": "EXPN staff", "expect": "2yz"},
        {"before": "quit", "send": "XFOO"},
    ]
    with ScenarioServer() as server:
        run = check({"host": "127.0.0.1", "port": server.port, "sender": "admin@test.com", "extra": extra})
        (session,) = server.wait()
    (made,) = run["checks"]
    assert [command.split()[0] for command in session.commands[1:]] == ["VRFY", "MAIL", "EXPN", "XFOO", "QUIT"]
    steps = [
        (step["sent"], step["reply"]["code"], step["expected"]) for step in made["steps"] if step["phase"] == "extra"
    ]
    assert steps == [("VRFY user", 252, "252"), ("EXPN staff", 502, "2yz"), ("XFOO", 500, None)]
    assert [(entry["expected"], entry["found"]) for entry in made["unmet"]] == [("EXPN staff: 2yz", 502)]
    assert (made["verdict"], made["failed_phase"]) == ("fail", None)
    assert "EXPN was not answered as expected" in made["summary"]
