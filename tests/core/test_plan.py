# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From options to a plan that leaves nothing to guess; and each thing that can be wrong, in its sentence."""

from __future__ import annotations

import email
import email.policy

import pytest
from mailops_smtp.options import OptionError
from mailops_smtp.plan import Recipient, Timeouts, plan

DATE = "Sun, 01 Mar 2026 21:04:11 +0000"


def planned(**options):
    return plan({"host": "mx1", **options} if "targets" not in options else options, "vantage.test.com")


def target(**options):
    (only,) = planned(**options).targets
    return only


def test_a_host_is_enough():
    made = target()
    assert (made.name, made.host, made.domain, made.port) == ("mx1:25", "mx1", None, 25)
    assert made.dialog.helo_name == "vantage.test.com"
    assert (made.dialog.hello, made.dialog.starttls, made.dialog.stop_after) == ("ehlo", "optional", "auth")
    assert made.timeouts == Timeouts(10.0, 30.0, 120.0)
    assert made.tls.verify is False
    assert planned().vantage_mode == "local"


@pytest.mark.parametrize(("protocol", "port"), [("esmtp", 25), ("smtps", 465), ("lmtp", 24)])
def test_each_protocol_has_its_port(protocol, port):
    assert target(protocol=protocol).port == port
    assert target(protocol=protocol, port=2525).port == 2525


@pytest.mark.parametrize(
    ("options", "last"),
    [
        ({}, "auth"),
        ({"sender": "a@b.example"}, "mail"),
        ({"sender": ""}, "mail"),
        ({"recipient": "a@b.example"}, "rcpt"),
        ({"recipients": ["a@b.example"]}, "rcpt"),
        ({"recipient": "a@b.example", "test_message": {}}, "message"),
        ({"recipient": "a@b.example", "test_message": {}, "stop_after": "ehlo"}, "ehlo"),
        ({"recipient": "a@b.example", "test_message": {}, "stop_after": "data"}, "data"),
        ({"stop_after": "starttls"}, "starttls"),
    ],
)
def test_the_dialog_goes_as_far_as_there_is_something_to_say(options, last):
    assert target(**options).dialog.stop_after == last


def test_short_spellings():
    dialog = target(**{"helo": "probe.test.com", "from": "<admin@test.com>", "to": "<user@contoso.com>"}).dialog
    assert (dialog.helo_name, dialog.sender) == ("probe.test.com", "admin@test.com")
    assert dialog.recipients == (Recipient("user@contoso.com"),)


@pytest.mark.parametrize("sender", ["", "<>"])
def test_the_null_sender(sender):
    assert target(sender=sender).dialog.sender == ""


@pytest.mark.parametrize(
    ("entry", "host", "domain", "port"),
    [
        ("contoso.com", None, "contoso.com", 25),
        ("mx1.contoso.com:587", "mx1.contoso.com", None, 587),
        ("203.0.113.5", "203.0.113.5", None, 25),
        ("203.0.113.5:587", "203.0.113.5", None, 587),
        ("2001:db8::5", "2001:db8::5", None, 25),
        ("[2001:db8::5]", "2001:db8::5", None, 25),
        ("[2001:db8::5]:587", "2001:db8::5", None, 587),
        ({"host": "mx1"}, "mx1", None, 25),
        ({"host": "mx1", "port": "587"}, "mx1", None, 587),
        ({"host": "mx1", "protocol": "smtps"}, "mx1", None, 465),
        ({"domain": "contoso.com"}, None, "contoso.com", 25),
        ({"domain": "contoso.com", "host": None}, None, "contoso.com", 25),
    ],
)
def test_what_a_target_may_be(entry, host, domain, port):
    made = target(targets=[entry])
    assert (made.host, made.domain, made.port) == (host, domain, port)


@pytest.mark.parametrize(
    ("entry", "name"),
    [("contoso.com", "contoso.com"), ("mx1:25", "mx1:25"), ({"host": "mx1", "name": "first"}, "first")],
)
def test_what_a_target_is_called(entry, name):
    assert target(targets=[entry]).name == name


def test_a_target_has_options_of_its_own():
    common, own = planned(
        targets=[
            {"host": "mx1"},
            {"host": "mx2", "recipients": ["b@b.example"], "starttls": "required", "timeouts": {"reply": 5}},
        ],
        recipient="a@a.example",
        helo_name="probe.test.com",
    ).targets
    assert common.dialog.recipients == (Recipient("a@a.example"),)
    assert own.dialog.recipients == (Recipient("b@b.example"),), "one recipient and several are the same option"
    assert (common.dialog.starttls, own.dialog.starttls) == ("optional", "required")
    assert own.timeouts.reply == 5.0
    assert own.dialog.helo_name == "probe.test.com"


