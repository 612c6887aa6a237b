# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Postfix complains about: a client that speaks SMTP properly leaves none of these words in its log."""

from __future__ import annotations

import re
import time
from pathlib import Path

from .command import LabError

SETTLE_SECONDS = 5.0

_COMPLAINT = re.compile(
    r"""
    lost\ connection                    # the client left without QUIT
    | improper\ command\ pipelining     # it sent commands before it was allowed to (RFC 2920)
    | PREGREET | HANGUP                 # the same two, as postscreen says it
    | COMMAND\ (PIPELINING|TIME|COUNT|LENGTH)\ LIMIT
    | (BARE\ NEWLINE|NON-SMTP\ COMMAND)
    | non-SMTP\ command
    | timeout\ after
    | too\ many\ errors
    | SSL_accept\ error
    | TLS\ library\ problem
    | [Pp]rotocol\ error
    | warning: | error: | fatal: | panic:
    """,
    re.VERBOSE,
)
# What a machine's two clocks say of each other when a second begins, and no client's doing.
_CLOCKS = re.compile(r"warning: (?:file system clock is 1 seconds ahead of local clock|resetting file time stamps)")
# postscreen logs no end for a client that it lets pass: smtpd goes on with the connection and logs both.
_CONNECT = re.compile(r"/smtpd\[\d+\]: connect from ")
_STARTED = "daemon started"
_DISCONNECT = re.compile(r"/smtpd\[\d+\]: disconnect from ")


def mark(log_file: str | Path) -> int:
    """The position in the log from which `complaints` is to look."""
    return Path(log_file).stat().st_size


def complaints(log_file: str | Path, since: int = 0) -> list[str]:
    """The lines since a mark that tell of a client's (or the server's own) misbehaviour.

    Waits until Postfix has logged the end of every session that it logged the beginning of, because it learns of a
    lost connection after the client is gone. Raises LabError when sessions stay open.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        text = _read(log_file, since)
        # A Postfix that was stopped and started took its sessions with it, and logged no end of theirs.
        since_then = text.rpartition(_STARTED)[2]
        open_sessions = len(_CONNECT.findall(since_then)) - len(_DISCONNECT.findall(since_then))
        if open_sessions <= 0:
            return [line for line in text.splitlines() if _COMPLAINT.search(line) and not _CLOCKS.search(line)]
        if time.monotonic() > deadline:
            raise LabError(f"{open_sessions} sessions are still open in {log_file}")
        time.sleep(0.05)


def _read(log_file: str | Path, since: int) -> str:
    with open(log_file, "rb") as log:
        log.seek(since)
        return log.read().decode("utf-8", "replace")
