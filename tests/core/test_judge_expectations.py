# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of expectations: which are met, what is told of the others, and which verdict follows."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailops_smtp.expect.terms import TERMS
from mailops_smtp.judge import judge, judge_run
from mailops_smtp.judge.verdicts import VERDICTS
from mailops_smtp.run import check as run_check
from mailops_smtp.scenario.server import ScenarioServer

from tests.core.dialogs import CERTIFICATE, HEALTHY, check, ids
from tests.facts_contract import keeps_contract

GREETED = "S: 220 mx1.contoso.com ESMTP Postfix\nC: EHLO test.com\n"
CLEAR = f"{GREETED}S: 250-mx1.contoso.com\nS: 250-AUTH PLAIN LOGIN\nS: 250 SIZE 1000\n"
MAIL = f"{CLEAR}C: MAIL FROM:<a@b.c>\nS: 250 Ok\n"
REFUSED = f"{MAIL}C: RCPT TO:<user@contoso.com>\nS: 550 5.7.1 Relaying denied"
UNKNOWN = f"{MAIL}C: RCPT TO:<user@contoso.com>\nS: 550 5.1.1 User unknown"
GREYLISTED = f"{MAIL}C: RCPT TO:<user@contoso.com>\nS: 450 4.2.0 Greylisted"
TWO = f"{MAIL}C: RCPT TO:<user@contoso.com>\nS: 250 Ok\nC: RCPT TO:<nobody@contoso.com>\nS: 550 5.1.1 User unknown"


def judged(dialog, expect, **changes):
    facts = check(dialog, expect=expect, **changes)
    judgement = judge(facts)
    keeps_contract({**facts, **{name: value for name, value in judgement.items() if name != "software"}}, "check") if (
        facts["banner"] is None or "software" in facts["banner"]
    ) else None
    return judgement


def unmet(judgement):
    return [(entry["expected"], entry["found"]) for entry in judgement["unmet"]]


EXPIRING = {"certificate": {**CERTIFICATE, "days_left": 6.2}}

NOT_RESOLVED = {
    "failed_phase": "resolve",
    "steps": [{**check("E: null_mx")["steps"][0], "phase": "resolve"}],
}

# what is expected, and whether the dialog is so
CASES = [
    (HEALTHY, {"connect": True, "banner": {"code": 220, "hostname": "mx1.contoso.com", "product": "postfix"}}, True),
    (HEALTHY, {"banner": {"hostname": "~ ^mx2"}}, False),
    (HEALTHY, {"banner": {"version": "3.7"}}, False),
    (HEALTHY, {"banner": {"seconds": "< 5"}, "seconds": "< 60", "reached": "rcpt"}, True),
    (HEALTHY, {"reached": ">= message"}, False),
    (HEALTHY, {"starttls": True, "tls": {"established": True, "version": ">= TLSv1.2", "trusted": True}}, True),
    (HEALTHY, {"tls": {"version": "< TLSv1.3"}}, False),
    (HEALTHY, {"tls": {"name_matches": True, "days_left": ">= 14", "key_type": "RSA", "key_bits": ">= 2048"}}, True),
    (HEALTHY, {"tls": {"names": {"required": ["DNS:mx1.contoso.com"], "strict": True}}}, True),
    (HEALTHY, {"ehlo": {"keywords": {"required": ["dsn", "SIZE"], "forbidden": ["STARTTLS"]}}}, True),
    (HEALTHY, {"ehlo": {"keywords": {"required": ["DSN"], "strict": True}}}, False),
    (HEALTHY, {"ehlo": {"before_tls": {"keywords": ["STARTTLS"]}, "size": ">= 10000000"}}, True),
    (HEALTHY, {"auth_before_tls": False}, True),
    (HEALTHY, {"auth_before_tls": True}, False),
    (HEALTHY, {"sender": "accepted", "recipient": "accepted"}, True),
    (HEALTHY, {"recipient": "refused"}, False),
    (HEALTHY, {"recipients": {"USER@contoso.com": "accepted", "strict": True}}, True),
    (HEALTHY, {"findings": {"forbidden": ["tls.expired"]}, "severity": "<= notice"}, True),
    (HEALTHY, {"findings": ["tls.expired"]}, False),
    (CLEAR, {"starttls": False, "tls": {"established": False}}, True),
    (CLEAR, {"starttls": True}, False),
    (CLEAR, {"auth_before_tls": True, "ehlo": {"before_tls": {"mechanisms": {"required": ["login"]}}}}, True),
    (CLEAR, {"ehlo": {"mechanisms": {"forbidden": ["PLAIN"]}}}, False),
    (CLEAR, {"severity": "none"}, False),
    (f"{GREETED}S: 502 no\nC: HELO test.com\nS: 250 hello", {"ehlo": {"accepted": False}}, True),
    ("E: refused", {"connect": False}, True),
    ("E: timeout", {"connect": False}, True),
    ("S: 554 no", {"connect": False}, False),
    ("S: 554 no", {"banner": {"code": 554}}, True),
    ("E: null_mx", {"null_mx": True}, True),
    (HEALTHY, {"null_mx": True}, False),
    (REFUSED, {"recipient": "refused"}, True),
    (UNKNOWN, {"recipient": "in [refused, deferred]", "sender": "accepted"}, True),
    (GREYLISTED, {"recipient": "deferred"}, True),
    (f"{CLEAR}C: MAIL FROM:<a@b.c>\nS: 530 5.7.0 Authentication required", {"recipient": "refused"}, None),
    (TWO, {"recipients": {"user@contoso.com": "accepted", "nobody@contoso.com": "refused"}}, True),
    (TWO, {"recipients": {"user@contoso.com": "accepted", "strict": True}}, False),
    (TWO, {"recipient": "accepted"}, False),
    (f"{MAIL}C: RCPT TO:<u@c.d>\nS: 250 Ok\nC: DATA\nS: 354 go\nC: .\nS: 550 spam", {"message": "refused"}, None),
]


