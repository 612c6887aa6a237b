# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Who is called next, and when: a guest's manners, with any number of checks waiting.

Servers bound the sessions of one client (Exchange: 20; Postfix: 50) and count how many it opens a minute, and each
connection beyond that costs others theirs. So each server, an address and port, is called by few checks at a time, no
more often than the budget allows, and not at all any more once it has answered 421 (RFC 5321 3.8).

No clock is looked at here: whoever asks says what time it is.
"""

from __future__ import annotations

import collections
import heapq
import itertools
import random
import typing as t

OPEN_AT_ONCE = 1000
CONNECTIONS_PER_SERVER = 5
MINUTE = 60.0


class Manners(t.NamedTuple):
    """``at_once``: connections that are open at a time, to all servers; ``per_server``: to one.

    ``per_minute``: connections to one server in any minute, None for any number. ``jitter``: each connection waits a
    random time up to so many seconds after the one before to the same server, and the first one too. ``pause``: seconds
    to leave a server alone after its first 421, and to try it once more then, one connection at a time; 0: for good.
    """

    at_once: int = OPEN_AT_ONCE
    per_server: int = CONNECTIONS_PER_SERVER
    per_minute: t.Optional[int] = None
    jitter: float = 0.0
    pause: float = 0.0


class _Server:
    """What is known of one server's patience."""

    __slots__ = ("calls", "closed", "is_listed", "later", "limit", "not_before", "opened", "paused_at", "waiting")

    def __init__(self, limit: int, not_before: float) -> None:
        self.waiting: t.List[t.Tuple[float, int, t.Any]] = []  # a heap: not before when, in which order, the job
        self.opened = 0
        self.limit = limit
        self.not_before = not_before
        self.calls: t.Deque[float] = collections.deque()
        self.paused_at: t.Optional[float] = None
        self.closed: t.Optional[str] = None
        self.is_listed = False
        self.later: t.Optional[float] = None  # when it is looked at again, where it is listed for that


class Queue:
    """The jobs that wait. ``key`` of a job says which server it goes to."""

    def __init__(self, manners: t.Any, key: t.Callable[[t.Any], t.Hashable]) -> None:
        self._manners = manners
        self._key = key
        self._servers: t.Dict[t.Hashable, _Server] = {}
        self._ready: t.Deque[_Server] = collections.deque()
        self._later: t.List[t.Tuple[float, int, _Server]] = []
        self._order = itertools.count()
        self._size = 0
        self._turned_away: t.List[t.Tuple[t.Any, str]] = []

    def __len__(self) -> int:
        """Those that wait for their turn, and those that get none but were not told so yet."""
        return self._size + len(self._turned_away)

    def add(self, job: t.Any, now: float, delay: float = 0.0) -> None:
        """``delay``: seconds that it waits at least."""
        key = self._key(job)
        server = self._servers.get(key)
        if server is None:
            server = self._servers[key] = _Server(self._manners.per_server, now + self._jitter())
        if server.closed is not None:
            self._turned_away.append((job, server.closed))
            return
        heapq.heappush(server.waiting, (now + delay if delay else 0.0, next(self._order), job))
        self._size += 1
        self._list_at_once(server)

    def take(self, now: float) -> t.Any:
        """A job whose turn it is, None where there is none now. Servers take turns: one with many checks does not keep
        the others waiting."""
        while self._later and self._later[0][0] <= now:
            moment, _number, server = heapq.heappop(self._later)
            if server.later == moment:
                self._list_at_once(server)
        while self._ready:
            server = self._ready.popleft()
            server.is_listed = False
            if not server.waiting or server.opened >= server.limit:
                continue
            moment = self._when(server)
            if moment > now:
                server.is_listed, server.later = True, moment
                heapq.heappush(self._later, (moment, next(self._order), server))
                continue
            job = heapq.heappop(server.waiting)[2]
            self._size -= 1
            server.opened += 1
            if self._manners.per_minute is not None:
                server.calls.append(now)
            if self._manners.jitter:
                server.not_before = now + self._jitter()
            self._list(server)
            return job
        return None

    def give_back(self, job: t.Any) -> None:
        """It could not be begun after all, for want of descriptors."""
        server = self._servers[self._key(job)]
        server.opened -= 1
        if server.calls:
            server.calls.pop()
        heapq.heappush(server.waiting, (0.0, next(self._order), job))
        self._size += 1
        self._list_at_once(server)

    def ended(self, job: t.Any, began: float, now: float, told_to_go: bool) -> None:
        """A check is over, which began when, and whose server answered 421 if it was told to go."""
        server = self._servers[self._key(job)]
        server.opened -= 1
        if told_to_go:
            self._leave_alone(server, began, now)
        self._list(server)

    def turned_away(self) -> t.List[t.Tuple[t.Any, str]]:
        """Those that have no turn any more, each with the reason, which are not waited for from now on."""
        away, self._turned_away = self._turned_away, []
        return away

    def next_moment(self) -> t.Optional[float]:
        """When there will be something to take though nothing ends until then."""
        return self._later[0][0] if self._later else None

    def clear(self) -> None:
        """Nobody is called any more."""
        self._ready.clear()
        self._later.clear()
        self._turned_away.clear()
        self._servers.clear()
        self._key = lambda job: None
        self._servers[None] = _Server(0, 0.0)
        self._size = 0

    def _list(self, server: _Server) -> None:
        if server.waiting and not server.is_listed and server.opened < server.limit:
            server.is_listed = True
            self._ready.append(server)

    def _list_at_once(self, server: _Server) -> None:
        """Also where it was to be looked at later, for a job that has longer to wait."""
        if server.later is not None:
            server.is_listed, server.later = False, None
        self._list(server)

    def _when(self, server: _Server) -> float:
        """The earliest moment for the next call."""
        moment = max(server.not_before, server.waiting[0][0])
        budget, calls = self._manners.per_minute, server.calls
        if budget is not None and len(calls) >= budget:
            while len(calls) > budget:
                calls.popleft()
            moment = max(moment, calls[0] + MINUTE)
        return moment

    def _leave_alone(self, server: _Server, began: float, now: float) -> None:
        if server.closed is not None:
            return
        pause = self._manners.pause
        if pause and server.paused_at is None:
            server.paused_at, server.not_before, server.limit = now, now + pause, 1
            return
        if server.paused_at is not None and began < server.not_before:
            # It was under way before the pause, and tells nothing new.
            return
        again = f" again after a pause of {pause:g} s" if pause else ""
        server.closed = f"The server had answered 421{again} to another check of this run, and is left alone since."
        self._turned_away += [(job, server.closed) for _moment, _number, job in sorted(server.waiting)]
        self._size -= len(server.waiting)
        server.waiting = []

    def _jitter(self) -> float:
        return random.uniform(0.0, self._manners.jitter) if self._manners.jitter else 0.0
