# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From options to what is attached to the test message, and to the files that the user names for it."""

from __future__ import annotations

import re
import typing as t

from ..dialog.message import Attachment
from ..dialog.octets import Pieces, looked_through, sliced
from ..files import name_of, pieces_of
from .options import OptionError

DEFAULT_TYPE = "application/octet-stream"
MAX_NAME_OCTETS = 255

# RFC 6838 4.2. A message or a multipart may not be encoded in base64 (RFC 2046 5.1 and 5.2.1), as all is here.
_MEDIA_TYPE = re.compile(r"(?!(?:message|multipart)/)[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")


def read_attachments(entries: t.Sequence[t.Mapping[str, t.Any]], prefix: str) -> t.Tuple[Attachment, ...]:
    return tuple(_attachment(entry, f"{prefix}attachments[{position}].") for position, entry in enumerate(entries))


def file_of(option: str, path: str) -> t.Callable[[], Pieces]:
    """The pieces of a file that can be read.

    :raises OptionError: it cannot be read here and now.
    """
    try:
        return pieces_of(path)
    except OSError as error:
        reason = (error.strerror or str(error)).rstrip(".")
        remedy = "name a file of the host that the check runs on"
        raise OptionError(option, path, f"cannot be read ({reason})", remedy) from error


def octets_of(option: str, text: str) -> bytes:
    try:
        # Octets that are no UTF-8 come from Ansible, and from Python's files, as surrogates of their own.
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise OptionError(option, text[:40], "contains a lone surrogate", "leave it out") from error


def _attachment(entry: t.Mapping[str, t.Any], here: str) -> Attachment:
    path, text, name = entry["path"], entry["content"], entry["name"]
    if (path is None) == (text is None):
        raise OptionError(f"{here}path", path, "and content are needed, but only one of them", "give one of the two")
    if name is None and path is None:
        raise OptionError(f"{here}name", None, "is missing", "give one: a content has no name of its own")
    name = name if name is not None else name_of(path)
    if not name or not name.isprintable() or len(name.encode("utf-8", "replace")) > MAX_NAME_OCTETS:
        raise OptionError(f"{here}name", name, "is no file name", f"use 1 to {MAX_NAME_OCTETS} printable octets")
    media_type = (entry["type"] or DEFAULT_TYPE).lower()
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise OptionError(f"{here}type", media_type, "is no type of an attachment", f"write one like {DEFAULT_TYPE}")
    if path is not None:
        return Attachment(name, media_type, looked_through(file_of(f"{here}path", path)))
    octets = octets_of(f"{here}content", text)
    return Attachment(name, media_type, looked_through(lambda: sliced(octets)))
