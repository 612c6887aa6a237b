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
    assert matrix([]) == {"vantages": [], "endpoints": [], "cells": [], "divergence": [], "localisation": []}


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
