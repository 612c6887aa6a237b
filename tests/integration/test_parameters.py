# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What MAIL and RCPT carry besides the address, and whom a client speaks for, with servers that know it."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from .conftest import Controller
from .server_log import Log
from .test_real_servers import SERVERS, checked


def sent(facts: dict[str, t.Any], verb: str) -> list[str]:
    return [step["sent"] for step in facts["steps"] if (step["sent"] or "").startswith(verb)]


def findings(facts: dict[str, t.Any]) -> list[str]:
    return [finding["id"] for finding in facts["findings"]]


def postfix_log(controller: Controller) -> Log:
    return Log(Path(controller.lab.state["hosts"]["mx1"]["log_file"]))


@pytest.mark.parametrize("host", ["mx1", "exim"])
def test_an_address_in_utf8(controller: Controller, host: str) -> None:
    """Whoever knows SMTPUTF8 takes the sender; the recipient is somebody that the servers need not know."""
    facts = checked(
        controller, SERVERS[host], sender="jörg@bücher.example", recipients=["用户@contoso.test", "user@contoso.test"]
    )
    assert facts["sender"]["accepted"] is True
    assert sent(facts, "MAIL") == ["MAIL FROM:<jörg@bücher.example> SMTPUTF8"]
    assert [recipient["outcome"] for recipient in facts["recipients"]] == ["refused", "accepted"]


@pytest.mark.parametrize("host", ["mx1", "exim"])
def test_a_message_from_an_address_in_utf8(controller: Controller, host: str) -> None:
    """Its header has that address as it stands, which the envelope says with BODY."""
    envelope = {"sender": "jörg@bücher.example", "recipient": "user@contoso.test", "test_message": {}}
    facts = checked(controller, SERVERS[host], **envelope)
    (mail,) = sent(facts, "MAIL")
    assert mail.split()[0:2] == ["MAIL", "FROM:<jörg@bücher.example>"]
    assert mail.split()[-2:] == ["BODY=8BITMIME", "SMTPUTF8"]
    assert facts["message"]["outcome"] == "accepted"


@pytest.mark.parametrize("host", ["sendmail", "opensmtpd"])
def test_no_address_in_utf8_goes_to_a_server_that_does_not_offer_it(controller: Controller, host: str) -> None:
    facts = checked(controller, SERVERS[host], sender="jörg@bücher.example", recipient="user@contoso.test")
    assert (facts["failed_phase"], facts["reached"], sent(facts, "MAIL")) == (
        "mail",
        "ehlo" if host == "opensmtpd" else "starttls",
        [],
    )
    assert facts["sender"]["problem"].startswith("The server does not offer SMTPUTF8")
    assert (facts["verdict"], findings(facts)[0]) == ("fail", "mail.not_sendable")
    assert f"Not sent: {facts['sender']['problem']}" in facts["summary"]
    assert facts["steps"][-1]["reply"]["code"] == 221


@pytest.mark.parametrize("host", SERVERS)
def test_a_domain_in_its_ascii_form_needs_no_extension(controller: Controller, host: str) -> None:
    facts = checked(controller, SERVERS[host], sender="joerg@bücher.example", recipient="user@contoso.test")
    assert (facts["verdict"], facts["reached"]) == ("pass", "rcpt")
    assert sent(facts, "MAIL") == ["MAIL FROM:<joerg@xn--bcher-kva.example>"]


@pytest.mark.parametrize("host", SERVERS)
def test_each_recipient_has_reports_of_its_own(controller: Controller, host: str) -> None:
    recipients = [
        {"address": "user@contoso.test", "notify": ["success", "delay"], "original_recipient": "old+me@contoso.test"},
        {"address": "echo@contoso.test", "notify": ["never"]},
        "probe@contoso.test",
    ]
    dsn = {"ret": "hdrs", "envelope_id": "a+b"}
    facts = checked(controller, SERVERS[host], recipients=recipients, dsn=dsn)
    # OpenSMTPD adds NEVER to what was asked for the recipient before, and then refuses the sum.
    confused = host == "opensmtpd"
    outcomes = [recipient["outcome"] for recipient in facts["recipients"]]
    assert outcomes == ["accepted", "refused" if confused else "accepted", "accepted"]
    assert ("rcpt.notify_mixed_up" in findings(facts)) == confused
    assert sent(facts, "MAIL") == ["MAIL FROM:<probe@contoso.test> RET=HDRS ENVID=a+2Bb"]
    assert sent(facts, "RCPT") == [
        "RCPT TO:<user@contoso.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;old+2Bme@contoso.test",
        "RCPT TO:<echo@contoso.test> NOTIFY=NEVER ORCPT=rfc822;echo@contoso.test",
        "RCPT TO:<probe@contoso.test>",
    ]


