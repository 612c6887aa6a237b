# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several checks of one vantage show together, and the verdict of a run."""

from __future__ import annotations

import itertools

import pytest
from mailops_smtp.judge import judge_run
from mailops_smtp.judge.verdicts import VERDICTS, worst

from tests.core.dialogs import HEALTHY, check, ids

TIMEOUT = "E: timeout No connection within 10 s."
PROXY = "S: 220 proxy.isp.net ESMTP\nC: EHLO test.com\nS: 250 proxy.isp.net"


def seen(dialog, host, address, port=25, vantage="controller"):
    """A check of one endpoint."""
    family = "ipv6" if address is not None and ":" in address else "ipv4"
    endpoint = {"host": host, "address": address, "family": family if address else None, "port": port}
    return check(dialog, endpoint=endpoint, vantage={"name": vantage})


def late(host, address, seconds):
    facts = seen(HEALTHY, host, address)
    next(step for step in facts["steps"] if step["phase"] == "banner")["seconds"] = seconds
    return facts


# id: (a run that shows it, one that nearly does)
CASES = {
    "tcp.egress_blocked": (
        [seen(TIMEOUT, "mx1.contoso.com", "203.0.113.5"), seen(TIMEOUT, "mx.fabrikam.com", "198.51.100.9")],
        # One of them answers, so the vantage's network lets port 25 out.
        [
            seen(TIMEOUT, "mx1.contoso.com", "203.0.113.5"),
            seen(TIMEOUT, "mx.fabrikam.com", "198.51.100.9"),
            seen("E: refused", "mx.wingtip.com", "192.0.2.9"),
        ],
    ),
    "tcp.v6_only_fails": (
        [seen(TIMEOUT, "mx1.contoso.com", "2001:db8::5"), seen(HEALTHY, "mx1.contoso.com", "203.0.113.5")],
        [seen(TIMEOUT, "mx1.contoso.com", "203.0.113.6"), seen(HEALTHY, "mx1.contoso.com", "2001:db8::5")],
    ),
    "tcp.one_of_many": (
        [seen("E: closed", "mx1.contoso.com", "203.0.113.6"), seen(HEALTHY, "mx1.contoso.com", "203.0.113.5")],
        [seen("E: closed", "mx1.contoso.com", "203.0.113.6"), seen(HEALTHY, "mx2.contoso.com", "203.0.113.5")],
    ),
    "tcp.intercepted": (
        [seen(PROXY, "mx1.contoso.com", "203.0.113.5"), seen(PROXY, "mx.fabrikam.com", "198.51.100.9")],
        # One provider's server behind the names of two customers.
        [seen(PROXY, "mx1.contoso.com", "203.0.113.5"), seen(PROXY, "mx.fabrikam.com", "203.0.113.5")],
    ),
    "ban.slow_everywhere": (
        [late("mx1.contoso.com", "203.0.113.5", 8.0), late("mx.fabrikam.com", "198.51.100.9", 6.0)],
        [late("mx1.contoso.com", "203.0.113.5", 8.0), late("mx.fabrikam.com", "198.51.100.9", 0.1)],
    ),
    "vantage.unfit": (
        [check(TIMEOUT, vantage={"name": "fra", "unfit": "its clock is off by an hour"})],
        # What works from there works.
        [check(HEALTHY, vantage={"name": "fra", "unfit": "its clock is off by an hour"})],
    ),
}


def found(checks):
    return {identifier for judged in judge_run(checks)["checks"] for identifier in ids(judged)}


@pytest.mark.parametrize("identifier", CASES)
def test_the_signature_tells_a_run_from_one_that_is_nearly_the_same(identifier):
    shown, near_miss = CASES[identifier]
    assert identifier in found(shown)
    assert identifier not in found(near_miss)


