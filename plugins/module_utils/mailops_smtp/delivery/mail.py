# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What every kind of mailbox returns, and what can go wrong with one."""

from __future__ import annotations

import typing as t

# Enough of a message for its header, a report and what is quoted in it. The rest is left on the server.
MAX_OCTETS = 256 * 1024

# Why a mailbox could not be looked into. None of them says anything about the mail.
PROBLEMS = {
    "unresolved": "the server's name has no address",
    "unreachable": "no connection to the server",
    "tls": "TLS could not be started, or the certificate is not acceptable",
    "authentication": "the server refused the log-in",
    "folder": "a folder does not exist or cannot be opened",
    "lost": "the connection was lost and could not be made again",
    "protocol": "the server said something that the protocol does not know",
    "too_large": "the server sent more than any mailbox needs to",
    "unreadable": "the file or directory cannot be read",
}


class MailboxError(Exception):
    """Why a mailbox could not be looked into: one of PROBLEMS, and a sentence for people."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class Mail(t.NamedTuple):
    """A message as it lies in a mailbox.

    ``identifier`` names it within its folder for as long as the mailbox is open: a UID, a file's name, a number.
    ``stored_at`` is when the store took it in, by the store's own clock (seconds since 1970), None where it does not
    say. ``content`` are its first MAX_OCTETS octets. ``junk``: the folder is the one for unwanted mail; None where
    nobody can tell.
    """

    folder: str
    identifier: str
    stored_at: t.Optional[float]
    size: t.Optional[int]
    content: bytes
    junk: t.Optional[bool] = False


class Mailbox(t.Protocol):
    """One account, or one file or directory with mail in it. Every method may raise MailboxError."""

    #: Problems that concern a part of the mailbox only, such as a folder that does not exist.
    problems: t.List[MailboxError]
    #: How often a lost connection was made again.
    reconnects: int
    #: Whether the server tells by itself when mail comes.
    idles: bool
    #: Octets used and allowed, where the server says so.
    quota: t.Optional[t.Dict[str, int]]

    @property
    def folder_names(self) -> t.List[str]:
        """The folders that are looked into."""

    def open(self) -> None:
        """Connect and log in, or find the file."""

    def look(self, words: t.Sequence[str]) -> t.Iterator[Mail]:
        """Messages with one of the words somewhere in them that were not returned before."""

    def wait(self, seconds: float, stop: t.Callable[[], bool]) -> None:
        """Return when something may have come, at the latest after so many seconds or when told to stop."""

    def remove(self, mails: t.Sequence[Mail]) -> t.List[Mail]:
        """Take these messages, which ``look`` returned, out of the mailbox, and nothing else. Returns those gone."""

    def close(self) -> None:
        """Take leave. Never raises anything."""


def contains(content: bytes, words: t.Sequence[str]) -> bool:
    """Whether one of the words is in a message, in any case: headers may have been rewritten on the way."""
    lowered = content.lower()
    return any(word.lower().encode("utf-8") in lowered for word in words)
