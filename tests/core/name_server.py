# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A name server on loopback that answers as a test wants, over UDP and TCP: for what no real server does, or not when
it is told to. Real ones are in the lab."""

from __future__ import annotations

import socket
import struct
import threading
import typing as t

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

# From (question, transport) to what is sent: octets, a message, a list of several datagrams, or None for silence.
Behaviour = t.Callable[[t.Any, str], t.Any]


class NameServer:
    """``asked`` are the questions as (name, type, transport), ``ports`` those that questions over UDP came from."""

    def __init__(self, behaviour: Behaviour, tcp: bool = True) -> None:
        self._behaviour = behaviour
        self.asked: t.List[t.Tuple[str, str, str]] = []
        self.ports: t.List[int] = []
        self._stopping = False
        self._udp, self._tcp = self._same_port()
        self.port = self._udp.getsockname()[1]
        if not tcp:
            self._tcp.close()
        loops = [self._serve_udp, *([self._serve_tcp] if tcp else [])]
        self._threads = [threading.Thread(target=loop, daemon=True) for loop in loops]
        for thread in self._threads:
            thread.start()

    @staticmethod
    def _same_port() -> t.Tuple[socket.socket, socket.socket]:
        while True:
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.bind(("127.0.0.1", 0))
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                tcp.bind(udp.getsockname())
                tcp.listen(50)
            except OSError:
                udp.close()
                tcp.close()
                continue
            return udp, tcp

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> NameServer:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stopping = True
        for family, kind in ((self._udp, socket.SOCK_DGRAM), (self._tcp, socket.SOCK_STREAM)):
            if family.fileno() >= 0:
                # Wakes the thread that waits for the next.
                with socket.socket(socket.AF_INET, kind) as waker:
                    waker.connect(("127.0.0.1", self.port))
                    waker.send(b"\0\0")
        for thread in self._threads:
            thread.join(5)
        self._udp.close()
        self._tcp.close()

    def _answers(self, octets: bytes, transport: str) -> t.List[bytes]:
        question = dns.message.from_wire(octets)
        asked = question.question[0]
        self.asked.append((asked.name.to_text(True).lower(), dns.rdatatype.to_text(asked.rdtype), transport))
        answer = self._behaviour(question, transport)
        answers = answer if isinstance(answer, list) else [answer]
        return [entry if isinstance(entry, bytes) else entry.to_wire(max_size=65535) for entry in answers if entry]

    def _serve_udp(self) -> None:
        while not self._stopping:
            octets, client = self._udp.recvfrom(65535)
            if self._stopping:
                return
            self.ports.append(client[1])
            for answer in self._answers(octets, "udp"):
                self._udp.sendto(answer, client)

    def _serve_tcp(self) -> None:
        while not self._stopping:
            connection, _client = self._tcp.accept()
            with connection:
                connection.settimeout(5)
                while not self._stopping:
                    head = connection.recv(2, socket.MSG_WAITALL)
                    if len(head) < 2 or self._stopping:
                        break
                    octets = connection.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL)
                    answers = self._answers(octets, "tcp")
                    for answer in answers:
                        connection.sendall(struct.pack("!H", len(answer)) + answer)
                    if not answers:
                        break


def reply(question: t.Any, *records: str, rcode: int = dns.rcode.NOERROR, flags: int = 0) -> t.Any:
    """A response with records as zone files write them: ``contoso.com. 300 IN MX 10 mx1.contoso.com.``"""
    answer = dns.message.make_response(question, recursion_available=True)
    answer.set_rcode(rcode)
    answer.flags |= flags
    for record in records:
        owner, ttl, rdclass, kind, data = record.split(None, 4)
        found = next((rrset for rrset in answer.answer if rrset.match(*_key(owner, rdclass, kind))), None)
        rrset = dns.rrset.from_text(owner, int(ttl), rdclass, kind, data)
        if found is not None:
            found.update(rrset)
        else:
            answer.answer.append(rrset)
    return answer


def _key(owner: str, rdclass: str, kind: str) -> t.Tuple[t.Any, ...]:
    return (
        dns.name.from_text(owner),
        dns.rdataclass.from_text(rdclass),
        dns.rdatatype.from_text(kind),
        dns.rdatatype.NONE,
    )


def zone(*records: str, secure: t.Container[str] = ()) -> Behaviour:
    """Answers from records, all else does not exist; names in ``secure`` are said to be validated."""

    def behaviour(question: t.Any, transport: str) -> t.Any:
        asked = question.question[0]
        name, kind = asked.name.to_text(), dns.rdatatype.to_text(asked.rdtype)
        owned = [record for record in records if record.split()[0].lower() == name.lower()]
        fitting: t.List[str] = []
        waiting = [name.lower()]
        while waiting:
            owner = waiting.pop()
            for record in records:
                if record.split()[0].lower() == owner and record.split()[3] in (kind, "CNAME"):
                    fitting.append(record)
                    target = record.split()[4].lower()
                    if record.split()[3] == "CNAME" != kind and not any(target == seen.split()[0] for seen in fitting):
                        waiting.append(target)
        flags = dns.flags.AD if name.rstrip(".") in secure or (name == "." and secure) else 0
        rcode = dns.rcode.NOERROR if owned or name == "." else dns.rcode.NXDOMAIN
        return reply(question, *fitting, rcode=rcode, flags=flags)

    return behaviour
