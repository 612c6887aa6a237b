# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dialogs that were pasted from telnet, nc, swaks, or from a report of ours, become evidence that can be judged."""

from __future__ import annotations

import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailops_smtp.judge.again import judge_again
from mailops_smtp.report.transcript import transcript
from mailops_smtp.transcripts import NotADialog, read_transcript

from tests.core.dialogs import HEALTHY, check, ids
from tests.facts_contract import keeps_contract

TELNET = """\
C:\\> telnet mx1.contoso.com 25
Trying 203.0.113.5...
Connected to mx1.contoso.com.
Escape character is '^]'.
220 mx1.contoso.com Microsoft ESMTP MAIL Service ready at Mon, 2 Mar 2026 09:00:00 +0100
EHLO test.com
250-mx1.contoso.com Hello [198.51.100.7]
250-SIZE 37748736
250-STARTTLS
250 DSN
MAIL FROM:<admin@test.com>
250 2.1.0 Sender OK
RCPT TO:<user@contoso.com>
550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain
QUIT
221 2.0.0 Service closing transmission channel
Connection closed by foreign host.
"""
NC = """\
$ nc -v mx1.contoso.com 25
Connection to mx1.contoso.com 25 port [tcp/smtp] succeeded!
220 mx1.contoso.com ESMTP Postfix
HELO test.com
250 mx1.contoso.com
mail from: admin@test.com
250 2.1.0 Ok
rcpt to: <user@contoso.com>
250 2.1.5 Ok
DATA
354 End data with <CR><LF>.<CR><LF>
Subject: test message
250 is not a reply here

body
.
250 2.0.0 Ok: queued as 4WJx0ZzqGb
quit
221 2.0.0 Bye
"""
SWAKS = """\
=== Trying mx1.contoso.com:25...
=== Connected to mx1.contoso.com.
<-  220 mx1.contoso.com ESMTP Exim 4.96 Mon, 02 Mar 2026 09:00:00 +0000
 -> EHLO probe.test.com
<-  250-mx1.contoso.com Hello probe.test.com [198.51.100.7]
<-  250-SIZE 52428800
<-  250 STARTTLS
 -> STARTTLS
<-  220 TLS go ahead
=== TLS started with cipher TLSv1.3:TLS_AES_256_GCM_SHA384:256
=== TLS no local certificate set
=== TLS peer DN="/CN=mx1.contoso.com"
 ~> EHLO probe.test.com
<~  250-mx1.contoso.com Hello probe.test.com [198.51.100.7]
<~  250-SIZE 52428800
<~  250 AUTH PLAIN LOGIN
 ~> AUTH LOGIN
<~  334 VXNlcm5hbWU6
 ~> cHJvYmU=
<~  334 UGFzc3dvcmQ6
 ~> aHVudGVyMg==
<~* 535 Incorrect authentication data
*** No authentication type succeeded
 ~> QUIT
<~  221 mx1.contoso.com closing connection
=== Connection closed with remote host.
"""


def read(text, **more):
    facts = read_transcript(text, "mx1.contoso.com", **more)
    judged = judge_again([facts])["checks"][0]
    keeps_contract(judged, "check")
    return judged


def said(facts):
    return [(step["phase"], step["sent"], step["reply"] and step["reply"]["code"]) for step in facts["steps"]]


def test_a_telnet_session():
    facts = read(TELNET)
    assert said(facts) == [
        ("connect", None, None),
        ("banner", None, 220),
        ("ehlo", "EHLO test.com", 250),
        ("mail", "MAIL FROM:<admin@test.com>", 250),
        ("rcpt", "RCPT TO:<user@contoso.com>", 550),
        ("quit", "QUIT", 221),
    ]
    assert (facts["verdict"], ids(facts)[0], facts["failed_phase"]) == ("fail", "rcpt.relay", "rcpt")
    assert facts["banner"]["software"]["product"] == "Microsoft Exchange"
    assert (facts["ehlo"]["client_seen_as"], facts["tls"]["offered"]) == ("198.51.100.7", True)
    assert facts["vantage"]["mode"] == "transcript"
    assert (facts["seconds"], facts["started_at"]) == (None, None)


