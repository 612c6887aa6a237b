# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Which of many descriptors can be read or written: epoll itself where there is one, else whatever ``selectors`` has.

``selectors`` makes an object for each event and looks each descriptor up twice; with thousands open at a time that is
as much as a dialog's own work.
"""

from __future__ import annotations

import select
import selectors
import typing as t

READ, WRITE = 1, 4  # EPOLLIN and EPOLLOUT

# What comes unasked (an error, a hang-up) shows in reading and writing alike.
_READABLE, _WRITABLE = ~WRITE, ~READ


class Epoll:
    """Linux."""

    def __init__(self) -> None:
        self._epoll = select.epoll()  # type: ignore[attr-defined,unused-ignore]  # not on every system
        self._owners: t.Dict[int, t.Any] = {}

    def register(self, descriptor: int, events: int, owner: t.Any) -> None:
        self._epoll.register(descriptor, events)
        self._owners[descriptor] = owner

    def modify(self, descriptor: int, events: int) -> None:
        self._epoll.modify(descriptor, events)

    def unregister(self, descriptor: int, closing: bool = False) -> None:
        """``closing``: the descriptor is closed next, which takes it out of the kernel's list, too (epoll(7))."""
        del self._owners[descriptor]
        if not closing:
            self._epoll.unregister(descriptor)

    def wait(self, seconds: t.Optional[float]) -> t.List[t.Tuple[t.Any, bool, bool]]:
        """``(owner, readable, writable)`` of each that is ready, at the latest after so many seconds."""
        owners = self._owners
        return [
            (owners[descriptor], bool(events & _READABLE), bool(events & _WRITABLE))
            for descriptor, events in self._epoll.poll(seconds)
        ]

    def close(self) -> None:
        self._epoll.close()


class Selector:
    """Everywhere else."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def register(self, descriptor: int, events: int, owner: t.Any) -> None:
        self._selector.register(descriptor, _selector_events(events), owner)

    def modify(self, descriptor: int, events: int) -> None:
        self._selector.modify(descriptor, _selector_events(events), self._selector.get_key(descriptor).data)

    def unregister(self, descriptor: int, closing: bool = False) -> None:
        self._selector.unregister(descriptor)

    def wait(self, seconds: t.Optional[float]) -> t.List[t.Tuple[t.Any, bool, bool]]:
        return [
            (key.data, bool(events & selectors.EVENT_READ), bool(events & selectors.EVENT_WRITE))
            for key, events in self._selector.select(seconds)
        ]

    def close(self) -> None:
        self._selector.close()


def _selector_events(events: int) -> int:
    return (selectors.EVENT_READ if events & READ else 0) | (selectors.EVENT_WRITE if events & WRITE else 0)


def readiness() -> t.Union[Epoll, Selector]:
    return Epoll() if hasattr(select, "epoll") else Selector()
