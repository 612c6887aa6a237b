# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Which folders of an IMAP account there are, and which of them to look into (RFC 9051 6.3.9, RFC 6154)."""

from __future__ import annotations

import imaplib
import re
import typing as t

from ..plan.mailboxes import Access
from .access import is_junk_name
from .imap_connection import Connection
from .imap_words import decoded, encoded
from .mail import MailboxError

_LIST = re.compile(rb'\((?P<flags>[^)]*)\) (?:"(?:\\.|[^"\\])*"|NIL) (?P<name>.+)$')


class Folder:
    """What is known of a folder: its name on the wire, whether it is for junk, and how far it has been looked at."""

    def __init__(self, name: str, junk: t.Optional[bool]) -> None:
        self.name = name
        self.junk = junk
        self.validity: t.Optional[str] = None
        self.next_uid: t.Optional[int] = None
        self.returned: t.Set[str] = set()


def folders_of(connection: Connection, access: Access, problems: t.List[MailboxError]) -> t.List[Folder]:
    """The folders to look into: those that were asked for, or the inbox and the one for junk. Adds to the problems.

    :raises MailboxError: there is none of them.
    """
    found: t.List[Folder] = []
    listed = list(_listed(connection))
    names = {decoded(name).lower(): name for name, flags in listed}
    junk = {name for name, flags in listed if rb"\junk" in flags.lower().split()}
    if access.folders is not None:
        wanted = list(access.folders)
    else:
        wanted = ["INBOX"]
        if access.junk:
            # The flag is the server's word; a name that people use is the next best thing.
            named = [name for name, flags in listed if not junk and is_junk_name(decoded(name))]
            wanted += [decoded(name) for name, flags in listed if name in junk or name in named]
    for name in wanted:
        raw = "INBOX" if name.upper() == "INBOX" else names.get(name.lower())
        if raw is None and listed:
            known = ", ".join(sorted(decoded(entry) for entry, flags in listed)[:20])
            problems.append(
                MailboxError("folder", f"There is no folder {name} for {access.username}; there are {known}.")
            )
            continue
        raw = raw if raw is not None else encoded(name)
        marked = raw in junk or is_junk_name(decoded(raw))
        if raw not in [folder.name for folder in found]:
            found.append(Folder(raw, marked))
    if not found:
        raise problems[0]
    return found


def _listed(connection: Connection) -> t.Iterator[t.Tuple[str, bytes]]:
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


def quota_of(connection: Connection) -> t.Optional[t.Dict[str, int]]:
    """Octets used and allowed (RFC 9208), None where the server does not say."""
    if "QUOTA" not in connection.capabilities:
        return None
    try:
        kind, data = connection.getquotaroot("INBOX")
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error:
        return None
    text = b" ".join(entry for part in data for entry in part if isinstance(entry, bytes))
    match = re.search(rb"\bSTORAGE (\d+) (\d+)", text)
    if kind == "OK" and match:
        return {"used": int(match.group(1)) * 1024, "limit": int(match.group(2)) * 1024}
    return None
