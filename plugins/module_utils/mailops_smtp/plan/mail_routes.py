# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What can be asked about where mail goes: the options that checks and look-ups share, and those of look-ups alone."""

from __future__ import annotations

import re
import typing as t

from .addresses import address_of, host_name, require_port
from .lookups import read_nameservers
from .options import CHECK_OPTIONS, LOOKUP_OPTIONS, OptionError, checked, redacted

# Each of these costs questions, so that somebody with a thousand domains may want fewer of them.
CHECKS = ["ptr", "tlsa", "spf", "dmarc", "dkim", "mta_sts", "tls_rpt", "bimi", "authority"]
# DKIM keys are found only by the names that mail mentions.
USUAL_CHECKS = [check for check in CHECKS if check != "dkim"]

ROUTE_OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "domains": {"type": "list", "elements": "str", "required": True, "aliases": ["domain"]},
    "checks": {"type": "list", "elements": "str", "choices": CHECKS, "default": USUAL_CHECKS},
    "dkim_selectors": {"type": "list", "elements": "str"},
    "spf_addresses": {"type": "list", "elements": "str"},
    "ports": {"type": "list", "elements": "int", "default": [25]},
    **LOOKUP_OPTIONS,
    "timeouts": {
        "type": "dict",
        "options": {
            "query": {"type": "float", "default": 3.0},
            "total": {"type": "float", "default": 12.0},
        },
    },
    "ca_path": {"type": "path"},
    "via": CHECK_OPTIONS["via"],
    "vantage": {
        "type": "dict",
        "options": {
            "name": {"type": "str"},
            "mode": {"type": "str", "choices": ["local", "managed"]},
        },
    },
}

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


class RoutePlan(t.NamedTuple):
    """``domains`` in their ASCII form. ``query_seconds`` for one question to one server, ``total_seconds`` for one
    question to all of them."""

    domains: t.Tuple[str, ...]
    checks: t.FrozenSet[str]
    dkim_selectors: t.Tuple[str, ...]
    spf_addresses: t.Tuple[str, ...]
    ports: t.Tuple[int, ...]
    nameservers: t.Tuple[str, ...]
    resolve_at: str
    query_seconds: float
    total_seconds: float
    ca_path: t.Optional[str]
    via: t.Optional[t.Mapping[str, t.Any]]
    vantage_name: t.Optional[str]
    vantage_mode: str
    asked: t.Mapping[str, t.Any]


def plan_routes(given: t.Mapping[str, t.Any]) -> RoutePlan:
    """:raises OptionError: for anything that is not right."""
    values = checked(given, ROUTE_OPTIONS)
    if not values["domains"]:
        raise OptionError("domains", values["domains"], "names nobody", "give at least one mail domain")
    domains = tuple(mail_domain(f"domains[{index}]", name) for index, name in enumerate(values["domains"]))
    selectors = tuple(_selector(f"dkim_selectors[{n}]", name) for n, name in enumerate(values["dkim_selectors"] or []))
    checks = frozenset(values["checks"]) | ({"dkim"} if selectors else set())
    if "dkim" in checks and not selectors:
        raise OptionError(
            "checks", "dkim", "needs selectors", "give dkim_selectors, as the mail's signatures name them"
        )
    clients = tuple(_address(f"spf_addresses[{n}]", text) for n, text in enumerate(values["spf_addresses"] or []))
    if clients and "spf" not in checks:
        raise OptionError("spf_addresses", list(clients), "ask for what checks leaves out", "add spf to checks")
    for index, port in enumerate(values["ports"]):
        require_port(f"ports[{index}]", port)
    seconds = {
        name: values["timeouts"][name] if values["timeouts"] else spec["default"]
        for name, spec in ROUTE_OPTIONS["timeouts"]["options"].items()
    }
    for name, value in seconds.items():
        if not 0 < value <= 600:
            raise OptionError(f"timeouts.{name}", value, "is no usable time limit", "give seconds, up to 600")
    vantage = values["vantage"] or {}
    return RoutePlan(
        domains=tuple(dict.fromkeys(domains)),
        checks=checks,
        dkim_selectors=selectors,
        spf_addresses=clients,
        ports=tuple(dict.fromkeys(values["ports"])),
        nameservers=read_nameservers(values["nameservers"]),
        resolve_at=values["resolve_at"],
        query_seconds=seconds["query"],
        total_seconds=seconds["total"],
        ca_path=values["ca_path"],
        via=values["via"],
        vantage_name=vantage.get("name"),
        vantage_mode=vantage.get("mode") or "local",
        asked=redacted(values, ROUTE_OPTIONS),
    )


def mail_domain(option: str, written: str) -> str:
    """A domain in its ASCII form. What stands behind the @ of an address is one."""
    remedy = "write the domain of a mail address, such as contoso.com"
    if address_of(written.strip("[]")) is not None:
        raise OptionError(option, written, "is an address, which has no MX records", remedy)
    if "@" in written or ":" in written or "/" in written:
        raise OptionError(option, written, "is no mail domain", remedy)
    return host_name(option, written, remedy).lower().rstrip(".")


def _selector(option: str, written: str) -> str:
    if not all(_LABEL.fullmatch(label) for label in written.split(".")) or len(written) > 100:
        raise OptionError(option, written, "is no DKIM selector", "write what s= of a DKIM signature says")
    return written.lower()


def _address(option: str, written: str) -> str:
    address = address_of(written)
    if address is None:
        raise OptionError(option, written, "is no IP address", "write the address that mail is sent from")
    return str(address)
