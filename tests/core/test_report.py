# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people read on a terminal."""

from __future__ import annotations

import re
import textwrap

import pytest
from mailops_smtp.compare import matrix
from mailops_smtp.judge import judge_run
from mailops_smtp.judge.wording import duration
from mailops_smtp.report.terminal import matrix_table, run_text
from mailops_smtp.report.transcript import transcript

from tests.core.dialogs import HEALTHY, check

TIMEOUT = "W: 10\nE: timeout No connection within 10 s."


def seen(dialog, vantage, number=1):
    return check(
        dialog,
        vantage={"name": vantage},
        endpoint={"host": f"mx{number}.contoso.com", "address": f"203.0.113.{number}"},
    )


RUN = judge_run([
    seen(HEALTHY, "controller"),
    seen(HEALTHY.replace("220 mx1", "220 mx2"), "controller", 2),
    seen(TIMEOUT, "outside-nyc"),
])  # fmt: skip


def text(block):
    return textwrap.dedent(block).strip("\n")


def test_the_matrix_is_a_table_where_it_fits():
    assert matrix_table(matrix(RUN)) == text("""
                     mx1.contoso.com [203.0.113.1]:25  mx2.contoso.com [203.0.113.2]:25
        -----------  --------------------------------  --------------------------------
        controller   pass rcpt 180 ms                  pass rcpt 180 ms
        outside-nyc  FAIL connect 10.0 s               .

        UNDETERMINED (possible): mx1.contoso.com [203.0.113.1]:25 is out of reach for
        outside-nyc at connect, and not for controller.
          - nobody has said which of the vantages are outside the perimeter.
          Next (vantage): Add vantages, or say more of these: side and network of the
          option vantage.
        """)


def test_a_divergence_that_is_no_fault_is_told_as_one():
    later = HEALTHY.replace("S: 250 2.1.5 Ok", "S: 450 4.2.0 Greylisted")
    laid_out = matrix(judge_run([seen(HEALTHY, "controller"), seen(later, "outside-nyc")]))
    assert matrix_table(laid_out).endswith(
        text("""
        mx1.contoso.com [203.0.113.1]:25 differs at rcpt: outside-nyc (deferred), but
        controller (pass).
        """)
    )


def test_a_heading_that_is_too_long_takes_several_lines():
    assert matrix_table(matrix(RUN), width=60).splitlines()[:4] == [
        "             mx1.contoso.com      mx2.contoso.com",
        "             [203.0.113.1]:25     [203.0.113.2]:25",
        "-----------  -------------------  ----------------",
        "controller   pass rcpt 180 ms     pass rcpt 180 ms",
    ]


def test_the_matrix_is_a_block_for_each_vantage_where_the_table_would_be_too_wide():
    assert matrix_table(matrix(RUN), width=50).startswith(
        text("""
        controller:
          pass rcpt 180 ms     mx1.contoso.com [203.0.113.1]:25
          pass rcpt 180 ms     mx2.contoso.com [203.0.113.2]:25
        outside-nyc:
          FAIL connect 10.0 s  mx1.contoso.com [203.0.113.1]:25
          .                    mx2.contoso.com [203.0.113.2]:25
        """)
    )


@pytest.mark.parametrize("endpoints", [1, 2, 3, 5, 20])
def test_no_line_is_wider_than_the_terminal(endpoints):
    checks = [seen(HEALTHY, vantage, number) for vantage in ("here", "there") for number in range(endpoints)]
    checks.append(seen(TIMEOUT, "there"))
    run = judge_run(checks)
    for line in (matrix_table(matrix(run)) + "\n" + run_text(run)).splitlines():
        assert len(line) <= 80


def test_colour_comes_only_when_asked_for_and_changes_no_word():
    plain, coloured = matrix_table(matrix(RUN)), matrix_table(matrix(RUN), colour=True)
    assert "\x1b" not in plain
    assert "\x1b[31mFAIL connect 10.0 s" in coloured
    assert [line.rstrip() for line in re.sub(r"\x1b\[\d+m", "", coloured).splitlines()] == plain.splitlines()
    assert re.sub(r"\x1b\[\d+m", "", run_text(RUN, colour=True)) == run_text(RUN)


def test_a_matrix_of_nothing_says_so():
    assert matrix_table(matrix([])) == "No check was made."


