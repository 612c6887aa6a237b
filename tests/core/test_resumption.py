# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A second connection that takes the TLS session of the first up again, only where it is asked for."""

from __future__ import annotations

import pytest
from mailops_smtp.evidence import TLS, TLSSession
from mailops_smtp.run import check
from mailops_smtp.scenario import ScenarioServer
from mailops_smtp.wire.resumption import with_second
from mailops_smtp.wire.tls import TLSStream

from tests.core.certificates import HOST
from tests.core.scripts import dialog
from tests.core.streams import Stream, drive
from tests.core.tls_server import Server, server_context


def session_of(server, version="TLSv1.3", check_mode=False, **tls):
    protocol = "smtps" if server.behaviour.name == "smtps" else "esmtp"
    run = check(
        {
            "host": "127.0.0.1",
            "port": server.port,
            "protocol": protocol,
            "helo_name": "test.com",
            "sender": "admin@test.com",
            "tls": {"max_version": version, "resume": True, **tls},
        },
        check_mode,
    )
    [made] = run["checks"]
    return made["tls"]["session"], made, run


@pytest.mark.parametrize("behaviour", ["ordinary", "smtps"])
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_a_server_that_takes_it_up_again(behaviour, version, server_tls, ca_path):
    with ScenarioServer(behaviour, tls=server_tls) as server:
        # The second handshake shows no certificate, which must not keep it from being verified the first time.
        session, made, _run = session_of(server, version, verify=True, ca_path=ca_path, server_name="mail.contoso.com")
        first, second = server.wait(2)
    assert (session["ticket"], session["reused"], session["reason"]) == (True, True, None)
    assert (made["reached"], made["tls"]["trusted"]) == ("mail", True)
    assert (first.quit, second.quit, first.violations, second.violations) == (True, True, [], [])
    assert [any(said.startswith("MAIL") for said in one.commands) for one in (first, second)] == [True, False]


def test_nobody_connects_twice_unasked(server_tls):
    with ScenarioServer("ordinary", tls=server_tls) as server:
        session, _made, _run = session_of(server, resume=False)
        server.wait(1)
    assert len(server.sessions) == 1
    assert session["reason"] == "only a second connection would show it"


def test_nothing_to_take_up():
    context = server_context()
    context.num_tickets = 0
    with ScenarioServer("ordinary", tls=context) as server:
        session, _made, _run = session_of(server)
        server.wait(1)
    assert len(server.sessions) == 1
    assert session["reused"] is None
    assert session["reason"] == "the server has offered nothing to take it up with"


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("remembers", [True, False])
def test_a_server_that_has_forgotten_it(make_tls_settings, version, remembers):
    """A server's keys for tickets are its context's: a new context stands for a server that was started anew."""
    context = server_context(version=version)
    session = after_a_reply(Server(context), make_tls_settings()).session()
    again = Server(context if remembers else server_context(version=version))
    assert after_a_reply(again, make_tls_settings(), session).resumption().reused is remembers


def after_a_reply(server, settings, session=None):
    """The client's stream, when the tickets that come with the server's first words have come."""
    stream = TLSStream(server, settings, HOST, session)
    assert stream.handshake()
    stream.send(b"EHLO client.example\r\n")
    server.tls.write(b"250 Ok\r\n")
    assert stream.recv(1000) == b"250 Ok\r\n"
    return stream


def test_a_server_that_wants_to_be_left_alone_is(server_tls):
    with ScenarioServer("421-at-quit", tls=server_tls) as server:
        session, _made, _run = session_of(server)
        server.wait(1)
    assert len(server.sessions) == 1
    assert session["reused"] is None
    assert session["reason"].startswith("the second connection was not made: The server had answered 421")


def test_a_second_connection_that_does_not_get_to_tls():
    facts = TLS(established=True, session=TLSSession(True, 7200, None, None, None))
    seen = with_second(facts, drive(Stream([b"554 No service\r\n", b"221 Bye\r\n"]), dialog("user@contoso.com")))
    assert (seen.session.ticket, seen.session.reused) == (True, None)
    assert seen.session.reason == "the second connection came to its end before TLS, at banner"


def test_check_mode_shows_both_connections(server_tls):
    with ScenarioServer("ordinary", tls=server_tls) as server:
        _session, _made, run = session_of(server, check_mode=True)
    lines = run["plan"]["would_send"][0]["lines"]
    second = ["EHLO test.com", "STARTTLS", "(TLS)", "EHLO test.com", "QUIT"]
    assert lines == [*second[:-1], "MAIL FROM:<admin@test.com>", "QUIT", *second]
