# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A mailbox over POP3 (RFC 1939): a session for each look, since what comes meanwhile shows in the next one only.

Messages are read with TOP, which leaves no mark: some servers take what RETR has sent for seen. POP3 knows neither
folders nor search, so no more than the newest messages are looked through.
"""

from __future__ import annotations

import base64
import poplib
import socket
import time
import typing as t

from ..plan.mailboxes import Access
from .access import connection_trouble, tls_context
from .mail import MAX_OCTETS, Mail, MailboxError, contains
from .pausing import pause

# How many of the newest messages are looked through at first, and lines of each: TOP counts in lines.
_NEWEST = 500
_LINES = 3000
_MAX_OCTETS_PER_COMMAND = 4 * 1024 * 1024
_MAX_LINE = 64 * 1024
# Messages of others that may be larger, each of which costs a connection: what is left of it cannot be skipped.
_MAX_PASSED_OVER = 20


class _Connection(poplib.POP3):
    """poplib with an end in time and in memory for each command, whatever the server does."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._start_over()
        super().__init__(access.place, t.cast(int, access.port), access.timeout)

    def _create_socket(self, timeout: t.Any) -> socket.socket:
        access = self._access
        plain = socket.create_connection((access.place, t.cast(int, access.port)), access.timeout)
        if access.tls != "implicit":
            return plain
        return tls_context(access).wrap_socket(plain, server_hostname=access.server_name or access.place)

    def _start_over(self) -> None:
        self._deadline = time.monotonic() + self._access.timeout
        self._left = _MAX_OCTETS_PER_COMMAND

    def _putline(self, line: bytes) -> None:
        self._start_over()
        super()._putline(line)  # type: ignore[misc]

    def _getline(self) -> t.Tuple[bytes, int]:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        self.sock.settimeout(left)
        line = self.file.readline(_MAX_LINE + 1)
        self._left -= len(line)
        if len(line) > _MAX_LINE or self._left < 0:
            raise MailboxError("too_large", "The POP3 server sends more than a mailbox needs to.")
        if not line:
            raise EOFError("the server closed the connection")
        return line.rstrip(b"\r\n"), len(line)


class _MessageTooLarge(MailboxError):
    """One message is, and not whatever else the server may say."""


class POP3Mailbox:
    """See mail.Mailbox."""

    idles = False
    quota: t.Optional[t.Dict[str, int]] = None

    def __init__(self, access: Access) -> None:
        self.access = access
        self.problems: t.List[MailboxError] = []
        self.reconnects = 0
        self.folder_names = ["INBOX"]
        self._seen: t.Set[str] = set()
        self._first = True
        self._passed_over = 0

    def open(self) -> None:
        """Find out at once whether there is a way in."""
        self._leave(self._connected())

    def look(self, words: t.Sequence[str]) -> t.Iterator[Mail]:
        found: t.List[Mail] = []
        while not self._looked(words, found):
            pass
        yield from found

    def _looked(self, words: t.Sequence[str], found: t.List[Mail]) -> bool:
        """Adds what is new. Whether that was all; another connection is needed where a message was too large."""
        connection = self._connected()
        try:
            self._add_new(connection, words, found)
        except _MessageTooLarge:
            # No QUIT: the server still talks.
            connection.close()
            self._passed_over += 1
            if self._passed_over > _MAX_PASSED_OVER:
                raise
            return False
        except (poplib.error_proto, OSError, EOFError, MailboxError) as error:
            self._leave(connection)
            raise connection_trouble(self.access, error, "looking") from error
        self._leave(connection)
        return True

    def wait(self, seconds: float, stop: t.Callable[[], bool]) -> None:
        pause(seconds, stop)

    def remove(self, mails: t.Sequence[Mail]) -> t.List[Mail]:
        wanted = {mail.identifier: mail for mail in mails}
        connection = self._connected()
        gone = []
        try:
            for number, identifier in self._listed(connection):
                if identifier in wanted:
                    connection.dele(number)
                    gone.append(wanted[identifier])
            # RFC 1939 6: only QUIT makes it so.
            connection.quit()
        except (poplib.error_proto, OSError, EOFError) as error:
            connection.close()
            raise connection_trouble(self.access, error, "removing") from error
        return gone

    def close(self) -> None:
        """There is no session between two looks."""

    def _connected(self) -> _Connection:
        access = self.access
        try:
            connection = _Connection(access)
        except (poplib.error_proto, OSError, EOFError, MailboxError) as error:
            raise connection_trouble(access, error, "connecting") from error
        try:
            if access.tls == "starttls":
                if "STLS" not in connection.capa():
                    raise MailboxError("tls", f"{access.place}:{access.port} does not offer STARTTLS.")
                context = tls_context(access)
                # poplib verifies the name that it was connected to.
                connection.host = access.server_name or access.place
                connection.stls(context)
            self._log_in(connection)
        except (poplib.error_proto, OSError, EOFError, MailboxError) as error:
            connection.close()
            raise connection_trouble(access, error, "logging in") from error
        return connection

    def _log_in(self, connection: _Connection) -> None:
        username, password = self.access.username or "", self.access.password or ""
        connection.encoding = "utf-8"
        try:
            if self.access.mechanism == "xoauth2":
                response = f"user={username}\1auth=Bearer {password}\1\1".encode()
                connection._shortcmd("AUTH XOAUTH2 " + base64.b64encode(response).decode("ascii"))  # type: ignore[attr-defined]
            else:
                connection.user(username)
                connection.pass_(password)
        except poplib.error_proto as error:
            said = error.args[0] if error.args else b""
            text = said.decode("utf-8", "backslashreplace") if isinstance(said, bytes) else str(said)
            detail = f"{self.access.place} refuses the log-in of {username}: {text[:200].strip()}"
            raise MailboxError("authentication", detail.rstrip(".") + ".") from error

    def _add_new(self, connection: _Connection, words: t.Sequence[str], found: t.List[Mail]) -> None:
        listed = [entry for entry in self._listed(connection) if entry[1] not in self._seen]
        if self._first:
            self._seen.update(identifier for number, identifier in listed[:-_NEWEST])
            listed, self._first = listed[-_NEWEST:], False
        for number, identifier in listed:
            try:
                lines = self._lines_of(connection, number)
            except MailboxError as error:
                self._seen.add(identifier)
                raise _MessageTooLarge(error.kind, error.detail) from error
            self._seen.add(identifier)
            content = b"\r\n".join(lines)[:MAX_OCTETS]
            if contains(content, words):
                found.append(Mail("INBOX", identifier, None, len(content), content))

    @staticmethod
    def _lines_of(connection: _Connection, number: int) -> t.List[bytes]:
        try:
            return connection.top(number, _LINES)[1]
        except poplib.error_proto:
            # TOP is optional.
            return connection.retr(number)[1]

    @staticmethod
    def _listed(connection: _Connection) -> t.List[t.Tuple[int, str]]:
        """Numbers, which hold for a session, and unique identifiers, which hold for longer."""
        lines = connection.uidl()[1]
        pairs = [line.split(None, 1) for line in lines if isinstance(line, bytes)]
        return [
            (int(pair[0]), pair[1].decode("ascii", "backslashreplace"))
            for pair in pairs
            if len(pair) == 2 and pair[0].isdigit()
        ]

    @staticmethod
    def _leave(connection: _Connection) -> None:
        try:
            connection.quit()
        except (poplib.error_proto, OSError, EOFError, MailboxError):
            connection.close()
