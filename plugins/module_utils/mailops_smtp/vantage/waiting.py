# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Who waits for an answer of the jump host, and until when.

Nothing here looks at all that wait for each one that is answered: that would take time that grows with the square of
their number.
"""

from __future__ import annotations

import math
import time
import typing as t

# report(connected, error): see ssh.SSHVantage.open_channel
Report = t.Callable[[t.Any, t.Any], None]


class Waiting(t.NamedTuple):
    """``way`` is how the connection is made, ``timeout`` how many seconds there were for it."""

    timeout: float
    give_up_at: float
    report: Report
    way: str


class Room:
    """Those that wait, each by what it waits for. Of the vantage's own thread."""

    def __init__(self) -> None:
        self._waiting: t.Dict[t.Any, Waiting] = {}
        # Not later than the first of them is to be given up.
        self._next_look = math.inf

    def __contains__(self, key: t.Any) -> bool:
        return key in self._waiting

    def add(self, key: t.Any, timeout: float, report: Report, way: str) -> None:
        give_up_at = time.monotonic() + timeout
        self._waiting[key] = Waiting(timeout, give_up_at, report, way)
        self._next_look = min(self._next_look, give_up_at)

    def take(self, key: t.Any) -> t.Optional[Waiting]:
        """Whoever waited for it, for the last time; None where nobody does any more."""
        return self._waiting.pop(key, None)

    def patience(self) -> t.Optional[float]:
        """Seconds until it is time to look whom to give up; None while nothing waits."""
        return max(self._next_look - time.monotonic(), 0.0) if self._waiting else None

    def overdue(self) -> t.List[t.Tuple[t.Any, Waiting]]:
        """Takes out those whose time is over."""
        now = time.monotonic()
        late = [(key, waiting) for key, waiting in self._waiting.items() if waiting.give_up_at <= now]
        for key, _late in late:
            del self._waiting[key]
        self._next_look = min((waiting.give_up_at for waiting in self._waiting.values()), default=math.inf)
        return late

    def everybody(self) -> t.List[Waiting]:
        """Takes out all of them."""
        waiting, self._waiting = list(self._waiting.values()), {}
        return waiting
