# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripted mail server where it is faultless: strict with its clients, and a good witness."""

from __future__ import annotations

import base64
import mailbox
import re
import smtplib
import socket

import pytest
from mailops_smtp.scenario import ScenarioServer, Session

from tests.core.scenario_client import CLIENT_TLS, ENVELOPE, SERVER_TLS, Client


def test_a_whole_session_over_starttls(tmp_path):
    content = b"Subject: dots\r\n\r\n.\r\n..two\r\n"
    with ScenarioServer(tls=SERVER_TLS, maildir=str(tmp_path / "mail")) as server:
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            client._host = "mail.contoso.com"
            client.starttls(context=CLIENT_TLS)
            client.login("probe", "battery-staple")
            client.sendmail(
                "admin@example.org",
                ["user@contoso.com", "someone@elsewhere.example"],
                content,
                mail_options=["RET=HDRS", "ENVID=a+2Bb"],
                rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;user@contoso.com"],
            )
        (session,) = server.wait()
        (message,) = server.messages

    assert (session.ended, session.quit, session.violations) == ("quit", True, [])
    assert session.tls in ("TLSv1.2", "TLSv1.3")
    assert session.user == "probe"
    assert message.content == content
    assert message.sender.parameters == {"SIZE": str(len(content)), "RET": "HDRS", "ENVID": "a+2Bb"}
    assert [recipient.address for recipient in message.recipients] == ["user@contoso.com", "someone@elsewhere.example"]
    assert message.recipients[0].parameters == {"NOTIFY": "SUCCESS,FAILURE", "ORCPT": "rfc822;user@contoso.com"}

    (stored,) = mailbox.Maildir(tmp_path / "mail")
    assert stored["Return-Path"] == "<admin@example.org>"
    assert f"with ESMTPSA id {message.queue_id};" in stored["Received"]
    assert stored["Subject"] == "dots"


SEQUENCES = {
    "greeting with extensions": ["EHLO me.example.org 250", "HELO me.example.org 250"],
    "greeting without a name": ["EHLO 501", "HELO 501", "EHLO two names 501"],
    "nothing before the greeting": ["MAIL FROM:<a@example.org> 503", "AUTH PLAIN 503", "STARTTLS 503"],
    "sender before recipients": ["EHLO me 250", "RCPT TO:<user@contoso.com> 503", "DATA 503"],
    "one sender": ["EHLO me 250", "MAIL FROM:<> 250", "MAIL FROM:<> 503", "RSET 250", "MAIL FROM:<> 250"],
    "EHLO resets": ["EHLO me 250", "MAIL FROM:<> 250", "EHLO me 250", "MAIL FROM:<> 250"],
    "no extension after HELO": ["HELO me 250", "MAIL FROM:<> SIZE=1 555", "MAIL FROM:<> 250"],
    "no blank beside the colon": ["EHLO me 250", "MAIL FROM: <a@example.org> 501", "MAIL FROM :<a@example.org> 501"],
    "brackets": ["EHLO me 250", "MAIL FROM:a@example.org 501", "MAIL FROM:<a@example.org 501"],
    "addresses": [
        "EHLO me 250",
        "MAIL FROM:<a..b@example.org> 501",
        "MAIL FROM:<a@-example.org> 501",
        "MAIL FROM:<user> 501",
        'mail from:<"a b\\""@[127.0.0.1]> 250',
        "RCPT TO:<> 501",
        "rcpt to:<@relay.example.org:user@contoso.com> 250",
        "RCPT TO:<Postmaster> 250",
    ],
    "recipients": [
        "EHLO me 250",
        "MAIL FROM:<a@example.org> 250",
        "RCPT TO:<anyone@CONTOSO.com> 250",
        "RCPT TO:<nobody@contoso.com> 550 5.1.1",
        "RCPT TO:<greylisted@contoso.com> 450 4.2.0",
        "RCPT TO:<full@fabrikam.com> 452 4.2.2",
        "RCPT TO:<user@elsewhere.example> 554 5.7.1",
    ],
    "no valid recipient": ["EHLO me 250", "MAIL FROM:<> 250", "RCPT TO:<nobody@contoso.com> 550", "DATA 554"],
    "parameters of MAIL": [
        "EHLO me 250",
        "MAIL FROM:<> FOO=1 555",
        "MAIL FROM:<> SIZE=x 501",
        "MAIL FROM:<> SIZE=1 SIZE=2 501",
        "MAIL FROM:<> RET=SOME 501",
        "MAIL FROM:<> ENVID=a=b 501",
        "MAIL FROM:<> SIZE=99999999 552 5.3.4",
        "MAIL FROM:<> BODY=8bitmime RET=full ENVID=Q+3D1 SIZE=1000 250",
    ],
    "parameters of RCPT": [
        "EHLO me 250",
        "MAIL FROM:<> 250",
        "RCPT TO:<user@contoso.com> NOTIFY=NEVER,SUCCESS 501",
        "RCPT TO:<user@contoso.com> NOTIFY=never 250",
        "RCPT TO:<user@contoso.com> NOTIFY=DELAY,FAILURE ORCPT=rfc822;user+2Bx@contoso.com 250",
        "RCPT TO:<user@contoso.com> ORCPT=user@contoso.com 501",
        "RCPT TO:<user@contoso.com> RET=HDRS 555",
    ],
    "other commands": ["NOOP 250", "RSET 250", "VRFY user 252", "EXPN list 502", "HELP 214", "FOO 500", " 500"],
    "what is no command": ["NOOP \x07 500", "NOOP \xe9 500", "NOOP " + "x" * 20_000 + " 500"],
    "no parameters": ["EHLO me 250", "STARTTLS now 501", "MAIL FROM:<> 250", "RCPT TO:<postmaster> 250", "DATA x 501"],
    "AUTH": ["EHLO me 250", "AUTH NTLM 504", "AUTH PLAIN = 501", "AUTH PLAIN !! 501", "AUTH CRAM-MD5 eA== 501"],
    "AUTH inside a transaction": ["EHLO me 250", "MAIL FROM:<> 250", "AUTH PLAIN 503"],
}


