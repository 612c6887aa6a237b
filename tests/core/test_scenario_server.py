# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripted mail server as a thing to start and stop, in Python and on the command line."""

from __future__ import annotations

import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from mailops_smtp.scenario import BEHAVIOURS, ScenarioServer

from tests.core.scenario_client import ENVELOPE, SERVER_TLS, Client

ROOT = Path(__file__).parents[2]


def test_a_fault_that_needs_a_certificate_says_so():
    with pytest.raises(ValueError, match="'smtps' needs a certificate"):
        ScenarioServer("smtps")
    with pytest.raises(ValueError, match="there is no behaviour 'smpts'"):
        ScenarioServer("smpts")


def test_wait_gives_up():
    with ScenarioServer() as server, pytest.raises(TimeoutError, match="0 of 1 sessions have ended"):
        server.wait(timeout=0.05)


def test_the_server_is_given_back_whole():
    """Sessions wait in every way there is; stop() ends them all, and no thread, descriptor or port is left."""
    descriptors = Path("/proc/self/fd")
    before = (len(list(descriptors.iterdir())), threading.active_count())
    clients = []
    for name in ("ordinary", "silent", "slow-banner", "endless-banner", "smtps", "silent-at-ehlo"):
        server = ScenarioServer(name, tls=SERVER_TLS, pause=60)
        server.start()
        clients += [socket.create_connection(("127.0.0.1", server.port)) for client in range(3)]
        if name != "smtps":
            # There it would be a failed handshake, which ends the session.
            for client in clients[-3:]:
                client.sendall(b"EHLO me\r\n")
        server.stop()
        server.stop()
        assert {session.ended for session in server.sessions} <= {"server stopped"}
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port))
    for client in clients:
        client.close()
    assert (len(list(descriptors.iterdir())), threading.active_count()) == before


def test_many_clients_at_once():
    with ScenarioServer() as server:
        clients = [Client(server) for client in range(200)]
        for command in ["", *ENVELOPE, "QUIT"]:
            for client in clients:
                if command:
                    client.send(command + "\r\n")
            for client in clients:
                assert client.reply()[-1][0] == "2"
        for client in clients:
            client.__exit__()
        assert {session.ended for session in server.wait(200)} == {"quit"}


# The command line and the documentation.


def scenario(*arguments: str, **options) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "plugins" / "module_utils")}
    return subprocess.Popen(
        [sys.executable, "-m", "mailops_smtp.scenario", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_the_documentation_and_the_list_name_every_behaviour():
    output, errors = scenario("--list").communicate()
    listed = dict(re.split(" {2,}", line, maxsplit=1) for line in output.splitlines())
    described = {behaviour.name: behaviour.description for behaviour in BEHAVIOURS.values()}
    documentation = (ROOT / "docs" / "scenario.md").read_text(encoding="utf-8")
    assert (listed, errors) == (described, "")
    assert (
        dict(re.findall(r"^\| `(\S+)` \| (.*) \|$", documentation.partition("## Behaviours")[2], re.MULTILINE))
        == described
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--behaviour", "smpts"], "there is no behaviour 'smpts', see --list"),
        (["--behaviour", "smtps"], "the behaviour 'smtps' needs --cert"),
        (["--listen", "2525"], "argument --listen: '2525' is not HOST:PORT, such as 127.0.0.1:2525"),
        (
            ["--listen", "localhost:65536"],
            "argument --listen: 'localhost:65536' is not HOST:PORT, such as 127.0.0.1:2525",
        ),
        (["--pause", "long"], "argument --pause: 'long' is not a number of seconds from 0 to 3600"),
        (["--key", "key.pem"], "--key is of no use without --cert"),
        (["--cert", "/does/not/exist"], "cannot read --cert or --key: No such file or directory"),
        (["--cert", __file__], "--cert and --key hold no certificate with its private key in PEM"),
        (["--maildir", "/does/not/exist"], "cannot use /does/not/exist: No such file or directory"),
    ],
)
def test_a_wrong_argument_gets_one_sentence(arguments, sentence):
    process = scenario(*arguments)
    output, errors = process.communicate()
    assert (process.returncode, output, errors) == (2, "", f"mailops_smtp.scenario: {sentence}\n")


def test_a_port_that_is_taken():
    with ScenarioServer() as server:
        errors = scenario("--listen", f"127.0.0.1:{server.port}").communicate()[1]
    assert errors == f"mailops_smtp.scenario: cannot use 127.0.0.1:{server.port}: Address already in use\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_the_command_line_serves_until_it_is_told_to_end(number, code):
    with scenario("--listen", "127.0.0.1:0", "--hostname", "mx.example.org", "--verbose") as process:
        port = int(re.match(r"ordinary listens on 127\.0\.0\.1:(\d+),", process.stdout.readline())[1])
        with smtplib.SMTP("127.0.0.1", port) as client:
            assert client.noop()[0] == 250
        lines = [process.stdout.readline() for line in range(4)]
        process.send_signal(number)
        try:
            errors = process.communicate(timeout=10)[1]
        finally:
            process.kill()
    assert lines[0] == "127.0.0.1 S: 220 mx.example.org ESMTP ready\n"
    assert lines[1:3] == ["127.0.0.1 C: noop\n", "127.0.0.1 S: 250 2.0.0 Ok\n"]
    assert (process.returncode, errors) == (code, "")
