# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions of TLS a server speaks: each is offered alone, by a connection of its own, where that is asked."""

from __future__ import annotations

import ssl
import warnings

import pytest
from mailops_smtp.judge.acceptance import expectations_of
from mailops_smtp.plan import OptionError, plan
from mailops_smtp.run import check
from mailops_smtp.scenario import ScenarioServer
from mailops_smtp.wire import tls_settings

from tests.core.dialogs import HEALTHY, ids
from tests.core.dialogs import check as read

HOST = "mail.contoso.com"


@pytest.fixture
def speaking(authority):
    def context(oldest, newest="MAXIMUM_SUPPORTED"):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(HOST).configure_cert(made)
        made.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            made.minimum_version = ssl.TLSVersion[oldest]
            made.maximum_version = ssl.TLSVersion[newest]
        return made

    return context


@pytest.fixture
def asked(ca_path):
    def ask(server, check_mode=False, expect=None, **tls):
        return check(options(server, expect, {"ca_path": ca_path, "server_name": HOST, **tls}), check_mode)

    return ask


def options(server, expect, tls):
    return {
        "host": "127.0.0.1",
        "port": server.port,
        "protocol": "smtps" if server.behaviour.name == "smtps" else "esmtp",
        "helo_name": "test.com",
        "sender": "admin@test.com",
        "tls": tls,
        "expect": expect,
    }


def accepted(run):
    return {entry["version"]: entry["accepted"] for entry in run["checks"][0]["tls"]["versions"]}


@pytest.mark.parametrize("behaviour", ["ordinary", "smtps"])
def test_each_version_is_offered_alone(behaviour, speaking, asked):
    with ScenarioServer(behaviour, tls=speaking("TLSv1_2")) as server:
        run = asked(server, probe_versions=["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"])
        server.wait(4)
    assert accepted(run) == {"TLSv1": False, "TLSv1.1": False, "TLSv1.2": True, "TLSv1.3": True}
    [made] = run["checks"]
    old, _older, *new = made["tls"]["versions"]
    assert old["reason"] == "Client and server have no TLS version in common (TLSV1_ALERT_PROTOCOL_VERSION)."
    assert [entry["reason"] for entry in new] == [None, None]
    # The facts of the check are those of the first connection, and what was negotiated there is not offered again.
    assert (made["verdict"], made["tls"]["version"], made["reached"], ids(made)) == ("pass", "TLSv1.3", "mail", [])
    assert len(server.sessions) == 4
    assert [any(said.startswith("MAIL") for said in one.commands) for one in server.sessions].count(True) == 1
    assert [one.quit for one in server.sessions].count(True) == 2


def test_an_old_version_that_is_still_taken_is_told(speaking, asked):
    with ScenarioServer("ordinary", tls=speaking("TLSv1")) as server:
        run = asked(server, probe_versions=["TLSv1"])
    assert accepted(run) == {"TLSv1": True}
    [made] = run["checks"]
    assert (made["verdict"], ids(made)) == ("pass", ["tls.old_accepted"])


def test_a_server_that_has_nothing_newer(speaking, asked):
    with ScenarioServer("ordinary", tls=speaking("TLSv1", "TLSv1_1")) as server:
        run = asked(server, probe_versions=["TLSv1", "TLSv1.2"])
    assert accepted(run) == {"TLSv1": True, "TLSv1.2": False}
    assert "tls.old_only" in ids(run["checks"][0])
    assert "tls.old_accepted" not in ids(run["checks"][0])


def test_nobody_connects_again_unasked(server_tls, asked):
    with ScenarioServer("ordinary", tls=server_tls) as server:
        run = asked(server)
        server.wait(1)
    assert (len(server.sessions), run["checks"][0]["tls"]["versions"]) == (1, None)


def test_what_openssl_cannot_offer_here_is_not_called_refused(server_tls, asked):
    assert not ssl.HAS_SSLv3, "no Python that is still maintained comes with it"
    with ScenarioServer("ordinary", tls=server_tls) as server:
        run = asked(server, expect={"tls": {"versions": {"forbidden": ["SSLv3"]}}})
        server.wait(1)
    [entry] = run["checks"][0]["tls"]["versions"]
    assert entry["accepted"] is None
    assert entry["reason"].startswith("OpenSSL cannot offer it here (")
    assert len(server.sessions) == 1
    [unmet] = run["checks"][0]["unmet"]
    assert (unmet["expected"], unmet["found"], unmet["verdict"]) == ("tls.versions has no SSLv3", None, "inconclusive")


