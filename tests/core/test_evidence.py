# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records and their public form. What whole checks look like is seen in the tests of the run."""

from __future__ import annotations

import pytest
from mailops_smtp.dialog.session import Session
from mailops_smtp.evidence import (
    ERROR_KINDS,
    TARGET_ERRORS,
    TESTER_ERRORS,
    TLS,
    Certificate,
    Check,
    Endpoint,
    Reply,
    Step,
    StepError,
    Vantage,
)

from tests.core.scripts import dialog


def check(*steps, **changes):
    facts = {
        "vantage": Vantage("controller", "local"),
        "target": "mx1:25",
        "endpoint": Endpoint("mx1", "203.0.113.5", "ipv4", 25),
        "protocol": "esmtp",
        "started_at": "2026-03-01T21:04:11.123Z",
        "seconds": 0.4123456789,
        "dialog": Session(dialog()).as_dict(),
        "tls": TLS(),
        "steps": steps,
    }
    return Check(**{**facts, **changes}).as_dict()


def banner(reply):
    return check(Step("connect", None, None, None, 0, 0, False), Step("banner", None, reply, None, 0, 0, False))[
        "banner"
    ]


@pytest.mark.parametrize(
    ("text", "hostname"),
    [
        ("mx1.contoso.com ESMTP Postfix", "mx1.contoso.com"),
        ("mx1.contoso.com", "mx1.contoso.com"),
        ("[203.0.113.5] ready", "[203.0.113.5]"),
        ("[IPv6:2001:db8::5] ready", "[IPv6:2001:db8::5]"),
        # A single word may be a host name, and is a greeting as likely.
        ("Welcome", None),
        ("***************2**********0***", None),
        ("(vsFTPd 3.0.3)", None),
        ("", None),
    ],
)
def test_the_servers_name_in_its_banner(text, hostname):
    assert banner(Reply(220, None, (text, "more.contoso.com"))) == {
        "code": 220,
        "lines": [text, "more.contoso.com"],
        "hostname": hostname,
    }


def test_what_is_no_reply_names_nobody():
    assert banner(Reply(None, None, ("mx1.contoso.com",)))["hostname"] is None


def test_no_banner():
    assert check()["banner"] is None
    assert banner(None) is None


def test_times_are_rounded_to_microseconds_and_absent_ones_stay_absent():
    step = Step(
        "ehlo", "EHLO test.com", None, StepError("silent", "bell \x07"), 0.12345678, 1.98765432, True, "250 Hm", "2yz"
    )
    assert step.as_dict() == {
        "phase": "ehlo",
        "sent": "EHLO test.com",
        "reply": None,
        "error": {"kind": "silent", "detail": "bell \\x07"},
        "at": 0.123457,
        "seconds": 1.987654,
        "tls": True,
        "unsolicited": "250 Hm",
        "expected": "2yz",
        "pipelined": False,
    }
    assert check()["seconds"] == 0.412346
    assert check(seconds=None, started_at=None, not_tested="Left alone.")["seconds"] is None


def test_records_inside_records_are_plain():
    certificate = Certificate(
        *["x"] * 6,
        names=("DNS:mx1",),
        sha256="",
        spki_sha256=None,
        key_type=None,
        key_bits=None,
        signature_algorithm=None,
    )
    facts = check(tls=TLS(certificate=certificate, chain=(certificate,)))["tls"]
    assert facts["certificate"]["names"] == ["DNS:mx1"]
    assert facts["chain"] == [facts["certificate"]]


def test_an_error_is_the_targets_or_the_testers():
    assert not TARGET_ERRORS.keys() & TESTER_ERRORS.keys()
    assert ERROR_KINDS.keys() == TARGET_ERRORS.keys() | TESTER_ERRORS.keys()
