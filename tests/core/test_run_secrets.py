# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A password is in nothing that a run returns, in whatever form and wherever it was given."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading

import pytest
from mailops_smtp.run import check
from mailops_smtp.scenario import ScenarioServer

ENVELOPE = {"sender": "admin@test.com", "recipient": "user@contoso.com", "helo_name": "test.com"}

PASSWORD = "battery-staple"
FORMS = [PASSWORD, base64.b64encode(PASSWORD.encode()).decode().rstrip("="), PASSWORD.encode().hex()]


def holds_no_secret(run):
    text = json.dumps(run)
    octets = b"".join(base64.b64decode(word + "==") for word in re.findall(r"[A-Za-z0-9+/]{16,}", text))
    assert not [form for form in FORMS if form in text]
    # In one base64 word with the user name it looks different.
    assert PASSWORD.encode() not in octets
    return True


@pytest.mark.parametrize("mechanism", [None, "PLAIN", "LOGIN", "CRAM-MD5"])
@pytest.mark.parametrize("behaviour", ["ordinary", "close-at-auth"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_the_password_is_nowhere(mechanism, behaviour, check_mode):
    credentials = {"username": "probe", "password": PASSWORD, "mechanism": mechanism, "allow_clear_text": True}
    with ScenarioServer(behaviour) as server:
        targets = [
            {"host": "127.0.0.1", "port": server.port, "auth": credentials},
            {"host": "127.0.0.1", "port": server.port},
        ]
        run = check({"targets": targets, "auth": credentials, **ENVELOPE, "test_message": {}}, check_mode)
    assert run["checks"][0]["auth"]["mechanism"] == (mechanism or "CRAM-MD5")
    assert holds_no_secret(run)


class Parrot(threading.Thread):
    """A server that does not know AUTH, and quotes every command that it does not know, as sendmail does."""

    def __init__(self):
        super().__init__()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.join()
        self.listener.close()

    def run(self):
        client = self.listener.accept()[0]
        with client, client.makefile("rwb", 0) as lines:
            lines.write(b"220 parrot\r\n")
            for line in lines:
                verb = line.split()[0]
                known = {b"EHLO": b"250-parrot\r\n250 AUTH PLAIN\r\n", b"QUIT": b"221 Bye\r\n"}
                lines.write(known.get(verb, b'500 5.5.1 Command unrecognized: "' + line.strip() + b'"\r\n'))
                if verb == b"QUIT":
                    return


def test_a_server_that_quotes_the_password_does_not_make_us_show_it():
    credentials = {"username": "probe", "password": PASSWORD, "mechanism": "PLAIN", "allow_clear_text": True}
    with Parrot() as server:
        run = check({"host": "127.0.0.1", "port": server.port, "auth": credentials})
    (refusal,) = [step["reply"] for step in run["checks"][0]["steps"] if step["phase"] == "auth"]
    assert refusal["lines"] == ['5.5.1 Command unrecognized: "AUTH PLAIN ********"']
    assert holds_no_secret(run)
