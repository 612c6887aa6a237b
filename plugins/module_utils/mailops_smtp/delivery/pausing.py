# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The time between two looks at a mailbox that does not tell when something comes."""

from __future__ import annotations

import time
import typing as t

# How long nobody notices that all is over.
LOOK_SECONDS = 0.2


def pause(seconds: float, stop: t.Callable[[], bool]) -> None:
    """That long, or until ``stop`` says that it is enough."""
    until = time.monotonic() + seconds
    while not stop():
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(LOOK_SECONDS, left))
