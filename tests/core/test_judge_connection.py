# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The signatures up to the banner: each fires on its dialog, and stays quiet on one that is nearly the same."""

from __future__ import annotations

import pytest
from mailops_smtp.evidence import TESTER_ERRORS
from mailops_smtp.judge import judge

from tests.core.dialogs import HEALTHY, check, ids

HOST = {"host": "mx1.contoso.com"}


def begun(text):
    """A banner that breaks off in silence."""
    facts = check("E: silent No complete reply within 30 s.")
    reply = {"code": None, "enhanced": None, "lines": [text], "truncated": False, "raw_base64": None}
    facts["steps"][-1]["reply"] = {**reply, "flaws": ["incomplete"]}
    return facts


def after_proxy_header(dialog, header="PROXY TCP4 198.51.100.7 203.0.113.5 4711 25"):
    """A check in which the PROXY protocol's header went out before the banner."""
    facts = check(dialog)
    facts["steps"].insert(1, {**facts["steps"][0], "phase": "proxy", "sent": header})
    return facts


REFUSED_HEADER = "S: 220 mx1.contoso.com\nU: 500 5.5.2 Error: command not recognized\nC: EHLO a.b\nS: 250 hi"


# id: (a check that shows it, one that nearly does)
CASES = {
    "dns.resolver": (check("E: resolver SERVFAIL"), check("E: unresolved no such name")),
    "dns.suffix_added": (
        check(HEALTHY, endpoint={"host": "mail.contoso.com", "resolved_name": "mail.contoso.com.corp.example"}),
        # A short name is meant to be completed.
        check(HEALTHY, endpoint={"host": "mail", "resolved_name": "mail.corp.example"}),
    ),
    "vantage.local": (check("E: local Cannot assign requested address"), check("E: unreachable No route to host")),
    "vantage.jump_unresolved": (check("E: jump_unresolved no such name"), check("E: unresolved no such name")),
    "vantage.jump_unreachable": (check("E: jump_unreachable refused"), check("E: unreachable no route")),
    "vantage.jump_host_key_unknown": (check("E: jump_host_key_unknown"), check("E: jump_host_key_changed")),
    "vantage.jump_host_key_changed": (check("E: jump_host_key_changed"), check("E: jump_host_key_unknown")),
    "vantage.jump_authentication": (check("E: jump_authentication publickey"), check("E: jump_forwarding")),
    "vantage.proxy": (check("E: proxy rules"), check("E: refused by the proxy's word")),
    "vantage.jump_forwarding": (check("E: jump_forwarding prohibited"), check("E: refused prohibited")),
    "vantage.jump_program": (check("E: jump_program no shell"), check("E: jump_forwarding no shell")),
    "vantage.tunnel": (check("S: 220 hi.contoso.com\nC: EHLO a.b\nE: tunnel lost"), check("E: reset lost")),
    "vantage.unreadable": (check("E: unreadable It has changed."), check("E: local It has changed.")),
    "vantage.crashed": (check("E: crashed KeyError"), check("E: local KeyError")),
    "rep.dnsbl": (
        check("S: 554 5.7.1 Service unavailable; Client host [198.51.100.7] blocked using bl.spamcop.net"),
        check("S: 554 5.7.1 No SMTP service here, not even for the enlisted"),
    ),
    "proto.sync": (
        check("S: 220 hi.contoso.com\nC: EHLO a.b\nS: 554 SMTP synchronization error"),
        check("S: 220 hi.contoso.com\nC: EHLO a.b\nS: 554 5.5.1 Error: no valid recipients"),
    ),
    "proto.421_rate": (
        check("S: 421 4.7.0 mx1.contoso.com Error: too many connections from 198.51.100.7"),
        check("S: 421 4.3.2 Service shutting down"),
    ),
    "dns.nxdomain": (check("E: unresolved no such name"), check("E: resolver timeout")),
    "dns.null_mx": (check("E: null_mx accepts no mail"), check("E: unresolved accepts no mail")),
    "tcp.timeout": (check("E: timeout No connection within 10 s."), check("E: unreachable No route to host")),
    "tcp.refused": (check("E: refused Connection refused"), check("E: reset Connection reset by peer")),
    "tcp.unreachable": (check("E: unreachable No route to host"), check("E: timeout No route was tried")),
    "proxy.not_expected": (after_proxy_header(REFUSED_HEADER), check(REFUSED_HEADER)),
    "ban.tls_bytes": (
        check("E: protocol \\x15\\x03\\x01\\x00\\x02\\x02F"),
        check("E: protocol \\x00\\x03\\x01\\x00\\x02\\x02F"),
    ),
    "tcp.reset_early": (
        check("E: reset Connection reset by peer"),
        check("S: 220 mx1.contoso.com\nC: EHLO test.com\nE: reset Connection reset by peer"),
    ),
    "tcp.eof_before_banner": (check("E: closed"), check("S: 220 mx1.contoso.com\nC: EHLO test.com\nE: closed")),
    "ban.unfinished": (begun("220-mx1.contoso.com ESMTP"), check("E: silent")),
    # Silence on the port of implicit TLS has another cause.
    "tcp.silent": (check("E: silent"), check("E: silent", endpoint={"port": 465})),
    "ban.not_smtp": (
        check('E: protocol This is not an SMTP reply: "HTTP/1.1 400 Bad Request"'),
        check("S: 220 http.contoso.com ESMTP"),
    ),
    "ban.521": (check("S: 521 nomail.contoso.com does not accept mail"), check("S: 554 521 go away")),
    "ban.554": (check("S: 554 No SMTP service here"), check("S: 421 554 seconds to wait")),
    "ban.421": (
        check("S: 421 4.3.2 Service shutting down"),
        check("S: 220 421.contoso.com ESMTP"),
    ),
    "ban.garbled": (check('E: protocol This is not an SMTP reply: "hello"'), check("E: closed hello")),
    "ban.pix_mask": (
        check("S: 220 ****************************0*2******0*"),
        check("S: 220 *** mx1.contoso.com *** ESMTP Postfix"),
    ),
    "ban.slow": (check("W: 5.1\nS: 220 mx1.contoso.com"), check("W: 4.9\nS: 220 mx1.contoso.com")),
    "ban.multiline": (
        check("S: 220-mx1.contoso.com ESMTP\nS: 220 No soliciting"),
        check("S: 220 mx1.contoso.com ESMTP no soliciting"),
    ),
    "ban.exchange": (
        check("S: 220 mx1.contoso.com Microsoft ESMTP MAIL Service ready at Sun, 1 Mar 2026 21:04:11 +0000"),
        check("S: 220 mx1.contoso.com ESMTP, not by Microsoft"),
    ),
    "ban.name_mismatch": (
        check("S: 220 edge7.contoso.com ESMTP", endpoint=HOST),
        check("S: 220 MX1.Contoso.COM. ESMTP", endpoint=HOST),
    ),
}


