# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The checks of a run as they come in, wherever they are made: each is judged, counted and written down at once.

Files are the caller's, and on the caller's side: where Python on a vantage makes the checks, nothing is written there.
"""

from __future__ import annotations

import contextlib
import typing as t

from .evidence import Check, Endpoint, Vantage
from .journal import Journal
from .judge import Judging
from .plan import OptionError, Plan
from .progress import Progress, ProgressFile, Watcher
from .timings import timings

Facts = t.Mapping[str, t.Any]


class Results:
    """Opens the files that the plan names, but not in check mode, which makes no changes.

    :raises OptionError: one of them cannot be written.
    """

    def __init__(self, planned: Plan, check_mode: bool, watchers: t.Sequence[Watcher] = ()) -> None:
        self._planned = planned
        self._watchers = list(watchers)
        self._judging = Judging()
        self._sent = 0
        self._progress = Progress("", 0)
        self._stack = contextlib.ExitStack()
        self._journal: t.Optional[Journal] = None
        self._lost: t.List[str] = []  # why the evidence file ends early
        if not check_mode:
            if planned.evidence_file is not None:
                self._journal = _journal(planned.evidence_file)
                self._stack.callback(self._close_journal)
            if planned.progress_file is not None:
                self._watchers.append(
                    self._stack.enter_context(contextlib.closing(ProgressFile(planned.progress_file)))
                )

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def found(self, vantage: Vantage, endpoints: t.Sequence[t.Sequence[Endpoint]]) -> None:
        """The checks that are to come, now that it is known how many."""
        self.expect(vantage, sum(map(len, endpoints)))

    def expect(self, vantage: Vantage, endpoints: int) -> None:
        self._progress = Progress(vantage.name, endpoints * self._times)
        self._write("run", {"plan": self._planned.as_dict(), "vantages": [vantage.as_dict()]})
        # Servers that keep everybody waiting are those of which one wants to see that something is under way.
        self._tell()

    def ended(self, number: int, check: Check) -> None:
        self.take(number, check.as_dict())

    def take(self, number: int, evidence: Facts) -> None:
        """One check, and its number in the order of all."""
        check = self._judging.add(number, evidence)
        self._sent += _messages_sent(check)
        self._write("check", check)
        if check["repetition"] is not None and check["failed_phase"] == "resolve":
            # What has no address is not tried again.
            self._progress.total -= self._times - 1
        self._progress.count(check["verdict"])
        self._tell()

    def _tell(self) -> None:
        for watcher in self._watchers:
            watcher(self._progress)

    def run(self, head: Facts) -> t.Dict[str, t.Any]:
        """The whole run, whose other fields are in ``head``, with as much detail as was asked for."""
        judged = self._judging.finish(head.get("domains", ()))
        run = {
            **head,
            **judged,
            "detail": self._planned.detail,
            "evidence_file": self._planned.evidence_file if self._journal is not None else None,
            "messages_sent": self._sent,
            "timings": timings(judged["checks"]) if self._planned.repeat is not None else None,
            "overview": None,
        }
        self._write("end", {name: value for name, value in run.items() if name in _AT_THE_END})
        self._close_journal()
        if self._lost:
            run["evidence_file"] = None
            run["plan"] = {**run["plan"], "warnings": [*run["plan"]["warnings"], *self._lost]}
        if self._planned.detail == "facts":
            return run
        # Only who wants something else pays for it.
        from .report.detail import detailed

        return detailed(run, self._planned.detail)

    def _write(self, record: str, facts: Facts) -> None:
        if self._journal is not None:
            with self._losing_the_file_alone():
                self._journal.write({"record": record, **facts})

    def _close_journal(self) -> None:
        journal, self._journal = self._journal, None
        if journal is not None:
            with self._losing_the_file_alone():
                journal.close()

    @contextlib.contextmanager
    def _losing_the_file_alone(self) -> t.Iterator[None]:
        """Nobody loses his checks because a disk is full."""
        try:
            yield
        except OSError as error:
            if not self._lost:
                path = self._planned.evidence_file
                self._lost = [f"The evidence file {path} is incomplete: it could not be written ({error.strerror})."]
            self._close_journal()

    @property
    def _times(self) -> int:
        return self._planned.repeat.count if self._planned.repeat is not None else 1


_AT_THE_END = ("schema_version", "run_id", "started_at", "finished_at", "verdict", "counts", "summary", "timings")


def _journal(path: str) -> Journal:
    try:
        return Journal(path)
    except OSError as error:
        raise OptionError("evidence_file", path, "cannot be written", str(error.strerror or error)) from error


def _messages_sent(check: Facts) -> int:
    """How many messages left, or may have left, in all attempts."""
    if check["message"] is None and check["transactions"] is None:
        return 0
    return sum(map(_sent, (check, *((check["attempts"] or {}).get("earlier", ())))))


def _sent(made: Facts) -> int:
    replies = sum(step["phase"] == "message" for step in made["steps"])
    # Of chunks that go out together, the last can have left while the reply to the first is waited for.
    messages = [part["message"] for part in made.get("transactions") or [made] if part["message"]]
    unknown = sum(message["outcome"] == "unknown" for message in messages)
    return int(max(min(replies, len(messages)), unknown))
