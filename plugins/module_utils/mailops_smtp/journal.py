# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The evidence file: one record a line (JSON Lines), each written when its check has ended.

A run that is killed leaves a file that can be read up to its last record. A name that ends in ``.gz`` asks for gzip:
then records are written together, as one member of the file (RFC 1952 2.2), so that what is there is whole.
"""

from __future__ import annotations

import json
import os
import time
import typing as t

# What a kill can cost where the file is compressed: the records of so many seconds.
MEMBER_SECONDS = 0.5
MEMBER_OCTETS = 1024 * 1024


class Journal:
    """Replaces what is at ``path``. Raises OSError where that cannot be written."""

    def __init__(self, path: str, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), 0o666)
        self._clock = clock
        self._compressed = path.endswith(".gz")
        self._waiting: t.List[bytes] = []
        self._octets = 0
        self._since = clock()

    def write(self, record: t.Mapping[str, t.Any]) -> None:
        line = json.dumps(record, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"
        if not self._compressed:
            self._put(line)
            return
        self._waiting.append(line)
        self._octets += len(line)
        if self._octets >= MEMBER_OCTETS or self._clock() - self._since >= MEMBER_SECONDS:
            self.flush()

    def flush(self) -> None:
        """What waits to be compressed together is, now."""
        self._since = self._clock()
        if self._waiting:
            # Imported for those who want it.
            import gzip

            self._put(gzip.compress(b"".join(self._waiting), 6))
            self._waiting, self._octets = [], 0

    def close(self) -> None:
        try:
            self.flush()
        finally:
            os.close(self._descriptor)

    def _put(self, octets: bytes) -> None:
        # In one call where the system takes it so, since a kill can come between two.
        while octets:
            octets = octets[os.write(self._descriptor, octets) :]


def records(path: str) -> t.Iterator[t.Dict[str, t.Any]]:
    """What is in such a file, without a last record that was cut off by a kill."""
    for line in _lines(path):
        if line.endswith(b"\n"):
            yield json.loads(line)


def _lines(path: str) -> t.Iterator[bytes]:
    if path.endswith(".gz"):
        import gzip

        try:
            with gzip.open(path, "rb") as compressed:
                yield from compressed
        except EOFError:
            # The last member was being written.
            return
    else:
        with open(path, "rb") as plain:
            yield from plain
