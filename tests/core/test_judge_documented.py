# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What servers' sources and their makers' pages have them say is recognised for what these say it means."""

from __future__ import annotations

import pytest
from mailops_smtp.judge import judge
from mailops_smtp.judge.verdicts import SEVERITIES

from tests.core.dialogs import ids
from tests.core.documented import DOCUMENTED
from tests.core.test_judge_vendors import said


@pytest.mark.parametrize("entry", DOCUMENTED, ids=lambda entry: f"{entry.finding}: {entry.reply[:40]}")
def test_what_is_written_down_is_recognised(entry):
    judgement = judge(said(entry.phase, entry.reply))
    serious = [one["id"] for one in judgement["findings"] if SEVERITIES.index(one["severity"]) >= 2]
    assert serious == [entry.finding] or ids(judgement)[0] == entry.finding


def test_each_says_where_it_was_read():
    assert all(entry.source.startswith("https://") for entry in DOCUMENTED)
    assert len({(entry.phase, entry.reply) for entry in DOCUMENTED}) == len(DOCUMENTED)
