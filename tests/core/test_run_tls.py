# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates in a whole run: reported, or, where they are to be verified, insisted on."""

from __future__ import annotations

import pytest
from mailops_smtp.run import check
from mailops_smtp.scenario import ScenarioServer


@pytest.fixture(params=["ordinary", "smtps"])
def server(request, server_tls):
    with ScenarioServer(request.param, tls=server_tls) as running:
        yield running


def checked(server, **tls):
    protocol = "smtps" if server.behaviour.name == "smtps" else "esmtp"
    run = check({"host": "127.0.0.1", "port": server.port, "protocol": protocol, "sender": "a@test.com", "tls": tls})
    [made] = run["checks"]
    return made


def end_of(server):
    [session] = server.wait(1, 10)
    return session.quit, session.violations


def test_a_trusted_certificate_with_the_right_name(server, ca_path):
    made = checked(server, verify=True, ca_path=ca_path)
    assert made["reached"] == "mail"
    assert made["tls"]["trusted"] is True
    assert made["tls"]["name_matches"]["matches"] is True
    assert end_of(server) == (True, [])


def test_a_name_that_the_certificate_is_not_for(server, ca_path):
    made = checked(server, verify=True, ca_path=ca_path, server_name="other.contoso.com")
    assert made["failed_phase"] == "starttls"
    assert made["tls"]["trusted"] is True
    errors = [step["error"] for step in made["steps"] if step["error"]]
    assert errors == [{"kind": "tls", "detail": "The certificate is not for other.contoso.com."}]
    # Also with implicit TLS, where the greeting comes behind the handshake.
    assert end_of(server) == (True, [])


def test_an_authority_that_nobody_knows(server):
    made = checked(server, verify=True, server_name="mail.contoso.com")
    assert made["failed_phase"] == "starttls"
    assert made["verdict"] == "fail"
    assert any("The certificate is not trusted" in step["error"]["detail"] for step in made["steps"] if step["error"])


def test_what_is_not_verified_is_reported(server, ca_path):
    made = checked(server, server_name="other.contoso.com")
    assert made["reached"] == "mail"
    assert made["tls"]["trusted"] is False
    assert made["tls"]["name_matches"]["matches"] is False
    assert made["verdict"] == "degraded"
    assert end_of(server) == (True, [])
