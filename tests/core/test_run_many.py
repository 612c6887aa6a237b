# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What belongs to many checks: repetitions, second attempts, files that are written meanwhile, how much is returned."""

from __future__ import annotations

import gc
import json
from datetime import datetime

import pytest
from mailops_smtp import collecting
from mailops_smtp.journal import records
from mailops_smtp.plan import OptionError
from mailops_smtp.report.detail import MAX_OVERVIEW, detailed
from mailops_smtp.run import changed, check
from mailops_smtp.scenario import ScenarioServer
from mailops_smtp.scenario.behaviours import Behaviour
from mailops_smtp.scenario.steps import Say
from mailops_smtp.timings import timings

from tests.facts_contract import keeps_contract

pytestmark = pytest.mark.usefixtures("nothing_is_left")


@pytest.fixture
def server():
    with ScenarioServer() as running:
        yield running


def checked(server, **options):
    return check({"host": server.host, "port": server.port, "helo_name": "test.com", "starttls": "never", **options})


# Repetitions.


def test_each_repetition_is_a_check_of_its_own(server):
    run = checked(server, repeat={"count": 3, "interval": 0.2}, recipient="user@contoso.com")
    keeps_contract(run)
    assert [made["repetition"] for made in run["checks"]] == [1, 2, 3]
    assert run["counts"] == {"pass": 3}
    moments = [made["started_at"] for made in run["checks"]]
    assert moments == sorted(moments)
    assert float(moments[2][17:-1]) - float(moments[0][17:-1]) % 60 >= 0.39 or moments[2][:16] != moments[0][:16]
    (timing,) = run["timings"]
    assert (timing["count"], timing["seconds"]["count"]) == (3, 3)
    assert [entry["phase"] for entry in timing["phases"]] == ["connect", "banner", "ehlo", "mail", "rcpt", "quit"]
    for spread in (timing["seconds"], *timing["phases"]):
        assert 0 < spread["min"] <= spread["median"] <= spread["max"]


def test_the_interval_runs_from_beginning_to_beginning_whatever_a_check_consists_of():
    with deferring("450 4.7.1 Try again later") as server:
        run = checked(server, recipient="user@contoso.com", retry={"delay": 1.2}, repeat={"count": 2, "interval": 1.5})
    first, second = run["checks"]
    moments = [made["started_at"].replace("Z", "+00:00") for made in (first["attempts"]["earlier"][0], second)]
    began, again = map(datetime.fromisoformat, moments)
    assert 1.49 <= (again - began).total_seconds() < 2.6, "and not after the attempt's 1.2 s and another 1.5"


def test_repetitions_of_two_targets_stay_with_their_target(server):
    with ScenarioServer("banner-554") as other:
        targets = [{"host": each.host, "port": each.port} for each in (server, other)]
        run = check({"targets": targets, "repeat": {"count": 2, "interval": 0}, "helo_name": "test.com"})
    assert [(made["endpoint"]["port"], made["repetition"]) for made in run["checks"]] == [
        (server.port, 1),
        (server.port, 2),
        (other.port, 1),
        (other.port, 2),
    ]
    assert [timing["seconds"] is None for timing in run["timings"]] == [False, True]


def test_a_phase_that_failed_is_not_timed():
    def made(seconds, error):
        steps = [{"phase": "banner", "seconds": seconds, "error": error}]
        endpoint = {"host": "mx1", "address": None, "port": 25}
        failed = "banner" if error else None
        return {"target": "mx1", "endpoint": endpoint, "seconds": seconds, "failed_phase": failed, "steps": steps}

    (timing,) = timings([made(1.0, None), made(3.0, None), made(30.0, {"kind": "silent"})])
    assert timing["phases"] == [{"phase": "banner", "count": 2, "min": 1.0, "median": 2.0, "max": 3.0}]
    assert (timing["count"], timing["seconds"]["max"]) == (3, 3.0)


# Second attempts.


def deferring(words, sessions=1, **also):
    """A server that answers so to RCPT in its first sessions."""
    said = {phase: (Say(reply),) for phase, reply in {"rcpt": words, **also}.items() if reply}
    server = ScenarioServer()
    server.behaviour = Behaviour("deferring", "defers", said, connections=range(1, sessions + 1))
    return server


