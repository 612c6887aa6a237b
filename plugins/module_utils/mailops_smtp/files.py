# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The user's own files: found before anything is sent, and read piece by piece, as often as they are."""

from __future__ import annotations

import os
import stat
import typing as t

from .dialog.octets import PIECE_OCTETS, Unreadable


def pieces_of(path: str) -> t.Callable[[], t.Iterator[bytes]]:
    """The file's octets, from its beginning at each call. Any piece can turn out to be ``Unreadable``.

    :raises OSError: there is no such file, it may not be read, or it is no file with a beginning and an end.
    """
    # Asked before it is opened: a FIFO would wait there for somebody to write.
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(0, "It is no regular file")
    with open(path, "rb"):
        pass

    def pieces() -> t.Iterator[bytes]:
        try:
            with open(path, "rb") as file:
                yield from iter(lambda: file.read(PIECE_OCTETS), b"")
        except OSError as error:
            raise Unreadable(f"{path} cannot be read to its end: {error.strerror}.") from error

    return pieces


def name_of(path: str) -> str:
    """The file's name without its folders."""
    return os.path.basename(path)


def why_not_to_be_written(path: str, replaced: bool = False) -> t.Optional[str]:
    """What is wrong with the path of a file that is yet to be written, None where nothing is.

    :param replaced: a new file takes the place of the one that is there."""
    folder = os.path.dirname(path) or "."
    if "\0" in path:
        return "contains a NUL"
    if os.path.isdir(path):
        return "is a folder"
    if not os.path.isdir(folder):
        return "is in a folder that does not exist"
    if replaced and os.path.exists(path) and not os.path.isfile(path):
        # Root would replace the device for everybody.
        return "is no regular file"
    return None if os.access(path if os.path.exists(path) else folder, os.W_OK) else "cannot be written"
