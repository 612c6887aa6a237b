# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate of a change window, what every report says of it, and the former endpoints that are looked at again."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from mailops_smtp.compare import NotARun, comparison, former, gate
from mailops_smtp.report.writing import report

from tests.core.dialogs import HEALTHY
from tests.core.html_page import read
from tests.core.reports import watch
from tests.core.test_comparison import PLAIN, REFUSED, changes, compared, run, seen
from tests.facts_contract import keeps_contract

CLEAN = comparison(run(seen(HEALTHY)), run(seen(HEALTHY)))
WORSE = comparison(run(seen(HEALTHY)), run(seen(PLAIN)))
OPEN_END = comparison(run(seen(HEALTHY), seen(HEALTHY, "b")), run(seen(HEALTHY)))


def watched(longest=8.0, open_ends=()):
    """A vantage that saw an outage of so many seconds, or none, or nothing at all; and for how long it saw those that
    were not over."""
    (seen_by_one, _blind) = watch()
    outages = [{**seen_by_one["outages"][0], "seconds": longest}] if longest else []
    outages += [{**seen_by_one["outages"][1], "seconds": seconds} for seconds in open_ends]
    longest = max([longest, *open_ends]) if longest is not None else None
    endpoint = {**seen_by_one["endpoints"][0], "longest_gap": longest}
    verdict = "inconclusive" if longest is None else "fail" if outages else "pass"
    share = None if longest is None else 0.9 if outages else 1.0
    return {
        **seen_by_one, "outages": outages, "longest_gap": longest, "availability": share, "verdict": verdict,
        "endpoints": [{**endpoint, "availability": share}], "changes": [], "summary": "Watched.",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("comparisons", "watches", "limits", "verdict", "words"),
    [
        ([CLEAN], [], {}, "pass", "Nothing changed; 1 unchanged."),
        ([WORSE], [], {}, "fail", "1 regression; 0 unchanged."),
        ([OPEN_END], [], {}, "inconclusive", "Vantage b is gone"),
        ([CLEAN], [watched()], {}, "pass", "The longest outage took 8.0 s."),
        ([CLEAN], [watched(), watched(0.0)], {"longest_gap": 8.0}, "pass", "within the 8.0 s that are allowed."),
        ([CLEAN], [watched()], {"longest_gap": 7.9}, "fail", "more than the 7.9 s that are allowed."),
        (
            [CLEAN],
            [watched(0.0, [3.0])],
            {},
            "pass",
            "The longest outage took at least 3.0 s, not over when the watch ended.",
        ),
        (
            [CLEAN],
            [watched(8.0, [9.0])],
            {"longest_gap": 15.0},
            "pass",
            "at least 9.0 s, not over when the watch ended; as far as it was seen, that is within the 15.0 s that",
        ),
        ([CLEAN], [watched(0.0, [9.0])], {"longest_gap": 9.0}, "fail", "that is more than the 9.0 s that are allowed."),
        ([CLEAN], [watched(0.0, [0.0])], {"longest_gap": 0.0}, "fail", "at least 0 ms, not over when the watch ended"),
        (
            [CLEAN],
            [watched(8.0, [3.0])],
            {},
            "pass",
            "took 8.0 s. Of the others, 1 was not over when the watch ended, and counts as long as it was seen.",
        ),
        ([CLEAN], [watched(0.0)], {"longest_gap": 0.0}, "pass", "Nothing changed; 1 unchanged."),
        ([CLEAN], [watched(0.0), watched(None)], {"longest_gap": 10}, "inconclusive", "not known from everywhere"),
        ([CLEAN], [], {"longest_gap": 10}, "inconclusive", "not every vantage watched"),
        ([WORSE], [watched(None)], {"longest_gap": 10}, "fail", "1 regression; 0 unchanged. How long"),
        ([CLEAN], [watched(None)], {}, "pass", "Nothing changed"),
        ([CLEAN] * 3, [], {"times": 3}, "pass", "3 of 3 runs in a row were clean."),
        ([CLEAN] * 2, [], {"times": 3}, "fail", "2 of 3 runs in a row were clean."),
        ([CLEAN, WORSE, CLEAN], [], {"times": 3}, "fail", "1 of 3 runs in a row were clean."),
    ],
)
def test_the_gate(comparisons, watches, limits, verdict, words):
    made = gate(comparisons, watches, **limits)
    keeps_contract(made, "gate")
    assert made["verdict"] == verdict
    assert words in made["summary"]
    assert (made["rollback_hint"] is not None) == (WORSE in comparisons)


