# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Postfix's own test server, which hides an extension or fails at a command as it is told: one server for each case,
all of them checked in a few runs."""

from __future__ import annotations

import contextlib
import subprocess
import time
import typing as t
from pathlib import Path

import pytest

from tests.lab.lab import Lab

from .conftest import Controller

NAME = "sink.contoso.test"
FIRST_PORT = 2600
START_SECONDS = 10.0

# How smtp-sink calls the moments of a dialog, and how we do.
PHASES = {
    "CONNECT": "banner",
    "EHLO": "ehlo",
    "MAIL": "mail",
    "RCPT": "rcpt",
    "DATA": "data",
    ".": "message",
    "QUIT": "quit",
}
# What it can do at each: a 5yz reply, a 4yz reply, hang up without a word, 421 and hang up.
REFUSES, DEFERS, LEAVES, CLOSES = "-f", "-r", "-q", "-Q"
VERDICTS = {REFUSES: "fail", DEFERS: "deferred", LEAVES: "fail", CLOSES: "deferred"}
FINDINGS = {
    REFUSES: {
        "CONNECT": "proto.5yz",
        "EHLO": "ehlo.helo_only",
        "MAIL": "proto.500",
        "RCPT": "proto.500",
        "DATA": "proto.500",
        ".": "data.refused",
    },
    DEFERS: {
        "CONNECT": "proto.4yz",
        "EHLO": "proto.4yz",
        "MAIL": "mail.deferred",
        "RCPT": "rcpt.deferred",
        "DATA": "data.deferred",
        ".": "data.deferred",
    },
    LEAVES: {
        "CONNECT": "tcp.eof_before_banner",
        "EHLO": "proto.lost",
        "MAIL": "proto.lost",
        "RCPT": "proto.lost",
        "DATA": "proto.lost",
        ".": "data.stall",
    },
    CLOSES: {
        "CONNECT": "ban.421",
        "EHLO": "proto.421_any",
        "MAIL": "proto.421_any",
        "RCPT": "proto.421_any",
        "DATA": "proto.421_any",
        ".": "proto.421_any",
    },
}
FAULTS = [(how, where) for how in FINDINGS for where in PHASES]
HIDDEN = {
    ("-p",): {"PIPELINING"},
    ("-8",): {"8BITMIME"},
    ("-a",): {"AUTH"},
    ("-E",): {"ENHANCEDSTATUSCODES"},
    ("-N",): {"DSN"},
    ("-F", "-C"): {"XFORWARD", "XCLIENT"},
}
# Where the server takes its time, and the phase in which that shows.
SLOW = {("-W", "CONNECT:1"): "banner", ("-W", "MAIL:1"): "mail", ("-w", "1"): "data", ("-H", "1"): "message"}
# Codes of other servers, put into its mouth.
WORDS = {
    ("-f", "RCPT", "-B", "550 5.1.1 no such user here"): ("fail", "rcpt.unknown"),
    ("-f", "RCPT", "-B", "554 5.7.1 relaying denied"): ("fail", "rcpt.relay"),
    ("-f", "CONNECT", "-B", "554 5.7.1 no service for you"): ("fail", "ban.554"),
    ("-r", "RCPT", "-b", "450 4.2.0 greylisted, come back in 300 seconds"): ("deferred", "rcpt.greylist"),
    ("-r", "MAIL", "-b", "452 4.3.1 insufficient system resources"): ("deferred", "mail.backpressure"),
    ("-r", ".", "-b", "452 4.2.2 mailbox full"): ("fail", "data.full"),
}
OLD = {("-e",): "ehlo.helo_only", ("-P",): "ban.pix_mask"}
BREAKS_OFF, FAULTLESS = ("-A", "0"), ()
LMTP = {("-L",): "accepted", ("-L", "-f", "."): "refused", ("-L", "-r", "."): "deferred"}
STUCK = ("-W", "RCPT:30")

Arguments = tuple[str, ...]
MAILED: list[Arguments] = [FAULTLESS, BREAKS_OFF, *FAULTS, *HIDDEN, *SLOW, *WORDS, *OLD]


class Sinks:
    """Running servers, by their arguments."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._processes: list[subprocess.Popen[bytes]] = []
        self.ports: dict[Arguments, int] = {}

    def start(self, arguments: Arguments) -> int:
        port = self.ports[arguments] = FIRST_PORT + len(self.ports)
        argv = ["smtp-sink", "-u", "nobody", "-h", NAME, *arguments, f"127.0.0.1:{port}", "100"]
        self._processes.append(subprocess.Popen(self._lab.argv("controller", argv)))
        return port

    def wait(self) -> None:
        """Until all of them listen. Nothing is connected to: some would count it."""
        deadline = time.monotonic() + START_SECONDS
        while self._listening() < set(self.ports.values()):
            assert time.monotonic() < deadline, f"only {self._listening()} listen"
            time.sleep(0.02)

    def _listening(self) -> set[int]:
        argv = ["ss", "--no-header", "--listening", "--tcp", "--numeric"]
        listed = self._lab.run("controller", argv, capture_output=True, text=True, check=True).stdout
        return {int(line.split()[3].rpartition(":")[2]) for line in listed.splitlines()} & set(self.ports.values())

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def running(lab: Lab, servers: t.Iterable[Arguments]) -> t.Iterator[Sinks]:
    sinks = Sinks(lab)
    try:
        for arguments in servers:
            sinks.start(arguments)
        sinks.wait()
        yield sinks
    finally:
        sinks.stop()


