# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The look-up as a Nornir task: the same options and the same facts as the Ansible module."""

from __future__ import annotations

import typing as t

from mailops_smtp.mail_routes import mail_routes
from nornir.core.inventory import Host
from nornir.core.task import Result, Task

from .vantage import streams_of, vantage_host


def mail_route(
    task: Task,
    domains: str | t.Sequence[str],
    via: str | Host | t.Mapping[str, t.Any] | None = None,
    fail_task: bool = False,
    **options: t.Any,
) -> Result:
    """
    Find out where mail for domains goes.

    The inventory host is the vantage: the questions start from there, through SSH, and go to its own name servers,
    unless it is this machine (hostname ``localhost``).

    What stands under ``mail_route`` in the host's data are defaults for ``options``.

    Arguments:
        domains: one mail domain or many
        via: another host to ask from, as in ``smtp_check``
        fail_task: whether a domain that could not be looked up fails the task; Nornir leaves out a failed host in all
            later tasks, so by default it does not
        options: all other options of the Ansible module ``mailops.smtp.mail_route_info``

    Returns:
        Result object with the following attributes set:
          * result (``dict``): the facts, ``mail_routes`` in docs/facts.schema.json
          * changed (``bool``): False
          * failed (``bool``): see ``fail_task``

    Raises:
        OptionError: for a wrong option, before anything is asked
    """
    asked = {**(task.host.get("mail_route") or {}), **options}
    asked["domains"] = [domains] if isinstance(domains, str) else list(domains)
    if isinstance(via, t.Mapping):
        asked["via"] = via
    vantage = vantage_host(task, via, "via" not in asked and asked.get("resolve_at") != "controller")
    if vantage is None and "via" not in asked:
        here = "controller" if asked.get("resolve_at") == "controller" else task.host.name
        asked.setdefault("vantage", {"name": here})
    found = mail_routes(asked, streams=streams_of(task, vantage))
    return Result(host=task.host, result=found, changed=False, failed=fail_task and "inconclusive" in found["counts"])
