# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is found in the recorded dialogs of the lab's real servers, and nothing else.

The golden transcripts are read by the importer of pasted dialogs. ``EXPECTED`` was written from what the judgement said
and looked through then, so it shows what changes and proves no judgement right. The dialogs in which a fault was
planted on purpose are those of the scripted server, in test_judge_scenarios.py and test_misbehaviours.py.
"""

from __future__ import annotations

import pytest
from mailops_smtp.judge.again import judge_again
from mailops_smtp.transcripts import read_transcript

from tests.core.dialogs import ids
from tests.core.recorded import GOLDEN

# Each server greets with its own name; Dovecot's is that of the host it runs on.
EXPECTED = {
    "dovecot-lmtp.refuses.txt": ("fail", {"rcpt.unknown", "ban.name_mismatch", "data.full", "data.accepted"}),
    "dovecot-lmtp.takes.txt": ("pass", {"ban.name_mismatch", "data.accepted"}),
    "dovecot-submission.refuses.txt": ("fail", {"auth.530", "ban.name_mismatch"}),
    "dovecot-submission.submits.txt": ("pass", {"ban.name_mismatch", "data.accepted"}),
    "exim.refuses.txt": ("fail", {"rcpt.unroutable", "rcpt.relay", "tls.caps_stale"}),
    "exim.submits.txt": ("pass", {"tls.caps_stale", "data.accepted"}),
    "exim.takes.txt": ("pass", {"tls.caps_stale", "data.accepted"}),
    "mx1.refuses.txt": ("fail", {"rcpt.unknown", "rcpt.relay"}),
    "mx1.submits.txt": ("pass", {"tls.caps_stale", "data.accepted"}),
    "mx1.takes.txt": ("pass", {"data.accepted"}),
    "opensmtpd.refuses.txt": ("fail", {"rcpt.unknown", "rcpt.unroutable", "ehlo.starttls_missing"}),
    "opensmtpd.takes.txt": ("pass", {"ehlo.starttls_missing", "data.accepted"}),
    "sendmail.refuses.txt": ("fail", {"rcpt.unknown", "rcpt.relay"}),
    "sendmail.submits.txt": ("pass", {"data.accepted"}),
    "sendmail.takes.txt": ("pass", {"data.accepted"}),
    "slow.patience.txt": ("pass", {"ban.multiline"}),
}
PRODUCTS = {
    "dovecot": "Dovecot",
    "exim": "Exim",
    "mx1": "Postfix",
    "opensmtpd": "OpenSMTPD",
    "sendmail": "Sendmail",
    "slow": "Postfix",
}
GOLDENS = sorted(GOLDEN.glob("*.txt"))


def judged(file):
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("# ")]
    host = f"{file.name.partition('.')[0]}.contoso.test"
    return judge_again([read_transcript("\n".join(lines), host)])["checks"][0]


def test_every_recorded_dialog_is_here():
    assert {file.name for file in GOLDENS} == set(EXPECTED)


@pytest.mark.parametrize("file", GOLDENS, ids=lambda file: file.name)
def test_nothing_is_found_that_an_expert_would_call_wrong_and_nothing_is_missed(file):
    facts = judged(file)
    assert (facts["verdict"], set(ids(facts))) == EXPECTED[file.name]
    assert facts["banner"]["software"]["product"] == PRODUCTS[file.name.partition(".")[0].partition("-")[0]]


def test_the_page_of_the_tests_is_what_the_tests_say():
    # Not above: that page is made of this file too.
    from docs.generate_findings_tests import PAGE, tests_page

    assert PAGE.read_text(encoding="utf-8") == tests_page(), "run docs/generate_findings_tests.py"
