# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From options to what is said before SMTP begins."""

from __future__ import annotations

import ipaddress
import typing as t

from .options import OptionError
from .records import ProxyProtocol


def read_proxy_protocol(options: t.Mapping[str, t.Any], prefix: str) -> t.Optional[ProxyProtocol]:
    version = options["proxy_protocol"]
    given = options["proxy_protocol_addresses"] or {}
    if version is None:
        if given:
            shown = {name: value for name, value in given.items() if value is not None}
            raise OptionError(
                f"{prefix}proxy_protocol_addresses", shown, "has no effect without proxy_protocol", "give both"
            )
        return None
    addresses = ProxyProtocol(version, **given)
    for name in ("source", "destination"):
        _require_address(f"{prefix}proxy_protocol_addresses.{name}", given.get(name))
        require_port(f"{prefix}proxy_protocol_addresses.{name}_port", given.get(f"{name}_port"))
    return addresses


def require_port(option: str, port: t.Optional[int]) -> None:
    if port is not None and not 1 <= port <= 65535:
        raise OptionError(option, port, "is no port number", "give 1 to 65535")


def _require_address(option: str, text: t.Optional[str]) -> None:
    if text is None:
        return
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise OptionError(option, text, "is no IP address", "give an address, not a name") from None
