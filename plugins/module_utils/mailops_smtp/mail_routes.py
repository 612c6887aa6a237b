# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From domains to where their mail goes: look everything up, judge it, write it down. What ``run.py`` is to checks."""

from __future__ import annotations

import contextlib
import datetime
import socket
import time
import typing as t

from .evidence import SCHEMA_VERSION, Vantage
from .judge.mail_routes import judge_route
from .judge.verdicts import count, worst
from .names import name_servers
from .plan.mail_routes import RoutePlan, plan_routes
from .plan.options import OptionError
from .route.mail_exchangers import dnspython_trouble
from .vantage.jump_host import Streams, jump_host


def mail_routes(options: t.Mapping[str, t.Any], streams: t.Optional[Streams] = None) -> t.Dict[str, t.Any]:
    """Look up where mail goes, and return the facts in the shape of docs/facts.schema.json (``mail_routes``).

    :param options: by name, as ``plan.mail_routes.ROUTE_OPTIONS`` has them.
    :param streams: an open jump host to ask from; without it, ``via`` is logged in to for this call only.
    :raises OptionError: for anything wrong with the options, before anything is asked.
    :raises ImportError: where ``via`` is given and paramiko is missing.
    """
    planned = plan_routes(options)
    trouble = dnspython_trouble()
    if trouble is not None:
        raise OptionError(
            "domains",
            planned.domains[0],
            f"cannot be looked up without dnspython, which {trouble}",
            "install dnspython (Debian: python3-dnspython), or give resolve_at: controller",
        )
    started = time.time()
    with contextlib.ExitStack() as stack:
        if planned.resolve_at == "controller":
            streams = None
        elif streams is None and planned.via is not None:
            streams = stack.enter_context(_jump_host(planned.via))
        routes = _routes(planned, streams)
    vantage = _vantage(planned, streams)
    judged = [judge_route(route, vantage.name) for route in routes]
    verdicts = [route["verdict"] for route in judged]
    return {
        "schema_version": SCHEMA_VERSION,
        "started_at": _moment(started),
        "finished_at": _moment(time.time()),
        "vantage": vantage.as_dict(),
        "asked": dict(planned.asked),
        "routes": judged,
        "verdict": worst(verdicts),
        "counts": count(verdicts),
        "summary": _summary(judged),
    }


def _routes(planned: RoutePlan, streams: t.Optional[Streams]) -> t.List[t.Dict[str, t.Any]]:
    # dnspython and asyncio take their time to import, and are needed only here.
    from .route.lookup import Asking, look_up
    from .route.mail_route import Wishes
    from .route.resolver import Limits

    wishes = Wishes(
        checks=planned.checks,
        ports=planned.ports,
        selectors=planned.dkim_selectors,
        clients=planned.spf_addresses,
    )
    asking = Asking(
        servers=name_servers(planned.nameservers, streams),
        open_channel=streams.open_channel if streams is not None else None,
        limits=Limits(planned.query_seconds, planned.total_seconds),
        ca_path=planned.ca_path,
    )
    return look_up(planned.domains, wishes, asking)


@contextlib.contextmanager
def _jump_host(given: t.Mapping[str, t.Any]) -> t.Iterator[Streams]:
    # Nothing of SSH is imported before it is needed.
    from .vantage.via import ViaError

    try:
        with jump_host(given) as streams:
            yield streams
    except ViaError as error:
        raise OptionError(error.option, error.value, "cannot be used", error.remedy.rstrip(".")) from error


def _vantage(planned: RoutePlan, streams: t.Optional[Streams]) -> Vantage:
    if streams is not None:
        return Vantage(planned.vantage_name or streams.name, "ssh-channel")
    mode = "local" if planned.resolve_at == "controller" else planned.vantage_mode
    return Vantage(planned.vantage_name or socket.gethostname(), mode)


def _summary(routes: t.Sequence[t.Mapping[str, t.Any]]) -> str:
    if len(routes) == 1:
        return str(routes[0]["summary"])
    counts = count(route["verdict"] for route in routes)
    overview = ", ".join(f"{number} {verdict}" for verdict, number in reversed(list(counts.items())))
    worst_verdict = list(counts)[-1]
    first = next(route for route in routes if route["verdict"] == worst_verdict)
    return f"{len(routes)} domains: {overview}." + ("" if worst_verdict == "pass" else f" {first['summary']}")


def _moment(seconds: float) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
