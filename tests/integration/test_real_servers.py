# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each mail server that we know, as it comes from its makers: what it says word for word, and what we make of it.

A golden dialog is the transcript of a check in golden/, without its times and with what differs from run to run in
angle brackets. When a server's new version says something else, the failing test tells where it wrote the dialog as
it is now; read the difference, then copy that file over the golden one.
"""

from __future__ import annotations

import dataclasses
import re
import time
import typing as t
from pathlib import Path

import pytest
from mailops_smtp.report.transcript import transcript

from .conftest import HERE, Controller

GOLDEN = HERE / "golden"
HEADER = "".join(Path(__file__).read_text(encoding="utf-8").splitlines(keepends=True)[:3])
LOG_SECONDS = 10.0


@dataclasses.dataclass(frozen=True)
class Server:
    """One product of the lab, and how it behaves."""

    product: str
    version: str | None
    host: str
    keywords: set[str]
    unknown: str  # the finding about a recipient that does not exist
    relay: str  # the finding about a recipient elsewhere
    ended: str  # its log, when a client has left with QUIT
    complaint: str  # its log, when a client does not keep to the protocol
    tls: bool = True
    wants_client_certificate: bool = False


SERVERS = {
    server.host: server
    for server in (
        Server(
            product="Postfix",
            version=None,
            host="mx1",
            keywords={"SIZE", "DSN", "PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES", "VRFY"},
            unknown="rcpt.unknown",
            relay="rcpt.relay",
            ended=r"/smtpd\[\d+\]: disconnect from .* quit=1 ",
            complaint=r"lost connection|improper command pipelining|non-SMTP command|warning:",
        ),
        Server(
            product="Exim",
            version="4.96",
            host="exim",
            keywords={"SIZE", "DSN", "PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "PIPECONNECT"},
            # "Unrouteable address" is all that it says, which may as well be about the domain.
            unknown="rcpt.unroutable",
            relay="rcpt.relay",
            ended=r"SMTP connection from .* closed by QUIT",
            complaint=r"SMTP (?:syntax|protocol) error|synchronization error|unexpected disconnection"
            r"|connection from .* lost|TLS error|rejected (?!RCPT)",
        ),
        Server(
            product="Sendmail",
            version="8.17.1.9",
            host="sendmail",
            keywords={"SIZE", "DSN", "PIPELINING", "8BITMIME", "DELIVERBY", "ENHANCEDSTATUSCODES", "EXPN", "ETRN"},
            unknown="rcpt.unknown",
            relay="rcpt.relay",
            ended=r">>> 221 2\.0\.0",
            complaint=r"<<< \[EOF\]|>>> 5\d\d 5\.5\.|>>> 421",
            wants_client_certificate=True,
        ),
        Server(
            product="OpenSMTPD",
            version=None,
            host="opensmtpd",
            keywords={"SIZE", "DSN", "8BITMIME", "ENHANCEDSTATUSCODES"},
            # It calls both by names of its own: 524 5.2.4 "Mailing list expansion problem", 550 "Invalid recipient".
            unknown="rcpt.unknown",
            relay="rcpt.unroutable",
            ended=r"smtp disconnected reason=quit",
            complaint=r"smtp disconnected reason=(?!quit)|failed-command command=\"(?!RCPT)|smtp bad-input",
            tls=False,
        ),
    )
}


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Server:
    return SERVERS[request.param]


class Log:
    """What a server logs from now on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._start = file.stat().st_size

    def wait_for(self, pattern: str) -> str:
        """All of it, as soon as the pattern is in it: some servers log a little later than they answer."""
        deadline = time.monotonic() + LOG_SECONDS
        while not re.search(pattern, text := self._file.read_bytes()[self._start :].decode("utf-8", "replace")):
            assert time.monotonic() < deadline, f"no {pattern!r} in {self._file}:\n{text}"
            time.sleep(0.05)
        return text


