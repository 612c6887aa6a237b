# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole way, from options to a judged run. tests/conftest.py holds each result against the published schema."""

from __future__ import annotations

import copy
import json
import re
import socket
import threading
import time
import uuid

import pytest
from mailops_smtp import names as names_module
from mailops_smtp import run as run_module
from mailops_smtp.evidence import StepError
from mailops_smtp.plan.options import OptionError
from mailops_smtp.route import addresses as addresses_module
from mailops_smtp.run import Streams, changed, check, default_helo_name
from mailops_smtp.scenario import ScenarioServer

from tests.core.scenario_client import SERVER_TLS

ENVELOPE = {"sender": "admin@test.com", "recipient": "user@contoso.com", "helo_name": "test.com"}


def test_a_message_goes_all_the_way():
    with ScenarioServer() as server:
        run = check({"host": "127.0.0.1", "port": server.port, **ENVELOPE, "test_message": {"subject": "Hello"}})
        (session,) = server.wait()
        (message,) = server.messages
    (made,) = run["checks"]
    assert (run["verdict"], run["counts"]) == ("pass", {"pass": 1})
    assert run["summary"] == made["summary"]
    assert (made["target"], made["reached"], made["failed_phase"]) == (f"127.0.0.1:{server.port}", "message", None)
    assert made["vantage"] == {**run["vantages"][0], "address": "127.0.0.1"}
    assert made["message"]["queue_id"] == message.queue_id
    assert made["message"]["token"].encode() in message.content
    assert [step["sent"] for step in made["steps"][2:]] == [
        *session.commands[:-1],
        f"<message of {made['message']['size']} octets>",
        "QUIT",
    ]
    assert session.violations == []
    assert run["plan"]["would_send"] is None
    assert changed(run)


def test_without_a_message_nothing_is_changed():
    with ScenarioServer() as server:
        run = check({"host": "127.0.0.1", "port": server.port, **ENVELOPE})
        assert server.wait()[0].commands[-2:] == ["RCPT TO:<user@contoso.com>", "QUIT"]
    assert not changed(run)


def test_check_mode_stops_before_data_and_tells_what_would_follow():
    options = {**ENVELOPE, "test_message": {"subject": "Hello"}, "starttls": "never"}
    with ScenarioServer() as server:
        run = check({"host": "127.0.0.1", "port": server.port, **options}, check_mode=True)
        (session,) = server.wait()
        assert server.messages == []
    assert [command.split()[0] for command in session.commands] == ["EHLO", "MAIL", "RCPT", "QUIT"]
    (would,) = run["plan"]["would_send"]
    assert would["target"] == f"127.0.0.1:{server.port}"
    size = len(would["message"])
    assert would["lines"] == [
        "EHLO test.com",
        f"MAIL FROM:<admin@test.com> SIZE={size}",
        "RCPT TO:<user@contoso.com>",
        "DATA",
        f"<message of {size} octets>",
        "QUIT",
    ]
    assert "Subject: Hello\r\n" in would["message"]
    assert run["checks"][0]["message"]["outcome"] == "not_sent"
    assert run["checks"][0]["message"]["size"] == size
    assert changed(run)


@pytest.mark.parametrize("options", [{}, {"test_message": {}, "stop_after": "rcpt"}])
def test_check_mode_of_a_check_that_sends_nothing(options):
    with ScenarioServer() as server:
        run = check({"host": "127.0.0.1", "port": server.port, **ENVELOPE, **options}, check_mode=True)
    assert run["plan"]["would_send"][0]["message"] is None
    assert not changed(run)


@pytest.mark.parametrize("protocol", ["smtps", "lmtp"])
def test_the_other_protocols(protocol, request):
    tls = request.getfixturevalue("server_tls") if protocol == "smtps" else None
    with ScenarioServer(protocol, tls=tls) as server:
        run = check({"host": "127.0.0.1", "port": server.port, "protocol": protocol, **ENVELOPE, "test_message": {}})
    (made,) = run["checks"]
    assert (made["protocol"], made["reached"], made["message"]["outcome"]) == (protocol, "message", "accepted")


