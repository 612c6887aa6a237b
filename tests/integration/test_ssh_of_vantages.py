# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real OpenSSH: who gets in, and what it says of a connection that it does not make."""

from __future__ import annotations

import contextlib
import subprocess
import typing as t
from pathlib import Path

import pytest

from .conftest import Controller
from .test_ways_from_a_vantage import SHORT


@contextlib.contextmanager
def agent(controller: Controller, *key_files: str) -> t.Iterator[None]:
    """An SSH agent of the controller that has these keys, each with its certificate where there is one."""
    socket = controller.home / "agent"
    argv = controller.lab.argv("controller", ["ssh-agent", "-D", "-a", str(socket)])
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, env=controller.environment) as running:
        controller.environment["SSH_AUTH_SOCK"] = str(socket)
        try:
            while not socket.exists():
                assert running.poll() is None
            controller.run("ssh-add", "-q", *key_files, check=True)
            yield
        finally:
            del controller.environment["SSH_AUTH_SOCK"]
            running.terminate()


def seen_through(controller: Controller, **via: t.Any) -> tuple[str, str | None, str]:
    """The verdict, and what the last error was, where there was one."""
    asked = {name: value for name, value in {**controller.via, **via}.items() if value is not None}
    run = controller.check(host=controller.name("mx1"), stop_after="ehlo", via=asked, tls=controller.tls)
    error = run["checks"][0]["steps"][-1]["error"] or {"kind": None, "detail": ""}
    return run["verdict"], error["kind"], error["detail"]


PASSED = ("pass", None, "")


def test_the_agents_keys(controller: Controller) -> None:
    ssh = controller.lab.state["ssh"]
    stranger = str(Path(ssh["key_file"]).with_name("stranger"))
    with agent(controller, stranger, ssh["key_file"]):
        assert seen_through(controller, key_file=None) == PASSED
    verdict, kind, detail = seen_through(controller, key_file=None)
    assert (verdict, kind) == ("inconclusive", "jump_authentication")
    assert "refused the log-in as probe" in detail


def test_a_certificate_of_the_agent(controller: Controller) -> None:
    """The key alone is not let in; with the certificate that an authority has signed for it, it is."""
    certified = controller.lab.state["ssh"]["certified_key_file"]
    with agent(controller, certified):
        assert seen_through(controller, key_file=None) == PASSED
    alone = controller.home / "alone"
    alone.write_bytes(Path(certified).read_bytes())
    alone.chmod(0o600)
    with agent(controller, str(alone)):
        assert seen_through(controller, key_file=None)[:2] == ("inconclusive", "jump_authentication")


def test_a_certificate_beside_the_key(controller: Controller) -> None:
    assert seen_through(controller, key_file=controller.lab.state["ssh"]["certified_key_file"]) == PASSED


def test_a_password(controller: Controller) -> None:
    assert seen_through(controller, key_file=None, password=controller.lab.state["ssh"]["password"]) == PASSED
    verdict, kind, detail = seen_through(controller, key_file=None, password="wrong horse")
    assert (verdict, kind) == ("inconclusive", "jump_authentication")
    assert "wrong horse" not in detail


@pytest.mark.parametrize(
    ("jump", "target", "verdict", "kind"),
    [
        ("jump", "refused", "fail", "refused"),
        ("jump", "prohibited", "fail", "unreachable"),
        ("jump", "dropped", "fail", "timeout"),
        ("jump", "nobody.invalid", "fail", "unresolved"),
        ("jump-closed", "refused", "inconclusive", "jump_forwarding"),
        ("jump-mute", "mx1", "inconclusive", "jump_forwarding"),
    ],
)
def test_why_a_channel_is_refused(controller: Controller, jump: str, target: str, verdict: str, kind: str) -> None:
    """That a server refuses, that nothing leads to it, and that the jump host forbids it are different things."""
    host = target if "." in target else controller.name(target)
    via = {**controller.via, "host": controller.name(jump), "mode": "channel"}
    [made] = controller.check(host=host, via=via, timeouts={**SHORT, "connect": 2.0})["checks"]
    assert (made["verdict"], made["steps"][-1]["error"]["kind"]) == (verdict, kind)
