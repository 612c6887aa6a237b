# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SOCKS5 and HTTP CONNECT octet by octet: what is said to a proxy, what its answers mean, and what is left unread."""

from __future__ import annotations

import base64
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailops_smtp.evidence import ERROR_KINDS, Endpoint, StepError
from mailops_smtp.plan import ProxyProtocol
from mailops_smtp.wire.proxy import MAX_ANSWERS, MAX_HEADER_LINES, MAX_LINE_OCTETS, Negotiation, Proxy, ProxyFailure
from mailops_smtp.wire.proxy_address import first_that_answers

from tests.core.streams import DIALOG, PLANNED, Clock, Stream, drive, evidence, talk

PLACE = Endpoint("proxy", "192.0.2.1", "ipv4", 1080)
LOG_IN = ("probe", "hunter2")

BOUND = b"\x05\x00\x00\x01\xc0\x00\x02\x01\x10\x00"
CONNECTED = {
    "socks5": [b"\x05\x00", BOUND],
    "http": [b"HTTP/1.1 200 Connection established\r\nVia: proxy\r\n\r\n"],
}


def through(kind, answers, host="mx1.contoso.com", username=None, password=None):
    """What was sent, after the negotiation went well; what the proxy did not have to say stays in the stream."""
    stream = Stream([None, *answers])
    negotiation = Negotiation(Proxy(kind, PLACE, username, password), host, 25)
    for _turn in range(100_000):
        if negotiation.advance(stream):
            return stream
        if not stream.waiting and not negotiation.wants_write:
            break
    raise AssertionError("the negotiation waits for more")


def failure(kind, answers, **options):
    with pytest.raises(ProxyFailure) as failed:
        through(kind, answers, **options)
    return failed.value.kind, str(failed.value)


def test_socks_asks_by_name():
    stream = through("socks5", CONNECTED["socks5"])
    assert stream.sent == b"\x05\x01\x00" + b"\x05\x01\x00\x03\x0fmx1.contoso.com\x00\x19"


@pytest.mark.parametrize(
    ("host", "address"),
    [("203.0.113.5", b"\x01\xcb\x00\x71\x05"), ("::1", b"\x04" + bytes(15) + b"\x01")],
)
def test_socks_asks_by_address(host, address):
    stream = through("socks5", CONNECTED["socks5"], host=host)
    assert stream.sent == b"\x05\x01\x00" + b"\x05\x01\x00" + address + b"\x00\x19"


def test_socks_log_in():
    answers = [b"\x05\x02", b"\x01\x00", BOUND]
    stream = through("socks5", answers, username="probe", password="hunter2")
    assert stream.sent.startswith(b"\x05\x02\x00\x02" + b"\x01\x05probe\x07hunter2" + b"\x05\x01\x00\x03")


def test_socks_log_in_that_is_not_wanted_is_not_sent():
    stream = through("socks5", CONNECTED["socks5"], username="probe", password="hunter2")
    assert b"hunter2" not in stream.sent


@pytest.mark.parametrize(
    "bound", [BOUND, b"\x05\x00\x00\x04" + bytes(18), b"\x05\x00\x00\x03\x05proxy\x10\x00"], ids=["v4", "v6", "name"]
)
def test_what_follows_the_proxys_answer_is_the_mail_servers(bound):
    stream = through("socks5", [b"\x05\x00", bound + b"220 mx1\r\n"])
    assert stream.recv(100) == b"220 mx1\r\n"
    stream = through("http", [b"HTTP/1.0 200 OK\nA: b\n\n220 mx1\r\n"])
    assert stream.recv(100) == b"220 mx1\r\n"


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (1, "proxy", "general failure"),
        (2, "proxy", "its rules do not allow the connection"),
        (3, "unreachable", "network unreachable"),
        (4, "unreachable", "host unreachable"),
        (5, "refused", "connection refused"),
        (6, "timeout", "TTL expired"),
        (7, "proxy", "it does not know CONNECT"),
        (8, "proxy", "it does not know this type of address"),
        (9, "proxy", "a reply that RFC 1928 does not know"),
    ],
)
def test_what_a_socks_reply_means(reply, kind, words):
    answers = [b"\x05\x00", bytes([5, reply, 0, 1, 0, 0, 0, 0, 0, 0])]
    sentence = f"The proxy had no connection to mx1.contoso.com:25: {words} (SOCKS reply {reply})."
    assert failure("socks5", answers) == (kind, sentence)


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ([b"220 mx1.contoso.com ESMTP\r\n"], "What answers is not a SOCKS5 proxy."),
        ([b"\x05\x00", b"\x04\x00\x00\x01"], "What answers is not a SOCKS5 proxy."),
        ([b"\x05\xff"], "The proxy wants a log-in."),
        (
            [b"\x05\x00", b"\x05\x00\x00\x00" + bytes(6)],
            "The proxy's answer has an address of type 0, unknown to RFC 1928.",
        ),
        ([b"\x05\x02"], "The proxy chose log-in method 2, which it was not offered."),
        ([b"\x05", b""], "The proxy closed the connection."),
        (
            [ConnectionResetError(104, "Connection reset by peer")],
            "The connection to the proxy was lost: Connection reset by peer.",
        ),
    ],
)
def test_socks_proxies_that_are_none_or_will_not(answers, sentence):
    assert failure("socks5", [answers]) == ("proxy", sentence)


