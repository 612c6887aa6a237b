# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Addresses, names and ports as users write them."""

from __future__ import annotations

import functools
import ipaddress
import typing as t

from ..dialog import commands
from .options import OptionError, require_valid


# A plan asks of each host several times.
@functools.lru_cache(maxsize=4096)
def address_of(text: str) -> t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address, None]:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def require_port(option: str, port: t.Optional[int]) -> None:
    if port is not None and not 1 <= port <= 65535:
        raise OptionError(option, port, "is no port number", "give 1 to 65535")


def host_name(option: str, written: str, remedy: str = "give its name") -> str:
    """A host or domain name in its ASCII form. Names are written as people read them (RFC 5890 2.3.2.1)."""
    require_valid(option, written, commands.check_host_name_as_read, remedy)
    return commands.a_labels(written)


def mailbox(
    option: str, written: str, as_written: bool, check: t.Callable[[str], None], remedy: str = "write local-part@domain"
) -> str:
    """An address as it goes into the envelope. Where only its domain is not ASCII, no server has to know of that,
    unless the user wants the address ``as_written``."""
    address = bare(written)
    require_valid(option, address, check, remedy)
    return address if as_written else in_ascii(address)


def in_ascii(address: str) -> str:
    """The address with its domain in ASCII where that makes all of it so."""
    local_part, at_sign, domain = address.rpartition("@")
    return address if not local_part.isascii() else local_part + at_sign + commands.a_labels(domain)


def bare(address: str) -> str:
    """Addresses are often pasted with their angle brackets."""
    return address[1:-1] if address.startswith("<") and address.endswith(">") else address
