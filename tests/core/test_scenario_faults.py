# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripted mail server's faults: each is exactly what its name says."""

from __future__ import annotations

import socket
import ssl

import pytest
from mailops_smtp.scenario import ScenarioServer

from tests.core.scenario_client import CLIENT_TLS, ENVELOPE, SERVER_TLS, Client

FIRST_BYTES = {
    "banner-554": b"554 ",
    "banner-521": b"521 ",
    "banner-421": b"421 4.3.2 ",
    "banner-multiline": b"220-mail.contoso.com ESMTP\r\n220 mail.contoso.com ESMTP\r\n",
    "slow-banner": b"220 ",
    "garbled-banner": b"2#0 ",
    "long-banner-line": b"220 mail.contoso.com " + b"x" * 100_000 + b"\r\n",
    "endless-banner": b"220-mail.contoso.com and one more line\r\n" * 10_000,
    "nul-and-escapes": b"220 mail.contoso.com\0 \x1b[2J",
    "http": b"HTTP/1.1 408 ",
    "ssh": b"SSH-2.0-",
    "imap": b"* OK ",
    "pop3": b"+OK ",
    "nntp": b"200 ",
    "ftp": b"220 (vsFTPd",
    "tls-bytes": b"\x15\x03",
    "pix-mask": b"220 ****",
    "lf-only": b"220 mail.contoso.com ESMTP ready\n",
    "no-text": b"220\r\n",
    "closed-before-banner": b"",
}


@pytest.mark.parametrize(("name", "first"), FIRST_BYTES.items(), ids=FIRST_BYTES)
def test_banners(name, first):
    with ScenarioServer(name, pause=0.05) as server, Client(server) as client:
        assert client._lines.read(len(first)) == first
        if not first:
            assert client.rest() == b""


def test_a_multiline_banner_pauses_between_its_lines():
    with ScenarioServer("banner-multiline", pause=60) as server, Client(server) as client:
        assert client._lines.readline() == b"220-mail.contoso.com ESMTP\r\n"
        client.socket.settimeout(0.2)
        with pytest.raises(socket.timeout):
            client._lines.readline()


@pytest.mark.parametrize("name", ["silent", "slow-banner"])
def test_no_banner_yet(name):
    with ScenarioServer(name, pause=60) as server, Client(server) as client:
        client.socket.settimeout(0.2)
        with pytest.raises(socket.timeout):
            client.reply()


def test_reset_before_the_banner():
    with ScenarioServer("reset-before-banner") as server:
        with pytest.raises(ConnectionResetError), Client(server) as client:
            client.reply()
        assert server.wait()[0].ended == "reset by server"


# What a client gets for each command of a session: the reply's last line, from its beginning.
DIALOGS = {
    "banner-554": [("EHLO me", "503 "), ("QUIT", "221 ")],
    "banner-521": [("HELO me", "503 "), ("QUIT", "221 ")],
    "refuses-ehlo": [("EHLO me", "500 "), ("HELO me", "250 "), ("MAIL FROM:<>", "250 ")],
    "ehlo-502": [("EHLO me", "502 "), ("HELO me", "250 ")],
    "ehlo-501": [("EHLO me", "501 5.5.4 "), ("HELO me", "501 5.5.4 "), ("MAIL FROM:<>", "503 ")],
    "ehlo-504": [("EHLO me", "504 5.5.2 "), ("HELO me", "504 5.5.2 ")],
    "pix-mask": [("EHLO me", "500 "), ("HELO me", "250 ")],
    "pix-xxxx": [("EHLO me", "250 DSN"), ("STARTTLS", "503 ")],
    "exchange-internal": [("EHLO me", "250 XSHADOWREQUEST"), ("AUTH PLAIN", "504 ")],
    "ssh": [("EHLO me", "Invalid SSH")],
    "imap": [("EHLO me", "* BAD")],
    "pop3": [("EHLO me", "-ERR"), ("QUIT", "+OK")],
    "nntp": [("EHLO me", "500 "), ("QUIT", "205 ")],
    "ftp": [("EHLO me", "530 "), ("QUIT", "221 ")],
    "starttls-454": [("EHLO me", "250 STARTTLS"), ("STARTTLS", "454 4.7.0 "), ("MAIL FROM:<>", "250 ")],
    "starttls-502": [("EHLO me", "250 STARTTLS"), ("STARTTLS", "502 5.5.1 ")],
    "starttls-garbage": [("EHLO me", "250 STARTTLS"), ("STARTTLS", "220 "), ("\x16", "500 5.5.2 ")],
    "data-refused-554": [(command, "250") for command in ENVELOPE] + [("DATA", "554 "), ("QUIT", "221 ")],
    "message-refused-550": [(command, "250") for command in ENVELOPE] + [("DATA", "354 "), (".", "550 5.7.1 ")],
    "one-byte-at-a-time": [("EHLO me", "250 AUTH PLAIN LOGIN CRAM-MD5"), ("MAIL FROM:<>", "250 2.1.0 Sender ok")],
    "no-text": [("EHLO me", "250 AUTH PLAIN LOGIN CRAM-MD5"), ("FOO", "500"), ("AUTH LOGIN", "334 VXNlcm5hbWU6")],
    "nul-and-escapes": [("EHLO me", "250 DSN"), ("MAIL FROM:<>", "250 ")],
    "code-changes-inside-reply": [*((command, "250") for command in ENVELOPE[:2]), (ENVELOPE[2], "450 4.2.0 ")],
}


