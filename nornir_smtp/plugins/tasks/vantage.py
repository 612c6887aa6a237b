# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Where a task's connections start: from a host of the inventory, through SSH, or from this machine."""

from __future__ import annotations

import threading
import typing as t

from mailops_smtp.plan import OptionError
from mailops_smtp.vantage.jump_host import Streams
from mailops_smtp.vantage.ssh import SSHVantage
from nornir.core.inventory import Host
from nornir.core.task import Task

from ..connections import CONNECTION_NAME

# Nornir opens a host's connection in whichever thread asks first, without a lock of its own.
_opening = threading.Lock()

_LOCAL = ("localhost", "127.0.0.1", "::1")


def vantage_host(task: Task, via: str | Host | t.Mapping[str, t.Any] | None, is_vantage: bool) -> Host | None:
    """The host whose SSH connection to use, or None for none.

    :raises OptionError: ``via`` names a host that the inventory does not have.
    """
    if isinstance(via, Host):
        return via
    if isinstance(via, str):
        hosts = task.nornir.inventory.hosts
        if via not in hosts:
            raise OptionError("via", via, "is no host of this run's inventory", f"give one of {', '.join(hosts)}")
        return hosts[via]
    if via is None and is_vantage and (task.host.hostname or task.host.name) not in _LOCAL:
        return task.host
    return None


def streams_of(task: Task, vantage: Host | None) -> Streams | None:
    """What opens connections from there; None for this machine."""
    if vantage is None:
        return None
    connection = connection_of(task, vantage)
    return Streams(vantage.name, connection.open_channel, connection.read_file, connection.prepare, connection.mode_to)


def connection_of(task: Task, vantage: Host) -> SSHVantage:
    with _opening:
        return t.cast("SSHVantage", vantage.get_connection(CONNECTION_NAME, task.nornir.config))
