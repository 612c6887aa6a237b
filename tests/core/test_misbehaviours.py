# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way to misbehave that is known: what is kept of it, word for word, how long it takes, how much memory it costs.

MISBEHAVIOURS (misbehaviours.py) is the table of them, and says where each is tested: most are behaviours of the
scripted server, played here over a real connection.
"""

from __future__ import annotations

import ast
import re
import tracemalloc
import typing as t
from pathlib import Path

import pytest
from mailops_smtp.report.transcript import transcript
from mailops_smtp.run import check
from mailops_smtp.scenario import BEHAVIOURS, ScenarioServer

from tests.core.dialogs import ids
from tests.core.misbehaviours import CLOSED, ENDED, MISBEHAVIOURS, PLAYED, RESET, SILENT_SECONDS, Played
from tests.core.test_judge_scenarios import EXPECTED

TESTS = Path(__file__).parents[1]
# What a busy machine may add to a time limit.
SLACK = 2.0


# The table.


@pytest.mark.parametrize("row", MISBEHAVIOURS)
def test_every_row_has_its_tests(row):
    assert MISBEHAVIOURS[row], "a row without a test"
    for place in MISBEHAVIOURS[row]:
        file, _colons, test = place.partition("::")
        if test:
            tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
            assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        else:
            assert place in PLAYED or place in ENDED


def test_everything_that_is_played_belongs_to_a_row():
    named = {place for places in MISBEHAVIOURS.values() for place in places}
    assert {*PLAYED, *ENDED} - named == set()


def test_every_behaviour_of_the_scripted_server_is_expected_to_come_to_something():
    # Servers that do what they may are the matter of other tests; two have a test of their own below.
    others = {"smtps", "lmtp", "starttls-stripped", "tarpit", "rate-limit"}
    others |= {"two-recipients", "two-recipients-announced", "pipelining-lost"}
    others |= {"chunking", "chunk-refused-552", "prdr", "seven-bit"}
    others |= {"scram", "scram-plus", "scram-plus-elsewhere"}
    others |= {"chunking", "chunk-refused-552", "prdr", "seven-bit"}
    assert set(BEHAVIOURS) - {*PLAYED, *ENDED, *EXPECTED} == others


# What is kept of it.


def played(name: str, pause: float = 0.0, *, reply_seconds: float = 10.0, tls: t.Any = None, **options: t.Any) -> t.Any:
    """The check of a server with this behaviour, and what its sessions were."""
    with ScenarioServer(name, pause=pause, tls=tls) as server:
        run = check(
            {
                "targets": [{"host": server.host, "port": server.port}],
                "helo_name": "test.contoso.com",
                "sender": "admin@test.com",
                "recipients": ["user@contoso.com"],
                "timeouts": {"connect": 10, "reply": reply_seconds, "total": 30},
                **options,
            }
        )
    (made,) = run["checks"]
    assert made["seconds"] < reply_seconds + SLACK
    assert [step["error"] for step in made["steps"] if step["error"] and step["error"]["kind"] == "crashed"] == []
    return made


@pytest.mark.parametrize("name", PLAYED)
def test_the_evidence_is_complete(name, server_tls):
    expected: Played = PLAYED[name]
    seconds = SILENT_SECONDS if expected.silent else 10.0
    behaviour = expected.behaviour or name
    tls = server_tls if BEHAVIOURS[behaviour].needs_certificate else None
    made = played(behaviour, expected.pause, reply_seconds=seconds, tls=tls)
    lines = [without_what_varies(line) for line in transcript(made).splitlines()]
    if expected.lost and lines[-1] == RESET:
        lines[-1] = CLOSED
    assert lines == ["---   connected", *expected.transcript]
    flaws = {flaw for step in made["steps"] if step["reply"] for flaw in step["reply"]["flaws"]}
    assert flaws == set(expected.flaws)
    found = set(ids(made)) - {"ehlo.starttls_missing", "ehlo.dsn_missing", "tls.incomplete"}
    assert (made["verdict"], found) == (expected.verdict, set(expected.findings))


def without_what_varies(line: str) -> str:
    """A transcript's line without times, and without the words of OpenSSL."""
    line = re.sub(r"^ *\d+\.\d{3}  | in [\d.]+ m?s$", "", line)
    line = re.sub(r"\bTLS failed: [a-z0-9 ]+ \(", "TLS failed (", line)
    return re.sub(r" \([A-Z_]+\)\.$", ".", re.sub(r"^TLS   \S+ \S+", "TLS  ", line))


def test_a_tarpit_gets_no_more_time_than_anybody():
    made = played("tarpit", 0.05, reply_seconds=SILENT_SECONDS)
    connect, banner = made["steps"]
    assert (connect["error"], banner["error"]["kind"]) == (None, "silent")
    (begun,) = banner["reply"]["lines"]
    assert begun
    assert "220 mail ESMTP".startswith(begun)
    assert ids(made) == ["ban.unfinished"]
    patient = played("tarpit", 0.001)
    assert (patient["reached"], patient["banner"]["lines"]) == ("rcpt", ["mail ESMTP"])


