# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vantages begin at one moment, whatever their clocks say."""

from __future__ import annotations

import typing as t

import pytest
from mailops_smtp.plan import OptionError
from mailops_smtp.wait import wait_until


class Clock:
    """Stands still but for those who sleep, and they wake up a little early."""

    def __init__(self, moment: float) -> None:
        self.moment = moment

    def now(self) -> float:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += max(seconds * 0.75, 0.001)


@pytest.mark.parametrize(("offset", "ends"), [(None, 1000.0), (0.0, 1000.0), (2.5, 1002.5), (-2.5, 997.5)])
def test_it_ends_at_the_moment_by_the_right_clock(offset: t.Optional[float], ends: float) -> None:
    clock = Clock(990.0)
    assert wait_until(1000, offset, clock.now, clock.sleep) == []
    assert ends <= clock.moment < ends + 0.01


def test_nobody_waits_unasked_or_for_what_has_passed() -> None:
    clock = Clock(1003.0)
    assert wait_until(None, 5.0, clock.now, clock.sleep) == []
    [warning] = wait_until(1000, None, clock.now, clock.sleep)
    assert warning == "start_at had passed 3.0 s before this vantage was ready: its checks began at once."
    assert wait_until(1000, 3.0, clock.now, clock.sleep) == []
    assert clock.moment == 1003.0


def test_a_moment_too_far_away_is_a_mistake() -> None:
    clock = Clock(0.0)
    with pytest.raises(OptionError, match=r"^start_at '1970-01-01T02:00:00Z' is 2\.0 hours away .* 60 minutes"):
        wait_until(7200, None, clock.now, clock.sleep)