def test_a_verified_log_in(server_tls, ca_path):
    with ScenarioServer(tls=server_tls) as server:
        run = check(
            {
                "host": "127.0.0.1",
                "port": server.port,
                "tls": {"ca_path": ca_path, "server_name": "mail.contoso.com"},
                "auth": {"username": "probe", "password": "battery-staple"},
            }
        )
        (session,) = server.wait()
    (made,) = run["checks"]
    assert (made["tls"]["trusted"], made["tls"]["name_matches"]["matches"]) == (True, True)
    assert made["auth"]["accepted"] is True
    assert session.user == "probe"
    assert [entry["keyword"] for entry in made["ehlo"]["before_tls"]][-1] == "STARTTLS"


@pytest.mark.parametrize(("required", "verdict", "reached"), [(True, "fail", "ehlo"), (False, "pass", "rcpt")])
def test_a_server_with_windows_log_ins_only(required, verdict, reached):
    credentials = {"username": "probe", "password": "battery-staple", "required": required}
    with ScenarioServer("exchange-internal") as server:
        run = check({**ENVELOPE, "host": "127.0.0.1", "port": server.port, "auth": credentials})
    (made,) = run["checks"]
    assert (made["verdict"], made["reached"]) == (verdict, reached)
    assert "auth.ntlm_only" in [finding["id"] for finding in made["findings"]]


@pytest.mark.parametrize(("name", "cause"), [("mail.contoso.com", "trusted"), ("other.contoso.com", "name")])
def test_no_credentials_for_a_server_that_does_not_prove_who_it_is(name, cause, server_tls, ca_path):
    tls = {"server_name": name, **({"ca_path": ca_path} if cause == "name" else {})}
    credentials = {"username": "probe", "password": "battery-staple"}
    with ScenarioServer(tls=server_tls) as server:
        run = check({"host": "127.0.0.1", "port": server.port, "tls": tls, "auth": credentials})
        (session,) = server.wait()
    (made,) = run["checks"]
    assert made["failed_phase"] == "starttls"
    assert made["steps"][-2]["error"]["kind"] == "tls"
    assert [command.split()[0] for command in session.commands] == ["EHLO", "STARTTLS", "QUIT"]


def test_a_probe_goes_on_under_tls_that_was_not_offered(server_tls):
    with ScenarioServer("starttls-stripped", tls=server_tls) as server:
        run = check({**ENVELOPE, "host": "127.0.0.1", "port": server.port, "starttls": "probe"})
        (session,) = server.wait()
    (made,) = run["checks"]
    assert (made["reached"], made["tls"]["offered"], made["tls"]["established"]) == ("rcpt", False, True)
    assert "tls.accepted_unadvertised" in [finding["id"] for finding in made["findings"]]
    assert [command.split()[0] for command in session.commands] == ["EHLO", "STARTTLS", "EHLO", "MAIL", "RCPT", "QUIT"]


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(("leave", "reached"), [("drop", "rcpt"), ("drop_after_send", "mail")])
def test_leaving_without_quit(leave, reached, tls, server_tls):
    with ScenarioServer(tls=server_tls if tls else None) as server:
        run = check({**ENVELOPE, "host": "127.0.0.1", "port": server.port, "leave": leave})
        (session,) = server.wait()
    (made,) = run["checks"]
    assert session.commands[-1] == "RCPT TO:<user@contoso.com>"
    assert not session.quit
    assert (made["reached"], made["failed_phase"]) == (reached, None)


def test_a_message_dropped_after_sending_is_a_change_and_arrives():
    options = {**ENVELOPE, "test_message": {}, "leave": "drop_after_send"}
    with ScenarioServer() as server:
        run = check({"host": "127.0.0.1", "port": server.port, **options})
        server.wait()
        assert len(server.messages) == 1
    assert changed(run)
    assert run["checks"][0]["message"]["outcome"] == "unknown"


