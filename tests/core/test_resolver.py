# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Name servers in every kind of trouble: told apart, in bounded time, and never read as "there is no such record"."""

from __future__ import annotations

import asyncio
import socket
import time
import typing as t

import pytest

pytest.importorskip("dns")

import dns.flags
import dns.message
import dns.rcode
from mailops_smtp.evidence import StepError
from mailops_smtp.route.answers import Answer
from mailops_smtp.route.exchange import Transport
from mailops_smtp.route.name_servers import NameServer as Address
from mailops_smtp.route.name_servers import NameServers, configured, name_server, named
from mailops_smtp.route.resolver import Limits, Resolver

from tests.core.name_server import NameServer, reply, zone

MX = "contoso.com. 300 IN MX 10 mx1.contoso.com."
QUICK = Limits(timeout=0.3, lifetime=2.0)


def ask(
    servers: t.Sequence[str],
    *questions: t.Tuple[str, str],
    limits: Limits = QUICK,
    open_channel: t.Any = None,
) -> t.List[Answer]:
    """One run with these questions, one after the other."""

    async def run() -> t.List[Answer]:
        resolver = Resolver(named(servers), Transport(open_channel), limits)
        try:
            return [await resolver.ask(*question) for question in questions or [("contoso.com", "MX")]]
        finally:
            await resolver.close()

    return asyncio.run(run())


def hosts(answer: Answer) -> t.List[str]:
    return sorted(record.exchange.to_text(True) for record in answer.records)


def dead_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def silence(question: t.Any, transport: str) -> None:
    return None


def test_an_answer():
    with NameServer(zone(MX, secure=["contoso.com"])) as server:
        (answer,) = ask([server.address])
    assert (answer.status, hosts(answer), answer.ttl, answer.secure) == ("found", ["mx1.contoso.com"], 300, True)
    assert answer.server == server.address


def test_a_name_is_asked_once_in_a_run_however_it_is_written():
    with NameServer(zone(MX)) as server:
        ask([server.address], ("contoso.com", "MX"), ("CONTOSO.com.", "MX"), ("contoso.com", "MX"))
    assert server.asked == [("contoso.com", "MX", "udp")]


def test_the_name_without_the_records_and_no_name_at_all():
    with NameServer(zone("contoso.com. 300 IN A 203.0.113.5")) as server:
        present, absent = ask([server.address], ("contoso.com", "MX"), ("nope.com", "MX"))
    assert (present.status, absent.status) == ("nodata", "nxdomain")
    assert not present.failed
    assert not absent.failed


def test_aliases_are_followed_within_the_answer():
    records = ("a.com. 300 IN CNAME b.com.", "b.com. 60 IN CNAME contoso.com.", MX)
    with NameServer(lambda question, transport: reply(question, *records)) as server:
        (answer,) = ask([server.address], ("a.com", "MX"))
    assert (answer.names, answer.ttl, answer.found) == (("a.com", "b.com", "contoso.com"), 60, True)


@pytest.mark.parametrize(
    ("behaviour", "status", "words"),
    [
        (silence, "timeout", "gave no answer within 0.3 s"),
        (lambda question, transport: reply(question, rcode=dns.rcode.REFUSED), "refused", "said REFUSED"),
        (lambda question, transport: reply(question, rcode=dns.rcode.SERVFAIL), "servfail", "said SERVFAIL"),
        (lambda question, transport: reply(question, rcode=dns.rcode.NOTAUTH), "malformed", "said NOTAUTH"),
        # Cut over UDP, and over TCP again; and what is left would read as "no MX".
        (lambda question, transport: reply(question, flags=dns.flags.TC), "malformed", "even over TCP"),
        (
            lambda question, transport: reply(
                question, "contoso.com. 1 IN CNAME a.com.", "a.com. 1 IN CNAME contoso.com."
            ),
            "alias_loop",
            "contoso.com -> a.com -> contoso.com",
        ),
        (
            lambda question, transport: reply(
                question,
                "contoso.com. 1 IN CNAME n0.com.",
                *(f"n{number}.com. 1 IN CNAME n{number + 1}.com." for number in range(20)),
            ),
            "alias_loop",
            "more than 12 aliases",
        ),
    ],
)
def test_trouble_is_told_apart(behaviour, status, words):
    with NameServer(behaviour) as server:
        began = time.monotonic()
        (answer,) = ask([server.address])
    assert (answer.status, answer.failed) == (status, True)
    assert words in answer.detail
    assert "the option nameservers" in answer.detail
    assert time.monotonic() - began < QUICK.lifetime + 0.5


