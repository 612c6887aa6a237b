# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The relay test and the recipient that cannot exist: asked of servers of one's own, and nothing is ever sent."""

from __future__ import annotations

import pytest
from mailops_smtp.dialog.rehearsal import rehearse
from mailops_smtp.judge import judge
from mailops_smtp.plan import OptionError, plan, with_probes
from mailops_smtp.plan.probes import SHAPES
from mailops_smtp.plan.records import Probe
from mailops_smtp.run import check as run_check
from mailops_smtp.scenario.server import ScenarioServer

from tests.core.dialogs import HEALTHY, check, ids
from tests.core.scripts import GREETED, QUIT, dialog, play
from tests.facts_contract import keeps_contract

PROBES = (Probe("plain", "a@b.cc", "x@y.zz"), Probe("random_recipient", "", "nobody@contoso.com"))
MAIL = "C: MAIL FROM:<admin@test.com>\nS: 250 Ok\n"


def planned(**options):
    return plan({"host": "mx1.contoso.com", **options}, "test.contoso.com").targets[0]


def refusal(**options):
    with pytest.raises(OptionError) as caught:
        planned(**options)
    return str(caught.value)


def test_each_is_asked_about_and_taken_back():
    session = play(
        dialog(probes=PROBES),
        f"""{GREETED}{MAIL}
        C: RSET
        S: 250 Ok
        C: MAIL FROM:<a@b.cc>
        S: 250 Ok
        C: RCPT TO:<x@y.zz>
        S: 554 5.7.1 Relay access denied
        C: RSET
        S: 250 Ok
        C: MAIL FROM:<>
        S: 250 Ok
        C: RCPT TO:<nobody@contoso.com>
        S: 250 Ok
        C: RSET
        S: 250 Ok
        {QUIT}""",
    )
    facts = session.as_dict()
    assert [(entry["shape"], entry["outcome"]) for entry in facts["relay"]] == [("plain", "refused")]
    assert facts["random_recipient"]["outcome"] == "accepted"
    assert session.failed_phase is None
    assert not any(b"DATA" in command for command in session.wire)


def test_a_refused_sender_is_the_answer():
    session = play(
        dialog(probes=PROBES[:1], stop_after="auth"),
        f"{GREETED}C: MAIL FROM:<a@b.cc>\nS: 553 no\nC: RSET\nS: 250 Ok\n{QUIT}",
    )
    assert session.as_dict()["relay"][0]["outcome"] == "refused"


def test_a_refused_transaction_does_not_keep_them_from_being_asked():
    session = play(
        dialog(probes=PROBES[:1]),
        f"{GREETED}C: MAIL FROM:<admin@test.com>\nS: 550 no\nC: MAIL FROM:<a@b.cc>\nS: 250 Ok\nC: RCPT TO:<x@y.zz>\n"
        f"S: 450 later\nC: RSET\nS: 250 Ok\n{QUIT}",
    )
    assert (session.failed_phase, session.as_dict()["relay"][0]["outcome"]) == ("mail", "deferred")


@pytest.mark.parametrize("end", ["S: 421 too many errors", "LOST"])
def test_a_server_that_has_had_enough_is_asked_nothing_more(end):
    session = play(dialog(probes=PROBES, stop_after="auth"), f"{GREETED}C: MAIL FROM:<a@b.cc>\n{end}")
    assert session.as_dict()["relay"][0]["outcome"] == "not_tried"
    assert session.as_dict()["random_recipient"]["outcome"] == "not_tried"


def test_no_dialog_but_one_that_asks_for_it_has_probes():
    target = planned(recipient="user@contoso.com")
    assert with_probes(target.dialog, "mx1.contoso.com", "203.0.113.5", "0" * 32).probes == ()


def test_every_shape_is_there_and_never_a_message():
    target = planned(recipient="user@contoso.com", relay=True, random_recipient=True, owned=True)
    made = with_probes(target.dialog, "mx1.contoso.com", "203.0.113.5", "0123456789abcdef" * 2)
    assert {probe.name for probe in made.probes} == {*SHAPES, "random_recipient"}
    said = {probe.name: (probe.sender, probe.recipient) for probe in made.probes}
    assert said["null_sender"] == ("", "relay-test@example.net")
    assert said["own_domain"] == ("postmaster@contoso.com", "relay-test@example.net")
    assert said["own_literal"] == ("postmaster@[203.0.113.5]", "relay-test@example.net")
    assert said["percent"][1] == "relay-test%example.net@contoso.com"
    assert said["quoted"][1] == '"relay-test@example.net"@contoso.com'
    assert said["source_route"][1] == "@contoso.com:relay-test@example.net"
    assert said["bang_path"][1] == "example.net!relay-test@contoso.com"
    assert said["random_recipient"][1] == "no-such-user-0123456789abcdef@contoso.com"
    lines = rehearse(made)
    assert "DATA" not in lines
    assert lines.count("RSET") == len(made.probes) + 1


