# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limit of open files: known, raised where that is allowed, and queued for where it is not."""

from __future__ import annotations

import errno
import json
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from mailops_smtp.scenario import ScenarioServer
from mailops_smtp.wire import descriptors, engine, readiness
from mailops_smtp.wire.engine import Engine

from tests.core.jobs import job, talks

LIBRARY = Path(descriptors.__file__).parents[2]

# In a process of its own, whose limits can be lowered for good.
PROBE = """
import json, resource, sys
sys.path.insert(0, sys.argv[1])
from mailops_smtp.wire.descriptors import room_for
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]), int(sys.argv[3])))
print(json.dumps([room_for(int(sys.argv[4])), resource.getrlimit(resource.RLIMIT_NOFILE)[0]]))
"""


def room(soft, hard, wanted):
    arguments = [sys.executable, "-c", PROBE, str(LIBRARY), str(soft), str(hard), str(wanted)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def test_a_limit_that_is_enough_is_left_as_it_is():
    assert room(256, 512, 100) == [100, 256]


def test_a_limit_that_is_too_low_is_raised_as_far_as_needed():
    offered, limit = room(128, 4096, 1000)
    assert offered == 1000
    assert 1000 < limit < 1100


def test_where_it_cannot_be_raised_there_is_less_room():
    offered, limit = room(128, 256, 1000)
    assert limit == 256
    assert 200 < offered < 256 - descriptors.SPARE


def test_there_is_room_for_one_at_least():
    assert room(descriptors.SPARE, descriptors.SPARE, 1000)[0] == 1


def test_a_system_without_such_a_limit(monkeypatch):
    monkeypatch.setattr(descriptors, "resource", None)
    assert descriptors.room_for(12345) == 12345


def test_what_is_open_counts_without_proc(monkeypatch):
    def unknown(folder):
        raise FileNotFoundError(folder)

    monkeypatch.setattr(descriptors.os, "listdir", unknown)
    assert descriptors.room_for(10) == 10


# At work.

MANY = """
import json, resource, sys, threading
sys.path.insert(0, sys.argv[1])
from mailops_smtp.run import check
resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))
targets = [{"host": "127.0.0.1", "port": int(sys.argv[2])} for number in range(60)]
manners = {"per_server": 60}
options = {"targets": targets, "stop_after": "ehlo", "starttls": "never", "helo_name": "test.com"}
run = check({**options, "connections": manners})
print(json.dumps(run["counts"]))
"""


def test_more_checks_than_descriptors_wait_for_each_other():
    with ScenarioServer() as server:
        arguments = [sys.executable, "-c", MANY, str(LIBRARY), str(server.port)]
        done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"pass": 60}


class Scarce(socket.socket):
    """Somebody else in this process takes what was left: there is room for three at first, and then for one."""

    room = 3
    in_use = 0
    refused = 0

    def __init__(self, family=-1, kind=-1, proto=-1, fileno=None):
        self._counts = fileno is None
        if self._counts:
            if Scarce.in_use >= Scarce.room:
                Scarce.refused += 1
                Scarce.room = 1
                raise OSError(errno.EMFILE, "Too many open files")
            Scarce.in_use += 1
        super().__init__(family, kind, proto, fileno)

    def close(self):
        if self._counts:
            self._counts = False
            Scarce.in_use -= 1
        super().close()


def test_a_socket_that_cannot_be_had_is_tried_again(monkeypatch):
    with ScenarioServer() as one, ScenarioServer() as other:
        monkeypatch.setattr(engine.socket, "socket", Scarce)
        monkeypatch.setattr(Scarce, "room", 3)
        monkeypatch.setattr(Scarce, "in_use", 0)
        monkeypatch.setattr(Scarce, "refused", 0)
        made = talks(*(job((one, other)[number % 2].port) for number in range(10)))
        refused, in_use = Scarce.refused, Scarce.in_use
        monkeypatch.undo()
    assert [talk.session.failed_phase for talk in made] == [None] * 10
    # Once when a fourth was wanted, once when there were two already and when there was one.
    assert refused >= 2
    assert in_use == 0


def test_the_limit_of_this_process_is_known_to_the_engine():
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ScenarioServer() as server:
        run = Engine().run([job(server.port)])
        next(run)
        run.close()
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == soft, "one check needs no more"


@pytest.mark.parametrize("kind", [engine.readiness, readiness.Selector])
def test_each_way_to_wait_carries_a_check(kind, monkeypatch):
    monkeypatch.setattr(engine, "readiness", kind)
    with ScenarioServer() as server:
        made = talks(*(job(server.port) for _number in range(3)))
    assert [talk.session.failed_phase for talk in made] == [None] * 3