def test_a_target_does_not_undo_by_defaults_what_was_said_for_all():
    assert target(targets=[{"host": "mx1", "port": 2525}], protocol="lmtp").dialog.protocol == "lmtp"


def test_credentials_are_for_a_server_that_proves_who_it_is():
    credentials = {"username": "probe", "password": "hunter2"}
    assert target(auth=credentials).tls.verify is True
    assert target(auth=credentials, tls={"verify": False}).tls.verify is False
    assert target(tls={"verify": True}).tls.verify is True
    assert "hunter2" not in repr(target(auth=credentials))


def test_each_message_has_a_token_of_its_own():
    made = target(
        sender="admin@test.com",
        recipient="user@contoso.com",
        test_message={"subject": "Grüße", "body": "Text", "headers": {"X-Ticket": 4711}},
    )
    message = made.dialog_with_message("token1", DATE).message
    found = email.message_from_bytes(message.content, policy=email.policy.default)
    assert (found["From"], found["To"], found["Subject"]) == ("admin@test.com", "user@contoso.com", "Grüße")
    assert (found["Date"], found["X-Ticket"]) == (DATE, "4711")
    assert found["Message-ID"] == "<token1@vantage.test.com>"
    assert made.dialog_with_message("token2", DATE).message.token == "token2"
    assert made.dialog.message is None


def test_without_a_message_there_is_none():
    assert target(recipient="user@contoso.com").dialog_with_message("token", DATE).message is None


@pytest.mark.parametrize(
    ("dsn", "envelope_id"),
    [
        (None, None),
        ({"notify": ["success"]}, "token"),
        ({"ret": "hdrs"}, "token"),
        ({"notify": ["success"], "envelope_id": "mine"}, "mine"),
        ({"envelope_id": "mine"}, "mine"),
    ],
)
def test_receipts_carry_the_token_unless_told_otherwise(dsn, envelope_id):
    made = target(recipient="user@contoso.com", test_message={}, dsn=dsn)
    assert made.dialog_with_message("token", DATE).envelope_id == envelope_id


def test_receipts_name_the_original_recipient():
    dialog = target(recipients=["user@contoso.com", "postmaster"], dsn={"notify": "success,failure"}).dialog
    assert dialog.recipients == (
        Recipient("user@contoso.com", ("success", "failure"), "user@contoso.com"),
        Recipient("postmaster", ("success", "failure"), None),
    )


def test_what_was_asked_for_is_shown_without_secrets():
    made = planned(auth={"username": "probe", "password": "hunter2"}, vantage={"name": "fra", "mode": "managed"})
    assert made.as_dict()["asked"]["auth"]["password"] == "********"
    assert made.as_dict()["asked"]["host"] == "mx1"
    assert (made.vantage_name, made.vantage_mode) == ("fra", "managed")


@pytest.mark.parametrize("domain", ["example.com", "sub.example.net", "contoso.test", "INVALID"])
def test_a_recipient_whom_nobody_can_reach_is_warned_about(domain):
    warnings = planned(recipient=f"user@{domain}", test_message={}).warnings
    assert warnings == (f"The recipient user@{domain} is in a domain reserved by RFC 2606: real servers refuse it.",)


def test_no_warning_without_a_message_or_reason():
    assert planned(recipient="user@example.com").warnings == ()
    assert planned(recipient="user@notexample.com", test_message={}).warnings == ()


