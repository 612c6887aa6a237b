# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One report in every format: what it says, that the numbers are the same, and that hostile text harms none of them."""

from __future__ import annotations

import collections
import copy
import json
import re
from xml.etree import ElementTree

import pytest
from mailops_smtp.compare import NotARun
from mailops_smtp.judge import judge_run
from mailops_smtp.report.contents import contents
from mailops_smtp.report.markdown import escaped
from mailops_smtp.report.watching import TimeLine, seconds_of, share_words
from mailops_smtp.report.words import OWNER_WORDS, PLACE_WORDS
from mailops_smtp.report.writing import FORMATS, NoSuchFormat, report
from mailops_smtp.run import check as make_run
from mailops_smtp.scenario import ScenarioServer

from tests.core.dialogs import HEALTHY, check
from tests.core.html_page import read
from tests.core.reports import HOSTILE, NO_TLS, comparison, every_verdict, hostile, run, seen, three_vantages, watch
from tests.facts_contract import SCHEMA, keeps_contract

UNMET = {
    "expected": "relay refused",
    "found": 250,
    "where": "mx1.contoso.com",
    "verdict": "fail",
    "finding": None,
    "evidence": [],
}
INPUTS = {"three vantages": three_vantages, "every verdict": every_verdict, "hostile": hostile, "nothing": list}


@pytest.fixture(params=list(INPUTS))
def runs(request):
    return INPUTS[request.param]()


def test_all_formats_have_the_same_numbers(runs):
    kept = json.loads(report(runs, "json"))
    counts = collections.Counter(check["verdict"] for check in kept["checks"])
    assert kept["counts"] == dict(counts)

    page = read(report(runs, "html"))
    (figures,) = page.of_class("figures")
    shown = {group.all("dt")[0].text: group.all("dd")[0].text for group in figures.all("div")}
    assert int(shown.pop("Checks")) == len(kept["checks"])
    assert int(shown.pop("Findings")) == sum(finding["severity"] != "info" for finding in kept["findings"])
    verdicts = {name.lower().replace(" ", "_"): int(text) for name, text in shown.items() if text.isdigit()}
    assert verdicts == counts
    folded = collections.Counter(found.of_class("word")[0].text.replace(" ", "_") for found in page.of_class("check"))
    assert folded == counts

    suites = ElementTree.fromstring(report(runs, "junit").encode("utf-8"))
    assert int(suites.get("failures")) == counts["fail"]
    assert int(suites.get("errors")) == counts["inconclusive"]

    for text in (report(runs, "terminal"), report(runs, "markdown")):
        assert kept["summary"] in " ".join(text.split())


def test_the_terminal_and_the_ticket_have_the_numbers_of_the_matrix():
    matrix = json.loads(report(three_vantages(), "json"))["matrix"]
    terminal, ticket = report(three_vantages(), "terminal"), report(three_vantages(), "markdown")
    cells = collections.Counter(
        f"{cell['verdict']} {cell['failed_phase'] or cell['reached']}" for row in matrix["cells"] for cell in row
    )
    for text in (terminal.lower(), ticket.replace("*", "")):
        assert {words: len(re.findall(rf"\b{words} \d", text)) for words in cells} == cells


def test_the_json_report_keeps_the_contract_of_what_is_published():
    with ScenarioServer() as server:
        made = make_run({"host": "127.0.0.1", "port": server.port, "sender": "", "recipient": "user@contoso.com"})
    keeps_contract(comparison(), "comparison")
    for text in (report(made, "json"), report([made, made], "json", comparison=comparison(), earlier=made, title="x")):
        keeps_contract(json.loads(text), "checks_report")


def test_a_report_has_a_heading_of_its_own_or_the_users():
    assert contents(three_vantages())["title"] == "3 mail hosts seen from 3 vantages"
    assert contents(run(seen(HEALTHY, "a")))["title"] == "mx1.contoso.com seen from a"
    assert contents([], title="CHG0012345")["title"] == "CHG0012345"


