# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Asks name servers, one question once in a run, and says what became of it.

Written on dnspython's messages and not on its resolver, which drops what an expert needs: which server said what, the
AD bit, SERVFAIL told from a timeout, and a bogus zone told from a broken one (by asking again with checking disabled).

Nearly all questions are answered by the first datagram: that goes without a task of its own. Whatever else comes, or
does not come, is left to ``_ask_servers``, which also knows the other servers, TCP and servers without EDNS.
"""

from __future__ import annotations

import asyncio
import collections
import functools
import time
import typing as t

try:
    import dns.exception
    import dns.flags
    import dns.rcode
except ImportError:
    # Without dnspython nobody asks: mail_routes.py has said so before.
    pass

from .answers import Answer, Trouble
from .datagrams import Heard
from .exchange import Transport
from .messages import MAX_ALIASES, Question, bogus, fits, is_authoritative, is_cut, read, refusal, text, whole
from .name_servers import NameServer, NameServers

QUESTIONS_AT_ONCE = 100

# Once more where nothing came: UDP may lose a datagram, and a server may be down for a moment.
ROUNDS = 2
_WORTH_ANOTHER_ROUND = ("timeout",)

_Asked = t.Tuple[Question, "asyncio.Future[Answer]"]


class Limits(t.NamedTuple):
    """Seconds: for one question to one server, and for one question to all of them."""

    timeout: float = 3.0
    lifetime: float = 12.0


class Resolver:
    """One run's questions. Of one loop; ``close`` when it is over."""

    def __init__(self, servers: NameServers, transport: Transport, limits: Limits = Limits()) -> None:  # noqa: B008
        self.servers = servers
        self.limits = limits
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._asked: t.Dict[t.Tuple[str, str], asyncio.Future[Answer]] = {}
        self._waiting: t.Deque[_Asked] = collections.deque()
        self._under_way = 0
        self._tasks: t.Set[asyncio.Task[Answer]] = set()
        # The zone's own servers are not among those that the user named, and are asked beside them.
        self._own_at_once = asyncio.Semaphore(QUESTIONS_AT_ONCE)
        # Where nobody has ever answered, thousands of questions need not wait for it one after the other.
        self._anybody_there = False
        self._in_vain = 0
        # Servers that have not answered are asked last from then on, so that a dead one costs its time only once.
        self._silent: t.Set[NameServer] = set()

    def ask(self, name: str, kind: str) -> asyncio.Future[Answer]:
        """The records of a name, which is complete (no search list), in its ASCII form. Not to be cancelled: others may
        wait for the same answer."""
        key = (name.lower().rstrip("."), kind)
        answer = self._asked.get(key)
        if answer is None:
            answer = self._asked[key] = self._loop.create_future()
            try:
                self._waiting.append((Question(name, kind), answer))
            except dns.exception.DNSException as error:
                words = f"{name[:80]} is no name that the DNS can hold: {error}"
                answer.set_result(Answer("invalid", detail=words))
            self._begin()
        return answer

    async def validates(self) -> t.Optional[bool]:
        """Whether the answers are validated: the root is signed, so whoever validates says that it is secure. None
        where nobody answered."""
        return (await self.ask(".", "SOA")).secure

    async def ask_server(self, server: NameServer, name: str, kind: str) -> Answer:
        """What one authoritative server says of its own (no recursion); ``secure`` is whether it is authoritative."""
        question = Question(name, kind)
        question.flags &= ~(dns.flags.RD | dns.flags.AD)
        try:
            async with self._own_at_once:
                octets, answer = await self._exchange(server, question, self.limits.timeout)
            if answer is None:
                raise Trouble(*refusal(server, whole(octets, server)))
        except Trouble as trouble:
            return Answer(trouble.status, server=str(server), detail=trouble.detail)
        return answer._replace(secure=is_authoritative(octets))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._transport.close()

    def _begin(self) -> None:
        """As many questions as may be under way."""
        while self._waiting and self._under_way < QUESTIONS_AT_ONCE:
            question, answer = self._waiting.popleft()
            if self._in_vain >= QUESTIONS_AT_ONCE and not self._anybody_there:
                words = f"no name server has answered any of {self._in_vain} questions before"
                answer.set_result(
                    Answer("timeout", detail=f"{words} (name servers according to {self.servers.source})")
                )
                continue
            self._under_way += 1
            server = self._in_order()[0] if self.servers.servers else None
            if self._transport.datagrams is None or server is None:
                self._take_time(question, answer, None, time.monotonic())
                continue
            heard = functools.partial(self._heard, question, answer, server, time.monotonic())
            self._transport.datagrams.send(server, question.to_wire(), self.limits.timeout, fits, heard)

    def _in_order(self) -> t.Sequence[NameServer]:
        servers = self.servers.servers
        return sorted(servers, key=self._silent.__contains__) if self._silent else servers

    def _heard(
        self, question: Question, answer: asyncio.Future[Answer], server: NameServer, since: float, heard: Heard
    ) -> None:
        if not isinstance(heard, Trouble) and not is_cut(heard):
            try:
                found = read(heard, question, server)
            except Trouble:
                # It is read once more below, where there are other servers to turn to.
                found = None
            if found is not None:
                self._silent.discard(server)
                self._settle(answer, found)
                return
        self._take_time(question, answer, (server, heard), since)

    def _settle(self, answer: asyncio.Future[Answer], found: Answer) -> None:
        self._under_way -= 1
        if found.status in ("timeout", "unreachable"):
            self._in_vain += 1
        else:
            self._anybody_there = True
        if not answer.done():
            answer.set_result(found)
        self._begin()

    def _take_time(
        self,
        question: Question,
        answer: asyncio.Future[Answer],
        heard: t.Optional[t.Tuple[NameServer, Heard]],
        since: float,
    ) -> None:
        task = self._loop.create_task(self._ask_servers(question, heard, since))
        self._tasks.add(task)
        task.add_done_callback(functools.partial(self._took_time, answer))

    def _took_time(self, answer: asyncio.Future[Answer], task: asyncio.Task[Answer]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            answer.cancel()
        elif task.exception() is None:
            self._settle(answer, task.result())
        elif not answer.done():
            # A mistake of ours: whoever waits for the answer learns of it, instead of waiting for ever.
            answer.set_exception(t.cast(BaseException, task.exception()))

    async def _ask_servers(
        self, question: Question, heard: t.Optional[t.Tuple[NameServer, Heard]], since: float
    ) -> Answer:
        """:param heard: what the first of them has said already, or how it failed."""
        if not self.servers.servers:
            return Answer("tunnel", detail=self.servers.problem)
        until = since + self.limits.lifetime
        troubles: t.Dict[NameServer, Trouble] = {}
        for _round in range(ROUNDS):
            order = [heard[0], *self._in_order()] if heard is not None else self._in_order()
            for server in dict.fromkeys(order):
                if server in troubles and troubles[server].status not in _WORTH_ANOTHER_ROUND:
                    continue
                left = until - time.monotonic()
                if left <= 0:
                    break
                first = heard[1] if heard is not None else None
                heard = None
                try:
                    return await self._ask_one(server, question, min(left, self.limits.timeout), first)
                except Trouble as trouble:
                    troubles[server] = trouble
                    if trouble.status in ("timeout", "unreachable"):
                        self._silent.add(server)
        return self._without_answer(troubles)

    def _without_answer(self, troubles: t.Mapping[NameServer, Trouble]) -> Answer:
        """What most tells why: a server that said something, before one that was silent."""
        order = ("alias_loop", "servfail", "refused", "malformed", "timeout", "unreachable", "tunnel")
        status = min((trouble.status for trouble in troubles.values()), key=order.index)
        detail = "; ".join(dict.fromkeys(trouble.detail for trouble in troubles.values()))
        return Answer(status, detail=f"{detail} (name servers according to {self.servers.source})")

    async def _ask_one(
        self, server: NameServer, question: Question, timeout: float, heard: t.Optional[Heard] = None
    ) -> Answer:
        """:raises Trouble: no answer from this one."""
        octets, answer = await self._exchange(server, question, timeout, heard)
        if answer is not None:
            self._silent.discard(server)
            return answer
        reply = whole(octets, server)
        if reply.rcode() == dns.rcode.SERVFAIL:
            if await self._answers_unchecked(server, question, timeout):
                return Answer("bogus", server=str(server), detail=bogus(server, question, reply))
            loop = await self._alias_loop(server, question.name, timeout)
            if loop is not None:
                raise Trouble("alias_loop", f"the aliases lead in a circle: {' -> '.join(loop)}")
        raise Trouble(*refusal(server, reply))

    async def _answers_unchecked(self, server: NameServer, question: Question, timeout: float) -> bool:
        """Whether there is an answer with checking disabled (RFC 4035 3.2.2)."""
        unchecked = Question(question.name, question.kind)
        unchecked.flags |= dns.flags.CD
        try:
            return (await self._exchange(server, unchecked, timeout))[1] is not None
        except Trouble:
            return False

    async def _alias_loop(self, server: NameServer, name: str, timeout: float) -> t.Optional[t.List[str]]:
        """The circle that aliases lead in, followed by hand: many resolvers only say SERVFAIL to it."""
        names = [name]
        for _step in range(MAX_ALIASES):
            question = Question(names[-1], "CNAME")
            try:
                _octets, answer = await self._exchange(server, question, timeout)
            except Trouble:
                return None
            if answer is None or not answer.found:
                return None
            target = text(answer.records[0].target)
            names.append(target)
            if target in names[:-1]:
                return names
        return names

    async def _exchange(
        self, server: NameServer, question: Question, timeout: float, heard: t.Optional[Heard] = None
    ) -> t.Tuple[bytes, t.Optional[Answer]]:
        """The message that answers the question, and what it says: over UDP, then over TCP where it was cut, and
        without EDNS where the server does not know that."""
        octets = await self._carry(server, question, timeout, heard)
        answer = read(octets, question, server)
        if answer is None and question.edns:
            code = whole(octets, server).rcode()
            if code in (dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS):
                question.edns = False
                octets = await self._carry(server, question, timeout)
                answer = read(octets, question, server)
        return octets, answer

    async def _carry(
        self, server: NameServer, question: Question, timeout: float, heard: t.Optional[Heard] = None
    ) -> bytes:
        """:param heard: what the question over UDP has come to already."""
        if isinstance(heard, Trouble):
            raise heard
        octets = question.to_wire()
        if self._transport.datagrams is not None:
            answer = heard or await self._transport.datagrams.ask(server, octets, timeout, fits)
            if not is_cut(answer):
                return answer
        answer = await self._transport.tcp(server, octets, timeout)
        if not fits(answer, octets):
            raise Trouble("malformed", f"{server} answered over TCP something that was not asked")
        if is_cut(answer):
            # Unbound does this to records that are too many for it. What is left must not be taken for all there is.
            raise Trouble("malformed", f"{server} cut its answer off even over TCP: there are too many records")
        return answer