@pytest.mark.parametrize("identifier", CASES)
def test_the_signature_tells_a_dialog_from_one_that_is_nearly_the_same(identifier):
    shown, near_miss = CASES[identifier]
    assert identifier in ids(judge(shown))
    assert identifier not in ids(judge(near_miss))


@pytest.mark.parametrize("shown", [check("E: silent"), begun("220-mx1.contoso.com")])
def test_a_banner_that_takes_longer_than_the_time_limit_is_called_slow_and_nothing_else(shown):
    (finding,) = judge(shown)["findings"]
    assert finding["title"].startswith("Slow banner")


@pytest.mark.parametrize("kind", TESTER_ERRORS)
def test_the_testers_own_trouble_never_counts_against_the_server(kind):
    assert judge(check(f"E: {kind} because"))["verdict"] == "inconclusive"
    assert judge(check(f"S: 220 mx1.contoso.com\nC: EHLO test.com\nE: {kind} because"))["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    "greeting",
    ["HTTP/1.0 400 Bad", "SSH-2.0-OpenSSH_9.2", "* OK IMAP4rev1 ready", "+OK POP3 ready", "<!DOCTYPE html>"],
)
def test_other_protocols_are_named_as_such(greeting):
    assert ids(judge(check(f'E: protocol This is not an SMTP reply: "{greeting}"'))) == ["ban.not_smtp"]