@pytest.fixture(autouse=True)
def log(controller: Controller, server: Server) -> t.Iterator[Log]:
    """The server's log; after the test it holds the proper end of the session and no complaint."""
    log = Log(Path(controller.lab.state["hosts"][server.host]["log_file"]))
    yield log
    lines = log.wait_for(server.ended).splitlines()
    assert [line for line in lines if re.search(server.complaint, line)] == []


def checked(controller: Controller, server: Server, **options: t.Any) -> dict[str, t.Any]:
    """The only check of a run with the server."""
    run = controller.check(
        host=controller.name(server.host),
        address_family="ipv4",
        helo_name="probe.contoso.test",
        sender="probe@contoso.test",
        tls=controller.tls,
        **options,
    )
    [check] = run["checks"]
    return t.cast("dict[str, t.Any]", check)


def test_it_takes_a_message(controller: Controller, server: Server, log: Log, tmp_path: Path) -> None:
    check = checked(
        controller,
        server,
        recipient="user@contoso.test",
        test_message={"body": "one line\n.\n.and dots"},
        dsn={"notify": ["failure"], "ret": "hdrs", "envelope_id": "golden"},
    )
    keeps_to_the_golden_dialog(f"{server.host}.takes.txt", check, tmp_path)
    assert check["verdict"] == "pass"
    assert check["banner"]["software"]["product"] == server.product
    assert check["banner"]["hostname"] == controller.name(server.host)
    assert {keyword["keyword"] for keyword in check["ehlo"]["keywords"]} >= server.keywords
    assert check["tls"]["offered"] is server.tls
    if server.tls:
        assert check["tls"]["trusted"] is True
        assert check["tls"]["client_certificate_requested"] is server.wants_client_certificate
    assert check["message"]["outcome"] == "accepted"
    # The name under which whoever runs the server finds the message again.
    log.wait_for(rf"\b{re.escape(check['message']['queue_id'])}\b")


def test_it_refuses_whom_it_does_not_know_and_to_relay(controller: Controller, server: Server, tmp_path: Path) -> None:
    # Not "nobody": everywhere but at mx1 that is an account of the machine, and Sendmail takes mail for it.
    check = checked(controller, server, recipients=["stranger@contoso.test", "user@fabrikam.test"])
    keeps_to_the_golden_dialog(f"{server.host}.refuses.txt", check, tmp_path)
    assert check["verdict"] == "fail"
    assert [recipient["outcome"] for recipient in check["recipients"]] == ["refused", "refused"]
    found = {finding["id"] for finding in check["findings"] if finding["phase"] == "rcpt"}
    assert found == {server.unknown, server.relay}


def test_it_tells_its_version(controller: Controller, server: Server) -> None:
    check = checked(controller, server, stop_after="banner")
    assert check["banner"]["software"]["version"] == server.version


# --- golden dialogs ---


def keeps_to_the_golden_dialog(name: str, check: dict[str, t.Any], directory: Path) -> None:
    """Fails with the differing lines; the dialog as it is now lies in the directory then."""
    dialog = normalised(check)
    now = directory / name
    now.write_text(f"{HEADER}{dialog}\n", encoding="utf-8")
    expected = (GOLDEN / name).read_text(encoding="utf-8").removeprefix(HEADER)
    assert dialog.splitlines() == expected.splitlines(), f"the dialog as it is now: {now}"


def normalised(check: dict[str, t.Any]) -> str:
    """The transcript without times and without what is another on every run."""
    text = re.sub(r"^ *\d+\.\d{3}  ", "", transcript(check), flags=re.MULTILINE)
    text = re.sub(r"\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d (?:[+-]\d{4}|GMT)", "<date>", text)
    text = re.sub(r" in \d+(?:\.\d+)? m?s$", " in <duration>", text, flags=re.MULTILINE)
    # Debian's own revision, which changes with each security update.
    text = re.sub(r"/Debian-\S+?;", "/Debian-<revision>;", text)
    if check["message"] is not None and check["message"]["queue_id"] is not None:
        text = text.replace(check["message"]["queue_id"], "<queue id>")
    return text
