# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How expectations are written, and which are refused before any connection."""

from __future__ import annotations

import time

import pytest
from mailops_smtp.evidence import PHASES
from mailops_smtp.expect import ExpectationError, named_for, read_expectations
from mailops_smtp.expect.conditions import holds, read_condition
from mailops_smtp.expect.patterns import why_not_safe
from mailops_smtp.expect.policies import POLICIES, Circumstances
from mailops_smtp.expect.terms import SEVERITIES, TERMS
from mailops_smtp.judge import FINDINGS, verdicts
from mailops_smtp.judge.observation import OBSERVABLE
from mailops_smtp.plan import OptionError, plan

from docs.generate_expectations import PAGE, reference_page

ALL_ASKED = frozenset(["recipient", "sender", "test_message"])


def read(given, protocol="esmtp", asked=()):
    return read_expectations(given, Circumstances(protocol, frozenset(asked)))


def shown(given, **more):
    return [str(entry) for entry in read(given, **more).all]


def refusal(given, **more):
    with pytest.raises(ExpectationError) as caught:
        read(given, **more)
    return str(caught.value)


def planned(expect, **options):
    return plan({"host": "mx1.contoso.com", "expect": expect, **options}, "test.contoso.com")


def option_error(expect, **options):
    with pytest.raises(OptionError) as caught:
        planned(expect, **options)
    return str(caught.value)


CHOICES = {"scale": TERMS["tls.version"].choices, "choice": TERMS["recipient"].choices}


@pytest.mark.parametrize(
    ("kind", "written", "met", "unmet"),
    [
        ("bool", True, [True], [False, None]),
        ("bool", "no", [False], [True, None]),
        ("number", 220, [220], [221, None]),
        ("number", ">= 14", [14, 14.5, 90], [13.99, -3, None]),
        ("number", "> 14", [15], [14]),
        ("number", "<5", [4.9], [5, None]),
        ("number", "<= 5", [5], [5.1]),
        ("number", "!= 421", [220], [421, None]),
        ("number", "in 14..90", [14, 50, 90], [13.9, 90.1, None]),
        ("number", "in [220, 250]", [220, 250], [354]),
        ("number", "not in [421]", [220], [421, None]),
        ("scale", "TLSv1.3", ["TLSv1.3"], ["TLSv1.2", None]),
        ("scale", ">= tlsv1.2", ["TLSv1.2", "TLSv1.3"], ["TLSv1.1", "SSLv3", "TLSv9", None]),
        ("scale", "in [TLSv1.2, TLSv1.3]", ["TLSv1.2"], ["TLSv1.1"]),
        ("scale", "in TLSv1.1..TLSv1.2", ["TLSv1.1"], ["TLSv1.3", "TLSv1"]),
        ("choice", "refused", ["refused"], ["accepted", "deferred", None]),
        ("choice", "in [accepted, deferred]", ["deferred"], ["refused"]),
        ("choice", "!= accepted", ["refused", "deferred"], ["accepted", None]),
        ("text", "mx1.Contoso.com", ["MX1.contoso.com"], ["mx1.contoso.com.", "mx1", None]),
        ("text", r"~ ^mx[0-9]\.", ["MX1.contoso.com"], ["amx1.contoso.com", None]),
        ("text", "!~ test", ["mx1"], ["mytest", None]),
        ("text", "in [RSA, EC]", ["ec"], ["DSA"]),
        ("text", "~ ready", [["mx1 ESMTP", "Ready"]], [["mx1 ESMTP"], []]),
        ("text", "!~ ready", [["mx1 ESMTP"]], [["mx1 ESMTP", "Ready"]]),
        ("text", "mx1", [["mx1", "two"]], [["mx1 one"]]),
    ],
)
def test_a_condition_holds_for_what_it_says_and_for_nothing_else(kind, written, met, unmet):
    choices = CHOICES.get(kind, ())
    condition = read_condition("name", written, kind, choices)
    assert [holds(condition, kind, choices, value) for value in met] == [True] * len(met)
    assert [holds(condition, kind, choices, value) for value in unmet] == [False] * len(unmet)


