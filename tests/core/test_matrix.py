# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vantage matrix: who saw what, and where the vantages part company."""

from __future__ import annotations

import copy

import pytest
from mailops_smtp.compare import NotARun, matrix
from mailops_smtp.judge import judge_run

from tests.core.dialogs import HEALTHY, check

TIMEOUT = "E: timeout No connection within 10 s."
NO_STARTTLS = "S: 220 mx1.contoso.com\nC: EHLO a.b\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\nS: 502 5.5.1 no"


def seen(dialog, vantage, number=1, **endpoint):
    """A check of mx<number>.contoso.com."""
    place = {"host": f"mx{number}.contoso.com", "address": f"203.0.113.{number}", **endpoint}
    return check(dialog, vantage={"name": vantage}, endpoint=place)


def run(*checks):
    return judge_run(checks)


def test_vantages_and_endpoints_stand_in_the_order_of_their_first_appearance():
    laid_out = matrix(run(seen(HEALTHY, "b", 2), seen(HEALTHY, "a", 1), seen(HEALTHY, "b", 1)))
    assert laid_out["vantages"] == ["b", "a"]
    assert [endpoint["host"] for endpoint in laid_out["endpoints"]] == ["mx2.contoso.com", "mx1.contoso.com"]
    assert [[cell and cell["check"] for cell in row] for row in laid_out["cells"]] == [[0, 2], [None, 1]]


def test_a_cell_tells_how_the_check_went():
    laid_out = matrix(run(seen(TIMEOUT, "a")))
    assert laid_out["cells"] == [
        [{"verdict": "fail", "reached": None, "failed_phase": "connect", "seconds": 0.02, "check": 0}]
    ]
    assert laid_out["divergence"] == []


def test_runs_results_loops_and_checks_are_taken_alike():
    one, other = run(seen(HEALTHY, "a")), run(seen(TIMEOUT, "b"))
    expected = matrix([one, other])
    assert expected["vantages"] == ["a", "b"]
    assert matrix({"changed": False, "results": [one, {"changed": False, **other}]}) == expected
    assert matrix(one["checks"] + other["checks"]) == expected


@pytest.mark.parametrize("given", [None, "text", 3, {}, {"msg": "unreachable"}, [{"checks": None}]])
def test_anything_else_is_refused_in_a_sentence(given):
    with pytest.raises(NotARun, match=r"^expected the result of mailops\.smtp\.smtp_check"):
        matrix(given)


def test_a_run_without_its_checks_is_not_taken_for_one_where_all_is_well():
    run = {"checks": [], "overview": [{"verdict": "fail"}], "detail": "summary"}
    with pytest.raises(NotARun, match="detail: summary, which leaves the checks themselves out"):
        matrix([run])


def test_addresses_and_ports_are_endpoints_of_their_own():
    laid_out = matrix(run(seen(HEALTHY, "a"), seen(HEALTHY, "a", address="2001:db8::1"), seen(HEALTHY, "a", port=587)))
    assert [(endpoint["address"], endpoint["port"]) for endpoint in laid_out["endpoints"]] == [
        ("203.0.113.1", 25), ("2001:db8::1", 25), ("203.0.113.1", 587),
    ]  # fmt: skip


def test_where_one_vantage_knows_the_name_alone_the_addresses_of_the_others_share_its_column():
    laid_out = matrix(
        run(seen(HEALTHY, "here"), seen(TIMEOUT, "here", address="203.0.113.9"), seen(HEALTHY, "jump", address=None))
    )
    assert [endpoint["address"] for endpoint in laid_out["endpoints"]] == [None]
    assert [[cell["verdict"] for cell in row] for row in laid_out["cells"]] == [["degraded"], ["pass"]]


def test_of_repeated_checks_the_worst_is_shown():
    laid_out = matrix([run(seen(HEALTHY, "a")), run(seen(TIMEOUT, "a")), run(seen(HEALTHY, "a"))])
    assert [[cell["check"] for cell in row] for row in laid_out["cells"]] == [[1]]


def test_the_outlier_is_the_one_that_sees_it_differently_from_most():
    checks = [seen(HEALTHY, "controller"), seen(HEALTHY, "outside-fra"), seen(TIMEOUT, "outside-nyc")]
    assert matrix(run(*checks))["divergence"] == [
        {
            "endpoint": 0,
            "phase": "connect",
            "consensus": ["controller", "outside-fra"],
            "outliers": ["outside-nyc"],
            "summary": "mx1.contoso.com [203.0.113.1]:25 differs at connect: outside-nyc (fail), "
            "but controller (pass), outside-fra (pass).",
        }
    ]


