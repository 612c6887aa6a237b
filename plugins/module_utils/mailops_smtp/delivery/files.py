# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Mail on the disk of the host that this runs on: a Maildir, or a file in mbox form. The standard library reads both.

Files are only ever read: a message stays in ``new``, and keeps its flags.
"""

from __future__ import annotations

import hashlib
import mailbox
import os
import time
import typing as t
from pathlib import Path

from ..plan.mailboxes import Access
from .access import is_junk_name
from .mail import MAX_OCTETS, Mail, MailboxError, contains
from .pausing import pause

# A file that was copied or restored may be older than what is in it, by a day at most.
_EARLIER_SECONDS = 86400.0


class FileMailbox:
    """See mail.Mailbox."""

    idles = False
    reconnects = 0
    quota: t.Optional[t.Dict[str, int]] = None

    def __init__(self, access: Access) -> None:
        self.access = access
        self.problems: t.List[MailboxError] = []
        self.folder_names: t.List[str] = []
        self._seen: t.Set[t.Tuple[str, str]] = set()
        self._mark: t.Optional[t.Tuple[int, float]] = None

    def open(self) -> None:
        """What is not there yet may come with the first message; see ``_is_there``."""
        if not self._is_there():
            self.problems.append(MailboxError("unreadable", f"{self.access.place} does not exist."))

    def _is_there(self) -> bool:
        path = Path(self.access.place)
        try:
            if self.access.kind == "mbox":
                with path.open("rb") as stream:
                    beginning = stream.read(5)
                if beginning not in (b"", b"From "):
                    raise MailboxError("unreadable", f"{path} is no mbox: it does not begin with a From line.")
                self.folder_names = [path.name]
                return True
            kinds = {entry.name for entry in path.iterdir() if entry.is_dir()}
        except FileNotFoundError:
            return False
        except OSError as error:
            raise MailboxError("unreadable", f"{path} cannot be read: {error.strerror}.") from error
        if not {"new", "cur"} <= kinds:
            raise MailboxError("unreadable", f"{path} is no Maildir: it has no directories new and cur.")
        self.folder_names = self._folders(kinds)
        return True

    def _folders(self, names: t.Set[str]) -> t.List[str]:
        """Maildir++: folders are directories that begin with a dot."""
        there = {name[1:].lower(): name[1:] for name in names if name.startswith(".") and len(name) > 1}
        if self.access.folders is None:
            junk = [name for key, name in sorted(there.items()) if is_junk_name(name)]
            return ["INBOX", *(junk if self.access.junk else [])]
        wanted = []
        for name in self.access.folders:
            if name.upper() == "INBOX":
                wanted.append("INBOX")
            elif name.lower() in there:
                wanted.append(there[name.lower()])
            else:
                known = ", ".join(["INBOX", *sorted(there.values())][:20])
                self.problems.append(MailboxError("folder", f"There is no folder {name}; there are {known}."))
        if not wanted:
            raise self.problems[0]
        return wanted

    def look(self, words: t.Sequence[str]) -> t.Iterator[Mail]:
        if not self.folder_names:
            if not self._is_there():
                return
            self.problems.clear()
        try:
            if self.access.kind == "mbox":
                yield from self._look_into_mbox(words)
            else:
                for folder in self.folder_names:
                    yield from self._look_into_maildir(folder, words)
        except OSError as error:
            raise MailboxError("unreadable", f"{self.access.place} cannot be read: {error.strerror}.") from error

    def wait(self, seconds: float, stop: t.Callable[[], bool]) -> None:
        # Looking at a disk costs little.
        pause(min(seconds, 1.0), stop)

    def remove(self, mails: t.Sequence[Mail]) -> t.List[Mail]:
        try:
            return self._remove_from_mbox(mails) if self.access.kind == "mbox" else self._remove_files(mails)
        except (OSError, mailbox.Error) as error:
            raise MailboxError("unreadable", f"{self.access.place} cannot be changed: {error}.") from error

    def close(self) -> None:
        """Nothing is held open between two looks."""

    # Maildir.

    def _maildir(self, folder: str) -> mailbox.Maildir:
        path = Path(self.access.place) if folder == "INBOX" else Path(self.access.place, f".{folder}")
        return mailbox.Maildir(str(path), factory=None, create=False)

    def _look_into_maildir(self, folder: str, words: t.Sequence[str]) -> t.Iterator[Mail]:
        box = self._maildir(folder)
        for key in list(box.iterkeys()):
            if (folder, key) in self._seen:
                continue
            try:
                path = self._file(box, key)
                about = os.stat(path)
                if self.access.since is not None and about.st_mtime < self.access.since - _EARLIER_SECONDS:
                    self._seen.add((folder, key))
                    continue
                with open(path, "rb") as stream:
                    content = stream.read(MAX_OCTETS)
            except (KeyError, FileNotFoundError):
                # Another program has moved it meanwhile: it will be found by its new name.
                continue
            self._seen.add((folder, key))
            if contains(content, words):
                yield Mail(folder, key, about.st_mtime, about.st_size, content, is_junk_name(folder))

    @staticmethod
    def _file(box: mailbox.Maildir, key: str) -> str:
        return os.path.join(box._path, box._lookup(key))  # type: ignore[attr-defined]

    def _remove_files(self, mails: t.Sequence[Mail]) -> t.List[Mail]:
        gone = []
        for mail in mails:
            box = self._maildir(mail.folder)
            try:
                box.remove(mail.identifier)
            except KeyError:
                continue
            gone.append(mail)
        return gone

    # mbox.

    def _look_into_mbox(self, words: t.Sequence[str]) -> t.Iterator[Mail]:
        about = os.stat(self.access.place)
        mark = (about.st_size, about.st_mtime)
        if mark == self._mark:
            return
        box = mailbox.mbox(self.access.place, factory=None, create=False)
        try:
            for key in box.iterkeys():
                with box.get_file(key, from_=True) as stream:
                    first = stream.readline(1000)
                    content = stream.read(MAX_OCTETS)
                # A message has no name in there: its number changes when another is removed, this does not.
                identifier = _name(first, content)
                if (self.folder_names[0], identifier) in self._seen:
                    continue
                self._seen.add((self.folder_names[0], identifier))
                if contains(content, words):
                    yield Mail(self.folder_names[0], identifier, _from_line(first), len(content), content)
        finally:
            box.close()
        self._mark = mark

    def _remove_from_mbox(self, mails: t.Sequence[Mail]) -> t.List[Mail]:
        wanted = {mail.identifier: mail for mail in mails}
        about = os.stat(self.access.place)
        box = mailbox.mbox(self.access.place, factory=None, create=False)
        gone = []
        # Deliveries wait meanwhile: they lock the file in the same ways (lockf and a .lock file).
        box.lock()
        try:
            for key in list(box.iterkeys()):
                with box.get_file(key, from_=True) as stream:
                    identifier = _name(stream.readline(1000), stream.read(MAX_OCTETS))
                if identifier in wanted:
                    box.remove(key)
                    gone.append(wanted[identifier])
            box.flush()
        finally:
            box.unlock()
            box.close()
        now = os.stat(self.access.place)
        if (now.st_uid, now.st_gid) != (about.st_uid, about.st_gid):
            # The library writes a new file, which up to Python 3.12 belongs to whoever runs this.
            os.chown(self.access.place, about.st_uid, about.st_gid)
        return gone


def _name(first: bytes, content: bytes) -> str:
    return hashlib.sha256(first + content).hexdigest()[:32]


def _from_line(line: bytes) -> t.Optional[float]:
    """``From sender Tue Nov 24 21:10:00 2026``: when it was stored, in the host's own time zone."""
    words = line.decode("ascii", "backslashreplace").split()
    try:
        return time.mktime(time.strptime(" ".join(words[2:7]), "%a %b %d %H:%M:%S %Y"))
    except (ValueError, OverflowError):
        return None