def test_expectations_are_shown_as_they_read():
    assert shown({
        "starttls": True,
        "tls": {"days_left": ">= 14", "version": "in [TLSv1.2, TLSv1.3]", "names": "DNS:mx1.contoso.com"},
        "banner": {"code": 220, "text": "!~ test"},
        "ehlo": {"keywords": {"required": ["DSN"], "forbidden": ["AUTH"], "strict": True}},
        "recipients": {"user@contoso.com": "accepted", "nobody@contoso.com": "!= accepted"},
    }) == [
        "starttls is true",
        "tls.days_left >= 14",
        "tls.version in [TLSv1.2, TLSv1.3]",
        "tls.names has DNS:mx1.contoso.com",
        "banner.code is 220",
        "banner.text !~ test",
        "ehlo.keywords has DSN",
        "ehlo.keywords has no AUTH",
        "ehlo.keywords has nothing but DSN",
        "recipients[user@contoso.com] is accepted",
        "recipients[nobody@contoso.com] != accepted",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"strattls": True}, "strattls True is no expectation: did you mean starttls?"),
        ({"days_left": 5}, "days_left 5 is no expectation: did you mean tls.days_left?"),
        ({"tls": {"days_lef": 5}}, "tls.days_lef 5 is no expectation: did you mean days_left?"),
        ({"tls": 5}, "tls 5 is no dictionary: give cipher, "),
        ({"tls": {"days_left": [">= 5"]}}, "tls.days_left ['>= 5'] is one value"),
        ({"tls": {"days_left": "soon"}}, "tls.days_left 'soon' is no number"),
        ({"tls": {"days_left": True}}, "tls.days_left True is no number"),
        ({"tls": {"days_left": "~ 5"}}, "tls.days_left '~ 5' does not go with this fact"),
        ({"tls": {"days_left": "in 9..5"}}, "tls.days_left 'in 9..5' is an empty range"),
        ({"tls": {"days_left": ">= nan"}}, "is no number"),
        ({"tls": {"version": ">= TLSv1.4"}}, "tls.version '>= TLSv1.4' is not known here: expect one of SSLv3, "),
        ({"tls": {"version": "in []"}}, "tls.version 'in []' is an empty list"),
        ({"starttls": ">= true"}, "does not go with this fact: expect true or false"),
        ({"starttls": "maybe"}, "starttls 'maybe' is neither true nor false"),
        ({"recipient": "acepted"}, "recipient 'acepted' is not known here: expect one of accepted, deferred, "),
        ({"recipients": "accepted"}, "recipients 'accepted' is no dictionary"),
        ({"recipients": {"a@b.c": "> accepted"}}, "does not go with this fact"),
        ({"banner": {"text": "~ ["}}, "banner.text '~ [' is no regular expression"),
        ({"banner": {"text": "~ (a+)+b"}}, "repeats a repetition"),
        ({"banner": {"text": ""}}, "banner.text '' is no text"),
        ({"ehlo": {"keywords": {"needed": []}}}, "ehlo.keywords.needed [] is no expectation: give required, "),
        ({"ehlo": {"keywords": {"required": [{}]}}}, "is no list"),
        ({"ehlo": {"keywords": ["DSN", ""]}}, "has an empty member"),
        ({"ehlo": {"keywords": {"strict": "yes"}}}, "ehlo.keywords.strict 'yes' is neither true nor false"),
        ({"policy": "inbound"}, "policy 'inbound' does not exist: there are inbound-mx, submission, "),
        ({"policy": "lmtp"}, "policy 'lmtp' does not go with protocol esmtp: use lmtp"),
    ],
)
def test_what_cannot_be_understood_is_refused(given, told):
    assert told in refusal(given)


@pytest.mark.parametrize(
    ("given", "between"),
    [
        ({"ehlo": {"keywords": {"required": ["dsn"], "forbidden": ["DSN"]}}}, "both required and forbidden"),
        ({"connect": False, "banner": {"code": 220}}, "connect is false"),
        ({"null_mx": True, "connect": True}, "null_mx is true"),
        ({"null_mx": True, "sender": "accepted"}, "null_mx is true"),
        ({"starttls": False, "tls": {"version": "TLSv1.3"}}, "starttls is false"),
        ({"tls": {"established": False, "trusted": True}}, "tls.established is false"),
        (
            {"starttls": True, "ehlo": {"before_tls": {"keywords": {"forbidden": ["STARTTLS"]}}}},
            "STARTTLS is forbidden",
        ),
        ({"auth_before_tls": False, "ehlo": {"before_tls": {"keywords": ["auth"]}}}, "AUTH is required"),
        ({"auth_before_tls": False, "ehlo": {"before_tls": {"mechanisms": ["PLAIN"]}}}, "mechanisms are required"),
        ({"sender": "refused", "recipient": "accepted"}, "sender is not to be accepted"),
        ({"recipient": "refused", "message": "accepted"}, "recipient is not to be accepted"),
        ({"reached": "<= mail", "recipient": "accepted"}, "ends before that"),
        ({"reached": "ehlo", "sender": "accepted"}, "ends before that"),
        ({"policy": ["inbound-mx", "closed"]}, "connect is false"),
    ],
)
def test_what_contradicts_itself_is_refused(given, between):
    told = refusal(given)
    assert between in told
    assert told.endswith("drop one of the two")


