# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What a watch has seen so far, line by line in a file: whatever happens to the watch or to who waits for it, the file
is there. It is made anew, its owner alone can read it, and each line is written as a whole."""

from __future__ import annotations

import json
import os
import typing as t

from ..plan import OptionError
from .observation import Record
from .outages import End, Header

# A day at one check a second of some endpoints stays far below.
MOST_OCTETS = 1 << 28


class Log:
    """Open for writing. Every method but ``close`` writes one line."""

    def __init__(self, path: str, header: Header) -> None:
        """:raises OptionError: the file exists, or cannot be made."""
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except FileExistsError:
            remedy = "collect that watch first, or choose another name"
            raise OptionError("log", path, "exists already", remedy) from None
        except OSError as error:
            raise OptionError("log", path, "cannot be written", error.strerror or str(error)) from error
        self._room = MOST_OCTETS
        self._write({"watch": header._asdict()})

    def seen(self, record: Record) -> None:
        self._write({"seen": record})

    def changed(self, record: Record) -> None:
        self._write({"change": record})

    def ended(self, end: End) -> None:
        self._room = max(self._room, 1 << 12)
        self._write({"end": end._asdict()})

    def close(self) -> None:
        os.close(self._descriptor)

    def _write(self, line: Record) -> None:
        data = json.dumps(line, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"
        self._room -= len(data)
        if self._room >= 0:
            # A disk that is full now may not be so for long; what was seen is still in memory.
            try:
                os.write(self._descriptor, data)
            except OSError:
                return


class Kept(t.NamedTuple):
    """``end`` is None where the watch has not ended, or was killed before it could say so."""

    header: Header
    seen: t.List[Record]
    changes: t.List[Record]
    end: t.Optional[End]


def read_log(path: str) -> Kept:
    """:raises OptionError: there is no such file, or it is no log of a watch."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(MOST_OCTETS * 2)
    except OSError as error:
        raise OptionError("log", path, "cannot be read", error.strerror or str(error)) from error
    header, end = None, None
    seen: t.List[Record] = []
    changes: t.List[Record] = []
    for line in data.split(b"\n"):
        try:
            record = json.loads(line.decode("ascii")) if line else {}
        except (ValueError, RecursionError):
            # The last line of a watch that was killed.
            continue
        if not isinstance(record, dict):
            continue
        if "watch" in record and header is None:
            header = _as(Header, record["watch"])
        elif "seen" in record and _has(record["seen"], "at", "endpoint", "state", "how", "said"):
            seen.append(record["seen"])
        elif "change" in record and _has(record["change"], "at", "impact"):
            changes.append(record["change"])
        elif "end" in record:
            end = _as(End, record["end"])
    if header is None:
        raise OptionError("log", path, "is not the log of a watch", "give the one that the watch was started with")
    return Kept(header, seen, changes, end)


_Tuple = t.TypeVar("_Tuple", Header, End)


def _as(kind: t.Type[_Tuple], given: t.Any) -> t.Optional[_Tuple]:
    """None for what is damaged. What another version wrote besides, nobody here knows the meaning of."""
    if not isinstance(given, dict):
        return None
    try:
        return kind(**{name: given[name] for name in kind._fields if name in given})
    except TypeError:
        return None


def _has(given: t.Any, *names: str) -> bool:
    return isinstance(given, dict) and all(name in given for name in names)
