# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Beginning at the same moment as others do, so that vantages compare the same second of a server."""

from __future__ import annotations

import time
import typing as t

from .plan.options import OptionError

# Whoever means to wait longer than this has most likely written the wrong day or offset from UTC.
LONGEST_SECONDS = 3600.0

# What a run may be late without a word about it: less than the time that one dialog takes.
TOLERATED_SECONDS = 0.2


def wait_until(
    start_at: t.Optional[int],
    clock_offset: t.Optional[float],
    now: t.Callable[[], float] = time.time,
    sleep: t.Callable[[float], None] = time.sleep,
) -> t.List[str]:
    """Sleep until that Unix time, by a clock that is ``clock_offset`` seconds ahead. Returns what there is to warn of.

    :raises OptionError: it is further away than anybody waits.
    """
    if start_at is None:
        return []
    instant = start_at + (clock_offset or 0.0)
    left = instant - now()
    if left > LONGEST_SECONDS:
        raise OptionError(
            "start_at",
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start_at)),
            f"is {left / 3600:.1f} hours away by the clock of the vantage",
            f"give a moment of the next {LONGEST_SECONDS / 60:.0f} minutes, with its offset from UTC",
        )
    if left < -TOLERATED_SECONDS:
        return [f"start_at had passed {-left:.1f} s before this vantage was ready: its checks began at once."]
    while left > 0:
        sleep(left)
        left = instant - now()
    return []