@pytest.mark.parametrize("sequence", SEQUENCES.values(), ids=SEQUENCES)
def test_commands_are_answered_as_rfc_5321_wants(sequence):
    with ScenarioServer() as server, Client(server) as client:
        assert client.reply()[-1].startswith("220 mail.contoso.com ")
        for entry in sequence:
            command, expected = re.fullmatch(r"(.*?) ?(\d{3}(?: \d\.\d\.\d)?)", entry, re.DOTALL).groups()
            assert client.ask(command).startswith(expected), command
        assert client.ask("QUIT").startswith("221 ")
        assert client.reply() == []
        (session,) = server.wait()
    assert session.violations == []


def test_a_client_is_named_as_an_address_literal():
    assert [Session(client).client_literal for client in ("127.0.0.1", "::1")] == ["[127.0.0.1]", "[IPv6:::1]"]


def test_starttls_begins_anew():
    with ScenarioServer(tls=SERVER_TLS) as server, Client(server) as client:
        client.reply()
        client.send("EHLO me.example.org\r\n")
        assert "250 STARTTLS" in client.reply()
        assert client.ask("STARTTLS").startswith("220 ")
        client.socket = CLIENT_TLS.wrap_socket(client.socket, server_hostname="mail.contoso.com")
        client._lines = client.socket.makefile("rb")
        assert client.ask("MAIL FROM:<>").startswith("503 ")
        client.send("EHLO me.example.org\r\n")
        assert not [line for line in client.reply() if "STARTTLS" in line]
        assert client.ask("STARTTLS").startswith("503 ")
        assert client.ask("QUIT").startswith("221 ")
        # A close_notify comes before the end of the connection; without one this raises SSLEOFError.
        client.socket.suppress_ragged_eofs = False
        assert client.socket.recv(1) == b""


def test_smtps_speaks_tls_first():
    with ScenarioServer("smtps", tls=SERVER_TLS) as server, Client(server, CLIENT_TLS) as client:
        assert client.reply()[-1].startswith("220 ")
        client.send("EHLO me.example.org\r\n")
        assert "250-DSN" in client.reply()
        assert client.ask("QUIT").startswith("221 ")


def test_lmtp_answers_once_for_each_recipient():
    with ScenarioServer("lmtp") as server, Client(server) as client:
        assert "LMTP" in client.reply()[-1]
        assert client.ask("EHLO me").startswith("500 ")
        assert client.ask("HELO me").startswith("500 ")
        assert client.ask("LHLO me").startswith("250 ")
        client.ask("MAIL FROM:<>")
        for name in ("one", "nobody", "two"):
            client.ask(f"RCPT TO:<{name}@contoso.com>")
        assert client.ask("DATA").startswith("354 ")
        assert client.ask("Subject: x\r\n\r\n.").startswith("250 ")
        assert client.reply()[-1].startswith("250 ")
        assert client.ask("NOOP") == "250 2.0.0 Ok"


