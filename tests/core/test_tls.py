# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TLS stream over streams that give and take octets in every way that a network can."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailops_smtp.wire import tls
from mailops_smtp.wire.tls import TLSFailure, TLSStream
from mailops_smtp.wire.tls_settings import TLSSettings

from tests.core.certificates import HOST
from tests.core.tls_server import Script, Server, connect, observe, server_context, tls_options

WITHOUT_AUTHORITIES = TLSSettings(tls_options())


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (Script(b""), r"^The server closed the connection during the TLS handshake\.$"),
        (Script(b"454 4.7.0 \x1b[2J\r\n"), r'^What arrived is not TLS: "454 4\.7\.0 \\x1b\[2J" \('),
        (Script(b"HTTP/1.1 400 Bad Request\r\n\r\n"), r"^What arrived is not TLS"),
        (Script(b"\x15\x03\x03\x00\x02\x02\x70"), r'^The server sent the TLS alert "unrecognized name" \('),
        (Script(b"\x16\x03\x03\x00\x04\x02\x00\x00\x00"), r"^TLS failed: "),
    ],
)
def test_failures_are_told_apart(script, sentence, make_tls_settings):
    stream = TLSStream(script, make_tls_settings(), HOST)
    with pytest.raises(TLSFailure, match=sentence):
        stream.handshake()
    facts = observe(stream)
    assert facts["established"] is False
    assert [facts[field] for field in ("certificate", "trusted", "name_matches", "client_certificate_requested")] == [
        None
    ] * 4
    stream.close()


def test_a_lost_stream_is_not_a_tls_failure(make_tls_settings):
    with pytest.raises(ConnectionResetError):
        TLSStream(Script(b"", ConnectionResetError()), make_tls_settings(), HOST).handshake()


def test_hanging_up_in_the_middle(make_tls_settings):
    server = Server(server_context())
    server.chunk = 700
    whole = server.recv

    def cut_off(size):
        server.recv = lambda size: b""
        return whole(size)

    server.recv = cut_off
    with pytest.raises(TLSFailure, match="closed the connection during"):
        TLSStream(server, make_tls_settings(), HOST).handshake()


@given(
    st.binary(max_size=600), st.sampled_from([b"", b"\x16\x03\x03\x01\x00", b"\x16\x03\x03\x00\x30\x0b\x00\x00\x2c"])
)
def test_any_octets_instead_of_a_handshake(octets, beginning):
    stream = TLSStream(Script(beginning + octets), WITHOUT_AUTHORITIES, HOST)
    with pytest.raises(TLSFailure):
        stream.handshake()
    observe(stream)


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_octet_by_octet(version, make_tls_settings):
    server = Server(server_context(version=version), chunk=1)
    stream = connect(server, make_tls_settings())
    stream.send(b"EHLO client.example\r\n")
    server.tls.write(b"250 hello\r\n")
    assert stream.recv(1000) == b"250 hello\r\n"


def test_the_last_flight_leaves_with_the_first_command(make_tls_settings):
    server = Server(server_context(version="TLSv1.3"))
    stream = connect(server, make_tls_settings())
    assert len(server.segments) == 1, "the ClientHello"
    assert stream.unsent()
    stream.send(b"EHLO client.example\r\n")
    assert len(server.segments) == 2
    assert server.received == b"EHLO client.example\r\n"
    assert not stream.unsent()


def test_the_last_flight_leaves_where_the_client_only_listens(make_tls_settings):
    """Implicit TLS: the server waits for it before it greets."""
    server = Server(server_context(version="TLSv1.3"))
    stream = connect(server, make_tls_settings())
    with pytest.raises(BlockingIOError):
        stream.recv(1000)
    assert server.established
    server.tls.write(b"220 mx1.contoso.com\r\n")
    assert stream.recv(1000) == b"220 mx1.contoso.com\r\n"


def test_a_stream_that_takes_nothing_bounds_what_is_encrypted(make_tls_settings):
    server = Server(server_context())
    stream = connect(server, make_tls_settings())
    message = bytes(range(256)) * 4096
    server.room, sent = 0, 0
    with contextlib.suppress(BlockingIOError):
        while sent < len(message):
            sent += stream.send(message[sent:])
    assert tls.MAX_UNSENT_OCTETS <= sent <= 2 * tls.MAX_UNSENT_OCTETS
    while sent < len(message):
        server.room = 200000
        sent += stream.send(message[sent:])
    while stream.unsent():
        server.room = 5000
        stream.flush()
    assert server.received == message


def test_decrypted_octets_are_announced(make_tls_settings):
    server = Server(server_context())
    stream = connect(server, make_tls_settings())
    stream.send(b"EHLO client.example\r\n")
    for line in (b"250-one\r\n", b"250 two\r\n"):
        server.tls.write(line)
    received = stream.recv(4)
    while stream.pending():
        received += stream.recv(4)
    assert received == b"250-one\r\n250 two\r\n"
    with pytest.raises(BlockingIOError):
        stream.recv(4)
    assert not stream.pending()


@pytest.mark.parametrize("announced", [True, False])
def test_the_end(announced, make_tls_settings):
    server = Server(server_context())
    stream = connect(server, make_tls_settings())
    stream.send(b"QUIT\r\n")
    server.tls.write(b"221 bye\r\n")
    if announced:
        with pytest.raises(ssl.SSLWantReadError):
            server.tls.unwrap()
    server.hung_up = True
    assert [stream.recv(1000) for read in range(3)] == [b"221 bye\r\n", b"", b""]
    assert stream.close_notify_received is announced


def test_closing_announces_the_end(make_tls_settings):
    server = Server(server_context())
    stream = connect(server, make_tls_settings())
    assert stream.fileno() == server.fileno()
    stream.close()
    assert server.notified
    assert server.closed


def test_closing_never_waits_and_never_fails(make_tls_settings):
    def lost(data):
        raise BrokenPipeError

    for prepare in (lambda server: setattr(server, "room", 0), lambda server: setattr(server, "send", lost)):
        server = Server(server_context())
        stream = connect(server, make_tls_settings())
        prepare(server)
        stream.close()
        assert server.closed


def test_over_a_socket(make_tls_settings):
    ours, theirs = socket.socketpair()
    context = server_context()

    def serve():
        with context.wrap_socket(theirs, server_side=True) as connection:
            connection.sendall(b"220 mx1.contoso.com\r\n")
            connection.sendall(connection.recv(1000) * 20000)
            connection.unwrap()

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    ours.setblocking(False)
    stream = TLSStream(ours, make_tls_settings(), HOST)
    while not stream.handshake():
        wait_for(ours)
    assert receive(stream) == b"220 mx1.contoso.com\r\n"
    stream.send(b"NOOP\r\n")
    received = b""
    for octets in iter(lambda: receive(stream), b""):
        received += octets
    assert received == b"NOOP\r\n" * 20000
    assert stream.close_notify_received
    stream.close()
    server.join(20)
    assert not server.is_alive()


def wait_for(connection: t.Any) -> None:
    assert select.select([connection], [], [], 20)[0], "nothing arrived"


def receive(stream: TLSStream) -> bytes:
    while True:
        try:
            return stream.recv(5000)
        except BlockingIOError:
            wait_for(stream)