def test_nobody_listens_there():
    began = time.monotonic()
    (answer,) = ask([f"127.0.0.1:{dead_port()}"])
    assert answer.status == "unreachable"
    assert "nothing listens there" in answer.detail
    # The kernel said so at once: no time limit was waited for.
    assert time.monotonic() - began < 0.25


def test_a_circle_of_which_the_server_only_says_that_it_failed():
    def behaviour(question, transport):
        name = question.question[0].name.to_text()
        if question.question[0].rdtype == dns.rdatatype.CNAME:
            return reply(question, f"{name} 1 IN CNAME {'b.com.' if name == 'a.com.' else 'a.com.'}")
        return reply(question, rcode=dns.rcode.SERVFAIL)

    with NameServer(behaviour) as server:
        (answer,) = ask([server.address], ("a.com", "MX"))
    assert answer.status == "alias_loop"
    assert "a.com -> b.com -> a.com" in answer.detail


def test_a_bogus_zone_is_one_that_answers_with_checking_disabled():
    def behaviour(question, transport):
        if question.flags & dns.flags.CD:
            return reply(question, MX)
        return reply(question, rcode=dns.rcode.SERVFAIL)

    with NameServer(behaviour) as server:
        (answer,) = ask([server.address])
    assert answer.status == "bogus"
    assert answer.records == ()
    assert "only with checking disabled" in answer.detail


def test_the_first_server_is_dead_and_only_the_first_question_waits_for_it():
    with NameServer(silence) as dead, NameServer(zone(MX)) as living:
        began = time.monotonic()
        first, second = ask([dead.address, living.address], ("contoso.com", "MX"), ("nope.com", "MX"))
        took = time.monotonic() - began
    assert (first.status, first.server, second.status) == ("found", living.address, "nxdomain")
    assert len(dead.asked) == 1
    assert took < 0.6


def test_a_server_that_refuses_leaves_it_to_the_next():
    refusing = NameServer(lambda question, transport: reply(question, rcode=dns.rcode.REFUSED))
    with refusing as first, NameServer(zone(MX)) as second:
        (answer,) = ask([first.address, second.address])
    assert (answer.found, answer.server) == (True, second.address)


def test_a_lost_datagram_is_made_up_for():
    def behaviour(question, transport):
        return reply(question, MX) if len(server.asked) > 1 else None

    with NameServer(behaviour) as server:
        (answer,) = ask([server.address])
    assert answer.found


def to_another_question(question):
    """An answer with the right ID."""
    other = dns.message.make_query("fabrikam.com", "MX")
    other.id = question.id
    return reply(other, "fabrikam.com. 1 IN MX 1 evil.test.")


def test_lies_are_not_listened_to():
    """Somebody guesses the ID, or answers another question; the true answer comes last."""

    def behaviour(question, transport):
        wrong_id = bytearray(reply(question, "contoso.com. 300 IN MX 1 evil.test.").to_wire())
        wrong_id[0] ^= 0xFF
        other = to_another_question(question)
        return [bytes(wrong_id), other, b"\0", reply(question, MX)]

    with NameServer(behaviour) as server:
        (answer,) = ask([server.address])
    assert hosts(answer) == ["mx1.contoso.com"]


