# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client for tests of the scripted mail server: it sends whatever it is told to."""

from __future__ import annotations

import re
import socket
import ssl

import trustme
from mailops_smtp.scenario import ScenarioServer

ENVELOPE = ["EHLO me.example.org", "MAIL FROM:<admin@example.org>", "RCPT TO:<user@contoso.com>"]


def _contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("mail.contoso.com").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


# For a server that calls itself mail.contoso.com, and for its clients.
SERVER_TLS, CLIENT_TLS = _contexts()


class Client:
    """Sends what a test wants, reads whole replies."""

    def __init__(self, server: ScenarioServer, context: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection((server.host, server.port), timeout=10)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname="mail.contoso.com")
        self._lines = self.socket.makefile("rb")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self._lines.close()
        self.socket.close()

    def send(self, text: str) -> None:
        self.socket.sendall(text.encode("latin-1"))

    def reply(self) -> list[str]:
        """The lines of one reply; [] at the end of the connection."""
        lines = []
        while not lines or re.match(r"\d{3}-", lines[-1]):
            line = self._lines.readline()
            if not line:
                break
            lines.append(line.decode("latin-1").rstrip("\r\n"))
        return lines

    def ask(self, command: str) -> str:
        """The last line of the reply to the command."""
        self.send(command + "\r\n")
        return self.reply()[-1]

    def rest(self) -> bytes:
        return self._lines.read()