def test_runs_bring_their_labels_and_their_times():
    made = contents([run(seen(HEALTHY, "a"), label="after"), run(seen(HEALTHY, "b"), label="after"), three_vantages()])
    assert made["labels"] == ["after"]
    assert made["started_at"] == "2026-03-01T21:04:11.123Z"
    assert made["finished_at"] == "2026-03-01T21:04:22.000Z"
    single = contents(three_vantages()[0]["checks"])
    assert (single["labels"], single["finished_at"]) == ([], None)


def test_an_advice_stands_once_the_worst_first():
    made = contents(three_vantages())
    assert [(entry["id"], [seen["check"] for seen in entry["seen"]]) for entry in made["findings"][:2]] == [
        ("tls.454", [2, 5, 8]),
        ("tcp.timeout", [7]),
    ]


def test_the_earlier_checks_stand_in_the_places_of_the_later():
    before = [run(seen(NO_TLS, "b", 3), seen(HEALTHY, "b", 1)), run(seen(HEALTHY, "gone", 1))]
    made = contents([run(seen(HEALTHY, "a", 1)), run(seen(HEALTHY, "b", 1), seen(HEALTHY, "b", 3))], earlier=before)
    assert [[cell and cell["check"] for cell in row] for row in made["earlier"]["cells"]] == [[None, None], [1, 0]]
    assert made["earlier"]["counts"] == {"pass": 2, "fail": 1}


@pytest.mark.parametrize("only", ["before", "after"])
def test_who_knows_the_name_alone_is_compared_by_name(only):
    named = seen(HEALTHY, "a", 1)
    named["endpoint"]["address"] = None
    sides = {"before": seen(HEALTHY, "a", 1), "after": seen(HEALTHY, "a", 1), only: named}
    made = contents(run(sides["after"]), earlier=run(sides["before"]))
    assert [[cell and cell["check"] for cell in row] for row in made["earlier"]["cells"]] == [[0]]


def test_what_was_given_is_left_as_it_was():
    given, before = three_vantages(), three_vantages()
    for format in FORMATS:
        report(given, format, comparison=comparison(), earlier=given)
    assert given == before