@pytest.mark.parametrize(("name", "dialog"), DIALOGS.items(), ids=DIALOGS)
def test_dialogs(name, dialog):
    with ScenarioServer(name) as server, Client(server) as client:
        client.reply()
        for command, beginning in dialog:
            assert client.ask(command).startswith(beginning), command


@pytest.mark.parametrize(
    ("name", "command", "extra"),
    [
        ("two-replies-in-one-packet", "MAIL FROM:<>", "250 2.1.5 Recipient ok, whoever it is"),
        ("unsolicited-line", "EHLO me", "Scanning is active"),
    ],
)
def test_more_than_was_asked_for(name, command, extra):
    with ScenarioServer(name) as server, Client(server) as client:
        client.reply()
        if command != "EHLO me":
            client.ask("EHLO me")
        assert client.ask(command).startswith("250 ")
        assert client.reply() == [extra]


def test_a_masked_starttls_is_not_offered_even_with_a_certificate():
    with ScenarioServer("pix-xxxx", tls=SERVER_TLS) as server, Client(server) as client:
        client.reply()
        client.send("EHLO me\r\n")
        assert [line for line in client.reply() if "XXXXXXXA" in line or "STARTTLS" in line] == ["250-XXXXXXXA"]


def test_a_line_injected_before_tls_comes_in_the_same_packet():
    with ScenarioServer("starttls-injected", tls=SERVER_TLS) as server, Client(server) as client:
        client.reply()
        client.ask("EHLO me")
        client.send("STARTTLS\r\n")
        assert client.socket.recv(1000) == b"220 2.0.0 Ready to start TLS\r\n250 injected.example.net\r\n"
        with CLIENT_TLS.wrap_socket(client.socket, server_hostname="mail.contoso.com") as secured:
            secured.sendall(b"EHLO me\r\n")
            assert secured.recv(1000).startswith(b"250-mail.contoso.com")


def test_starttls_close_ends_inside_the_handshake():
    with ScenarioServer("starttls-close") as server, Client(server) as client:
        client.reply()
        client.ask("EHLO me")
        assert client.ask("STARTTLS").startswith("220 ")
        with pytest.raises((ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError)):
            CLIENT_TLS.wrap_socket(client.socket, server_hostname="mail.contoso.com")


UP_TO = {
    "ehlo": ["EHLO me"],
    "starttls": ["EHLO me", "STARTTLS"],
    "auth": ["EHLO me", "AUTH PLAIN"],
    "mail": ENVELOPE[:2],
    "rcpt": ENVELOPE[:3],
    "data": [*ENVELOPE, "DATA"],
    "message": [*ENVELOPE, "DATA", "Subject: x\r\n\r\n."],
    "quit": [*ENVELOPE, "QUIT"],
}


@pytest.mark.parametrize("phase", UP_TO)
@pytest.mark.parametrize("fault", ["421", "close", "reset", "silent"])
def test_a_fault_at_each_phase(fault, phase):
    *before, last = UP_TO[phase]
    with ScenarioServer(f"{fault}-at-{phase}") as server, Client(server) as client:
        client.reply()
        for command in before:
            assert client.ask(command)[0] in "23", command
        client.send(last + "\r\n")
        if fault == "silent":
            client.socket.settimeout(0.1)
            with pytest.raises(socket.timeout):
                client.reply()
        elif fault == "reset":
            with pytest.raises(ConnectionResetError):
                client.reply()
        else:
            assert [line[:9] for line in client.reply()] == (["421 4.3.2"] if fault == "421" else [])
            assert client.rest() == b""
            assert server.wait()[0].ended == "closed by server"