@pytest.mark.parametrize(("limits", "verdict"), [({"longest_gap": 10.0}, "inconclusive"), ({}, "pass")])
def test_a_watch_that_was_lost_saw_no_end_of_the_window(limits, verdict):
    """It was killed, or its host was: that it saw no outage until then says nothing about what came after."""
    whole, lost = watched(0.0), {**watched(0.0), "ended": "lost"}
    made, _suites, _failed = told(run(seen(HEALTHY)), run(seen(HEALTHY)), [whole, lost], **limits)
    assert made["verdict"] == verdict
    assert ("lost before it was collected" in made["summary"]) == bool(limits)


def test_where_nothing_could_be_compared_no_report_says_that_all_is_well():
    made, _suites, failed = told(run(), run(seen(HEALTHY)))
    assert made["verdict"] == "inconclusive"
    assert [group for group, _name in failed] == ["gate", "compared"]


@pytest.mark.parametrize("wrong", [([],), ([{}],), ([CLEAN], [{}]), ([run(seen(HEALTHY))],)])
def test_anything_else_is_refused(wrong):
    with pytest.raises(NotARun, match=r"expected .*mailops\.smtp\.smtp_"):
        gate(*wrong)


def told(before, after, watches=(), expected=(), **limits):
    """What each report says: the gate's verdict in words, and what a pipeline counts as failed, and as wrong."""
    compared_sides = comparison(before, after, list(expected))
    made = gate([compared_sides], watches, **limits)
    given = {"comparison": compared_sides, "earlier": before, "watch": list(watches), "gate": made}
    kept = json.loads(report(after, "json", **given))
    keeps_contract(kept["gate"], "gate")
    word = "open" if made["verdict"] == "pass" else "closed"
    assert f"The gate is {word} ({made['verdict']})" in report(after, "terminal", **given)
    assert f"**The gate is {word}** ({made['verdict']})" in report(after, "markdown", **given)
    (shown,) = read(report(after, "html", **given)).of_class("gate")
    assert f"The gate is {word}. {made['summary']}" in shown.text
    assert made["rollback_hint"] is None or made["rollback_hint"] in shown.text
    suites = ElementTree.fromstring(report(after, "junit", **given).encode("utf-8"))
    failed = [
        (case.get("classname"), case.get("name")) for case in suites.iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    ]  # fmt: skip
    assert bool(failed) == (made["verdict"] != "pass"), failed
    assert (int(suites.get("failures")) + int(suites.get("errors"))) == len(failed)
    return made, suites, failed


def test_an_outage_that_is_allowed_fails_no_report():
    before, after = run(seen(HEALTHY)), run(seen(HEALTHY))
    made, suites, failed = told(before, after, [watched(8.0)], longest_gap=15.0)
    assert (made["verdict"], failed) == ("pass", [])
    assert "which is allowed" in ElementTree.tostring(suites, "unicode")
    made, _suites, failed = told(before, after, [watched(8.0)], longest_gap=5.0)
    assert made["verdict"] == "fail"
    assert [group for group, _name in failed] == ["gate", "outages"]
    for format in ("terminal", "markdown", "html"):
        text = report(after, format, watch=[watched(8.0)], gate=gate([CLEAN], [watched(8.0)], 15.0))
        assert "Allowed: up to 15.0 s." in " ".join(text.split())
        assert "FAIL" not in text


def test_what_failed_before_as_well_fails_no_pipeline():
    broken = run(seen(REFUSED, number=2), seen(HEALTHY))
    made, suites, failed = told(broken, broken)
    assert (made["verdict"], failed) == ("pass", [])
    assert "as it was before, or as was declared" in ElementTree.tostring(suites, "unicode")
    # Without a gate it does.
    alone = ElementTree.fromstring(report(broken, "junit").encode("utf-8"))
    assert alone.get("failures") == "1"


def test_what_fails_since_the_change_fails_the_pipeline():
    before, after = run(seen(HEALTHY), seen(HEALTHY, number=2)), run(seen(HEALTHY), seen(REFUSED, number=2))
    made, _suites, failed = told(before, after)
    assert made["verdict"] == "fail"
    assert [group for group, _name in failed] == ["gate", "mx2.contoso.com [203.0.113.2]:25 from a, esmtp",
                                                  "regressions"]  # fmt: skip
    made, _suites, failed = told(before, after, expected=["stopped working on mx2*"])
    assert (made["verdict"], failed) == ("pass", [])


