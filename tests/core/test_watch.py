# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A watch: what it measures, how it ends, and what it leaves behind."""

from __future__ import annotations

import json
import os
import stat
import threading
import time
import typing as t

import pytest
from mailops_smtp.judge import judge_run
from mailops_smtp.plan import OptionError
from mailops_smtp.scenario import ScenarioServer
from mailops_smtp.watch import collect, watch, watch_options
from mailops_smtp.watch.__main__ import main
from mailops_smtp.watch.live import Live
from mailops_smtp.watch.log import Log
from mailops_smtp.watch.meanwhile import Meanwhile
from mailops_smtp.watch.observation import observation
from mailops_smtp.watch.outages import End, Header, evaluated

from tests.core.dialogs import CERTIFICATE, HEALTHY, check
from tests.facts_contract import keeps_contract

HOST = "127.0.0.1"
HEADER = Header("a", "2026-03-01T21:00:00.000Z", 1.0)
END = End("2026-03-01T21:01:00.000Z", "duration")
ADDRESS = {"address": "203.0.113.5", "host": "mx1.contoso.com"}


def seen(second: float, dialog: str = HEALTHY, **changes: t.Any) -> t.Dict[str, t.Any]:
    """A judged check at a second of the watch."""
    moment = f"2026-03-01T21:00:{second:06.3f}Z"
    (judged,) = judge_run([check(dialog, started_at=moment, **changes)])["checks"]
    return t.cast("t.Dict[str, t.Any]", judged)


def result(*checks: t.Dict[str, t.Any], end: End = END) -> t.Dict[str, t.Any]:
    found = evaluated(HEADER, end, [observation(made) for made in checks], [])
    keeps_contract(found, "watch")
    return found


def test_an_outage_lasts_from_the_first_check_that_fails_to_the_next_that_does_not() -> None:
    refused, closing = "E: refused connection refused", "S: 421 4.3.2 shutting down"
    found = result(seen(0), seen(1, refused), seen(2, closing), seen(3), seen(4))
    (outage,) = found["outages"]
    assert outage["endpoint"]["name"] == "mx1.contoso.com [203.0.113.5]:25"
    assert (outage["start"], outage["end"]) == ("2026-03-01T21:00:01.000Z", "2026-03-01T21:00:03.040Z")
    assert outage["seconds"] == 2.04
    assert outage["how"] == ["refused", "421"]
    assert (outage["first"], outage["last"]) == ("connection refused", '421 4.3.2 "shutting down"')
    assert (found["availability"], found["longest_gap"], found["verdict"]) == (0.6, 2.04, "fail")
    assert found["summary"] == (
        "1 endpoint watched from a every 1 s: 1 outage. "
        "The longest took 2.0 s (mx1.contoso.com [203.0.113.5]:25, refused, 421)."
    )


def test_no_outage() -> None:
    found = result(*(seen(second) for second in range(5)))
    assert (found["outages"], found["availability"], found["longest_gap"], found["verdict"]) == ([], 1.0, 0.0, "pass")


def test_an_outage_that_had_not_ended() -> None:
    found = result(seen(0), seen(1, "E: timeout t"), seen(5, "E: timeout t"))
    assert (found["outages"][0]["end"], found["outages"][0]["seconds"]) == (None, 4.0)
    assert "The longest took at least 4.0 s, not over when the watch ended (" in found["summary"]
    longer_before = result(seen(0, "E: timeout t"), seen(6), seen(7, "E: timeout t"))
    assert "The longest took 6.0 s (" in longer_before["summary"]


def test_checks_that_end_out_of_order_are_put_in_order() -> None:
    found = result(seen(3), seen(0), seen(2, "E: timeout t"), seen(1, "E: timeout t"))
    assert [outage["seconds"] for outage in found["outages"]] == [2.04]


def test_a_connection_that_waited_for_the_server_saw_it_when_it_greeted() -> None:
    late = "W: 2.5\n" + HEALTHY
    found = result(seen(0), seen(1, "E: refused r"), seen(2, late), seen(6))
    assert found["outages"][0]["end"] == "2026-03-01T21:00:04.520Z"


def test_the_vantages_own_trouble_is_no_outage() -> None:
    found = result(seen(0), seen(1, "E: tunnel lost"), seen(2))
    assert (found["outages"], found["availability"], found["endpoints"][0]["unknown"]) == ([], 1.0, 1)
    blind = result(seen(0, "E: tunnel lost"))
    assert (blind["verdict"], blind["availability"], blind["longest_gap"]) == ("inconclusive", None, None)
    assert blind["summary"] == "Nothing was seen from a."