@pytest.mark.parametrize(("dialog", "expect", "met"), [case for case in CASES if case[2] is not None])
def test_the_verdict_is_pass_where_all_is_met_and_fail_where_not(dialog, expect, met):
    judgement = judged(dialog, expect, **({} if "null_mx" not in dialog else NOT_RESOLVED))
    assert (judgement["verdict"], judgement["unmet"] == []) == (("pass", True) if met else ("fail", False))


def test_every_term_but_those_that_need_more_than_a_script_is_among_the_cases():
    named = json.dumps([case[1] for case in CASES])
    missing = {name for name in TERMS if f'"{name.rpartition(".")[2]}"' not in named}
    assert missing == {
        "auth",  # its facts are made by the conversation: see below
        "banner.text",
        "tls.versions",  # its facts come of further connections: see test_tls_versions.py
        # Those of the probes are in test_probes.py.
        "relay",
        "random_recipient",
        "vrfy",
        "expn",
        "ehlo.client_seen_as",
        "tls.cipher",
        "tls.dane",
        "tls.mta_sts",
        "tls.client_certificate_requested",
        "tls.issuer",
        "tls.sha256",
        "tls.signature_algorithm",
        "tls.spki_sha256",
        "tls.subject",
    }


def test_facts_that_are_compared_as_they_stand():
    expect = {
        "banner": {"text": "~ ESMTP"},
        "tls": {
            "cipher": "TLS_AES_256_GCM_SHA384", "issuer": "~ Contoso", "sha256": "00" * 32, "spki_sha256": "00" * 32,
            "subject": "CN=mx1.contoso.com", "signature_algorithm": "!~ sha1", "client_certificate_requested": False,
        },
    }  # fmt: skip
    judgement = judged(HEALTHY, expect)
    assert unmet(judgement) == [("tls.client_certificate_requested is false", None)]


@pytest.mark.parametrize(("valid", "verdict"), [(True, "pass"), (False, "fail"), (None, "fail")])
def test_what_dns_says_of_the_certificate(valid, verdict):
    for name in ("dane", "mta_sts"):
        facts = check(HEALTHY, expect={"tls": {name: True}})
        # Only what the expectation looks at: the rest is that of the tests of these findings.
        facts["tls"][name] = None if valid is None else {"valid": valid}
        assert judge(facts)["unmet"] == [] if verdict == "pass" else judge(facts)["verdict"] == "fail"


