# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The watch as a Nornir task: the same options and the same facts as the Ansible module."""

from __future__ import annotations

import threading
import typing as t

from mailops_smtp.run import check
from mailops_smtp.watch import watch, watch_options
from mailops_smtp.watch.observation import is_testers_trouble
from nornir.core.inventory import Host
from nornir.core.task import Result, Task

from ..connections import CONNECTION_NAME
from .vantage import streams_of, vantage_host

Told = t.Callable[[str, list[dict[str, t.Any]], list[dict[str, t.Any]]], None]

# Of a host's defaults for checks: what a watch has beside its checks, and what says how smtp_check gets to a vantage.
_BESIDE_CHECK = ("host", "vantage")
_OF_TASK = ("mode", "python")


def smtp_watch(
    task: Task,
    targets: t.Sequence[str | t.Mapping[str, t.Any]] | None = None,
    via: str | Host | None = None,
    stop: threading.Event | None = None,
    told: Told | None = None,
    fail_task: bool = False,
    **options: t.Any,
) -> Result:
    """
    Watch mail servers while something is changed, and measure the interruption.

    The task takes as long as the watch: until the duration is over, the stop file is there, or ``stop`` is set. Without
    ``targets`` the inventory host is the mail server to watch; with ``targets`` it is the vantage, as for
    ``smtp_check``. The connections go through its SSH server, which is logged in to again where it is lost; log and
    stop file are on this machine.

    What stands under ``smtp`` in the host's data are defaults for the options of the checks.

    Arguments:
        targets: what to watch: mail domains, ``host:port``, or dictionaries with the options of one target
        via: the host to watch from: the name of another host of the inventory, or that host itself
        stop: ends the watch, once somebody sets it
        told: is called with the vantage's name, what was seen at each moment, and what changed, as it comes; several
            threads call it at once
        fail_task: whether an outage, or that nothing was seen, fails the task; Nornir leaves out a failed host in all
            later tasks, so by default it does not
        options: all other options of the Ansible module ``mailops.smtp.smtp_watch``, but ``collect``; those of the
            checks under ``check``

    Returns:
        Result object with the following attributes set:
          * result (``dict``): the outages, as docs/facts.schema.json has them under ``watch``
          * changed (``bool``): whether a log is left
          * failed (``bool``): see ``fail_task``

    Raises:
        OptionError: for a wrong option, before any connection is made
    """
    defaults = dict(task.host.get("smtp") or {})
    asked = {name: defaults.pop(name) for name in _BESIDE_CHECK if name in defaults}
    asked.update(options, check={**defaults, **(options.get("check") or {})})
    for name in _OF_TASK:
        asked["check"].pop(name, None)
    if targets is not None:
        asked["targets"] = targets
    elif "host" not in asked:
        asked["host"] = task.host.hostname or task.host.name
    vantage = vantage_host(task, via, targets is not None)
    name = (vantage or task.host).name
    if vantage is not None or targets is not None:
        asked["vantage"] = {"name": name, **(asked.get("vantage") or {})}
    read = watch_options(asked)
    if task.is_dry_run():
        return Result(host=task.host, result=None, changed=read.log is not None)

    def make(given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        run = check(given, streams=streams_of(task, vantage))
        if vantage is not None and all(map(is_testers_trouble, run["checks"])):
            _log_in_anew(vantage)
        return run

    found = watch(
        read,
        None if told is None else lambda seen, changes: told(name, seen, changes),
        make,
        stop.is_set if stop is not None else None,
    )
    return Result(
        host=task.host,
        result=found,
        changed=read.log is not None,
        failed=fail_task and found["verdict"] != "pass",
    )


_closing = threading.Lock()


def _log_in_anew(vantage: Host) -> None:
    """The next check opens the connection. Checks that overlap find it lost together, and close it once."""
    with _closing:
        if CONNECTION_NAME in vantage.connections:
            vantage.close_connection(CONNECTION_NAME)