def test_a_name_that_is_not_resolved_is_an_outage_of_its_addresses() -> None:
    nameless = {"address": None, "family": None}
    found = result(seen(0), seen(1, "E: unresolved no such name", endpoint=nameless, failed_phase="resolve"), seen(2))
    assert [entry["endpoint"]["address"] for entry in found["endpoints"]] == ["203.0.113.5"]
    assert [outage["how"] for outage in found["outages"]] == [["unresolved"]]


def test_what_changed_meanwhile_is_told_once() -> None:
    fresh = {"certificate": {**CERTIFICATE, "sha256": "11" * 32, "not_after": "2027-06-01T00:00:00Z"}}
    meanwhile = Meanwhile()
    rows = [seen(0), seen(1), seen(2, tls=fresh), seen(3), seen(4, tls=fresh), seen(5, "E: refused r")]
    told = [list(meanwhile.changes([made])) for made in rows]
    assert [[entry["change"] for entry in entries] for entries in told] == [[], [], ["certificate_renewed"], [], [], []]
    keeps_contract(told[2][0], "seen_change")
    assert told[2][0]["at"] == "2026-03-01T21:00:02.000Z"


def test_a_server_that_says_something_else_each_time_is_no_news_for_ever() -> None:
    meanwhile = Meanwhile()
    rows = [seen(second, HEALTHY.replace("Postfix", "x" * second)) for second in range(40)]
    assert sum(len(list(meanwhile.changes([made]))) for made in rows) == 19


def test_other_addresses_are_a_change_of_members() -> None:
    meanwhile = Meanwhile()
    other = seen(1, endpoint={"address": "203.0.113.99"})
    assert list(meanwhile.changes([seen(0)])) == []
    (entry,) = meanwhile.changes([other])
    keeps_contract(entry, "seen_change")
    assert entry["impact"] == (
        "Other addresses of contoso.com: gone mx1.contoso.com [203.0.113.5]; new mx1.contoso.com [203.0.113.99]."
    )


def options(port: int, **more: t.Any) -> t.Any:
    return watch_options({"targets": [{"host": HOST, "port": port}], "vantage": {"name": "a"}, **more})


def test_a_watch_sees_a_server_go_and_come_back(tmp_path: t.Any) -> None:
    log = str(tmp_path / "watch.log")
    told: t.List[t.Any] = []
    results: t.List[t.Any] = []
    with ScenarioServer("ordinary") as server:
        port = server.port
        asked = options(port, interval=0.2, duration=60, log=log)
        watching = threading.Thread(target=lambda: results.append(watch(asked, lambda *now: told.append(now))))
        watching.start()
        _until(lambda: len(told) >= 3)
    stopped = time.time()
    mark = len(told)
    _until(lambda: len(told) >= mark + 4)
    started = time.time()
    with ScenarioServer("ordinary", port=port):
        mark = len(told)
        _until(lambda: len(told) >= mark + 4)
        found = collect(options(port, log=log, collect=True))
        watching.join(20)
    keeps_contract(found, "watch")
    keeps_contract(results[0], "watch")
    assert found["outages"] == results[0]["outages"]
    assert found["ended"] == "stop_file"
    (outage,) = found["outages"]
    assert outage["how"] == ["refused"]
    assert abs(outage["seconds"] - (started - stopped)) < 1.0
    assert os.listdir(str(tmp_path)) == []


