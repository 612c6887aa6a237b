# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many checks at once: each ends in time with a result of its own, whatever the others meet, and nothing is left."""

from __future__ import annotations

import collections
import contextlib
import errno
import os
import signal
import socket
import threading
import time

import pytest
from mailops_smtp.dialog.conversation import Session
from mailops_smtp.evidence import ERROR_KINDS, Endpoint, StepError
from mailops_smtp.plan import Timeouts, TLSOptions
from mailops_smtp.scenario import BEHAVIOURS, ScenarioServer
from mailops_smtp.wire import engine
from mailops_smtp.wire.engine import Engine
from mailops_smtp.wire.talk import Job, Talk
from mailops_smtp.wire.tls_settings import TLSSettings

from tests.core.scripts import MESSAGE, auth, dialog

TLS = TLSSettings(TLSOptions(False, None, None, None, None, None, None))
QUICK = Timeouts(connect=2.0, reply=0.3, total=2.0)
PATIENT = Timeouts(connect=10.0, reply=10.0, total=20.0)


def job(port, planned=None, *, address="127.0.0.1", timeouts=PATIENT, **changes):
    return Job(
        target=f"{address}:{port}",
        endpoint=Endpoint(address, address, "ipv6" if ":" in address else "ipv4", port),
        session=Session(planned or dialog("user@contoso.com")),
        timeouts=timeouts,
        tls=TLS,
        verify=False,
        server_name=address,
    )._replace(**changes)


def talks(*jobs):
    """The talk of each job, in the jobs' order; None for a check that was not made."""
    ended = {id(done.session): talk for done, talk in Engine().run(jobs)}
    return [ended[id(made.session)] for made in jobs]


def open_descriptors():
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture(autouse=True)
def nothing_is_left():
    """Neither descriptor nor thread, whatever a test does."""
    before = open_descriptors(), threading.active_count()
    yield
    assert (open_descriptors(), threading.active_count()) == before


# Every server of the scenario, with and without a message.


def checks_of(server):
    """What there is to say to the server: a plain check, one that logs in and sends a message."""
    protocol = server.behaviour.protocol
    starttls = "optional" if protocol == "esmtp" else "never"
    yield dialog("user@contoso.com", protocol=protocol, starttls=starttls)
    credentials = auth() if "auth" in server.behaviour.scripts else None
    yield dialog("user@contoso.com", protocol=protocol, starttls=starttls, auth=credentials, message=MESSAGE)


def is_complete(talk):
    facts = talk.session.as_dict()
    assert talk.done
    assert talk.tls_facts is not None
    assert talk.steps[0].phase == "connect"
    for step in talk.steps:
        assert step.seconds >= 0
        assert step.error is None or step.error.kind in ERROR_KINDS
        assert step.error is None or step.error.kind != "crashed", step.error.detail
        # Each step has come to something: a connection, a handshake and a QUIT to a silent server to no reply, all else
        # to one or to an error.
        assert step.reply or step.error or step.phase in ("connect", "starttls", "quit")
    assert facts["failed_phase"] is not None or facts["reached"] == talk.session.dialog.stop_after
    return True


@pytest.mark.parametrize("name", sorted(name for name in BEHAVIOURS if not BEHAVIOURS[name].needs_certificate))
def test_every_server_gets_a_complete_check(name):
    with ScenarioServer(name, pause=0.05) as server:
        started = time.monotonic()
        made = talks(*(job(server.port, planned, timeouts=QUICK) for planned in checks_of(server)))
        assert time.monotonic() - started < 4
        # After a 421 the server is left alone.
        assert all(is_complete(talk) for talk in made if talk is not None)
        assert made[0] is not None
        for session in server.wait(len([talk for talk in made if talk is not None])):
            assert session.violations == []


@pytest.mark.parametrize("name", sorted(name for name in BEHAVIOURS if BEHAVIOURS[name].protocol != "lmtp"))
def test_every_server_gets_a_complete_check_with_tls(name, server_tls):
    with ScenarioServer(name, pause=0.05, tls=server_tls) as server:
        (made,) = talks(job(server.port, next(checks_of(server)), timeouts=QUICK))
        assert is_complete(made)
        if name in ("ordinary", "smtps"):
            assert made.tls_facts.established is True
            assert made.session.failed_phase is None


# Side by side.