def test_socks_log_in_refused():
    options = {"username": "probe", "password": "hunter2"}
    assert failure("socks5", [b"\x05\xff"], **options)[1] == "The proxy wants a log-in of another kind."
    refused = ("proxy", "The proxy did not accept the user name or password.")
    assert failure("socks5", [b"\x05\x02", b"\x01\x01"], **options) == refused


def test_http_request():
    stream = through("http", CONNECTED["http"])
    assert stream.sent == b"CONNECT mx1.contoso.com:25 HTTP/1.1\r\nHost: mx1.contoso.com:25\r\n\r\n"
    assert through("http", CONNECTED["http"], host="::1").sent.startswith(b"CONNECT [::1]:25 HTTP/1.1\r\n")


def test_interim_answers_are_none():
    """RFC 9110 15.2."""
    interim = b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n"
    stream = through("http", [interim * 2 + b"HTTP/1.1 200 OK\r\n\r\n220 mx1\r\n"])
    assert stream.recv(100) == b"220 mx1\r\n"
    assert failure("http", [interim + b"HTTP/1.1 403 No\r\n"])[1].endswith('it answered 403 "No".')


def test_http_log_in():
    stream = through("http", CONNECTED["http"], username="probe", password="hunter2")
    token = base64.b64encode(b"probe:hunter2")
    assert stream.sent.endswith(b"\r\nProxy-Authorization: Basic " + token + b"\r\n\r\n")


def test_a_log_in_that_an_http_proxy_quotes_is_masked():
    token = base64.b64encode(b"probe:hunter2")
    answer = b"HTTP/1.1 400 Bad header Basic " + token + b"\r\n"
    said = failure("http", [answer], username="probe", password="hunter2")[1]
    assert said.endswith('it answered 400 "Bad header Basic ********".')


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("403 Forbidden", "proxy"),
        ("407 Proxy Authentication Required", "proxy"),
        ("500 Unable to connect", "proxy"),
        ("502 Bad Gateway", "unreachable"),
        ("503 Service Unavailable", "unreachable"),
        ("504 Gateway Timeout", "timeout"),
    ],
)
def test_what_an_http_status_means(status, kind):
    code, _space, reason = status.partition(" ")
    sentence = f'The proxy had no connection to mx1.contoso.com:25: it answered {code} "{reason}".'
    assert failure("http", [f"HTTP/1.1 {status}\r\n".encode()]) == (kind, sentence)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"220 mx1.contoso.com ESMTP\r\n", "What answers is not an HTTP proxy."),
        (b"HTTP/1.1 2000 OK\r\n", "What answers is not an HTTP proxy."),
        (b"x" * (MAX_LINE_OCTETS + 1), f"The proxy's answer has a line of more than {MAX_LINE_OCTETS} octets."),
        (
            b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * (MAX_HEADER_LINES + 1),
            f"The proxy's answer has more than {MAX_HEADER_LINES} header lines.",
        ),
        (
            b"HTTP/1.1 100 Continue\r\n\r\n" * MAX_ANSWERS,
            f"The proxy answered {MAX_ANSWERS} times without an answer to the request.",
        ),
    ],
)
def test_http_proxies_that_are_none_or_talk_without_end(answer, sentence):
    assert failure("http", [answer]) == ("proxy", sentence)


