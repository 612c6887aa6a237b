# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections through a jump host: bytes in both directions, every kind of end, and nothing left behind."""

from __future__ import annotations

import hashlib
import os
import queue
import select
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from mailops_smtp.vantage.channel import ChannelStream, TunnelLost
from mailops_smtp.vantage.ssh import RECONNECTIONS, SSHVantage
from mailops_smtp.vantage.transport import Transport
from mailops_smtp.vantage.via import Via

from tests.core.ssh_client import (
    PASSWORD,
    PATIENCE,
    Answers,
    echo,
    eventually,
    open_stream,
    open_streams,
    receive,
    receive_all,
    send_all,
    target,
    trusting,
)
from tests.core.ssh_server import Behaviour, JumpHost

pytestmark = pytest.mark.usefixtures("home")


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
        for _portion in range(16):
            digest.update(connection.recv(1 << 17, socket.MSG_WAITALL))
        received.put(digest.hexdigest())
        connection.sendall(data)

    data = os.urandom(1 << 21)
    with target(exchange) as port, SSHVantage(trusting(jump_host, home)) as vantage:
        stream = open_stream(vantage, "127.0.0.1", port)
        send_all(stream, data)
        assert received.get(timeout=PATIENCE) == hashlib.sha256(data).hexdigest()
        assert receive_all(stream) == data


def fill(stream: ChannelStream) -> None:
    for _portion in range(10_000):
        stream.send(bytes(32768))


def test_a_full_window_is_reported_and_ends(jump_host: JumpHost, home: Path) -> None:
    go_on = threading.Event()

    def lazy(connection: socket.socket) -> None:
        go_on.wait(PATIENCE)
        while connection.recv(65536):
            pass

    with target(lazy) as port, SSHVantage(trusting(jump_host, home)) as vantage:
        stream = open_stream(vantage, "127.0.0.1", port)
        with pytest.raises(BlockingIOError):
            fill(stream)
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
    def say_and_close(connection: socket.socket) -> None:
        connection.sendall(b"421 closing\r\n")

    with target(say_and_close) as port, SSHVantage(trusting(jump_host, home)) as vantage:
        stream = open_stream(vantage, "127.0.0.1", port)
        assert receive_all(stream) == b"421 closing\r\n"
        assert receive(stream) == b"", "the end stays"


def test_sending_to_a_server_that_is_gone_is_no_lost_tunnel(jump_host: JumpHost, home: Path) -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(6)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with target(reset) as port, SSHVantage(trusting(jump_host, home)) as vantage:
        stream = open_stream(vantage, "127.0.0.1", port)
        stream.send(b"QUIT\r\n")
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
        streams = [open_stream(vantage, "127.0.0.1", port) for number in range(20)]
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
        assert error.kind == "jump_unreachable"


def test_a_lost_connection_is_made_again_for_what_is_asked_later(jump_host: JumpHost, home: Path) -> None:
    with target(echo) as port, SSHVantage(trusting(jump_host, home)) as vantage:
        lost = 0
        for number in range(1 + RECONNECTIONS):
            stream = open_stream(vantage, "127.0.0.1", port)
            assert receive(stream) == b"220 ready\r\n"
            assert jump_host.log_ins == number + 1
            jump_host.drop()
            with pytest.raises(TunnelLost):
                receive(stream)
            lost += 1
        # Not for ever.
        [(_stream, error)] = open_streams(vantage, ("127.0.0.1", port))
        assert error is not None
        assert error.kind == "tunnel"
        assert jump_host.log_ins == lost


def test_a_jump_host_that_dies_answers_every_open_request(jump_host: JumpHost, home: Path) -> None:
    jump_host.behaviour.held.add("slow.example")
    answers = Answers()
    with SSHVantage(trusting(jump_host, home)) as vantage:
        for _opening in range(5):
            answers.ask(vantage, "slow.example")
        assert eventually(lambda: len(jump_host.forwarded) == 5)
        jump_host.kill()
        assert answers.kinds() == ["tunnel"] * 5


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
    answers = Answers()
    vantage = SSHVantage(trusting(jump_host, home))
    answers.ask(vantage, "slow.example")
    assert eventually(lambda: len(jump_host.forwarded) == 1)
    vantage.close()
    answers.ask(vantage, "slow.example")
    assert answers.kinds() == ["tunnel", "tunnel"]


def test_close_interrupts_a_log_in() -> None:
    answers = Answers()
    with target(lambda connection: connection.recv(100) and connection.recv(100)) as port:
        vantage = SSHVantage(Via("127.0.0.1", port), login_timeout=60)
        answers.ask(vantage, "127.0.0.1")
        assert eventually(lambda: any(isinstance(each, Transport) for each in threading.enumerate()))
        started = time.monotonic()
        vantage.close()
        assert time.monotonic() - started < 2
        [kind] = answers.kinds()
        assert kind is not None


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
            "    vantage.open_channel('mx', 25, 10.0, lambda stream, error: errors.put(error.kind))\n"
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
