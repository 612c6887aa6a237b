# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""How far a run has come: for whoever watches, and as a file that is replaced once a second."""

from __future__ import annotations

import contextlib
import json
import os
import time
import typing as t

SECONDS_BETWEEN = 1.0


class Progress:
    """``done`` of ``total`` checks have ended, ``counts`` by verdict, as far as each by itself shows it."""

    def __init__(self, vantage: str, total: int) -> None:
        self.vantage = vantage
        self.total = total
        self.done = 0
        self.counts: t.Dict[str, int] = {}

    def count(self, verdict: str) -> None:
        self.done += 1
        self.counts[verdict] = self.counts.get(verdict, 0) + 1

    def as_dict(self) -> t.Dict[str, t.Any]:
        return {"vantage": self.vantage, "done": self.done, "total": self.total, "counts": dict(self.counts)}


def line(progress: t.Mapping[str, t.Any]) -> str:
    """For people: ``outside-fra: 350 of 1000 checks (340 pass, 10 fail)``."""
    counted = ", ".join(f"{number} {verdict.replace('_', ' ')}" for verdict, number in progress["counts"].items())
    done = f"{progress['vantage']}: {progress['done']} of {progress['total']} checks"
    return f"{done} ({counted})" if counted else done


Watcher = t.Callable[[Progress], None]


class ProgressFile:
    """A watcher that writes one JSON object to ``path``: the fields of Progress, ``updated_at`` as Unix time, and
    whether it is ``finished``. Whoever reads it sees a whole one, since each replaces the one before."""

    def __init__(self, path: str, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._next = 0.0
        self._progress: t.Optional[Progress] = None

    def __call__(self, progress: Progress) -> None:
        self._progress = progress
        moment = self._clock()
        if moment >= self._next:
            self._next = moment + SECONDS_BETWEEN
            self._write(finished=False)

    def close(self) -> None:
        """The run has ended, however it ended."""
        if self._progress is not None:
            self._write(finished=True)

    def _write(self, finished: bool) -> None:
        progress = t.cast(Progress, self._progress)
        record = {**progress.as_dict(), "updated_at": round(time.time(), 3), "finished": finished}
        beside = f"{self._path}.new"
        # Nobody loses his checks because a disk is full.
        with contextlib.suppress(OSError):
            with open(beside, "w", encoding="ascii") as file:
                json.dump(record, file)
                file.write("\n")
            os.replace(beside, self._path)
