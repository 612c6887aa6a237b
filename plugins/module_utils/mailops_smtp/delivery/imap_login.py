# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The log-in at an IMAP server: a password or a token, once."""

from __future__ import annotations

import imaplib
import typing as t

from ..plan.mailboxes import Access
from .imap_connection import Connection
from .imap_words import readable
from .mail import MailboxError


def log_in(connection: Connection, access: Access) -> None:
    """By the mechanism that was asked for, otherwise by PLAIN, otherwise by LOGIN.

    :raises MailboxError: it is refused, with what the server said.
    """
    username, password = access.username or "", access.password or ""
    stages: t.Iterator[bytes] = iter(())
    try:
        if access.mechanism == "xoauth2":
            stages = iter([f"user={username}\1auth=Bearer {password}\1\1".encode()])
            # Where the token is refused, the server explains in a challenge that wants an empty answer.
            connection.authenticate("XOAUTH2", lambda challenge: next(stages, b""))
        elif "AUTH=PLAIN" in connection.capabilities:
            stages = iter([f"\0{username}\0{password}".encode()])
            connection.authenticate("PLAIN", lambda challenge: next(stages, b""))
        else:
            connection.login(username, password)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        said = str(error)
        raise MailboxError(
            "authentication", f"{access.place} refuses the log-in of {username}: {readable(said)}."
        ) from error
    except UnicodeEncodeError as error:
        raise MailboxError("authentication", f"{access.place} takes no log-in with characters beyond ASCII.") from error
