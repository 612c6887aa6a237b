# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The core travels into a Python's standard input, runs there and sends the checks back. Here that Python is a child of
the test, as sshd's would be; through a real SSH server it goes in tests/integration/test_ways_from_a_vantage.py.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from mailops_smtp.evidence import StepError, Vantage
from mailops_smtp.judge import judge_run
from mailops_smtp.plan import OptionError, plan
from mailops_smtp.remote import baggage
from mailops_smtp.remote.answers import Answers, NotAccepted
from mailops_smtp.remote.belongings import CannotTravel, packed
from mailops_smtp.remote.lines import Lines
from mailops_smtp.results import Results
from mailops_smtp.run import check
from mailops_smtp.scenario import ScenarioServer

from tests.core.ssh_client import eventually
from tests.facts_contract import keeps_contract

MARK = "mailops.smtp:test"
VERSIONS = ["python2.7", "python3.6", "python3.7", "python3.8", "python3.9", "python3.12", "python3.13"]
HOMES = [Path("/usr/bin"), *Path.home().glob(".pyenv/versions/*/bin")]
FOUND = [str(home / version) for version in VERSIONS for home in HOMES if (home / version).exists()]
TOO_OLD = [python for python in FOUND if any(old in python for old in VERSIONS[:3])]


def said_by(
    python: str, asked: t.Mapping[str, t.Any], *flags: str, domains: bool = False
) -> t.List[t.Dict[str, t.Any]]:
    done = subprocess.run(
        [python, *flags, "-"], input=baggage.script(asked, MARK, domains), capture_output=True, check=False, cwd="/"
    )
    assert done.stderr == b""
    return list(Lines(MARK).feed(done.stdout))


def request(port: int, **options: t.Any) -> t.Dict[str, t.Any]:
    travelling, files = packed({"host": "127.0.0.1", "port": port, "helo_name": "a.example", **options})
    return {"options": travelling, "check_mode": False, "files": files}


