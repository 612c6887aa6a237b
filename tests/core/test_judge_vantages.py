# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several vantages show together of one endpoint, and what they do not."""

from __future__ import annotations

import copy

import pytest
from mailops_smtp.judge import judge, judge_run

from tests.core.dialogs import CERTIFICATE, HEALTHY, check, ids

HELLO = "S: 220 mx1.contoso.com\nC: EHLO test.com\n"
FULL = f"{HELLO}S: 250-mx1.contoso.com\nS: 250-SIZE 1000\nS: 250-DSN\nS: 250-STARTTLS\nS: 250 CHUNKING"
SHORT = f"{HELLO}S: 250-mx1.contoso.com\nS: 250-SIZE 1000\nS: 250 STARTTLS"
STRIPPED = f"{HELLO}S: 250-mx1.contoso.com\nS: 250-SIZE 1000\nS: 250-DSN\nS: 250 CHUNKING"
EXCHANGE = f"{HELLO}S: 250-mx1.contoso.com\nS: 250-SIZE 1000\nS: 250-X-EXPS GSSAPI NTLM\nS: 250 STARTTLS"
TIMEOUT = "E: timeout No connection within 10 s."


def at(name, dialog, side=None, network=None, **changes):
    return check(dialog, vantage={"name": name, "side": side, "network": network}, **changes)


def issued(name, issuer, **changes):
    return at(name, HEALTHY, tls={"certificate": {**CERTIFICATE, "issuer": issuer}}, **changes)


def seen_as(address):
    facts = check(HEALTHY, vantage={"address": "10.0.0.7"})
    facts["ehlo"]["client_seen_as"] = address
    return facts


def greeted(name, seconds):
    facts = at(name, HEALTHY)
    next(step for step in facts["steps"] if step["phase"] == "banner")["seconds"] = seconds
    return facts


# id: (checks that show it, checks that nearly do)
RUNS = {
    "tcp.outside_only": (
        [
            at("fra", TIMEOUT, "outside", "one"),
            at("nyc", "E: refused", "outside", "two"),
            at("lan", HEALTHY, "inside"),
        ],
        # Two vantages of one network can both be blocked by it.
        [at("fra", TIMEOUT, "outside", "one"), at("ber", TIMEOUT, "outside", "one"), at("lan", HEALTHY, "inside")],
    ),
    "ehlo.caps_shrunk": ([at("lan", FULL), at("fra", SHORT)], [at("lan", FULL), at("fra", FULL)]),
    "ehlo.starttls_stripped": ([at("lan", FULL), at("fra", STRIPPED)], [at("lan", FULL), at("fra", SHORT)]),
    "ehlo.exch_verbs_differ": ([at("lan", EXCHANGE), at("fra", SHORT)], [at("lan", FULL), at("fra", SHORT)]),
    "tls.issuer_differs": (
        [issued("lan", "CN=A"), issued("fra", "CN=A"), issued("nyc", "CN=FortiGate")],
        [issued("lan", "CN=A"), issued("fra", "CN=A")],
    ),
    # A server that greets all late does so on purpose.
    "ban.slow_here": ([greeted("lan", 0.1), greeted("fra", 8.0)], [greeted("lan", 7.0), greeted("fra", 8.0)]),
}
CASES = {
    **RUNS,
    "tcp.src_nat": ([seen_as("198.51.100.7")], [seen_as("10.0.0.7")]),
    "rcpt.accept_all": (
        [check(HEALTHY, random_recipient={"address": "x@contoso.com", "outcome": "accepted", "reply": None})],
        [check(HEALTHY, random_recipient={"address": "x@contoso.com", "outcome": "refused", "reply": None})],
    ),
}


def found(checks):
    return {identifier for judged in judge_run(checks)["checks"] for identifier in ids(judged)}


@pytest.mark.parametrize("identifier", CASES)
def test_the_signature_tells_them_from_what_is_nearly_the_same(identifier):
    shown, near_miss = CASES[identifier]
    assert identifier in found(shown)
    assert identifier not in found(near_miss)


@pytest.mark.parametrize("identifier", RUNS)
def test_no_single_check_shows_it_and_the_order_of_vantages_does_not_matter(identifier):
    shown = RUNS[identifier][0]
    assert all(identifier not in ids(judge(facts)) for facts in shown)
    before = copy.deepcopy(shown)
    one_way = {facts["vantage"]["name"]: set(ids(facts)) for facts in judge_run(shown)["checks"]}
    other_way = {facts["vantage"]["name"]: set(ids(facts)) for facts in judge_run(shown[::-1])["checks"]}
    assert one_way == other_way
    assert shown == before


def test_who_never_got_to_connect_inside_does_not_prove_that_it_works_there():
    outside = RUNS["tcp.outside_only"][0][:2]
    assert "tcp.outside_only" not in found([*outside, at("lan", "E: jump_unreachable gone", "inside")])
    assert "tcp.outside_only" not in found([*outside, at("lan", "E: resolver no answer", "inside")])


def test_a_vantage_that_is_not_fit_does_not_accuse_the_perimeter():
    fra, nyc, lan = copy.deepcopy(RUNS["tcp.outside_only"][0])
    nyc["vantage"]["unfit"] = "no mail leaves its network"
    assert "tcp.outside_only" not in found([fra, nyc, lan])


def test_blocked_egress_of_the_vantages_outside_does_not_accuse_the_perimeter():
    elsewhere = {"endpoint": {"host": "mx.fabrikam.com", "address": "198.51.100.9"}}
    outside = [
        at(name, TIMEOUT, "outside", name, **changes) for name in ("fra", "nyc") for changes in ({}, elsewhere)
    ]  # fmt: skip
    run = judge_run([*outside, at("lan", HEALTHY, "inside")])
    assert {facts["verdict"] for facts in run["checks"]} == {"inconclusive", "pass"}
    assert "tcp.outside_only" not in found([*outside, at("lan", HEALTHY, "inside")])


def test_what_differs_is_named_and_by_whom_it_is_seen():
    judged = judge_run(RUNS["ehlo.caps_shrunk"][0])["checks"][1]
    (finding,) = [finding for finding in judged["findings"] if finding["id"] == "ehlo.caps_shrunk"]
    assert finding["title"] == "Fewer extensions than elsewhere: CHUNKING, DSN"
    assert finding["meaning"].startswith("They are offered to lan and not to fra.")


def test_the_stripped_offer_takes_the_place_of_the_missing_one():
    judged = judge_run(RUNS["ehlo.starttls_stripped"][0])["checks"][1]
    assert judged["verdict"] == "degraded"
    assert "ehlo.starttls_missing" not in ids(judged)


def test_the_many_are_right_about_the_certificate():
    judged = judge_run(RUNS["tls.issuer_differs"][0])["checks"]
    assert ["tls.issuer_differs" in ids(facts) for facts in judged] == [False, False, True]
    both = judge_run(RUNS["tls.issuer_differs"][0][1:])["checks"]
    assert ["tls.issuer_differs" in ids(facts) for facts in both] == [True, True], "of two, nobody knows which"


def test_a_late_greeting_is_told_once():
    lan, fra = judge_run(RUNS["ban.slow_here"][0])["checks"]
    assert [identifier for identifier in ids(fra) if identifier.startswith("ban.slow")] == ["ban.slow_here"]
    assert not [identifier for identifier in ids(lan) if identifier.startswith("ban.slow")]


def test_endpoints_are_not_mixed_up():
    apart = [at("lan", FULL), at("fra", STRIPPED, endpoint={"host": "mx2.contoso.com", "address": "203.0.113.6"})]
    assert "ehlo.starttls_stripped" not in found(apart)
