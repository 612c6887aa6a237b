# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection that does not come about: whose fault it is, the target's or the jump host's."""

from __future__ import annotations

import queue
import socket
import time
from pathlib import Path

import pytest
from mailops_smtp.mail_routes import mail_routes
from mailops_smtp.run import check
from mailops_smtp.vantage.channel import TunnelLost
from mailops_smtp.vantage.ssh import SSHVantage
from mailops_smtp.vantage.via import Via

from tests.core.ssh_client import (
    PASSWORD,
    PATIENCE,
    Answers,
    echo,
    failure,
    open_stream,
    open_streams,
    receive,
    target,
    trusting,
)
from tests.core.ssh_server import Behaviour, JumpHost

pytestmark = pytest.mark.usefixtures("home")


PROHIBITED, CONNECT_FAILED, UNKNOWN_TYPE, RESOURCE_SHORTAGE = 1, 2, 3, 4  # RFC 4254 5.1


# What the jump host says of the target


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("Connection refused", "refused"),
        ("Connection timed out", "timeout"),
        ("Operation timed out", "timeout"),
        ("No route to host", "unreachable"),
        ("[Errno 111] Connect call failed ('198.51.100.1', 25)", "refused"),
        ("[Errno 113] Connect call failed ('198.51.100.1', 25)", "unreachable"),
        ("Network is unreachable", "unreachable"),
        ("Name or service not known", "unresolved"),
        ("No address associated with hostname", "unresolved"),
        ("nodename nor servname provided, or not known", "unresolved"),
        ("Name does not resolve", "unresolved"),
        ("Temporary failure in name resolution", "resolver"),
        ("Connection reset by peer", "reset"),
        ("Permission denied", "local"),
        ("", "local"),
    ],
)
def test_a_failed_connection_keeps_its_reason(jump_host: JumpHost, home: Path, description: str, kind: str) -> None:
    jump_host.behaviour.refusals["mx.example"] = (CONNECT_FAILED, description)
    error = failure(trusting(jump_host, home), "mx.example")
    assert error.kind == kind
    assert "mx.example:25" in error.detail
    assert (description or "no explanation") in error.detail


