# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Ansible module from a user's command line: what it prints, returns, changes and fails for."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mailops_smtp.scenario import ScenarioServer

from .conftest import SECONDS, Ansible


@pytest.fixture
def server():
    with ScenarioServer("ordinary") as running:
        yield running


def test_one_line_with_short_spellings(ansible: Ansible, server: ScenarioServer) -> None:
    _printed, result = ansible.smtp_check(f"host=127.0.0.1 port={server.port} from=admin@test.com to=user@contoso.com")
    assert result["verdict"] == "pass"
    assert result["changed"] is False
    assert result["vantages"] == [
        {
            **dict.fromkeys(("address", "clock_offset", "proxy", "mode_reason", "side", "network", "unfit")),
            "name": "localhost",
            "mode": "local",
        }
    ]
    [session] = server.wait(1, 10)
    assert [command.split()[0] for command in session.commands] == ["EHLO", "MAIL", "RCPT", "QUIT"]
    assert session.violations == []


@pytest.mark.parametrize("side", ["", "outside"])
def test_what_the_role_finds_out_of_a_vantage_is_what_the_module_takes(
    ansible: Ansible, server: ScenarioServer, side: str
) -> None:
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable, "server": f"127.0.0.1:{server.port}"},
        "roles": [
            {"role": "mailops.smtp.vantage", "vantage_references": ["{{ server }}"], "vantage_side": side},
        ],
        "tasks": [
            {
                "mailops.smtp.smtp_check": {"targets": ["{{ server }}"], "vantage": "{{ vantage_known }}"},
                "register": "smtp",
            },
            {"ansible.builtin.assert": {"that": [f"smtp.vantages[0].side == {side or None!r}"]}},
        ],
    }
    playbook = ansible.home / "play.json"
    playbook.write_text(json.dumps([play]))
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), playbook],
        env=ansible.environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_refusal_fails_the_task_with_a_sentence_and_all_facts(ansible: Ansible, server: ScenarioServer) -> None:
    _printed, result = ansible.smtp_check({"host": "127.0.0.1", "port": server.port, "recipient": "nobody@contoso.com"})
    assert "Unknown recipient: nobody@contoso.com" in result["msg"]
    assert result["checks"][0]["recipients"][0]["outcome"] == "refused"


def test_only_a_message_changes_anything(ansible: Ansible, server: ScenarioServer) -> None:
    options = {"host": "127.0.0.1", "port": server.port, "recipient": "user@contoso.com", "test_message": {}}
    _printed, would = ansible.smtp_check(options, "--check")
    assert would["changed"] is True
    assert server.messages == []
    _printed, did = ansible.smtp_check(options)
    assert did["changed"] is True
    assert len(server.messages) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"host": "a", "targets": ["b"]}, "host 'a' stands beside targets: give one of the two."),
        ({"port": 25}, "host is missing: say what to test: host, or targets."),
        ({"host": "a", "port": 70000}, "port 70000 is no port number: give 1 to 65535."),
        (
            {"host": "a", "recipient": "user@contoso.com\r\nDATA"},
            "recipient 'user@contoso.com\\r\\nDATA' contains a line end, which would start another command: "
            "write local-part@domain.",
        ),
        (
            {"host": "a", "test_message": {"subject": "hello"}},
            "recipient is missing: give one, the message goes to it.",
        ),
        ({"host": "a", "tls": {"ca_path": "/nonexistent"}}, "tls.ca_path '/nonexistent' cannot be used:"),
        (
            {"host": "a", "via": {"host": "j", "key_file": "/nonexistent"}},
            "via.key_file '/nonexistent' cannot be used:",
        ),
    ],
)
def test_wrong_input_is_told_in_one_sentence(ansible: Ansible, arguments: dict[str, object], sentence: str) -> None:
    _printed, result = ansible.smtp_check(arguments)
    assert sentence in result["msg"]
    assert "\n" not in result["msg"]


def test_passwords_are_printed_nowhere(ansible: Ansible, server: ScenarioServer) -> None:
    auth = {"username": "probe", "password": "not-the-right-one", "allow_clear_text": True}
    target = {"host": "127.0.0.1", "port": server.port, "auth": {**auth, "mechanism": "PLAIN"}}
    variables = ansible.home / "variables.json"
    variables.write_text('{"targets": [' + str(target).replace("'", '"').replace("True", "true") + "]}")
    printed, result = ansible.smtp_check("targets={{ targets }}", "-vvvv", "-e", f"@{variables}")
    assert result["checks"][0]["auth"]["accepted"] is False
    assert auth["password"] not in printed
    assert base64.b64encode(b"\0probe\0not-the-right-one").decode() not in printed


def test_text_of_the_server_is_no_template(ansible: Ansible) -> None:
    with ScenarioServer("nul-and-escapes") as server:
        printed, result = ansible.smtp_check({"host": "127.0.0.1", "port": server.port})
    assert "{{ 7 * 7 }}" in result["checks"][0]["banner"]["lines"][0]
    assert "\x1b" not in printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_goodbye_and_leaves_no_process(ansible: Ansible, number: signal.Signals) -> None:
    with ScenarioServer("slow-banner", pause=1.5) as server:
        options = {"host": "127.0.0.1", "port": server.port, "recipient": "user@contoso.com"}
        running = subprocess.Popen(
            ansible.command(options),
            env=ansible.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_until(lambda: bool(server.sessions))
            os.killpg(running.pid, number)
            running.wait(SECONDS)
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)
        [session] = server.wait(1, 20)
        assert session.quit
        assert session.violations == []
        wait_until(lambda: not modules_of(ansible.home))


def modules_of(home: Path) -> list[str]:
    """The processes that run a module from this home directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(home) in line and "AnsiballZ" in line:
            found.append(line)
    return found


def wait_until(true, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