@pytest.mark.parametrize("mechanism", ["auth_plain", "auth_login", "auth_cram_md5"])
@pytest.mark.parametrize(("password", "code"), [("battery-staple", 235), ("wrong", 535)])
def test_auth(mechanism, password, code):
    with ScenarioServer() as server, smtplib.SMTP("127.0.0.1", server.port) as client:
        client.ehlo()
        client.user, client.password = "probe", password
        name = mechanism[5:].upper().replace("_", "-")
        try:
            answered = client.auth(name, getattr(client, mechanism), initial_response_ok=False)[0]
        except smtplib.SMTPAuthenticationError as error:
            answered = error.smtp_code
        assert answered == code
        assert server.sessions[0].user == ("probe" if code == 235 else None)


def test_auth_can_be_cancelled_and_is_possible_once():
    plain = base64.b64encode(b"\0probe\0battery-staple").decode("ascii")
    with ScenarioServer() as server, Client(server) as client:
        client.reply()
        client.ask("EHLO me")
        assert client.ask("AUTH LOGIN").startswith("334 ")
        assert client.ask("*").startswith("501 ")
        assert client.ask("AUTH PLAIN " + plain).startswith("235 ")
        assert client.ask("AUTH PLAIN " + plain).startswith("503 ")


def test_only_crlf_dot_crlf_ends_a_message():
    with ScenarioServer() as server, Client(server) as client:
        client.reply()
        for command in [*ENVELOPE, "DATA"]:
            client.ask(command)
        client.send("a\n.\nb\r\n.\nc\r\n..\r\n")
        assert client.ask(".").startswith("250 ")
        assert server.messages[0].content == b"a\n.\nb\r\n\nc\r\n.\r\n"


def test_a_message_above_the_limit_is_refused_after_it_was_read():
    with ScenarioServer() as server, Client(server) as client:
        client.reply()
        for command in [*ENVELOPE, "DATA"]:
            client.ask(command)
        client.send(("x" * 998 + "\r\n") * 11_000)
        assert client.ask(".").startswith("552 5.3.4 ")
        assert server.messages == []


def test_an_endless_line_ends_the_session():
    with ScenarioServer() as server, Client(server) as client:
        client.reply()
        client.send("x" * 1_200_000)
        assert server.wait()[0].ended == "closed by server"


# What it notices of its clients.


def test_pipelining_is_no_violation_where_it_is_allowed():
    with ScenarioServer() as server, Client(server) as client:
        client.reply()
        client.ask("EHLO me.example.org")
        client.send("\r\n".join([*ENVELOPE[1:], "DATA"]) + "\r\n")
        assert [client.reply()[-1][:3] for reply in range(3)] == ["250", "250", "354"]
        client.send("Subject: x\r\n\r\n.\r\nMAIL FROM:<>\r\nRSET\r\nQUIT\r\n")
        assert [client.reply()[-1][:3] for reply in range(4)] == ["250", "250", "250", "221"]
        assert server.wait()[0].violations == []


def test_what_a_client_must_not_do_is_recorded():
    with ScenarioServer("slow-banner", pause=0.3) as server, Client(server) as client:
        client.send("EHLO me.example.org\r\n")
        client.reply()
        client.reply()
        client.send("EHLO me.example.org\r\nNOOP\r\nRCP")
        client.reply()
        client.reply()
        client.socket.shutdown(socket.SHUT_WR)
        (session,) = server.wait()
    assert session.violations == [
        "spoke before the banner",
        "did not wait for the reply to EHLO",
        "did not wait for the reply to NOOP",
        "broke off inside a line",
    ]
    assert (session.ended, session.quit) == ("closed by client", False)


def test_quit_is_noticed_even_by_a_server_that_never_answers():
    with ScenarioServer("silent-at-mail") as server:
        with Client(server) as client:
            client.reply()
            client.ask("EHLO me.example.org")
            client.send("MAIL FROM:<>\r\nQUIT\r\n")
        (session,) = server.wait()
    assert session.commands == ["EHLO me.example.org", "MAIL FROM:<>", "QUIT"]
    assert session.quit
