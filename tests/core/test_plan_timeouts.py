# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long to wait for what: sets of limits by name, single ones, and what each stands for."""

from __future__ import annotations

import pytest
from mailops_smtp.evidence import StepError
from mailops_smtp.plan import OptionError, Timeouts, plan

from tests.core.streams import PLANNED, Clock, Stream, last_error, talk


def timeouts(given):
    return plan({"host": "mx1.contoso.com", "timeouts": given}, "test.com").targets[0].timeouts


@pytest.mark.parametrize("given", [None, "short", {}, {"based_on": "short"}])
def test_short_limits_are_the_default(given):
    assert timeouts(given) == Timeouts(10.0, 30.0, 120.0)


def test_those_of_rfc_5321():
    limits = timeouts("rfc5321")
    # RFC 5321 4.5.3.2.1 to .6
    asked = {"banner": 300, "mail": 300, "rcpt": 300, "data": 120, "message": 600}
    assert {phase: limits.of(phase) for phase in asked} == asked
    assert limits.of("message", sending=True) == 180
    assert limits.of("data", sending=True) == 120
    assert (limits.connect, limits.total) == (300, 3600)


def test_single_limits_go_before_those_of_the_set():
    limits = timeouts({"based_on": "rfc5321", "banner": 5, "total": "60"})
    assert (limits.of("banner"), limits.of("message"), limits.connect, limits.total) == (5, 600, 300, 60)


def test_whoever_limits_each_reply_means_each():
    limits = timeouts({"based_on": "rfc5321", "reply": 7, "rcpt": 9})
    assert (limits.of("message"), limits.of("data"), limits.of("rcpt")) == (7, 7, 9)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "long",
            "timeouts 'long' is not the name of a set of time limits: choose one of short, rfc5321; "
            "single limits stand in a dictionary.",
        ),
        (
            {"based_on": "long"},
            "timeouts 'long' is not the name of a set of time limits: choose one of short, rfc5321; "
            "single limits stand in a dictionary.",
        ),
        ([1], "timeouts [1] is neither a name nor a dictionary: give short or rfc5321, or a dictionary with some of "),
        ({"banner": 0}, "timeouts.banner 0.0 is no usable time limit: give seconds, up to 86400."),
        ({"total": float("nan")}, "timeouts.total nan is no usable time limit: give seconds, up to 86400."),
        ({"helo": 3}, "option 'timeouts.helo' does not exist: did you mean ehlo? "),
        ({"mail": "soon"}, "timeouts.mail 'soon' is not a number: give a number."),
    ],
)
def test_wrong_limits(given, said):
    with pytest.raises(OptionError) as caught:
        timeouts(given)
    assert str(caught.value).startswith(said)


def test_each_phase_has_its_own_time():
    clock = Clock()
    made = talk(PLANNED, clock, timeouts=Timeouts(10.0, 30.0, 120.0, {"ehlo": 7.0, "banner": 40.0}))
    stream = Stream([b"220 mx1\r\n"])
    made.opened(stream)
    assert made.deadline == clock() + 40
    made.readable()
    assert made.deadline == clock() + 7
    clock.seconds += 7
    made.expired()
    assert last_error(made) is None, "QUIT, which is not waited for"
    assert made.steps[-2].error == StepError("silent", "No complete reply within 7 s.")


def test_targets_that_say_only_where_they_are_share_the_rest():
    planned = plan(
        {"targets": ["mx1.contoso.com:25", {"host": "mx2.contoso.com", "port": 2525}, "mx3.contoso.com:26"]}, "test.com"
    )
    first, second, third = planned.targets
    assert first.dialog is second.dialog is third.dialog
    assert [(target.name, target.host, target.port) for target in planned.targets] == [
        ("mx1.contoso.com:25", "mx1.contoso.com", 25),
        ("mx2.contoso.com:2525", "mx2.contoso.com", 2525),
        ("mx3.contoso.com:26", "mx3.contoso.com", 26),
    ]


def test_what_one_target_says_of_itself_is_not_shared():
    one, other, text = plan(
        {"targets": [{"host": "mx1.contoso.com", "hello": "helo"}, "mx2.contoso.com:25", "contoso.com"]}, "test.com"
    ).targets
    assert (one.dialog.hello, other.dialog.hello) == ("helo", "ehlo")
    assert (text.domain, text.host, text.port, text.dialog) == ("contoso.com", None, 25, other.dialog)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ({"host": "mx2.contoso.com", "port": 70000}, "targets[1].port 70000"),
        ({"host": "mx2.contoso.com", "port": "smtp"}, "targets[1].port 'smtp'"),
        ("2001:db8::1", "targets[1].address_family 'ipv4'"),
    ],
)
def test_a_wrong_place_is_told_of_where_all_else_is_shared(target, said):
    with pytest.raises(OptionError) as caught:
        plan({"targets": ["mx1.contoso.com:25", target], "address_family": "ipv4"}, "test.com")
    assert str(caught.value).startswith(said)
