# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Finding messages in one IMAP folder, with SEARCH and FETCH (RFC 9051 6.4.4 and 6.4.5), without changing any.

At first the server searches, among 10,000 messages if need be; what comes afterwards is fetched and looked through
here, since servers that search in an index find new mail late.
"""

from __future__ import annotations

import imaplib
import re
import time
import typing as t

from .imap_connection import Connection
from .imap_folders import Folder
from .imap_words import decoded, first, readable
from .mail import MAX_OCTETS, Mail, MailboxError, contains

# Words in one SEARCH: each is gone through all messages for.
_WORDS_PER_SEARCH = 10
# Messages in one FETCH, and new ones that are looked through here rather than searched by the server.
_MESSAGES_PER_FETCH = 20
_NEW_LOOKED_THROUGH = 200

_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_DAY = "%d-{}-%Y"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def look_into(
    connection: Connection, folder: Folder, since: t.Optional[float], words: t.Sequence[str]
) -> t.Iterator[Mail]:
    """What is new in the folder, which is open, and has one of the words. Notes in the folder how far it has come."""
    validity = first(connection.response("UIDVALIDITY")[1])
    next_uid = int(first(connection.response("UIDNEXT")[1]) or 0)
    if validity != folder.validity:
        folder.validity, folder.next_uid, folder.returned = validity, None, set()
    if folder.next_uid is None:
        uids = _search(connection, _since(since), words)
        # What came just now may not be in an index yet.
        uids += uids_in(connection, f"{max(1, next_uid - _NEW_LOOKED_THROUGH)}:*") if next_uid else []
    else:
        new = uids_in(connection, f"{folder.next_uid}:*")
        uids = new if len(new) <= _NEW_LOOKED_THROUGH else _search(connection, f"UID {folder.next_uid}:*", words)
    uids = sorted({uid for uid in uids if str(uid) not in folder.returned and uid >= (folder.next_uid or 0)})
    for start in range(0, len(uids), _MESSAGES_PER_FETCH):
        for mail in _fetch(connection, folder, uids[start : start + _MESSAGES_PER_FETCH]):
            if contains(mail.content, words):
                folder.returned.add(mail.identifier)
                yield mail
    folder.next_uid = max([next_uid, folder.next_uid or 0, *(uid + 1 for uid in uids)])


def _since(since: t.Optional[float]) -> str:
    if since is None:
        return "ALL"
    # The store's day may be another one than ours, wherever it stands and whatever its clock says.
    moment = time.gmtime(since - 2 * 86400)
    return "SINCE " + time.strftime(_DAY.format(_MONTHS[moment.tm_mon - 1]), moment)


def _search(connection: Connection, among: str, words: t.Sequence[str]) -> t.List[int]:
    found: t.List[int] = []
    for start in range(0, len(words), _WORDS_PER_SEARCH):
        terms = ['TEXT "{}"'.format(re.sub(r'(["\\])', r"\\\1", word)) for word in words[start:][:_WORDS_PER_SEARCH]]
        either = "OR " * (len(terms) - 1) + " ".join(terms)
        found += search_for(connection, f"{among} {either}")
    return found


def uids_in(connection: Connection, uids: str) -> t.List[int]:
    """Those of the UIDs that the folder has."""
    return search_for(connection, f"UID {uids}")


def search_for(connection: Connection, criteria: str) -> t.List[int]:
    """The UIDs of what meets the criteria of SEARCH."""
    kind, data = connection.uid("SEARCH", criteria)
    if kind != "OK":
        raise MailboxError("protocol", f"{connection.host} refuses to search: {readable(first(data))}.")
    return [int(number) for line in data if isinstance(line, bytes) for number in line.split() if number.isdigit()]


def _fetch(connection: Connection, folder: Folder, uids: t.Sequence[int]) -> t.Iterator[Mail]:
    items = f"(UID INTERNALDATE RFC822.SIZE BODY.PEEK[]<0.{MAX_OCTETS}>)"
    kind, data = connection.uid("FETCH", ",".join(map(str, uids)), items)
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


def _internal_date(around: bytes) -> t.Optional[float]:
    moment = imaplib.Internaldate2tuple(around)
    try:
        return time.mktime(moment) if moment is not None else None
    except (OverflowError, ValueError):
        return None
