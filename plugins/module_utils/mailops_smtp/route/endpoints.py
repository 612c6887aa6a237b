# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From targets to endpoints: every address of every host, each to be checked by itself; each name looked up once."""

from __future__ import annotations

import time
import typing as t

from ..evidence import Endpoint, StepError
from .addresses import Address, address_literal, addresses, own_address
from .mail_exchangers import MailExchanger, failure, mail_exchangers

# getaddrinfo blocks, so names are looked up in threads; a slow name server must not delay the other names much.
LOOKUPS_AT_ONCE = 20

_Question = t.Tuple[t.Any, ...]  # the arguments of a look-up
Facts = t.Mapping[str, t.Any]


class Known(t.NamedTuple):
    """What is known of names without asking here: the routes of mail ``domains`` and the facts of ``hosts``, both by
    name; and the ``overrides`` by which names lead elsewhere, on the user's word."""

    domains: t.Mapping[str, Facts] = {}
    hosts: t.Mapping[str, Facts] = {}
    overrides: t.Mapping[str, t.Any] = {}


if t.TYPE_CHECKING:
    import concurrent.futures

_NOTHING = Known()


class _LookUp(t.NamedTuple):
    """What was found, a list, or the StepError that says why nothing was; and how many seconds that took."""

    answer: t.Any
    seconds: float


_OUT_OF_SIGHT = _LookUp([(None, None, None)], 0.0)


class Destination(t.NamedTuple):
    """Where one check goes, or, with ``error``, why it has nowhere to go, which took ``seconds`` to find out."""

    endpoint: Endpoint
    error: t.Optional[StepError] = None
    seconds: float = 0.0


def destinations(
    targets: t.Sequence[t.Any], known: Known = _NOTHING, beyond: bool = False
) -> t.List[t.List[Destination]]:
    """For each target of the plan its destinations.

    :param beyond: the names that are not known are resolved by whoever opens the connections, out of our sight.
    """
    exchangers = [_exchangers(target, known) for target in targets]
    unknown = [
        (exchanger.host, target.address_family)
        for target, found in zip(targets, exchangers)
        if not isinstance(found.answer, StepError)
        for exchanger in found.answer
        if not _is_known(exchanger.host, known)
    ]
    resolved: t.Dict[_Question, _LookUp] = {}
    names = []
    for question in dict.fromkeys(unknown):
        literal = address_literal(question[0])
        if literal is not None:
            resolved[question] = _LookUp([literal], 0.0)
        elif beyond:
            resolved[question] = _OUT_OF_SIGHT
        else:
            names.append(question)
    if names:
        # It takes its time to import, logging along with it, and whoever gives addresses has no use for it.
        import concurrent.futures

        with concurrent.futures.ThreadPoolExecutor(LOOKUPS_AT_ONCE) as threads:
            resolved.update(_ask_once(threads, addresses, names))
    return [list(_destinations(target, found, known, resolved, beyond)) for target, found in zip(targets, exchangers)]


def _exchangers(target: t.Any, known: Known) -> _LookUp:
    """The hosts of a target."""
    if target.domain is None:
        return _LookUp([MailExchanger(target.host, None, "given")], 0.0)
    override = known.overrides.get(target.domain.lower())
    if override is not None:
        return _LookUp([MailExchanger(place.host, None, "override", place.port) for place in override], 0.0)
    route = known.domains[target.domain.lower()]
    found = mail_exchangers(route)
    return _LookUp(found if isinstance(found, StepError) else found[: target.mx], route["seconds"])


def _is_known(host: str, known: Known) -> bool:
    return host.lower() in known.overrides or host.lower() in known.hosts


def _ask_once(
    threads: concurrent.futures.Executor, ask: t.Callable[..., t.Any], questions: t.Iterable[_Question]
) -> t.Dict[_Question, _LookUp]:
    """The answer to each question."""
    asked = {question: threads.submit(_look_up, ask, question) for question in questions}
    try:
        return {question: future.result() for question, future in asked.items()}
    finally:
        # An interrupted run does not wait for the names that nobody has begun to look up.
        for future in asked.values():
            future.cancel()


def _look_up(ask: t.Callable[..., t.Any], question: _Question) -> _LookUp:
    started = time.monotonic()
    answer = ask(*question)
    return _LookUp(answer, time.monotonic() - started)


def _destinations(
    target: t.Any, exchangers: _LookUp, known: Known, resolved: t.Mapping[_Question, _LookUp], beyond: bool
) -> t.Iterator[Destination]:
    if isinstance(exchangers.answer, StepError):
        nowhere = Endpoint(target.domain, None, None, target.port, "mx")
        yield Destination(nowhere, exchangers.answer, exchangers.seconds)
        return
    for host in exchangers.answer:
        port = host.port if host.port is not None else target.port
        if host.host.lower() in known.overrides:
            host = host._replace(source="override")
        if _is_known(host.host, known):
            found = _LookUp(_known_addresses(host.host, target.address_family, known, beyond), exchangers.seconds)
        else:
            found = resolved[(host.host, target.address_family)]
        if isinstance(found.answer, StepError):
            nowhere = Endpoint(host.host, None, None, port, host.source, host.preference)
            yield Destination(nowhere, found.answer, found.seconds)
            continue
        for address, family, name in found.answer:
            yield Destination(Endpoint(host.host, address, family, port, host.source, host.preference, name))


def _known_addresses(host: str, family: str, known: Known, beyond: bool) -> t.Union[t.List[Address], StepError]:
    """As ``addresses``, from what is known already."""
    override = known.overrides.get(host.lower())
    if override is not None:
        found = [t.cast(Address, address_literal(place.host)) for place in override]
    else:
        facts = known.hosts[host.lower()]
        if facts["status"] == "literal":
            return StepError("unresolved", f"The MX record names the address {host} and no host.")
        if facts["status"] not in ("found", "nodata", "nxdomain"):
            return failure(facts["status"], f"The name {host} could not be looked up: {facts['detail']}")
        found = [Address(entry["address"], entry["family"]) for entry in facts["addresses"]]
    fitting = [address for address in found if family in ("any", address.family)]
    if not fitting:
        wanted = "address" if family == "any" else f"{'IPv4' if family == 'ipv4' else 'IPv6'} address"
        return StepError("unresolved", f"The name {host} has no {wanted}.")
    if family == "any" and not beyond:
        # To try a family that the vantage has no way for would test the vantage and not the target.
        return [address for address in fitting if own_address(address.address)] or fitting
    return fitting
