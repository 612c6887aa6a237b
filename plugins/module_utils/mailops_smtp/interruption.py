# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Who runs for somebody else ends when that is wished: told by a signal, or by nobody being there for the result.

Either raises KeyboardInterrupt, as Ctrl-C does, so that mail servers are told QUIT.
"""

from __future__ import annotations

import os
import select
import signal
import threading

STANDARD_OUTPUT = 1


def interruptible() -> None:
    """For the main thread, before anything begins."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    # A shell has what runs in its background ignore it.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _interrupt)
    if hasattr(select, "poll"):
        threading.Thread(target=_until_nobody_listens, daemon=True).start()


def _interrupt(number: int, frame: object) -> None:
    # One cause is seen in several ways, and the second must not cut short what the first began. Only the impatient
    # press Ctrl-C again.
    for other in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    if signal.getsignal(signal.SIGINT) is _interrupt:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    raise KeyboardInterrupt


def _until_nobody_listens() -> None:
    """An SSH session without a terminal ends without a signal: all that is seen of it is that nobody reads any more
    what is written."""
    watched = select.poll()
    # These two are told whatever is asked for. What is no pipe, socket or terminal tells neither.
    watched.register(STANDARD_OUTPUT, 0)
    if any(events & (select.POLLERR | select.POLLHUP) for _descriptor, events in watched.poll()):
        os.kill(os.getpid(), signal.SIGTERM)
