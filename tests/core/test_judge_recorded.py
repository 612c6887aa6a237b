# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The confusion matrix: what is found in each recorded dialog of the lab's real servers, and what an expert says of it.

The opinions (tests/expert_opinions.py) were written before the judgement was asked, but for those that say so. The
evidence of planted faults was recorded by tests/integration/test_planted.py, which also makes these dialogs anew; the
golden transcripts are read by
the importer of pasted dialogs.
"""

from __future__ import annotations

import json

import pytest
from mailops_smtp.judge import judge

from docs.generate_findings_judged import golden_check, recorded_check
from tests.core.dialogs import check, ids
from tests.core.recorded import GOLDEN as GOLDEN_FILES
from tests.expert_opinions import GOLDEN, PLANTED

RECORDED = GOLDEN_FILES.parent / "planted"


def agrees(opinion, found, verdict):
    assert verdict == opinion.verdict
    assert set(opinion.must) <= set(found), "a planted fault was not found"
    assert set(found) <= {*opinion.must, *opinion.may}, "something was found that the expert calls wrong"


def test_every_recorded_dialog_has_an_opinion():
    assert {file.name for file in GOLDEN_FILES.glob("*.txt")} == set(GOLDEN)
    assert {file.stem for file in RECORDED.glob("*.json")} == set(PLANTED)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_and_nothing_else(name):
    judgement = judge(recorded_check(name))
    # A message that was accepted is no fault, and is told each time.
    agrees(PLANTED[name], set(ids(judgement)) - {"data.accepted"}, judgement["verdict"])


@pytest.mark.parametrize("name", PLANTED)
def test_the_recorded_evidence_holds_no_judgement(name):
    facts = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    assert not {"verdict", "findings", "summary", "unmet"}.intersection(facts)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_golden_dialog_reads_as_an_expert_reads_it(name):
    facts = golden_check(name)
    agrees(GOLDEN[name], ids(facts), facts["verdict"])
    assert facts["banner"]["software"]["product"] == GOLDEN[name].product


RCPT = (
    "S: 220 mx1.contoso.com ESMTP Postfix\nC: EHLO test.com\nS: 250-mx1.contoso.com\nS: 250 DSN\n"
    "C: MAIL FROM:<a@test.com>\nS: 250 Ok\nC: RCPT TO:<user@contoso.com>\nS: "
)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        # Near misses of what these dialogs had the catalogue learn.
        ("504 5.5.2 <user>: Recipient address rejected: need fully-qualified address", "mail.syntax"),
        ("550 5.7.1 <u@contoso.com>: Recipient address rejected: we say HELO first", "rcpt.refused"),
        ("450 4.5.3 Error: too many recipients", "rcpt.too_many"),
        ("550 5.1.6 gone", "rcpt.refused"),
    ],
)
def test_what_only_resembles_it_is_not_taken_for_it(reply, expected):
    assert ids(judge(check(RCPT + reply)))[0] == expected


@pytest.mark.parametrize("page", ["findings_judged", "findings_tests"])
def test_a_page_that_is_made_of_these_is_what_they_say(page):
    # Not above: one of the pages is made of this file's own words.
    from docs import generate_findings_judged, generate_findings_tests

    module, text = {
        "findings_judged": (generate_findings_judged, generate_findings_judged.judged_page),
        "findings_tests": (generate_findings_tests, generate_findings_tests.tests_page),
    }[page]
    assert module.PAGE.read_text(encoding="utf-8") == text(), f"run docs/generate_{page}.py"
