# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From nothing to a stream: each way in which a connection does not come about, and streams from elsewhere."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading

import pytest
from mailops_smtp.dialog.octets import content_of
from mailops_smtp.evidence import StepError
from mailops_smtp.plan import Timeouts
from mailops_smtp.scenario import ScenarioServer
from mailops_smtp.wire import engine
from mailops_smtp.wire.engine import Engine

from tests.core.jobs import job, talks
from tests.core.scripts import CONTENT, MESSAGE, dialog

pytestmark = pytest.mark.usefixtures("nothing_is_left")


@pytest.fixture
def refused_port():
    """A port that is bound, so nobody else gets it, and not listened on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def test_a_refused_connection(refused_port):
    (made,) = talks(job(refused_port))
    assert [step.error for step in made.steps] == [StepError("refused", "Connection refused.")]
    assert (made.session.failed_phase, made.local_address) == ("connect", None)


def test_an_address_that_cannot_be_used_as_a_source():
    (made,) = talks(job(25, source_address="192.0.2.1"))
    assert made.steps[0].error == StepError(
        "local", "The vantage could not open the connection: Cannot assign requested address."
    )


def test_a_zone_that_this_host_does_not_have_is_told_in_words():
    there = job(25)
    (made,) = talks(there._replace(endpoint=there.endpoint._replace(address="fe80::1%nowhere", family="ipv6")))
    error = made.steps[0].error
    assert error.kind == "local"
    assert error.detail.startswith("The vantage could not open the connection: ")
    assert "Unknown error" not in error.detail


def test_a_source_address():
    with ScenarioServer() as server:
        (made,) = talks(job(server.port, source_address="127.0.0.2"))
        (session,) = server.wait()
    assert (made.local_address, session.client) == ("127.0.0.2", "127.0.0.2")


class Failing(socket.socket):
    """A socket whose connection attempt ends as ``codes`` say: at once, and after a while."""

    codes = (errno.EINPROGRESS, 0)

    def connect_ex(self, address):
        if self.codes[0] == errno.EINPROGRESS:
            super().connect_ex(address)
        return self.codes[0]

    def getsockopt(self, *arguments):
        return self.codes[1]


@pytest.mark.parametrize(
    ("at_once", "later", "kind"),
    [
        # An answer from the network takes its time; what fails at once failed here.
        (errno.ENETUNREACH, 0, "local"),
        (errno.EHOSTUNREACH, 0, "local"),
        (errno.EPERM, 0, "local"),
        (errno.ECONNREFUSED, 0, "refused"),
        (errno.EINPROGRESS, errno.ECONNREFUSED, "refused"),
        (errno.EINPROGRESS, errno.EHOSTUNREACH, "unreachable"),
        (errno.EINPROGRESS, errno.ENETUNREACH, "unreachable"),
        (errno.EINPROGRESS, errno.ETIMEDOUT, "timeout"),
        (errno.EINPROGRESS, errno.ECONNRESET, "reset"),
        (errno.EINPROGRESS, errno.EPERM, "local"),
    ],
)
def test_each_failure_to_connect_has_its_kind(at_once, later, kind, refused_port, monkeypatch):
    monkeypatch.setattr(Failing, "codes", (at_once, later))
    monkeypatch.setattr(engine.socket, "socket", Failing)
    (made,) = talks(job(refused_port))
    assert made.steps[0].error.kind == kind
    assert os.strerror(later or at_once) in made.steps[0].error.detail


class Scarce(socket.socket):
    """There are no sockets for IPv6."""

    def __init__(self, family=-1, *arguments, **options):
        if family == socket.AF_INET6:
            raise OSError(errno.EMFILE, "Too many open files")
        super().__init__(family, *arguments, **options)


def test_no_descriptor_for_a_socket(refused_port, monkeypatch):
    monkeypatch.setattr(engine.socket, "socket", Scarce)
    made = talks(job(refused_port, address="::1"), job(refused_port))
    assert made[0].steps[0].error == StepError(
        "local", "The vantage could not open the connection: Too many open files."
    )
    assert made[1].steps[0].error.kind == "refused"


def test_a_connection_that_nobody_accepts():
    # With a backlog that is full, the kernel drops further SYNs: the same silence as behind a dropping firewall.
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _number in range(3):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        (made,) = talks(job(listener.getsockname()[1], timeouts=Timeouts(0.3, 10.0, 20.0)))
    assert made.steps[0].error == StepError("timeout", "No connection within 0.3 s.")


# Streams from elsewhere.


def elsewhere(host, port, seconds, report):
    """Opens a direct socket as a jump host would: in a thread of its own."""

    def connect():
        try:
            stream = socket.create_connection((host, port), seconds)
        except OSError:
            report(None, StepError("refused", "The jump host says so."))
        else:
            stream.setblocking(False)
            report(stream, None)

    threading.Thread(target=connect).start()


def test_streams_from_elsewhere_take_the_same_path(refused_port):
    with ScenarioServer() as server:
        made = talks(job(server.port, open_channel=elsewhere), job(refused_port, open_channel=elsewhere))
    assert made[0].session.failed_phase is None
    assert made[0].session.reached == "rcpt"
    assert made[1].steps[0].error == StepError("refused", "The jump host says so.")


def test_a_vantage_that_crashes_costs_the_others_nothing():
    def crash(*_arguments):
        raise RuntimeError("boom")

    with ScenarioServer() as server:
        made = talks(job(25, open_channel=crash), job(server.port))
    assert made[0].steps[0].error == StepError("crashed", "RuntimeError: boom")
    assert made[1].session.failed_phase is None


class Late:
    """Keeps whom to report to, and reports a stream when told."""

    def open_channel(self, _host, _port, _seconds, report):
        self.report = report

    def comes(self):
        near, far = socket.socketpair()
        self.report(near, None)
        far.close()
        return near


def test_a_stream_that_comes_too_late_is_closed():
    late = Late()
    with ScenarioServer("slow-banner", pause=0.3) as server:
        given_up = job(25, open_channel=late.open_channel, timeouts=Timeouts(0.1, 0.1, 0.1))
        run = Engine().run([given_up, job(server.port)])
        assert next(run)[1].steps[0].error == StepError("tunnel", "No connection within 0.1 s.")
        stream = late.comes()
        assert next(run)[1].session.failed_phase is None
        assert stream.fileno() < 0
        assert list(run) == []
    assert late.comes().fileno() < 0, "after the run too"


def test_a_stream_that_comes_as_the_run_ends_is_closed(monkeypatch):
    late = Late()
    monkeypatch.setattr(engine, "FAREWELL_SECONDS", 0.0)
    with ScenarioServer() as server:
        run = Engine().run([job(25, open_channel=late.open_channel), job(server.port)])
        next(run)
        stream = late.comes()
        run.close()
    assert stream.fileno() < 0


class Narrow:
    """An SSH channel with a small window: it takes a few octets, then nothing for a while, and cannot announce more."""

    def __init__(self, connection):
        self._connection = connection
        self._closed_window = False
        self.fileno, self.recv, self.close = connection.fileno, connection.recv, connection.close

    def send(self, data):
        self._closed_window = not self._closed_window
        if self._closed_window:
            raise BlockingIOError
        return self._connection.send(data[:20])


def test_a_stream_that_cannot_announce_room_is_asked_again():
    def open_narrow(host, port, seconds, report):
        elsewhere(host, port, seconds, lambda stream, error: report(Narrow(stream), error))

    with ScenarioServer() as server:
        (made,) = talks(job(server.port, dialog("user@contoso.com", message=MESSAGE), open_channel=open_narrow))
        (session,) = server.wait()
    assert made.session.failed_phase is None
    assert (session.violations, session.messages[0].content) == ([], CONTENT)


def test_a_message_larger_than_any_buffer():
    octets = b"Subject: large\r\n\r\n" + (b"x" * 70 + b"\r\n") * 80_000
    large = MESSAGE._replace(content=content_of(octets))
    with ScenarioServer() as server:
        (made,) = talks(job(server.port, dialog("user@contoso.com", message=large)))
        (session,) = server.wait()
    assert made.session.failed_phase is None
    assert session.messages[0].content == octets