def test_an_nc_log_with_a_message():
    facts = read(NC)
    assert (facts["verdict"], facts["message"]["outcome"], facts["message"]["queue_id"]) == (
        "pass",
        "accepted",
        "4WJx0ZzqGb",
    )
    assert [(entry["address"], entry["outcome"]) for entry in facts["recipients"]] == [("user@contoso.com", "accepted")]
    assert facts["sender"]["address"] == "admin@test.com"
    assert [step["phase"] for step in facts["steps"]][-3:] == ["data", "message", "quit"]
    assert "250 is not a reply here" not in json.dumps(facts)


def test_a_swaks_transcript_with_tls_and_a_log_in_that_stays_secret():
    facts = read(SWAKS)
    assert (facts["tls"]["established"], facts["tls"]["version"], facts["tls"]["cipher"]) == (
        True,
        "TLSv1.3",
        "TLS_AES_256_GCM_SHA384",
    )
    assert facts["tls"]["certificate"] is None
    assert (ids(facts)[0], facts["auth"]["accepted"]) == ("auth.535", False)
    assert facts["ehlo"]["before_tls"] is not None
    written = json.dumps(facts)
    for secret in ("cHJvYmU=", "aHVudGVyMg==", "VXNlcm5hbWU6"):
        assert secret not in written


def test_our_own_transcript_comes_back_as_it_was():
    before = check(HEALTHY)
    facts = read(transcript(before))
    assert [entry[:2] for entry in said(facts)] == [entry[:2] for entry in said(before)]
    assert [step["reply"] for step in facts["steps"]] == [step["reply"] for step in before["steps"]]
    assert facts["verdict"] == "pass"


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("Trying 203.0.113.5...\ntelnet: Unable to connect to remote host: Connection refused", "tcp.refused"),
        ("nc: connect to mx1 port 25 (tcp) failed: Connection timed out", "tcp.timeout"),
        ("*** Error connecting to mx1:25:\n*** \tIO::Socket::INET6: connect: No route to host", "tcp.unreachable"),
        ("telnet: could not resolve mx1.contoso.com/25: Name or service not known", "dns.nxdomain"),
        ("Connected to mx1.\nConnection closed by foreign host.", "tcp.eof_before_banner"),
        ("220 mx1 ESMTP\nEHLO a.bc\nConnection closed by foreign host.", "proto.lost"),
        ("220 mx1 ESMTP\nEHLO a.bc\n500 5.3.3 Unrecognized command", "ehlo.500_502"),
        ("220 **********0*2****\nEHLO a.bc\n500 no\nHELO a.bc\n250 mx1", "ban.pix_mask"),
    ],
)
def test_what_goes_wrong_by_hand_is_what_goes_wrong_in_a_check(text, finding):
    assert finding in ids(read(text))


def test_backspaces_are_what_whoever_typed_them_meant():
    facts = read("220 mx1 ESMTP\nEHLP\x08O a.bc\n250 mx1\n")
    assert facts["steps"][2]["sent"] == "EHLO a.bc"


@pytest.mark.parametrize("text", ["", "hello", "Dear colleague,\nmail is broken.\n"])
def test_what_is_no_dialog_says_so(text):
    with pytest.raises(NotADialog, match="no SMTP dialog"):
        read(text)


@given(st.lists(st.sampled_from([*TELNET.splitlines(), *NC.splitlines(), *SWAKS.splitlines(), "\x1b[2J", "250-", "é"])))
def test_whatever_is_pasted_is_judged_or_refused(lines):
    try:
        read("\n".join(lines))
    except NotADialog:
        return


@pytest.mark.parametrize(
    "text", ["220 a\n" * 200_000, "x\x08" * 2_000_000, "C: EHLO\n" * 200_000, "<-  250-" * 500_000]
)
def test_a_huge_text_costs_bounded_time(text):
    begin = time.process_time()
    with contextlib.suppress(NotADialog):
        read_transcript(text)
    assert time.process_time() - begin < 8
