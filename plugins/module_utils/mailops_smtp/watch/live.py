# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A watch as text while it goes on: a line when something is no longer as it was, and none for what stays the same."""

from __future__ import annotations

import typing as t

from ..evidence import printable
from ..judge.wording import QUOTED, duration, where
from .observation import DOWN, UP, Record, parsed


class Live:
    def __init__(self) -> None:
        self._states: t.Dict[str, Record] = {}
        self._down_since: t.Dict[str, str] = {}

    def lines(self, seen: t.Sequence[Record], changes: t.Sequence[Record]) -> t.Iterator[str]:
        for record in seen:
            name = where(record["endpoint"])
            before = self._states.get(name)
            # A check that waited long can end after the next one.
            if record["at"] is None or (before is not None and record["at"] < before["at"]):
                continue
            self._states[name] = record
            if before is None or (before["state"], before["how"]) != (record["state"], record["how"]):
                yield f"{record['at'][11:23]}  {self._line(name, record)}"
        for change in changes:
            yield f"{(change['at'] or '')[11:23]}  {printable(change['impact'], QUOTED * 3)}"

    def _line(self, name: str, record: Record) -> str:
        said = printable(record["said"] or "", QUOTED)
        if record["state"] == DOWN:
            self._down_since.setdefault(name, record["at"])
            return f"DOWN     {name}  {record['how']}: {said}"
        if record["state"] != UP:
            return f"unknown  {name}  {record['how']}: {said}"
        since = self._down_since.pop(name, None)
        gone = duration((parsed(record["at"]) - parsed(since)).total_seconds()) if since is not None else None
        return f"up       {name}  {said}" if gone is None else f"up       {name}  after {gone}: {said}"