@pytest.mark.parametrize(
    ("wish", "parameter", "problem"),
    [
        ({"seconds": 120, "mode": "return", "trace": True}, "BY=120;RT", None),
        ({"seconds": -1}, "BY=-1;N", None),
        ({"seconds": 59, "mode": "return"}, None, "The server delivers within 60 seconds or more, not within 59"),
    ],
)
def test_deliver_by(controller: Controller, wish: dict[str, t.Any], parameter: str | None, problem: str | None) -> None:
    facts = checked(controller, SERVERS["sendmail"], recipient="user@contoso.test", deliver_by=wish)
    assert sent(facts, "MAIL") == ([f"MAIL FROM:<probe@contoso.test> {parameter}"] if parameter else [])
    assert (facts["sender"]["problem"] or "").startswith(problem or "")
    assert facts["verdict"] == ("fail" if problem else "pass")


@pytest.mark.parametrize("host", SERVERS)
def test_what_hardly_anybody_offers(controller: Controller, host: str) -> None:
    """A priority can be done without; to be held back cannot. Whoever insists gets the server's own answer."""
    facts = checked(controller, SERVERS[host], recipient="user@contoso.test", mt_priority=3)
    assert (facts["verdict"], facts["ehlo"]["not_offered"]) == ("pass", ["MT-PRIORITY"])
    assert "ext.not_offered" in findings(facts)
    held = checked(controller, SERVERS[host], recipient="user@contoso.test", hold={"seconds": 60})
    assert (held["failed_phase"], sent(held, "MAIL")) == ("mail", [])
    forced = checked(
        controller, SERVERS[host], recipient="user@contoso.test", hold={"seconds": 60}, force=["FUTURERELEASE"]
    )
    assert sent(forced, "MAIL") == ["MAIL FROM:<probe@contoso.test> HOLDFOR=60"]
    assert forced["sender"]["reply"]["code"] in (501, 503, 555)


def test_a_size_above_the_limit_is_known_before_anything_is_sent(controller: Controller) -> None:
    options: dict[str, t.Any] = {"recipient": "user@contoso.test", "test_message": {"body": "x" * 900 + "\n"}}
    options["test_message"]["body"] *= 12_000
    facts = checked(controller, SERVERS["mx1"], **options)
    assert facts["sender"]["problem"].endswith("and the server takes 10240000 at most (SIZE, RFC 1870 6.1).")
    assert (facts["failed_phase"], sent(facts, "MAIL")) == ("mail", [])
    forced = checked(controller, SERVERS["mx1"], **options, force=["SIZE"])
    assert (forced["sender"]["reply"]["code"], findings(forced)[0]) == (552, "mail.size")


def trusting(controller: Controller, **options: t.Any) -> dict[str, t.Any]:
    """A check with the Postfix that lets this client speak for others."""
    return checked(controller, SERVERS["mx1"], port=2526, recipient="user@contoso.test", **options)


def test_xclient(controller: Controller) -> None:
    log = postfix_log(controller)
    client = {"name": "mail.example.net", "addr": "203.0.113.9", "helo": "helo.example.net", "login": "a b@c=d"}
    facts = trusting(controller, xclient=client)
    assert (facts["verdict"], facts["reached"], facts["xclient"]["accepted"]) == ("pass", "rcpt", True)
    assert facts["xclient"]["attributes"] == ["NAME", "ADDR", "HELO", "LOGIN"]
    assert sent(facts, "XCLIENT") == [
        "XCLIENT NAME=mail.example.net ADDR=203.0.113.9 HELO=helo.example.net LOGIN=a+20b@c+3Dd"
    ]
    assert len(sent(facts, "EHLO")) == 3
    log.wait_for(r"disconnect from mail\.example\.net\[203\.0\.113\.9\]")


def test_xclient_over_ipv6(controller: Controller) -> None:
    log = postfix_log(controller)
    facts = trusting(controller, xclient={"name": "[UNAVAILABLE]", "addr": "2001:db8::9"})
    assert facts["xclient"]["accepted"] is True
    log.wait_for(r"disconnect from unknown\[2001:db8::9\]")


def test_xforward_is_for_the_log(controller: Controller) -> None:
    log = postfix_log(controller)
    facts = trusting(
        controller,
        xforward={"name": "mail.example.net", "addr": "203.0.113.9", "ident": "4WJx", "source": "remote"},
        test_message={},
        transactions=[{"recipient": "echo@contoso.test"}],
    )
    assert (facts["verdict"], facts["xforward"]["accepted"], len(sent(facts, "XFORWARD"))) == ("pass", True, 2)
    for transaction in facts["transactions"]:
        queue_id = re.escape(transaction["message"]["queue_id"])
        log.wait_for(rf"{queue_id}: client=.*orig_client=mail\.example\.net\[203\.0\.113\.9\]")


@pytest.mark.parametrize("keyword", ["XCLIENT", "XFORWARD"])
def test_to_whom_it_is_not_offered_may_not_speak_for_others(controller: Controller, keyword: str) -> None:
    option = keyword.lower()
    wish: dict[str, t.Any] = {option: {"addr": "203.0.113.9"}, "recipient": "user@contoso.test"}
    facts = checked(controller, SERVERS["mx1"], **wish)
    assert (facts["failed_phase"], findings(facts)[0], sent(facts, keyword)) == (option, f"{option}.not_offered", [])
    forced = checked(controller, SERVERS["mx1"], **wish, force=[keyword])
    assert (forced[option]["accepted"], findings(forced)[0]) == (False, "xclient.refused")
    assert forced["steps"][-1]["reply"]["code"] == 221
