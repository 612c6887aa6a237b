# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A progress bar over the checks of all hosts, with how many came to which verdict."""

from __future__ import annotations

import threading

from mailops_smtp.judge.verdicts import VERDICTS
from mailops_smtp.progress import Progress, Watcher
from nornir.core.inventory import Host
from nornir.core.task import AggregatedResult, MultiResult, Task
from rich import progress as rich
from rich.console import Console


class ProgressBar:
    """
    A processor that shows how far a run has come: ``nr.with_processors([ProgressBar()])``.

    The bar counts checks where the task is ``smtp_check``, which tells of each as it ends, and hosts where it is any
    other. Where the output is no terminal, only its last state is printed.

    Arguments:
        console: where to draw it; standard error by default, so that results on standard output stay clean
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._lock = threading.Lock()
        self._bar: rich.Progress | None = None
        self._begin(0)

    def _begin(self, hosts: int) -> None:
        # Of each host what it has told, as the totals of some are known only later.
        self._told: dict[str, Progress] = {}
        self._hosts = hosts
        self._ended: set[str] = set()

    def watcher(self, host: str) -> Watcher:
        """For ``smtp_check``: what to tell of its checks from this host."""

        def watch(progress: Progress) -> None:
            with self._lock:
                self._told[host] = progress
                self._draw()

        return watch

    def task_started(self, task: Task) -> None:
        with self._lock:
            self._begin(len(task.nornir.inventory.hosts) if task.nornir is not None else 0)
            self._bar = rich.Progress(
                rich.TextColumn("{task.description}"),
                rich.BarColumn(),
                rich.MofNCompleteColumn(),
                rich.TextColumn("{task.fields[counts]}"),
                rich.TimeElapsedColumn(),
                console=self._console,
            )
            self._row = self._bar.add_task(task.name, total=None, counts="")
            self._bar.start()

    def task_instance_started(self, task: Task, host: Host) -> None:
        with self._lock:
            self._draw()

    def task_instance_completed(self, task: Task, host: Host, result: MultiResult) -> None:
        with self._lock:
            self._ended.add(host.name)
            self._draw()

    def task_completed(self, task: Task, result: AggregatedResult) -> None:
        with self._lock:
            if self._bar is not None:
                self._draw()
                self._bar.stop()
                self._bar = None

    def subtask_instance_started(self, task: Task, host: Host) -> None:
        pass

    def subtask_instance_completed(self, task: Task, host: Host, result: MultiResult) -> None:
        pass

    def _draw(self) -> None:
        if self._bar is None:
            return
        # A host that has told nothing, yet or at all, counts as one.
        silent = max(0, self._hosts - len(self._told))
        total = silent + sum(told.total for told in self._told.values())
        done = len(self._ended - set(self._told)) + sum(told.done for told in self._told.values())
        self._bar.update(self._row, total=total, completed=done, counts=self._counts())

    def _counts(self) -> str:
        counts = {verdict: sum(told.counts.get(verdict, 0) for told in self._told.values()) for verdict in VERDICTS}
        return ", ".join(f"{number} {verdict.replace('_', ' ')}" for verdict, number in counts.items() if number)
