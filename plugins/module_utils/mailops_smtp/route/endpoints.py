# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From targets to endpoints: every address of every host, each to be checked by itself; each name looked up once."""

from __future__ import annotations

import concurrent.futures
import time
import typing as t

from ..evidence import Endpoint, StepError
from .addresses import address_literal, addresses
from .mail_exchangers import MailExchanger, mail_exchangers

# getaddrinfo blocks, so names are looked up in threads; a slow name server must not delay the other names much.
LOOKUPS_AT_ONCE = 20

_Question = t.Tuple[t.Any, ...]  # the arguments of a look-up


class _LookUp(t.NamedTuple):
    """What was found, a list, or the StepError that says why nothing was; and how many seconds that took."""

    answer: t.Any
    seconds: float


class Destination(t.NamedTuple):
    """Where one check goes, or, with ``error``, why it has nowhere to go, which took ``seconds`` to find out."""

    endpoint: Endpoint
    error: t.Optional[StepError] = None
    seconds: float = 0.0


def destinations(targets: t.Sequence[t.Any]) -> t.List[t.List[Destination]]:
    """For each target of the plan its destinations, looked up here."""
    with concurrent.futures.ThreadPoolExecutor(LOOKUPS_AT_ONCE) as threads:
        domains = [(target.domain,) for target in targets if target.domain is not None]
        exchangers = _ask_once(threads, mail_exchangers, domains)
        hosts = [_hosts(target, exchangers) for target in targets]
        wanted = [
            (exchanger.host, target.address_family)
            for target, found in zip(targets, hosts)
            if not isinstance(found.answer, StepError)
            for exchanger in found.answer
        ]
        resolved = _ask_once(threads, addresses, wanted)
    return [list(_destinations(target, found, resolved)) for target, found in zip(targets, hosts)]


def destinations_beyond(targets: t.Sequence[t.Any]) -> t.List[t.List[Destination]]:
    """For each target its destination where the names are resolved by a jump host, out of our sight."""
    found = []
    for target in targets:
        literal = address_literal(target.host)
        address, family = (literal.address, literal.family) if literal is not None else (None, None)
        found.append([Destination(Endpoint(target.host, address, family, target.port))])
    return found


def _ask_once(
    threads: concurrent.futures.Executor, ask: t.Callable[..., t.Any], questions: t.Iterable[_Question]
) -> t.Dict[_Question, _LookUp]:
    """The answer to each different question."""
    known: t.Dict[_Question, _LookUp] = {}
    asked = {}
    for question in dict.fromkeys(questions):
        literal = address_literal(question[0]) if ask is addresses else None
        if literal is not None:
            # There is nothing to look up, so nothing to hand over to a thread.
            known[question] = _LookUp([literal], 0.0)
        else:
            asked[question] = threads.submit(_look_up, ask, question)
    try:
        return {**known, **{question: future.result() for question, future in asked.items()}}
    finally:
        # An interrupted run does not wait for the names that nobody has begun to look up.
        for future in asked.values():
            future.cancel()


def _look_up(ask: t.Callable[..., t.Any], question: _Question) -> _LookUp:
    started = time.monotonic()
    answer = ask(*question)
    return _LookUp(answer, time.monotonic() - started)


def _hosts(target: t.Any, exchangers: t.Mapping[_Question, _LookUp]) -> _LookUp:
    if target.domain is not None:
        return exchangers[(target.domain,)]
    return _LookUp([MailExchanger(target.host, None, "given")], 0.0)


def _destinations(target: t.Any, hosts: _LookUp, resolved: t.Mapping[_Question, _LookUp]) -> t.Iterator[Destination]:
    if isinstance(hosts.answer, StepError):
        yield Destination(Endpoint(target.domain, None, None, target.port, "mx"), hosts.answer, hosts.seconds)
        return
    for host in hosts.answer:
        found = resolved[(host.host, target.address_family)]
        if isinstance(found.answer, StepError):
            nowhere = Endpoint(host.host, None, None, target.port, host.source, host.preference)
            yield Destination(nowhere, found.answer, found.seconds)
            continue
        for address, family in found.answer:
            yield Destination(Endpoint(host.host, address, family, target.port, host.source, host.preference))