@pytest.mark.parametrize(
    "given",
    [
        {"connect": False, "severity": "<= info", "seconds": "< 5"},
        {"starttls": False, "tls": {"established": False}},
        {"recipient": "deferred", "message": "not_tried"},
        {"reached": ">= mail", "recipient": "accepted"},
        {"policy": ["inbound-mx", "exchange-receive-connector"]},
    ],
)
def test_what_goes_together_is_taken(given):
    read(given, asked=ALL_ASKED)


def test_what_is_read_can_be_written_down_and_read_again():
    for name, policy in POLICIES.items():
        once = read({"policy": name}, policy.protocols[0], ALL_ASKED)
        assert "policy" not in once.given
        assert read(once.given, policy.protocols[0]).all == once.all


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_uses_the_vocabulary_and_says_why(name):
    policy = POLICIES[name]
    for rule in policy.rules:
        assert rule.name in TERMS
        assert rule.reason.endswith(".")
        assert len(rule.reason) > 20
    for protocol in policy.protocols:
        for asked in ([], ALL_ASKED, [*ALL_ASKED, "auth"]):
            forbidden = [entry.member for entry in read({"policy": name}, protocol, asked).all if entry.forbidden]
            assert not [one for one in forbidden if "." in one and one not in FINDINGS]


def test_a_policy_demands_only_what_the_options_ask_for():
    assert "recipient is accepted" not in shown({"policy": "inbound-mx"})
    assert "recipient is accepted" in shown({"policy": "inbound-mx"}, asked=["recipients"])
    assert "recipient is refused" in shown({"policy": "submission"}, asked=["recipient"])
    assert "recipient is accepted" in shown({"policy": "submission"}, asked=["recipient", "auth"])


def test_what_stands_beside_a_policy_is_laid_over_it():
    given = {
        "policy": "inbound-mx",
        "starttls": None,
        "tls": {"days_left": ">= 30", "trusted": None},
        "findings": {"forbidden": ["tls.name"]},
        "ehlo": {"keywords": ["DSN"]},
    }
    said = shown(given)
    assert "tls.days_left >= 30" in said
    assert "tls.version >= TLSv1.2" in said
    assert [entry for entry in said if entry.startswith(("starttls", "tls.trusted", "findings"))] == [
        "findings has no tls.name"
    ]
    both = shown({"policy": ["submission", "exchange-receive-connector"]})
    assert {"ehlo.keywords has AUTH", "ehlo.keywords has DSN"} <= set(both), "what policies demand adds up"


def test_each_vantage_has_expectations_of_its_own():
    given = {
        "starttls": True,
        "tls": {"days_left": ">= 14"},
        "vantages": {"outside-*": {"tls": {"trusted": True}}, "outside-nyc": {"starttls": None}},
    }
    assert named_for(given, "inside") == {"starttls": True, "tls": {"days_left": ">= 14"}}
    assert named_for(given, "outside-fra") == {"starttls": True, "tls": {"days_left": ">= 14", "trusted": True}}
    assert shown(named_for(given, "outside-nyc")) == ["tls.days_left >= 14", "tls.trusted is true"]


def test_what_is_expected_at_a_vantage_is_read_before_it_is_known_which_one_it_is():
    error = option_error({"vantages": {"outside": {"starttls": "maybe"}}})
    assert error.startswith("expect.vantages.outside.starttls 'maybe' is neither")
    assert option_error({"vantages": ["outside"]}).startswith("expect.vantages ['outside'] is no dictionary")
    assert "stands in itself" in option_error({"vantages": {"a": {"vantages": {}}}})
    assert option_error({"connect": False, "vantages": {"a": {"starttls": True}}}).startswith(
        "expect.vantages.a.starttls 'true' contradicts another expectation"
    )