def test_a_lone_success_is_the_outlier_too():
    checks = [seen(TIMEOUT, "a"), seen(HEALTHY, "b"), seen(TIMEOUT, "c")]
    assert matrix(run(*checks))["divergence"][0]["outliers"] == ["b"]


@pytest.mark.parametrize("order", [("good", "bad"), ("bad", "good")])
def test_of_two_the_worse_wants_the_explanation(order):
    dialogs = {"good": HEALTHY, "bad": TIMEOUT}
    checks = [seen(dialogs[vantage], vantage) for vantage in order]
    assert matrix(run(*checks))["divergence"][0]["outliers"] == ["bad"]


def test_the_first_phase_that_differs_is_named_and_its_consequences_are_not():
    divergence = matrix(run(seen(HEALTHY, "a"), seen(NO_STARTTLS, "b")))["divergence"]
    assert [entry["phase"] for entry in divergence] == ["starttls"]


def test_failing_in_the_same_phase_for_different_reasons_is_a_difference():
    divergence = matrix(run(seen(TIMEOUT, "a"), seen("E: refused", "b")))["divergence"]
    assert [entry["phase"] for entry in divergence] == ["connect"]


def test_what_was_not_tested_disagrees_with_nobody():
    untested = check("", vantage={"name": "b"}, endpoint={"address": "203.0.113.1"}, not_tested="Interrupted.")
    assert matrix(run(seen(TIMEOUT, "a"), untested))["divergence"] == []


def test_notes_are_no_difference():
    multiline = HEALTHY.replace("S: 220 mx1", "S: 220-mx1.contoso.com hello\n    S: 220 mx1")
    assert matrix(run(seen(HEALTHY, "a"), seen(multiline, "b")))["divergence"] == []


def test_nothing_gives_an_empty_matrix():
    assert matrix([]) == {
        "vantages": [],
        "endpoints": [],
        "cells": [],
        "divergence": [],
        "localisation": [],
        "remarks": [],
    }


def test_what_was_given_is_left_as_it_was():
    given = run(seen(HEALTHY, "a"), seen(TIMEOUT, "b"))
    before = copy.deepcopy(given)
    matrix(given)
    assert given == before


def test_a_target_goes_by_the_name_that_the_user_gave_to_it():
    laid_out = matrix(run(check(HEALTHY, target="the relay", endpoint={"source": "given", "address": "203.0.113.1"})))
    assert laid_out["endpoints"][0]["name"] == "the relay [203.0.113.1]"


def test_a_vantage_in_trouble_of_its_own_disagrees_with_nobody():
    lost = seen("E: jump_unreachable The jump host does not answer.", "outside-nyc")
    assert matrix(run(seen(HEALTHY, "controller"), lost))["divergence"] == []


def seconds_of(**taken):
    """A run of each vantage, whose checks of two endpoints took so long."""
    checks = []
    for name, seconds in taken.items():
        for number, each in enumerate(seconds):
            made = check(HEALTHY, vantage={"name": name}, endpoint={"host": f"mx{number}.contoso.com"})
            checks.append({**made, "seconds": each})
    return judge_run(checks)


@pytest.mark.parametrize(
    ("taken", "slow"),
    [
        ({"a": (0.1, 0.1), "b": (0.12, 0.1), "far": (1.2, 1.1)}, ["far"]),
        ({"a": (0.1, 0.1), "b": (0.12, 0.1), "far": (1.2, 0.1)}, []),  # one server's matter
        ({"a": (0.01, 0.01), "b": (0.01, 0.01), "far": (0.1, 0.1)}, []),  # nobody waits for that
        ({"a": (0.1, 0.1), "far": (1.2, 1.2)}, []),  # of two, who knows which
        ({"a": (0.1, 0.1), "b": (1.2, 1.2), "far": (1.2, 1.2)}, []),
    ],
)
def test_a_vantage_that_is_slow_everywhere_is_remarked_upon(taken, slow):
    made = matrix(seconds_of(**taken))
    assert [(remark["vantage"], remark["kind"]) for remark in made["remarks"]] == [(name, "slow") for name in slow]
    if slow:
        summary = made["remarks"][0]["summary"]
        assert summary.startswith("far takes 11 times as long as the others at each of 2 endpoints compared (1.1 s")


def test_a_clock_that_is_off_is_remarked_upon():
    checks = [check(HEALTHY, vantage={"name": name, "clock_offset": off}) for name, off in (("a", 0.2), ("b", -3600.0))]
    [remark] = matrix(judge_run(checks))["remarks"]
    assert (remark["vantage"], remark["kind"]) == ("b", "clock")
    assert remark["summary"].startswith("The clock of b is 60 min behind the controller's")