def checked(controller: Controller, sinks: Sinks, **options: t.Any) -> dict[Arguments, dict[str, t.Any]]:
    """The check of each server, by its arguments."""
    run = controller.check(
        targets=[f"127.0.0.1:{port}" for port in sinks.ports.values()],
        helo_name="probe.contoso.test",
        sender="probe@contoso.test",
        test_message={"body": "one line\n.\n.and dots"},
        **options,
    )
    by_port = {check["endpoint"]["port"]: check for check in run["checks"]}
    return {arguments: by_port[port] for arguments, port in sinks.ports.items()}


@pytest.fixture(scope="module")
def checks(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[Arguments, dict[str, t.Any]]:
    """One message to each server."""
    with running(lab, MAILED) as sinks:
        return checked(Controller(lab, tmp_path_factory.mktemp("home")), sinks, recipient="user@contoso.test")


def found(check: dict[str, t.Any]) -> set[str]:
    """What is found; that smtp-sink never offers STARTTLS is true and beside the point."""
    return {finding["id"] for finding in check["findings"]} - {"ehlo.starttls_missing", "data.accepted"}


def keywords(check: dict[str, t.Any]) -> set[str]:
    return {entry["keyword"] for entry in check["ehlo"]["keywords"]}


def test_it_takes_a_message(checks: dict[Arguments, dict[str, t.Any]]) -> None:
    check = checks[FAULTLESS]
    assert (check["verdict"], check["message"]["outcome"], found(check)) == ("pass", "accepted", set())
    # It says "250 2.0.0 Ok" and no more, so there is no name to make up.
    assert check["message"]["queue_id"] is None
    # The list ends in a line without a keyword.
    assert keywords(check) == set.union(*HIDDEN.values())


@pytest.mark.parametrize("arguments", HIDDEN, ids=" ".join)
def test_a_hidden_extension_is_missing_and_no_other(
    checks: dict[Arguments, dict[str, t.Any]], arguments: Arguments
) -> None:
    assert keywords(checks[arguments]) == keywords(checks[FAULTLESS]) - HIDDEN[arguments]
    assert checks[arguments]["verdict"] == "pass"


@pytest.mark.parametrize("arguments", OLD, ids=" ".join)
def test_without_esmtp_there_is_helo(checks: dict[Arguments, dict[str, t.Any]], arguments: Arguments) -> None:
    check = checks[arguments]
    assert (check["verdict"], check["message"]["outcome"], found(check)) == ("degraded", "accepted", {OLD[arguments]})
    assert (check["ehlo"]["command"], check["ehlo"]["keywords"], check["tls"]["offered"]) == ("HELO", [], None)


@pytest.mark.parametrize(("how", "where"), FAULTS)
def test_a_fault_shows_in_its_phase(checks: dict[Arguments, dict[str, t.Any]], how: str, where: str) -> None:
    check, phase = checks[how, where], PHASES[where]
    if (how, where) == (REFUSES, "EHLO"):
        assert (check["verdict"], found(check), check["reached"]) == ("degraded", {"ehlo.helo_only"}, "message")
        return
    if where == "QUIT":
        assert (check["verdict"], found(check), check["message"]["outcome"]) == ("pass", {"quit.none"}, "accepted")
        return
    assert (check["failed_phase"], check["verdict"]) == (phase, VERDICTS[how])
    assert found(check) == {FINDINGS[how][where]}
    # Whoever still listens is told QUIT.
    last = check["steps"][-1]
    assert last["phase"] == ("quit" if how in (REFUSES, DEFERS) else phase)


@pytest.mark.parametrize(("how", "where"), FAULTS)
def test_what_became_of_the_message(checks: dict[Arguments, dict[str, t.Any]], how: str, where: str) -> None:
    refused = {REFUSES: "refused", DEFERS: "deferred", CLOSES: "deferred"}
    if where == "QUIT" or (how, where) == (REFUSES, "EHLO"):
        outcome = "accepted"
    elif where == ".":
        outcome = refused.get(how, "unknown")
    elif where == "DATA":
        outcome = refused.get(how, "not_sent")
    else:
        outcome = "not_sent"
    assert checks[how, where]["message"]["outcome"] == outcome


@pytest.mark.parametrize("arguments", SLOW, ids=" ".join)
def test_the_time_is_where_it_was_lost(checks: dict[Arguments, dict[str, t.Any]], arguments: Arguments) -> None:
    check = checks[arguments]
    assert check["verdict"] == "pass"
    slowest = max(check["steps"], key=lambda step: step["seconds"])
    assert slowest["phase"] == SLOW[arguments]
    assert slowest["seconds"] > 0.9


@pytest.mark.parametrize("arguments", WORDS, ids=" ".join)
def test_the_words_decide(checks: dict[Arguments, dict[str, t.Any]], arguments: Arguments) -> None:
    verdict, finding = WORDS[arguments]
    assert (checks[arguments]["verdict"], found(checks[arguments])) == (verdict, {finding})


def test_who_ends_the_message_himself_has_his_words_quoted(checks: dict[Arguments, dict[str, t.Any]]) -> None:
    """It depends on the packets whether they come before the message or after it."""
    check = checks[BREAKS_OFF]
    assert (check["failed_phase"], check["verdict"]) == ("message", "fail")
    assert found(check) <= {"data.refused", "data.refused_early"}
    assert "This violates SMTP" in next(f["meaning"] for f in check["findings"] if f["id"].startswith("data."))


def test_lmtp_answers_for_each_recipient(controller: Controller, lab: Lab) -> None:
    recipients = ["user@contoso.test", "probe@contoso.test"]
    with running(lab, LMTP) as sinks:
        checks = checked(controller, sinks, protocol="lmtp", recipients=recipients)
    for arguments, check in checks.items():
        outcome = LMTP[arguments]
        assert [recipient["outcome"] for recipient in check["recipients"]] == [outcome] * 2
        assert check["message"]["outcome"] == outcome
        assert sum(step["phase"] == "message" for step in check["steps"]) == 2
        assert check["verdict"] == {"accepted": "pass", "refused": "fail"}.get(outcome, outcome)


def test_pipelining_where_it_is_offered(controller: Controller, lab: Lab) -> None:
    servers: list[Arguments] = [FAULTLESS, ("-p",), (LEAVES, "RCPT"), (CLOSES, "MAIL")]
    with running(lab, servers) as sinks:
        checks = checked(controller, sinks, pipelining=True, recipient="user@contoso.test")
    pipelined = {
        arguments: [step["phase"] for step in check["steps"] if step["pipelined"]]
        for arguments, check in checks.items()
    }
    assert pipelined == {
        FAULTLESS: ["rcpt", "data", "quit"],
        ("-p",): [],
        (LEAVES, "RCPT"): ["rcpt"],
        (CLOSES, "MAIL"): [],
    }
    verdicts = [(check["failed_phase"], check["verdict"]) for check in checks.values()]
    assert verdicts == [(None, "pass"), (None, "pass"), ("rcpt", "fail"), ("mail", "deferred")]


def test_a_server_that_stops_answering(controller: Controller, lab: Lab) -> None:
    with running(lab, [STUCK]) as sinks:
        [check] = checked(controller, sinks, timeouts={"reply": 1}, recipient="user@contoso.test").values()
    assert (check["failed_phase"], check["verdict"], found(check)) == ("rcpt", "fail", {"proto.silent"})
    assert next(step for step in check["steps"] if step["phase"] == "rcpt")["error"]["kind"] == "silent"


def test_what_arrives_is_what_was_sent(controller: Controller, lab: Lab, tmp_path: Path) -> None:
    # A name of this run's own: the lab may have seen others.
    folder = f"/var/{tmp_path.parent.name}"
    lab.run("controller", ["install", "-d", "-o", "nobody", folder], check=True)
    with running(lab, [("-d", f"{folder}/")]) as sinks:
        [check] = checked(controller, sinks, recipients=["user@contoso.test", "probe@contoso.test"]).values()
    assert check["verdict"] == "pass"
    [file] = Path(lab.state["directory"], f"controller{folder}").iterdir()
    head, _received, content = file.read_text(encoding="ascii").partition("\nReceived: ")
    assert "X-Helo-Args: probe.contoso.test\n" in head
    assert head.endswith("\nX-Rcpt-Args: <user@contoso.test>\nX-Rcpt-Args: <probe@contoso.test>")
    assert f"\nMessage-ID: {check['message']['message_id']}\n" in content
    assert "\n\none line\n.\n.and dots\n" in content