def test_nothing_but_lies_is_no_answer():
    def behaviour(question, transport):
        return to_another_question(question)

    with NameServer(behaviour) as server:
        (answer,) = ask([server.address])
    assert answer.status == "timeout"
    assert "sent 1 messages that answer something else" in answer.detail


def test_records_of_another_name_do_not_count():
    with NameServer(lambda question, transport: reply(question, "evil.test. 300 IN MX 1 evil.test.")) as server:
        (answer,) = ask([server.address])
    assert answer.status == "nodata"


@pytest.mark.parametrize("octets", [b"", b"\xff" * 40, b"\0" * 12])
def test_what_cannot_be_read(octets):
    def behaviour(question, transport):
        head = question.to_wire()
        return head[:2] + b"\x81\x80" + head[4:6] + b"\0\x05\0\0\0\0" + head[12 : head.index(b"\0", 12) + 5] + octets

    with NameServer(behaviour) as server:
        (answer,) = ask([server.address])
    assert answer.status == "malformed"


def test_a_cut_answer_is_asked_for_again_over_tcp():
    def behaviour(question, transport):
        return reply(question, flags=dns.flags.TC) if transport == "udp" else reply(question, MX)

    with NameServer(behaviour) as server:
        (answer,) = ask([server.address])
    assert answer.found
    assert [transport for _name, _kind, transport in server.asked] == ["udp", "tcp"]


def test_a_cut_answer_without_tcp_is_no_answer():
    with NameServer(lambda question, transport: reply(question, flags=dns.flags.TC), tcp=False) as server:
        (answer,) = ask([server.address])
    assert answer.status == "unreachable"
    assert "TCP" in answer.detail


def test_an_answer_as_large_as_a_message_can_be():
    records = [f"contoso.com. 300 IN MX {number} mx{number:04d}.contoso.com." for number in range(2500)]

    # To put it together takes its time with old versions of dnspython.
    whole = reply(dns.message.make_query("contoso.com", "MX"), *records).to_wire(max_size=65535)

    def behaviour(question, transport):
        return reply(question, flags=dns.flags.TC) if transport == "udp" else question.to_wire()[:2] + whole[2:]

    with NameServer(behaviour) as server:
        began = time.monotonic()
        (answer,) = ask([server.address], limits=Limits(5.0, 10.0))
    assert len(answer.records) == 2500
    assert time.monotonic() - began < 5


def test_an_old_server_without_edns():
    def behaviour(question, transport):
        return reply(question, MX) if question.edns < 0 else reply(question, rcode=dns.rcode.FORMERR)

    with NameServer(behaviour) as server:
        (answer,) = ask([server.address])
    assert answer.found


def test_an_answer_whose_code_stands_in_its_options_alone_is_not_an_empty_one():
    """BADVERS: the four bits in the head are those of NOERROR (RFC 6891 6.1.3)."""

    def behaviour(question, transport):
        if question.edns < 0:
            return reply(question, MX)
        answer = reply(question)
        answer.use_edns(0)
        answer.set_rcode(16)
        return answer

    with NameServer(behaviour) as server:
        (answer,) = ask([server.address])
    assert hosts(answer) == ["mx1.contoso.com"]


@pytest.mark.parametrize("code", [16, 23])
def test_a_refusal_whose_code_stands_in_the_options_is_no_answer_either(code):
    def behaviour(question, transport):
        answer = reply(question)
        answer.use_edns(0)
        answer.set_rcode(code)
        return answer

    with NameServer(behaviour) as server:
        (answer,) = ask([server.address])
    assert (answer.status, answer.found) == ("malformed", False)


def test_records_of_other_types_and_sections_do_not_count():
    def behaviour(question, transport):
        answer = reply(question, "contoso.com. 300 IN A 203.0.113.5", "other.com. 300 IN MX 1 evil.test.")
        extra = reply(question, "contoso.com. 300 IN MX 1 evil.test.", "evil.test. 300 IN A 203.0.113.6")
        answer.authority, answer.additional = extra.answer[:1], extra.answer[1:]
        return answer

    with NameServer(behaviour) as server:
        (answer,) = ask([server.address])
    assert (answer.status, answer.records) == ("nodata", ())