@pytest.mark.parametrize(
    ("options", "sender", "recipient"),
    [
        ({"sender": "admin@bücher.example", "smtputf8": True}, "admin@xn--bcher-kva.example", "contoso.com"),
        ({"sender": "jürgen@test.com"}, "", "contoso.com"),
        ({"recipient": "user@bücher.example", "smtputf8": True}, "", "xn--bcher-kva.example"),
        ({"recipient": "jürgen@bücher.example"}, "", "xn--bcher-kva.example"),
        ({"recipient": "postmaster"}, "", "mx1.contoso.com"),
        ({"recipient": None}, "", "mx1.contoso.com"),
        ({"recipient": None, "host": "203.0.113.5"}, "", "[203.0.113.5]"),
        ({"relay": True, "relay_recipient": "<user@bücher.example>"}, "", "contoso.com"),
    ],
)
def test_probes_are_in_ascii_and_ask_about_a_domain(options, sender, recipient):
    options = {"recipient": "user@contoso.com", "random_recipient": True, "owned": True, **options}
    target = planned(**options)
    made = with_probes(target.dialog, target.host, "203.0.113.5", "0123456789abcdef" * 2)
    assert made.probes[-1][1:] == (sender, f"no-such-user-0123456789abcdef@{recipient}")
    assert rehearse(made)[-1] == "QUIT"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"relay": True}, "relay True is only for servers of one's own: declare that with owned: true"),
        ({"random_recipient": True}, "random_recipient True is only for servers of one's own"),
        ({"relay": True, "owned": True, "stop_after": "ehlo"}, "never has its turn with stop_after"),
        ({"relay": True, "owned": True, "sender": "", "leave": "drop_after_send"}, "never has its turn with leave"),
        ({"relay": True, "owned": True, "pipelining": True, "sender": "a@b.cc"}, "comes one command after the other"),
        ({"relay": True, "owned": True, "relay_recipient": "jürgen@b.cc"}, "needs SMTPUTF8, for which no probe asks"),
        ({"relay_recipient": "a@b.cc"}, "has no use: give relay: true"),
        ({"relay": True, "owned": True, "relay_recipient": "a@b\r\n.cc"}, "relay_recipient"),
        ({"relay": True, "owned": True, "relay_recipient": "nobody"}, "relay_recipient"),
        ({"expect": {"relay": "refused"}}, "is seen only where that is asked for: give relay"),
        ({"expect": {"random_recipient": "refused"}}, "give random_recipient"),
    ],
)
def test_what_must_not_be_asked_is_refused(options, told):
    assert told in refusal(**options)


def test_vrfy_and_expn_are_sent_where_something_is_expected_of_them():
    target = planned(expect={"vrfy": False, "expn": False}, recipient="user@contoso.com")
    assert [extra.send for extra in target.dialog.extra] == ["VRFY user@contoso.com", "EXPN user@contoso.com"]
    own = [{"before": "mail", "send": "VRFY root"}]
    target = planned(expect={"vrfy": False}, recipient="user@contoso.com", extra=own)
    assert [extra.send for extra in target.dialog.extra] == ["VRFY root"]


@pytest.mark.parametrize(
    ("reply", "met"),
    [("252 2.0.0 Cannot VRFY", True), ("502 5.5.1 disabled", True), ("250 user", False), ("450 later", False)],
)
def test_vrfy_is_off_where_it_tells_nothing(reply, met):
    facts = check(f"S: 220 a\nC: EHLO b.cc\nS: 250 a\nC: VRFY user\nS: {reply}", expect={"vrfy": False})
    assert (judge(facts)["unmet"] == []) == met


def relayed(**outcomes):
    """A check with these outcomes of the relay test."""
    shapes = [
        {"shape": shape, "sender": "", "recipient": "x@y.zz", "outcome": outcomes.get(shape, "refused"), "reply": None}
        for shape in SHAPES
    ]
    return check(HEALTHY, relay=shapes)


# id: (a check that shows it, one that nearly does)
CASES = {
    "relay.open": (relayed(null_sender="accepted"), relayed(percent="accepted")),
    "relay.rewritten": (relayed(bang_path="accepted"), relayed(plain="deferred")),
}


@pytest.mark.parametrize("identifier", CASES)
def test_the_signature_tells_an_open_relay_from_what_is_nearly_one(identifier):
    shown, near_miss = CASES[identifier]
    assert identifier in ids(judge(shown))
    assert identifier not in ids(judge(near_miss))


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ({}, "pass"),
        ({"plain": "accepted"}, "fail"),
        ({"quoted": "deferred"}, "deferred"),
        ({"quoted": "not_tried"}, "fail"),
    ],
)
def test_relay_is_refused_where_every_shape_is(outcomes, verdict):
    assert judge({**relayed(**outcomes), "expect": {"relay": "refused"}})["verdict"] == verdict


def test_an_open_relay_can_be_what_is_wanted_from_inside():
    judgement = judge({**relayed(plain="accepted"), "expect": {"relay": "accepted"}})
    assert (judgement["verdict"], judgement["findings"][0]["wanted"]) == ("pass", True)


def test_the_whole_way():
    with ScenarioServer("ordinary") as server:
        run = run_check({
            "targets": [{"host": server.host, "port": server.port}],
            "helo_name": "test.contoso.com",
            "sender": "admin@test.com",
            "recipient": "user@contoso.com",
            "owned": True,
            "relay": True,
            "random_recipient": True,
            "test_message": {"subject": "test message"},
            "expect": {
                "policy": "inbound-mx",
                "starttls": None,
                "tls": None,
                "random_recipient": None,
                "auth_before_tls": None,
            },
        })  # fmt: skip
    made = run["checks"][0]
    keeps_contract(made, "check")
    outcomes = {entry["shape"]: entry["outcome"] for entry in made["relay"]}
    assert outcomes["plain"] == outcomes["null_sender"] == outcomes["own_domain"] == "refused"
    # It takes any local part of its own domain, so nobody can say what it would make of this one.
    assert (outcomes["percent"], made["random_recipient"]["outcome"]) == ("accepted", "accepted")
    assert {"relay.rewritten", "rcpt.accept_all"} <= set(ids(made))
    assert made["message"]["outcome"] == "accepted"
    assert [(entry["expected"], entry["finding"]) for entry in made["unmet"]] == [
        ("relay is refused", "relay.rewritten")
    ]
