# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Whom to ask: the name servers that the user named, or those of the place where the question is asked."""

from __future__ import annotations

import ipaddress
import re
import typing as t

DNS_PORT = 53
RESOLV_CONF = "/etc/resolv.conf"

# resolv.conf(5): further ones are ignored, and where there is none, one on the host itself is asked.
MAX_NAME_SERVERS = 3
MAX_SEARCH = 6
NOBODY_NAMED = "127.0.0.1"


class NameServer(t.NamedTuple):
    """``address`` may carry the zone of a link-local one: ``fe80::1%eth0``."""

    address: str
    port: int = DNS_PORT

    def __str__(self) -> str:
        shown = f"[{self.address}]" if ":" in self.address else self.address
        return self.address if self.port == DNS_PORT else f"{shown}:{self.port}"


class NameServers(t.NamedTuple):
    """``source`` says where the list comes from, for the facts and for error messages; ``problem`` why it is empty.
    ``search`` are the domains that other programs there add to names."""

    servers: t.Tuple[NameServer, ...]
    source: str
    problem: t.Optional[str] = None
    search: t.Tuple[str, ...] = ()


def name_server(written: str) -> t.Optional[NameServer]:
    """From ``address``, ``address:port`` or ``[address]:port``; None for anything else, a name too: whom should one
    ask for it?"""
    bracketed = re.fullmatch(r"\[([^]]+)\](?::([0-9]{1,5}))?", written)
    if bracketed:
        address, port = bracketed.groups()
    elif written.count(":") == 1:
        address, _colon, port = written.partition(":")
    else:
        address, port = written, None
    if port is not None and not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        return None
    try:
        ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return NameServer(address, int(port) if port is not None else DNS_PORT)


def configured(resolv_conf: t.Optional[str], whose: str) -> NameServers:
    """The name servers of a host, from the text of its resolv.conf, None where it has none.

    Names here are complete, and mail servers complete none, so nothing is ever added to a name that is asked for. What
    others would add is kept, to tell what that leads to."""
    found = []
    search: t.Tuple[str, ...] = ()
    for line in (resolv_conf or "").splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] in ("search", "domain"):
            # The last of these lines counts.
            domains = words[1:] if words[0] == "search" else words[1:2]
            search = tuple(domain.lower().strip(".") for domain in domains if domain.strip("."))[:MAX_SEARCH]
        if len(words) >= 2 and words[0] == "nameserver":
            server = name_server(f"[{words[1]}]" if ":" in words[1] else words[1])
            if server is not None:
                found.append(server)
    if found:
        servers = tuple(dict.fromkeys(found))[:MAX_NAME_SERVERS]
        return NameServers(servers, f"{RESOLV_CONF} of {whose}", search=search)
    nobody = f"nobody: {RESOLV_CONF} of {whose} names no name server"
    return NameServers((NameServer(NOBODY_NAMED),), nobody, search=search)


def named(written: t.Sequence[str]) -> NameServers:
    """Those that the user wrote, which the plan has checked."""
    return NameServers(tuple(filter(None, map(name_server, written))), "the option nameservers")


def of_this_host() -> NameServers:
    try:
        with open(RESOLV_CONF, encoding="utf-8", errors="replace") as file:
            text: t.Optional[str] = file.read(65536)
    except OSError:
        text = None
    return configured(text, "this host")
