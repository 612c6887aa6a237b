# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Asks name servers, one question once in a run, and says what became of it.

Written on dnspython's messages and not on its resolver, which drops what an expert needs: which server said what, the
AD bit, SERVFAIL told from a timeout, and a bogus zone told from a broken one (by asking again with checking disabled).
"""

from __future__ import annotations

import asyncio
import random
import struct
import time
import typing as t

try:
    import dns.edns
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.rcode
    import dns.rdataclass
    import dns.rdatatype
except ImportError:
    # Without dnspython nobody asks: mail_routes.py has said so before.
    pass

from .answers import FOUND, NO_DATA, NO_NAME, Answer, Trouble
from .exchange import Transport
from .name_servers import NameServer, NameServers

# RFC 9715: what passes every path unfragmented.
UDP_PAYLOAD = 1232
MAX_ALIASES = 12
QUESTIONS_AT_ONCE = 100

# Once more where nothing came: UDP may lose a datagram, and a server may be down for a moment.
ROUNDS = 2
_WORTH_ANOTHER_ROUND = ("timeout",)

# RFC 8914 2
_EXTENDED_ERROR = 15


_RANDOM = random.SystemRandom()


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
        self._asked: t.Dict[t.Tuple[str, str], asyncio.Task[Answer]] = {}
        self._at_once = asyncio.Semaphore(QUESTIONS_AT_ONCE)
        # Servers that have not answered are asked last from then on, so that a dead one costs its time only once.
        self._silent: t.Set[NameServer] = set()
        self._validates: t.Optional[asyncio.Task[t.Optional[bool]]] = None

    async def ask(self, name: str, kind: str) -> Answer:
        """The records of a name, which is complete (no search list), in its ASCII form."""
        key = (name.lower().rstrip("."), kind)
        if key not in self._asked:
            self._asked[key] = asyncio.ensure_future(self._ask(*key))
        return await asyncio.shield(self._asked[key])

    async def validates(self) -> t.Optional[bool]:
        """Whether the answers are validated: the root is signed, so whoever validates says that it is secure. None
        where nobody answered."""
        if self._validates is None:
            self._validates = asyncio.ensure_future(self._is_root_secure())
        return await asyncio.shield(self._validates)

    async def ask_server(self, server: NameServer, name: str, kind: str) -> Answer:
        """What one authoritative server says of its own (no recursion); ``secure`` is whether it is authoritative."""
        question = _Question(name, kind)
        question.flags &= ~(dns.flags.RD | dns.flags.AD)
        try:
            async with self._at_once:
                reply = await self._exchange(server, question, self.limits.timeout)
        except Trouble as trouble:
            return Answer(trouble.status, server=str(server), detail=trouble.detail)
        if reply.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            status, detail = _refusal(server, reply)
            return Answer(status, server=str(server), detail=detail)
        try:
            answer = _read(reply, question, server)
        except Trouble as trouble:
            return Answer(trouble.status, server=str(server), detail=trouble.detail)
        return answer._replace(secure=bool(reply.flags & dns.flags.AA))

    async def close(self) -> None:
        for task in (*self._asked.values(), *filter(None, [self._validates])):
            task.cancel()
        await self._transport.close()

    async def _is_root_secure(self) -> t.Optional[bool]:
        return (await self.ask(".", "SOA")).secure

    async def _ask(self, name: str, kind: str) -> Answer:
        try:
            question = _Question(name, kind)
        except dns.exception.DNSException as error:
            return Answer("invalid", detail=f"{name[:80]} is no name that the DNS can hold: {error}")
        async with self._at_once:
            return await self._ask_servers(name, question)

    async def _ask_servers(self, name: str, question: t.Any) -> Answer:
        if not self.servers.servers:
            return Answer("tunnel", detail=self.servers.problem)
        until = time.monotonic() + self.limits.lifetime
        troubles: t.Dict[NameServer, Trouble] = {}
        for _round in range(ROUNDS):
            waiting = [
                server
                for server in self.servers.servers
                if server not in troubles or troubles[server].status in _WORTH_ANOTHER_ROUND
            ]
            for server in sorted(waiting, key=self._silent.__contains__):
                left = until - time.monotonic()
                if left <= 0:
                    break
                try:
                    return await self._ask_one(server, name, question, min(left, self.limits.timeout))
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

    async def _ask_one(self, server: NameServer, name: str, question: t.Any, timeout: float) -> Answer:
        """:raises Trouble: no answer from this one."""
        reply = await self._exchange(server, question, timeout)
        if reply.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            self._silent.discard(server)
            return _read(reply, question, server)
        if reply.rcode() == dns.rcode.SERVFAIL:
            kind = dns.rdatatype.to_text(question.rdtype)
            unchecked = await self._unchecked(server, name, kind, timeout)
            if unchecked is not None:
                return Answer("bogus", server=str(server), detail=_bogus(server, name, kind, reply))
            loop = await self._alias_loop(server, name, timeout)
            if loop is not None:
                raise Trouble("alias_loop", f"the aliases lead in a circle: {' -> '.join(loop)}")
        raise Trouble(*_refusal(server, reply))

    async def _unchecked(self, server: NameServer, name: str, kind: str, timeout: float) -> t.Any:
        """The reply with checking disabled (RFC 4035 3.2.2), None where that is none either."""
        question = _Question(name, kind)
        question.flags |= dns.flags.CD
        try:
            reply = await self._exchange(server, question, timeout)
        except Trouble:
            return None
        return reply if reply.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN) else None

    async def _alias_loop(self, server: NameServer, name: str, timeout: float) -> t.Optional[t.List[str]]:
        """The circle that aliases lead in, followed by hand: many resolvers only say SERVFAIL to it."""
        names = [name]
        for _step in range(MAX_ALIASES):
            question = _Question(names[-1], "CNAME")
            try:
                reply = await self._exchange(server, question, timeout)
            except Trouble:
                return None
            target = next((str(record.target) for record in _records(reply, question)), None)
            if target is None:
                return None
            target = target.rstrip(".").lower()
            names.append(target)
            if target in names[:-1]:
                return names
        return names

    async def _exchange(self, server: NameServer, question: t.Any, timeout: float) -> t.Any:
        """The message that answers the question: over UDP, then over TCP where it was cut, and without EDNS where the
        server does not know that."""
        reply = await self._carry(server, question, timeout)
        if reply.rcode() in (dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS) and question.edns:
            question.edns = False
            reply = await self._carry(server, question, timeout)
        return reply

    async def _carry(self, server: NameServer, question: t.Any, timeout: float) -> t.Any:
        octets = question.to_wire()
        if self._transport.has_udp:
            answer = await self._transport.udp(server, octets, timeout, lambda datagram: _fits(datagram, octets))
            if not answer[2] & 0x02:  # TC: the rest did not fit
                return _message(server, answer)
        answer = await self._transport.tcp(server, octets, timeout)
        if not _fits(answer, octets):
            raise Trouble("malformed", f"{server} answered over TCP something that was not asked")
        if answer[2] & 0x02:
            # Unbound does this to records that are too many for it. What is left must not be taken for all there is.
            raise Trouble("malformed", f"{server} cut its answer off even over TCP: there are too many records")
        return _message(server, answer)


class _Question:
    """A recursive question that also asks for the AD bit (RFC 6840 5.7). It is put into octets here, since dnspython's
    way over a whole message costs as much as reading the answer does."""

    __slots__ = ("edns", "flags", "name", "rdtype")

    def __init__(self, name: str, kind: str) -> None:
        self.name = dns.name.from_text(f"{name.rstrip('.')}.")
        self.rdtype = dns.rdatatype.from_text(kind)
        self.flags = int(dns.flags.RD | dns.flags.AD)
        self.edns = True

    def to_wire(self) -> bytes:
        """With an ID that nobody can guess (RFC 5452 9.2)."""
        identifier = _RANDOM.getrandbits(16)
        head = struct.pack("!HHHHHH", identifier, self.flags, 1, 0, 0, 1 if self.edns else 0)
        name = t.cast(bytes, self.name.to_wire())
        options = struct.pack("!BHHIH", 0, int(dns.rdatatype.OPT), UDP_PAYLOAD, 0, 0) if self.edns else b""
        return head + name + struct.pack("!HH", int(self.rdtype), int(dns.rdataclass.IN)) + options


def _fits(answer: bytes, question: bytes) -> bool:
    """Whether it is a response with the same ID and question (RFC 5452 9.1). A server that understands nothing may
    leave the question out."""
    if len(answer) < 12 or answer[:2] != question[:2] or not answer[2] & 0x80:
        return False
    if answer[4:6] == b"\0\0":
        return answer[3] & 0x0F in (dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.REFUSED, dns.rcode.SERVFAIL)
    end = question.index(b"\0", 12) + 5
    return answer[12:end].lower() == question[12:end].lower()


def _message(server: NameServer, octets: bytes) -> t.Any:
    try:
        return dns.message.from_wire(octets, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError, IndexError) as error:
        raise Trouble("malformed", f"{server} sent what cannot be read: {type(error).__name__} {error}") from error


def _records(reply: t.Any, question: t.Any) -> t.List[t.Any]:
    return [
        record
        for rrset in reply.answer
        if rrset.name == question.name and rrset.rdtype == question.rdtype and rrset.rdclass == dns.rdataclass.IN
        for record in rrset
    ]


def _read(reply: t.Any, question: t.Any, server: NameServer) -> Answer:
    """The answer in a message, along its aliases.

    :raises Trouble: ``alias_loop``.
    """
    by_owner = {(rrset.name, rrset.rdtype): rrset for rrset in reply.answer if rrset.rdclass == dns.rdataclass.IN}
    secure = bool(reply.flags & dns.flags.AD)
    owner, names, ttls = question.name, [_text(question.name)], []
    for _step in range(MAX_ALIASES):
        rrset = by_owner.get((owner, question.rdtype))
        if rrset is not None:
            ttls.append(rrset.ttl)
            aliases = tuple(names) if len(names) > 1 else ()
            return Answer(FOUND, tuple(rrset), aliases, min(ttls), secure, str(server))
        alias = by_owner.get((owner, dns.rdatatype.CNAME))
        if alias is None:
            break
        ttls.append(alias.ttl)
        owner = alias[0].target
        if _text(owner) in names:
            raise Trouble("alias_loop", f"the aliases lead in a circle: {' -> '.join([*names, _text(owner)])}")
        names.append(_text(owner))
    else:
        raise Trouble("alias_loop", f"more than {MAX_ALIASES} aliases follow one another: {' -> '.join(names[:4])} ...")
    status = NO_NAME if reply.rcode() == dns.rcode.NXDOMAIN else NO_DATA
    return Answer(status, (), tuple(names) if len(names) > 1 else (), None, secure, str(server))


def _text(name: t.Any) -> str:
    return str(name.to_text(omit_final_dot=True)).lower()


def _refusal(server: NameServer, reply: t.Any) -> t.Tuple[str, str]:
    code = dns.rcode.to_text(reply.rcode())
    explained = _explained(reply)
    words = f"{server} said {code}{f' ({explained})' if explained else ''}"
    return {"REFUSED": "refused", "SERVFAIL": "servfail"}.get(code, "malformed"), words


def _bogus(server: NameServer, name: str, kind: str, reply: t.Any) -> str:
    explained = _explained(reply)
    return (
        f"{server} answers {name} {kind} only with checking disabled, so its DNSSEC signatures are wrong"
        f"{f' ({explained})' if explained else ''}"
    )


def _explained(reply: t.Any) -> str:
    """What a server says besides (RFC 8914), as far as this dnspython reads it."""
    said = [option for option in reply.options if int(option.otype) == _EXTENDED_ERROR]
    words = []
    for option in said[:3]:
        code, text = getattr(option, "code", None), getattr(option, "text", None)
        if code is None:
            data = getattr(option, "data", b"")
            code, text = int.from_bytes(data[:2], "big"), data[2:].decode("utf-8", "replace")
        words.append(text[:200] if text else _ERRORS.get(int(code), f"extended error {int(code)}"))
    return ", ".join(words)


# RFC 8914 4, the ones about signatures and about servers that cannot be reached.
_ERRORS = {
    6: "DNSSEC bogus",
    7: "signature expired",
    8: "signature not yet valid",
    9: "DNSKEY missing",
    10: "RRSIGs missing",
    12: "NSEC missing",
    22: "no reachable authority",
    23: "network error",
}
