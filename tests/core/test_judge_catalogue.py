# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the whole catalogue, and for `judge` whatever it is given."""

from __future__ import annotations

import copy
import json
import re
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailops_smtp.evidence import ERROR_KINDS, PHASES
from mailops_smtp.expect.patterns import why_not_safe
from mailops_smtp.judge import judge, judge_run
from mailops_smtp.judge.conditions import BETWEEN_FACTS, LINE_SEEN, LINES_SEEN, RELATIONS
from mailops_smtp.judge.recognition import Found
from mailops_smtp.judge.signatures import CATALOGUE, FAILURES
from mailops_smtp.judge.software import SOFTWARE
from mailops_smtp.judge.verdicts import CONFIDENCES, OWNERS, SEVERITIES, VERDICTS
from mailops_smtp.judge.wording import words

from docs.generate_findings import PAGE, findings_page
from tests.core.dialogs import HEALTHY, check, ids
from tests.core.signature_cases import CASES

# Words that only several checks have.
ACROSS = tuple((name, "a word") for name in ("outside", "inside", "others", "missing", "other_issuer"))
BY_ID = {signature.id: signature for signature in CATALOGUE}


def test_every_signature_has_a_dialog_that_shows_it_and_one_that_nearly_does():
    assert set(CASES) == set(BY_ID)


def test_ids_are_unique():
    assert len(BY_ID) == len(CATALOGUE)


@pytest.mark.parametrize("signature", CATALOGUE, ids=lambda signature: signature.id)
def test_a_signature_uses_only_the_words_there_are(signature):
    assert signature.verdict in VERDICTS
    assert signature.severity in SEVERITIES
    assert signature.owner in OWNERS
    assert signature.confidence in CONFIDENCES
    assert set(signature.phases) <= set(PHASES)
    assert set(signature.explains) <= set(BY_ID)
    assert {kind for when in signature.when for kind in when.error} <= set(ERROR_KINDS)
    assert {fact[1] for when in signature.when for fact in when.facts} <= {*RELATIONS, *BETWEEN_FACTS, "is", "is not"}
    known = words(check(HEALTHY), Found(signature, "connect", (0,), more=ACROSS))
    for template in (signature.title, signature.meaning, signature.next_step):
        assert {name for literal, name, *format_of_it in string.Formatter().parse(template) if name} <= set(known)


def test_failures_are_about_steps():
    assert all(when.is_about_a_step for signature in FAILURES for when in signature.when)


def patterns(signature):
    for when in signature.when:
        yield from (text for text in (when.text, when.sent, when.keyword, when.no_keyword, when.software) if text)
        yield from (value for path, relation, value in when.facts if relation in ("matches", "have sent"))


PATTERNS = [
    *((signature.id, pattern) for signature in CATALOGUE for pattern in patterns(signature)),
    *((row.product, pattern) for row in SOFTWARE for pattern in (row.banner, row.reply) if pattern),
]


@pytest.mark.parametrize(("whose", "pattern"), PATTERNS, ids=[whose for whose, pattern in PATTERNS])
def test_no_pattern_can_be_made_to_run_for_long(whose, pattern):
    """Nothing is repeated without a bound, nothing repeated stands in a repetition, and hostile texts are tried."""
    without_literals = re.sub(r"\\.|\[[^]]*\]", "", pattern)
    assert not re.search(r"(?<!\()[*+]|\{\d*,\}", without_literals), pattern
    assert why_not_safe(pattern) is None, pattern
    compiled = re.compile(pattern, re.IGNORECASE)
    seen = (LINES_SEEN + 1) * LINE_SEEN
    words = re.findall(r"[A-Za-z0-9*@<. -]{1,12}", pattern)
    for part in {"a", "0", " ", "*", ".", "<a@", "a-", *words, *(word[:-1] for word in words)}:
        if part:
            begin = time.process_time()
            compiled.search((part * seen)[:seen])
            assert time.process_time() - begin < 0.25, (pattern, part)


def test_the_findings_page_is_what_the_catalogue_says():
    assert PAGE.read_text(encoding="utf-8") == findings_page(), "run docs/generate_findings.py"


REPLIES = st.builds(
    lambda code, enhanced, lines: {
        "code": code, "enhanced": enhanced, "lines": lines, "truncated": False, "raw_base64": None, "flaws": [],
    },
    st.none() | st.integers(200, 599),
    st.none() | st.from_regex(r"[245]\.[0-7]\.[0-9]{1,2}", fullmatch=True),
    st.lists(st.text(max_size=60), max_size=4),
)  # fmt: skip
STEPS = st.lists(
    st.builds(
        lambda phase, sent, reply, kind, seconds, unsolicited, expected: {
            "phase": phase, "sent": sent, "reply": reply, "at": 0.0, "seconds": seconds, "tls": False,
            "error": None if kind is None else {"kind": kind, "detail": "it happened"}, "unsolicited": unsolicited,
            "expected": expected,
        },
        st.sampled_from(PHASES),
        st.none() | st.sampled_from(["EHLO a.b", "HELO a.b", "MAIL FROM:<>", "RCPT TO:<{host}@b.c>", "DATA"]),
        st.none() | REPLIES,
        st.none() | st.sampled_from(sorted(ERROR_KINDS)),
        st.floats(0, 400),
        st.none() | st.text(max_size=20),
        st.none() | st.sampled_from(["2yz", "252", "5yz"]),
    ),
    max_size=12,
)  # fmt: skip
CHECKS = st.builds(
    lambda steps, failed_phase: check(HEALTHY, steps=steps, failed_phase=failed_phase),
    STEPS,
    st.none() | st.sampled_from(PHASES),
)