def test_check_mode_leaves_with_quit():
    options = {**ENVELOPE, "test_message": {}, "leave": "drop_after_send"}
    with ScenarioServer() as server:
        run = check({"host": "127.0.0.1", "port": server.port, **options}, check_mode=True)
        assert server.wait()[0].commands[-1] == "QUIT"
    assert run["plan"]["would_send"][0]["lines"][-1].startswith("<message of")


# Many.


def test_every_target_and_address_is_a_check_in_the_order_of_the_plan(monkeypatch):
    found = {"mx1": ["127.0.0.1", "127.0.0.2"], "mx2": ["127.0.0.3"]}
    monkeypatch.setattr(
        addresses_module.socket,
        "getaddrinfo",
        lambda host, *_others: [(socket.AF_INET, 1, 6, "", (address, 0)) for address in found[host]],
    )
    with ScenarioServer(host="0.0.0.0") as server:
        targets = [{"host": host, "port": server.port, "name": f"the {host}"} for host in ("mx1", "mx2")]
        run = check({"targets": targets, **ENVELOPE})
    assert [(made["target"], made["endpoint"]["address"]) for made in run["checks"]] == [
        ("the mx1", "127.0.0.1"),
        ("the mx1", "127.0.0.2"),
        ("the mx2", "127.0.0.3"),
    ]
    assert run["counts"] == {"pass": 3}


def test_one_failing_target_costs_the_others_nothing(monkeypatch):
    def getaddrinfo(host, *_others):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(addresses_module.socket, "getaddrinfo", getaddrinfo)
    with ScenarioServer("close-at-mail") as broken, ScenarioServer() as fine:
        places = [
            {"host": "nowhere.invalid"},
            *({"host": "127.0.0.1", "port": server.port} for server in (broken, fine)),
        ]
        run = check({"targets": places, **ENVELOPE})
    assert [(made["failed_phase"], made["verdict"]) for made in run["checks"]] == [
        ("resolve", "fail"),
        ("mail", "fail"),
        (None, "pass"),
    ]
    nowhere = run["checks"][0]
    assert nowhere["steps"][0]["error"] == {"kind": "unresolved", "detail": "The name nowhere.invalid has no address."}
    assert (nowhere["endpoint"]["address"], nowhere["banner"]) == (None, None)


def test_a_server_that_said_421_leaves_the_rest_not_tested():
    with ScenarioServer("banner-421") as server:
        places = [{"host": "127.0.0.1", "port": server.port, "name": str(number)} for number in range(8)]
        run = check({"targets": places})
    untested = [made for made in run["checks"] if made["not_tested"] is not None]
    assert untested
    assert {made["verdict"] for made in untested} == {"not_tested"}
    assert {made["not_tested"] for made in untested} == {
        "The server had answered 421 to another check of this run, and is left alone since."
    }
    assert untested[0]["steps"] == []
    assert untested[0]["started_at"] is None


def without_what_always_differs(run):
    """The run without moments, durations, and what is random on purpose."""
    facts = copy.deepcopy(run)
    for name in ("run_id", "started_at", "finished_at"):
        del facts[name]
    for made in facts["checks"]:
        del made["started_at"], made["seconds"]
        for step in made["steps"]:
            del step["at"], step["seconds"]
    text = re.sub(r" after [0-9.]+ m?s\b", " after a while", json.dumps(facts))
    for made in run["checks"]:
        for name in ("token", "queue_id"):
            text = text.replace(made["message"][name], name)
    return json.loads(text)


def test_two_runs_give_the_same_facts():
    with ScenarioServer() as server:
        options = {"host": "127.0.0.1", "port": server.port, **ENVELOPE, "test_message": {}}
        first, second = check(options), check(options)
    assert first["run_id"] != second["run_id"]
    for run in (first, second):
        assert uuid.UUID(run["run_id"]).version == 4
        assert str(uuid.UUID(run["run_id"])) == run["run_id"]
    assert without_what_always_differs(first) == without_what_always_differs(second)