def timeless(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        left_out = ("at", "seconds", "started_at", "library", "summary")
        return {key: timeless(entry) for key, entry in value.items() if key not in left_out}
    return [timeless(entry) for entry in value] if isinstance(value, list) else value


@pytest.mark.parametrize("python", [sys.executable, *(python for python in FOUND if python not in TOO_OLD)])
def test_the_evidence_is_that_of_a_run_made_here(python: str) -> None:
    with ScenarioServer("ordinary") as server:
        options = {"host": "127.0.0.1", "port": server.port, "recipient": "user@contoso.com", "helo_name": "a.example"}
        said = said_by(python, request(server.port, recipient="user@contoso.com"))
        here = check(options)
    assert [next(iter(entry)) for entry in said] == ["alive", "found", "begun", "check", "run"]
    [made] = [entry["evidence"] for entry in said if "check" in entry]
    [judged] = judge_run([made])["checks"]
    assert timeless(judged) == timeless(here["checks"][0])


@pytest.mark.parametrize("python", TOO_OLD or [pytest.param("", marks=pytest.mark.skip("no old Python is here"))])
def test_an_old_python_says_that_it_is(python: str) -> None:
    [said] = said_by(python, request(25))
    version = Path(python).name[len("python") :]
    assert said == {"unable": f"its Python is {version}, and 3.8 is needed"}


def test_dnspython_travels_where_there_is_none() -> None:
    """-I -S: no package that is installed is found."""
    asked = {"options": {"targets": ["contoso.invalid"]}, "check_mode": False, "files": {}}
    interpreter = next((python for python in FOUND if "3.12" in python or "3.13" in python), sys.executable)
    with_it = said_by(interpreter, {**asked, "check_mode": True}, "-I", "-S", domains=True)
    assert "run" in with_it[-1]
    without_it = said_by(interpreter, asked, "-I", "-S")
    assert "needs dnspython" in without_it[-1]["refused"]


def test_no_module_is_taken_from_where_the_vantage_stands(tmp_path: Path) -> None:
    for name in ("socket", "json", "dns", "mailops_smtp"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a trap')")
    with ScenarioServer("ordinary") as server:
        script = baggage.script(request(server.port), MARK, False)
        done = subprocess.run([sys.executable, "-"], input=script, capture_output=True, check=False, cwd=tmp_path)
    assert b'"run"' in done.stdout
    assert done.stderr == b""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dns.py", "json.py", "mailops_smtp.py", "socket.py"]


def test_files_travel_into_memory(tmp_path: Path) -> None:
    message = tmp_path / "message.eml"
    message.write_bytes(b"Subject: from a file\r\n\r\nIts body.\r\n")
    with ScenarioServer("ordinary") as server:
        asked = request(server.port, recipient="user@contoso.com", test_message={"file": str(message)})
        assert str(message) not in json.dumps(asked)
        message.unlink()
        said = said_by(sys.executable, asked)
        assert [entry["evidence"]["message"]["outcome"] for entry in said if "check" in entry] == ["accepted"]
        assert b"Its body." in server.messages[0].content


def test_what_cannot_travel_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotTravel, match="is a folder of this machine"):
        packed({"tls": {"ca_path": str(tmp_path)}})
    big = tmp_path / "big"
    big.write_bytes(bytes(9 * 1024 * 1024))
    with pytest.raises(CannotTravel, match="too large"):
        packed({"targets": [{"host": "mx", "test_message": {"file": str(big)}}]})


def test_the_script_shows_no_secret_outside_of_itself() -> None:
    asked = {"options": {"auth": {"username": "u", "password": "correct horse"}}, "check_mode": False, "files": {}}
    script = baggage.script(asked, MARK, False)
    assert b"correct horse" not in script
    assert baggage.script(asked, MARK, False) == script


def test_a_run_whose_listener_is_gone_says_quit_and_ends() -> None:
    with ScenarioServer("ordinary", pause=60) as server:
        script = baggage.script(request(server.port, timeouts={"total": 300, "reply": 200}), MARK, False)
        with subprocess.Popen(
            [sys.executable, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as running:
            assert running.stdin is not None
            assert running.stdout is not None
            running.stdin.write(script)
            running.stdin.close()
            assert b"alive" in running.stdout.readline()
            assert b"found" in running.stdout.readline()
            running.stdout.close()
            running.send_signal(signal.SIGHUP)
            assert eventually(lambda: running.poll() is not None)


def test_noise_is_not_an_answer() -> None:
    lines = Lines(MARK)
    noisy = b"Welcome!\n$ " + MARK.encode() + b' {"alive": true}\nmotd {"run": {}}\nlast wo'
    assert list(lines.feed(noisy)) == [{"alive": True}]
    assert list(lines.feed(b"rd\n")) == []
    assert lines.complaint() == "last word"


def answers(port: int = 25) -> Answers:
    planned = plan({"targets": [f"127.0.0.1:{port}", "mx2.contoso.com:25"]}, "a.example")
    return Answers(planned, Vantage("fra", "ssh-python"), False, Results(planned, False))


def test_what_did_not_come_back_is_inconclusive_and_the_rest_stands() -> None:
    with ScenarioServer("ordinary") as server:
        said = said_by(sys.executable, request(server.port))
        taken = answers(server.port)
        for entry in said:
            if "check" in entry:
                taken.take(entry)
    run = taken.run(StepError("tunnel", "the SSH connection was lost"))
    keeps_contract(run)
    assert [made["verdict"] for made in run["checks"]] == ["pass", "inconclusive"]
    assert [made["vantage"]["name"] for made in run["checks"]] == ["fra", "fra"]
    assert run["checks"][1]["findings"][0]["id"] == "vantage.tunnel"


def test_what_was_not_begun_can_be_made_again_unless_it_sends_a_message() -> None:
    loss = StepError("tunnel", "the SSH connection was lost")
    options = {"recipient": "user@contoso.com", "targets": ["127.0.0.1:25", "127.0.0.1:26", "127.0.0.1:27"]}
    places = [[{"host": "127.0.0.1", "address": "127.0.0.1", "family": "ipv4", "port": port}] for port in (25, 26, 27)]
    for more, left, outcomes in (
        ({}, {1, 2}, [None, None, None]),
        ({"repeat": {"count": 2}}, {1, 2, 3, 4, 5}, [None] * 6),
        ({"test_message": {}}, None, ["unknown"] * 3),
    ):
        planned = plan({**options, **more}, "a.example")
        taken = Answers(planned, Vantage("fra", "ssh-python"), False, Results(planned, False))
        for said in ({"found": places}, {"begun": 0}):
            taken.take(said)
        rest = taken.left_after(loss)
        assert (rest.numbers if rest is not None else None) == left
        run = taken.run(loss)
        assert [made["message"] and made["message"]["outcome"] for made in run["checks"]] == outcomes
        assert {made["verdict"] for made in run["checks"]} == {"inconclusive"}


def test_only_the_rest_is_made() -> None:
    """The second repetition of the first, and the whole of the other; nothing is looked up again."""
    with ScenarioServer("ordinary") as server:
        asked = request(server.port, repeat={"count": 2, "interval": 0.1})
        del asked["options"]["host"], asked["options"]["port"]
        asked["options"]["targets"] = [{"host": "no-such-name.invalid", "port": server.port}] * 2
        place = {"host": "mx", "address": "127.0.0.1", "family": "ipv4", "port": server.port}
        asked["rest"] = {"found": [[place], [place]], "numbers": [1, 2, 3]}
        said = said_by(sys.executable, asked)
        made = {entry["check"]: entry["evidence"]["repetition"] for entry in said if "check" in entry}
        assert made == {1: 2, 2: 1, 3: 2}
        assert len(server.sessions) == 3


def test_an_option_that_is_wrong_there_is_a_wrong_option() -> None:
    with pytest.raises(NotAccepted, match=r"^source_address") as raised:
        answers().take({"refused": "source_address 'x' is no address: give one."})
    assert isinstance(raised.value, OptionError)


def test_nothing_is_imported_from_a_disk_that_would_write_there() -> None:
    assert b"dont_write_bytecode = True" in baggage.script({}, MARK, False)
