# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A small file of a jump host, read with its ``cat``: that needs neither Python there nor the SFTP subsystem."""

from __future__ import annotations

import shlex
import time
import typing as t

MAX_OCTETS = 65536


class Unreadable(Exception):
    """Why there is no text: a sentence."""


class NoWayThere(Unreadable):
    """Nobody got as far as the jump host's files: the sentence is about the jump host itself."""


def read_file(transport: t.Any, name: str, path: str, seconds: float) -> str:
    """The text of a file. Blocking, at most for about ``seconds``.

    :param transport: paramiko's, logged in to the host called ``name``.
    :raises Unreadable: the host does not allow a command, or there is no such file.
    """
    # paramiko takes its time to import, and says things about old Pythons while it does.
    from .transport import LOST

    until = time.monotonic() + seconds
    try:
        channel = transport.open_session(timeout=seconds)
        try:
            channel.settimeout(seconds)
            channel.exec_command(f"cat {shlex.quote(path)}")
            data = b""
            while len(data) < MAX_OCTETS and time.monotonic() < until:
                more = channel.recv(MAX_OCTETS)
                if not more:
                    break
                data += more
            status = channel.recv_exit_status() if channel.status_event.wait(seconds) else None
        finally:
            channel.close()
    except LOST as error:
        raise Unreadable(f"{name} runs no command for us ({type(error).__name__} {error})") from error
    if status != 0:
        raise Unreadable(f"{path} could not be read on {name}")
    return data.decode("utf-8", "replace")