def test_a_stronger_finding_takes_the_place_of_the_weaker():
    run = judge_run(CASES["tcp.egress_blocked"][0])
    assert [ids(judged) for judged in run["checks"]] == [["tcp.egress_blocked"]] * 2
    assert run["checks"][0]["findings"][0]["evidence"] == [0]
    assert run["verdict"] == "inconclusive"


def test_a_dead_address_beside_a_living_one_degrades():
    run = judge_run(CASES["tcp.v6_only_fails"][0])
    assert ids(run["checks"][0]) == ["tcp.v6_only_fails"]
    assert (run["verdict"], run["counts"]) == ("degraded", {"pass": 1, "degraded": 1})


def test_a_dead_address_is_told_in_the_phase_where_it_broke_off():
    finding = judge_run(CASES["tcp.one_of_many"][0])["checks"][0]["findings"][0]
    assert (finding["id"], finding["phase"], finding["evidence"]) == ("tcp.one_of_many", "banner", [1])


@pytest.mark.parametrize("identifier", CASES)
def test_checks_of_different_vantages_are_never_taken_together(identifier):
    apart = [{**facts, "vantage": {"name": str(number)}} for number, facts in enumerate(CASES[identifier][0])]
    assert identifier not in found(apart)


def test_egress_is_recognised_behind_a_jump_host_which_resolves_the_names_itself():
    assert "tcp.egress_blocked" in found([seen(TIMEOUT, "mx.contoso.com", None), seen(TIMEOUT, "fabrikam.com", None)])


@pytest.mark.parametrize("other", ["E: unreachable No route to host", "E: unresolved No such name"])
def test_what_is_no_answer_of_a_host_does_not_hide_blocked_egress(other):
    """A vantage without IPv6, and a name that nobody has, say nothing about port 25."""
    run = judge_run([*CASES["tcp.egress_blocked"][0], seen(other, "mx1.contoso.com", "2001:db8::5")])
    assert [ids(judged) for judged in run["checks"]][:2] == [["tcp.egress_blocked"]] * 2
    assert "tcp.egress_blocked" not in ids(run["checks"][2])


def test_an_address_that_answers_now_and_then_is_not_dead_beside_another():
    repeated = [seen(TIMEOUT, "mx1.contoso.com", "203.0.113.5"), seen(HEALTHY, "mx1.contoso.com", "203.0.113.5")]
    run = judge_run([{**facts, "repetition": number} for number, facts in enumerate(repeated, 1)])
    assert ids(run["checks"][0]) == ["tcp.timeout"]
    assert run["verdict"] == "fail"


def test_a_top_level_domain_in_another_script_is_no_network():
    host, other = "mx1.contoso.xn--p1ai", "mx2.contoso.xn--p1ai"
    banner = "S: 220 mail.contoso.xn--p1ai ESMTP\nC: EHLO test.com\nS: 250 mail.contoso.xn--p1ai"
    assert "tcp.intercepted" not in found([seen(banner, host, "203.0.113.5"), seen(banner, other, "198.51.100.9")])
    assert found([seen(TIMEOUT, host, "203.0.113.5"), seen(TIMEOUT, other, "198.51.100.9")]) == {"tcp.timeout"}


def test_two_hosts_of_one_operator_do_not_prove_blocked_egress():
    run = [seen(TIMEOUT, "mx1.contoso.com", "203.0.113.5"), seen(TIMEOUT, "mx2.contoso.com", "198.51.100.9")]
    assert found(run) == {"tcp.timeout"}
    by_address = [seen(TIMEOUT, "203.0.113.5", "203.0.113.5"), seen(TIMEOUT, "203.0.113.6", "203.0.113.6")]
    assert found(by_address) == {"tcp.timeout"}


def test_verdicts_are_ordered_worst_last():
    assert list(VERDICTS) == ["pass", "not_tested", "degraded", "deferred", "inconclusive", "fail"]
    for one, other in itertools.combinations(VERDICTS, 2):
        assert worst([one, other]) == worst([other, one]) == other