@pytest.mark.parametrize("format", list(FORMATS))
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"runs": 3}, "expected the result of mailops.smtp.smtp_check"),
        ({"runs": [], "earlier": "text"}, "expected the result of mailops.smtp.smtp_check"),
        ({"runs": [], "comparison": {"regressions": 1}}, "expected the result of mailops.smtp.smtp_compare"),
        ({"runs": [], "comparison": []}, "expected the result of mailops.smtp.smtp_compare"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(format, wrong, sentence):
    with pytest.raises(NotARun, match=sentence):
        report(format=format, **wrong)


def test_a_format_that_there_is_not_is_named_along_with_those_that_there_are():
    with pytest.raises(NoSuchFormat, match=r"format: 'pdf' is not one of terminal, markdown, html, junit, json"):
        report([], "pdf")


def test_junit_has_one_case_for_each_vantage_endpoint_and_phase():
    suites = ElementTree.fromstring(report(three_vantages(), "junit"))
    told = ("name", "tests", "failures", "skipped")
    assert [tuple(map(suite.get, told)) for suite in suites] == [
        ("controller", "21", "1", "2"), ("outside-fra", "21", "1", "2"), ("outside-nyc", "21", "2", "8"),
    ]  # fmt: skip
    cases = [(case.get("classname"), case.get("name")) for case in suites.iter("testcase")]
    assert len(cases) == len(set(cases)) == 63
    failed = [case for case in suites.iter("testcase") if case.find("failure") is not None]
    assert [(case.get("classname"), case.get("name"), case.get("time")) for case in failed] == [
        ("mx3.contoso.com [203.0.113.3]:25 from controller, esmtp", "starttls", "0.020"),
        ("mx3.contoso.com [203.0.113.3]:25 from outside-fra, esmtp", "starttls", "0.020"),
        ("mx2.contoso.com [203.0.113.2]:25 from outside-nyc, esmtp", "connect", "10.000"),
        ("mx3.contoso.com [203.0.113.3]:25 from outside-nyc, esmtp", "starttls", "0.020"),
    ]
    text = failed[0].find("failure").text
    assert "Next (the mail server): Check the certificate binding" in text
    assert "0.080  S:   454 4.7.0 TLS not available" in text


def test_junit_tells_the_testers_trouble_and_what_is_deferred_from_failures():
    suites = ElementTree.fromstring(report(every_verdict(), "junit"))
    outcomes = {}
    for case in suites.iter("testcase"):
        for child in case:
            if child.tag in ("failure", "error") or "not reached" not in (child.get("message") or "not reached"):
                outcomes[case.get("classname").split()[0], case.get("name")] = child.tag
    assert outcomes == {
        **{("mx2.contoso.com", phase): "skipped" for phase in
           ("connect", "banner", "ehlo", "starttls", "mail", "rcpt", "quit")},
        ("mx4.contoso.com", "rcpt"): "skipped",
        ("mx5.contoso.com", "connect"): "error",
        ("mx6.contoso.com", "connect"): "failure",
    }  # fmt: skip


def test_junit_blames_one_case_of_a_check_that_failed_without_breaking_off():
    made = run(seen(HEALTHY, "a"))
    made["checks"][0].update(verdict="fail", unmet=[UNMET])
    suites = ElementTree.fromstring(report(made, "junit"))
    (failure,) = suites.iter("failure")
    assert "Expected: relay refused; found: 250." in failure.text
    assert (suites.get("tests"), suites.get("failures")) == ("7", "1")


def test_expectations_that_are_not_met_stand_in_every_format():
    made = run(seen(HEALTHY, "a"), seen(HEALTHY, "b"))
    for facts in made["checks"]:
        facts.update(verdict="fail", unmet=[{**UNMET, "found": ["250 Ok", None]}])
    kept = json.loads(report(made, "json"))["unmet"]
    assert kept == [{"expected": "relay refused", "found": ["250 Ok", None], "verdict": "fail", "checks": [0, 1]}]
    for format in ("terminal", "markdown", "html", "junit"):
        text = re.sub(r"<[^>]*>|\\(?=[\[\]])", "", report(made, format))
        assert "relay refused" in text
        assert "250 Ok, nothing" in text
        assert "mx1.contoso.com [203.0.113.1]:25 from b" in " ".join(text.split()) or format == "junit"


def test_what_is_as_wanted_needs_nobody():
    made = run(seen(NO_TLS, "a", 3))
    for finding in made["checks"][0]["findings"]:
        finding["wanted"] = True
    assert "Next (" not in report(made, "markdown").partition("## Transcripts")[0].partition("## Findings")[2]
    assert ">as wanted<" in report(made, "html")
    (figures,) = read(report(made, "html")).of_class("figures")
    assert "Findings0" in figures.text


def test_earlier_checks_are_compared_where_no_comparison_is_given():
    before, after = run(seen(HEALTHY, "a", 3)), run(seen(NO_TLS, "a", 3))
    made = contents(after, earlier=before)
    keeps_contract(made["comparison"], "comparison")
    assert made["comparison"]["regressions"] != []
    assert contents(after, earlier=before, comparison=comparison())["comparison"] == comparison()


def test_a_target_goes_by_the_name_that_the_user_gave_to_it():
    made = run(seen(NO_TLS, "a", 3, target="the relay"))
    made["checks"][0]["endpoint"]["source"] = "given"
    for format in ("terminal", "markdown", "html", "junit"):
        assert re.search(r"the relay \\?\[203\.0\.113\.3\\?\] from a", report(made, format))


def test_junit_tells_repetitions_apart():
    suites = ElementTree.fromstring(report(run(seen(HEALTHY, "a"), seen(HEALTHY, "a")), "junit"))
    cases = [(case.get("classname"), case.get("name")) for case in suites.iter("testcase")]
    assert len(cases) == len(set(cases)) == 14


def test_a_regression_fails_the_pipeline_and_a_declared_change_does_not():
    suites = ElementTree.fromstring(report(run(seen(HEALTHY, "a")), "junit", comparison=comparison()))
    (suite,) = (suite for suite in suites if suite.get("name") == "before and after")
    assert [(case.get("classname"), [child.tag for child in case]) for case in suite] == [
        ("regressions", ["failure"]), ("expected", ["system-out"]), ("improvements", ["system-out"]),
        # What was declared and did not come fails a comparison only where it had to come.
        ("expected", ["skipped"]),
    ]  # fmt: skip
    assert (suites.get("tests"), suites.get("failures")) == ("11", "1")


def test_the_ticket_has_what_its_readers_need():
    text = report(three_vantages(), "markdown", comparison=comparison())
    assert text.startswith(
        "# 3 mail hosts seen from 3 vantages\n\n**FAIL**: 9 checks of 3 endpoints from 3 vantages: 4 fail, 5 pass.\n\n"
    )
    assert "| Endpoint | controller | outside-fra | outside-nyc |\n| --- | --- | --- | --- |" in text
    assert (
        r"| mx2.contoso.com \[203.0.113.2\]:25 | pass rcpt 180 ms | pass rcpt 180 ms | **fail** connect 10.0 s |"
        in text
    )
    assert "Next (the mail server): Check the certificate binding" in text
    assert "| worse | tls.offered of mx3.contoso.com" in text
    assert "- Declared, but not seen: TLS 1.0 gone" in text
    assert "To go back: Bring STARTTLS back on mx3.contoso.com." in text
    assert text.count("```text\n") == 4
    assert text.index("mx2.contoso.com") < text.index("mx1.contoso.com")


def test_a_ticket_is_cut_where_nobody_would_read_on():
    text = report(run(*(seen("S: 554 5.3.2 no", "a", number) for number in range(80))), "markdown")
    assert "30 further endpoints not shown." in text
    assert "70 further dialogs that went wrong not shown." in text
    assert text.count("```text\n") == 10


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a <b> [c](d) | *e* _f_ `g` # ~~h~~ &lt;", r"a \<b\> \[c\]\(d\) \| \*e\* \_f\_ \`g\` \# \~\~h\~\~ \&lt;"),
        ("see http://evil.test or www.evil.test", "see http&#8203;://evil.test or www&#8203;.evil.test"),
        ("@everyone, user@contoso.com", "&#64;&#8203;everyone, user@contoso.com"),
        ("a\nb\x1b\u202e", r"a\\nb\\x1b\\u202e"),
    ],
)
def test_markdown_shows_text_as_it_is(text, written):
    assert escaped(text) == written