def test_what_is_not_met_says_what_was_expected_what_found_and_where():
    judgement = judged(HEALTHY, {"tls": {"days_left": ">= 14"}}, tls=EXPIRING)
    assert judgement["unmet"] == [
        {
            "expected": "tls.days_left >= 14",
            "found": 6.2,
            "where": "mx1.contoso.com [203.0.113.5]:25 from controller, at starttls",
            "verdict": "fail",
            "finding": "tls.expiring",
            "evidence": [4],
        }
    ]
    assert judgement["verdict"] == "fail"
    assert judgement["summary"].endswith(
        "does not meet 1 of 1 expectation after 180 ms: tls.days_left >= 14, but found 6.2."
    )


def test_several_that_are_not_met_are_told_in_one_sentence():
    expect = {"starttls": True, "recipient": "accepted", "ehlo": {"keywords": {"required": ["DSN", "CHUNKING"]}}}
    summary = judged(UNKNOWN, expect)["summary"]
    assert "does not meet 4 of 4 expectations" in summary
    assert (
        "starttls is true, but found false; recipient is accepted, but found refused; ehlo.keywords has DSN" in summary
    )
    assert summary.endswith("; and 1 more.")


def test_a_wanted_refusal_is_no_fault():
    judgement = judged(REFUSED, {"recipient": "refused", "starttls": False})
    assert judgement["verdict"] == "pass"
    told = {finding["id"]: (finding["severity"], finding["wanted"]) for finding in judgement["findings"]}
    assert told == {"rcpt.relay": ("info", True), "ehlo.starttls_missing": ("info", True)}
    assert (
        judgement["summary"]
        == "mx1.contoso.com [203.0.113.5]:25 went no further than RCPT TO after 100 ms, as expected."
    )


def test_what_nobody_expects_is_judged_as_ever():
    judgement = judged(REFUSED, {"starttls": False})
    assert (judgement["verdict"], ids(judgement)[0], judgement["unmet"]) == ("fail", "rcpt.relay", [])


def test_one_recipient_that_is_expected_to_be_refused_excuses_no_other():
    unknown = "S: 550 5.1.1 User unknown"
    both = f"{MAIL}C: RCPT TO:<a@contoso.com>\n{unknown}\nC: RCPT TO:<b@contoso.com>\n{unknown}"
    one, all_of_them = {"a@contoso.com": "refused"}, {"a@contoso.com": "refused", "b@contoso.com": "refused"}
    assert judged(both, {"recipients": one})["verdict"] == "fail"
    assert judged(both, {"recipients": all_of_them})["verdict"] == "pass"


def test_a_threshold_of_the_users_own_takes_the_place_of_ours():
    assert judged(HEALTHY, {}, tls=EXPIRING)["verdict"] == "degraded"
    assert judged(HEALTHY, {"tls": {"days_left": ">= 5"}}, tls=EXPIRING)["verdict"] == "pass"


def test_the_sender_that_is_refused_is_the_recipients_refusal():
    dialog = f"{CLEAR}C: MAIL FROM:<a@b.c>\nS: 530 5.7.0 Authentication required"
    sent = {"address": "a@b.c", "accepted": False, "problem": None, "reply": {"code": 530}}
    nobody = [{"address": "user@contoso.com", "outcome": "not_tried", "reason": None, "notify": None, "reply": None}]
    for expect in ({"recipient": "refused"}, {"recipients": {"user@contoso.com": "refused"}}):
        facts = check(dialog, expect=expect, sender=sent, recipients=nobody)
        assert (judge(facts)["verdict"], judge(facts)["unmet"]) == ("pass", [])


@pytest.mark.parametrize("kind", ["proxy", "jump_unreachable", "local", "resolver"])
@pytest.mark.parametrize("expect", [{"connect": True}, {"connect": False}, {"starttls": True, "recipient": "refused"}])
def test_the_testers_own_trouble_decides_nothing(kind, expect):
    judgement = judged(f"E: {kind} it happened", expect)
    assert judgement["verdict"] == "inconclusive"
    assert {entry["verdict"] for entry in judgement["unmet"]} == {"inconclusive"}


def test_a_blocked_egress_is_no_closed_port():
    places = {"mx1.contoso.com": "203.0.113.5", "mx.fabrikam.com": "198.51.100.9"}
    checks = [
        check("E: timeout no", expect={"connect": False}, endpoint={"host": host, "address": address})
        for host, address in places.items()
    ]
    assert judge_run(checks)["verdict"] == "inconclusive"
    assert judge_run(checks[:1])["verdict"] == "pass"


