# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is led elsewhere for mail to a domain, and who only knows less."""

from __future__ import annotations

import copy
import typing as t

import pytest
from mailops_smtp.compare.checks import domains_in, routes_in
from mailops_smtp.judge import judge_run
from mailops_smtp.judge.again import judge_again
from mailops_smtp.judge.views import differing, judge_routes

from tests.core.dialogs import HEALTHY, check
from tests.core.routes import Route, host, route

MX1, MX2 = host(), host("mx2.contoso.com", "203.0.113.6", preference=20)


@pytest.mark.parametrize(
    ("routes", "who"),
    [
        # All are told the same, in whatever order.
        ([route("lan", MX1, MX2), route("fra", MX2, MX1)], []),
        # Another host, another address, another preference, one host less, no mail at all.
        ([route("lan", MX1), route("fra", MX2)], ["lan", "fra"]),
        ([route("lan", MX1), route("fra", host("mx1.contoso.com", "10.0.0.5"))], ["lan", "fra"]),
        ([route("lan", MX1), route("fra", host(preference=20))], ["lan", "fra"]),
        ([route("lan", MX1, MX2), route("fra", MX1)], ["lan", "fra"]),
        ([route("lan", MX1), route("fra", status="null_mx")], ["lan", "fra"]),
        ([route("lan", MX1), route("fra", status="no_such_domain")], ["lan", "fra"]),
        ([route("lan", MX1), route("fra", host(status="nxdomain"))], ["lan", "fra"]),
        # Only the one that is told something else than most.
        ([route("lan", MX1), route("fra", MX1), route("nyc", MX2)], ["nyc"]),
        # What nobody answered is no answer that differs.
        ([route("lan", MX1), route("fra", status="unknown")], []),
        ([route("lan", MX1, MX2), route("fra", MX1, host("mx2.contoso.com", preference=20, status="timeout"))], []),
        # Of another domain it says nothing, and neither does the same vantage at another moment.
        ([route("lan", MX1), route("fra", MX2, domain="fabrikam.com")], []),
        ([route("lan", MX1), route("lan", MX2)], []),
        # Of a thousand hosts, each was shown some.
        ([route("lan", MX1, more_mx=900), route("fra", MX2, more_mx=900)], []),
    ],
)
def test_who_is_led_elsewhere(routes: t.List[Route], who: t.List[str]) -> None:
    assert [routes[index]["vantage"] for index in sorted(differing(routes))] == who


def test_the_finding_lists_what_each_was_told_and_for_how_long_it_may_be_kept() -> None:
    given = [route("lan", host("mx1.contoso.com", "10.0.0.5")), route("fra", MX2, MX1), route("nyc", MX1, MX2)]
    before = copy.deepcopy(given)
    judged = judge_routes(given)
    assert given == before
    (finding,) = judged["routes"][0]["findings"]
    assert finding["title"] == "lan is led elsewhere for mail to contoso.com than fra, nyc"
    assert finding["meaning"].startswith(
        "lan: mx1.contoso.com [10.0.0.5]; fra, nyc: mx1.contoso.com [203.0.113.5], mx2.contoso.com [203.0.113.6]. "
    )
    assert "keep for 300 s" in finding["meaning"]
    assert [route["findings"] for route in judged["routes"][1:]] == [[], []]
    assert (judged["verdict"], judged["counts"]) == ("pass", {"pass": 3})
    assert judge_routes(judged["routes"]) == judged, "judged again, it is the same"


def test_the_results_of_look_ups_are_found_in_whatever_holds_them() -> None:
    def result(vantage: str) -> Route:
        (made,) = judge_routes([route(vantage, MX1)])["routes"]
        made.pop("vantage")  # as earlier versions wrote it
        return {"routes": [made], "vantage": {"name": vantage, "mode": "local"}, "verdict": "pass"}

    given = [result("lan"), {"results": [result("fra")]}]
    assert [entry["vantage"] for entry in routes_in(given) or []] == ["lan", "fra"]
    assert routes_in({"checks": []}) is None
    assert routes_in([result("lan"), check(HEALTHY)]) is None
    assert routes_in([]) is None


def test_the_mail_domains_of_stored_runs_are_judged_again_all_vantages_together() -> None:
    def run(vantage: str, seen: Route) -> t.Dict[str, t.Any]:
        made = check(HEALTHY, vantage={"name": vantage})
        known = {"vantage": vantage, "target": "contoso.com", "domain": "contoso.com", "port": 25, "route": seen}
        return judge_run([made], [known])

    runs = [run("lan", route("lan", MX1)), run("fra", route("fra", MX2))]
    assert judge_again(runs[0]["checks"], domains=list(domains_in(runs[0]))) == runs[0]
    checks = [made for stored in runs for made in stored["checks"]]
    together = judge_again(checks, domains=list(domains_in(runs)))
    for domain, vantage in zip(together["domains"], ("lan", "fra")):
        assert (domain["vantage"], domain["counts"], domain["verdict"]) == (vantage, {"pass": 1}, "pass")
        assert [finding["id"] for finding in domain["route"]["findings"]] == ["dns.view_differs"]
    assert list(domains_in(checks)) == []
    assert list(domains_in({"results": runs})) == list(domains_in(runs))
