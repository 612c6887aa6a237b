# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The seeds of fuzzing, held to its rules in every run of the tests, at fuzzing's limit and at the real one."""

from __future__ import annotations

import pytest
from mailops_smtp.dialog import replies
from mailops_smtp.dialog.replies import ReplyReader

from tests.fuzz.received import check
from tests.fuzz.seeds import SEEDS


@pytest.mark.parametrize("name", SEEDS)
@pytest.mark.parametrize("limit", [2000, replies.MAX_REPLY_OCTETS])
def test_a_seed(name, limit, monkeypatch):
    monkeypatch.setattr(replies, "MAX_REPLY_OCTETS", limit)
    check(SEEDS[name])


def test_a_broken_rule_is_noticed(monkeypatch):
    """A reader that forgets to refuse what never ends."""
    monkeypatch.setattr(replies, "MAX_REPLY_OCTETS", 2000)
    monkeypatch.setattr(ReplyReader, "_refuse_endless", lambda reader: None)
    with pytest.raises(AssertionError):
        check(SEEDS["endless line"])
