# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters that judge again and write expectations, as Ansible's templates use them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smtp.plugins.filter.smtp_expectations import FilterModule as Expectations
from ansible_collections.mailops.smtp.plugins.filter.smtp_expectations import smtp_expectations
from ansible_collections.mailops.smtp.plugins.filter.smtp_judge import FilterModule as Judge
from ansible_collections.mailops.smtp.plugins.filter.smtp_judge import smtp_judge
from mailops_smtp.judge import judge_run

from tests.core.dialogs import HEALTHY, check
from tests.core.routes import host, route

RESULT = {"changed": False, **judge_run([check(HEALTHY)])}
TELNET = "220 mx1.contoso.com ESMTP Postfix\nEHLO a.bc\n250 mx1\nMAIL FROM:<>\n550 5.7.1 no\n"


def test_they_are_there_under_their_names():
    assert set(Judge().filters()) == {"smtp_judge"}
    assert set(Expectations().filters()) == {"smtp_expectations"}


def test_the_results_of_many_hosts_are_judged_together():
    judged = smtp_judge((RESULT for name in ["a", "b"]), {"policy": "inbound-mx"})
    assert (judged["verdict"], judged["counts"]) == ("pass", {"pass": 2})


def test_a_pasted_dialog_is_judged():
    judged = smtp_judge(TELNET, host="mx9.contoso.com", port="2525", vantage="ticket")
    assert judged["summary"].startswith("mx9.contoso.com:2525 fails at MAIL FROM")
    assert judged["checks"][0]["vantage"]["name"] == "ticket"
    assert smtp_judge(TELNET, {"sender": "refused"})["verdict"] == "pass"


def test_look_ups_of_several_vantages_are_judged_together():
    results = [{"vantage": {"name": name}, "routes": [route(name, host("mx1.contoso.com", address))], "verdict": "pass"}
               for name, address in (("lan", "10.0.0.5"), ("fra", "203.0.113.5"))]  # fmt: skip
    judged = smtp_judge(entry for entry in results)
    assert [entry["findings"][0]["id"] for entry in judged["routes"]] == ["dns.view_differs"] * 2
    with pytest.raises(AnsibleFilterError, match="expect is for checks"):
        smtp_judge(results, {"starttls": True})


def test_the_mail_domains_of_a_run_are_judged_again():
    known = {"vantage": "controller", "target": "contoso.com", "domain": "contoso.com", "port": 25, "route": None}
    run = judge_run([check("E: refused"), check(HEALTHY)], [known])
    assert smtp_judge({"changed": False, **run}) == run
    assert run["verdict"] == "degraded"


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: smtp_judge("Dear colleague"), "smtp_judge: This is no SMTP dialog"),
        (lambda: smtp_judge({"a": 1}), "smtp_judge: expected the result of"),
        (lambda: smtp_judge(RESULT, {"startls": True}), "smtp_judge: expect.startls True is no expectation"),
        (lambda: smtp_judge(5), "smtp_judge: "),
        (lambda: smtp_expectations(judge_run([check("E: refused")])), "smtp_expectations: Only what passes"),
        (lambda: smtp_expectations(5), "smtp_expectations: "),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence(call, told):
    with pytest.raises(AnsibleFilterError, match="^mailops.smtp." + told):
        call()


def test_a_good_result_becomes_targets():
    (target,) = smtp_expectations([RESULT], strict=True)["targets"]
    assert target["expect"]["ehlo"]["keywords"]["strict"] is True
