# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A long way between the router and one host, for kernels without netem: `long_line.py FILE FILE SECONDS`.

The files are those of two network namespaces, in each of which a TUN device "line" appears; every packet takes so many
seconds from one to the other, so a round trip twice as many. It prints "ready" and runs until it is told to end.
"""

from __future__ import annotations

import collections
import ctypes
import fcntl
import os
import select
import struct
import sys
import time

# linux/if_tun.h, sched.h
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_CLONE_NEWNET = 0x40000000
_OCTETS = 65536


def device(namespace: str) -> int:
    with open(namespace, "rb") as there:
        if ctypes.CDLL(None, use_errno=True).setns(there.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH", b"line", _IFF_TUN | _IFF_NO_PI))
    return descriptor


def carry(ends: tuple[int, int], seconds: float) -> None:
    """Packets wait in the order in which they came, each until its time."""
    waiting: collections.deque[tuple[float, int, bytes]] = collections.deque()
    while True:
        patience = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for end in select.select(ends, [], [], patience)[0]:
            other = ends[1] if end == ends[0] else ends[0]
            waiting.append((time.monotonic() + seconds, other, os.read(end, _OCTETS)))
        while waiting and waiting[0][0] <= time.monotonic():
            _due, end, packet = waiting.popleft()
            try:
                os.write(end, packet)
            except OSError:
                continue  # the device is down: lost, as packets are


if __name__ == "__main__":
    both = (device(sys.argv[1]), device(sys.argv[2]))
    print("ready", flush=True)
    carry(both, float(sys.argv[3]))
