# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is called next, and when: each server's budget over all checks, jitter, and what 421 means for the rest."""

from __future__ import annotations

import pytest
from mailops_smtp.wire import manners
from mailops_smtp.wire.manners import Manners, Queue


def queue(*jobs, now=0.0, **wishes):
    """Jobs are (server, number)."""
    made = Queue(Manners(**wishes), lambda job: job[0])
    for job in jobs:
        made.add(job, now)
    return made


def taken(made, now):
    """All whose turn it is at this moment."""
    return list(iter(lambda: made.take(now), None))


def jobs(server, count):
    return [(server, number) for number in range(count)]


def test_servers_take_turns():
    made = queue(*jobs("a", 3), *jobs("b", 2), ("c", 0))
    assert taken(made, 0.0) == [("a", 0), ("b", 0), ("c", 0), ("a", 1), ("b", 1), ("a", 2)]
    assert len(made) == 0


def test_few_at_a_time():
    made = queue(*jobs("a", 4), per_server=2)
    assert taken(made, 0.0) == [("a", 0), ("a", 1)]
    assert made.next_moment() is None, "nothing but an end brings the next"
    made.ended(("a", 0), 0.0, 1.0, False)
    assert taken(made, 1.0) == [("a", 2)]
    assert len(made) == 1


def test_who_comes_back_later_keeps_nobody_waiting_who_comes_now():
    made = queue()
    made.add(("a", "retry"), 0.0, delay=100.0)
    assert taken(made, 0.0) == []
    made.add(("a", "now"), 1.0)
    assert taken(made, 1.0) == [("a", "now")]
    made.add(("a", "sooner"), 1.0, delay=50.0)
    assert taken(made, 1.0) == []
    assert made.next_moment() == 51.0
    assert taken(made, 51.0) == [("a", "sooner")]
    assert taken(made, 99.0) == []
    assert taken(made, 100.0) == [("a", "retry")]
    assert made.take(100.0) is None
    assert made.next_moment() is None


def test_the_budget_of_any_minute():
    made = queue(*jobs("a", 5), ("b", 0), per_minute=2)
    assert taken(made, 0.0) == [("a", 0), ("b", 0), ("a", 1)]
    for number in range(2):
        made.ended(("a", number), 0.0, 1.0, False)
    assert taken(made, 1.0) == []
    assert made.next_moment() == 60.0
    assert taken(made, 59.9) == []
    assert taken(made, 60.0) == [("a", 2), ("a", 3)]
    assert made.take(60.0) is None
    assert made.next_moment() == 120.0


def test_any_minute_and_not_each_one():
    made = queue(*jobs("a", 6), per_minute=2, per_server=9)
    assert taken(made, 0.0) == [("a", 0), ("a", 1)]
    assert taken(made, 100.0) == [("a", 2), ("a", 3)]
    assert taken(made, 159.0) == []
    assert taken(made, 160.0) == [("a", 4), ("a", 5)]


def test_jitter_keeps_one_from_following_the_other_at_once(monkeypatch):
    monkeypatch.setattr(manners.random, "uniform", lambda low, high: high / 2)
    made = queue(*jobs("a", 2), ("b", 0), jitter=4.0)
    assert taken(made, 0.0) == []
    assert made.next_moment() == 2.0
    assert taken(made, 2.0) == [("a", 0), ("b", 0)]
    assert taken(made, 3.9) == []
    assert taken(made, 4.0) == [("a", 1)]


def test_one_that_is_to_wait_lets_the_others_pass():
    made = queue(now=10.0)
    made.add(("a", "later"), 10.0, 5.0)
    made.add(("a", "now"), 10.0)
    assert taken(made, 10.0) == [("a", "now")]
    assert made.next_moment() == 15.0
    assert taken(made, 15.0) == [("a", "later")]


def test_one_that_could_not_begin_has_another_turn():
    made = queue(*jobs("a", 2), per_server=1, per_minute=1)
    job = made.take(0.0)
    made.give_back(job)
    assert len(made) == 2
    assert taken(made, 0.0) == [("a", 1)], "it costs nothing of the budget"


# 421.


def test_after_421_all_others_are_turned_away():
    made = queue(*jobs("a", 3), ("b", 0), per_server=1)
    assert taken(made, 0.0) == [("a", 0), ("b", 0)]
    made.ended(("a", 0), 0.0, 1.0, True)
    reason = "The server had answered 421 to another check of this run, and is left alone since."
    assert made.turned_away() == [(("a", 1), reason), (("a", 2), reason)]
    assert made.turned_away() == []
    made.add(("a", 3), 2.0)
    assert made.turned_away() == [(("a", 3), reason)], "whoever comes later too"
    assert (taken(made, 2.0), len(made)) == ([], 0)


def test_a_pause_after_421_and_one_at_a_time_from_then_on():
    made = queue(*jobs("a", 6), per_server=2, pause=30.0)
    assert taken(made, 0.0) == [("a", 0), ("a", 1)]
    made.ended(("a", 0), 0.0, 1.0, True)
    made.ended(("a", 1), 0.0, 2.0, True)  # it was under way, and tells nothing new
    assert made.turned_away() == []
    assert taken(made, 30.9) == []
    assert made.next_moment() == 31.0
    assert taken(made, 31.0) == [("a", 2)]
    made.ended(("a", 2), 31.0, 32.0, False)
    assert taken(made, 32.0) == [("a", 3)]
    made.ended(("a", 3), 32.0, 33.0, True)
    reason = (
        "The server had answered 421 again after a pause of 30 s to another check of this run, and is left alone since."
    )
    assert made.turned_away() == [(("a", 4), reason), (("a", 5), reason)]


def test_whatever_ends_after_all_are_dismissed_is_no_trouble():
    made = queue(*jobs("a", 3), per_server=1)
    job = made.take(0.0)
    made.clear()
    assert (len(made), made.take(1.0), made.next_moment()) == (0, None, None)
    made.ended(job, 0.0, 1.0, True)
    assert (len(made), made.turned_away()) == (0, [])


@pytest.mark.parametrize("count", [1, 100])
def test_a_thousand_servers_with_as_many_checks_each_are_served_evenly(count):
    made = queue(*((server, number) for server in range(1000) for number in range(count)), per_server=count)
    order = taken(made, 0.0)
    assert [number for _server, number in order] == sorted(number for _server, number in order)