AUTH = {"username": "u", "password": "p"}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        # Where to.
        ({"host": None}, "host None leaves nothing to check: give host, or targets."),
        ({"host": None, "targets": []}, "host None leaves nothing to check: give host, or targets."),
        ({"host": "mx1", "targets": ["mx2"]}, "host 'mx1' stands beside targets: give one of the two."),
        ({"host": ""}, "host '' is no valid host name: give its name."),
        ({"host": "mx 1"}, "host 'mx 1' is no valid host name: give its name."),
        (
            {"host": "mx1\r\nQUIT"},
            r"host 'mx1\r\nQUIT' contains a line end, which would start another command: give its name.",
        ),
        ({"host": "mx1:25"}, "host 'mx1:25' is no valid host name: give its name."),
        ({"targets": [{}]}, "targets[0] {} must have a host or a domain: give one of the two."),
        (
            {"targets": ["mx1:25", {"host": "a", "domain": "b", "auth": {"username": "u", "password": "hunter2"}}]},
            "targets[1] {'host': 'a', 'domain': 'b', 'auth': {'username': 'u', 'password': '********'}}"
            " must have a host or a domain: give one of the two.",
        ),
        (
            {"targets": [["mx1"]]},
            "targets[0] 'list' is neither a text nor a dictionary: give a mail domain, host:port, or a dictionary with"
            " host or domain.",
        ),
        (
            {"targets": ["mx1:smtp"]},
            "targets[0] 'mx1:smtp' has no port number after the colon: write host:port, such as mx1:25.",
        ),
        (
            {"targets": ["mx1:²"]},
            "targets[0] 'mx1:²' has no port number after the colon: write host:port, such as mx1:25.",
        ),
        ({"targets": ["mx1:70000"]}, "targets[0].port 70000 is no port number: give 1 to 65535."),
        ({"targets": [{"host": "a b"}]}, "targets[0].host 'a b' is no valid host name: give its name."),
        (
            {"targets": [{"domain": "203.0.113.5 "}]},
            "targets[0].domain '203.0.113.5 ' is no valid host name: give its name.",
        ),
        (
            {"targets": [{"host": "mx1", "sender": "x"}]},
            "targets[0].sender 'x' is not of the form local-part@domain: write local-part@domain, or \"<>\".",
        ),
        ({"port": 0}, "port 0 is no port number: give 1 to 65535."),
        ({"port": 65536}, "port 65536 is no port number: give 1 to 65535."),
        ({"port": "smtp"}, "port 'smtp' is not a number: give a number."),
        (
            {"host": "::1", "address_family": "ipv4"},
            "address_family 'ipv4' does not fit the address ::1: give ipv6 or any.",
        ),
        ({"source_address": "eth0"}, "source_address 'eth0' is no IP address: give an address of the vantage."),
        (
            {"source_address": "::1", "address_family": "ipv4"},
            "address_family 'ipv4' does not fit the address ::1: give ipv6 or any.",
        ),
        # What to say.
        (
            {"helo_name": "test.com\nRSET"},
            r"helo_name 'test.com\nRSET' contains a line end, which would start another command:"
            " give the vantage's own host name.",
        ),
        (
            {"helo_name": "two words"},
            "helo_name 'two words' is neither a host name nor an address literal such as [198.51.100.7]:"
            " give the vantage's own host name.",
        ),
        (
            {"sender": "admin"},
            "sender 'admin' is not of the form local-part@domain: write local-part@domain, or \"<>\".",
        ),
        (
            {"sender": "admin@test.com\r\nDATA"},
            r"sender 'admin@test.com\r\nDATA' contains a line end, which would start another command:"
            ' write local-part@domain, or "<>".',
        ),
        ({"recipient": ""}, "recipient '' is not of the form local-part@domain: write local-part@domain."),
        (
            {"recipients": ["a@b.example", "a b@c.example"]},
            "recipient 'a b@c.example' has a local part that would need quotation marks, or misplaced dots:"
            " write local-part@domain.",
        ),
        (
            {"recipient": "jürgen@contoso.com"},
            "recipient 'jürgen@contoso.com' contains a character outside ASCII, which RFC 5321 does not allow on the wire:"
            " write local-part@domain.",
        ),
        (
            {"recipient": "a@b.example", "recipients": ["c@d.example"]},
            "recipient 'a@b.example' stands beside recipients: give one of the two.",
        ),
        ({"stop_after": "rcpt"}, "stop_after 'rcpt' cannot be reached without recipient: give recipient."),
        (
            {"stop_after": "message", "recipient": "a@b.example"},
            "stop_after 'message' cannot be reached without test_message: give test_message.",
        ),
        (
            {"stop_after": "connect"},
            "stop_after 'connect' is not a choice here: choose one of banner, ehlo, starttls, auth, mail, rcpt, data, message.",
        ),
        (
            {"stop_after": "starttls", "protocol": "smtps"},
            "stop_after 'starttls' comes before the banner with smtps: stop after banner or later.",
        ),
        ({"hello": "helo", "auth": AUTH}, "hello 'helo' rules out auth, an extension: use ehlo, or drop it."),
        (
            {"hello": "helo", "starttls": "required"},
            "hello 'helo' rules out starttls: required, an extension: use ehlo, or drop it.",
        ),
        ({"hello": "helo", "protocol": "lmtp"}, "hello 'helo' is not known to LMTP: leave it out: LMTP uses LHLO."),
        (
            {"starttls": "required", "protocol": "smtps"},
            "starttls 'required' does not go with smtps, which is TLS from the start: drop it.",
        ),
        (
            {"starttls": "never", "tls": {"verify": True}},
            "tls {'verify': True} has no effect with starttls: never: drop one of the two.",
        ),
        ({"auth": {"username": "u"}}, "auth.password None is missing: it is needed here."),
        (
            {"auth": {"username": "u\0", "password": "p"}},
            r"auth.username 'u\x00' contains a NUL or a lone surrogate: leave it out.",
        ),
        (
            {"auth": {"username": "u", "password": "p\0"}},
            "auth.password '(hidden)' contains a NUL or a lone surrogate: leave it out.",
        ),
        # Receipts and the message.
        (
            {"dsn": {"notify": ["success"]}},
            "dsn {'notify': ['success'], 'ret': None, 'envelope_id': None} has no recipient to report on: give recipient.",
        ),
        (
            {"recipient": "a@b.example", "dsn": {"notify": ["never", "delay"]}},
            "dsn.notify ['never', 'delay'] cannot combine never with another value (RFC 3461 4.1):"
            " give never alone, or the others.",
        ),
        (
            {"recipient": "a@b.example", "dsn": {"notify": ["often"]}},
            "dsn.notify[0] 'often' is not a choice here: choose one of never, success, failure, delay.",
        ),
        (
            {"recipient": "a@b.example", "dsn": {"envelope_id": "é"}},
            "dsn.envelope_id 'é' contains a character outside ASCII, which RFC 5321 does not allow on the wire:"
            " shorten or reword it.",
        ),
        (
            {"test_message": {"subject": "x"}},
            "test_message {'subject': 'x', 'body': None, 'headers': None} has no recipient:"
            " give recipient, the address to send it to.",
        ),
        (
            {"recipient": "a@b.example", "test_message": {"subject": "a\r\nBcc: b@b.example"}},
            r"test_message.subject 'a\r\nBcc: b@b.example' contains a line end or control character: write it on one line.",
        ),
        (
            {"recipient": "a@b.example", "test_message": {"headers": {"X-A": "a\x0bBcc: b@b.example"}}},
            r"test_message.headers 'a\x0bBcc: b@b.example' contains a line end or control character: write it on one line.",
        ),
        (
            {"recipient": "a@b.example", "test_message": {"headers": {"X A": "a"}}},
            "test_message.headers 'X A' is no header field name: use letters, digits and hyphens.",
        ),
        (
            {"recipient": "a@b.example", "test_message": {"body": "\0"}},
            r"test_message.body '\x00' contains a NUL or a lone surrogate: leave it out.",
        ),
        # Time.
        ({"timeouts": {"reply": 0}}, "timeouts.reply 0.0 is no usable time limit: give seconds, up to 86400."),
        ({"timeouts": {"reply": -1}}, "timeouts.reply -1.0 is no usable time limit: give seconds, up to 86400."),
        ({"timeouts": {"total": "nan"}}, "timeouts.total nan is no usable time limit: give seconds, up to 86400."),
        ({"timeouts": {"connect": "inf"}}, "timeouts.connect inf is no usable time limit: give seconds, up to 86400."),
        # What a jump host decides.
        (
            {"via": {"host": "jump"}, "targets": ["contoso.com"]},
            "targets 'contoso.com' is a mail domain, whose MX cannot be looked up through an SSH channel:"
            " name its hosts, such as {host: mx1.contoso.com}.",
        ),
        (
            {"via": {"host": "jump"}, "source_address": "192.0.2.1"},
            "source_address '192.0.2.1' is the jump host's choice with via: drop it.",
        ),
        (
            {"via": {"host": "jump"}, "address_family": "ipv6"},
            "address_family 'ipv6' is the jump host's choice with via: give the address as host.",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(options, sentence):
    with pytest.raises(OptionError) as raised:
        planned(**options)
    assert str(raised.value) == sentence


def test_an_address_of_the_wanted_family_goes_through_a_jump_host():
    assert target(host="::1", via={"host": "jump"}, address_family="ipv6").address_family == "ipv6"
