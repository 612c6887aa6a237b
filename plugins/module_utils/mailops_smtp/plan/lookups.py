# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Names: whom to ask for them, where they lead by the user's own word, and how much of the answer is wanted."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

from .addresses import address_of, host_name
from .options import OptionError
from .records import Override

# Connections that one balanced address gets at most, however many members keep showing up: see members.py.
MAX_MEMBERS = 20


def read_nameservers(written: t.Optional[t.Sequence[str]]) -> t.Tuple[str, ...]:
    """Addresses, with a port where it is not 53; each is read again where it is used."""
    if written is not None and not written:
        raise OptionError("nameservers", written, "names nobody", "give addresses, or leave it out")
    for index, text in enumerate(written or ()):
        bare = re.sub(r"^\[([^]]+)\](:[0-9]{1,5})?$|^([^:]+):[0-9]{1,5}$", r"\1\3", text)
        port = re.search(r"(?:\]|^[^:]+):([0-9]{1,5})$", text)
        if address_of(bare.partition("%")[0]) is None or (port and not 1 <= int(port.group(1)) <= 65535):
            raise OptionError(
                f"nameservers[{index}]", text, "is no address of a name server",
                "write 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353, since no name can be asked for it",
            )  # fmt: skip
    return tuple(dict.fromkeys(written or ()))


def read_mx(written: str, option: str) -> t.Optional[int]:
    """How many hosts of a domain: None for all."""
    if written in ("all", "first"):
        return None if written == "all" else 1
    if not re.fullmatch("[0-9]{1,3}", written) or int(written) < 1:
        raise OptionError(option, written, "is no number of hosts", "give first, all, or a number from 1")
    return int(written)


def read_members(wanted: t.Optional[int], host: t.Optional[str], option: str) -> t.Optional[int]:
    if wanted is None:
        return None
    if host is not None and host.startswith("unix:"):
        raise OptionError(option, wanted, "means nothing for a UNIX domain socket", "drop it")
    if not 1 <= wanted <= MAX_MEMBERS:
        raise OptionError(option, wanted, "is no number of repetitions", f"give 1 to {MAX_MEMBERS}")
    return wanted


def read_hosts(
    written: t.Optional[t.Mapping[str, t.Any]], domains: t.Sequence[str]
) -> t.Dict[str, t.Tuple[Override, ...]]:
    """``{name: where it leads}``: one of the ``domains`` to hosts in place of its MX, as in a transport map; any other
    name to addresses in place of its own, as in /etc/hosts."""
    known = {domain.lower() for domain in domains}
    overrides = {}
    for name, places in (written or {}).items():
        option = f"hosts.{name}"
        entries = [places] if isinstance(places, str) else places
        if not isinstance(entries, (list, tuple)) or not entries:
            raise OptionError(option, places, "leads nowhere", "give a host or address, or a list of them")
        key = host_name(option, str(name)).lower().rstrip(".")
        overrides[key] = tuple(_override(option, entry) for entry in entries)
        for entry, place in zip(entries, overrides[key]):
            if key not in known and (address_of(place.host) is None or place.port is not None):
                remedy = "give addresses alone, or make it a mail domain among the targets"
                raise OptionError(option, entry, "is no address, and the name is no target's mail domain", remedy)
    return overrides


def _override(option: str, written: t.Any) -> Override:
    """``host``, ``host:port``, ``[address]:port``, or as in a transport map ``[host]:port``."""
    text = str(written)
    remedy = "write a host or an address, with a port after a colon where it is another"
    if address_of(text) is not None:
        return Override(text)
    match = re.fullmatch(r"(?:\[([^]]+)\]|([^:\[\]]+))(?::([0-9]{1,5}))?", text)
    if match is None:
        raise OptionError(option, written, "is no place", remedy)
    host, port = match.group(1) or match.group(2), match.group(3)
    if port is not None and not 1 <= int(port) <= 65535:
        raise OptionError(option, written, "has no port number after the colon", remedy)
    if address_of(host) is None:
        host = host_name(option, host, remedy).lower().rstrip(".")
    return Override(host, int(port) if port is not None else None)


def mail_domains(targets: t.Optional[t.Sequence[t.Any]]) -> t.List[str]:
    """The mail domains among targets as they were written, before anything else of them is looked at."""
    found = []
    for entry in targets or ():
        domain = entry.get("domain") if isinstance(entry, Mapping) else entry
        if isinstance(domain, str) and ":" not in domain and address_of(domain) is None:
            found.append(host_name("targets", domain).lower().rstrip("."))
    return list(dict.fromkeys(found))