def test_an_interrupted_check_says_goodbye(interrupt_after):
    with ScenarioServer("slow-banner", pause=1.0) as server:

        def interrupt_once_connected():
            deadline = time.monotonic() + 20
            while not server.sessions and time.monotonic() < deadline:
                time.sleep(0.01)
            interrupt_after(0.2)

        watching = threading.Thread(target=interrupt_once_connected)
        watching.start()
        with pytest.raises(KeyboardInterrupt):
            check({"host": "127.0.0.1", "port": server.port, "helo_name": "test.com"})
        watching.join()
        assert server.wait()[0].commands == ["QUIT"]


# Nothing is connected before everything is right.


@pytest.fixture
def untouched():
    """A port where nobody may call."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"colour": "red"}, r"option 'colour' does not exist: .*Known here are address_family, .*\."),
        ({"port": 99999}, r"port 99999 is no port number: give 1 to 65535\."),
        ({"recipient": "a\r\nb@c.example"}, r"recipient 'a\\r\\nb@c\.example' contains a line end, .*: write .*\."),
        ({"test_message": {}, "recipient": None}, r"recipient is missing: give one, .*\."),
        ({"tls": {"ca_path": "/no/such/file"}}, r"tls\.ca_path '/no/such/file' cannot be used: .*\."),
        (
            {"tls": {"min_version": "TLSv1.3", "max_version": "TLSv1.2"}},
            r"tls\.m.._version 'TLSv1\..' cannot be used: .*\.",
        ),
    ],
)
def test_a_wrong_option_is_told_before_anybody_is_called(wrong, sentence, untouched):
    # A right target before the wrong one: that must not be called either.
    targets = [{"host": "127.0.0.1", "port": untouched}, {"host": "127.0.0.1", "port": untouched, **wrong}]
    with pytest.raises(OptionError) as alone:
        check({"host": "127.0.0.1", "port": untouched, **ENVELOPE, **wrong})
    assert re.fullmatch(sentence, str(alone.value))
    with pytest.raises(OptionError):
        check({"targets": targets, **ENVELOPE})


def test_a_mail_domain_needs_dnspython(untouched, monkeypatch):
    monkeypatch.setattr(names_module, "dnspython_trouble", lambda: "is not installed here")
    with pytest.raises(OptionError) as raised:
        check({"targets": [{"host": "127.0.0.1", "port": untouched}, "contoso.com"]})
    assert str(raised.value) == (
        "targets 'contoso.com' needs dnspython to look up names, which is not installed here: install dnspython"
        " (Debian: python3-dnspython), give resolve_at: controller, or name the host, such as {host: mx1.contoso.com}."
    )


# Streams from elsewhere.


def test_a_jump_host_that_is_open_already():
    def open_channel(host, port, seconds, report):
        report(None, StepError("jump_forwarding", "The jump host forbids forwarding."))

    run = check({"host": "mx1.contoso.com", **ENVELOPE}, streams=Streams("jump", open_channel))
    (made,) = run["checks"]
    assert (made["vantage"]["name"], made["vantage"]["mode"]) == ("jump", "ssh-channel")
    assert made["endpoint"]["address"] is None, "the name is resolved beyond our sight"
    assert (made["failed_phase"], made["verdict"]) == ("connect", "inconclusive")


def test_through_via_a_wrong_value_is_named():
    pytest.importorskip("paramiko")
    with pytest.raises(OptionError, match=r"^via\.port 0 cannot be used: .*\.$"):
        check({"host": "mx1.contoso.com", "via": {"host": "jump", "port": 0}})


# How the vantage calls itself.


@pytest.mark.parametrize(
    ("full_name", "helo_name"),
    [
        ("vantage.test.com", "vantage.test.com"),
        ("vantage", "[192.0.2.9]"),
        ("localhost", "[192.0.2.9]"),
        ("localhost.localdomain", "[192.0.2.9]"),
        ("bad name.test.com", "[192.0.2.9]"),
    ],
)
def test_the_default_helo_name(full_name, helo_name, monkeypatch):
    monkeypatch.setattr(run_module.socket, "getfqdn", lambda: full_name)
    monkeypatch.setattr(run_module, "own_address", lambda towards: "192.0.2.9")
    assert default_helo_name() == helo_name


def test_a_host_with_ipv6_alone_calls_itself_by_that(monkeypatch):
    monkeypatch.setattr(run_module.socket, "getfqdn", lambda: "localhost")
    monkeypatch.setattr(run_module, "own_address", lambda towards: "2001:db8::9" if ":" in towards else None)
    assert default_helo_name() == "[IPv6:2001:db8::9]"


def test_the_own_address_where_there_is_no_network(monkeypatch):
    class Isolated(socket.socket):
        def connect(self, address):
            raise OSError("Network is unreachable")

    monkeypatch.setattr(run_module.socket, "socket", Isolated)
    monkeypatch.setattr(run_module.socket, "getfqdn", lambda: "localhost")
    assert default_helo_name() == "[127.0.0.1]"


def test_check_mode_tells_of_the_header_that_comes_first():
    with ScenarioServer() as server:
        options = {"host": "127.0.0.1", "port": server.port, "helo_name": "test.com", "proxy_protocol": "v2"}
        (would,) = check({**options, "stop_after": "banner"}, check_mode=True)["plan"]["would_send"]
    assert would["lines"] == ["<PROXY v2 header>", "QUIT"]


@pytest.mark.parametrize("tls", [None, SERVER_TLS], ids=["clear", "tls"])
def test_commands_go_out_together(tls):
    with ScenarioServer(tls=tls) as server:
        options = {**ENVELOPE, "pipelining": True, "test_message": {}}
        [made] = check({"host": "127.0.0.1", "port": server.port, **options})["checks"]
        (session,) = server.wait()
    assert (made["message"]["outcome"], session.violations, session.ended) == ("accepted", [], "quit")
    together = [step["sent"].split()[0] for step in made["steps"] if step["pipelined"]]
    assert together == ["RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize("name", ["two-recipients", "two-recipients-announced"])
@pytest.mark.parametrize("pipelining", [False, True])
def test_all_recipients_get_the_message_by_and_by(name, pipelining):
    recipients = [f"user{number}@contoso.com" for number in range(5)]
    options = {**ENVELOPE, "recipient": None, "recipients": recipients, "test_message": {}, "pipelining": pipelining}
    with ScenarioServer(name) as server:
        [made] = check({"host": "127.0.0.1", "port": server.port, **options})["checks"]
        (session,) = server.wait()
    assert [recipient["outcome"] for recipient in made["recipients"]] == ["accepted"] * 5
    assert [len(message.recipients) for message in server.messages] == [2, 2, 1]
    assert (made["verdict"], session.violations) == ("pass", [])


def test_each_transaction_has_facts_and_a_token_of_its_own():
    options = {**ENVELOPE, "test_message": {}, "transactions": [{"sender": "<>"}, {"recipient": "nobody@contoso.com"}]}
    with ScenarioServer() as server:
        [made] = check({"host": "127.0.0.1", "port": server.port, **options})["checks"]
        server.wait()
    outcomes = [transaction["message"]["outcome"] for transaction in made["transactions"]]
    assert outcomes == ["accepted", "accepted", "not_sent"]
    assert len({transaction["message"]["token"] for transaction in made["transactions"]}) == 3
    assert [transaction["failed_phase"] for transaction in made["transactions"]] == [None, None, "rcpt"]
    assert (made["failed_phase"], made["verdict"]) == ("rcpt", "fail")
    assert made["message"] == made["transactions"][0]["message"]


def test_a_server_that_loses_what_was_sent_together():
    options = {**ENVELOPE, "pipelining": True, "timeouts": {"reply": 0.3}}
    with ScenarioServer("pipelining-lost") as server:
        [made] = check({"host": "127.0.0.1", "port": server.port, **options})["checks"]
    assert (made["failed_phase"], made["steps"][-1]["error"]["kind"]) == ("rcpt", "silent")
    assert "ext.pipelining" in [finding["id"] for finding in made["findings"]]
