# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From options to a plan that leaves nothing to guess; and each thing that can be wrong, in its sentence."""

from __future__ import annotations

import datetime
import email
import email.policy

import pytest
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
    assert (dialog.helo_name, dialog.envelope.sender) == ("probe.test.com", "admin@test.com")
    assert dialog.envelope.recipients == (Recipient("user@contoso.com"),)


@pytest.mark.parametrize("sender", ["", "<>"])
def test_the_null_sender(sender):
    assert target(sender=sender).dialog.envelope.sender == ""


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
    assert common.dialog.envelope.recipients == (Recipient("a@a.example"),)
    assert own.dialog.envelope.recipients == (Recipient("b@b.example"),), (
        "one recipient and several are the same option"
    )
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


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2027-03-31", "2027-03-31T00:00:00+00:00"),
        ("2028-02-29", "2028-02-29T00:00:00+00:00"),
        ("1950-01-01", "1950-01-01T00:00:00+00:00"),
        ("9998-12-31T23:59:59Z", "9998-12-31T23:59:59+00:00"),
        ("2027-03-31T06:07:08Z", "2027-03-31T06:07:08+00:00"),
        ("2027-03-31 06:07:08.987z", "2027-03-31T06:07:08+00:00"),
        ("2027-03-31t06:07:08+02:30", "2027-03-31T03:37:08+00:00"),
        ("2027-12-31T23:00:00-23:59", "2028-01-01T22:59:00+00:00"),
        # As YAML reads them where nobody has quoted them.
        (datetime.date(2027, 3, 31), "2027-03-31T00:00:00+00:00"),
        (datetime.datetime(2027, 3, 31, 6, tzinfo=datetime.timezone.utc), "2027-03-31T06:00:00+00:00"),
    ],
)
def test_a_day_to_judge_certificates_for(written, moment):
    as_of = datetime.datetime.fromisoformat(moment)
    assert target(tls={"as_of": written}).tls.as_of == as_of.timestamp()
    assert target().tls.as_of is None


def test_a_log_in_is_required_unless_the_user_says_otherwise():
    assert target(auth={"username": "probe", "password": "hunter2"}).dialog.auth.required is True
    assert target(auth={"username": "probe", "password": "hunter2", "required": False}).dialog.auth.required is False


def test_external_has_no_password():
    assert target(auth={"username": "probe", "mechanism": "EXTERNAL"}).dialog.auth.password == ""


def test_each_message_has_a_token_of_its_own():
    made = target(
        sender="admin@test.com",
        recipient="user@contoso.com",
        test_message={"subject": "Grüße", "body": "Text", "headers": {"X-Ticket": 4711}},
    )
    message = made.dialog.with_messages(lambda: "token1", lambda: DATE).envelope.message
    found = email.message_from_bytes(b"".join(message.content.pieces()), policy=email.policy.default)
    assert (found["From"], found["To"], found["Subject"]) == ("admin@test.com", "user@contoso.com", "Grüße")
    assert (found["Date"], found["X-Ticket"]) == (DATE, "4711")
    assert found["Message-ID"] == "<token1@vantage.test.com>"
    assert made.dialog.with_messages(lambda: "token2", lambda: DATE).envelope.message.token == "token2"
    assert made.dialog.envelope.message is None


def test_without_a_message_there_is_none():
    assert (
        target(recipient="user@contoso.com").dialog.with_messages(lambda: "token", lambda: DATE).envelope.message
        is None
    )


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
    assert made.dialog.with_messages(lambda: "token", lambda: DATE).envelope.envelope_id == envelope_id


def test_receipts_name_the_original_recipient():
    dialog = target(recipients=["user@contoso.com", "postmaster"], dsn={"notify": "success,failure"}).dialog
    assert dialog.envelope.recipients == (
        Recipient("user@contoso.com", ("success", "failure"), "rfc822;user@contoso.com"),
        Recipient("postmaster", ("success", "failure"), None),
    )


def test_entries_of_a_list_are_shown_as_they_were_given():
    made = planned(extra=[{"before": "ehlo", "send": "NOOP"}])
    assert made.asked["extra"] == [{"before": "ehlo", "send": "NOOP"}]


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


def test_an_address_of_the_wanted_family_goes_through_a_jump_host():
    assert target(host="::1", via={"host": "jump"}, address_family="ipv6").address_family == "ipv6"


@pytest.mark.parametrize(("source", "family"), [("192.0.2.7", "ipv4"), ("2001:db8::7", "ipv6")])
def test_from_an_address_nothing_of_the_other_family_is_tested(source, family):
    options = {"targets": ["contoso.com", "mx1.contoso.com:25"], "source_address": source}
    assert [target.address_family for target in plan(options, "test.com").targets] == [family, family]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("mx1.contoso.com", "mx1.contoso.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_name_of_a_certificate(written, name):
    assert target(tls={"server_name": written}).tls.server_name == name
