# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Which of a proxy's addresses to use. Many a proxy has an IPv6 address and listens on IPv4 alone.

Of a mail server every address is a check of its own; a proxy is only a way, and one that works is enough.
"""

from __future__ import annotations

import contextlib
import socket
import typing as t

from ..evidence import Endpoint

# Proxies are near. One that takes longer is still used where it has no other address.
SECONDS = 3.0


def first_that_answers(endpoints: t.Sequence[Endpoint]) -> Endpoint:
    """The first that takes a connection; where there is only one, or none does, the first: its check says why."""
    if len(endpoints) > 1:
        for endpoint in endpoints:
            with contextlib.suppress(OSError):
                socket.create_connection((endpoint.address, endpoint.port), SECONDS).close()
                return endpoint
    return endpoints[0]
