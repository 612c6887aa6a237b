# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From options to the client that XCLIENT and XFORWARD speak for."""

from __future__ import annotations

import ipaddress
import typing as t

from ..dialog import commands
from .addresses import address_of
from .options import OptionError
from .records import ClientAttributes

# XCLIENT_README and XFORWARD_README: what is not known, for good or for now.
UNKNOWN = ("[UNAVAILABLE]", "[TEMPUNAVAIL]")

_CHOICES = {"PROTO": ("SMTP", "ESMTP"), "SOURCE": ("LOCAL", "REMOTE")}


def read_client_attributes(options: t.Mapping[str, t.Any], name: str, prefix: str) -> ClientAttributes:
    """The attributes of the option ``name``, ``xclient`` or ``xforward``, in the order in which they were given."""
    given = {attribute: value for attribute, value in (options[name] or {}).items() if value is not None}
    if options[name] is not None and not given:
        raise OptionError(f"{prefix}{name}", options[name], "says nothing of the client", "give at least addr")
    attributes = tuple(
        (attribute.upper(), _value(attribute.upper(), value, f"{prefix}{name}.{attribute}"))
        for attribute, value in given.items()
    )
    line = (commands.xclient if name == "xclient" else commands.xforward)(attributes)
    if len(line.wire) > commands.MAX_COMMAND_OCTETS:
        raise OptionError(
            f"{prefix}{name}", given, f"makes a line of more than {commands.MAX_COMMAND_OCTETS} octets", "shorten it"
        )
    return attributes


def _value(attribute: str, written: str, option: str) -> str:
    if written.upper() in UNKNOWN:
        return written.upper()
    if attribute in ("ADDR", "DESTADDR"):
        return _address(written, option)
    if attribute in ("PORT", "DESTPORT") and not (written.isdigit() and written.isascii() and int(written) <= 65535):
        raise OptionError(option, written, "is no port number", f"give 0 to 65535, or {UNKNOWN[0]}")
    choices = _CHOICES.get(attribute)
    if choices is not None:
        if written.upper() not in choices:
            raise OptionError(option, written, "is not known there", f"give {', '.join((*choices, UNKNOWN[0]))}")
        return written.upper()
    try:
        commands.refuse_controls(written)
    except commands.CommandError as error:
        raise OptionError(option, written, str(error), "leave it out") from error
    if not written:
        raise OptionError(option, written, "is empty", f"give {UNKNOWN[0]} for what is not known")
    return written


def _address(written: str, option: str) -> str:
    without_zone, zone_sign, _zone = written.strip("[]").partition("%")
    address = address_of(without_zone)
    if address is None:
        raise OptionError(option, written, "is no IP address", f"give an address, or {UNKNOWN[0]}")
    if zone_sign:
        # RFC 4007 11.2
        raise OptionError(option, written, "has a zone, which only the host itself knows", "drop what begins with %")
    return f"IPV6:{address}" if isinstance(address, ipaddress.IPv6Address) else str(address)