@pytest.mark.parametrize("kind", ["socks5", "http"])
@given(answer=st.binary(max_size=300), username=st.none() | st.just("probe"))
def test_whatever_a_proxy_answers_comes_to_something(kind, answer, username):
    made = talk(PLANNED, proxy=Proxy(kind, PLACE, username, username))
    stream = Stream([None, [answer, b""]])
    made.opened(stream)
    while not made.done:
        stream.answers = stream.answers or [b""]
        made.readable()
    assert made.session.reached in ("connect", "proxy")
    assert all(step.error is None or step.error.kind in ERROR_KINDS for step in made.steps)


class Proxied(Stream):
    """A stream whose first answers are the proxy's, and the rest the mail server's banner and so on."""

    def __init__(self, kind, portions=False):
        first = CONNECTED[kind]
        answers = [*first[:-1], first[-1] + DIALOG[0], *DIALOG[1:]]
        if portions:
            answers = [[part for octet in answer for part in (bytes([octet]), None)] for answer in answers]
        super().__init__([None, *answers])


@pytest.mark.parametrize("portions", [False, True], ids=["whole", "octet by octet"])
@pytest.mark.parametrize("kind", ["socks5", "http"])
def test_the_dialog_is_the_same_through_a_proxy(kind, portions):
    plain = drive(Stream(DIALOG), PLANNED)
    proxied = drive(Proxied(kind, portions), PLANNED, proxy=Proxy(kind, PLACE, *LOG_IN))
    steps, facts = evidence(proxied)
    assert steps[1]["phase"] == "proxy"
    assert "CONNECT 203.0.113.5:25" in steps[1]["sent"]
    assert "hunter2" not in str(steps)
    assert ([steps[0], *steps[2:]], facts) == evidence(plain)


def test_the_header_for_the_mail_server_follows_the_proxys():
    announced = ProxyProtocol("v1", "198.51.100.7", 4711, "203.0.113.5")
    made = talk(PLANNED, proxy=Proxy("http", PLACE, None, None), proxy_protocol=announced)
    stream = Stream([None, [CONNECTED["http"][0]]])
    made.opened(stream)
    made.readable()
    assert stream.sent.endswith(b"\r\n\r\nPROXY TCP4 198.51.100.7 203.0.113.5 4711 25\r\n")
    assert [step.phase for step in made.steps] == ["connect", "proxy", "proxy"]


def test_a_proxy_that_is_silent():
    clock = Clock()
    made = talk(PLANNED, clock, proxy=Proxy("socks5", PLACE, None, None))
    made.opened(Stream([None]))
    clock.seconds = made.deadline
    made.expired()
    assert made.steps[-1].error == StepError("proxy", "Nothing went through within 30 s.")
    assert (made.session.reached, made.session.failed_phase) == ("connect", "proxy")


def test_a_refusal_that_the_proxy_reports():
    made = talk(PLANNED, proxy=Proxy("socks5", PLACE, None, None))
    made.opened(Stream([None, b"\x05\x00", b"\x05\x05\x00\x01"]))
    while not made.done:
        made.readable()
    assert made.steps[-1].error.kind == "refused"
    assert made.session.failed_phase == "proxy"


@pytest.mark.parametrize(
    ("told", "recorded"),
    [
        (
            StepError("refused", "Connection refused."),
            StepError("proxy", "The proxy cannot be reached: Connection refused."),
        ),
        (StepError("local", "Too many open files."), StepError("local", "Too many open files.")),
    ],
)
def test_a_proxy_that_cannot_be_reached_is_not_the_mail_server(told, recorded):
    made = talk(PLANNED, proxy=Proxy("socks5", PLACE, None, None))
    made.open_failed(told)
    assert made.steps[-1].error == recorded


def test_a_proxy_that_listens_on_ipv4_alone_is_found_although_its_name_has_an_ipv6_address():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        dead = Endpoint("proxy", "::1", "ipv6", port)
        alive = Endpoint("proxy", "127.0.0.1", "ipv4", port)
        assert first_that_answers([dead, alive]) is alive
        assert first_that_answers([alive, dead]) is alive
    assert first_that_answers([dead, alive]) is dead  # the check says why it is none


def test_the_only_address_of_a_proxy_is_not_tried_beforehand():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        only = Endpoint("proxy", "127.0.0.1", "ipv4", listening.getsockname()[1])
        assert first_that_answers([only]) is only
        with pytest.raises(BlockingIOError):
            listening.accept()
