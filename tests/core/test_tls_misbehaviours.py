# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Misbehaviours of TLS for which the scripted server needs a certificate or a context of its own.

The others are rows of misbehaviours.py, played by test_misbehaviours.py.
"""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import threading
import tracemalloc
import typing as t

import pytest
from mailops_smtp.run import check
from mailops_smtp.scenario import ScenarioServer
from mailops_smtp.wire import handshake, tls
from mailops_smtp.wire.certificate import MAX_NAMES
from mailops_smtp.wire.tls import TLSFailure, TLSStream

from tests.core.certificates import GOOD, HOST, ROOT, Issued, issue
from tests.core.dialogs import ids
from tests.core.tls_server import Server, connect, server_context

OPENSSL = shutil.which("openssl")

HELLO_REQUESTS = b"\x16\x03\x03\x00\x04\x00\x00\x00\x00" * 1000  # RFC 5246 7.4.1.1


def played(
    behaviour: str = "ordinary",
    issued: Issued = GOOD,
    context: t.Optional[ssl.SSLContext] = None,
    seconds: float = 10.0,
    **options: t.Any,
) -> t.Any:
    """The check of a server with this certificate, or this context."""
    with ScenarioServer(behaviour, tls=context or server_context(issued)) as server:
        run = check(
            {
                "targets": [{"host": "127.0.0.1", "port": server.port}],
                "sender": "admin@test.com",
                "tls": {"server_name": HOST},
                "timeouts": {"connect": 10, "reply": seconds, "total": 30},
                **options,
            }
        )
    (made,) = run["checks"]
    assert [step["error"] for step in made["steps"] if step["error"] and step["error"]["kind"] == "crashed"] == []
    return made


def test_a_large_certificate_is_shown_in_part():
    """60 kB are unusual, and allowed: OpenSSL reads up to 100 kB."""
    names = [f"host{number}.department{number}.subsidiary.contoso.com" for number in range(1300)]
    made = played(issued=issue(*names, HOST, by=ROOT, common_name=HOST))
    assert made["reached"] == "mail"
    assert len(made["tls"]["certificate"]["names"]) == MAX_NAMES
    # OpenSSL's judgement goes by all of them.
    assert made["tls"]["name_matches"]["matches"] is True


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_a_certificate_beyond_the_limit(version):
    names = [f"host{number}.department{number}.subsidiary.contoso.com" for number in range(3000)]
    made = played(context=server_context(issue(*names, by=ROOT, common_name=HOST), version))
    (failed,) = [step for step in made["steps"] if step["error"]]
    assert failed["error"] == {"kind": "tls", "detail": "TLS failed: excessive message size (EXCESSIVE_MESSAGE_SIZE)."}
    assert (made["failed_phase"], made["tls"]["established"], made["tls"]["chain"]) == ("starttls", False, [])
    assert (made["verdict"], ids(made)) == ("fail", ["tls.handshake_failed"])


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_a_chain_of_fifty_certificates(version):
    others = tuple(issue(common_name=f"filler {number}", ca=True).certificate for number in range(49))
    made = played(context=server_context(GOOD._replace(chain=others), version))
    assert made["reached"] == "mail"
    assert len(made["tls"]["chain"]) == handshake.MAX_CHAIN
    assert made["tls"]["chain_reason"] == f"the server sent more than {handshake.MAX_CHAIN} certificates"


@pytest.mark.parametrize(
    ("days", "finding", "word"), [((-30, -1), "tls.expired", "expired"), ((1, 30), "tls.not_yet", "not yet valid")]
)
def test_a_certificate_of_another_day(days, finding, word, root_file):
    issued = issue(HOST, by=ROOT, days=days)
    made = played(issued=issued, tls={"server_name": HOST, "ca_path": str(root_file)})
    assert (made["reached"], made["verdict"], finding in ids(made)) == ("mail", "degraded", True)
    assert word in made["tls"]["reason"]
    verified = played(issued=issued, tls={"server_name": HOST, "ca_path": str(root_file), "verify": True})
    assert (verified["failed_phase"], verified["verdict"], finding in ids(verified)) == ("starttls", "fail", True)


# Without end.


def tickets(count: int) -> ssl.SSLContext:
    context = server_context(version="TLSv1.3")
    context.num_tickets = count
    return context


def test_tickets_without_end():
    made = played(context=tickets(1_000_000), seconds=0.4)
    silent = next(step for step in made["steps"] if step["error"])
    assert (silent["phase"], silent["error"]["kind"]) == ("ehlo", "silent")
    assert made["seconds"] < 2.4
    assert made["tls"]["session"]["ticket"] is True


def test_many_tickets_are_no_trouble():
    made = played(context=tickets(5000))
    assert (made["reached"], made["tls"]["session"]["ticket_lifetime_hint"]) == ("mail", 7200)


@pytest.mark.parametrize("behaviour", ["starttls-endless", "starttls-huge-certificate", "starttls-alerts", "tickets"])
def test_however_much_tls_comes_little_is_held(behaviour):
    played()  # what the first check of all imports and prepares is nobody's fault
    context = tickets(1_000_000) if behaviour == "tickets" else None
    name = "ordinary" if behaviour == "tickets" else behaviour
    tracemalloc.start()
    try:
        made = played(name, context=context, seconds=0.4)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert made["verdict"] == "fail"
    assert peak < 2_000_000


class Endless:
    """A stream on which there always is more."""

    def __init__(self, server: t.Any, octets: bytes) -> None:
        self.server, self.octets = server, octets
        self.said = 0

    def fileno(self) -> int:
        return 99

    def send(self, data: bytes) -> int:
        return self.server.send(data) if self.server is not None else len(data)

    def recv(self, size: int) -> bytes:
        self.said += min(size, len(self.octets))
        return self.octets[:size]

    def close(self) -> None:
        pass


def test_a_handshake_without_end_lets_others_have_their_turn(make_tls_settings):
    stream = Endless(None, HELLO_REQUESTS)
    client = TLSStream(stream, make_tls_settings(), HOST)
    for turn in range(1, 4):
        assert client.handshake() is False
        assert turn * tls._OCTETS_AT_ONCE <= stream.said < turn * (tls._OCTETS_AT_ONCE + 2 * len(HELLO_REQUESTS))


def test_messages_without_data_let_others_have_their_turn(make_tls_settings):
    """Tickets again, as they come: more of them than are taken at once."""
    server = Server(tickets(4000))
    client = connect(server, make_tls_settings())
    client.send(b"EHLO client.example\r\n")
    assert server.outgoing.pending > 3 * tls._OCTETS_AT_ONCE
    turns = 0
    while server.outgoing.pending > tls._OCTETS_AT_ONCE:
        before = server.outgoing.pending
        with pytest.raises(BlockingIOError):
            client.recv(1000)
        assert before - server.outgoing.pending < 2 * tls._OCTETS_AT_ONCE
        turns += 1
    assert turns >= 2
    server.tls.write(b"250 Ok\r\n")
    assert client.recv(1000) == b"250 Ok\r\n"


@pytest.mark.parametrize("behaviour", ["starttls-endless", "tickets"])
def test_what_comes_without_end_costs_others_nothing(behaviour):
    """The check beside it is over long before the endless one is."""
    context = tickets(1_000_000) if behaviour == "tickets" else None
    name = "ordinary" if behaviour == "tickets" else behaviour
    with ScenarioServer(name, tls=context) as endless, ScenarioServer("ordinary") as other:
        run = check(
            {
                "targets": [
                    {"host": "127.0.0.1", "port": endless.port},
                    {"host": "127.0.0.1", "port": other.port, "starttls": "never"},
                ],
                "sender": "admin@test.com",
                "timeouts": {"connect": 10, "reply": 3, "total": 30},
            }
        )
    first, second = run["checks"]
    assert first["seconds"] >= 3
    assert (second["verdict"], second["reached"]) == ("pass", "mail")
    assert second["seconds"] < 2


def test_answers_that_nobody_takes_do_not_pile_up(make_tls_settings):
    """Everything that makes OpenSSL answer, such as a request for a new key (RFC 8446 4.6.3), and nobody reads it."""
    server = Server(server_context())
    client = connect(server, make_tls_settings())
    client.send(b"EHLO client.example\r\n")
    server.room = 0
    client._outgoing.write(b"x" * tls.MAX_UNANSWERED_OCTETS)
    with pytest.raises(BlockingIOError):
        client.recv(1000)
    client._outgoing.write(b"x")
    with pytest.raises(TLSFailure, match="does not take the answers"):
        client.recv(1000)


# A server that nobody but OpenSSL itself can play.


@pytest.mark.skipif(OPENSSL is None, reason="there is no openssl")
def test_a_request_to_renegotiate(tmp_path):
    """A server of TLS 1.2 that wants another handshake in the middle of the session, as some do for certificates."""
    (tmp_path / "server.pem").write_bytes(issue(HOST, by=ROOT).pem())
    command = f"s_server -accept 127.0.0.1:0 -cert {tmp_path / 'server.pem'} -tls1_2 -crlf -naccept 1"
    server = subprocess.Popen(
        [t.cast(str, OPENSSL), *command.split()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
    )
    talk = threading.Thread(target=renegotiate, args=(server,))
    try:
        port = int(wait_for(server, "ACCEPT").rpartition(":")[2])
        talk.start()
        run = check(
            {
                "targets": [{"host": "127.0.0.1", "port": port}],
                "protocol": "smtps",
                "timeouts": {"connect": 10, "reply": 10, "total": 30},
            }
        )
    finally:
        server.kill()
        server.communicate()
        if talk.ident is not None:
            talk.join()
    (made,) = run["checks"]
    last = made["steps"][-1]
    assert (last["phase"], last["error"]["kind"]) == ("ehlo", "tls")
    assert re.match(
        r"The server asked for another handshake inside the session, which is refused \(\w+\)\.$",
        last["error"]["detail"],
    )
    assert (made["reached"], made["failed_phase"], made["tls"]["version"]) == ("banner", "ehlo", "TLSv1.2")
    assert "tls.broken" in ids(made)


def renegotiate(server: subprocess.Popen[str]) -> None:
    """What openssl's user types: a banner, and "r" once the client has said EHLO."""
    stdin = t.cast(t.IO[str], server.stdin)
    wait_for(server, "Secure Renegotiation IS supported")
    stdin.write("220 mail.contoso.com ESMTP\n")
    wait_for(server, "EHLO")
    stdin.write("r\n")


def wait_for(server: subprocess.Popen[str], words: str) -> str:
    for line in t.cast(t.IO[str], server.stdout):
        if words in line:
            return line
    raise AssertionError(f"openssl ended without {words!r}")
