# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A vantage whose clock is off: it judges certificates by that clock, and begins by it."""

from __future__ import annotations

# Seconds, as in fitness.judgement.
MOST_CLOCK_OFFSET = 300.0


def clock_sentence(name: str, offset: float) -> str:
    hours = abs(offset) / 3600
    span = f"{hours:.1f} hours" if hours >= 2 else f"{abs(offset) / 60:.0f} min"
    where = "ahead of" if offset > 0 else "behind"
    return f"The clock of {name} is {span} {where} the controller's: what it says of times and dates is off by as much."