@given(CHECKS)
def test_any_evidence_is_judged_and_left_as_it_was(facts):
    before = copy.deepcopy(facts)
    judgement = judge(facts)
    assert facts == before
    assert judge({**facts, **judgement}) == judgement
    assert judgement["verdict"] in VERDICTS
    if facts["failed_phase"] is not None:
        assert judgement["verdict"] in ("deferred", "inconclusive", "fail")
    json.dumps(judgement, allow_nan=False)


@given(st.lists(CHECKS, max_size=4))
def test_any_run_is_judged_and_left_as_it_was(checks):
    before = copy.deepcopy(checks)
    run = judge_run(checks)
    assert checks == before
    assert judge_run(run["checks"]) == run
    assert sum(run["counts"].values()) == len(checks)


def test_what_a_server_says_is_never_a_template():
    judgement = judge(check("S: 554 {host} {0} {{ lookup('pipe', 'id') }} {steps.__class__}"))
    assert "{host} {0} {{ lookup('pipe', 'id') }} {steps.__class__}" in judgement["findings"][0]["meaning"]


def test_a_stored_file_cannot_send_escapes_to_a_terminal():
    facts = check("S: 554 no")
    facts["steps"][1]["reply"]["lines"] = ["\x1b]0;owned\x07" + "x" * 5000]
    facts["endpoint"]["host"] = "\x1b[2J"
    judgement = judge(facts)
    assert "\x1b" not in json.dumps(judgement, ensure_ascii=False)
    assert len(judgement["summary"]) < 400


@pytest.mark.parametrize("text", ["*" * 10**6, "2 0 " * 10**6, "gre" * 10**6, "a-" * 10**6 + "FTP", "\\x15" * 10**6])
def test_endless_text_costs_little(text):
    facts = check("S: 220 mx1.contoso.com\nC: EHLO a.b\nS: 500 no\nC: HELO a.b\nS: 500 no")
    for step in facts["steps"][1:]:
        step["reply"]["lines"] = [text] * 200
    facts["banner"]["lines"] = [text] * 200
    began = time.process_time()
    judge(facts)
    assert time.process_time() - began < 1


def test_a_check_that_was_never_made_is_not_tested():
    judgement = judge(check("", not_tested="The run was interrupted."))
    assert (judgement["verdict"], ids(judgement)) == ("not_tested", [])
    assert judgement["summary"].endswith("was not tested: The run was interrupted.")


def test_ten_thousand_healthy_checks_are_judged_in_seconds():
    healthy = check(HEALTHY)
    began = time.process_time()
    judge_run([healthy] * 10000)
    # A second where nothing else runs; a shared and slow machine gets five.
    assert time.process_time() - began < 5


def test_a_thousand_records_cost_a_tenth_of_a_second_and_a_busy_machine_has_ten_times_that():
    facts = check(HEALTHY)
    judge(facts)
    begin = time.process_time()
    for _number in range(1000):
        judge(facts)
    assert time.process_time() - begin < 1


@given(st.integers(0, 9), st.sampled_from(["NOOP", "HELP", "VRFY user"]))
def test_steps_that_have_nothing_to_do_with_a_fault_change_nothing_wherever_they_stand(position, command):
    facts = check(
        "S: 220 mx1.contoso.com ESMTP Postfix\nC: EHLO a.bc\nS: 250-mx1\nS: 250 DSN\nC: MAIL FROM:<a@b.cc>\n"
        "S: 250 Ok\nC: RCPT TO:<u@contoso.com>\nS: 550 5.1.1 User unknown\nC: QUIT\nS: 221 Bye"
    )
    before = judge(facts)
    aside = check("S: 220 a\nC: EHLO b.cc\nS: 250 a\nC: VRFY x\nS: 252 Ok")["steps"][-1]
    steps = list(facts["steps"])
    steps.insert(min(position, len(steps)), {**aside, "sent": command})
    after = judge({**facts, "steps": steps})
    assert ids(after) == ids(before)
    assert (after["verdict"], after["summary"]) == (before["verdict"], before["summary"])
    for finding in after["findings"]:
        original = next(entry for entry in before["findings"] if entry["id"] == finding["id"])
        assert [steps[index]["sent"] for index in finding["evidence"]] == [
            facts["steps"][index]["sent"] for index in original["evidence"]
        ]
