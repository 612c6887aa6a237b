# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""How many files and sockets this process may still open. Shells commonly allow 1,024, and many more when asked."""

from __future__ import annotations

import contextlib
import os
import typing as t

try:
    import resource
except ImportError:  # not a POSIX system: no such limit is known
    resource = None  # type: ignore[assignment]

# For what opens files besides: a message that is read, a look-up, a log.
SPARE = 32


def room_for(wanted: int) -> int:
    """How many of ``wanted`` further descriptors there is room for, at least 1.

    Where they are more than the soft limit leaves, that is raised, up to the hard one; it stays raised, since another
    thread may count on it by then.
    """
    if resource is None:
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _open_now() + SPARE + wanted
    if soft != resource.RLIM_INFINITY and soft < needed:
        raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(raised, soft), hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, wanted - (needed - soft)))


def _open_now() -> int:
    for folder in ("/proc/self/fd", "/dev/fd"):
        listed: t.Optional[t.List[str]] = None
        with contextlib.suppress(OSError):
            listed = os.listdir(folder)
        if listed is not None:
            return len(listed)
    return SPARE