def test_a_closed_port_is_refused(jump_host: JumpHost, home: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert failure(trusting(jump_host, home), port=unused.getsockname()[1]).kind == "refused"


@pytest.mark.parametrize("code", [PROHIBITED, UNKNOWN_TYPE])
def test_forbidden_forwarding_is_the_jump_hosts_doing(jump_host: JumpHost, home: Path, code: int) -> None:
    jump_host.behaviour.refusals["mx.example"] = (code, "open failed")
    error = failure(trusting(jump_host, home), "mx.example")
    assert error.kind == "jump_forwarding"
    assert "AllowTcpForwarding" in error.detail


def test_a_jump_host_without_resources_says_nothing_of_the_target(jump_host: JumpHost, home: Path) -> None:
    jump_host.behaviour.refusals["mx.example"] = (RESOURCE_SHORTAGE, "too many channels")
    assert failure(trusting(jump_host, home), "mx.example").kind == "tunnel"


def test_what_a_jump_host_says_cannot_drive_a_terminal(jump_host: JumpHost, home: Path) -> None:
    jump_host.behaviour.refusals["mx.example"] = (CONNECT_FAILED, "\x1b]0;owned\x07")
    assert failure(trusting(jump_host, home), "mx.example").detail.isprintable()


def test_failures_at_once_are_not_mixed_up(jump_host: JumpHost, home: Path) -> None:
    descriptions = {"a.example": "Connection refused", "b.example": "No route to host", "c.example": "Name unknown"}
    for name, description in descriptions.items():
        jump_host.behaviour.refusals[name] = (CONNECT_FAILED, description)
    names = list(descriptions) * 30
    with SSHVantage(trusting(jump_host, home)) as vantage:
        answers = open_streams(vantage, *[(name, 25) for name in names])
    for name, (stream, error) in zip(names, answers):
        assert stream is None
        assert error is not None
        assert name in error.detail
        assert descriptions[name] in error.detail


def test_a_slow_target_holds_up_no_other_and_times_out(jump_host: JumpHost, home: Path) -> None:
    jump_host.behaviour.held.add("slow.example")
    closed: queue.Queue[bytes] = queue.Queue()

    def record_end(connection: socket.socket) -> None:
        closed.put(connection.recv(100))

    slow_answers, quick_answers = Answers(), Answers()
    with target(echo) as quick, target(record_end) as slow, SSHVantage(trusting(jump_host, home)) as vantage:
        for _opening in range(30):
            slow_answers.ask(vantage, "slow.example", slow, timeout=2.0)
        quick_answers.ask(vantage, "127.0.0.1", quick)
        assert quick_answers.kinds() == [None]
        assert slow_answers.waiting()
        assert slow_answers.kinds() == ["timeout"] * 30

        # The jump host gets through at last: nobody waits for that any more.
        jump_host.release()
        assert [closed.get(timeout=PATIENCE) for number in range(30)] == [b""] * 30


def test_each_request_has_its_own_time_limit(jump_host: JumpHost, home: Path) -> None:
    jump_host.behaviour.held.add("slow.example")
    patient, impatient = Answers(), Answers()
    with target(echo) as port, SSHVantage(trusting(jump_host, home)) as vantage:
        patient.ask(vantage, "slow.example", port)
        impatient.ask(vantage, "slow.example", port, timeout=0.1)
        assert impatient.kinds() == ["timeout"]
        jump_host.release()
        assert patient.kinds() == [None]


# The way to the jump host


def test_the_log_in_is_not_counted_as_the_targets_time(jump_host: JumpHost, home: Path) -> None:
    answers = Answers()
    jump_host.behaviour.log_in_delay = 1.0
    with target(echo) as port, SSHVantage(trusting(jump_host, home)) as vantage:
        answers.ask(vantage, "127.0.0.1", port, timeout=0.8)
        assert answers.kinds() == [None]


# "%" asks for an interface that does not exist, which needs no name server to fail; 64 letters are no DNS label.
@pytest.mark.parametrize("name", ["fe80::1%none", "x" * 64 + ".example"])
def test_a_jump_host_without_address(name: str) -> None:
    error = failure(Via(name))
    assert error.kind == "jump_unresolved"
    assert error.detail.count(name) == 1
    assert "Errno" not in error.detail
    assert "codec" not in error.detail


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (socket.EAI_NONAME, "the jump host's name nobody.example has no address"),
        (socket.EAI_AGAIN, "the jump host's name nobody.example cannot be looked up: Temporary failure"),
    ],
)
def test_a_jump_host_whose_name_nobody_knows(monkeypatch: pytest.MonkeyPatch, number: int, words: str) -> None:
    def fails(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(number, "Temporary failure")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    assert failure(Via("nobody.example", user="ops")).detail == words


def test_the_jump_hosts_trouble_is_told_in_one_sentence(jump_host: JumpHost, home: Path) -> None:
    """The finding's title would say once more what the error's own sentence says of this very jump host."""
    with socket.socket() as unused, JumpHost(Behaviour(password=PASSWORD)) as other:
        unused.bind(("127.0.0.1", 0))
        known = home / "known_hosts"
        known.write_text(f"{jump_host.known_hosts_line}\n")
        right = {"host": "127.0.0.1", "port": jump_host.port, "user": "ops", "password": PASSWORD}
        jump_host.behaviour.refusals["mx.example"] = (PROHIBITED, "open failed")
        sentences = {
            "The jump host's name": {"host": "x" * 64 + ".example"},
            "No connection to the jump host ": {"host": "127.0.0.1", "port": unused.getsockname()[1]},
            "The key of the jump host ": {**right, "port": other.port},
            "The jump host 127.0.0.1:": {**right, "password": "wrong"},
            "The jump host ops@127.0.0.1:": {**right, "mode": "channel"},
        }
        for beginning, via in sentences.items():
            run = check({"host": "mx.example", "port": 25, "via": {**via, "known_hosts": [str(known)]}})
            [title] = [finding["title"] for finding in run["checks"][0]["findings"]]
            assert f": {beginning}" in run["summary"]
            assert title not in run["summary"].replace(f": {beginning}", "")


def test_where_nobody_gets_to_the_name_servers_the_jump_host_is_named_and_no_name_server(home: Path) -> None:
    via = {"host": "x" * 64 + ".example"}
    [route] = mail_routes({"domains": ["contoso.com"], "via": via})["routes"]
    assert route["detail"].startswith("the jump host's name ")
    assert route["summary"].endswith(f"({route['detail']}).")


def test_a_jump_host_that_is_not_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = failure(Via("127.0.0.1", unused.getsockname()[1]))
    assert error.kind == "jump_unreachable"
    assert "Connection refused" in error.detail


@pytest.mark.parametrize("greeting", [b"220 mail.example ESMTP\r\n", b"", b"SSH-2.0-x\r\ngarbage that is no packet"])
def test_a_port_that_does_not_speak_ssh(greeting: bytes) -> None:
    with target(lambda connection: connection.sendall(greeting)) as port:
        error = failure(Via("127.0.0.1", port))
    assert error.kind == "jump_unreachable"
    assert f"127.0.0.1:{port}" in error.detail


def test_a_silent_jump_host_is_given_up() -> None:
    with target(lambda connection: connection.recv(100) and connection.recv(100)) as port:
        started = time.monotonic()
        assert failure(Via("127.0.0.1", port), login_timeout=0.5).kind == "jump_unreachable"
        assert time.monotonic() - started < 5


def test_every_check_gets_the_reason_and_none_another_log_in(jump_host: JumpHost, home: Path) -> None:
    with SSHVantage(trusting(jump_host, home, password="wrong")) as vantage:
        first = open_streams(vantage, *[("127.0.0.1", 25)] * 3)
        later = open_streams(vantage, ("127.0.0.1", 25))
    assert {error.kind for stream, error in first + later if error} == {"jump_authentication"}
    assert jump_host.connected == 1


# Chains


def test_two_hops(home: Path) -> None:
    with JumpHost(Behaviour(password=PASSWORD)) as bastion, JumpHost(Behaviour(password="inner")) as inner:
        via = trusting(inner, home, password="inner", jump=[trusting(bastion, home)])
        with target(echo) as port, SSHVantage(via) as vantage:
            streams = [open_stream(vantage, "127.0.0.1", port) for number in range(3)]
            assert all(receive(stream) == b"220 ready\r\n" for stream in streams)
        assert bastion.forwarded == [("127.0.0.1", inner.port)]
        assert inner.forwarded == [("127.0.0.1", port)] * 3


def test_a_failure_at_the_second_hop_names_it(home: Path) -> None:
    with JumpHost(Behaviour(password=PASSWORD)) as bastion:
        for host, refusal, kind in [
            ("gone.example", (CONNECT_FAILED, "Connection refused"), "jump_unreachable"),
            ("unknown.example", (CONNECT_FAILED, "Name or service not known"), "jump_unresolved"),
            ("forbidden.example", (PROHIBITED, "open failed"), "jump_forwarding"),
        ]:
            bastion.behaviour.refusals[host] = refusal
            error = failure(Via(host, user="ops", jump=(trusting(bastion, home),)))
            assert error.kind == kind
            assert host in error.detail
            assert f"127.0.0.1:{bastion.port}" in error.detail


def test_the_loss_of_the_first_hop_is_the_loss_of_all(home: Path) -> None:
    with JumpHost(Behaviour(password=PASSWORD)) as bastion, JumpHost(Behaviour(password=PASSWORD)) as inner:
        via = trusting(inner, home, jump=[trusting(bastion, home)])
        with target(echo) as port, SSHVantage(via) as vantage:
            stream = open_stream(vantage, "127.0.0.1", port)
            assert receive(stream) == b"220 ready\r\n"
            bastion.kill()
            with pytest.raises(TunnelLost):
                receive(stream)
