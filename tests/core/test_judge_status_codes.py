# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An unknown reply keeps its class and its text, and is told what its codes stand for."""

from __future__ import annotations

import re

import pytest
from mailops_smtp.judge import judge
from mailops_smtp.judge.status_codes import REGISTRY, REPLY_CODES, stands_for

from tests.core.test_judge_transaction import rcpt


def test_the_registry_is_whole():
    last = {"0": 0, "1": 10, "2": 4, "3": 6, "4": 7, "5": 6, "6": 10, "7": 30}
    assert set(REGISTRY) == {f"{subject}.{detail}" for subject, to in last.items() for detail in range(to + 1)}
    assert all(re.fullmatch(r"RFC [0-9]{4}|the IANA registry", source) and text for text, source in REGISTRY.values())


@pytest.mark.parametrize(
    ("code", "enhanced", "told"),
    [
        (550, "5.2.4", "By RFC 3463, 5.2.4 stands for: Mailing list expansion problem."),
        (450, "4.7.19", "By RFC 7293, 4.7.19 stands for: RRVS test cannot be completed."),
        (
            550,
            "5.7.999",
            "5.7.999 is in no registry; by RFC 3463 it is about: Security or policy status (Permanent failure).",
        ),
        (554, "5.9.1", "By itself, 554 stands for: The transaction failed."),
        (554, None, "By itself, 554 stands for: The transaction failed."),
        (599, None, "Of the code 599 no more is known than its class: not this way, and trying again does not help."),
        (None, None, "There is no code to go by."),
    ],
)
def test_the_most_exact_that_is_known_is_told(code, enhanced, told):
    assert stands_for(code, enhanced) == told


def test_reply_codes_are_of_the_classes_that_refuse():
    assert all(400 <= code < 600 for code in REPLY_CODES)


def test_a_refusal_for_reasons_of_its_own_keeps_its_words_and_is_explained():
    finding = judge(rcpt("S: 550 5.7.14 Our own words"))["findings"][0]
    assert finding["id"] == "rcpt.refused"
    assert (
        '(550 5.7.14 "Our own words"). By RFC 5248, 5.7.14 stands for: Trust relationship required.'
        in finding["meaning"]
    )