def test_a_run_is_as_good_as_its_worst_check():
    run = judge_run([
        check(HEALTHY),
        check("S: 220 hi.contoso.com\nC: EHLO a.b\nS: 250 hi\nC: MAIL FROM:<>\nS: 451 4.3.0 later"),
        check("E: jump_forwarding forbidden"),
        check(HEALTHY),
    ])  # fmt: skip
    assert [judged["verdict"] for judged in run["checks"]] == ["pass", "deferred", "inconclusive", "pass"]
    assert (run["verdict"], run["counts"]) == ("inconclusive", {"pass": 2, "deferred": 1, "inconclusive": 1})
    assert run["summary"] == (
        "4 checks: 1 inconclusive, 1 deferred, 2 pass. From controller: mx1.contoso.com [203.0.113.5]:25 could not be "
        "judged at the connection attempt after 20 ms: The jump host forbids forwarding (forbidden)."
    )


def test_a_refusal_that_a_proxy_reports_leaves_no_address_alive():
    reported = check("E: refused by the proxy's word")
    reported["failed_phase"] = reported["steps"][-1]["phase"] = "proxy"
    run = judge_run([reported])
    assert run["verdict"] == "fail"
    assert [entry["id"] for entry in run["checks"][0]["findings"]] == ["tcp.refused"]


def test_a_run_of_one_check_says_what_the_check_says():
    run = judge_run([check(HEALTHY)])
    assert run["summary"] == run["checks"][0]["summary"]


def test_a_run_without_checks_tested_nothing():
    assert judge_run([]) == {
        "checks": [],
        "domains": [],
        "verdict": "not_tested",
        "counts": {},
        "summary": "No check was made.",
    }


@pytest.mark.parametrize(("banner", "product", "version"), [
    ("mx1.contoso.com ESMTP Postfix", "Postfix", None),
    ("mx1.contoso.com ESMTP Postfix (Debian/GNU)", "Postfix", None),
    ("mx1.contoso.com ESMTP Postfix (3.7.11)", "Postfix", "3.7.11"),
    ("mx1.contoso.com ESMTP Exim 4.96 Sun, 01 Mar 2026 21:04:11 +0000", "Exim", "4.96"),
    ("mx1.contoso.com ESMTP Sendmail 8.17.1.9/8.17.1.9; Sun, 1 Mar 2026", "Sendmail", "8.17.1.9"),
    ("mx1.contoso.com ESMTP OpenSMTPD", "OpenSMTPD", None),
    ("mx1.contoso.com Microsoft ESMTP MAIL Service ready at Sun, 1 Mar 2026", "Microsoft Exchange", None),
    ("AM1.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready", "Microsoft Exchange Online", None),
    ("web1 Microsoft ESMTP MAIL Service, Version: 10.0.14393.2608 ready", "Microsoft IIS SMTP service",
     "10.0.14393.2608"),
    ("site.contoso.com Microsoft Exchange Internet Mail Connector 4.0.994.63", "Microsoft Exchange", "4.0.994.63"),
    ("mx1.contoso.com Microsoft Something Server", "Microsoft", None),
    ("mx.google.com ESMTP 5b1f17b1804b1-43b36 - gsmtp", "Gmail", None),
    ("mx1.contoso.com ESMTP ready", None, None),
    ("maximum.contoso.com ESMTP not postfixed", None, None),
])  # fmt: skip
def test_the_software_behind_a_banner(banner, product, version):
    software = judge_run([check(f"S: 220 {banner}")])["checks"][0]["banner"]["software"]
    assert (software and (software["product"], software["version"])) == (product and (product, version))


def test_exchange_is_known_by_its_own_verbs_where_the_banner_hides_it():
    dialog = "S: 220 mx1.contoso.com\nC: EHLO a.b\nS: 250-mx1.contoso.com\nS: 250 X-ANONYMOUSTLS"
    software = judge_run([check(dialog)])["checks"][0]["banner"]["software"]
    assert software == {"product": "Microsoft Exchange", "version": None, "confidence": "likely"}
