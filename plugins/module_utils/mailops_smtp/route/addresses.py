# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From a host name to its addresses, by the vantage's own resolver (so /etc/hosts and search lists count, as they do
for the mail server next to it)."""

from __future__ import annotations

import functools
import ipaddress
import socket
import typing as t

from ..evidence import StepError

_FAMILIES = {"any": socket.AF_UNSPEC, "ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}

# The answers that say "there is no such address"; every other failure says that nobody could be asked.
_NO_SUCH_NAME = tuple(
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY") if hasattr(socket, name)
)


class Address(t.NamedTuple):
    """``family`` is ``ipv4``, ``ipv6`` or ``unix``. ``resolved_name`` is the name with what the search list added to
    it, None where it was taken as it stands."""

    address: str
    family: str
    resolved_name: t.Optional[str] = None


def addresses(host: str, family: str) -> t.Union[t.List[Address], StepError]:
    """All addresses of a host in the resolver's order, or why there are none.

    :param family: ``ipv4``, ``ipv6`` or ``any``; with ``any``, a family that the vantage has no address of is left
        out where there is another, since trying it would test the vantage and not the target.
    """
    literal = address_literal(host)
    if literal is not None:
        return [literal]
    if family == "any" and hasattr(socket, "AI_ADDRCONFIG"):
        found = _looked_up(host, family, socket.AI_ADDRCONFIG)
        # It may have addresses of the other family alone. To have none is another thing, and not the vantage's fault.
        if not isinstance(found, StepError) or found.kind != "unresolved":
            return found
    return _looked_up(host, family, 0)


def _looked_up(host: str, family: str, flags: int) -> t.Union[t.List[Address], StepError]:
    try:
        found = socket.getaddrinfo(host, None, _FAMILIES[family], socket.SOCK_STREAM, 0, flags | socket.AI_CANONNAME)
    except socket.gaierror as error:
        if error.errno in _NO_SUCH_NAME:
            wanted = "address" if family == "any" else f"{'IPv4' if family == 'ipv4' else 'IPv6'} address"
            return StepError("unresolved", f"The name {host} has no {wanted}.")
        return StepError("resolver", f"The name {host} could not be looked up: {error.strerror}.")
    except UnicodeError:
        return StepError("unresolved", f"The name {host} is no valid host name.")
    completed = _completed(host, str(found[0][3]) if found else "")
    return list(
        dict.fromkeys(
            Address(str(entry[4][0]), "ipv6" if entry[0] == socket.AF_INET6 else "ipv4", completed)
            for entry in found
            if entry[0] in (socket.AF_INET, socket.AF_INET6)
        )
    )


def _completed(host: str, answered: str) -> t.Optional[str]:
    """The name that was found, where the resolver added to the given one: it is no name by itself."""
    name = answered.lower().rstrip(".")
    if host.endswith(".") or not name.startswith(f"{host.lower()}."):
        return None
    try:
        socket.getaddrinfo(f"{host}.", None, socket.AF_UNSPEC, socket.SOCK_STREAM)
    except socket.gaierror as error:
        return name if error.errno in _NO_SUCH_NAME else None
    # An alias of a longer name, as the providers of web servers have them.
    return None


@functools.lru_cache(maxsize=4096)
def address_literal(host: str) -> t.Optional[Address]:
    """The address itself, where the user wrote one: that of IP, or a UNIX domain socket's path as ``unix:/path``."""
    if host.startswith("unix:"):
        return Address(host[len("unix:") :], "unix")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return Address(str(address), f"ipv{address.version}")


def own_address(towards: str) -> t.Optional[str]:
    """The address that this host uses towards another; None where it has no way there. Connecting a UDP socket sends
    nothing."""
    family = socket.AF_INET6 if ":" in towards else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((towards, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return None