@pytest.mark.parametrize(
    ("expect", "options", "told"),
    [
        ({"recipient": "accepted"}, {}, "is seen only where that is asked for: give recipient or recipients"),
        ({"auth": "accepted"}, {}, "give auth"),
        ({"message": "accepted"}, {"recipient": "user@contoso.com"}, "give test_message"),
        ({"recipients": {"b@contoso.com": "refused"}}, {"recipient": "a@contoso.com"}, "is about nobody"),
        ({"sender": "accepted"}, {"sender": "a@b.cc", "stop_after": "ehlo"}, "is seen later than stop_after: ehlo"),
        ({"tls": {"trusted": True}}, {"stop_after": "ehlo"}, "is seen later than stop_after: ehlo"),
        ({"tls": {"trusted": True}}, {"starttls": "never"}, "needs TLS, which starttls: never rules out"),
        ({"tls": {"version": "TLSv1.3"}}, {"tls": {"max_version": "TLSv1.2"}}, "is not among the versions offered"),
        ({"null_mx": True}, {}, "is said by a mail domain, and this is a host"),
        ({"policy": "submission"}, {"protocol": "lmtp"}, "does not go with protocol lmtp"),
    ],
)
def test_what_the_dialog_never_comes_to_see_cannot_be_expected(expect, options, told):
    error = option_error(expect, **options)
    assert error.startswith("expect.")
    assert told in error


@pytest.mark.parametrize(
    ("expect", "options"),
    [
        ({"tls": {"trusted": True}}, {"protocol": "smtps", "stop_after": "banner"}),
        ({"tls": {"established": False}}, {"starttls": "never"}),
        ({"tls": {"version": ">= TLSv1.2"}}, {"tls": {"max_version": "TLSv1.2"}}),
        ({"sender": "accepted"}, {"recipient": "user@contoso.com"}),
        ({"recipients": {"USER@contoso.com": "accepted"}}, {"recipient": "user@contoso.com"}),
    ],
)
def test_what_the_dialog_comes_to_see_can_be_expected(expect, options):
    assert planned(expect, **options).targets[0].expect.at("anywhere") == expect


def test_a_target_has_expectations_of_its_own():
    targets = ["contoso.com", {"host": "mx2.contoso.com", "expect": {"starttls": False}}]
    made = plan({"targets": targets, "expect": {"starttls": True}}, "test.contoso.com")
    assert [target.expect.at("here") for target in made.targets] == [{"starttls": True}, {"starttls": False}]
    with pytest.raises(OptionError, match=r"^targets\[1\]\.expect\.startls True is no expectation"):
        plan({"targets": ["contoso.com", {"host": "a.bc", "expect": {"startls": True}}]}, "test.contoso.com")


def test_the_two_tables_of_the_vocabulary_have_the_same_names():
    assert set(TERMS) - {"findings", "severity"} == OBSERVABLE


@pytest.mark.parametrize("term", TERMS.values(), ids=lambda term: term.name)
def test_a_term_uses_only_the_words_there_are(term):
    assert term.phase in PHASES
    assert set(term.findings) <= set(FINDINGS)
    # Of a set it is the members that it can have, where these are known.
    assert bool(term.choices) == (term.kind in ("choice", "scale", "outcomes")) or term.kind == "set"


def test_severities_are_those_of_the_findings_and_none():
    assert ("none", *verdicts.SEVERITIES) == SEVERITIES


@pytest.mark.parametrize(
    "pattern", [r"(a+)+", r"(?:a*)*", r"(a|b+){2,}", r"a*b*c*", r"(a{1,9}){9}", r"(a+)\1+b", "a" * 501]
)
def test_a_pattern_that_a_text_can_make_endless_is_refused(pattern):
    assert why_not_safe(pattern) is not None


@pytest.mark.parametrize(
    "pattern", [r"^mx[0-9]+\.contoso\.com$", r"a{1,60}b{1,60}c{1,60}", r"(?:one|two)", r".*ready.*"]
)
def test_an_ordinary_pattern_is_taken_and_costs_little(pattern):
    assert why_not_safe(pattern) is None
    condition = read_condition("banner.text", f"~ {pattern}", "text")
    begin = time.process_time()
    for text in ("a" * 10**6, "mx1" * 10**6, "ready" * 10**6, "0" * 10**6):
        holds(condition, "text", (), [text] * 20)
    assert time.process_time() - begin < 2


def test_the_reference_page_is_what_the_code_says():
    assert PAGE.read_text(encoding="utf-8") == reference_page(), "run docs/generate_expectations.py"