@pytest.mark.parametrize("name", ["endless-banner", "line-without-end", "ten-megabyte-reply"])
def test_however_much_comes_little_is_held(name):
    played("ordinary")  # what the first check of all imports and prepares is nobody's fault
    tracemalloc.start()
    try:
        made = played(name)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert made["steps"][-1]["error"]["kind"] == "too_large"
    kept = made["steps"][-1]["reply"]
    assert "incomplete" in kept["flaws"]
    assert sum(map(len, kept["lines"])) <= 65536
    assert peak < 2_000_000


def test_the_third_connection_is_one_too_many():
    with ScenarioServer("rate-limit") as server:
        target = {"host": server.host, "port": server.port}
        targets = [{**target, "helo_name": f"test{number}.contoso.com"} for number in range(5)]
        run = check({"targets": targets, "connections": {"per_server": 1}})
        assert len(server.sessions) == 3, "whoever was told to go does not come again"
    verdicts = [made["verdict"] for made in run["checks"]]
    assert verdicts == ["pass", "pass", "inconclusive", "not_tested", "not_tested"]
    assert run["verdict"] == "inconclusive"
    assert ids(run["checks"][2]) == ["proto.421_rate"]


def test_after_the_first_contact_everything_is_as_usual():
    with ScenarioServer("first-contact-450") as server:
        target = {"host": server.host, "port": server.port, "recipients": ["user@contoso.com"]}
        verdicts = [check({"targets": [target]})["verdict"] for _time in range(2)]
    assert verdicts == ["deferred", "pass"]


# Every point at which a dialog can end.

AUTH = {"username": "probe", "password": "battery-staple", "mechanism": "LOGIN", "allow_clear_text": True}
# More than the buffers of a connection take.
LARGE = ("x" * 78 + "\r\n") * 100_000
OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "at-auth": {"auth": AUTH},
    "in-challenge": {"auth": AUTH},
    "at-chunk": {"test_message": {"transfer": "bdat", "chunk_size": 100}},
    "in-content": {"test_message": {"body": LARGE}},
}
PHASES = {"at-helo": "ehlo", "at-chunk": "data", "in-reply": "ehlo", "in-challenge": "auth", "in-content": "message"}
# What the server has of QUIT: where it would be something else, or nobody hears it, it is not said.
FAREWELL = {"at-ehlo", "at-helo", "at-starttls", "at-mail", "at-rcpt", "at-message", "in-reply"}


@pytest.fixture(scope="module")
def faultless():
    """The steps of a dialog in which nothing goes wrong, with the options for a point."""
    known: t.Dict[str, t.Any] = {}

    def steps(point: str) -> t.Any:
        if point not in known:
            name = {"at-helo": "refuses-ehlo", "at-chunk": "chunking"}.get(point, "ordinary")
            known[point] = played(name, **{"test_message": {}, **OPTIONS.get(point, {})})["steps"]
        return known[point]

    return steps


@pytest.mark.parametrize("name", ENDED)
def test_the_server_ends_it_before_its_time(name, faultless):
    end, point = ENDED[name]
    phase = PHASES.get(point, point.partition("-")[2])
    options = {"test_message": {}, **OPTIONS.get(point, {})}
    made = played(name, reply_seconds=SILENT_SECONDS if end == "silent" else 10.0, **options)
    steps = made["steps"]
    last = next(step for step in steps if step["error"] or (step["reply"] and step["reply"]["code"] == 421))
    position = steps.index(last)
    # All that came before is there, as in the dialog that nothing ends.
    before = [(step["phase"], said(step)) for step in faultless(point)]
    whole = before if point != "at-starttls" else [*before[:3], ("starttls", "STARTTLS")]
    assert [(step["phase"], said(step)) for step in steps[: position + 1]] == whole[: position + 1]
    assert last["phase"] == phase
    if end == "421":
        assert (last["reply"]["code"], last["reply"]["enhanced"], last["error"]) == (421, "4.3.2", None)
    else:
        # Whoever closes with something unread resets (RFC 9293 3.6.1).
        kinds = {end, "reset"} if point == "in-content" else {end}
        assert last["error"]["kind"] in {"closed" if kind == "close" else kind for kind in kinds}
        kept = last["reply"]["lines"] if last["reply"] else None
        assert kept == (["250-mail.contoso.com", "250-SIZE 10485760"] if point == "in-reply" else None)
    farewell = [] if end != "silent" or point not in FAREWELL else [("quit", "QUIT")]
    if name == "silent-in-content":
        farewell = [("quit", "QUIT")]  # it has read all of the message, and may read on
    assert [(step["phase"], said(step)) for step in steps[position + 1 :]] == farewell
    assert made["failed_phase"] == (None if phase == "quit" else phase)
    if point == "at-chunk":
        assert (made["message"]["outcome"], made["message"]["transfer"]) == (
            "deferred" if end == "421" else "not_sent",
            "bdat",
        )
    if phase == "message":
        outcome = "deferred" if end == "421" else "unknown"
        assert made["message"]["outcome"] == outcome


def said(step: t.Mapping[str, t.Any]) -> t.Optional[str]:
    """The command, without what depends on the message's size and on STARTTLS being offered."""
    return step["sent"] and re.sub(r" SIZE=\d+|\d+ octets", "", step["sent"])
