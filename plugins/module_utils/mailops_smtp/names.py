# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What checks need to know of names before they begin: the routes of mail domains, and who is asked for them.

Apart from ``mail_routes``, since every check comes by here, and nearly none needs to look anything up.
"""

from __future__ import annotations

import typing as t

from .plan.lookups import mail_domains, read_nameservers
from .plan.options import OptionError
from .plan.records import Plan, Target
from .route.addresses import address_literal
from .route.endpoints import Known
from .route.mail_exchangers import dnspython_trouble
from .vantage.jump_host import Streams

if t.TYPE_CHECKING:
    from .route.name_servers import NameServers


def known_names(planned: Plan, streams: t.Optional[Streams]) -> Known:
    """What the checks of a plan need to know of names: the routes of its mail domains, and, where the user names whom
    to ask, the addresses of its hosts. Everything else is left to the system's resolver.

    :raises OptionError: dnspython is missing, and needed.
    """
    overrides = planned.hosts
    targets = [target for target in planned.targets if target.domain is not None]
    domains = list(dict.fromkeys(t.cast(str, target.domain).lower() for target in targets))
    domains = [domain for domain in domains if domain not in overrides]
    if planned.looked_up is not None:
        routes = dict(planned.looked_up)
        missing = next((domain for domain in domains if domain not in routes), None)
        if missing is not None:
            raise OptionError("looked_up", missing, "is not among the domains that were looked up", "leave it out")
        return Known(routes, _hosts_of(routes.values()), overrides)
    named_hosts = _named_hosts(planned)
    if not domains and not named_hosts:
        return Known(overrides=overrides)
    trouble = dnspython_trouble()
    if trouble is not None:
        raise OptionError(
            "targets" if domains else "nameservers",
            domains[0] if domains else list(planned.nameservers),
            f"needs dnspython to look up names, which {trouble}",
            "install dnspython (Debian: python3-dnspython), give resolve_at: controller, or name the host, "
            f"such as {{host: {f'mx1.{domains[0]}' if domains else named_hosts[0]}}}",
        )
    from .route.lookup import Asking, look_up_with_hosts
    from .route.mail_route import Wishes

    if planned.resolve_at == "controller":
        streams = None
    wishes = Wishes(frozenset(("tlsa", "mta_sts")), tuple(_tls_ports(planned.targets)), insecure_tlsa=False)
    asking = Asking(
        name_servers(planned.nameservers, streams),
        streams.open_channel if streams is not None else None,
        ca_path=next((target.tls.ca_path for target in targets if target.tls.ca_path is not None), None),
    )
    found, facts = look_up_with_hosts(domains, named_hosts, wishes, asking)
    return Known({route["domain"]: route for route in found}, {**_hosts_of(found), **facts}, overrides)


def mail_domains_of(planned: Plan, known: Known, vantage: str) -> t.List[t.Dict[str, t.Any]]:
    """What the DNS said of the plan's mail domains, for the judgement: the targets that are one, in their order."""
    return [
        {
            "vantage": vantage,
            "target": target.name,
            "domain": target.domain.lower(),
            "port": target.port,
            "route": known.domains.get(target.domain.lower()),
        }
        for target in planned.targets
        if target.domain is not None
    ]


def look_up_for_targets(
    targets: t.Any, nameservers: t.Any, hosts: t.Container[str], ca_path: t.Optional[str]
) -> t.Dict[str, t.Any]:
    """The routes of the mail domains among targets, for a vantage that cannot ask by itself: its ``looked_up``.

    :raises OptionError: a target, or whom to ask, is not written as it should be, or dnspython is missing here.
    """
    domains = [name for name in mail_domains(targets) if name not in (hosts or ())]
    if not domains:
        return {}
    trouble = dnspython_trouble()
    if trouble is not None:
        needs = f"needs dnspython on the controller, which {trouble}"
        raise OptionError("resolve_at", "controller", needs, "install dnspython there")
    from .route.lookup import Asking, look_up
    from .route.mail_route import Wishes

    ports = {entry.get("port") for entry in targets if isinstance(entry, t.Mapping)}
    wishes = Wishes(
        frozenset(("tlsa", "mta_sts")), (25, *(port for port in ports if isinstance(port, int))), insecure_tlsa=False
    )
    asking = Asking(name_servers(read_nameservers(nameservers), None), ca_path=ca_path)
    return {route["domain"]: {**route, "vantage": "controller"} for route in look_up(domains, wishes, asking)}


def _named_hosts(planned: Plan) -> t.List[str]:
    """The hosts to ask the named name servers for."""
    if not planned.nameservers:
        return []
    given = [target.host for target in planned.targets if target.host is not None]
    given += [place.host for places in planned.hosts.values() for place in places]
    names = [name.lower() for name in given if address_literal(name) is None and name.lower() not in planned.hosts]
    return list(dict.fromkeys(names))


def _hosts_of(routes: t.Iterable[t.Mapping[str, t.Any]]) -> t.Dict[str, t.Mapping[str, t.Any]]:
    return {host["host"].lower(): host for route in routes for host in route["mx"] if host["host"]}


def _tls_ports(targets: t.Sequence[Target]) -> t.Iterator[int]:
    """Where a certificate may be seen that TLSA records speak of."""
    ports = {target.port for target in targets if target.port is not None and target.dialog.protocol != "lmtp"}
    return iter(sorted(ports))


def name_servers(given: t.Sequence[str], streams: t.Optional[Streams]) -> NameServers:
    """Whom to ask: whom the user named, or else those of the place where the questions start."""
    from .route.name_servers import RESOLV_CONF, NameServers, configured, named, of_this_host
    from .vantage.files import NoWayThere, Unreadable

    if given:
        return named(given)
    if streams is None:
        return of_this_host()
    whose = f"{RESOLV_CONF} of {streams.name}"
    try:
        text = streams.read_file(RESOLV_CONF) if streams.read_file is not None else None
    except NoWayThere as error:
        # Whoever else is asked: there is no way to them either.
        return NameServers((), whose, str(error))
    except Unreadable as error:
        way_out = "name the servers with nameservers, or give resolve_at: controller"
        return NameServers((), whose, f"The name servers of {streams.name} are not known, {way_out}: {error}")
    return configured(text, streams.name)
