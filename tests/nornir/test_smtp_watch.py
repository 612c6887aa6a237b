# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The watch as a Nornir task: who watches what, how it ends, and what a lost log-in means."""

from __future__ import annotations

import threading
import time
import typing as t
from pathlib import Path

import pytest
from mailops_smtp.plan import OptionError
from mailops_smtp.scenario import ScenarioServer
from nornir.core import Nornir

from nornir_smtp import gate, report, smtp_watch
from tests.core.ssh_client import PASSWORD
from tests.core.ssh_server import Behaviour, JumpHost
from tests.facts_contract import keeps_contract
from tests.nornir.test_smtp_check import NOT_HERE

INTERVAL = 0.2

InventoryOf = t.Callable[..., Nornir]


class Watching:
    """A watch under way in a thread of its own, and what it has told so far."""

    def __init__(self, nornir: Nornir, **options: t.Any) -> None:
        self.stop = threading.Event()
        self.told: list[tuple[str, t.Any, t.Any]] = []
        self.result: t.Any = None
        asked = {"interval": INTERVAL, "duration": 60, "stop": self.stop, "told": self._tell, **options}
        self._thread = threading.Thread(target=lambda: setattr(self, "result", nornir.run(task=smtp_watch, **asked)))
        self._thread.start()

    def _tell(self, *what: t.Any) -> None:
        self.told.append(t.cast("tuple[str, t.Any, t.Any]", what))

    def until(self, number: int, state: str = "up") -> None:
        """Waits until so many more checks came to that state."""
        mark, deadline = len(self.told), time.monotonic() + 20
        while sum(record["state"] == state for told in self.told[mark:] for record in told[1]) < number:
            assert time.monotonic() < deadline, self.told[mark:]
            time.sleep(0.02)

    def end(self) -> t.Any:
        self.stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.result


def test_an_outage_is_measured_until_somebody_stops_the_watch(inventory_of: InventoryOf) -> None:
    with ScenarioServer("ordinary") as server:
        port = server.port
        watching = Watching(inventory_of(here={"hostname": "localhost"}), targets=[f"127.0.0.1:{port}"])
        watching.until(2)
        stopping = time.time()
    watching.until(1, "down")
    seen_down = time.time()
    watching.until(3, "down")
    starting = time.time()
    with ScenarioServer("ordinary", port=port):
        watching.until(1)
        seen_up = time.time()
        result = watching.end()
    found = result["here"][0].result
    keeps_contract(found, "watch")
    assert (found["vantage"], found["ended"], len(found["outages"])) == ("here", "interrupted", 1)
    # It begins between the last check that went well and the first that did not, which may have been under way already.
    assert starting - seen_down <= found["outages"][0]["seconds"] <= seen_up - stopping + 2 * INTERVAL
    assert {name for name, _seen, _changes in watching.told} == {"here"}
    assert "127.0.0.1" in report([], watch=result)
    same = {"verdict": "pass", "summary": "Nothing changed.", "rollback_hint": None, "unseen": [], "unchanged": 1}
    compared = {**same, **dict.fromkeys(("regressions", "missing", "improvements", "changes", "expected", "added"), ())}
    assert gate(compared, result, longest_gap=60)["verdict"] == "pass"
    assert gate([compared], result, longest_gap=0.1)["verdict"] == "fail"


def test_without_targets_the_host_is_watched_with_its_own_defaults(inventory_of: InventoryOf) -> None:
    with ScenarioServer("ordinary") as server:
        host = {"hostname": "127.0.0.1", "data": {"smtp": {"port": server.port, "starttls": "never", "mode": "auto"}}}
        result = inventory_of(mx1=host).run(task=smtp_watch, duration=0.1, interval=0.1, fail_task=True)
    found = result["mx1"][0].result
    keeps_contract(found, "watch")
    assert (found["verdict"], found["ended"]) == ("pass", "duration")
    assert (result["mx1"].failed, result["mx1"].changed) == (False, False)
    gone = inventory_of(mx1=host).run(task=smtp_watch, duration=0.1, interval=0.1, fail_task=True)
    assert gone["mx1"].failed


def test_a_vantage_whose_connection_is_lost_logs_in_anew(inventory_of: InventoryOf, tmp_path: Path) -> None:
    with JumpHost(Behaviour(password=PASSWORD)) as jump_host, ScenarioServer("ordinary") as server:
        known_hosts = tmp_path / "known_hosts"
        known_hosts.write_text(jump_host.known_hosts_line.replace("127.0.0.1", NOT_HERE) + "\n", encoding="utf-8")
        fra = {
            "hostname": NOT_HERE, "port": jump_host.port, "username": "probe", "password": PASSWORD,
            "extras": {"known_hosts": [str(known_hosts)]},
        }  # fmt: skip
        watching = Watching(inventory_of(fra=fra), targets=[f"127.0.0.1:{server.port}"])
        watching.until(2)
        jump_host.drop()
        watching.until(3)
        found = watching.end()["fra"][0].result
    keeps_contract(found, "watch")
    assert (found["vantage"], found["verdict"], found["outages"]) == ("fra", "pass", [])
    assert jump_host.log_ins >= 2


def test_a_dry_run_watches_nothing(inventory_of: InventoryOf) -> None:
    nornir = inventory_of(here={"hostname": "localhost"})
    nornir.data.dry_run = True
    result = nornir.run(task=smtp_watch, targets=["127.0.0.1:9"], duration=60)
    assert result["here"][0].result is None


@pytest.mark.parametrize("wrong", [{"interval": 0}, {"check": {"test_message": {}}}, {"check": {"via": {}}}])
def test_a_wrong_option_is_an_error(inventory_of: InventoryOf, wrong: dict[str, t.Any]) -> None:
    result = inventory_of(here={"hostname": "localhost"}).run(task=smtp_watch, targets=["127.0.0.1:9"], **wrong)
    assert isinstance(result["here"][0].exception, OptionError)
