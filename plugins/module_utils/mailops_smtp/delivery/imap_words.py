# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""How IMAP writes down names and texts: folders in modified UTF-7 and in quotes, replies as imaplib hands them on."""

from __future__ import annotations

import re
import typing as t


def first(data: t.Sequence[t.Any]) -> str:
    entry = data[0] if data else None
    return entry.decode("utf-8", "backslashreplace") if isinstance(entry, bytes) else ""


def readable(text: str) -> str:
    """What imaplib makes of a reply, such as "b'[AUTHENTICATIONFAILED] No.'", as the server said it."""
    match = re.search(r"b(['\"])(.*)\1\s*\]?$", text)
    return (match.group(2) if match else text).strip().rstrip(".")[:200] or "no reason given"


def quoted(name: str) -> str:
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