def test_a_deferred_recipient_is_tried_again_after_the_time_that_the_server_names():
    with deferring("450 4.2.0 Greylisted, come back in 0 seconds") as server:
        run = checked(server, recipient="user@contoso.com", sender="probe@test.com", retry={"delay": 600})
        sessions = server.wait(2)
    keeps_contract(run)
    (made,) = run["checks"]
    assert (made["verdict"], made["recipients"][0]["outcome"]) == ("pass", "accepted")
    attempts = made["attempts"]
    assert (attempts["count"], attempts["reason"]) == (2, None)
    (earlier,) = attempts["earlier"]
    assert (earlier["waited"], earlier["recipients"][0]["outcome"]) == (0.0, "deferred")
    assert [command for command in sessions[0].commands if command.startswith(("MAIL", "RCPT"))] == [
        command for command in sessions[1].commands if command.startswith(("MAIL", "RCPT"))
    ]


def test_without_a_time_in_its_words_the_given_delay_counts():
    with deferring("450 4.7.1 Try again later", sessions=2) as server:
        run = checked(server, recipient="user@contoso.com", retry={"count": 3, "delay": 0.05})
    (made,) = run["checks"]
    assert (made["verdict"], made["attempts"]["count"]) == ("pass", 3)
    assert [earlier["waited"] for earlier in made["attempts"]["earlier"]] == [0.05, 0.05]


def test_a_server_that_defers_for_ever_is_deferred():
    with deferring("450 4.7.1 Try again later", sessions=9) as server:
        run = checked(server, recipient="user@contoso.com", retry={"delay": 0})
    (made,) = run["checks"]
    assert (made["verdict"], made["attempts"]["count"]) == ("deferred", 2)
    assert made["attempts"]["reason"] == "The server defers still, after 1 more attempts."


def test_whoever_is_left_alone_after_421_has_been_tested_all_the_same():
    with deferring("421 4.7.0 Try again later", sessions=9) as server:
        run = checked(server, recipient="user@contoso.com", retry={"count": 3, "delay": 0})
        assert len(server.wait()) == 1
    keeps_contract(run)
    (made,) = run["checks"]
    assert (made["verdict"], made["recipients"][0]["reply"]["code"]) == ("deferred", 421)
    assert (made["attempts"]["count"], made["attempts"]["earlier"]) == (1, [])
    assert made["attempts"]["reason"].startswith("The server had answered 421 to another check of this run")


def test_the_limit_is_for_what_the_server_says():
    with deferring("450 4.7.1 Try again later") as server:
        run = checked(server, recipient="user@contoso.com", retry={"delay": 0.1, "max_delay": 0})
    (made,) = run["checks"]
    assert (made["verdict"], made["attempts"]["count"], made["attempts"]["reason"]) == ("pass", 2, None)


def test_nobody_waits_longer_than_he_wants():
    with deferring("450 4.2.0 Greylisted for 2 hours") as server:
        run = checked(server, recipient="user@contoso.com", retry={"max_delay": 60})
        assert len(server.wait()) == 1
    keeps_contract(run)
    assert run["checks"][0]["attempts"] == {
        "count": 1,
        "earlier": [],
        "reason": "The server asks to come back after 7200 s, which is more than 60 s.",
    }


def test_what_is_not_deferred_is_not_tried_again(server):
    run = checked(server, recipient="nobody@contoso.com", retry={"delay": 0})
    assert run["checks"][0]["attempts"] is None
    assert len(server.sessions) == 1


def test_a_message_that_was_deferred_is_sent_again():
    with deferring(None, message="451 4.7.1 Greylisted, come back in 0 seconds") as server:
        run = checked(server, recipient="user@contoso.com", sender="probe@test.com", test_message={}, retry={})
        messages = server.messages
    (made,) = run["checks"]
    assert (made["message"]["outcome"], made["attempts"]["count"]) == ("accepted", 2)
    assert made["attempts"]["earlier"][0]["message"]["token"] == made["message"]["token"]
    assert messages[-1].content.count(b"Message-ID") == 1
    assert changed(run)