def _until(done: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_watch_ends_by_itself_and_begins_at_a_steady_interval() -> None:
    with ScenarioServer("ordinary") as server:
        found = watch(options(server.port, interval=0.2, duration=1.0))
    assert (found["ended"], found["verdict"], found["endpoints"][0]["up"]) == ("duration", "pass", 5)


def test_slow_checks_overlap_and_too_many_are_skipped() -> None:
    release = threading.Event()
    begun: t.List[float] = []

    def slow(asked: t.Any) -> t.Dict[str, t.Any]:
        begun.append(time.monotonic())
        release.wait(10)
        return {"checks": [seen(0)]}

    threading.Timer(1.5, release.set).start()
    found = watch(options(25, interval=0.1, duration=1.2), make=slow)
    assert len(begun) == 5
    assert found["moments_missed"] >= 3
    assert found["endpoints"][0]["up"] == 5


def test_an_interrupted_watch_tells_what_it_saw(interrupt_after: t.Callable[[float], None]) -> None:
    with ScenarioServer("ordinary") as server:
        interrupt_after(0.7)
        found = watch(options(server.port, interval=0.2, duration=60))
    assert found["ended"] == "interrupted"
    assert found["endpoints"][0]["up"] >= 2


def test_the_log_of_a_watch_that_was_killed_is_collected(tmp_path: t.Any) -> None:
    path = str(tmp_path / "watch.log")
    log = Log(path, HEADER)
    for made in (seen(0), seen(1, "E: refused r"), seen(2)):
        log.seen(observation(made))
    log.close()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with open(path, "ab") as stream:
        stream.write(b'{"seen": {"at": "2026-03')
    found = collect(watch_options({"log": path, "collect": True, "patience": 0.2}))
    keeps_contract(found, "watch")
    assert (found["ended"], found["finished_at"], len(found["outages"])) == ("lost", "2026-03-01T21:00:02.040Z", 1)
    assert os.listdir(str(tmp_path)) == []


def test_a_log_that_is_damaged_or_of_another_version_is_collected_as_far_as_it_goes(tmp_path: t.Any) -> None:
    path = tmp_path / "watch.log"
    log = Log(str(path), HEADER)
    log.seen(observation(seen(0)))
    log.ended(End("2026-03-01T21:00:05.000Z", "stop_file", 3))
    log.close()
    header, first, end = path.read_text().splitlines()
    later = json.dumps({"watch": {**json.loads(header)["watch"], "added": 1}})
    former = end.replace("moments_missed", "skipped")
    damaged = ['{"seen":5}', '{"seen":{"at":"x"}}', '{"change":[]}', "[1]", "[" * 100000, "\0\0"]
    path.write_text("\n".join([later, first, *damaged, former, ""]))
    found = collect(watch_options({"log": str(path), "collect": True}))
    keeps_contract(found, "watch")
    assert (found["ended"], found["endpoints"][0]["up"], found["moments_missed"]) == ("stop_file", 1, 0)
    path.write_text('{"watch":5}\n')
    with pytest.raises(OptionError, match="is not the log of a watch"):
        collect(watch_options({"log": str(path), "collect": True}))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"interval": 0}, r"interval 0\.0 is out of range: give a number of seconds of 0\.1 or more\."),
        ({"duration": float("inf")}, r"duration inf is out of range"),
        ({"collect": True}, r"collect True leaves nothing to collect: give the log of the watch\."),
        ({"check": {"via": {}}}, r"check 'via' stands beside it and not within"),
        ({"check": {"test_message": {}}}, r"check\.test_message '\(given\)' would send a message at each interval"),
        ({"targets": [{"host": "a", "transactions": []}]}, r"targets\[0\]\.transactions"),
        ({"intervall": 1}, r"did you mean interval\?"),
    ],
)
def test_wrong_options_are_told(given: t.Any, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        watch_options(given)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, r"^host is missing: "),
        ({"targets": ["a:25"], "check": {"prot": 1}}, r"option 'prot' does not exist"),
        ({"host": "a", "check": {"tls": {"ca_path": "/nowhere"}}}, r"tls\.ca_path"),
    ],
)
def test_a_wrong_check_is_told_and_leaves_no_log(tmp_path: t.Any, given: t.Any, told: str) -> None:
    with pytest.raises(OptionError, match=told):
        watch(watch_options({**given, "log": str(tmp_path / "log")}))
    assert os.listdir(str(tmp_path)) == []


def test_a_log_is_never_overwritten_nor_taken_for_one(tmp_path: t.Any) -> None:
    path = tmp_path / "watch.log"
    path.write_text(json.dumps({"other": 1}))
    with pytest.raises(OptionError, match=r"exists already: collect that watch first"):
        watch(options(25, log=str(path)))
    with pytest.raises(OptionError, match=r"is not the log of a watch"):
        collect(options(25, log=str(path), collect=True))
    with pytest.raises(OptionError, match=r"cannot be read: No such file"):
        collect(options(25, log=str(tmp_path / "none"), collect=True))
    assert path.exists()


def test_a_person_who_looks_on_is_told_of_what_is_no_longer_as_it_was() -> None:
    live = Live()
    rows = [seen(0), seen(1), seen(2, "E: refused no\x1b[31m"), seen(3, "E: refused no"), seen(4), seen(5)]
    lines = [line for made in rows for line in live.lines([observation(made)], [])]
    assert lines == [
        '21:00:00.040  up       mx1.contoso.com [203.0.113.5]:25  220 "mx1.contoso.com ESMTP Postfix"',
        "21:00:02.000  DOWN     mx1.contoso.com [203.0.113.5]:25  refused: no\\x1b[31m",
        '21:00:04.040  up       mx1.contoso.com [203.0.113.5]:25  after 2.0 s: 220 "mx1.contoso.com ESMTP Postfix"',
    ]


def test_the_watch_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with ScenarioServer("ordinary") as server:
        place = f"{HOST}:{server.port}"
        assert main([place, "--interval", "0.2", "--duration", "0.5"]) == 0
    printed = capsys.readouterr().out
    assert f"up       [{HOST}]:{server.port}" in printed
    assert "no outage." in printed
    assert main([place, "--interval", "0.2", "--duration", "0.3"]) == 1
    assert f"DOWN     [{HOST}]:{server.port}  refused: " in capsys.readouterr().out
    assert main([place, "--interval", "never"]) == 2
    assert capsys.readouterr().err == "interval 'never' is not a number: give a number.\n"
