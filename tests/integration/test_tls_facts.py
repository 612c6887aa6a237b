# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What servers of different makers tell in TLS: tickets, dates, and how they take what a client says of binding."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from tests.integration.conftest import Controller

# Ticket and session, by server and version. Postfix and Sendmail speak through OpenSSL, Exim through GnuTLS.
OFFERED = {
    ("mx1", "TLSv1.2"): (True, None),
    ("mx1", "TLSv1.3"): (True, None),
    ("sendmail", "TLSv1.2"): (True, None),
    ("sendmail", "TLSv1.3"): (True, None),
    ("exim", "TLSv1.2"): (False, True),
    ("exim", "TLSv1.3"): (False, None),
}


def checked(controller: Controller, host: str, *, tls: t.Mapping[str, t.Any], **options: t.Any) -> t.Any:
    run = controller.check(
        host=controller.name(host),
        address_family="ipv4",
        helo_name="probe.contoso.test",
        starttls="required",
        tls={**controller.tls, **tls},
        **options,
    )
    [made] = run["checks"]
    return made


@pytest.mark.parametrize(("host", "version"), OFFERED)
def test_what_they_offer_for_resumption(controller: Controller, host: str, version: str) -> None:
    made = checked(controller, host, tls={"max_version": version})
    session = made["tls"]["session"]
    assert made["tls"]["version"] == version
    assert (session["ticket"], session["session_id"]) == OFFERED[host, version]
    assert (session["ticket_lifetime_hint"] is not None) is session["ticket"]
    assert session["reused"] is None


@pytest.mark.parametrize(("host", "version"), OFFERED)
def test_whether_they_take_it_up_again(controller: Controller, host: str, version: str) -> None:
    """Exim gives its sessions a name up to TLS 1.2, and does not know it any more when it is asked for."""
    session = checked(controller, host, tls={"max_version": version, "resume": True})["tls"]["session"]
    offered = True in OFFERED[host, version]
    assert session["reused"] is ((host != "exim") if offered else None)
    assert session["reason"] == (None if offered else "the server has offered nothing to take it up with")


# Which of the old ones a server takes as its makers, and its library, have it by default. 1587 is Dovecot's.
OLD_ONES = {("mx1", 25): True, ("exim", 25): True, ("sendmail", 25): False, ("mx1", 1587): False}


@pytest.mark.parametrize(("host", "port"), OLD_ONES)
def test_which_versions_they_speak(controller: Controller, host: str, port: int) -> None:
    versions = ["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
    made = checked(controller, host, port=port, tls={"probe_versions": versions}, stop_after="starttls")
    seen = {entry["version"]: entry["accepted"] for entry in made["tls"]["versions"]}
    old = OLD_ONES[host, port]
    # What Debian's OpenSSL is built without, nobody here can ask for.
    assert seen == {"SSLv3": None, "TLSv1": old, "TLSv1.1": old, "TLSv1.2": True, "TLSv1.3": True}
    assert ("tls.old_accepted" in {finding["id"] for finding in made["findings"]}) is old


@pytest.mark.parametrize(("host", "verdict"), [("exim", "fail"), ("sendmail", "pass")])
def test_no_tls_1_0_can_be_expected(controller: Controller, host: str, verdict: str) -> None:
    expect = {"tls": {"versions": {"forbidden": ["TLSv1"]}}}
    made = checked(controller, host, tls={}, expect=expect, stop_after="starttls")
    assert made["verdict"] == verdict
    assert [entry["expected"] for entry in made["unmet"]] == (
        ["tls.versions has no TLSv1"] if verdict == "fail" else []
    )


def test_the_cipher_suites_to_offer(controller: Controller) -> None:
    offered = {"max_version": "TLSv1.2", "ciphers": "ECDHE-ECDSA-AES256-GCM-SHA384"}
    assert checked(controller, "mx1", tls=offered)["tls"]["cipher"] == "ECDHE-ECDSA-AES256-GCM-SHA384"


@pytest.mark.provokes("SSL_accept error", "TLS library problem", "lost connection after STARTTLS")
def test_cipher_suites_that_the_server_has_no_key_for(controller: Controller) -> None:
    made = checked(controller, "mx1", tls={"max_version": "TLSv1.2", "ciphers": "AES128-SHA"})  # RSA; its key is EC
    assert (made["tls"]["established"], made["failed_phase"]) == (False, "starttls")


def test_as_of(controller: Controller) -> None:
    now = checked(controller, "mx1", tls={})
    end = datetime.datetime.fromisoformat(now["tls"]["certificate"]["not_after"])
    before, after = ((end + datetime.timedelta(days=days)).isoformat() for days in (-1, 1))
    assert checked(controller, "mx1", tls={"as_of": before})["tls"]["as_of"]["valid"] is True
    made = checked(controller, "mx1", tls={"as_of": after, "verify": True})
    assert (made["tls"]["trusted"], made["tls"]["as_of"]["valid"]) == (True, False)
    assert (made["verdict"], [finding["id"] for finding in made["findings"]]) == ("degraded", ["tls.as_of"])


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256"])
def test_dovecot_is_told_of_binding(controller: Controller, version: str, mechanism: str) -> None:
    """It binds nothing in this version: up to TLS 1.2 it is told that the client would have ("y"), and accepts that."""
    probe = controller.mailbox("probe")
    made = checked(
        controller,
        "mx1",
        port=587,
        tls={"max_version": version},
        auth={"username": probe["address"], "password": probe["password"], "mechanism": mechanism},
    )
    assert (made["verdict"], made["auth"]["accepted"], made["auth"]["channel_binding"]) == ("pass", True, None)
