# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The watch itself: checks that begin at a steady interval, each with a thread of its own, so that one that waits for a
dead server does not hold up the next. Few are under way at a time; a moment at which there are too many is skipped.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import queue
import socket
import threading
import time
import typing as t

from ..plan import OptionError, plan
from ..plan.options import CHECK_OPTIONS, checked
from ..run import check, default_helo_name
from ..vantage.jump_host import Streams, jump_host
from ..vantage.via import ViaError
from .log import Log
from .meanwhile import Meanwhile
from .observation import Record, is_testers_trouble, observation, written
from .options import WatchOptions
from .outages import End, Header, evaluated

# Checks of all targets that may be under way together: as many as connections to one server.
AT_ONCE = 5

# How long a stop file can lie there unseen.
LOOK_SECONDS = 0.2

# What a watch still waits for when it ends, so that its sessions end with QUIT.
FAREWELL_SECONDS = 10.0

Run = t.Dict[str, t.Any]


def watch(
    options: WatchOptions,
    told: t.Optional[t.Callable[[t.List[Record], t.List[Record]], None]] = None,
    make: t.Callable[..., Run] = check,
    stopped: t.Optional[t.Callable[[], bool]] = None,
) -> Record:
    """Watch until the duration is over, the stop file is there, or somebody interrupts: by KeyboardInterrupt, or where
    ``stopped`` says so, for a watch in a thread that no signal reaches.

    Returns a ``watch`` of docs/facts.schema.json. ``told`` is called with the observations and the changes of each
    moment as they come; ``make`` makes the checks.

    :raises OptionError: for anything wrong with the options, before any connection is made.
    """
    asked = {**options.check, "helo_name": options.check.get("helo_name") or default_helo_name()}
    # Most wrong options are found here, and not in a thread a moment later.
    header = Header(_vantage_name(asked), _now(), options.interval)
    log = Log(options.log, header) if options.log is not None else None
    seen: t.List[Record] = []
    changes: t.List[Record] = []
    meanwhile = Meanwhile()
    with contextlib.ExitStack() as stack:
        if log is not None:
            stack.callback(log.close)
        checker = stack.enter_context(_Checker(asked, make))
        ended = "duration"
        began = time.monotonic()
        moment, moments_missed = 0, 0
        signs = {
            "stop_file": lambda: options.stop_file is not None and os.path.exists(options.stop_file),
            "interrupted": stopped or (lambda: False),
        }
        try:
            while True:
                due = began + moment * options.interval
                if due - began >= options.duration and moment:
                    break
                end_now = _wait(checker, due, signs, lambda run: _take(run, meanwhile, seen, changes, log, told))
                if end_now is not None:
                    ended = end_now
                    break
                if not checker.begin():
                    moments_missed += 1
                # A host that slept makes up for nothing.
                moment = max(moment + 1, int((time.monotonic() - began) / options.interval))
        except KeyboardInterrupt:
            ended = "interrupted"
        except (OptionError, ImportError):
            # The first check found it; there is nothing to collect.
            if options.log is not None:
                os.unlink(options.log)
            raise
        with contextlib.suppress(KeyboardInterrupt):
            for run in checker.rest(FAREWELL_SECONDS):
                _take(run, meanwhile, seen, changes, log, told)
        end = End(_now(), ended, moments_missed)
        if log is not None:
            log.ended(end)
    return evaluated(header, end, seen, changes)


def _vantage_name(asked: t.Mapping[str, t.Any]) -> str:
    """The plan that this makes tells what is wrong with the options."""
    planned = plan(asked, asked["helo_name"])
    if planned.vantage_name is not None:
        return planned.vantage_name
    return str(planned.via["host"]) if planned.via is not None else socket.gethostname()


def _wait(
    checker: _Checker, due: float, signs: t.Mapping[str, t.Callable[[], bool]], take: t.Callable[[Run], None]
) -> t.Optional[str]:
    """Until the next moment, taking what comes; the name of a sign to end the watch, as soon as there is one."""
    while True:
        for name, is_there in signs.items():
            if is_there():
                return name
        patience = due - time.monotonic()
        if patience <= 0:
            return None
        for run in checker.come(min(patience, LOOK_SECONDS)):
            take(run)


def _take(
    run: Run,
    meanwhile: Meanwhile,
    seen: t.List[Record],
    changes: t.List[Record],
    log: t.Optional[Log],
    told: t.Optional[t.Callable[[t.List[Record], t.List[Record]], None]],
) -> None:
    now = [observation(made) for made in run["checks"] if made["started_at"] is not None]
    new = list(meanwhile.changes(run["checks"]))
    seen.extend(now)
    changes.extend(new)
    if log is not None:
        for record in now:
            log.seen(record)
        for record in new:
            log.changed(record)
    if told is not None:
        told(now, new)


class _Checker:
    """Makes the checks of each moment in a thread, through one log-in to the jump host where there is one."""

    def __init__(self, asked: t.Mapping[str, t.Any], make: t.Callable[..., Run]) -> None:
        self._asked = asked
        self._make = make
        self._done: queue.Queue[t.Union[Run, BaseException]] = queue.Queue()
        self._under_way = 0
        self._jump_host = contextlib.ExitStack()
        self._streams_now: t.Optional[Streams] = None

    def __enter__(self) -> _Checker:
        return self

    def __exit__(self, *exception: object) -> None:
        self._jump_host.close()

    def begin(self) -> bool:
        if self._under_way >= AT_ONCE:
            return False
        self._under_way += 1
        # A daemon: whoever ends the watch does not wait for a server that keeps silent.
        threading.Thread(target=self._check, args=(self._streams(),), name="watch", daemon=True).start()
        return True

    def come(self, patience: float) -> t.Iterator[Run]:
        """The checks that end within so many seconds, or nothing."""
        with contextlib.suppress(queue.Empty):
            made = self._done.get(timeout=patience)
            self._under_way -= 1
            if isinstance(made, BaseException):
                raise made
            if self._streams_now is not None and all(map(is_testers_trouble, made["checks"])):
                # The connection to the jump host is lost, or will not come about: the next check logs in anew.
                self._jump_host.close()
                self._streams_now = None
            yield made

    def rest(self, patience: float) -> t.Iterator[Run]:
        """What is still under way, as far as it ends in time."""
        deadline = time.monotonic() + patience
        while self._under_way and time.monotonic() < deadline:
            yield from self.come(deadline - time.monotonic())

    def _check(self, streams: t.Optional[Streams]) -> None:
        try:
            self._done.put(self._make(self._asked, streams=streams) if streams is not None else self._make(self._asked))
        except Exception as error:  # noqa: BLE001
            # It is raised again in the thread that watches.
            self._done.put(error)

    def _streams(self) -> t.Optional[Streams]:
        given = self._asked.get("via")
        if given and self._streams_now is None:
            via = checked({"via": given}, CHECK_OPTIONS)["via"]
            try:
                self._streams_now = self._jump_host.enter_context(jump_host(via))
            except ViaError as error:
                raise OptionError(error.option, error.value, "cannot be used", error.remedy.rstrip(".")) from error
        return self._streams_now


def _now() -> str:
    return written(datetime.datetime.now(datetime.timezone.utc))
