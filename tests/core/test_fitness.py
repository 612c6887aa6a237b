# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a vantage is fit to judge by: what disqualifies it, what is merely odd, and what is not known."""

from __future__ import annotations

import socket
import threading
import typing as t
from pathlib import Path

import pytest
from mailops_smtp.fitness.judgement import fitness
from mailops_smtp.fitness.surroundings import pointer, resolvers, ssh_server, surroundings
from mailops_smtp.judge import judge_run
from mailops_smtp.plan import OptionError
from mailops_smtp.scenario import ScenarioServer
from mailops_smtp.vantage_fitness import vantage_fitness

from tests.core.dialogs import HEALTHY, check
from tests.facts_contract import keeps_contract

TIMEOUT = "E: timeout No connection within 10 s."
BLOCKED = "S: 554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org"
AROUND = {"time": 0.0, "python": "3.11.2", "openssh": "OpenSSH_9.2", "resolvers": ["192.0.2.53"], "ptr": None}
HOSTS = [("mx.fabrikam.com", "198.51.100.9"), ("mx.wingtip.com", "203.0.113.7")]


def run(*dialogs: str, seen_as: t.Optional[str] = None) -> t.Dict[str, t.Any]:
    checks = [
        check(
            dialog.replace("mx1.contoso.com", host),
            endpoint={"host": host, "address": address, "source": "given"},
            target=f"{host}:25",
        )
        for dialog, (host, address) in zip(dialogs, HOSTS)
    ]
    for made in checks:
        if made["ehlo"] is not None:
            made["ehlo"]["client_seen_as"] = seen_as
    return {"vantages": [checks[0]["vantage"]], **judge_run(checks)}


def judged(made: t.Any, around: t.Any = (), offset: t.Optional[float] = 0.0) -> t.Dict[str, t.Any]:
    facts = fitness(made, AROUND if around == () else around, offset, 0.1)
    keeps_contract(facts, "fitness")
    return facts


def test_a_vantage_that_reaches_its_references_is_fit() -> None:
    facts = judged(run(HEALTHY, HEALTHY, seen_as="192.168.7.9"))
    assert (facts["fit"], facts["reasons"], facts["remarks"]) == (True, [], [])
    assert facts["address"] == "192.168.7.9"
    assert facts["vantage"]["unfit"] is None
    assert facts["summary"] == "controller is fit: it reaches 2 of 2 addresses of its reference targets."


@pytest.mark.parametrize(
    ("made", "offset", "words"),
    [
        (run(TIMEOUT), 0.0, "It reaches none of its reference targets (mx.fabrikam.com:25): "),
        (run(TIMEOUT, TIMEOUT), 0.0, "No mail server can be reached on port 25 from controller."),
        (run(BLOCKED), 0.0, "list"),
        (run(HEALTHY), 3600.0, "Its clock is 60 min ahead of the controller's."),
        (run(HEALTHY), -9000.0, "Its clock is 2.5 hours behind the controller's."),
    ],
)
def test_what_makes_it_unfit(made: t.Any, offset: float, words: str) -> None:
    facts = judged(made, offset=offset)
    assert facts["fit"] is False
    assert len(facts["reasons"]) == 1
    assert words in facts["reasons"][0]
    assert facts["vantage"]["unfit"] == facts["reasons"][0]
    assert facts["summary"].startswith("controller is not fit: ")


def test_a_reference_that_refuses_was_reached() -> None:
    assert judged(run("S: 554 5.7.1 No SMTP service here"))["fit"] is True


@pytest.mark.parametrize(
    ("changes", "seen_as", "offset", "remark"),
    [
        ({}, "8.8.8.8", 0.0, "Its address 8.8.8.8 has no name in DNS (PTR)"),
        ({"ptr": {"name": "a.example", "confirmed": False}}, "8.8.8.8", 0.0, "does not lead back to 8.8.8.8"),
        ({"resolvers": []}, "10.0.0.1", 0.0, "It has no name server in /etc/resolv.conf."),
        ({}, "10.0.0.1", 5.0, "Its clock is 5.0 s ahead of the controller's."),
    ],
)
def test_what_is_odd_but_no_reason(changes: t.Dict[str, t.Any], seen_as: str, offset: float, remark: str) -> None:
    facts = judged(run(HEALTHY, seen_as=seen_as), {**AROUND, **changes}, offset)
    assert facts["fit"] is True
    assert len(facts["remarks"]) == 1
    assert remark in facts["remarks"][0]


def test_some_references_that_are_not_reached_are_a_remark() -> None:
    facts = judged(run(HEALTHY, TIMEOUT, seen_as="10.0.0.1"))
    assert facts["fit"] is True
    assert facts["remarks"] == ["Some reference targets were not reached: mx.wingtip.com:25."]


def test_what_nobody_looked_at_is_not_known() -> None:
    facts = judged(run(HEALTHY), None, None)
    assert (facts["fit"], facts["python"], facts["resolvers"], facts["clock_offset"]) == (True, None, None, None)
    assert facts["remarks"] == ["Nothing runs on this vantage, so its clock, versions and name servers are not known."]


def test_a_clock_that_may_be_right_is_not_held_against_it() -> None:
    assert fitness(run(HEALTHY), AROUND, 302.0, 5.0)["fit"] is True


def test_this_machine() -> None:
    with ScenarioServer("ordinary") as server:
        facts = vantage_fitness({
            "references": [f"127.0.0.1:{server.port}"],
            "vantage": {"name": "here", "clock_offset": 0.25}, "clock_uncertainty": 0.1,
        })  # fmt: skip
    keeps_contract(facts, "fitness")
    assert facts["fit"] is True
    assert facts["clock_offset"] == facts["vantage"]["clock_offset"] == 0.25
    [session] = server.sessions
    assert [command.split()[0].upper() for command in session.commands] == ["EHLO", "QUIT"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "references name nothing"),
        ({"references": ["mx:25"], "recipient": "a@b"}, "'recipient' does not exist"),
    ],
)
def test_wrong_options_are_told(options: t.Dict[str, t.Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        vantage_fitness(options)


def test_the_surroundings(tmp_path: Path) -> None:
    around = surroundings("127.0.0.1")
    assert set(around) == {"time", "python", "openssh", "resolvers", "ptr"}
    configuration = tmp_path / "resolv.conf"
    configuration.write_text("# nameserver 192.0.2.1\nsearch a.example\nnameserver 192.0.2.53\n nameserver ::1\n")
    assert resolvers(str(configuration)) == ["192.0.2.53", "::1"]
    assert resolvers(str(tmp_path / "nothing")) == []
    assert pointer("not an address") is None


@pytest.mark.parametrize(("line", "name"), [(b"SSH-2.0-OpenSSH_9.2p1\r\n", "OpenSSH_9.2p1"), (b"220 hi\r\n", None)])
def test_the_ssh_server_is_asked_for_its_name(line: bytes, name: t.Optional[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with listener.accept()[0] as connection:
                connection.sendall(line)

        thread = threading.Thread(target=serve)
        thread.start()
        assert ssh_server("127.0.0.1", listener.getsockname()[1]) == name
        thread.join()