def test_names_that_need_an_escape_and_records_that_come_twice():
    def behaviour(question, transport):
        whole = bytearray(reply(question, "contoso.com. 300 IN MX 10 a\\.b\\032c.contoso.com.").to_wire())
        start = whole.index(b"\xc0\x0c\0\x0f")
        whole[6:8] = (2).to_bytes(2, "big")
        end = start + 12 + int.from_bytes(whole[start + 10 : start + 12], "big")
        # The highest bit of a time to live means zero (RFC 2181 8).
        again = whole[start : start + 6] + b"\x80\0\0\1" + whole[start + 10 : end]
        return bytes(whole[:end] + again + whole[end:])

    with NameServer(behaviour) as server:
        (answer,) = ask([server.address])
    assert hosts(answer) == ["a\\.b\\032c.contoso.com"]
    assert answer.ttl == 0


def test_a_record_longer_than_the_message_is_no_answer():
    with NameServer(lambda question, transport: reply(question, MX).to_wire()[:-20]) as server:
        (answer,) = ask([server.address])
    assert answer.status == "malformed"


def test_a_port_is_used_for_a_few_questions_and_not_after_silence():
    names = [(f"n{number}.com", "MX") for number in range(30)]
    with NameServer(zone()) as server:
        ask([server.address], *names)
    uses = [server.ports.count(port) for port in dict.fromkeys(server.ports)]
    assert uses == [20, 10]

    def behaviour(question, transport):
        return reply(question, MX) if len(server.asked) > 1 else None

    # The first answer may still arrive, and is not to meet the second question.
    with NameServer(behaviour) as server:
        ask([server.address])
    assert len(set(server.ports)) == len(server.ports) == 2


def test_more_questions_at_once_than_are_let_through_all_get_their_answer():
    async def run(server: NameServer) -> t.Set[str]:
        resolver = Resolver(named([server.address]), Transport(), Limits(5.0, 10.0))
        try:
            answers = await asyncio.gather(*(resolver.ask(f"n{number}.com", "MX") for number in range(350)))
            return {answer.status for answer in answers}
        finally:
            await resolver.close()

    with NameServer(zone()) as server:
        assert asyncio.run(run(server)) == {"nxdomain"}
    assert len(server.asked) == 350


def test_where_nobody_ever_answers_a_thousand_questions_do_not_wait_one_after_the_other():
    async def run(server: NameServer) -> t.List[Answer]:
        resolver = Resolver(named([server.address]), Transport(), QUICK)
        try:
            return list(await asyncio.gather(*(resolver.ask(f"n{number}.com", "MX") for number in range(1000))))
        finally:
            await resolver.close()

    with NameServer(silence) as server:
        began = time.monotonic()
        answers = asyncio.run(run(server))
        took = time.monotonic() - began
    assert {answer.status for answer in answers} == {"timeout"}
    assert "has answered any of 100 questions before (name servers" in answers[-1].detail
    assert took < 3
    # Two rounds of the first hundred, and of those that took their places before all of these had run out.
    assert len({name for name, _kind, _transport in server.asked}) < 210


def test_a_name_that_the_dns_cannot_hold():
    with NameServer(zone()) as server:
        (answer,) = ask([server.address], ("a" * 64 + ".com", "MX"))
    assert (answer.status, server.asked) == ("invalid", [])


def test_whether_the_server_validates_is_seen_at_the_root():
    async def validates(server: NameServer) -> t.Optional[bool]:
        resolver = Resolver(named([server.address]), Transport(), QUICK)
        try:
            return await resolver.validates()
        finally:
            await resolver.close()

    for behaviour, expected in ((zone(MX, secure=["contoso.com"]), True), (zone(MX), False), (silence, None)):
        with NameServer(behaviour) as server:
            assert asyncio.run(validates(server)) is expected


# TCP from elsewhere.


