# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Ends a watch that runs elsewhere on this host, reads what it has seen, and leaves nothing of it behind."""

from __future__ import annotations

import contextlib
import os
import time

from ..plan import OptionError
from .log import Kept, read_log
from .observation import Record
from .options import WatchOptions
from .outages import End, evaluated

LOOK_SECONDS = 0.1


def collect(options: WatchOptions) -> Record:
    """Asks the watch to stop, waits until it has, at most ``patience`` seconds, and returns its result.

    :raises OptionError: there is no such log.
    """
    log, stop_file = str(options.log), str(options.stop_file)
    kept = read_log(log)
    if kept.end is None:
        kept = _stopped(log, stop_file, options.patience)
    end = kept.end or End(_last_sign_of_life(kept), "lost")
    result = evaluated(kept.header, end, kept.seen, kept.changes)
    for path in (log, stop_file):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    return result


def _stopped(log: str, stop_file: str, patience: float) -> Kept:
    try:
        os.close(os.open(stop_file, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise OptionError("stop_file", stop_file, "cannot be written", error.strerror or str(error)) from error
    deadline = time.monotonic() + patience
    while True:
        kept = read_log(log)
        if kept.end is not None or time.monotonic() > deadline:
            return kept
        time.sleep(LOOK_SECONDS)


def _last_sign_of_life(kept: Kept) -> str:
    moments = [record["at"] for record in kept.seen if record["at"] is not None]
    return max(moments, default=kept.header.started_at)
