# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The PROXY protocol: the first octets of a connection, by which a load balancer tells a server who the client is.

The specification is HAProxy's ``proxy-protocol.txt``. Version 1 is a line of text, version 2 is binary. The server
answers neither; one that expects no header takes it for a bad command.
"""

from __future__ import annotations

import ipaddress
import struct
import typing as t

SIGNATURE_V2 = b"\r\n\r\n\0\r\nQUIT\n"
_VERSION_2_PROXY = 0x21  # version 2, and the command PROXY: the addresses are a client's
_TCP_OVER = {4: 0x11, 6: 0x21}

Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
# Address and port. A socket knows its own, and for every other stream the plan demands them.
Place = t.Tuple[t.Any, t.Any]


class Announcement:
    """The header on its way to the server, and ``shown``, what the transcript has of it."""

    phase = "proxy"
    error_when_late = "silent"  # of evidence.ERROR_KINDS

    def __init__(self, version: str, source: Place, destination: Place) -> None:
        """
        :param version: ``v1`` or ``v2``.
        :param source: the client's address and port, as the server is to believe them.
        :param destination: where that client connected to.
        """
        addresses = _of_one_family(_address(source[0]), _address(destination[0]))
        ports = source[1], destination[1]
        line = f"TCP{addresses[0].version} {addresses[0]} {addresses[1]} {ports[0]} {ports[1]}"
        if version == "v1":
            self.shown = f"PROXY {line}"
            self._unsent = f"{self.shown}\r\n".encode("ascii")
        else:
            self.shown = f"<PROXY v2: {line}>"
            body = addresses[0].packed + addresses[1].packed + struct.pack("!HH", *ports)
            family = _TCP_OVER[addresses[0].version]
            self._unsent = SIGNATURE_V2 + struct.pack("!BBH", _VERSION_2_PROXY, family, len(body)) + body

    @property
    def wants_write(self) -> bool:
        return bool(self._unsent)

    def advance(self, stream: t.Any) -> bool:
        """Go on sending: True when all of it is out.

        :raises OSError: the stream is lost.
        """
        try:
            while self._unsent:
                self._unsent = self._unsent[stream.send(self._unsent) :]
        except BlockingIOError:
            return False
        return True


def _address(text: str) -> Address:
    # The zone of a link-local address means something only on the host that has it (RFC 4007 11.2).
    return ipaddress.ip_address(text.partition("%")[0])


def _of_one_family(source: Address, destination: Address) -> t.Tuple[Address, Address]:
    """One header has one family. Where they differ, HAProxy writes IPv4 as IPv4-mapped IPv6 (RFC 4291 2.5.5.2) too."""
    if source.version == destination.version:
        return source, destination
    return _as_ipv6(source), _as_ipv6(destination)


def _as_ipv6(address: Address) -> Address:
    return address if address.version == 6 else ipaddress.IPv6Address(f"::ffff:{address}")
