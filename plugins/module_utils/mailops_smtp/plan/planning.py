# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From options to the plan of a whole call."""

from __future__ import annotations

import typing as t

from .addresses import address_of
from .lookups import read_hosts, read_nameservers
from .many import read_connections, read_file, read_repeat, read_retry
from .messages import oddities
from .moments import moment
from .options import CHECK_OPTIONS, OptionError, checked, redacted
from .proxies import read_proxy
from .records import Plan, Target
from .targets import Shared, read_target

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
        if values["targets"] is not None:
            raise OptionError("targets", [], "is empty", "name at least one target")
        raise OptionError("host", None, "is missing", "say what to test: host, or targets")
    via = values["via"]
    entries = [{"host": values["host"]}] if values["host"] is not None else values["targets"]
    shared: t.List[Shared] = []
    targets = tuple(
        read_target(
            entry, values, "host" if values["host"] is not None else f"targets[{position}]", default_helo_name, shared
        )
        for position, entry in enumerate(entries)
    )
    proxy = read_proxy(values["proxy"])
    if proxy is not None and (via is not None or elsewhere):
        raise OptionError("proxy", proxy.name, "does not go with via, whose jump host opens the connections", "drop it")
    if proxy is not None or via is not None or elsewhere:
        for target in targets:
            _refuse_what_others_decide(target, *(("the proxy", "proxy") if proxy else ("the jump host", "via")))
    if values["progress_file"] is not None and values["progress_file"] == values["evidence_file"]:
        raise OptionError("progress_file", values["progress_file"], "is evidence_file, too", "name another file")
    vantage = values["vantage"] or {}
    return Plan(
        targets=targets,
        via=via,
        proxy=proxy,
        vantage_name=vantage.get("name"),
        vantage_mode=vantage.get("mode") or "local",
        vantage_known={
            # An empty text is what a template gives that has nothing to say.
            name: None if vantage.get(name) == "" else vantage.get(name)
            for name in ("side", "network", "unfit", "clock_offset")
        },
        start_at=moment("start_at", values["start_at"]) if values["start_at"] is not None else None,
        asked=redacted({name: value for name, value in values.items() if name != "looked_up"}, CHECK_OPTIONS),
        warnings=tuple(_warnings(targets)),
        nameservers=read_nameservers(values["nameservers"]),
        resolve_at=values["resolve_at"],
        hosts=read_hosts(values["hosts"], [target.domain for target in targets if target.domain is not None]),
        looked_up=values["looked_up"],
        connections=read_connections(values["connections"]),
        repeat=read_repeat(values["repeat"], targets),
        retry=read_retry(values["retry"], targets),
        detail=values["detail"],
        evidence_file=read_file("evidence_file", values["evidence_file"]),
        progress_file=read_file("progress_file", values["progress_file"], replaced=True),
    )


def _refuse_what_others_decide(target: Target, whose: str, option: str) -> None:
    """What is up to whoever opens the connection, the jump host or the proxy, cannot be asked for."""
    if target.port is None:
        raise OptionError("host", target.host, f"is a socket file, which {option} does not lead to", f"drop {option}")
    if target.domain is not None and option == "proxy":
        raise OptionError(
            "targets",
            target.domain,
            f"is a mail domain, whose MX cannot be looked up where {whose} is",
            f"name its hosts, such as {{host: mx1.{target.domain}}}",
        )
    if target.source_address is not None:
        raise OptionError("source_address", target.source_address, f"is {whose}'s choice with {option}", "drop it")
    if target.address_family != "any" and target.host is not None and address_of(target.host) is None:
        raise OptionError(
            "address_family",
            target.address_family,
            f"is {whose}'s choice with {option}",
            "give the address as host",
        )
    announced = target.proxy_protocol
    if announced is not None and None in (announced.source, announced.source_port, announced.destination):
        raise OptionError(
            "proxy_protocol",
            announced.version,
            f"names the connection's addresses, which only {whose} knows with {option}",
            "give source, source_port and destination in proxy_protocol_addresses",
        )


def _warnings(targets: t.Sequence[Target]) -> t.Iterator[str]:
    dialogs = {id(target.dialog): target.dialog for target in targets}.values()
    addresses = {
        recipient.address
        for dialog in dialogs
        for envelope in dialog.envelopes
        if envelope.text is not None
        for recipient in envelope.recipients
    }
    for address in sorted(addresses):
        domain = address.rpartition("@")[2].lower()
        if any(domain == reserved or domain.endswith(f".{reserved}") for reserved in RESERVED_DOMAINS):
            yield f"The recipient {address} is in a domain reserved by RFC 2606: real servers refuse it."
    texts = [envelope.text for dialog in dialogs for envelope in dialog.envelopes if envelope.text is not None]
    yield from dict.fromkeys(oddity for text in texts for oddity in oddities(text))
