# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From targets to endpoints: every address of every host, each to be checked by itself; each name looked up once."""

from __future__ import annotations

import concurrent.futures
import typing as t

from ..evidence import Endpoint, StepError
from .addresses import Address, address_literal, addresses
from .mail_exchangers import MailExchanger, mail_exchangers

# getaddrinfo blocks, so names are looked up in threads; a slow name server must not delay the other names much.
LOOKUPS_AT_ONCE = 20

_Question = t.Tuple[t.Any, ...]  # the arguments of a look-up
_Answer = t.TypeVar("_Answer")
_Exchangers = t.Union[t.List[MailExchanger], StepError]
_Addresses = t.Union[t.List[Address], StepError]


class Destination(t.NamedTuple):
    """Where one check goes, or, with ``error``, why it has nowhere to go."""

    endpoint: Endpoint
    error: t.Optional[StepError]


def destinations(targets: t.Sequence[t.Any]) -> t.List[t.List[Destination]]:
    """For each target of the plan its destinations, looked up here."""
    with concurrent.futures.ThreadPoolExecutor(LOOKUPS_AT_ONCE) as threads:
        exchangers = _ask_once(
            threads, mail_exchangers, [(target.domain,) for target in targets if target.domain is not None]
        )
        hosts = [_hosts(target, exchangers) for target in targets]
        wanted = [
            (exchanger.host, target.address_family)
            for target, found in zip(targets, hosts)
            if not isinstance(found, StepError)
            for exchanger in found
        ]
        resolved = _ask_once(threads, addresses, wanted)
    return [_destinations(target, found, resolved) for target, found in zip(targets, hosts)]


def destinations_beyond(targets: t.Sequence[t.Any]) -> t.List[t.List[Destination]]:
    """For each target its destination where the names are resolved by a jump host, out of our sight."""
    found = []
    for target in targets:
        literal = address_literal(target.host)
        address, family = (literal.address, literal.family) if literal is not None else (None, None)
        found.append([Destination(Endpoint(target.host, address, family, target.port), None)])
    return found


def _ask_once(
    threads: concurrent.futures.Executor, ask: t.Callable[..., _Answer], questions: t.Iterable[_Question]
) -> t.Dict[_Question, _Answer]:
    """The answer to each different question."""
    asked = {question: threads.submit(ask, *question) for question in dict.fromkeys(questions)}
    return {question: future.result() for question, future in asked.items()}


def _hosts(target: t.Any, exchangers: t.Mapping[_Question, _Exchangers]) -> _Exchangers:
    if target.domain is not None:
        return exchangers[(target.domain,)]
    return [MailExchanger(target.host, None, "given")]


def _destinations(target: t.Any, hosts: _Exchangers, resolved: t.Mapping[_Question, _Addresses]) -> t.List[Destination]:
    if isinstance(hosts, StepError):
        return [Destination(Endpoint(target.domain, None, None, target.port, "mx"), hosts)]
    found = []
    for host in hosts:
        answer = resolved[(host.host, target.address_family)]
        if isinstance(answer, StepError):
            nowhere = Endpoint(host.host, None, None, target.port, host.source, host.preference)
            found.append(Destination(nowhere, answer))
            continue
        for address, family in answer:
            endpoint = Endpoint(host.host, address, family, target.port, host.source, host.preference)
            found.append(Destination(endpoint, None))
    return found
