# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What telnet, nc, openssl and swaks of Debian 12 print of a dialog with the lab's servers is read and judged.

The files in ``pasted/`` are as these programs wrote them to a terminal, but for CR LF, which is LF in them as in a
ticket; what was typed is in them as it was echoed.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from mailops_smtp.judge.again import judge_again
from mailops_smtp.transcripts import read_transcript

from tests.core.dialogs import ids
from tests.facts_contract import keeps_contract

PASTED = Path(__file__).parent / "pasted"

# Of each: the host, the port, the verdict, what has to be found and what may be, and the outcome of each recipient.
SAID = {
    "telnet-postfix-unknown": ("mx1", 25, "fail", {"rcpt.unknown"}, set(), ["refused"]),
    "telnet-sendmail-relay": ("sendmail", 25, "fail", {"rcpt.relay"}, set(), ["refused"]),
    "telnet-exim-message": ("exim", 25, "pass", {"data.accepted"}, set(), ["accepted"]),
    "telnet-refused": ("refused", 25, "fail", {"tcp.refused"}, set(), []),
    "telnet-listed": ("faulty", 2601, "inconclusive", {"rep.spamhaus"}, set(), ["refused"]),
    "nc-opensmtpd-unknown": ("opensmtpd", 25, "fail", {"rcpt.unknown", "ehlo.starttls_missing"}, set(), ["refused"]),
    "nc-lmtp": ("mx1", 24, "pass", set(), set(), ["accepted"]),
    "openssl-starttls-relay": ("mx1", 25, "fail", {"rcpt.relay"}, {"tls.incomplete"}, ["refused"]),
    "openssl-full-starttls": ("mx1", 25, "fail", {"rcpt.relay"}, {"tls.incomplete"}, ["refused"]),
    "openssl-smtps": ("mx1", 465, "pass", set(), {"tls.incomplete"}, []),
    "swaks-postfix-tls": ("mx1", 25, "pass", {"data.accepted"}, set(), ["accepted"]),
    "swaks-postfix-unknown": ("mx1", 25, "fail", {"rcpt.unknown"}, set(), ["refused"]),
    "swaks-exim-unroutable": ("exim", 25, "fail", {"rcpt.unroutable"}, {"tls.caps_stale"}, ["refused"]),
    "swaks-sendmail-two": (
        "sendmail",
        25,
        "fail",
        {"rcpt.unknown", "data.accepted"},
        set(),
        ["accepted", "refused"],
    ),
    "swaks-wrong-password": ("mx1", 587, "fail", {"auth.535"}, {"tls.caps_stale"}, []),
    "swaks-refused": ("refused", 25, "fail", {"tcp.refused"}, set(), []),
    "swaks-lmtp-full": ("mx1", 24, "fail", {"data.full"}, set(), ["refused"]),
    "swaks-greylisted": ("mx1", 2528, "deferred", {"rcpt.greylist"}, set(), ["deferred"]),
    "swaks-timestamps": ("opensmtpd", 25, "pass", {"data.accepted", "ehlo.starttls_missing"}, set(), ["accepted"]),
}


def pasted(name):
    return (PASTED / f"{name}.txt").read_text(encoding="utf-8")


def evidence(name):
    host, port = SAID[name][:2]
    return read_transcript(pasted(name), f"{host}.contoso.test", port)


def test_every_file_is_judged():
    assert {file.stem for file in PASTED.glob("*.txt")} == set(SAID)


@pytest.mark.parametrize("name", SAID)
def test_a_pasted_dialog_is_judged_as_the_dialog_itself(name):
    _host, _port, verdict, must, may, outcomes = SAID[name]
    [facts] = judge_again([evidence(name)])["checks"]
    keeps_contract(facts, "check")
    assert (facts["verdict"], [entry["outcome"] for entry in facts["recipients"]]) == (verdict, outcomes)
    assert must <= set(ids(facts)) <= must | may


@pytest.mark.parametrize("name", SAID)
def test_whatever_a_terminal_does_to_the_ends_of_lines(name):
    host, port = SAID[name][:2]
    as_it_came = pasted(name).replace("\n", "\r\n")
    assert read_transcript(as_it_came, f"{host}.contoso.test", port) == evidence(name)


def test_no_password_gets_from_a_ticket_into_the_facts():
    assert "AHVzZXIAd3Jvbmc=" in pasted("swaks-wrong-password")
    assert "AHVzZXIAd3Jvbmc=" not in str(evidence("swaks-wrong-password"))


def test_what_a_transcript_tells_of_tls_is_kept():
    for name in ("swaks-postfix-tls", "openssl-full-starttls"):
        facts = evidence(name)
        assert (facts["tls"]["established"], facts["tls"]["version"]) == (True, "TLSv1.3"), name
        assert facts["tls"]["cipher"] == "TLS_AES_256_GCM_SHA384"


@pytest.mark.parametrize("name", SAID)
def test_the_line_ends_of_the_wire_make_no_difference(name):
    host, port = SAID[name][:2]
    on_the_wire = pasted(name).replace("\n", "\r\n")
    assert read_transcript(on_the_wire, f"{host}.contoso.test", port) == evidence(name)
