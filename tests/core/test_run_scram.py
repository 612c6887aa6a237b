# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SCRAM in whole runs, bound to the TLS session and not, with a server that holds the client to RFC 5802."""

from __future__ import annotations

import base64
import contextlib
import re

import pytest
from mailops_smtp.run import check
from mailops_smtp.scenario import ScenarioServer

from tests.core.dialogs import ids
from tests.core.scenario_client import Client

PASSWORD = "battery-staple"


def log_in(behaviour, server_tls=None, version=None, password=PASSWORD, mechanism=None, starttls=None):
    """The check, and what the client said of channel binding."""
    with ScenarioServer(behaviour, tls=server_tls) as server:
        run = check(
            {
                "host": "127.0.0.1",
                "port": server.port,
                "helo_name": "test.contoso.com",
                "stop_after": "auth",
                "starttls": starttls,
                "tls": {"verify": False, "max_version": version} if server_tls is not None and version else None,
                "auth": {"username": "probe", "password": password, "mechanism": mechanism},
            }
        )
    (made,) = run["checks"]
    (session,) = server.sessions
    assert (session.quit, session.violations) == (True, [])
    said = [line.split()[2] for line in session.commands if line.startswith("AUTH ")]
    flag = base64.b64decode(said[0]).split(b",")[0].decode() if said else None
    return made, flag


@pytest.mark.parametrize(
    ("behaviour", "version", "mechanism", "used", "flag"),
    [
        ("scram-plus", "TLSv1.2", None, "SCRAM-SHA-256-PLUS", "p=tls-unique"),
        ("scram-plus", "TLSv1.2", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1-PLUS", "p=tls-unique"),
        ("scram-plus", "TLSv1.2", "SCRAM-SHA-1", "SCRAM-SHA-1", "n"),
        ("scram-plus", "TLSv1.3", None, "SCRAM-SHA-256", "n"),
        ("scram", "TLSv1.2", None, "SCRAM-SHA-256", "y"),
        ("scram", "TLSv1.2", "SCRAM-SHA-1", "SCRAM-SHA-1", "y"),
        ("scram", "TLSv1.3", None, "SCRAM-SHA-256", "n"),
    ],
)
def test_the_log_in_is_accepted(behaviour, version, mechanism, used, flag, server_tls):
    made, said = log_in(behaviour, server_tls, version, mechanism=mechanism)
    assert said == flag
    assert made["auth"] == {
        "mechanism": used,
        "username": "probe",
        "channel_binding": flag[2:] or None,
        "accepted": True,
        "problem": None,
    }
    assert (made["verdict"], made["reached"], made["tls"]["version"]) == ("degraded", "auth", version)


@pytest.mark.parametrize("behaviour", ["scram", "scram-plus"])
def test_without_tls_there_is_nothing_to_bind_to(behaviour):
    made, said = log_in(behaviour, starttls="never")
    assert (made["auth"]["mechanism"], made["auth"]["accepted"], said) == ("SCRAM-SHA-256", True, "n")


@pytest.mark.parametrize("behaviour", ["scram", "scram-plus"])
def test_a_wrong_password(behaviour, server_tls):
    made, _said = log_in(behaviour, server_tls, "TLSv1.2", password="wrong")
    assert (made["auth"]["accepted"], made["auth"]["problem"]) == (False, None)
    assert ("auth.535" if behaviour == "scram" else "auth.channel_binding") in ids(made)
    assert made["verdict"] == "fail"


def test_tls_that_ends_in_front_of_the_server(server_tls):
    made, _said = log_in("scram-plus-elsewhere", server_tls, "TLSv1.2")
    assert (made["auth"]["accepted"], made["auth"]["channel_binding"]) == (None, "tls-unique")
    assert made["auth"]["problem"].endswith("with the error channel-bindings-dont-match.")
    assert "auth.channel_binding" in ids(made)
    assert made["verdict"] == "fail"
    # What the finding advises to try.
    unbound, _said = log_in("scram-plus-elsewhere", server_tls, "TLSv1.2", mechanism="SCRAM-SHA-256")
    assert unbound["auth"]["accepted"] is True


def test_a_binding_that_the_server_does_not_know(server_tls, monkeypatch):
    monkeypatch.setattr(
        "mailops_smtp.wire.tls.channel_bindings", lambda *arguments: {"tls-server-end-point": b"certificate"}
    )
    made, said = log_in("scram-plus", server_tls, "TLSv1.2", mechanism="SCRAM-SHA-256-PLUS")
    assert said == "p=tls-server-end-point"
    assert made["auth"]["problem"].endswith("with the error unsupported-channel-binding-type.")
    assert "auth.channel_binding" in ids(made)


def test_somebody_shortens_the_list_on_the_way(server_tls, monkeypatch):
    """The client believes that the server binds no log-ins, and the server learns of that."""
    from mailops_smtp.dialog.extensions import Extensions

    whole = Extensions.auth_mechanisms
    monkeypatch.setattr(
        Extensions, "auth_mechanisms", lambda self: [name for name in whole(self) if not name.endswith("-PLUS")]
    )
    made, said = log_in("scram-plus", server_tls, "TLSv1.2")
    assert said == "y"
    assert made["auth"]["problem"].endswith("with the error server-does-support-channel-binding.")
    assert made["verdict"] == "fail"


def test_a_bound_mechanism_that_is_not_to_be_had(server_tls):
    made, said = log_in("scram", server_tls, "TLSv1.2", mechanism="SCRAM-SHA-256-PLUS")
    assert said is None
    assert made["auth"]["problem"] == (
        "The server does not offer SCRAM-SHA-256-PLUS; it offers SCRAM-SHA-1, SCRAM-SHA-256."
    )


# The server holds the client to the RFC.


@pytest.mark.parametrize(
    "opening",
    ["", "n,,r=1", "n,,n=probe", "x,,n=probe,r=1", "n,n=probe,r=1", "p=tls-unique,,n=probe,r=1", "m=1,n,,n=probe,r=1"],
)
def test_an_opening_that_is_none(opening):
    assert answers("SCRAM-SHA-256", opening)[-1].startswith("501 ")


@pytest.mark.parametrize(
    ("closing", "code"),
    [
        ("", "501"),
        ("c=biws", "501"),
        ("r={nonce},p=AA==", "501"),
        ("c=biws,r={nonce},p=A", "501"),
        ("c=biws,r={nonce},p=AA==", "535"),
        ("c=biws,r={nonce}x,p=" + base64.b64encode(bytes(32)).decode(), "535"),
        ("c=biws,r={nonce},p=" + base64.b64encode(bytes(32)).decode(), "535"),
    ],
)
def test_a_proof_that_is_none(closing, code):
    assert answers("SCRAM-SHA-256", "n,,n=probe,r=1", closing)[-1][:3] == code


def test_another_user():
    assert answers("SCRAM-SHA-1", "n,,n=somebody,r=1", "c=biws,r={nonce},p=AA==")[-1][:3] == "535"


def answers(mechanism, *messages):
    """What the server says to these messages of a client, in which {nonce} stands for both."""
    said = []
    with ScenarioServer("scram") as server, Client(server) as client, contextlib.suppress(IndexError):
        client.reply()
        client.ask("EHLO me")
        said.append(client.ask(f"AUTH {mechanism}"))
        for message in messages:
            challenge = base64.b64decode(said[-1].partition(" ")[2]).decode()
            nonce = (re.findall("r=([^,]+)", challenge) or [""])[0]
            said.append(client.ask(base64.b64encode(message.format(nonce=nonce).encode()).decode()))
    return said
