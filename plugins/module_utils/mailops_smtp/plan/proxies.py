# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From options to what is said before SMTP begins."""

from __future__ import annotations

import typing as t

from .addresses import address_of, host_name, require_port
from .options import OptionError
from .records import Proxy, ProxyProtocol

_MAX_WORD_OCTETS = 255  # RFC 1929 2: user name and password each follow one octet that has their length


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


def read_proxy(given: t.Optional[t.Mapping[str, t.Any]]) -> t.Optional[Proxy]:
    if given is None:
        return None
    host = given["host"].strip("[]")
    if address_of(host) is None:
        host = host_name("proxy.host", host, "give its name or address")
    require_port("proxy.port", given["port"])
    username, password = given["username"], given["password"]
    if (username is None) != (password is None):
        missing = "password" if password is None else "username"
        raise OptionError(f"proxy.{missing}", None, "is missing", "give both username and password, or neither")
    if username is not None:
        _check_words(username, t.cast(str, password), given["type"])
    return Proxy(given["type"], host, given["port"], username, password)


def _check_words(username: str, password: str, kind: str) -> None:
    for name, word, shown in (("username", username, username), ("password", password, "(hidden)")):
        # RFC 7617 2: no control characters. SOCKS has no such rule, and no user such a password.
        if not word or not word.isprintable():
            raise OptionError(f"proxy.{name}", shown, "is empty or has a control character", "leave that out")
        if kind == "socks5" and len(word.encode("utf-8")) > _MAX_WORD_OCTETS:
            raise OptionError(f"proxy.{name}", shown, f"has more than {_MAX_WORD_OCTETS} octets", "shorten it")
    if kind == "http" and ":" in username:
        raise OptionError("proxy.username", username, "has a colon, which ends it in HTTP (RFC 7617)", "leave it out")


def _require_address(option: str, text: t.Optional[str]) -> None:
    if text is not None and address_of(text) is None:
        raise OptionError(option, text, "is no IP address", "give an address, not a name")