def opener(server: NameServer, log: t.List[t.Any]) -> t.Any:
    def open_channel(host, port, timeout, report):
        assert (host, port) == ("192.0.2.53", 53)
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.setblocking(False)
        log.append(connection)
        report(connection, None)

    return open_channel


def test_from_a_jump_host_many_questions_share_one_connection():
    opened: t.List[t.Any] = []
    with NameServer(zone(MX)) as server:
        answers = ask(
            ["192.0.2.53"], *((f"n{number}.com", "MX") for number in range(20)), open_channel=opener(server, opened)
        )
    assert {answer.status for answer in answers} == {"nxdomain"}
    assert len(opened) == 1
    assert {transport for _name, _kind, transport in server.asked} == {"tcp"}


def test_a_connection_that_ended_meanwhile_is_opened_again():
    opened: t.List[t.Any] = []

    async def run(server: NameServer) -> t.List[str]:
        resolver = Resolver(named(["192.0.2.53"]), Transport(opener(server, opened)), QUICK)
        try:
            first = await resolver.ask("contoso.com", "MX")
            # As a server does with clients that are idle.
            opened[0].shutdown(socket.SHUT_RDWR)
            second = await resolver.ask("b.com", "MX")
            return [first.status, second.status]
        finally:
            await resolver.close()

    with NameServer(zone(MX)) as server:
        assert asyncio.run(run(server)) == ["found", "nxdomain"]
    assert len(opened) == 2


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StepError("jump_authentication", "the jump host refused the log-in"), "tunnel"),
        (StepError("jump_forwarding", "the jump host forbids forwarding"), "tunnel"),
        (StepError("refused", "nothing listens on the name server"), "unreachable"),
    ],
)
def test_trouble_of_the_jump_host_is_not_the_domains(error, status):
    (answer,) = ask(["192.0.2.53"], open_channel=lambda host, port, timeout, report: report(None, error))
    assert answer.status == status
    assert error.detail in answer.detail


def test_a_jump_host_that_never_answers_is_given_up():
    began = time.monotonic()
    (answer,) = ask(["192.0.2.53"], open_channel=lambda *arguments: None)
    assert answer.status == "timeout"
    assert time.monotonic() - began < QUICK.lifetime


def test_nobody_knows_the_jump_hosts_name_servers():
    async def run() -> Answer:
        resolver = Resolver(NameServers((), "jump", "nobody knows them"), Transport(), QUICK)
        try:
            return await resolver.ask("contoso.com", "MX")
        finally:
            await resolver.close()

    assert asyncio.run(run()) == Answer("tunnel", detail="nobody knows them")


# Which name servers.


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("192.0.2.53", Address("192.0.2.53", 53)),
        ("192.0.2.53:5353", Address("192.0.2.53", 5353)),
        ("2001:db8::53", Address("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", Address("2001:db8::53", 5353)),
        ("fe80::1%eth0", Address("fe80::1%eth0", 53)),
        ("ns1.contoso.com", None),
        ("192.0.2.53:0", None),
        ("192.0.2.53:65536", None),
        ("", None),
    ],
)
def test_a_name_server_is_an_address(written, read):
    assert name_server(written) == read


def test_resolv_conf():
    text = "search corp.example\nnameserver 192.0.2.1\n# nameserver 192.0.2.9\nnameserver fe80::1%eth0\nnameserver x\n"
    text += "nameserver 192.0.2.2\nnameserver 192.0.2.3\noptions ndots:5\n"
    found = configured(text, "jump")
    assert [str(server) for server in found.servers] == ["192.0.2.1", "fe80::1%eth0", "192.0.2.2"]
    assert found.source == "/etc/resolv.conf of jump"


@pytest.mark.parametrize("text", [None, "", "search contoso.com\n"])
def test_without_resolv_conf_the_host_itself_is_asked_as_libc_does(text):
    found = configured(text, "this host")
    assert found.servers == (Address("127.0.0.1", 53),)
    assert "names no name server" in found.source
