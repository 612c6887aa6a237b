# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Whether test messages arrived, as a Nornir task: the same options and the same facts as the Ansible module."""

from __future__ import annotations

import typing as t

from mailops_smtp.arrival import changed, look_for
from nornir.core.task import MultiResult, Result, Task


def mail_arrival(
    task: Task,
    checks: t.Sequence[t.Mapping[str, t.Any]] | t.Mapping[str, t.Any] | None = None,
    fail_task: bool = False,
    **options: t.Any,
) -> Result:
    """
    Find out whether test messages arrived, and whether their receipts came back.

    Mailboxes are looked into from this machine, whatever host the task is run for. What stands under ``mail_arrival``
    in the host's data are defaults for ``options``.

    Arguments:
        checks: the checks that sent the messages, or a whole run as ``smtp_check`` returns it, or what Nornir returned
            for the task (``AggregatedResult`` by host, or ``MultiResult``)
        fail_task: whether the verdicts ``fail`` and ``inconclusive`` fail the task; Nornir leaves out a failed host in
            all later tasks, so by default they do not
        options: all other options of the Ansible module ``mailops.smtp.mail_arrival``

    Returns:
        Result object with the following attributes set:
          * result (``dict``): the receipts, as docs/facts.schema.json has them under ``arrival``
          * changed (``bool``): whether a message was sent the other way or removed, or would have been in a dry run
          * failed (``bool``): see ``fail_task``

    Raises:
        OptionError: for a wrong option, before any connection is made
    """
    asked = {**(task.host.get("mail_arrival") or {}), **options}
    if checks is not None:
        asked["checks"] = list(_checks(checks))
    found = look_for(asked, check_mode=bool(task.is_dry_run()))
    return Result(
        host=task.host,
        result=found,
        changed=changed(found),
        failed=fail_task and found["verdict"] in ("fail", "inconclusive"),
    )


def _checks(given: t.Any) -> t.Iterator[t.Mapping[str, t.Any]]:
    """Checks out of whatever holds some. A task that failed returned none."""
    if isinstance(given, Result):
        yield from _checks(given.result)
    elif isinstance(given, MultiResult):
        yield from _checks(given[0])
    elif isinstance(given, t.Mapping) and "steps" in given:
        yield given
    elif isinstance(given, t.Mapping) and "checks" in given:
        yield from given["checks"]
    elif isinstance(given, t.Mapping):
        for entry in given.values():
            yield from _checks(entry)
    elif isinstance(given, (list, tuple)):
        for entry in given:
            yield from _checks(entry)