def test_a_run_tells_the_worst_first_with_its_next_step():
    assert run_text(RUN) == text("""
        3 checks: 1 fail, 2 pass. From outside-nyc: mx1.contoso.com [203.0.113.1]:25
        fails at the connection attempt after 10.0 s: No answer (No connection within 10
        s).

        FAIL from outside-nyc
            mx1.contoso.com [203.0.113.1]:25 fails at the connection attempt after 10.0
            s: No answer (No connection within 10 s).
            - error tcp.timeout: No answer.
              mx1.contoso.com [203.0.113.1]:25 answered nothing within 10.0 s. Something
              drops the packets: a firewall in front of the server, the egress filter of
              the vantage's network or provider, or wrong routing.
              Next (network): Try port 587 or 465, and port 25 of another host: if port
              25 hangs everywhere, the vantage's own network blocks it. Otherwise try
              from another vantage and ask for the firewall in between.

        pass from controller
            mx1.contoso.com [203.0.113.1]:25 accepted the recipient user@contoso.com
            after 180 ms.

        pass from controller
            mx2.contoso.com [203.0.113.2]:25 accepted the recipient user@contoso.com
            after 180 ms.
        """)


def test_the_transcript_reads_like_the_session():
    dialog = """
        S: 220-mx1.contoso.com ESMTP
        S: 220 wait for it
        C: STARTTLS
        S: 220 2.0.0 Ready to start TLS
        W: 0.031
        TLS: handshake
        C: RCPT TO:<user@contoso.com>
        U: 250 too early
        W: 1.5
        S: 250 2.1.5 Ok
        C: QUIT
        E: closed The server closed the connection.
    """
    assert transcript(check(dialog)) == text("""
          0.020  ---   connected in 20 ms
          0.040  S:   220-mx1.contoso.com ESMTP
          0.040  S:   220 wait for it
          0.040  C:   STARTTLS
          0.060  S:   220 2.0.0 Ready to start TLS
          0.091  TLS   TLSv1.3 TLS_AES_256_GCM_SHA384 in 31 ms
          0.091  ---   unasked, before the next line: 250 too early
          0.091  C: * RCPT TO:<user@contoso.com>
          1.591  S: * 250 2.1.5 Ok
          1.591  C: * QUIT
          1.611  ---   The server closed the connection.
        """).replace("\n", "\n  ").join(["  ", ""])


def test_what_was_sent_at_once_stands_above_its_replies():
    facts = check("""
        S: 220 mx1.contoso.com
        C: MAIL FROM:<>
        S: 250 Ok
        C: RCPT TO:<user@contoso.com>
        S: 550 No
        C: QUIT
        S: 221 Bye
    """)
    for step in facts["steps"][-2:]:
        step["pipelined"] = True
    assert transcript(facts).splitlines()[2:] == [
        "  0.040  C:   MAIL FROM:<>",
        "  0.040  C:   RCPT TO:<user@contoso.com>",
        "  0.040  C:   QUIT",
        "  0.060  S:   250 Ok",
        "  0.080  S:   550 No",
        "  0.100  S:   221 Bye",
    ]


def test_the_transcript_says_where_no_reply_was_waited_for():
    facts = check("S: 220 mx1.contoso.com\nC: EHLO test.com\nS: 250 mx1.contoso.com")
    facts["steps"][-1]["reply"] = None
    assert transcript(facts).splitlines()[-1] == "  0.060  ---   no reply was waited for"


def test_the_transcript_shows_what_was_no_reply_and_what_was_not_kept():
    facts = check("E: protocol This is not an SMTP reply.")
    seen_octets = {"code": None, "enhanced": None, "lines": ["SSH-2.0"], "truncated": True, "flaws": ["no_code"]}
    facts["steps"][1]["reply"] = seen_octets
    assert transcript(facts).splitlines()[1:] == [
        "  0.040  S:   SSH-2.0",
        "  0.040  S:   [the rest of the reply was not kept]",
        "  0.040  ---   This is not an SMTP reply.",
    ]


def test_a_reply_without_text_is_its_code():
    assert transcript(check("S: 220")).splitlines()[1] == "  0.040  S:   220"


def test_nothing_from_a_stored_file_reaches_the_terminal_unescaped():
    run = judge_run([seen("S: 554 no", "controller"), seen(HEALTHY, "other")])
    hostile = "\x1b[2J\x07\r\n"
    judged = run["checks"][0]
    judged["vantage"]["name"] = judged["endpoint"]["host"] = judged["summary"] = run["summary"] = hostile
    judged["findings"][0].update(title=hostile, meaning=hostile, next_step=hostile)
    judged["steps"][1]["reply"]["lines"] = [hostile]
    laid_out = matrix(run)
    for written in (matrix_table(laid_out), matrix_table(laid_out, width=30), run_text(run), transcript(judged)):
        assert "\x1b" not in written
        assert "\r" not in written


@pytest.mark.parametrize(("seconds", "words"), [
    (0.0004, "0 ms"), (0.0316, "32 ms"), (0.9996, "1.0 s"), (1, "1.0 s"), (59.96, "1 min"), (60, "1 min"),
    (303.2, "5 min 3 s"),
])  # fmt: skip
def test_durations_have_as_many_digits_as_mean_something(seconds, words):
    assert duration(seconds) == words
