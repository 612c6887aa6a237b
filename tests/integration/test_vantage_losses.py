# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SSH connections to real vantages that are lost or go silent while checks are under way: what was under way is
inconclusive, what was not is made all the same, and no message is sent twice."""

from __future__ import annotations

import concurrent.futures
import contextlib
import re
import subprocess
import sys
import threading
import time
import typing as t

import pytest

from .changing import end_sessions
from .conftest import Controller
from .test_located_faults import planted
from .test_ways_from_a_vantage import checks_from

SECONDS = 20.0

# Long enough for a busy machine to do to the connection what it is to suffer.
PATIENCE = {"connect": 5.0, "reply": 20.0, "total": 60.0}

Outcome = tuple[str, str, str | None]


def outcomes(checks: list[dict[str, t.Any]]) -> list[Outcome]:
    """The verdict, the way, and the kind of the last error of each check."""
    return [
        (made["verdict"], made["vantage"]["mode"], (made["steps"][-1]["error"] or {}).get("kind")) for made in checks
    ]


@contextlib.contextmanager
def under_way(controller: Controller, vantage: str, **options: t.Any) -> t.Iterator[t.Callable[[], list[t.Any]]]:
    """A run that has begun to wait for the server that never says anything; called, it gives the checks."""
    silent = controller.lab.state["faults"]["silent"]["ipv4"]
    targets = [f"{silent}:25", *(f"{controller.name(name)}:25" for name in ("mx1", "exim"))]
    asked = {
        "targets": targets, "connections": {"at_once": 1}, "address_family": "ipv4", "timeouts": PATIENCE, **options
    }  # fmt: skip
    if options.get("mode") in ("channel", "exec"):
        del asked["address_family"]
    # What an earlier test left there notices within seconds that nobody listens.
    until(lambda: not sockets(controller, vantage, f"dst {silent}"))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        checks = pool.submit(checks_from, controller, vantage, **asked)
        until(lambda: bool(sockets(controller, vantage, f"dst {silent}")))
        yield lambda: checks.result(timeout=60)


def until(condition: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def sockets(controller: Controller, host: str, which: str) -> list[str]:
    argv = ["ss", "-Htn", "state", "established", *which.split()]
    return controller.lab.run(host, argv, capture_output=True, text=True).stdout.splitlines()  # type: ignore[no-any-return]


LOST = ("inconclusive", "ssh-python", "tunnel")


def test_python_there_goes_on_over_a_new_connection(controller: Controller) -> None:
    with under_way(controller, "jump") as checks:
        end_sessions(controller.lab, "jump")
        made = checks()
    assert outcomes(made) == [LOST, ("pass", "ssh-python", None), ("pass", "ssh-python", None)]
    assert "was lost" in made[0]["steps"][-1]["error"]["detail"]


def test_where_python_is_gone_meanwhile_channels_make_the_rest(controller: Controller) -> None:
    marker = "/var/lock/python-once"
    once = f"sh -c 'mkdir {marker} && exec python3 -'"
    try:
        with under_way(controller, "jump", python=once) as checks:
            end_sessions(controller.lab, "jump")
            made = checks()
    finally:
        controller.lab.run("jump", ["rmdir", marker])
    assert outcomes(made) == [LOST, ("pass", "ssh-channel", None), ("pass", "ssh-channel", None)]
    assert made[1]["vantage"]["mode_reason"].startswith("Python there ended: ")


def test_without_the_ladder_the_rest_is_inconclusive(controller: Controller) -> None:
    marker = "/var/lock/python-once"
    once = f"sh -c 'mkdir {marker} && exec python3 -'"
    try:
        with under_way(controller, "jump", python=once, mode="python") as checks:
            end_sessions(controller.lab, "jump")
            assert outcomes(checks()) == [LOST] * 3
    finally:
        controller.lab.run("jump", ["rmdir", marker])


def test_a_channels_connection_is_made_again(controller: Controller) -> None:
    with under_way(controller, "jump", mode="channel") as checks:
        end_sessions(controller.lab, "jump")
        made = checks()
    lost, passed = ("inconclusive", "ssh-channel", "tunnel"), ("pass", "ssh-channel", None)
    assert outcomes(made) == [lost, passed, passed]


@pytest.mark.parametrize(("vantage", "mode"), [("jump", "python"), ("vantage-a", "channel"), ("jump-closed", "exec")])
def test_a_vantage_that_goes_silent_is_found_out(controller: Controller, vantage: str, mode: str) -> None:
    """Its packets are dropped from some moment on, and nobody is told; only those of this connection, so that the next
    one is as good as any."""
    with under_way(controller, vantage, mode=mode, timeouts={**PATIENCE, "reply": 8.0}) as checks:
        [found] = [re.search(r":(\d+)\s*$", line.rstrip()) for line in sockets(controller, vantage, "sport 22")]
        assert found is not None
        began = time.monotonic()
        with planted(controller, vantage, "output", f"tcp sport 22 tcp dport {found[1]} drop"):
            made = checks()
    [(verdict, _way, kind), *others] = outcomes(made)
    assert (verdict, kind) == ("inconclusive", "tunnel")
    assert {verdict for verdict, _way, _kind in others} == {"pass"}
    # What a vantage may keep silent, the question whether it is there, and the checks.
    assert time.monotonic() - began < 15 + 5 + 20


@pytest.fixture
def stuck(controller: Controller) -> t.Iterator[tuple[str, list[str]]]:
    """A mail server that never answers a message, and what it says of its dialogs."""
    address = controller.lab.state["hosts"]["controller"]["ipv4"]
    argv = [sys.executable, "-m", "mailops_smtp.scenario", "--behaviour", "silent-at-message"]
    argv += ["--listen", f"{address}:2525", "--verbose"]
    command = controller.lab.argv("controller", argv)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=controller.environment) as server:
        assert server.stdout is not None
        assert "2525" in server.stdout.readline()
        said: list[str] = []
        listener = threading.Thread(target=said.extend, args=(server.stdout,))
        listener.start()
        yield address, said
        server.terminate()
        listener.join()


@pytest.mark.parametrize("mode", ["python", "channel"])
def test_lost_in_the_middle_of_a_message(controller: Controller, stuck: tuple[str, list[str]], mode: str) -> None:
    """Nobody knows what became of it, and it is not sent again; nor is, where that cannot be known, any other."""
    address, said = stuck
    asked = {
        "targets": [
            {"host": address, "port": 2525, "recipient": "user@contoso.com"},
            {"host": controller.lab.state["hosts"]["mx1"]["ipv4"], "recipient": "user@contoso.test"},
        ],
        "connections": {"at_once": 1}, "mode": mode, "test_message": {}, "tls": {},
    }  # fmt: skip
    before = len(controller.mails("user"))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        checks = pool.submit(checks_from, controller, "jump", **asked)
        until(lambda: checks.done() or any("DATA" in line for line in said))
        end_sessions(controller.lab, "jump")
        [lost, other] = checks.result(timeout=60)
    assert (lost["verdict"], lost["message"]["outcome"]) == ("inconclusive", "unknown")
    if mode == "python":
        assert (other["verdict"], other["message"]["outcome"]) == ("inconclusive", "unknown")
        assert len(controller.mails("user")) == before
    else:
        # Here it is known that it had not begun.
        assert other["message"]["outcome"] == "accepted"
        until(lambda: len(controller.mails("user")) == before + 1)
