# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A mailbox over IMAP (RFC 9051 and 3501): one connection, which leaves everything as it was.

Folders are opened with EXAMINE and messages read with BODY.PEEK, so that not even \\Seen or \\Recent changes.
"""

from __future__ import annotations

import contextlib
import functools
import imaplib
import typing as t

from ..plan.mailboxes import Access
from .access import connection_trouble, tls_context
from .imap_connection import Connection
from .imap_folders import Folder, folders_of, quota_of
from .imap_login import log_in
from .imap_search import look_into, search_for, uids_in
from .imap_words import decoded, first, quoted, readable
from .mail import Mail, MailboxError
from .pausing import pause

# IDLE sees one folder: the others are looked into at this interval.
_IDLE_SECONDS = 30.0
# A lost connection is made again so often in one wait; a server that always hangs up is not a mailbox.
_MAX_RECONNECTS = 5


class IMAPMailbox:
    """See mail.Mailbox."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.problems: t.List[MailboxError] = []
        self.reconnects = 0
        self.folders: t.List[Folder] = []
        self.quota: t.Optional[t.Dict[str, int]] = None
        self.idles = False
        self._connection: t.Optional[Connection] = None

    @property
    def folder_names(self) -> t.List[str]:
        return [decoded(folder.name) for folder in self.folders]

    def open(self) -> None:
        self._connect()
        if not self.folders:
            self.folders = self._guarded(
                "listing folders", lambda: folders_of(self._connected(), self.access, self.problems)
            )
            self.quota = self._guarded("asking for the quota", lambda: quota_of(self._connected()))

    def look(self, words: t.Sequence[str]) -> t.Iterator[Mail]:
        opened = 0
        for folder in list(self.folders):
            found = self._persistent(functools.partial(self._all_in, folder, words))
            opened += found is not None
            yield from found or ()
        if not opened:
            raise self.problems[-1]

    def wait(self, seconds: float, stop: t.Callable[[], bool]) -> None:
        connection = self._connection
        if self.idles and connection is not None:
            try:
                self._select(self.folders[0], readonly=True)
                connection.idle(min(seconds * 6, _IDLE_SECONDS), stop)
            except (imaplib.IMAP4.error, OSError):
                # The next look connects again and finds whatever has come meanwhile.
                self._drop()
            return
        pause(seconds, stop)

    def remove(self, mails: t.Sequence[Mail]) -> t.List[Mail]:
        gone: t.List[Mail] = []
        for folder in self.folders:
            ours = [mail for mail in mails if mail.folder == decoded(folder.name)]
            if ours:
                gone += self._persistent(functools.partial(self._remove_from, folder, ours))
        return gone

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(imaplib.IMAP4.error, OSError, MailboxError):
                self._connection.logout()
            self._drop()

    # Getting in.

    def _connect(self) -> None:
        access = self.access
        try:
            context = tls_context(access)
            connection = Connection(
                access.place,
                t.cast(int, access.port),
                access.timeout,
                context,
                access.server_name or access.place,
                implicit=access.tls == "implicit",
            )
        except (imaplib.IMAP4.error, OSError, MailboxError) as error:
            raise self._trouble(error, "connecting") from error
        self._connection = connection
        try:
            if access.tls == "starttls":
                if "STARTTLS" not in connection.capabilities:
                    raise MailboxError("tls", f"{access.place}:{access.port} does not offer STARTTLS.")
                connection.start_tls()
            log_in(connection, self.access)
            connection._get_capabilities()
        except (imaplib.IMAP4.error, OSError, MailboxError) as error:
            self._drop()
            raise self._trouble(error, "logging in") from error
        self.idles = "IDLE" in connection.capabilities

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.shutdown()
            self._connection = None

    def _persistent(self, act: t.Callable[[], t.Any]) -> t.Any:
        """Do something, with a new connection where the one there is was lost."""
        try:
            if self._connection is not None:
                return act()
        except (imaplib.IMAP4.abort, OSError):
            self._drop()
        except imaplib.IMAP4.error as error:
            raise self._trouble(error, "looking") from error
        if self.reconnects >= _MAX_RECONNECTS:
            where = f"{self.access.place}:{self.access.port}"
            raise MailboxError("lost", f"{where} has broken off the connection {self.reconnects + 1} times.")
        self.reconnects += 1
        self._connect()
        return self._guarded("looking", act)

    def _guarded(self, stage: str, act: t.Callable[[], t.Any]) -> t.Any:
        try:
            return act()
        except (imaplib.IMAP4.error, OSError) as error:
            raise self._trouble(error, stage) from error

    def _trouble(self, error: Exception, stage: str) -> MailboxError:
        if isinstance(error, imaplib.IMAP4.abort):
            where = f"{self.access.place}:{self.access.port}"
            return MailboxError("lost", f"The connection to {where} broke off ({stage}): {readable(str(error))}.")
        return connection_trouble(self.access, error, stage)

    # Looking.

    def _all_in(self, folder: Folder, words: t.Sequence[str]) -> t.Optional[t.List[Mail]]:
        """What is new in a folder, None where it cannot be opened."""
        if not self._select(folder, readonly=True):
            return None
        return list(look_into(self._connected(), folder, self.access.since, words))

    # Removing.

    def _remove_from(self, folder: Folder, mails: t.Sequence[Mail]) -> t.List[Mail]:
        if not self._select(folder, readonly=False):
            return []
        connection = self._connected()
        uids = ",".join(mail.identifier for mail in mails)
        # Without UIDPLUS (RFC 4315) EXPUNGE takes whatever is flagged, also what somebody else has flagged.
        plus = "UIDPLUS" in connection.capabilities
        if not plus and search_for(connection, "DELETED"):
            self.problems.append(
                MailboxError("folder", f"{folder.name} holds other deleted messages, which EXPUNGE would remove too.")
            )
            return []
        kind, data = connection.uid("STORE", uids, "+FLAGS.SILENT", r"(\Deleted)")
        if kind == "OK":
            kind, data = connection.uid("EXPUNGE", uids) if plus else connection.expunge()
        if kind != "OK":
            self.problems.append(
                MailboxError("folder", f"Messages in {folder.name} cannot be removed: {readable(first(data))}.")
            )
            return []
        left = set(uids_in(connection, uids))
        return [mail for mail in mails if int(mail.identifier) not in left]

    def _select(self, folder: Folder, readonly: bool) -> bool:
        connection = self._connected()
        try:
            kind, data = connection.select(quoted(folder.name), readonly=readonly)
        except imaplib.IMAP4.readonly:
            kind, data = "NO", [b"it can only be read"]
        if kind == "OK":
            return True
        problem = MailboxError(
            "folder", f"The folder {decoded(folder.name)} cannot be opened: {readable(first(data))}."
        )
        if problem.detail not in [known.detail for known in self.problems]:
            self.problems.append(problem)
        return False

    def _connected(self) -> Connection:
        if self._connection is None:
            raise imaplib.IMAP4.abort("there is no connection")
        return self._connection
