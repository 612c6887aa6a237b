# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A mailbox over IMAP (RFC 9051 and 3501): one connection, which leaves everything as it was.

Folders are opened with EXAMINE and messages read with BODY.PEEK, so that not even \\Seen or \\Recent changes. At first
the server searches, among 10,000 messages if need be; what comes afterwards is fetched and looked through here, since
servers that search in an index find new mail late.
"""

from __future__ import annotations

import contextlib
import functools
import imaplib
import re
import time
import typing as t

from ..plan.mailboxes import Access
from .access import connection_trouble, is_junk_name, tls_context
from .imap_connection import Connection
from .mail import MAX_OCTETS, Mail, MailboxError, contains

# Words in one SEARCH: each is gone through all messages for.
_WORDS_PER_SEARCH = 10
# Messages in one FETCH, and new ones that are looked through here rather than searched by the server.
_MESSAGES_PER_FETCH = 20
_NEW_LOOKED_THROUGH = 200
# IDLE sees one folder: the others are looked into at this interval.
_IDLE_SECONDS = 30.0
# A lost connection is made again so often in one wait; a server that always hangs up is not a mailbox.
_MAX_RECONNECTS = 5

_LIST = re.compile(rb'\((?P<flags>[^)]*)\) (?:"(?:\\.|[^"\\])*"|NIL) (?P<name>.+)$')
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_DAY = "%d-{}-%Y"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class _Folder:
    """What is known of a folder: its name on the wire, whether it is for junk, and how far it has been looked at."""

    def __init__(self, name: str, junk: t.Optional[bool]) -> None:
        self.name = name
        self.junk = junk
        self.validity: t.Optional[str] = None
        self.next_uid: t.Optional[int] = None
        self.returned: t.Set[str] = set()


class IMAPMailbox:
    """See mail.Mailbox."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.problems: t.List[MailboxError] = []
        self.reconnects = 0
        self.folders: t.List[_Folder] = []
        self.quota: t.Optional[t.Dict[str, int]] = None
        self.idles = False
        self._connection: t.Optional[Connection] = None

    @property
    def folder_names(self) -> t.List[str]:
        return [decoded(folder.name) for folder in self.folders]

    def open(self) -> None:
        self._connect()
        if not self.folders:
            self._guarded("listing folders", self._find_folders)
            self._guarded("asking for the quota", self._ask_for_quota)

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
        until = time.monotonic() + seconds
        while time.monotonic() < until and not stop():
            time.sleep(min(0.2, max(0.0, until - time.monotonic())))

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
            self._log_in(connection)
            connection._get_capabilities()
        except (imaplib.IMAP4.error, OSError, MailboxError) as error:
            self._drop()
            raise self._trouble(error, "logging in") from error
        self.idles = "IDLE" in connection.capabilities

    def _log_in(self, connection: Connection) -> None:
        username, password = self.access.username or "", self.access.password or ""
        stages = iter(())  # type: t.Iterator[bytes]
        try:
            if self.access.mechanism == "xoauth2":
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
                "authentication", f"{self.access.place} refuses the log-in of {username}: {_readable(said)}."
            ) from error
        except UnicodeEncodeError as error:
            raise MailboxError(
                "authentication", f"{self.access.place} takes no log-in with characters beyond ASCII."
            ) from error

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
            return MailboxError("lost", f"The connection to {where} broke off ({stage}): {_readable(str(error))}.")
        return connection_trouble(self.access, error, stage)

    # Finding folders.

    def _find_folders(self) -> None:
        listed = list(self._listed())
        names = {decoded(name).lower(): name for name, flags in listed}
        junk = {name for name, flags in listed if rb"\junk" in flags.lower().split()}
        if self.access.folders is not None:
            wanted = list(self.access.folders)
        else:
            wanted = ["INBOX"]
            if self.access.junk:
                # The flag is the server's word; a name that people use is the next best thing.
                named = [name for name, flags in listed if not junk and is_junk_name(decoded(name))]
                wanted += [decoded(name) for name, flags in listed if name in junk or name in named]
        for name in wanted:
            raw = "INBOX" if name.upper() == "INBOX" else names.get(name.lower())
            if raw is None and listed:
                known = ", ".join(sorted(decoded(entry) for entry, flags in listed)[:20])
                self.problems.append(
                    MailboxError("folder", f"There is no folder {name} for {self.access.username}; there are {known}.")
                )
                continue
            raw = raw if raw is not None else encoded(name)
            marked = raw in junk or is_junk_name(decoded(raw))
            if raw not in [folder.name for folder in self.folders]:
                self.folders.append(_Folder(raw, marked))
        if not self.folders:
            raise self.problems[0]

    def _listed(self) -> t.Iterator[t.Tuple[str, bytes]]:
        connection = self._connected()
        kind, lines = connection.list()
        if kind != "OK":
            return
        for line in lines:
            # A name with a quote or beyond ASCII comes as a literal: the flags stand in front of it.
            whole = line[0].rsplit(b"{", 1)[0] + line[1] if isinstance(line, tuple) else line
            match = _LIST.match(whole or b"")
            if match and rb"\noselect" not in match.group("flags").lower():
                name = match.group("name").strip()
                if name.startswith(b'"') and name.endswith(b'"'):
                    name = re.sub(rb"\\(.)", rb"\1", name[1:-1])
                yield name.decode("ascii", "backslashreplace"), match.group("flags")

    def _ask_for_quota(self) -> None:
        connection = self._connected()
        if "QUOTA" not in connection.capabilities:
            return
        try:
            kind, data = connection.getquotaroot("INBOX")
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            return
        text = b" ".join(entry for part in data for entry in part if isinstance(entry, bytes))
        match = re.search(rb"\bSTORAGE (\d+) (\d+)", text)
        if kind == "OK" and match:
            self.quota = {"used": int(match.group(1)) * 1024, "limit": int(match.group(2)) * 1024}

    # Looking.

    def _all_in(self, folder: _Folder, words: t.Sequence[str]) -> t.Optional[t.List[Mail]]:
        """What is new in a folder, None where it cannot be opened."""
        if not self._select(folder, readonly=True):
            return None
        return list(self._look_into(folder, words))

    def _look_into(self, folder: _Folder, words: t.Sequence[str]) -> t.Iterator[Mail]:
        connection = self._connected()
        validity = _first(connection.response("UIDVALIDITY")[1])
        next_uid = int(_first(connection.response("UIDNEXT")[1]) or 0)
        if validity != folder.validity:
            folder.validity, folder.next_uid, folder.returned = validity, None, set()
        if folder.next_uid is None:
            uids = self._search(self._since(), words)
            # What came just now may not be in an index yet.
            uids += self._uids(f"{max(1, next_uid - _NEW_LOOKED_THROUGH)}:*") if next_uid else []
        else:
            new = self._uids(f"{folder.next_uid}:*")
            uids = new if len(new) <= _NEW_LOOKED_THROUGH else self._search(f"UID {folder.next_uid}:*", words)
        uids = sorted({uid for uid in uids if str(uid) not in folder.returned and uid >= (folder.next_uid or 0)})
        for start in range(0, len(uids), _MESSAGES_PER_FETCH):
            for mail in self._fetch(folder, uids[start : start + _MESSAGES_PER_FETCH]):
                if contains(mail.content, words):
                    folder.returned.add(mail.identifier)
                    yield mail
        folder.next_uid = max([next_uid, folder.next_uid or 0, *(uid + 1 for uid in uids)])

    def _since(self) -> str:
        if self.access.since is None:
            return "ALL"
        # The store's day may be another one than ours, wherever it stands and whatever its clock says.
        moment = time.gmtime(self.access.since - 2 * 86400)
        return "SINCE " + time.strftime(_DAY.format(_MONTHS[moment.tm_mon - 1]), moment)

    def _search(self, among: str, words: t.Sequence[str]) -> t.List[int]:
        found: t.List[int] = []
        for start in range(0, len(words), _WORDS_PER_SEARCH):
            terms = [
                'TEXT "{}"'.format(re.sub(r'(["\\])', r"\\\1", word)) for word in words[start:][:_WORDS_PER_SEARCH]
            ]
            either = "OR " * (len(terms) - 1) + " ".join(terms)
            found += self._uid_search(f"{among} {either}")
        return found

    def _uids(self, uids: str) -> t.List[int]:
        return self._uid_search(f"UID {uids}")

    def _uid_search(self, criteria: str) -> t.List[int]:
        kind, data = self._connected().uid("SEARCH", criteria)
        if kind != "OK":
            raise MailboxError("protocol", f"{self.access.place} refuses to search: {_readable(_first(data))}.")
        return [int(number) for line in data if isinstance(line, bytes) for number in line.split() if number.isdigit()]

    def _fetch(self, folder: _Folder, uids: t.Sequence[int]) -> t.Iterator[Mail]:
        items = f"(UID INTERNALDATE RFC822.SIZE BODY.PEEK[]<0.{MAX_OCTETS}>)"
        kind, data = self._connected().uid("FETCH", ",".join(map(str, uids)), items)
        for position, entry in enumerate(data if kind == "OK" else []):
            if not isinstance(entry, tuple):
                continue
            following = data[position + 1] if position + 1 < len(data) else b""
            around = entry[0] + (following if isinstance(following, bytes) else b"")
            uid, size = _UID.search(around), _SIZE.search(around)
            if uid:
                yield Mail(
                    folder=decoded(folder.name),
                    identifier=uid.group(1).decode("ascii"),
                    stored_at=_internal_date(around),
                    size=int(size.group(1)) if size else None,
                    content=entry[1],
                    junk=folder.junk,
                )

    # Removing.

    def _remove_from(self, folder: _Folder, mails: t.Sequence[Mail]) -> t.List[Mail]:
        if not self._select(folder, readonly=False):
            return []
        connection = self._connected()
        uids = ",".join(mail.identifier for mail in mails)
        # Without UIDPLUS (RFC 4315) EXPUNGE takes whatever is flagged, also what somebody else has flagged.
        plus = "UIDPLUS" in connection.capabilities
        if not plus and self._uid_search("DELETED"):
            self.problems.append(
                MailboxError("folder", f"{folder.name} holds other deleted messages, which EXPUNGE would remove too.")
            )
            return []
        kind, data = connection.uid("STORE", uids, "+FLAGS.SILENT", r"(\Deleted)")
        if kind == "OK":
            kind, data = connection.uid("EXPUNGE", uids) if plus else connection.expunge()
        if kind != "OK":
            self.problems.append(
                MailboxError("folder", f"Messages in {folder.name} cannot be removed: {_readable(_first(data))}.")
            )
            return []
        left = set(self._uids(uids))
        return [mail for mail in mails if int(mail.identifier) not in left]

    def _select(self, folder: _Folder, readonly: bool) -> bool:
        connection = self._connected()
        try:
            kind, data = connection.select(_quoted(folder.name), readonly=readonly)
        except imaplib.IMAP4.readonly:
            kind, data = "NO", [b"it can only be read"]
        if kind == "OK":
            return True
        problem = MailboxError(
            "folder", f"The folder {decoded(folder.name)} cannot be opened: {_readable(_first(data))}."
        )
        if problem.detail not in [known.detail for known in self.problems]:
            self.problems.append(problem)
        return False

    def _connected(self) -> Connection:
        if self._connection is None:
            raise imaplib.IMAP4.abort("there is no connection")
        return self._connection


