# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a vantage is fit to judge mail servers by, as a Nornir task."""

from __future__ import annotations

import typing as t

from mailops_smtp.remote.ladder import fitness_from
from mailops_smtp.vantage_fitness import vantage_fitness as examine
from nornir.core.task import Result, Task

from .vantage import connection_of, vantage_host


def vantage_fitness(
    task: Task,
    references: t.Sequence[str | t.Mapping[str, t.Any]],
    mode: str = "auto",
    python: str = "python3",
    remember: bool = True,
    fail_task: bool = False,
    **options: t.Any,
) -> Result:
    """
    Find out whether the inventory host is fit to judge mail servers by, before anything is believed that is seen there.

    Arguments:
        references: mail servers that work, and have nothing to do with those to be tested, written like ``targets``
        mode: how to test from there, as in ``smtp_check``
        python: how to start Python there, as in ``smtp_check``
        remember: whether later tasks of this run shall know: the host's data get ``unfit`` and ``clock_offset`` below
            ``smtp.vantage``, from where ``smtp_check`` takes them
        fail_task: whether an unfit vantage fails the task, so that Nornir leaves the host out of later tasks
        options: ``helo_name``, ``timeouts`` and ``address_family``, as in ``smtp_check``

    Returns:
        Result object with the following attributes set:
          * result (``dict``): the fitness, as docs/facts.schema.json has it
          * failed (``bool``): see ``fail_task``

    Raises:
        OptionError: for a wrong option, before any connection is made
    """
    known = dict((task.host.get("smtp") or {}).get("vantage") or {})
    asked = {**options, "references": references, "vantage": {**known, "name": task.host.name}}
    vantage = vantage_host(task, None, True)
    if vantage is None:
        found = examine(asked)
    else:
        asked["vantage"].pop("mode", None)
        found = fitness_from(connection_of(task, vantage), asked, vantage.name, mode, python)
    if remember:
        # An offset that may as well be none would only move moments about.
        offset, uncertainty = found["clock_offset"], found["clock_uncertainty"] or 0.0
        sure = offset is not None and abs(offset) > uncertainty
        told = {"unfit": found["vantage"]["unfit"], "clock_offset": offset if sure else None}
        # What the host has from its groups must not be hidden by what is its own.
        task.host.data["smtp"] = {**(task.host.get("smtp") or {}), "vantage": {**known, **told}}
    return Result(host=task.host, result=found, failed=fail_task and not found["fit"])
