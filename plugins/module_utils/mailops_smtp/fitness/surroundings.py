# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What the machine that this runs on says of itself: versions, name servers, the name of its address, its clock."""

from __future__ import annotations

import platform
import re
import socket
import time
import typing as t

from ..evidence import printable

_PATIENCE = 3.0


def surroundings(address: t.Optional[str]) -> t.Dict[str, t.Any]:
    """``{time, python, openssh, resolvers, ptr}``; ``address`` is the one that servers see. Unknown is None.

    ``time`` is this machine's Unix time. ``ptr`` is ``{name, confirmed}``: the name that the address has, and whether
    that name leads back to it (RFC 1912 2.1).
    """
    return {
        "time": time.time(),
        "python": platform.python_version(),
        "openssh": ssh_server(),
        "resolvers": resolvers(),
        "ptr": pointer(address) if address is not None else None,
    }


def ssh_server(host: str = "127.0.0.1", port: int = 22) -> t.Optional[str]:
    """How this machine's SSH server calls itself (RFC 4253 4.2), None where none answers at the usual place."""
    try:
        with socket.create_connection((host, port), timeout=_PATIENCE) as connection:
            line = connection.recv(255).split(b"\n")[0].strip()
    except OSError:
        return None
    found = re.fullmatch(rb"SSH-[0-9.]+-(.+)", line)
    return printable(found.group(1)) if found is not None else None


def resolvers(path: str = "/etc/resolv.conf") -> t.List[str]:
    """The name servers that this machine asks."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return [printable(name) for name in re.findall(r"^\s*nameserver\s+(\S+)", file.read(65536), re.MULTILINE)]
    except OSError:
        return []


def pointer(address: str) -> t.Optional[t.Dict[str, t.Any]]:
    try:
        name = socket.gethostbyaddr(address)[0]
    except OSError:
        return None
    if name == address:
        return None
    try:
        confirmed = address in {str(entry[4][0]) for entry in socket.getaddrinfo(name, None)}
    except OSError:
        confirmed = False
    return {"name": printable(name), "confirmed": confirmed}