def test_a_server_that_asks_to_come_back_leaves_it_open():
    judgement = judged(GREYLISTED, {"recipient": "accepted"})
    assert (judgement["verdict"], unmet(judgement)) == ("deferred", [("recipient is accepted", "deferred")])
    assert "leaves open 1 of 1 expectation" in judgement["summary"]
    assert judged(GREYLISTED, {"recipient": "refused"})["verdict"] == "deferred"


def test_what_was_not_seen_is_not_met():
    judgement = judged("E: refused", {"starttls": True})
    assert (judgement["verdict"], unmet(judgement)) == ("fail", [("starttls is true", None)])
    assert judgement["unmet"][0]["finding"] == "tcp.refused"
    assert "starttls is true, but that was not seen" in judgement["summary"]


def test_of_a_check_that_was_not_made_nothing_is_said():
    facts = {**check("E: refused"), "expect": {"connect": True}, "steps": [], "failed_phase": None, "not_tested": "no"}
    assert (judge(facts)["verdict"], judge(facts)["unmet"]) == ("not_tested", [])


def test_a_policy_can_be_applied_to_a_stored_check():
    assert judged(HEALTHY, {"policy": "inbound-mx"})["verdict"] == "pass"
    assert "recipient is accepted" in [
        expected for expected, _found in unmet(judged(REFUSED, {"policy": "inbound-mx"}))
    ]


def test_expectations_change_nothing_in_the_evidence_and_nothing_the_second_time():
    facts = check(REFUSED, expect={"recipient": "accepted", "policy": "inbound-mx"})
    before = copy.deepcopy(facts)
    first = judge(facts)
    assert facts == before
    assert judge({**facts, **first}) == first


EXPECTATIONS = st.fixed_dictionaries(
    {},
    optional={
        "starttls": st.booleans(),
        "recipient": st.sampled_from(["accepted", "refused", "deferred", "!= accepted"]),
        "banner": st.fixed_dictionaries({}, optional={"code": st.integers(200, 599), "text": st.just("~ x{1,9}y")}),
        "severity": st.sampled_from(["none", "<= notice", ">= warning"]),
        "findings": st.just({"required": ["tls.name"], "forbidden": ["ban.554"]}),
        "ehlo": st.just({"keywords": {"required": ["SIZE"], "strict": True}, "accepted": True}),
    },
)


@given(EXPECTATIONS, st.sampled_from([HEALTHY, REFUSED, GREYLISTED, TWO, "E: refused", "E: proxy no", "S: 554 no"]))
def test_whatever_is_expected_the_verdict_fits_what_is_not_met(expect, dialog):
    judgement = judge(check(dialog, expect=expect))
    assert judgement["verdict"] in VERDICTS
    worst_unmet = [entry["verdict"] for entry in judgement["unmet"]]
    assert all(list(VERDICTS).index(judgement["verdict"]) >= list(VERDICTS).index(one) for one in worst_unmet)
    json.dumps(judgement, allow_nan=False)


def run(behaviour, expect, **options):
    with ScenarioServer(behaviour, pause=0.1) as server:
        return run_check({
            "targets": [{"host": server.host, "port": server.port}],
            "helo_name": "test.contoso.com",
            "timeouts": {"connect": 5, "reply": 2, "total": 20},
            "expect": expect,
            **options,
        })  # fmt: skip


def test_expectations_go_the_whole_way():
    made = run(
        "ordinary",
        {"recipients": {"nobody@contoso.com": "refused"}, "vantages": {"outside": {"starttls": False}}},
        recipients=["nobody@contoso.com"],
        sender="admin@test.com",
        vantage={"name": "outside"},
    )
    assert made["verdict"] == "pass"
    assert made["checks"][0]["expect"] == {"recipients": {"nobody@contoso.com": "refused"}, "starttls": False}


def test_a_log_in_that_is_refused():
    auth = {"username": "probe", "password": "wrong", "mechanism": "PLAIN", "allow_clear_text": True}
    made = run("ordinary", {"auth": "refused"}, auth=auth, starttls="never", tls=None)
    assert made["checks"][0]["auth"]["accepted"] is not True
    assert made["verdict"] == "pass", made["summary"]


