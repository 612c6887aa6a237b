# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PROXY protocol's header: the octets of its specification, first on the connection, and in the evidence."""

from __future__ import annotations

import socket
import threading

import pytest
from mailops_smtp.evidence import StepError
from mailops_smtp.plan import ProxyProtocol
from mailops_smtp.wire.proxy_protocol import Announcement

from tests.core.jobs import QUICK, job, talks
from tests.core.scripts import dialog
from tests.core.streams import DIALOG, PLANNED, Clock, Stream, drive, evidence, talk


def header(version, source, destination):
    stream = Stream([])
    assert Announcement(version, source, destination).advance(stream)
    return stream.sent


def test_version_1_is_a_line():
    sent = header("v1", ("198.51.100.7", 41822), ("203.0.113.5", 25))
    assert sent == b"PROXY TCP4 198.51.100.7 203.0.113.5 41822 25\r\n"


def test_version_1_for_ipv6():
    assert header("v1", ("2001:db8::7", 41822), ("2001:db8::5", 25)) == (
        b"PROXY TCP6 2001:db8::7 2001:db8::5 41822 25\r\n"
    )


def test_version_2_is_binary():
    assert header("v2", ("198.51.100.7", 0x1234), ("203.0.113.5", 25)) == (
        b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"  # the signature
        b"\x21\x11\x00\x0c"  # version 2 PROXY, TCP over IPv4, 12 octets follow
        b"\xc6\x33\x64\x07\xcb\x00\x71\x05\x12\x34\x00\x19"
    )


def test_version_2_for_ipv6():
    sent = header("v2", ("2001:db8::7", 0x1234), ("2001:db8::5", 25))
    assert sent[12:16] == b"\x21\x21\x00\x24"
    assert sent[16:] == (
        socket.inet_pton(socket.AF_INET6, "2001:db8::7")
        + socket.inet_pton(socket.AF_INET6, "2001:db8::5")
        + b"\x12\x34\x00\x19"
    )


@pytest.mark.parametrize(
    ("source", "destination", "line"),
    [
        ("198.51.100.7", "2001:db8::5", b"TCP6 ::ffff:c633:6407 2001:db8::5"),
        ("2001:db8::7", "203.0.113.5", b"TCP6 2001:db8::7 ::ffff:cb00:7105"),
        ("fe80::1%eth0", "fe80::2%eth0", b"TCP6 fe80::1 fe80::2"),
    ],
)
def test_a_header_has_one_family_and_no_zone(source, destination, line):
    # Python 3.13 writes an IPv4-mapped address with dots; both forms are in RFC 4291 2.2.
    sent = header("v1", (source, 1), (destination, 25))
    sent = sent.replace(b"::ffff:198.51.100.7", b"::ffff:c633:6407").replace(b"::ffff:203.0.113.5", b"::ffff:cb00:7105")
    assert sent == b"PROXY " + line + b" 1 25\r\n"


V1 = ProxyProtocol("v1", "198.51.100.7", 41822)


def test_the_header_comes_before_the_dialog_and_changes_nothing_in_it():
    plain, announced = drive(Stream(DIALOG), PLANNED), drive(Announced(DIALOG), PLANNED, proxy_protocol=V1)
    steps, facts = evidence(announced)
    assert announced.stream.sent.startswith(b"PROXY TCP4 198.51.100.7 203.0.113.5 41822 25\r\nEHLO ")
    assert [step["phase"] for step in steps[:3]] == ["connect", "proxy", "banner"]
    assert steps[1]["sent"] == "PROXY TCP4 198.51.100.7 203.0.113.5 41822 25"
    assert (steps[1]["reply"], steps[1]["error"]) == (None, None)
    assert ([steps[0], *steps[2:]], facts) == evidence(plain)


class Announced(Stream):
    """Has no answer to the header."""

    def send(self, data):
        if not data.startswith(b"PROXY"):
            return super().send(data)
        self.sent += data
        return len(data)


class Reluctant(Announced):
    """Takes one octet at a time, and nothing in between."""

    def __init__(self, answers):
        super().__init__(answers)
        self.ready = False

    def send(self, data):
        self.ready = not self.ready
        if not self.ready:
            raise BlockingIOError
        self.sent += data[:1]
        return 1


def test_a_header_that_goes_out_octet_by_octet():
    made, stream = talk(PLANNED, proxy_protocol=V1), Reluctant([])
    made.opened(stream)
    while made.wants_write:
        made.writable()
    assert stream.sent == b"PROXY TCP4 198.51.100.7 203.0.113.5 41822 25\r\n"
    assert made.session.reached == "proxy"


def test_a_header_that_nobody_takes():
    clock = Clock()
    made = talk(PLANNED, clock, proxy_protocol=V1)
    made.opened(Stream([], takes=0))
    made.readable()
    assert made.wants_write
    clock.seconds = made.deadline
    made.expired()
    assert made.done
    assert made.steps[-1].error == StepError("silent", "Nothing went through within 30 s.")
    assert made.session.failed_phase == "proxy"


def test_a_connection_that_is_lost_before_the_header_is_out():
    class Broken(Stream):
        def send(self, data):
            raise ConnectionResetError(104, "Connection reset by peer")

    made = drive(Broken([]), PLANNED, proxy_protocol=V1)
    assert made.steps[-1].error == StepError("reset", "The connection was lost: Connection reset by peer.")
    assert (made.session.reached, made.session.failed_phase) == ("connect", "proxy")


def first_octets(protocol):
    """What a server receives before it has said anything, and the client's address and port."""
    received = []

    def serve(listener):
        connection, client = listener.accept()
        with connection:
            received.append((connection.recv(1000), client))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        port = listener.getsockname()[1]
        planned = dialog(protocol=protocol, starttls="never")
        talks(job(port, planned, timeouts=QUICK, proxy_protocol=ProxyProtocol("v1")))
        thread.join(10)
    return received[0], port


@pytest.mark.parametrize("protocol", ["esmtp", "smtps", "lmtp"])
def test_the_connections_own_addresses_are_the_first_octets_before_tls_too(protocol):
    (octets, client), port = first_octets(protocol)
    line = f"PROXY TCP4 127.0.0.1 127.0.0.1 {client[1]} {port}\r\n".encode()
    assert octets.startswith(line)
    assert octets == line or protocol == "smtps"
