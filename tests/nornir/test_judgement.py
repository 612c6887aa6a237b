# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judging again, and writing expectations, with what Nornir returns."""

from __future__ import annotations

import pytest
from mailops_smtp.judge import judge_run
from nornir.core.task import AggregatedResult, MultiResult, Result

from nornir_smtp import expectations, judge
from tests.core.dialogs import HEALTHY, check
from tests.core.routes import host, route


def returned(**hosts):
    result = AggregatedResult("smtp_check")
    for name, facts in hosts.items():
        result[name] = MultiResult("smtp_check")
        exception = facts if isinstance(facts, Exception) else None
        result[name].append(Result(host=None, result=None if exception else facts, exception=exception))
    return result


def test_what_nornir_returned_is_judged_without_the_hosts_that_broke():
    made = returned(a=judge_run([check(HEALTHY)]), b=RuntimeError("it broke"))
    judged = judge(made, {"policy": "inbound-mx"})
    assert (judged["verdict"], len(judged["checks"])) == ("pass", 1)
    assert expectations(made)["targets"][0]["expect"]["starttls"] is True


def test_a_transcript_is_judged():
    assert judge("220 mx1 ESMTP\nEHLO a.bc\n250 mx1\n", host="mx1")["verdict"] == "pass"


def test_look_ups_of_several_hosts_are_judged_together():
    made = returned(
        **{
            name: {"vantage": {"name": name}, "routes": [route(name, host("mx1.contoso.com", address))]}
            for name, address in (("lan", "10.0.0.5"), ("fra", "203.0.113.5"))
        }
    )
    assert {entry["findings"][0]["id"] for entry in judge(made)["routes"]} == {"dns.view_differs"}
    with pytest.raises(ValueError, match="expect is for checks"):
        judge(made, {"starttls": True})


def test_the_mail_domains_of_runs_are_judged_again():
    known = {"vantage": "controller", "target": "contoso.com", "domain": "contoso.com", "port": 25, "route": None}
    run = judge_run([check("E: refused"), check(HEALTHY)], [known])
    assert judge(returned(a=run)) == run
