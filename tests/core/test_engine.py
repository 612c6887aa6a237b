# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many checks at once: each ends in time with a result of its own, whatever the others meet, and nothing is left."""

from __future__ import annotations

import collections
import contextlib
import threading
import time

import pytest
from mailops_smtp.evidence import ERROR_KINDS, StepError
from mailops_smtp.scenario import BEHAVIOURS, ScenarioServer
from mailops_smtp.wire import engine, manners
from mailops_smtp.wire.engine import Engine
from mailops_smtp.wire.talk import Talk

from tests.core.jobs import QUICK, job, talks
from tests.core.scripts import MESSAGE, auth, dialog

pytestmark = pytest.mark.usefixtures("nothing_is_left")


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


@pytest.mark.parametrize("name", ["ordinary", "smtps"])
def test_a_faultless_server_gets_its_check_through_tls(name, server_tls):
    with ScenarioServer(name, tls=server_tls) as server:
        (made,) = talks(job(server.port, next(checks_of(server))))
    assert (made.tls_facts.established, made.session.failed_phase) == (True, None)


# Side by side.


def test_a_hanging_check_does_not_delay_the_others():
    with ScenarioServer("silent") as silent, ScenarioServer() as ordinary:
        jobs = [
            job(silent.port, timeouts=QUICK._replace(reply=1.0)),
            *(job(ordinary.port) for _number in range(3)),
        ]
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
    assert 2 <= server.most <= 2 * manners.CONNECTIONS_PER_SERVER


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
    assert most == manners.CONNECTIONS_PER_SERVER


def test_after_421_the_server_is_left_alone_and_the_others_are_not(monkeypatch):
    monkeypatch.setattr(engine, "Manners", lambda: manners.Manners(per_server=1))
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


# The end.


def test_a_closed_run_says_goodbye():
    with ScenarioServer("slow-banner", pause=0.5) as waiting, ScenarioServer() as ordinary:
        run = Engine().run([job(ordinary.port), *(job(waiting.port) for _number in range(8))])
        assert next(run)[0].endpoint.port == ordinary.port
        run.close()
        sessions = waiting.wait(5)
    assert [session.commands for session in sessions] == [["QUIT"]] * 5, "and nobody else was called"


def test_an_interrupted_run_says_goodbye(interrupt_after):
    with ScenarioServer("slow-banner", pause=0.5) as server:
        interrupt_after(0.2)
        with pytest.raises(KeyboardInterrupt):
            talks(job(server.port), job(server.port))
        assert [session.commands for session in server.wait(2)] == [["QUIT"]] * 2


def test_nobody_is_waited_for_longer_than_a_farewell_takes(monkeypatch):
    monkeypatch.setattr(engine, "FAREWELL_SECONDS", 0.2)
    with ScenarioServer("silent") as silent, ScenarioServer() as ordinary:
        run = Engine().run([job(silent.port), job(ordinary.port)])
        next(run)
        started = time.monotonic()
        run.close()
        assert 0.2 <= time.monotonic() - started < 2
