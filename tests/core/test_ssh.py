# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections through a jump host: the bytes of a good one, and for each bad one whose fault it is."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import queue
import select
import socket
import socketserver
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path

import asyncssh
import pytest
from mailops_smtp.evidence import StepError
from mailops_smtp.vantage.channel import ChannelStream, Transport, TunnelLost
from mailops_smtp.vantage.ssh import SSHVantage
from mailops_smtp.vantage.via import Via

from tests.core.ssh_server import Behaviour, JumpHost

PATIENCE = 20.0
PASSWORD = "correct horse"
PROHIBITED, CONNECT_FAILED, UNKNOWN_TYPE, RESOURCE_SHORTAGE = 1, 2, 3, 4

Answer = t.Tuple[t.Optional[ChannelStream], t.Optional[StepError]]
Handler = t.Callable[[socket.socket], None]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Neither keys, agent nor known hosts of whoever runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / ".ssh").mkdir()
    return tmp_path


@contextlib.contextmanager
def target(handler: Handler) -> t.Iterator[int]:
    """A TCP server that treats each connection with ``handler``; yields its port."""

    class Request(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            # A test that is done closes its streams whatever the server still has to say.
            with contextlib.suppress(ConnectionError):
                handler(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 512

    with Server(("127.0.0.1", 0), Request) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def echo(connection: socket.socket) -> None:
    connection.sendall(b"220 ready\r\n")
    while True:
        data = connection.recv(65536)
        if not data:
            return
        connection.sendall(data)


def trusting(host: JumpHost, home: Path, **fields: t.Any) -> Via:
    """A Via that knows the host's key, and logs in with the password if nothing else is given."""
    known_hosts = home / f"known_hosts_{host.port}"
    known_hosts.write_text(host.known_hosts_line)
    settings = {"password": PASSWORD, "known_hosts": str(known_hosts), **fields}
    return Via.parse({"host": "127.0.0.1", "port": host.port, "user": "ops", **settings})


@pytest.fixture
def jump_host() -> t.Iterator[JumpHost]:
    with JumpHost(Behaviour(password=PASSWORD)) as host:
        yield host


def open_streams(vantage: SSHVantage, *addresses: t.Tuple[str, int]) -> t.List[Answer]:
    """What is reported for each address, in the order of the addresses."""
    answers: queue.Queue[t.Tuple[int, Answer]] = queue.Queue()
    for index, (host, port) in enumerate(addresses):
        vantage.open_channel(host, port, lambda stream, error, index=index: answers.put((index, (stream, error))))
    return [answer for index, answer in sorted(answers.get(timeout=PATIENCE) for _ in addresses)]


def open_stream(vantage: SSHVantage, host: str, port: int) -> ChannelStream:
    [(stream, error)] = open_streams(vantage, (host, port))
    assert error is None
    assert stream is not None
    return stream


def failure(via: Via, host: str = "127.0.0.1", port: int = 25, **limits: float) -> StepError:
    with SSHVantage(via, **limits) as vantage:
        [(stream, error)] = open_streams(vantage, (host, port))
    assert stream is None
    assert error is not None
    assert PASSWORD not in error.detail
    return error


def receive(stream: ChannelStream) -> bytes:
    readable, _, _ = select.select([stream], [], [], PATIENCE)
    assert readable, "nothing came"
    return stream.recv(65536)


def receive_all(stream: ChannelStream) -> bytes:
    return b"".join(iter(lambda: receive(stream), b""))


def send_all(stream: ChannelStream, data: bytes) -> None:
    deadline = time.monotonic() + PATIENCE
    while data:
        try:
            data = data[stream.send(data) :]
        except BlockingIOError:
            assert time.monotonic() < deadline, "the window stayed full"
            time.sleep(0.01)


def eventually(condition: t.Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


# A good connection


def test_a_dialog_passes_in_both_directions(jump_host: JumpHost, home: Path) -> None:
    with target(echo) as port, SSHVantage(trusting(jump_host, home)) as vantage:
        stream = open_stream(vantage, "127.0.0.1", port)
        assert receive(stream) == b"220 ready\r\n"
        with pytest.raises(BlockingIOError):
            stream.recv(100)
        assert stream.send(b"EHLO x\r\n") == 8
        assert receive(stream) == b"EHLO x\r\n"
        stream.close()
        stream.close()


def test_part_of_what_came_can_be_read(jump_host: JumpHost, home: Path) -> None:
    with target(echo) as port, SSHVantage(trusting(jump_host, home)) as vantage:
        stream = open_stream(vantage, "127.0.0.1", port)
        select.select([stream], [], [], PATIENCE)
        assert stream.recv(4) == b"220 "
        assert select.select([stream], [], [], 0)[0], "the rest makes the descriptor readable"
        assert stream.recv(100) == b"ready\r\n"
        assert not select.select([stream], [], [], 0)[0]


def test_the_jump_host_resolves_the_name(jump_host: JumpHost, home: Path) -> None:
    jump_host.behaviour.held.add("mx.only-known-there.example")
    jump_host.release()
    with target(echo) as port, SSHVantage(trusting(jump_host, home)) as vantage:
        stream = open_stream(vantage, "mx.only-known-there.example", port)
        assert receive(stream) == b"220 ready\r\n"
        assert jump_host.forwarded == [("mx.only-known-there.example", port)]


def test_more_than_the_window_arrives_unharmed(jump_host: JumpHost, home: Path) -> None:
    received: queue.Queue[str] = queue.Queue()

    def exchange(connection: socket.socket) -> None:
        digest = hashlib.sha256()
        for _ in range(16):
            digest.update(connection.recv(1 << 17, socket.MSG_WAITALL))
        received.put(digest.hexdigest())
        connection.sendall(data)

    data = os.urandom(1 << 21)
    with target(exchange) as port, SSHVantage(trusting(jump_host, home)) as vantage:
        stream = open_stream(vantage, "127.0.0.1", port)
        send_all(stream, data)
        assert received.get(timeout=PATIENCE) == hashlib.sha256(data).hexdigest()
        assert receive_all(stream) == data


def test_a_full_window_is_reported_and_ends(jump_host: JumpHost, home: Path) -> None:
    go_on = threading.Event()

    def lazy(connection: socket.socket) -> None:
        go_on.wait(PATIENCE)
        while connection.recv(65536):
            pass

    with target(lazy) as port, SSHVantage(trusting(jump_host, home)) as vantage:
        stream = open_stream(vantage, "127.0.0.1", port)
        assert stream.writable_by_polling
        with pytest.raises(BlockingIOError):
            for _ in range(100_000):
                stream.send(bytes(32768))
        go_on.set()
        send_all(stream, b"x")


def test_two_hundred_at_once_share_one_log_in(jump_host: JumpHost, home: Path) -> None:
    threads = threading.active_count()
    with target(lambda connection: connection.sendall(b"221 bye\r\n")) as port:
        with SSHVantage(trusting(jump_host, home)) as vantage:
            answers = open_streams(vantage, *[("127.0.0.1", port)] * 200)
            own = [thread for thread in threading.enumerate() if thread.name.startswith("via ")]
            assert len(own) == 1
            streams = [stream for stream, error in answers if stream is not None]
            assert [receive_all(stream) for stream in streams] == [b"221 bye\r\n"] * 200
            for stream in streams:
                stream.close()
        assert jump_host.log_ins == 1
    assert eventually(lambda: threading.active_count() == threads)


# The end of a connection


def test_the_servers_end_is_the_end_of_the_stream(jump_host: JumpHost, home: Path) -> None:
    with target(lambda connection: connection.sendall(b"421 closing\r\n")) as port:
        with SSHVantage(trusting(jump_host, home)) as vantage:
            stream = open_stream(vantage, "127.0.0.1", port)
            assert receive_all(stream) == b"421 closing\r\n"
            assert receive(stream) == b"", "the end stays"


def test_sending_to_a_server_that_is_gone_is_no_lost_tunnel(jump_host: JumpHost, home: Path) -> None:
    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with target(reset) as port, SSHVantage(trusting(jump_host, home)) as vantage:
        stream = open_stream(vantage, "127.0.0.1", port)
        assert receive_all(stream) == b""
        with pytest.raises(BrokenPipeError):
            send_until_refused(stream)


def send_until_refused(stream: ChannelStream) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        stream.send(b"x")
        time.sleep(0.01)


def test_a_jump_host_that_dies_is_not_the_end_of_the_server(jump_host: JumpHost, home: Path) -> None:
    with target(echo) as port, SSHVantage(trusting(jump_host, home)) as vantage:
        streams = [open_stream(vantage, "127.0.0.1", port) for _ in range(20)]
        assert all(receive(stream) == b"220 ready\r\n" for stream in streams)
        jump_host.kill()
        for stream in streams:
            with pytest.raises(TunnelLost, match=f"ops@127.0.0.1:{jump_host.port}") as lost:
                receive(stream)
            assert lost.value.kind == "tunnel"
            with pytest.raises(TunnelLost):
                stream.send(b"QUIT\r\n")
            stream.close()
        [(stream, error)] = open_streams(vantage, ("127.0.0.1", port))
        assert stream is None
        assert error is not None
        assert error.kind == "tunnel"


def test_a_jump_host_that_dies_answers_every_open_request(jump_host: JumpHost, home: Path) -> None:
    jump_host.behaviour.held.add("slow.example")
    answers: queue.Queue[Answer] = queue.Queue()
    with SSHVantage(trusting(jump_host, home)) as vantage:
        for _ in range(5):
            vantage.open_channel("slow.example", 25, lambda stream, error: answers.put((stream, error)))
        assert eventually(lambda: len(jump_host.forwarded) == 5)
        jump_host.kill()
        errors = [answers.get(timeout=PATIENCE)[1] for _ in range(5)]
    assert {error.kind for error in errors if error} == {"tunnel"}


# What the jump host says of the target


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("Connection refused", "refused"),
        ("Connection timed out", "timeout"),
        ("Operation timed out", "timeout"),
        ("No route to host", "unreachable"),
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

    with target(echo) as quick, target(record_end) as slow:
        with SSHVantage(trusting(jump_host, home), open_timeout=1.0) as vantage:
            answers = open_streams(vantage, *[("slow.example", slow)] * 30, ("127.0.0.1", quick))
            stream, error = answers.pop()
            assert error is None
            assert stream is not None
            assert receive(stream) == b"220 ready\r\n"
            assert {error.kind for stream, error in answers if error} == {"timeout"}

            # The jump host gets through at last: nobody waits for that any more.
            jump_host.release()
            assert [closed.get(timeout=PATIENCE) for _ in answers] == [b""] * 30


# The way to the jump host


def test_the_log_in_is_not_counted_as_the_targets_time(home: Path) -> None:
    with JumpHost(Behaviour(password=PASSWORD, log_in_delay=0.5)) as host, target(echo) as port:
        with SSHVantage(trusting(host, home), open_timeout=0.4) as vantage:
            assert receive(open_stream(vantage, "127.0.0.1", port)) == b"220 ready\r\n"


# "%" asks for an interface that does not exist, which needs no name server to fail; 64 letters are no DNS label.
@pytest.mark.parametrize("name", ["fe80::1%none", "x" * 64 + ".example"])
def test_a_jump_host_without_address(name: str) -> None:
    error = failure(Via(name))
    assert error.kind == "jump_unresolved"
    assert name in error.detail


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


# Host keys


def test_an_unknown_host_key_is_shown_with_what_to_do(jump_host: JumpHost, home: Path) -> None:
    via = Via("127.0.0.1", jump_host.port, "ops", password=PASSWORD)
    error = failure(via)
    assert error.kind == "jump_host_key_unknown"
    assert f"ssh-ed25519 {jump_host.host_key.get_fingerprint()}" in error.detail
    assert f"ssh-keyscan -p {jump_host.port} 127.0.0.1 >> ~/.ssh/known_hosts" in error.detail
    assert not (home / ".ssh/known_hosts").exists()
    assert jump_host.log_ins == 0


def test_a_changed_host_key_is_an_error_of_its_own(jump_host: JumpHost, home: Path) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    via = trusting(jump_host, home)
    Path(via.known_hosts[0]).write_text(known_hosts_line(jump_host.port, other))
    error = failure(via)
    assert error.kind == "jump_host_key_changed"
    assert jump_host.host_key.get_fingerprint() in error.detail
    assert other.get_fingerprint() in error.detail
    assert jump_host.log_ins == 0


def test_a_revoked_host_key_is_refused(jump_host: JumpHost, home: Path) -> None:
    via = trusting(jump_host, home)
    line = jump_host.known_hosts_line
    Path(via.known_hosts[0]).write_text(f"{line}\n@revoked * {line.split(' ', 1)[1]}\n")
    error = failure(via)
    assert error.kind == "jump_host_key_changed"
    assert "revoked" in error.detail


def known_hosts_line(port: int, key: asyncssh.SSHKey, names: str = "") -> str:
    return f"{names or f'[127.0.0.1]:{port}'} {key.export_public_key().decode('ascii')}"


def hashed(name: str) -> str:
    salt = bytes(range(20))
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize(
    "lines",
    [
        "{name} {key}",
        "other.example,{name} {key}",
        "[127.0.0.*]:* {key}",
        "{hashed} {key}",
        "# a comment\n\nbroken line\n{name} ssh-ed25519 %%%\n{name} {key}",
        "{name} {other}\n{name} {key}",
        "{name} {ecdsa}\n{name} {key}",
        "@cert-authority {name} {other}\n{name} {key}",
    ],
    ids=["plain", "list", "pattern", "hashed", "broken lines", "two keys", "two types", "authority"],
)
def test_known_hosts_forms_that_match(jump_host: JumpHost, home: Path, lines: str) -> None:
    assert known_hosts_result(jump_host, home, lines) is None


@pytest.mark.parametrize(
    "lines",
    [
        "127.0.0.1 {key}",
        "[127.0.0.1]:22 {key}",
        "!{name},[127.0.0.*]:* {key}",
        "{hashed_other} {key}",
        "|1|broken {key}",
        "@cert-authority {name} {key}",
        "{name} {ecdsa}",
    ],
    ids=["no port", "other port", "negated", "other hash", "broken hash", "authority", "other type"],
)
def test_known_hosts_forms_that_do_not_match(jump_host: JumpHost, home: Path, lines: str) -> None:
    error = known_hosts_result(jump_host, home, lines)
    assert error is not None
    assert error.kind == "jump_host_key_unknown"


def known_hosts_result(host: JumpHost, home: Path, lines: str) -> t.Optional[StepError]:
    def public(key: asyncssh.SSHKey) -> str:
        return key.export_public_key().decode("ascii").strip()

    via = trusting(host, home)
    name = f"[127.0.0.1]:{host.port}"
    text = lines.format(
        name=name,
        hashed=hashed(name),
        hashed_other=hashed("[127.0.0.2]:22"),
        key=public(host.host_key),
        other=public(asyncssh.generate_private_key("ssh-ed25519")),
        ecdsa=public(asyncssh.generate_private_key("ecdsa-sha2-nistp256")),
    )
    Path(via.known_hosts[0]).write_text(text)
    with target(echo) as port, SSHVantage(via) as vantage:
        [(stream, error)] = open_streams(vantage, ("127.0.0.1", port))
    return error


def test_the_key_type_that_is_known_is_asked_for(home: Path) -> None:
    """A host with several keys shows the one that can be verified, although another type would be preferred."""
    rsa = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
    with JumpHost(Behaviour(password=PASSWORD), more_host_keys=[rsa]) as host, target(echo) as port:
        via = trusting(host, home)
        Path(via.known_hosts[0]).write_text(known_hosts_line(host.port, rsa))
        with SSHVantage(via) as vantage:
            assert receive(open_stream(vantage, "127.0.0.1", port)) == b"220 ready\r\n"


def test_host_key_checking_can_be_switched_off(jump_host: JumpHost, home: Path) -> None:
    via = Via("127.0.0.1", jump_host.port, "ops", password=PASSWORD, host_key_checking=False)
    with target(echo) as port, SSHVantage(via) as vantage:
        assert receive(open_stream(vantage, "127.0.0.1", port)) == b"220 ready\r\n"
    assert not (home / ".ssh/known_hosts").exists()


# Logging in


def assert_logs_in(via: Via) -> None:
    with target(echo) as port, SSHVantage(via) as vantage:
        assert receive(open_stream(vantage, "127.0.0.1", port)) == b"220 ready\r\n"


def write_key(path: Path, passphrase: t.Optional[str] = None, algorithm: str = "ssh-ed25519") -> asyncssh.SSHKey:
    key = asyncssh.generate_private_key(algorithm)
    # OpenSSH's format and the older PEM, with as little key stretching as ssh-keygen does.
    form = "openssh" if algorithm == "ssh-ed25519" else "pkcs1-pem"
    key.write_private_key(str(path), form, passphrase, rounds=16)
    return key


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
def test_log_in_with_a_key_file(home: Path, algorithm: str) -> None:
    key = write_key(home / "key", algorithm=algorithm)
    with JumpHost(Behaviour(public_keys=[key.convert_to_public()])) as host:
        assert_logs_in(trusting(host, home, key_file=str(home / "key"), password=None))


def test_the_password_opens_an_encrypted_key(home: Path) -> None:
    key = write_key(home / "key", passphrase=PASSWORD)
    with JumpHost(Behaviour(public_keys=[key.convert_to_public()])) as host:
        assert_logs_in(trusting(host, home, key_file="~/key"))
        error = failure(trusting(host, home, key_file="~/key", password="wrong"))
        assert error.kind == "jump_authentication"
        assert "key_file" in error.detail
        assert "encrypted" in failure(trusting(host, home, key_file="~/key", password=None)).detail


def test_log_in_with_a_default_key_after_others_were_refused(home: Path) -> None:
    write_key(home / ".ssh/id_ed25519")
    write_key(home / ".ssh/id_ecdsa", passphrase="unknown", algorithm="ecdsa-sha2-nistp256")
    key = write_key(home / ".ssh/id_rsa", algorithm="ssh-rsa")
    with JumpHost(Behaviour(public_keys=[key.convert_to_public()])) as host:
        assert_logs_in(trusting(host, home, password=None))


def test_the_password_is_tried_after_the_keys(home: Path) -> None:
    write_key(home / ".ssh/id_ed25519")
    other = asyncssh.generate_private_key("ssh-ed25519").convert_to_public()
    with JumpHost(Behaviour(public_keys=[other], password=PASSWORD)) as host:
        assert_logs_in(trusting(host, home))


def test_log_in_with_keyboard_interactive(home: Path) -> None:
    with JumpHost(Behaviour(interactive_password=PASSWORD)) as host:
        assert_logs_in(trusting(host, home))
        assert failure(trusting(host, home, password="wrong")).kind == "jump_authentication"


def test_a_refused_log_in_names_what_was_tried_and_what_is_allowed(home: Path) -> None:
    write_key(home / "key")
    other = asyncssh.generate_private_key("ssh-ed25519").convert_to_public()
    with JumpHost(Behaviour(public_keys=[other], password=PASSWORD)) as host:
        error = failure(trusting(host, home, key_file=str(home / "key"), password="wrong"))
        nothing = failure(trusting(host, home, password=None))
    assert error.kind == "jump_authentication"
    assert "as ops" in error.detail
    assert "allows publickey, password" in error.detail
    assert f"tried {home}/key, password" in error.detail
    assert "wrong" not in error.detail
    assert "tried nothing" in nothing.detail


# Chains


def test_two_hops(home: Path) -> None:
    with JumpHost(Behaviour(password=PASSWORD)) as bastion, JumpHost(Behaviour(password="inner")) as inner:
        via = trusting(inner, home, password="inner", jump=[trusting(bastion, home)])
        with target(echo) as port, SSHVantage(via) as vantage:
            streams = [open_stream(vantage, "127.0.0.1", port) for _ in range(3)]
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


# Closing


def is_ours(thread: threading.Thread) -> bool:
    """The rest are threads of the servers in this process."""
    return isinstance(thread, Transport) or thread.name.startswith("via ")


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_close_leaves_nothing_behind(home: Path) -> None:
    with JumpHost(Behaviour(password=PASSWORD)) as bastion, JumpHost(Behaviour(password=PASSWORD)) as inner:
        via = trusting(inner, home, jump=[trusting(bastion, home)])
        with target(echo) as port:
            threads, open_before = set(threading.enumerate()), descriptors()
            vantage = SSHVantage(via)
            answers = open_streams(vantage, *[("127.0.0.1", port)] * 50)
            streams = [stream for stream, error in answers if stream is not None]
            assert len(streams) == 50
            assert descriptors() > open_before
            for stream in streams:
                stream.close()
            vantage.close()
            vantage.close()
            assert [each for each in set(threading.enumerate()) - threads if is_ours(each)] == []
            # The descriptors of the servers in this process close a moment later.
            assert eventually(lambda: descriptors() == open_before)


def test_close_ends_streams_that_are_still_open(jump_host: JumpHost, home: Path) -> None:
    with target(echo) as port:
        vantage = SSHVantage(trusting(jump_host, home))
        stream = open_stream(vantage, "127.0.0.1", port)
        receive(stream)
        vantage.close()
        with pytest.raises(TunnelLost):
            receive(stream)
        stream.close()


def test_close_answers_what_still_waits(jump_host: JumpHost, home: Path) -> None:
    jump_host.behaviour.held.add("slow.example")
    answers: queue.Queue[Answer] = queue.Queue()
    vantage = SSHVantage(trusting(jump_host, home))
    vantage.open_channel("slow.example", 25, lambda stream, error: answers.put((stream, error)))
    assert eventually(lambda: len(jump_host.forwarded) == 1)
    vantage.close()
    vantage.open_channel("slow.example", 25, lambda stream, error: answers.put((stream, error)))
    kinds = [answers.get(timeout=PATIENCE)[1] for _ in range(2)]
    assert [error.kind for error in kinds if error] == ["tunnel", "tunnel"]


def test_close_interrupts_a_log_in() -> None:
    with target(lambda connection: connection.recv(100) and connection.recv(100)) as port:
        answers: queue.Queue[Answer] = queue.Queue()
        vantage = SSHVantage(Via("127.0.0.1", port), login_timeout=60)
        vantage.open_channel("127.0.0.1", 25, lambda stream, error: answers.put((stream, error)))
        assert eventually(lambda: any(isinstance(each, Transport) for each in threading.enumerate()))
        started = time.monotonic()
        vantage.close()
        assert time.monotonic() - started < 2
        stream, error = answers.get(timeout=PATIENCE)
        assert stream is None
        assert error is not None


def test_close_before_anything_was_opened() -> None:
    SSHVantage(Via("127.0.0.1")).close()


# The process around it


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    core = Path(__file__).parents[2] / "plugins/module_utils"
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, "PYTHONPATH": str(core)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_nothing_is_printed() -> None:
    with target(lambda connection: connection.sendall(b"no SSH\r\n")) as port:
        done = run_python(
            "import queue\n"
            "from mailops_smtp.vantage.ssh import SSHVantage\n"
            "from mailops_smtp.vantage.via import Via\n"
            "errors = queue.Queue()\n"
            f"with SSHVantage(Via('127.0.0.1', {port})) as vantage:\n"
            "    vantage.open_channel('mx', 25, lambda stream, error: errors.put(error.kind))\n"
            "    print(errors.get())\n"
        )
    assert (done.stdout, done.stderr) == ("jump_unreachable\n", "")


def test_without_paramiko_the_package_is_named() -> None:
    done = run_python(
        "import sys\n"
        "sys.modules['paramiko'] = None\n"
        "from mailops_smtp.vantage.ssh import ParamikoMissing, SSHVantage\n"
        "from mailops_smtp.vantage.via import Via\n"
        "try:\n"
        "    SSHVantage(Via('127.0.0.1'))\n"
        "except ParamikoMissing as error:\n"
        "    print(error)\n"
    )
    assert done.stderr == ""
    assert done.stdout == "paramiko is needed on the controller for `via`: pip install paramiko\n"