def _internal_date(around: bytes) -> t.Optional[float]:
    moment = imaplib.Internaldate2tuple(around)
    try:
        return time.mktime(moment) if moment is not None else None
    except (OverflowError, ValueError):
        return None


def _first(data: t.Sequence[t.Any]) -> str:
    entry = data[0] if data else None
    return entry.decode("utf-8", "backslashreplace") if isinstance(entry, bytes) else ""


def _readable(text: str) -> str:
    """What imaplib makes of a reply, such as "b'[AUTHENTICATIONFAILED] No.'", as the server said it."""
    match = re.search(r"b(['\"])(.*)\1\s*\]?$", text)
    return (match.group(2) if match else text).strip().rstrip(".")[:200] or "no reason given"


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def decoded(name: str) -> str:
    """A folder's name as people read it: modified UTF-7 (RFC 3501 5.1.3) undone."""

    def part(match: t.Match[str]) -> str:
        if not match.group(1):
            return "&"
        try:
            return ("+" + match.group(1).replace(",", "/") + "-").encode("ascii").decode("utf-7")
        except UnicodeError:
            return match.group(0)

    return re.sub(r"&([A-Za-z0-9+,]*)-", part, name)


def encoded(name: str) -> str:
    """The other way round."""

    def part(match: t.Match[str]) -> str:
        return "&" + match.group(0).encode("utf-7").decode("ascii")[1:].rstrip("-").replace("/", ",") + "-"

    return re.sub(r"[^\x20-\x7e]+", part, name.replace("&", "&-"))
