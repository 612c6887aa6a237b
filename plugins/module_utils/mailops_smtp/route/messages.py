# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""DNS messages: questions into octets, and octets into what became of a question.

The records in an answer are read by dnspython. What is around them, the head of a message and the owners of records, is
read here: dnspython builds objects of the whole message, other servers' names and keys included, and that costs more
than everything else about a question. Where a server says anything else than yes or no, dnspython reads all of it.
"""

from __future__ import annotations

import random
import re
import struct
import typing as t

try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.rcode
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype
except ImportError:
    # Without dnspython nobody asks: mail_routes.py has said so before.
    pass

from .answers import FOUND, NO_DATA, NO_NAME, Answer, Trouble
from .name_servers import NameServer

# RFC 9715: what passes every path unfragmented.
UDP_PAYLOAD = 1232
MAX_ALIASES = 12

_RANDOM = random.SystemRandom()
# RFC 8914 2
_EXTENDED_ERROR = 15

# Of names without anything that a zone file would have to escape.
_PLAIN_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_*-]{1,63}(?:\.[A-Za-z0-9_*-]{1,63})*")
_PLAIN_LABELS = re.compile(rb"[a-z0-9_*-]+(?:\.[a-z0-9_*-]+)*")

# The question's own name, as nearly all servers write it: a pointer to where it stands (RFC 1035 4.1.4).
_SAME_NAME = b"\xc0\x0c"
_RECORD = struct.Struct("!HHIH")
_HEAD = struct.Struct("!HHHHHH")


class Question:
    """A recursive question that also asks for the AD bit (RFC 6840 5.7).

    :raises dns.exception.DNSException: the name is none.
    """

    __slots__ = ("_octets", "edns", "flags", "kind", "name", "rdtype")

    def __init__(self, name: str, kind: str) -> None:
        name = name.rstrip(".")
        if _PLAIN_NAME.fullmatch(name):
            self.name = name.lower()
            self._octets = b"".join(bytes((len(label),)) + label for label in name.encode("ascii").split(b".")) + b"\0"
        else:
            read = dns.name.from_text(f"{name}.")
            self.name = text(read)
            self._octets = t.cast(bytes, read.to_wire())
        self.kind = kind
        self.rdtype = int(dns.rdatatype.from_text(kind))
        self.flags = int(dns.flags.RD | dns.flags.AD)
        self.edns = True

    def to_wire(self) -> bytes:
        """With an ID that nobody can guess (RFC 5452 9.2)."""
        head = _HEAD.pack(_RANDOM.getrandbits(16), self.flags, 1, 0, 0, 1 if self.edns else 0)
        asked = struct.pack("!HH", self.rdtype, 1)
        options = struct.pack("!BHHIH", 0, 41, UDP_PAYLOAD, 0, 0) if self.edns else b""
        return head + self._octets + asked + options


def fits(answer: bytes, question: bytes) -> bool:
    """Whether it is a response with the same ID and question (RFC 5452 9.1). A server that understands nothing may
    leave the question out."""
    if len(answer) < 12 or answer[:2] != question[:2] or not answer[2] & 0x80:
        return False
    if answer[4:6] == b"\0\0":
        return answer[3] & 0x0F in (dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.REFUSED, dns.rcode.SERVFAIL)
    end = question.index(b"\0", 12) + 5
    return answer[12:end].lower() == question[12:end].lower()


def is_cut(answer: bytes) -> bool:
    """TC: the rest did not fit."""
    return bool(answer[2] & 0x02)


def read(octets: bytes, question: Question, server: NameServer) -> t.Optional[Answer]:
    """The answer in a message that fits, along its aliases; None where the server says neither yes nor no.

    :raises Trouble: ``malformed`` or ``alias_loop``.
    """
    try:
        _identifier, flags, questions, answers, authorities, additional = _HEAD.unpack_from(octets)
        code = flags & 0x0F
        if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return None
        offset = 12
        for _question in range(questions):
            offset = _behind_name(octets, offset) + 4
        records, offset = _records(octets, offset, answers, question)
        if not answers and _extended_rcode(octets, offset, authorities + additional):
            return None
    except (dns.exception.DNSException, ValueError, IndexError, struct.error) as error:
        raise unreadable(server, error) from error
    secure = bool(flags & dns.flags.AD)
    owner, names, ttls = question.name, [question.name], []
    for _step in range(MAX_ALIASES):
        found = records.get((owner, question.rdtype))
        if found is not None:
            ttls.append(min(ttl for ttl, _record in found))
            aliases = tuple(names) if len(names) > 1 else ()
            return Answer(FOUND, _without_doubles(found), aliases, min(ttls), secure, str(server))
        alias = records.get((owner, 5))
        if alias is None:
            break
        ttls.append(alias[0][0])
        owner = text(alias[0][1].target)
        if owner in names:
            raise Trouble("alias_loop", f"the aliases lead in a circle: {' -> '.join([*names, owner])}")
        names.append(owner)
    else:
        raise Trouble("alias_loop", f"more than {MAX_ALIASES} aliases follow one another: {' -> '.join(names[:4])} ...")
    status = NO_NAME if code == dns.rcode.NXDOMAIN else NO_DATA
    return Answer(status, (), tuple(names) if len(names) > 1 else (), None, secure, str(server))


def is_authoritative(octets: bytes) -> bool:
    return bool(octets[2] & 0x04)


_Found = t.List[t.Tuple[int, t.Any]]


def _records(
    octets: bytes, offset: int, number: int, question: Question
) -> t.Tuple[t.Dict[t.Tuple[str, int], _Found], int]:
    """Records and aliases of the answer with their time to live, by owner and type; and where the section ends."""
    found: t.Dict[t.Tuple[str, int], _Found] = {}
    wanted = (question.rdtype, 5)
    for _record in range(number):
        if octets[offset : offset + 2] == _SAME_NAME:
            owner = question.name
            offset += 2
        else:
            name, used = dns.name.from_wire(octets, offset)
            owner = text(name)
            offset += used
        rdtype, rdclass, ttl, length = _RECORD.unpack_from(octets, offset)
        offset += _RECORD.size
        if offset + length > len(octets):
            raise ValueError("a record is longer than the message")
        if rdclass == 1 and rdtype in wanted:
            record = dns.rdata.from_wire(rdclass, rdtype, octets, offset, length)
            # RFC 2181 8: a number with the highest bit set is zero.
            found.setdefault((owner, rdtype), []).append((ttl if ttl < 1 << 31 else 0, record))
        offset += length
    return found, offset


def _without_doubles(found: _Found) -> t.Tuple[t.Any, ...]:
    if len(found) == 1:
        return (found[0][1],)
    return tuple(dict.fromkeys(record for _ttl, record in found))


def _extended_rcode(octets: bytes, offset: int, number: int) -> int:
    """The upper bits of the response code, which stand in the OPT record (RFC 6891 6.1.3)."""
    for _record in range(number):
        offset = _behind_name(octets, offset)
        rdtype, _rdclass, ttl, length = _RECORD.unpack_from(octets, offset)
        if rdtype == 41:
            return int(ttl) >> 24
        offset += _RECORD.size + length
    return 0


def _behind_name(octets: bytes, offset: int) -> int:
    while octets[offset]:
        if octets[offset] >= 0xC0:
            return offset + 2
        offset += octets[offset] + 1
    return offset + 1


def whole(octets: bytes, server: NameServer) -> t.Any:
    """The message as dnspython reads it.

    :raises Trouble: ``malformed``.
    """
    try:
        return dns.message.from_wire(octets, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError, IndexError) as error:
        raise unreadable(server, error) from error


def unreadable(server: NameServer, error: Exception) -> Trouble:
    return Trouble("malformed", f"{server} sent what cannot be read: {type(error).__name__} {error}".rstrip())


def text(name: t.Any) -> str:
    """A name in small letters, without the dot at its end, escaped as in zone files where it must be."""
    labels = name.labels[:-1]
    joined = b".".join(labels).lower()
    if _PLAIN_LABELS.fullmatch(joined) and joined.count(b".") == len(labels) - 1:
        return str(joined, "ascii")
    return str(name.to_text(omit_final_dot=True)).lower()


def refusal(server: NameServer, reply: t.Any) -> t.Tuple[str, str]:
    """The status of a reply that is no answer, and the words for it."""
    code = dns.rcode.to_text(reply.rcode())
    explained = _explained(reply)
    words = f"{server} said {code}{f' ({explained})' if explained else ''}"
    return {"REFUSED": "refused", "SERVFAIL": "servfail"}.get(code, "malformed"), words


def bogus(server: NameServer, question: Question, reply: t.Any) -> str:
    explained = _explained(reply)
    return (
        f"{server} answers {question.name} {question.kind} only with checking disabled, so its DNSSEC signatures are "
        f"wrong{f' ({explained})' if explained else ''}"
    )


def _explained(reply: t.Any) -> str:
    """What a server says besides (RFC 8914), as far as this dnspython reads it."""
    said = [option for option in reply.options if int(option.otype) == _EXTENDED_ERROR]
    words = []
    for option in said[:3]:
        code, said_words = getattr(option, "code", None), getattr(option, "text", None)
        if code is None:
            data = getattr(option, "data", b"")
            code, said_words = int.from_bytes(data[:2], "big"), data[2:].decode("utf-8", "replace")
        words.append(said_words[:200] if said_words else _ERRORS.get(int(code), f"extended error {int(code)}"))
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
