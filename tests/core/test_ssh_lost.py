# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A jump host that goes away in the middle of a dialog: what was under way is inconclusive, and never resent."""

from __future__ import annotations

import threading
import typing as t
from pathlib import Path

import pytest
from mailops_smtp.run import check
from mailops_smtp.scenario import ScenarioServer

from tests.core.ssh_client import eventually, trusting
from tests.core.ssh_server import JumpHost

pytestmark = pytest.mark.usefixtures("home")


def test_lost_in_the_middle_of_data(jump_host: JumpHost, home: Path) -> None:
    via = trusting(jump_host, home)
    options: t.Dict[str, t.Any] = {
        "recipient": "user@contoso.com", "test_message": {}, "helo_name": "a.example",
        "via": {
            "host": via.host, "port": via.port, "user": via.user, "password": via.password,
            "known_hosts": list(via.known_hosts or ()),
        },
    }  # fmt: skip
    with ScenarioServer("silent-at-message") as stuck, ScenarioServer("ordinary") as fine:
        options["targets"] = [f"127.0.0.1:{stuck.port}", f"127.0.0.1:{fine.port}"]
        runs: t.List[t.Dict[str, t.Any]] = []
        thread = threading.Thread(target=lambda: runs.append(check(options)))
        thread.start()
        assert eventually(lambda: any("DATA" in session.commands for session in stuck.sessions))
        assert eventually(lambda: len(fine.messages) == 1)
        jump_host.drop()
        thread.join(20)
    [run] = runs
    lost, delivered = run["checks"]
    assert (lost["verdict"], lost["failed_phase"]) == ("inconclusive", "message")
    assert lost["message"]["outcome"] == "unknown"
    assert lost["steps"][-1]["error"]["kind"] == "tunnel"
    assert delivered["message"]["outcome"] == "accepted"
    assert len(stuck.sessions) == 1
