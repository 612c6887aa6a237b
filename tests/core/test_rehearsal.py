# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What would be said, without a server."""

from __future__ import annotations

import pytest
from mailops_smtp.dialog.rehearsal import rehearse
from mailops_smtp.dialog.sasl import MECHANISMS
from mailops_smtp.plan import Recipient

from tests.core.scripts import MESSAGE, auth, dialog


def test_everything_that_a_server_may_offer_is_used():
    planned = dialog(
        Recipient("user@contoso.com", ("success",), "rfc822;user@contoso.com"), message=MESSAGE, ret="full", auth=auth()
    )
    assert rehearse(planned) == [
        "EHLO test.com",
        "STARTTLS",
        "(TLS)",
        "EHLO test.com",
        "AUTH PLAIN ********",
        "MAIL FROM:<admin@test.com> SIZE=23 RET=FULL",
        "RCPT TO:<user@contoso.com> NOTIFY=SUCCESS ORCPT=rfc822;user@contoso.com",
        "DATA",
        "<message of 23 octets>",
        "QUIT",
    ]


def test_every_wish_is_shown():
    planned = dialog(
        "jörg@contoso.com",
        smtputf8=True,
        requiretls=True,
        mt_priority=3,
        xclient=(("ADDR", "203.0.113.9"),),
        xforward=(("NAME", "a"),),
    )
    assert rehearse(planned) == [
        "EHLO test.com",
        "STARTTLS",
        "(TLS)",
        "EHLO test.com",
        "XCLIENT ADDR=203.0.113.9",
        "EHLO test.com",
        "XFORWARD NAME=a",
        "MAIL FROM:<admin@test.com> SMTPUTF8 MT-PRIORITY=3 REQUIRETLS",
        "RCPT TO:<jörg@contoso.com>",
        "QUIT",
    ]


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"hello": "helo"}, ["HELO test.com", "MAIL FROM:<admin@test.com>", "QUIT"]),
        ({"starttls": "never"}, ["EHLO test.com", "MAIL FROM:<admin@test.com>", "QUIT"]),
        ({"starttls": "never", "stop_after": "ehlo"}, ["EHLO test.com", "QUIT"]),
        ({"protocol": "smtps", "starttls": "never"}, ["(TLS)", "EHLO test.com", "MAIL FROM:<admin@test.com>", "QUIT"]),
        ({"protocol": "lmtp", "starttls": "never"}, ["LHLO test.com", "MAIL FROM:<admin@test.com>", "QUIT"]),
    ],
)
def test_only_what_is_planned_is_said(changes, lines):
    assert rehearse(dialog(**changes)) == lines


@pytest.mark.parametrize("pipelining", [False, True])
def test_a_message_in_chunks_with_a_reply_for_each_recipient(pipelining):
    message = MESSAGE._replace(transfer="bdat", chunk_size=10, prdr=True)
    lines = rehearse(dialog("user@contoso.com", message=message, starttls="never", pipelining=pipelining))
    assert lines[1:] == [
        "MAIL FROM:<admin@test.com> SIZE=23 PRDR",
        "RCPT TO:<user@contoso.com>",
        "BDAT 10",
        "BDAT 10",
        "BDAT 3 LAST",
        "QUIT",
    ]


def test_a_stop_after_data():
    lines = rehearse(dialog("user@contoso.com", message=MESSAGE, stop_after="data", starttls="never"))
    assert lines[-1] == "DATA"


@pytest.mark.parametrize("name", MECHANISMS)
def test_every_mechanism_is_welcome(name):
    lines = rehearse(dialog(auth=auth(name), starttls="never"))
    assert lines[1].startswith(f"AUTH {name}")
    assert lines[2:] == ["MAIL FROM:<admin@test.com>", "QUIT"]
    assert "battery-staple" not in str(lines)
