# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From options to the plan of a whole call."""

from __future__ import annotations

import typing as t

from .options import CHECK_OPTIONS, OptionError, checked, redacted
from .records import Plan, Target
from .targets import address_of, read_target

# RFC 2606 and RFC 6761: nobody receives mail there.
RESERVED_DOMAINS = ("test", "example", "invalid", "localhost", "example.com", "example.net", "example.org")


def plan(given: t.Mapping[str, t.Any], default_helo_name: str, elsewhere: bool = False) -> Plan:
    """Turn options into a plan.

    :param given: the options by name, as ``CHECK_OPTIONS`` has them.
    :param default_helo_name: how the vantage calls itself where ``helo_name`` is not given.
    :param elsewhere: the connections start from a jump host, though ``via`` does not say so.
    :raises OptionError: for anything that is not right.
    """
    values = checked(given, CHECK_OPTIONS)
    if values["host"] is not None and values["targets"] is not None:
        raise OptionError("host", values["host"], "stands beside targets", "give one of the two")
    if values["host"] is None and not values["targets"]:
        raise OptionError("host", values["host"], "leaves nothing to check", "give host, or targets")
    via = values["via"]
    entries = [{"host": values["host"]}] if values["host"] is not None else values["targets"]
    targets = tuple(
        read_target(entry, values, "host" if values["host"] is not None else f"targets[{position}]", default_helo_name)
        for position, entry in enumerate(entries)
    )
    if via is not None or elsewhere:
        for target in targets:
            _refuse_what_a_jump_host_decides(target)
    vantage = values["vantage"] or {}
    return Plan(
        targets=targets,
        via=via,
        vantage_name=vantage.get("name"),
        vantage_mode=vantage.get("mode") or "local",
        asked=redacted(values, CHECK_OPTIONS),
        warnings=tuple(_warnings(targets)),
    )


def _refuse_what_a_jump_host_decides(target: Target) -> None:
    if target.domain is not None:
        raise OptionError(
            "targets",
            target.domain,
            "is a mail domain, whose MX cannot be looked up through an SSH channel",
            f"name its hosts, such as {{host: mx1.{target.domain}}}",
        )
    if target.source_address is not None:
        raise OptionError("source_address", target.source_address, "is the jump host's choice with via", "drop it")
    if target.address_family != "any" and target.host is not None and address_of(target.host) is None:
        raise OptionError(
            "address_family", target.address_family, "is the jump host's choice with via", "give the address as host"
        )
    announced = target.proxy_protocol
    if announced is not None and None in (announced.source, announced.source_port, announced.destination):
        raise OptionError(
            "proxy_protocol",
            announced.version,
            "names the connection's addresses, which only the jump host knows with via",
            "give source, source_port and destination in proxy_protocol_addresses",
        )


def _warnings(targets: t.Sequence[Target]) -> t.Iterator[str]:
    addresses = {
        recipient.address for target in targets if target.message is not None for recipient in target.dialog.recipients
    }
    for address in sorted(addresses):
        domain = address.rpartition("@")[2].lower()
        if any(domain == reserved or domain.endswith(f".{reserved}") for reserved in RESERVED_DOMAINS):
            yield f"The recipient {address} is in a domain reserved by RFC 2606: real servers refuse it."