def test_a_transcript_cannot_leave_its_fence():
    made = run(seen("S: 554 ```` \\n# owned", "a"))
    made["checks"][0]["steps"][1]["reply"]["lines"] = ["`````", "```"]
    assert "\n``````text\n" in report(made, "markdown")


@pytest.mark.parametrize("format", list(FORMATS))
def test_nothing_hostile_comes_through(format):
    text = report(hostile(), format, comparison=comparison(), title=HOSTILE)
    for character in ("\x1b", "\x00", "\u202e") if format != "json" else ("\x1b", "\x00"):
        assert character not in text
    text.encode("utf-8")
    if format == "junit":
        assert "<script" not in text
        ElementTree.fromstring(text)
    if format == "markdown":
        outside = re.sub(r"(?s)(`{3,})text\n.*?\n\1", "", text)
        assert not re.search(r"(?<!\\)<", re.sub(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)", "", outside))


def test_the_terminal_keeps_to_its_width():
    for line in report(three_vantages(), "terminal", comparison=comparison()).splitlines():
        assert len(line) <= 80


def test_every_owner_and_place_has_its_words():
    assert list(OWNER_WORDS) == SCHEMA["$defs"]["finding"]["properties"]["owner"]["enum"]
    assert list(PLACE_WORDS) == SCHEMA["$defs"]["location"]["properties"]["place"]["enum"]


def test_reports_of_reports_are_as_large_as_what_they_tell():
    """Not a multiple of it: thousands of dialogs go into one file."""
    made = [run(*(seen(HEALTHY, f"v{vantage}", number) for number in range(50))) for vantage in range(4)]
    assert len(report(copy.deepcopy(made), "html")) / 200 < 6_000


def test_outages_stand_in_every_format():
    for entry in watch():
        keeps_contract(entry, "watch")
    made = three_vantages()
    terminal, ticket, page, xml, kept = (
        report(made, format, watch=watch()) for format in ("terminal", "markdown", "html", "junit", "json")
    )
    assert json.loads(kept)["watch"] == watch()
    assert "2026-03-01T21:04:11.500Z to 2026-03-01T21:04:19.500Z, 8.0 s (refused, 421)" in " ".join(terminal.split())
    assert "2026-03-01T21:09:30.500Z to the end of the watch, when it was not over, at least 30.0 s" in " ".join(
        terminal.split()
    )
    assert "| 2026-03-01T21:04:11.500Z | 2026-03-01T21:04:19.500Z | 8.0 s | refused, 421 |" in ticket
    assert "| 2026-03-01T21:09:30.500Z | not over when the watch ended | at least 30.0 s | timeout |" in ticket
    (suite,) = (suite for suite in ElementTree.fromstring(xml) if suite.get("name") == "outages")
    assert [(case.get("name").split()[-2], case[0].tag, case[0].get("message")) for case in suite] == [
        ("controller,", "failure", "1 outage, the longest of 8.0 s"),
        ("controller,", "failure", "1 outage, the longest of at least 30.0 s, not over when the watch ended"),
        ("outside-fra,", "error", "nothing was seen, since the vantage was in trouble"),
    ]
    (figures,) = read(page).of_class("figures")
    assert "Outages2" in figures.text


@pytest.mark.parametrize("wrong", [{}, 3, [{"outages": []}], {"results": [None]}])
def test_a_watch_that_is_none_is_refused_in_a_sentence(wrong):
    with pytest.raises(NotARun, match=r"expected the result of mailops\.smtp\.smtp_watch"):
        report([], watch=wrong)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (1.0, ["21:04:11", "21:04:12"]),
        (90.0, ["21:04:15", "21:04:30", "21:04:45", "21:05:00", "21:05:15", "21:05:30"]),
        (600.0, ["21:06", "21:08", "21:10", "21:12", "21:14"]),
        (7200.0, ["21:30", "22:00", "22:30", "23:00"]),
        (700000.0, ["00:00", "00:00", "00:00", "00:00"]),
    ],
)
def test_a_time_line_is_marked_where_people_look(length, words):
    start = seconds_of("2026-03-01T21:04:11Z")
    marks = TimeLine(start, start + length).marks()
    assert [text for _at, text in marks] == words
    assert all(0 <= at <= 100 for at, _text in marks)