def test_a_hanging_check_does_not_delay_the_others():
    with ScenarioServer("silent") as silent, ScenarioServer() as ordinary:
        jobs = [job(silent.port, timeouts=QUICK), *(job(ordinary.port) for _number in range(3))]
        order = [done.endpoint.port for done, _talk in Engine().run(jobs)]
    assert order == [ordinary.port] * 3 + [silent.port]


class Counting(ScenarioServer):
    """Knows how many sessions it had at once at most."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.now = self.most = 0
        self.counting = threading.Lock()

    def _converse(self, conversation):
        with self.counting:
            self.now += 1
            self.most = max(self.most, self.now)
        super()._converse(conversation)
        with self.counting:
            self.now -= 1


def test_few_connections_at_a_time_to_one_server():
    # The pause keeps each session up long enough for the others to be there too.
    with Counting("slow-banner", pause=0.1) as server:
        made = talks(*(job(server.port) for _number in range(12)))
        assert all(talk.session.failed_phase is None for talk in made)
    # A server counts a session until it has seen its end: one that has just ended may overlap with the next.
    assert 2 <= server.most <= 2 * engine.CONNECTIONS_PER_SERVER


def test_the_limit_holds_for_connections_that_are_open_here(monkeypatch):
    open_at_once = []
    settle = Engine._settle

    def counted(self, talk):
        settle(self, talk)
        open_at_once.append(collections.Counter(other.job.endpoint.port for other in self._talks).most_common(1))

    monkeypatch.setattr(Engine, "_settle", counted)
    with ScenarioServer() as server:
        talks(*(job(server.port) for _number in range(12)))
    most = max(count[0][1] for count in open_at_once if count)
    assert most == engine.CONNECTIONS_PER_SERVER


def test_after_421_the_server_is_left_alone_and_the_others_are_not(monkeypatch):
    monkeypatch.setattr(engine, "CONNECTIONS_PER_SERVER", 1)
    with ScenarioServer("banner-421") as tired, ScenarioServer() as ordinary:
        jobs = [job(server.port) for _number in range(3) for server in (tired, ordinary)]
        made = talks(*jobs)
        assert len(tired.wait(1)) == 1
    assert [talk is None for talk in made] == [False, False, True, False, True, False]
    assert made[0].session.failed_phase == "banner"


def test_three_hundred_checks_at_once():
    with contextlib.ExitStack() as stack:
        # A server takes five at a time, so it needs many to have all at once.
        servers = [stack.enter_context(ScenarioServer()) for _number in range(10)]
        started = time.monotonic()
        made = talks(*(job(servers[number % 10].port) for number in range(300)))
        seconds = time.monotonic() - started
        assert [talk.session.failed_phase for talk in made] == [None] * 300
        assert sum(session.quit for server in servers for session in server.wait(30)) == 300
    assert seconds < 15


def test_a_crashed_check_costs_the_others_nothing(monkeypatch):
    readable = Talk.readable

    def defective(self):
        if self.job.target == "defective":
            raise RuntimeError("boom")
        readable(self)

    monkeypatch.setattr(Talk, "readable", defective)
    with ScenarioServer() as server:
        made = talks(job(server.port), job(server.port, target="defective"), job(server.port))
    assert [talk.session.failed_phase for talk in made] == [None, "banner", None]
    assert made[1].steps[-1].error == StepError("crashed", "RuntimeError: boom")


# No connection.


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


# The end.


def test_a_closed_run_says_goodbye():
    with ScenarioServer("slow-banner", pause=0.2) as waiting, ScenarioServer() as ordinary:
        run = Engine().run([job(ordinary.port), *(job(waiting.port) for _number in range(8))])
        assert next(run)[0].endpoint.port == ordinary.port
        run.close()
        sessions = waiting.wait(5)
    assert [session.commands for session in sessions] == [["QUIT"]] * 5, "and nobody else was called"


def test_an_interrupted_run_says_goodbye():
    with ScenarioServer("slow-banner", pause=0.5) as server:
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        try:
            with pytest.raises(KeyboardInterrupt):
                talks(job(server.port), job(server.port))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
        assert [session.commands for session in server.wait(2)] == [["QUIT"]] * 2


def test_nobody_is_waited_for_longer_than_a_farewell_takes(monkeypatch):
    monkeypatch.setattr(engine, "FAREWELL_SECONDS", 0.2)
    with ScenarioServer("silent") as silent, ScenarioServer() as ordinary:
        run = Engine().run([job(silent.port), job(ordinary.port)])
        next(run)
        started = time.monotonic()
        run.close()
        assert 0.2 <= time.monotonic() - started < 2
