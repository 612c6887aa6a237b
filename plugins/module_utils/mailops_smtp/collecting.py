# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Python's collector of cyclic garbage looks through all that is alive, again and again, while thousands of results
pile up; there is no cyclic garbage among them. So it does while Ansible makes syntax trees of what it packs for a
target, which is half a million objects in a process that has as many already. The collector is one per process, and so
is this."""

from __future__ import annotations

import contextlib
import gc
import threading
import typing as t

_lock = threading.Lock()
_rounds = 0
_thresholds: t.Tuple[int, ...] = ()
_SELDOM = (100_000, 50, 1000)


@contextlib.contextmanager
def collecting_rarely() -> t.Iterator[None]:
    global _rounds, _thresholds
    with _lock:
        _rounds += 1
        if _rounds == 1:
            _thresholds = gc.get_threshold()
            if 0 < _thresholds[0] < _SELDOM[0]:
                gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        with _lock:
            _rounds -= 1
            if _rounds == 0:
                _leave_aside_what_is_there()
                gc.set_threshold(*_thresholds)


def _leave_aside_what_is_there() -> None:
    """The results are young to the collector, and would be looked through, all of them, as soon as it comes by again.
    Frozen and thawed, they are as old as what it hardly ever looks at."""
    if gc.get_freeze_count() == 0:  # nobody else has frozen anything
        gc.freeze()
        gc.unfreeze()