def test_who_has_got_the_message_does_not_get_it_again():
    with ScenarioServer() as server:
        people = ["user@contoso.com", "greylisted@contoso.com"]
        run = checked(server, recipients=people, sender="probe@test.com", test_message={}, retry={"delay": 0})
        server.wait(2)
        recipients = [[path.address for path in message.recipients] for message in server.messages]
    assert recipients == [["user@contoso.com"]]
    (made,) = run["checks"]
    assert [entry["address"] for entry in made["recipients"]] == ["greylisted@contoso.com"]
    earlier = made["attempts"]["earlier"][0]
    assert [entry["outcome"] for entry in earlier["recipients"]] == ["accepted", "deferred"]
    assert run["messages_sent"] == 1


# Files that are written meanwhile.


@pytest.mark.parametrize("name", ["evidence.jsonl", "evidence.jsonl.gz"])
def test_the_evidence_goes_to_a_file(name, server, tmp_path):
    path = str(tmp_path / name)
    targets = [{"host": server.host, "port": server.port}] * 3
    run = check({"targets": targets, "helo_name": "test.com", "evidence_file": path, "detail": "summary"})
    keeps_contract(run)
    assert run["evidence_file"] == path
    head, *made, end = records(path)
    assert (head["record"], end["record"], end["run_id"]) == ("run", "end", run["run_id"])
    assert (end["verdict"], end["counts"]) == (run["verdict"], run["counts"])
    for entry in made:
        assert entry.pop("record") == "check"
        keeps_contract(entry, "check")
    assert len(made) == 3
    assert made[0]["steps"]


def test_the_file_is_written_as_checks_end(tmp_path):
    path = tmp_path / "evidence.jsonl"
    seen = []
    with ScenarioServer("slow-banner", pause=0.5) as slow, ScenarioServer() as quick:
        targets = [{"host": each.host, "port": each.port} for each in (slow, quick)]
        check(
            {"targets": targets, "helo_name": "test.com", "evidence_file": str(path)},
            watchers=[lambda progress: seen.append([record["record"] for record in records(str(path))])],
        )
    assert seen == [["run"], ["run", "check"], ["run", "check", "check"]]
    assert [record["record"] for record in records(str(path))][-1] == "end"


@pytest.mark.parametrize("name", ["evidence.jsonl", "evidence.jsonl.gz"])
def test_a_full_disk_costs_nobody_his_checks(name, server, tmp_path):
    path = tmp_path / name
    path.symlink_to("/dev/full")
    run = checked(server, recipient="user@contoso.com", evidence_file=str(path), repeat={"count": 2, "interval": 0})
    keeps_contract(run)
    assert (run["counts"], run["evidence_file"]) == ({"pass": 2}, None)
    (warning,) = run["plan"]["warnings"]
    assert warning == f"The evidence file {path} is incomplete: it could not be written (No space left on device)."


def test_progress_is_told_and_written(server, tmp_path):
    path = tmp_path / "progress.json"
    told = []
    targets = [{"host": server.host, "port": server.port}, {"host": server.host, "port": 1}]
    check(
        {"targets": targets, "helo_name": "test.com", "progress_file": str(path)},
        watchers=[lambda progress: told.append((progress.done, progress.total))],
    )
    assert told == [(0, 2), (1, 2), (2, 2)]
    record = json.loads(path.read_text())
    assert (record["done"], record["finished"], sum(record["counts"].values())) == (2, True, 2)


def test_check_mode_writes_no_file(server, tmp_path):
    options = {"evidence_file": str(tmp_path / "evidence"), "progress_file": str(tmp_path / "progress")}
    run = check({"host": server.host, "port": server.port, "helo_name": "test.com", **options}, check_mode=True)
    assert (run["evidence_file"], list(tmp_path.iterdir())) == (None, [])


# How much is returned.


def test_a_transcript_is_the_dialog_as_text(server):
    run = checked(server, detail="transcript")
    keeps_contract(run)
    assert any(line.endswith("C:   EHLO test.com") for line in run["checks"][0]["transcript"])
    assert checked(server)["checks"][0]["transcript"] is None