def test_a_vantage_that_is_gone_closes_the_gate_in_every_report():
    made, _suites, failed = told(run(seen(HEALTHY), seen(HEALTHY, "b")), run(seen(HEALTHY)))
    assert made["verdict"] == "inconclusive"
    assert [group for group, _name in failed] == ["gate", "missing"]


def test_a_change_that_was_declared_and_need_not_come_fails_no_pipeline():
    same = run(seen(HEALTHY))
    made, _suites, failed = told(same, same, expected=["certificate renewed"])
    assert (made["verdict"], made["unseen"], failed) == ("pass", ["certificate renewed"], [])
    required = {"change": "certificate_renewed", "required": True}
    made, _suites, failed = told(same, same, expected=[required])
    assert made["verdict"] == "fail"
    assert [group for group, _name in failed] == ["gate", "expected"]


def test_something_else_than_a_gate_is_refused():
    with pytest.raises(NotARun, match="smtp_gate"):
        report(run(seen(HEALTHY)), "json", gate={"verdict": "pass"})


def led(dialog, vantage="a", number=1, **changes):
    """A check of an address that the tester alone leads to."""
    place = {"source": "override", "preference": None}
    return seen(dialog, vantage, number, target=f"mx{number}.contoso.com:25", endpoint=place, **changes)


def test_former_endpoints_are_looked_at_again():
    before = run(seen(HEALTHY), seen(HEALTHY, number=2), seen(HEALTHY, "b", 2))
    after = run(seen(HEALTHY), seen(HEALTHY, number=3), seen(HEALTHY, "b", 2))
    place = {"host": "mx2.contoso.com", "port": 25, "protocol": "esmtp"}
    assert former(before, after, "a") == {"targets": [place], "hosts": {"mx2.contoso.com": ["203.0.113.2"]}}
    assert former(before, after, "b") == former(before, before, "a") == {"targets": [], "hosts": {}}
    options = [{"host": "MX2.contoso.com", "tls": {"verify": False}}, {"host": "mx2.contoso.com", "port": 587}, "x.com"]
    assert former(before, after, "a", options)["targets"] == [{**place, "tls": {"verify": False}}]


def test_a_host_without_a_name_or_an_address_cannot_be_led_to():
    given = {"host": "203.0.113.1", "source": "given"}
    unknown = {"address": None, "family": None}
    before = run(seen(HEALTHY, endpoint=given), seen(HEALTHY, number=2, endpoint=unknown), led(HEALTHY, number=3))
    assert former(before, run(), "a") == {"targets": [], "hosts": {}}


def test_an_endpoint_that_is_gone_is_missing_though_a_server_still_answers_there():
    before = [seen(HEALTHY), seen(HEALTHY, number=2)]
    for again, words in ((HEALTHY, "which still answers there"), (REFUSED, "which fails there at connect: Conn")):
        found = compared(before, [seen(HEALTHY), led(again, number=2)])
        assert changes(found) == {"missing": ["endpoint_gone"]}
        assert found["missing"][0]["impact"].startswith(f"Gone: mx2.contoso.com [203.0.113.2]:25, {words}")
        assert found["verdict"] == "fail"
    assert compared(before, [seen(HEALTHY)])["missing"][0]["impact"] == "Gone: mx2.contoso.com [203.0.113.2]:25."


def test_an_address_that_moved_says_what_became_of_the_old_one():
    moved = seen(HEALTHY, endpoint={"address": "203.0.113.77"})
    found = compared(seen(HEALTHY), [moved, led(REFUSED)])
    assert changes(found) == {"changes": ["address_changed"]}
    assert found["changes"][0]["impact"].startswith("Address 203.0.113.77 in place of 203.0.113.1, which fails there")


def test_who_leads_a_name_to_a_new_server_before_the_dns_does_tests_that_server():
    elsewhere = {"address": "203.0.113.77", "source": "override"}
    found = compared(seen(HEALTHY), seen(PLAIN, endpoint=elsewhere))
    assert changes(found) == {"regressions": ["starttls_removed"], "changes": ["address_changed"]}
    both_led = compared(led(HEALTHY), led(PLAIN))
    assert changes(both_led) == {"regressions": ["starttls_removed"]}
