# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The connection to a jump host: one SSH log-in, shared by all tasks, however many dialogs go through it."""

from __future__ import annotations

import typing as t

from mailops_smtp.vantage.ssh import SSHVantage
from mailops_smtp.vantage.via import Via
from nornir.core.configuration import Config

CONNECTION_NAME = "smtp_vantage"


class Vantage:
    """Connection plugin ``smtp_vantage``.

    Hostname, port, username and password are the inventory's. ``extras`` take the rest of ``via``: ``key_file``,
    ``known_hosts``, ``host_key_checking`` and ``jump``. The log-in happens with the first dialog, and its failure is
    that dialog's result, so opening the connection itself cannot fail for a reason that lies outside.
    """

    connection: SSHVantage

    def open(
        self,
        hostname: str | None,
        username: str | None,
        password: str | None,
        port: int | None,
        platform: str | None,
        extras: dict[str, t.Any] | None = None,
        configuration: Config | None = None,
    ) -> None:
        asked = {"host": hostname, "user": username, "password": password, "port": port, **(extras or {})}
        via = Via.parse({name: value for name, value in asked.items() if value is not None})
        self.connection = SSHVantage(via)

    def close(self) -> None:
        self.connection.close()