def test_nntp_answers_with_a_code_but_is_not_smtp():
    assert ids(judge(check("S: 200 news.contoso.com InterNetNews ready", failed_phase="banner"))) == ["ban.not_smtp"]


def test_a_host_given_by_address_has_no_name_to_differ_from():
    found = ids(judge(check("S: 220 mx1.contoso.com", endpoint={"host": "203.0.113.5"})))
    assert "ban.name_mismatch" not in found


def test_a_masked_banner_explains_what_the_same_firewall_does_next():
    dialog = "S: 220 **********\nC: EHLO test.com\nS: 500 unrecognized\nC: HELO test.com\nS: 250 mx1.contoso.com"
    assert ids(judge(check(dialog))) == ["ban.pix_mask"]


def test_what_follows_the_phase_that_broke_off_is_no_finding():
    dialog = "S: 554 No SMTP service here\nC: QUIT\nE: closed"
    assert ids(judge(check(dialog))) == ["ban.554"]


def test_the_answer_to_an_unexpected_header_explains_what_follows():
    """As Postfix says it to a header of version 2, as postscreen and OpenSMTPD say it to one of version 1."""
    lost = "S: 220 hi\nU: 500 5.5.2 Error: bad syntax\\r\\n221 2.0.0 Bye\\r\\n\nC: EHLO a.b\nE: closed"
    in_greeting = check("S: 502-mx1.contoso.com ESMTP\nS: 502 5.5.2 Error: command not recognized")
    in_greeting["steps"][-1]["reply"]["flaws"] = ["code_changed"]
    in_greeting["steps"].insert(1, after_proxy_header("S: 220 hi")["steps"][1])
    in_ehlos_place = "S: 220 hi\nC: EHLO a.b\nS: 500 5.5.1 Invalid command: Pipelining not supported"
    # OpenSMTPD on a busy machine: each reply is the one to the command before.
    one_late = "\n".join(
        (
            "S: 220 hi\nC: EHLO a.b\nS: 500 5.5.1 Invalid command: Command unrecognized",
            "C: HELO a.b\nS: 250 hi Hello a.b, pleased to meet you",
            "C: MAIL FROM:<>\nS: 503 5.5.1 Invalid command: Already identified\nC: QUIT\nS: 250 2.0.0 Ok",
        )
    )
    cases = (
        after_proxy_header(lost, "<PROXY v2: TCP4>"),
        in_greeting,
        after_proxy_header(in_ehlos_place),
        after_proxy_header(one_late),
    )
    for facts in cases:
        judgement = judge(facts)
        assert (judgement["verdict"], ids(judgement)) == ("inconclusive", ["proxy.not_expected"])


@pytest.mark.parametrize(("phase", "text"), [
    ("RCPT TO:<user@contoso.com>", "550 5.5.1 Protocol error"),
    ("MAIL FROM:<admin@test.com>", "503 5.5.0 <MAIL>: Data command rejected: Improper use of SMTP command pipelining"),
    ("EHLO a.b", "521 5.5.1 Protocol error"),
])  # fmt: skip
def test_the_words_of_many_products_for_a_client_that_does_not_wait(phase, text):
    judgement = judge(check(f"S: 220 mx1.contoso.com\nC: {phase}\nS: {text}"))
    assert (judgement["verdict"], ids(judgement)) == ("inconclusive", ["proto.sync"])


def test_a_version_is_not_read_across_lines():
    judgement = judge(check("S: 220-mx1.contoso.com ESMTP Postfix\nS: 220 5.5.2 hello"))
    assert judgement["software"] == {"product": "Postfix", "version": None, "confidence": "likely"}
    judgement = judge(check("S: 220-mx1.contoso.com\nS: 220 Postfix (3.7.11)"))
    assert judgement["software"]["version"] == "3.7.11"


@pytest.mark.parametrize("lost", ["E: closed", "E: silent"])
def test_who_has_greeted_in_clear_text_on_port_465_wants_no_tls_first(lost):
    facts = check(f"S: 220 mx1.contoso.com ESMTP\nC: EHLO test.com\n{lost}", endpoint={"port": 465})
    assert "ban.tls_bytes" not in ids(judge(facts))
