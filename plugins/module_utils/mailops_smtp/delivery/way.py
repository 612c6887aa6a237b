# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The way of the first copy, and the clock that everything of a message is counted by.

Two clocks are known to be wrong only by comparison: the vantage's, by the stamp of the server that accepted the
message, and the store's, by our own while we watch.
"""

from __future__ import annotations

import typing as t

from .hops import Hop, read_hops, timed
from .sent import Sent
from .situation import Sighting

# A clock that is off by less cannot be told from the granularity of stamps.
_CLOCK_TOLERANCE = 2.0


class Clock:
    """Counts from the acceptance, by the vantage's clock set right as far as it is known to be wrong."""

    def __init__(self, sent: Sent, offset: t.Optional[float]) -> None:
        self.accepted_at = None if sent.accepted_at is None else sent.accepted_at - (offset or 0.0)

    def seconds(self, entry: Sighting) -> t.Optional[float]:
        """How long after its acceptance something was in the mailbox."""
        if self.accepted_at is None:
            return None
        seen = entry.seen_at - self.accepted_at
        stored = None if entry.mail.stored_at is None else entry.mail.stored_at - self.accepted_at
        if stored is not None and -_CLOCK_TOLERANCE <= stored <= seen + _CLOCK_TOLERANCE:
            # The store knows to the second; who watched knows it was no later than he saw it.
            return max(0.0, min(stored, seen) if entry.watched else stored)
        return max(0.0, seen)


def way(sent: Sent, copies: t.Sequence[Sighting]) -> t.Tuple[t.List[Hop], t.Optional[float]]:
    """The hops of the first copy, and how far the vantage's clock is ahead of the accepting server's."""
    if not copies:
        return [], None
    first = copies[0]
    hops = read_hops(first.recognised.parsed.all("Received"))
    hops = timed(hops, not_after=[first.mail.stored_at, first.seen_at])
    if not hops or hops[0].at is None or sent.accepted_at is None or hops[0].clock_offset is not None:
        return hops, None
    # That server stamps while it takes the message in, between the beginning of the check and the acceptance.
    early, late = t.cast(float, sent.started_at) - hops[0].at, sent.accepted_at - hops[0].at
    if early > _CLOCK_TOLERANCE:
        return hops, round(early, 3)
    return hops, round(late, 3) if late < -_CLOCK_TOLERANCE else None
