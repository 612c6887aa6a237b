# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""IP addresses and ports as users write them."""

from __future__ import annotations

import ipaddress
import typing as t

from .options import OptionError


def address_of(text: str) -> t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address, None]:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def require_port(option: str, port: t.Optional[int]) -> None:
    if port is not None and not 1 <= port <= 65535:
        raise OptionError(option, port, "is no port number", "give 1 to 65535")
