# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each mail server that we know, as it comes from its makers: what it says word for word, and what we make of it."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from pathlib import Path

import pytest

from .conftest import Controller
from .golden_dialog import keeps_to_the_golden_dialog
from .server_log import Log


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
    log_in: tuple[int, str] | None  # the port where users log in, and the best mechanism offered there
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
            log_in=(587, "SCRAM-SHA-256"),
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
            log_in=(25, "CRAM-MD5"),
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
            log_in=(25, "SCRAM-SHA-256"),
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
            log_in=None,
            tls=False,
        ),
    )
}


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Server:
    return SERVERS[request.param]


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
        tls=controller.tls,
        **{"sender": "probe@contoso.test", **options},
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


@pytest.mark.parametrize("server", [name for name in SERVERS if SERVERS[name].log_in], indirect=True)
def test_it_takes_a_message_of_who_logs_in(controller: Controller, server: Server, log: Log, tmp_path: Path) -> None:
    assert server.log_in is not None
    port, mechanism = server.log_in
    user = controller.mailbox("user")
    check = checked(
        controller,
        server,
        port=port,
        auth={"username": user["address"], "password": user["password"]},
        recipient="probe@contoso.test",
        test_message={"body": "one line"},
        dsn={"notify": ["failure"], "ret": "full", "envelope_id": "golden"},
    )
    keeps_to_the_golden_dialog(f"{server.host}.submits.txt", check, tmp_path)
    assert check["verdict"] == "pass"
    assert check["auth"]["mechanism"] == mechanism
    log.wait_for(rf"\b{re.escape(check['message']['queue_id'])}\b")


@pytest.mark.parametrize("server", [name for name in SERVERS if SERVERS[name].log_in], indirect=True)
@pytest.mark.parametrize("initial_response", [True, False])
def test_it_hears_who_logs_in_with_the_command_or_after_it(
    controller: Controller, server: Server, initial_response: bool
) -> None:
    assert server.log_in is not None
    user = controller.mailbox("user")
    log_in = {"username": user["address"], "password": user["password"], "mechanism": "PLAIN"}
    auth = {**log_in, "initial_response": initial_response}
    check = checked(controller, server, port=server.log_in[0], auth=auth, stop_after="auth")
    assert (check["verdict"], check["auth"]["accepted"]) == ("pass", True)
    said = [step["sent"] for step in check["steps"] if step["phase"] == "auth"]
    assert said == (["AUTH PLAIN ********"] if initial_response else ["AUTH PLAIN", "********"])


def test_it_tells_its_version(controller: Controller, server: Server) -> None:
    check = checked(controller, server, stop_after="banner")
    assert check["banner"]["software"]["version"] == server.version