def test_an_openssl_that_does_not_even_know_the_version(monkeypatch, server_tls, asked):
    set_versions = tls_settings._set_versions

    def refuse(context, minimum, maximum):
        if minimum == "TLSv1":
            raise ValueError("Unsupported protocol version 0x301")
        set_versions(context, minimum, maximum)

    monkeypatch.setattr(tls_settings, "_set_versions", refuse)
    with ScenarioServer("ordinary", tls=server_tls) as server:
        run = asked(server, probe_versions=["TLSv1", "TLSv1.2"])
    old, new = run["checks"][0]["tls"]["versions"]
    assert (old["accepted"], new["accepted"]) == (None, True)
    assert "Unsupported protocol version 0x301" in old["reason"]


def test_a_server_without_tls_is_not_asked_and_fails_who_expects_a_version(asked):
    with ScenarioServer("ordinary") as server:
        run = asked(server, expect={"tls": {"versions": ["TLSv1.2"]}})
        server.wait(1)
    [entry] = run["checks"][0]["tls"]["versions"]
    assert (entry["accepted"], entry["reason"]) == (None, "the first connection did not come to TLS")
    assert len(server.sessions) == 1
    [unmet] = run["checks"][0]["unmet"]
    assert (unmet["verdict"], unmet["finding"]) == ("fail", "ehlo.starttls_missing")


@pytest.mark.parametrize(("oldest", "verdict"), [("TLSv1", "fail"), ("TLSv1_2", "pass")])
def test_that_an_old_version_is_off_can_be_expected(oldest, verdict, speaking, asked):
    with ScenarioServer("ordinary", tls=speaking(oldest)) as server:
        run = asked(server, expect={"tls": {"versions": {"required": ["TLSv1.2"], "forbidden": ["TLSv1"]}}})
    [made] = run["checks"]
    assert made["verdict"] == verdict
    assert [(entry["expected"], entry["found"], entry["finding"]) for entry in made["unmet"]] == (
        [("tls.versions has no TLSv1", "TLSv1", "tls.old_accepted")] if verdict == "fail" else []
    )


def test_who_wants_to_be_left_alone_is(server_tls, asked):
    with ScenarioServer("421-at-quit", tls=server_tls) as server:
        run = asked(server, probe_versions=["TLSv1", "TLSv1.2"])
        server.wait(1)
    assert len(server.sessions) == 1
    assert accepted(run) == {"TLSv1": None, "TLSv1.2": None}
    for entry in run["checks"][0]["tls"]["versions"]:
        assert entry["reason"].startswith("the connection was not made: The server had answered 421")


def test_it_goes_together_with_taking_the_session_up_again(server_tls, asked):
    with ScenarioServer("ordinary", tls=server_tls) as server:
        run = asked(server, resume=True, probe_versions=["TLSv1.2"])
        server.wait(3)
    [made] = run["checks"]
    assert (made["tls"]["session"]["reused"], accepted(run)) == (True, {"TLSv1.2": True})


def test_check_mode_shows_every_connection(server_tls, asked):
    with ScenarioServer("ordinary", tls=server_tls) as server:
        run = asked(server, check_mode=True, probe_versions=["TLSv1.2", "TLSv1.3"])
    assert run["plan"]["would_send"][0]["lines"].count("STARTTLS") == 3


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"tls": {"probe_versions": ["TLSv1"]}, "starttls": "never"}, "has no effect with starttls: never"),
        ({"tls": {"probe_versions": ["TLSv1"]}, "stop_after": "ehlo"}, "seen later than stop_after: ehlo"),
        ({"expect": {"tls": {"versions": {"forbidden": ["TLSv9"]}}}}, "expect.tls.versions 'TLSv9' is not known here"),
        ({"tls": {"probe_versions": ["SSLv2"]}}, "probe_versions"),
    ],
)
def test_what_can_never_be_seen_is_refused(given, problem):
    with pytest.raises(OptionError) as refused:
        plan({"host": "mx1.contoso.com", "helo_name": "test.com", **given}, "test.com")
    assert problem in str(refused.value)


def test_the_acceptance_test_of_the_next_build_keeps_what_was_found_out():
    facts = read(HEALTHY)
    came_to = {"TLSv1": False, "TLSv1.1": None, "TLSv1.2": True}
    facts["tls"]["versions"] = [{"version": name, "accepted": came_to[name], "reason": None} for name in came_to]
    expect = expectations_of([{**facts, "verdict": "pass"}])["targets"][0]["expect"]
    assert expect["tls"]["versions"] == {"required": ["TLSv1.2"], "forbidden": ["TLSv1"]}