def test_a_summary_has_the_worst_first(server):
    targets = [{"host": server.host, "port": server.port}, {"host": server.host, "port": 1, "name": "nobody there"}]
    run = check({"targets": targets, "helo_name": "test.com", "detail": "summary"})
    keeps_contract(run)
    assert (run["checks"], run["detail"], sum(run["counts"].values())) == ([], "summary", 2)
    assert [entry["target"] for entry in run["overview"]] == ["nobody there", f"{server.host}:{server.port}"]
    assert not changed(run)


def test_ten_thousand_checks_fit_a_controllers_limit(server):
    run = checked(server, recipient="user@contoso.com")
    run["checks"] *= 10_000
    run["plan"]["asked"]["targets"] = ["mx1.contoso.com:25"] * 10_000
    short = detailed(run, "summary")
    keeps_contract(short)
    assert len(short["overview"]) == MAX_OVERVIEW
    assert short["plan"]["asked"]["targets"][-1] == "[9980 more]"
    # AWX cuts a result beyond this.
    assert len(json.dumps(short)) < 700_000


# Options that cannot be.


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"repeat": {"count": 1}}, "repeat.count 1 is out of range: give a number from 2 to 1000."),
        ({"repeat": {"count": 2, "interval": -1}}, "repeat.interval -1.0 is out of range: "),
        (
            {"repeat": {"count": 2}, "recipient": "a@b.c", "test_message": {}},
            "repeat.count 2 would send as many messages ",
        ),
        (
            {"retry": {}},
            "retry {'count': 1, 'delay': 60.0, 'max_delay': 600.0} has no recipient that could be deferred",
        ),
        (
            {"retry": {}, "recipient": "a@b.c", "stop_after": "mail"},
            "retry {'count': 1, 'delay': 60.0, 'max_delay': 600.0} has no recipient that could be deferred with "
            "stop_after: mail: drop one of the two.",
        ),
        ({"retry": {"count": 0}, "recipient": "a@b.c"}, "retry.count 0 is out of range: "),
        (
            {"retry": {}, "transactions": [{"recipient": "a@b.c"}], "recipient": "a@b.c"},
            "retry {'count': 1, 'delay': 60.0, 'max_delay': 600.0} does not go with transactions",
        ),
        ({"connections": {"per_server": 0}}, "connections.per_server 0 is out of range: "),
        ({"connections": {"at_once": "many"}}, "connections.at_once 'many' is not a number"),
        ({"connections": {"jitter": float("nan")}}, "connections.jitter nan is out of range: "),
        (
            {"evidence_file": "/tmp/file", "progress_file": "/tmp/file"},
            "progress_file '/tmp/file' is evidence_file, too: name another file.",
        ),
        (
            {"evidence_file": "/no/such/folder/file"},
            "evidence_file '/no/such/folder/file' is in a folder that does not",
        ),
        ({"progress_file": "/tmp"}, "progress_file '/tmp' is a folder: "),
        ({"progress_file": "/dev/null"}, "progress_file '/dev/null' is no regular file: "),
        ({"detail": "all"}, "detail 'all' is not a choice here: choose one of summary, facts, transcript."),
    ],
)
def test_options_that_cannot_be(options, said):
    with pytest.raises(OptionError) as caught:
        check({"host": "127.0.0.1", "port": 1, "helo_name": "test.com", **options})
    assert str(caught.value).startswith(said)


def test_a_file_that_cannot_be_written_after_all(server, monkeypatch, tmp_path):
    def full(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mailops_smtp.results.Journal", full)
    with pytest.raises(OptionError, match="cannot be written: No space left on device"):
        checked(server, evidence_file=str(tmp_path / "evidence"))


def test_pythons_collector_is_left_as_it_was(server):
    before = gc.get_threshold()
    seen = []
    check(
        {"host": server.host, "port": server.port, "helo_name": "test.com"},
        watchers=[lambda progress: seen.append(gc.get_threshold())],
    )
    assert set(seen) == {collecting._SELDOM}
    assert gc.get_threshold() == before


def test_the_collector_does_not_look_through_results_when_a_run_is_over():
    """They are where it looks last, and what somebody else has frozen stays so."""
    gc.collect()
    with collecting.collecting_rarely():
        results = [[number] for number in range(5000)]
    oldest = set(map(id, gc.get_objects(generation=2)))
    assert oldest.issuperset(map(id, results))
    gc.freeze()
    try:
        with collecting.collecting_rarely():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
