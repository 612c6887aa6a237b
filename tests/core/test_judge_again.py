# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stored checks are judged again, and a good run becomes the acceptance test of the next."""

from __future__ import annotations

import pytest
from mailops_smtp.expect import ExpectationError
from mailops_smtp.judge import judge_run
from mailops_smtp.judge.acceptance import NoGoodRun, expectations_of
from mailops_smtp.judge.again import judge_again
from mailops_smtp.plan import plan
from mailops_smtp.run import check as run_check
from mailops_smtp.scenario.server import ScenarioServer

from tests.core.dialogs import HEALTHY, check, ids

REFUSED = HEALTHY.replace("S: 250 2.1.5 Ok", "S: 550 5.1.1 User unknown")


def judged(dialog=HEALTHY, **changes):
    return judge_run([check(dialog, **changes)])["checks"][0]


def test_nothing_changes_where_nothing_is_asked():
    run = judge_run([check(HEALTHY), check(REFUSED)])
    assert judge_again(run["checks"]) == run
    old = [{name: value for name, value in facts.items() if name != "expect"} for facts in run["checks"]]
    assert judge_again(old) == run, "checks of before there were expectations"


def test_other_expectations_take_the_place_of_those_that_were():
    stored = judged(REFUSED, expect={"recipient": "accepted"})
    assert stored["verdict"] == "fail"
    again = judge_again([stored], {"recipient": "refused", "vantages": {"control*": {"starttls": True}}})
    assert again["verdict"] == "pass"
    assert again["checks"][0]["expect"] == {"recipient": "refused", "starttls": True}
    assert judge_again([stored], {})["checks"][0]["unmet"] == []
    assert judge_again([judged()], {"policy": "inbound-mx"})["verdict"] == "pass"


def test_what_cannot_be_expected_is_refused():
    with pytest.raises(ExpectationError, match="startls"):
        judge_again([judged()], {"startls": True})
    with pytest.raises(ExpectationError, match=r"did you mean tls\.expired"):
        judge_again([judged()], {"vantages": {"elsewhere": {"findings": ["tls.expird"]}}})


def test_a_good_run_is_written_down_and_met_by_itself():
    written = expectations_of([judged()])
    (target,) = written["targets"]
    assert (target["host"], target["port"], target["sender"]) == ("mx1.contoso.com", 25, "admin@test.com")
    assert target["expect"]["tls"] == {
        "established": True, "trusted": True, "name_matches": True, "key_type": "RSA", "version": ">= TLSv1.3",
        "days_left": ">= 14",
    }  # fmt: skip
    assert target["expect"]["recipients"] == {"user@contoso.com": "accepted"}
    assert judge_again([judged()], target["expect"])["verdict"] == "pass"
    assert plan(written, "test.contoso.com").targets[0].expect.at("here") == target["expect"]


def test_of_several_addresses_what_is_the_same_is_expected():
    other = judged(HEALTHY.replace("S: 250 DSN\n    C: MAIL", "S: 250 CHUNKING\n    C: MAIL"))
    (target,) = expectations_of([judged(), other])["targets"]
    assert target["expect"]["ehlo"]["keywords"] == {"required": ["SIZE"]}
    (alone,) = expectations_of([judged()], strict=True)["targets"]
    assert alone["expect"]["ehlo"]["keywords"] == {"required": ["SIZE", "DSN"], "strict": True}


def test_a_refusal_that_was_wanted_is_written_down_too():
    wanted = judged(REFUSED, expect={"recipient": "refused"})
    (target,) = expectations_of([wanted])["targets"]
    assert target["expect"]["recipients"] == {"user@contoso.com": "refused"}
    closed = judged("E: refused", expect={"connect": False})
    assert expectations_of([closed])["targets"][0]["expect"] == {"connect": False}


@pytest.mark.parametrize("checks", [[], [judged(REFUSED)], [judged(), judged("E: refused")]])
def test_a_bad_run_is_no_example(checks):
    with pytest.raises(NoGoodRun):
        expectations_of(checks)


def test_the_same_server_meets_what_was_written_and_another_does_not():
    options = {"helo_name": "test.contoso.com", "sender": "admin@test.com", "recipients": ["user@contoso.com"]}
    with ScenarioServer("ordinary") as server:
        first = run_check({"targets": [{"host": server.host, "port": server.port}], **options})
        written = expectations_of(first["checks"], strict=True)
        assert run_check({**written, "helo_name": "test.contoso.com"})["verdict"] == "pass"
    with ScenarioServer("pix-xxxx") as other:
        moved = [{**written["targets"][0], "port": other.port}]
        made = run_check({"targets": moved, "helo_name": "test.contoso.com"})
    assert made["verdict"] == "fail"
    assert "ehlo.xxxx" in ids(made["checks"][0])
