# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The check as a Nornir task: the same options and the same facts as the Ansible module."""

from __future__ import annotations

import typing as t

from mailops_smtp.progress import Watcher
from mailops_smtp.remote.ladder import check_from
from mailops_smtp.run import changed, check
from nornir.core.inventory import Host
from nornir.core.task import Result, Task

from .vantage import connection_of, vantage_host


def smtp_check(
    task: Task,
    targets: t.Sequence[str | t.Mapping[str, t.Any]] | None = None,
    via: str | Host | t.Mapping[str, t.Any] | None = None,
    mode: str | None = None,
    python: str | None = None,
    fail_task: bool = False,
    **options: t.Any,
) -> Result:
    """
    Test mail servers over SMTP.

    Without ``targets`` the inventory host is the mail server to test, from here or from the host ``via``. With
    ``targets`` the inventory host is the vantage: the connections start from there, through SSH, unless it is this
    machine (hostname ``localhost``).

    What stands under ``smtp`` in the host's data are defaults for ``options``; what stands there under ``vantage``
    counts for the host that the connections start from.

    Arguments:
        targets: what to test: mail domains, ``host:port``, or dictionaries with the options of one target
        via: the host to start the connections from: the name of another host of the inventory; or that host itself,
            since a filtered inventory does not know the others; or, as in Ansible, a dictionary
        mode: how to test from a host that is reached through SSH: ``python`` runs there, ``channel`` has its SSH server
            forward the connections, ``exec`` starts a program there for each; ``auto``, the default, takes the first of
            these that works, and the facts say which and why
        python: how to start Python there: the interpreter's name or path, or a command such as ``sudo -n python3``; the
            default is ``python3``
        fail_task: whether the verdicts ``fail`` and ``inconclusive`` fail the task; Nornir leaves out a failed host in
            all later tasks, so by default they do not
        options: all other options of the Ansible module ``mailops.smtp.smtp_check``

    Returns:
        Result object with the following attributes set:
          * result (``dict``): the run, as docs/facts.schema.json has it
          * changed (``bool``): whether a message was sent, or would have been in a dry run
          * failed (``bool``): see ``fail_task``

    Raises:
        OptionError: for a wrong option, before any connection is made
    """
    asked = {**(task.host.get("smtp") or {}), **options}
    if targets is not None:
        asked["targets"] = targets
    elif "host" not in asked:
        asked["host"] = task.host.hostname or task.host.name
    if isinstance(via, t.Mapping):
        asked["via"] = via
    vantage = vantage_host(task, via, targets is not None)
    place = vantage or (task.host if targets is not None and "via" not in asked else None)
    known = dict(((place.get("smtp") or {}).get("vantage") or {}) if place is not None else {})
    if vantage is None and place is not None:
        # This machine, under the name that the inventory has for it.
        known.setdefault("name", place.name)
    asked["vantage"] = {**known, **(options.get("vantage") or {})} or None
    check_mode = bool(task.is_dry_run())
    how = {
        "mode": mode or asked.pop("mode", None) or "auto",
        "python": python or asked.pop("python", None) or "python3",
    }
    for name in how:
        asked.pop(name, None)
    if vantage is None:
        run = check(asked, check_mode, watchers=_watchers(task))
    else:
        run = check_from(connection_of(task, vantage), asked, check_mode, vantage.name, watchers=_watchers(task), **how)
    return Result(
        host=task.host,
        result=run,
        changed=changed(run),
        failed=fail_task and run["verdict"] in ("fail", "inconclusive"),
    )


def _watchers(task: Task) -> list[Watcher]:
    """Of the run's processors those that want to be told of each check."""
    return [processor.watcher(task.host.name) for processor in task.nornir.processors if hasattr(processor, "watcher")]
