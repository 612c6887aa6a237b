# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The user's own files that options name, such as certificates: on the vantage there are none, so they travel along."""

from __future__ import annotations

import base64
import os
import secrets
import typing as t

from ..plan.options import CHECK_OPTIONS

# Beyond that the message goes through a channel: it is read as it is sent there, and here it would be held in memory.
MOST_OCTETS = 8 * 1024 * 1024


class CannotTravel(Exception):
    """Why a file cannot be taken along, as a clause."""


def packed(options: t.Mapping[str, t.Any]) -> t.Tuple[t.Dict[str, t.Any], t.Dict[str, str]]:
    """The options with a name in place of each path, and the contents in base64 by these names.

    :raises CannotTravel: for a folder, or for too much of it all.
    """
    taken: t.Dict[str, str] = {}
    contents: t.Dict[str, str] = {}

    def take(path: str) -> str:
        whole = os.path.expandvars(os.path.expanduser(path))
        if os.path.isdir(whole):
            raise CannotTravel(f"{path} is a folder of this machine")
        if whole not in taken:
            taken[whole] = f"file {len(taken)} {secrets.token_hex(8)}"
            with open(whole, "rb") as file:
                data = file.read(MOST_OCTETS + 1)
            contents[taken[whole]] = base64.b64encode(data).decode("ascii")
            if sum(map(len, contents.values())) * 3 // 4 > MOST_OCTETS:
                raise CannotTravel(f"{path} is a file of this machine, and too large to hold in memory there")
        return taken[whole]

    return _walked(options, CHECK_OPTIONS, take), contents


def _walked(values: t.Mapping[str, t.Any], table: t.Mapping[str, t.Any], take: t.Callable[[str], str]) -> t.Any:
    walked: t.Dict[str, t.Any] = {}
    for name, value in values.items():
        spec = table.get(name, {})
        if spec.get("type") == "path" and isinstance(value, (str, os.PathLike)):
            walked[name] = take(os.fspath(value))
        elif "options" in spec and isinstance(value, t.Mapping):
            walked[name] = _walked(value, spec["options"], take)
        elif isinstance(value, (list, tuple)) and ("options" in spec or name == "targets"):
            inner = spec.get("options", table)
            walked[name] = [_walked(entry, inner, take) if isinstance(entry, t.Mapping) else entry for entry in value]
        else:
            walked[name] = value
    return walked