def test_moments_are_those_of_the_facts():
    assert seconds_of("1970-01-02T00:00:01.250Z") == 86401.25
    with pytest.raises(NotARun, match="expected a moment"):
        seconds_of("yesterday")


@pytest.mark.parametrize(
    ("share", "words"), [(None, "not known"), (1, "100%"), (0.999999, "99.99%"), (0.98666, "98.66%"), (0, "0.00%")]
)
def test_an_availability_is_never_rounded_up(share, words):
    assert share_words(share) == words


@pytest.mark.parametrize("format", FORMATS)
def test_a_check_that_was_not_made_has_no_moment_and_is_reported(format):
    """Of a run that was interrupted, and of dialogs that were pasted from a ticket."""
    made = run(seen(HEALTHY, "a"), check("", not_tested="The run was interrupted.", started_at=None, target="later"))
    assert re.search("not.tested|interrupted", report(made, format))
    contents_of_all = contents(made)
    keeps_contract(contents_of_all, "checks_report")
    assert contents_of_all["started_at"] == made["checks"][0]["started_at"]
    pasted = {**check(HEALTHY), "started_at": None}
    assert contents([judge_run([pasted])], earlier=[judge_run([pasted])])["earlier"]["started_at"] is None
    report(judge_run([pasted]), format, earlier=judge_run([pasted]))
