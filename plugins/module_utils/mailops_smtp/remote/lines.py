# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What a vantage prints, line by line: ours among all that a noisy profile says, and the last that was said beside."""

from __future__ import annotations

import contextlib
import json
import typing as t

from ..evidence import printable

# A line is one check; a server can make it no longer than the evidence is bounded.
_LINE_OCTETS = 64 * 1024 * 1024
_NOISE_OCTETS = 4096


class Lines:
    """What belongs to us in all that comes: the lines with the mark, among what a noisy profile prints."""

    def __init__(self, mark: str) -> None:
        self._mark = f"{mark} ".encode("ascii")
        self._rest = b""
        self._noise = b""
        self._errors = b""

    def feed(self, data: bytes) -> t.Iterator[t.Mapping[str, t.Any]]:
        *whole, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LINE_OCTETS:
            self._rest = b""
        for line in whole:
            # A prompt without a line end may stand before the first of ours.
            _before, mark, content = line.partition(self._mark)
            if mark:
                with contextlib.suppress(ValueError):
                    yield json.loads(content)
            else:
                self._noise = (self._noise + line + b"\n")[-_NOISE_OCTETS:]

    def complain(self, data: bytes) -> None:
        """What came on standard error."""
        self._errors = (self._errors + data)[-_NOISE_OCTETS:]

    def complaint(self) -> str:
        """The last that was said beside, on standard error where there was anything."""
        lines = [
            line.strip() for line in (self._noise + self._rest + b"\n" + self._errors).splitlines() if line.strip()
        ]
        return printable(lines[-1], 200).rstrip(".") if lines else ""