def test_a_finding_that_does_not_exist_is_refused_before_any_connection():
    with pytest.raises(ValueError, match=r"expect.findings 'tls.expird' is no finding: did you mean tls.expired\?"):
        run_check({"host": "127.0.0.1", "port": 1, "expect": {"findings": {"forbidden": ["tls.expird"]}}})


@pytest.mark.parametrize("dialog", ["E: refused", REFUSED])
@pytest.mark.parametrize("expect", [{"starttls": True}, {"connect": False}, {"recipient": "refused"}])
def test_from_a_vantage_that_is_not_fit_to_judge_nothing_is_decided(dialog, expect):
    judgement = judge(check(dialog, expect=expect, vantage={"name": "listed", "unfit": "It is on a blocklist."}))
    assert judgement["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    ("expect", "changes"),
    [
        ({"tls": {"established": True}}, {"tls": EXPIRING}),
        ({"connect": True, "banner": {"code": 220}}, {"tls": EXPIRING}),
        ({"recipient": "accepted", "sender": "accepted"}, {"tls": EXPIRING}),
    ],
)
def test_who_expects_what_is_usual_excuses_nothing_else(expect, changes):
    assert judge(check(HEALTHY, expect=expect, **changes))["verdict"] == "degraded"


def test_a_masked_banner_is_not_excused_by_its_code():
    masked = "S: 220 ****************0*2****\nC: EHLO test.com\nS: 250 mx1"
    assert judged(masked, {"connect": True, "banner": {"code": 220}})["verdict"] == "degraded"


# As Exchange 2013 to 2019 answer on a receive connector that takes basic authentication over TLS only.
_EXCHANGE = (
    "S: 220 mx1.contoso.com Microsoft ESMTP MAIL Service ready at Mon, 2 Mar 2026 09:00:00 +0100\nC: EHLO test.com\n"
    "S: 250-mx1.contoso.com Hello [198.51.100.7]\nS: 250-SIZE 37748736\nS: 250-PIPELINING\nS: 250-DSN\n"
    "S: 250-ENHANCEDSTATUSCODES\nS: 250-STARTTLS\nS: 250-8BITMIME\nS: 250-BINARYMIME\nS: 250-CHUNKING\n"
    "S: 250 SMTPUTF8\nC: MAIL FROM:<a@test.com>\nS: 250 2.1.0 Sender OK\nC: RCPT TO:<user@contoso.com>\n"
    "S: 250 2.1.5 Recipient OK"
)


@pytest.mark.parametrize(
    ("dialog", "missing"),
    [
        (_EXCHANGE, []),
        (_EXCHANGE.replace("S: 250-CHUNKING\n", ""), ["ehlo.keywords has CHUNKING"]),
        (_EXCHANGE.replace("250-DSN", "250-DSN\nS: 250-AUTH LOGIN"), ["ehlo.before_tls.mechanisms has no LOGIN"]),
        (_EXCHANGE.replace("Microsoft ESMTP MAIL Service ready at", "ESMTP Postfix"), ["banner.product ~ ^Microsoft"]),
    ],
)
def test_a_receive_connector_of_exchange(dialog, missing):
    facts = check(dialog, expect={"policy": "exchange-receive-connector", "tls": None, "sender": "accepted"})
    judged_facts = judge_run([facts])["checks"][0]
    assert [entry["expected"] for entry in judged_facts["unmet"]] == missing
    assert judged_facts["verdict"] == ("pass" if not missing else "fail")


@pytest.mark.parametrize(("condition", "is_met"), [
    ("mx1.contoso.com ESMTP Postfix", True), ("second line", True), ("third line", False),
    ("!= third line", True), ("!= second line", False),
    ("in [third line, second line]", True), ("in [third line, fourth line]", False),
    ("not in [third line, fourth line]", True), ("not in [third line, second line]", False),
])  # fmt: skip
def test_a_banner_of_several_lines_is_held_against_any_condition(condition, is_met):
    greeting = "S: 220-mx1.contoso.com ESMTP Postfix\nS: 220 second line\nC: EHLO a.b\nS: 250 mx1"
    judgement = judge(check(greeting, expect={"banner": {"text": condition}}))
    assert (judgement["unmet"] == []) == is_met
