# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs kept for later: joined, written, read, by this version and by the next."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import stat

import pytest
from mailops_smtp import snapshot
from mailops_smtp.compare import comparison, matrix
from mailops_smtp.judge import judge_run
from mailops_smtp.snapshot.file import versions

from tests.core.dialogs import HEALTHY, check
from tests.facts_contract import keeps_contract


def run(number, *vantages):
    """A run as the module returns it, with what Ansible puts beside it."""
    checks = [check(HEALTHY, vantage={"name": vantage}) for vantage in vantages]
    return {
        "schema_version": 1,
        "run_id": f"{number:08d}-0000-0000-0000-000000000000",
        "label": None,
        "started_at": f"2026-03-01T21:04:1{number}.000Z",
        "finished_at": f"2026-03-01T21:05:1{number}.000Z",
        "plan": {"asked": {"auth": {"password": "********"}}, "warnings": [], "would_send": None},
        "vantages": [checks[0]["vantage"]],
        **judge_run(checks),
        "invocation": {"module_args": {"auth": {"password": "secret"}}},
        "changed": False,
    }


def test_runs_become_one_record_that_keeps_the_contract():
    made = snapshot.merge([run(1, "a"), {"results": [run(2, "b")]}], "before", versions())
    keeps_contract(made, "snapshot")
    assert made["label"] == "before"
    assert [entry["vantage"] for entry in made["runs"]] == ["a", "b"]
    assert [entry["name"] for entry in made["vantages"]] == ["a", "b"]
    assert [entry["host"] for entry in made["endpoints"]] == ["mx1.contoso.com"]
    assert (made["started_at"], made["finished_at"]) == ("2026-03-01T21:04:11.000Z", "2026-03-01T21:05:12.000Z")
    assert made["summary"] == "2 checks from 2 vantages, of 1 endpoint: 2 pass."
    assert "secret" not in json.dumps(made)


def test_snapshots_of_slices_are_joined_and_a_run_counts_once():
    slices = [snapshot.merge(run(1, "a"), "before", versions()), snapshot.merge(run(2, "b"), "before", versions())]
    joined = snapshot.merge([*slices, slices[0], run(2, "b")])
    keeps_contract(joined, "snapshot")
    assert joined["checks"] == slices[0]["checks"] + slices[1]["checks"]
    assert (joined["label"], joined["versions"]) == ("before", versions())
    assert snapshot.merge([snapshot.merge(run(1, "a"), "x"), snapshot.merge(run(2, "b"), "y")])["label"] is None


def test_nothing_is_a_snapshot_too():
    made = snapshot.merge([], "before", versions())
    keeps_contract(made, "snapshot")
    assert (made["verdict"], made["summary"]) == ("not_tested", "No check was made.")


@pytest.mark.parametrize("name", ["before.json", "before.json.gz"])
def test_what_was_written_is_read_again(tmp_path, name):
    made = snapshot.merge([run(1, "a"), run(2, "b")], "before", versions())
    path = tmp_path / name
    snapshot.write(str(path), made)
    assert snapshot.read(str(path)) == made
    assert (path.read_bytes()[:2] == b"\x1f\x8b") is name.endswith(".gz")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert matrix(snapshot.read(str(path)))["vantages"] == ["a", "b"]
    assert comparison(made, snapshot.read(str(path)))["unchanged"] == 2
    assert comparison(made, made)["before"]["label"] == "before"


def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "before.json"
    snapshot.write(str(path), snapshot.merge(run(1, "a"), "first"))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(snapshot.SnapshotError, match=r"before\.json cannot be written: No space left on device"):
        snapshot.write(str(path), snapshot.merge(run(1, "a"), "second"))
    assert snapshot.read(str(path))["label"] == "first"
    assert os.listdir(str(tmp_path)) == ["before.json"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(snapshot.SnapshotError, match=r"cannot be written: No such file or directory"):
        snapshot.write(str(tmp_path / "missing" / "before.json"), snapshot.merge(run(1, "a")))
    with pytest.raises(snapshot.SnapshotError, match=r"cannot be read: No such file or directory"):
        snapshot.read(str(tmp_path / "before.json"))


def test_what_is_no_file_is_not_replaced_by_one(tmp_path):
    pipe = tmp_path / "before.json"
    os.mkfifo(pipe)
    with pytest.raises(
        snapshot.SnapshotError, match=r"before\.json cannot be written: it is there, and no regular file"
    ):
        snapshot.write(str(pipe), {})
    assert pipe.is_fifo()


def kept(tmp_path, record, compress=False):
    path = tmp_path / "kept.json"
    data = record if isinstance(record, bytes) else json.dumps(record).encode("utf-8")
    path.write_bytes(gzip.compress(data) if compress else data)
    return str(path)


def test_what_an_earlier_version_wrote_is_read(tmp_path):
    made = snapshot.merge(run(1, "a"), "before", versions())
    for name in ("expect", "transactions", "unmet", "not_tested"):
        del made["checks"][0][name]
    del made["checks"][0]["tls"]["name_matches"], made["checks"][0]["endpoint"]["preference"]
    again = snapshot.read(kept(tmp_path, made))
    assert again["checks"][0]["unmet"] == []
    assert comparison(again, snapshot.merge(run(2, "a")))["regressions"] == []


def test_fields_that_a_later_version_added_do_no_harm(tmp_path):
    made = {**snapshot.merge(run(1, "a"), "before"), "weather": "fine"}
    made["checks"][0]["weather"] = "fine"
    assert comparison(snapshot.read(kept(tmp_path, made)), snapshot.merge(run(2, "a")))["unchanged"] == 1


def test_a_run_that_was_kept_as_it_came_is_read_as_a_snapshot(tmp_path):
    assert snapshot.read(kept(tmp_path, run(1, "a"))) == snapshot.merge(run(1, "a"))


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (b"{", r"kept\.json: this is no snapshot: it is not JSON \(Expecting property name"),
        (b"\xff\xfe", r"kept\.json: this is no snapshot: it is not JSON \('utf-8' codec"),
        ([], r"kept\.json: this is no snapshot: it has no list of checks"),
        ({"checks": []}, r"the snapshot has no schema_version"),
        ({"checks": [], "schema_version": 2}, r"has schema_version 2, which a later version .* reads up to 1"),
        ({"checks": [3], "schema_version": 1, "runs": []}, r"checks\[0\] is not a check"),
        ({"checks": [{}], "schema_version": 1, "runs": []}, r"checks\[0\]\.vantage is missing"),
        ({"checks": [], "schema_version": 1, "runs": [], "verdict": "splendid"}, r"its verdict is 'splendid'"),
    ],
)
def test_what_is_no_snapshot_is_refused_in_a_sentence(tmp_path, record, told):
    with pytest.raises(snapshot.SnapshotError, match=told):
        snapshot.read(kept(tmp_path, record))


def test_a_damaged_or_endless_file_is_refused(tmp_path, monkeypatch):
    path = kept(tmp_path, run(1, "a"), compress=True)
    with open(path, "rb") as stream:
        data = stream.read()
    (tmp_path / "cut.gz").write_bytes(data[:-20])
    with pytest.raises(snapshot.SnapshotError, match=r"cut\.gz cannot be read: "):
        snapshot.read(str(tmp_path / "cut.gz"))
    # Gzip's own header and each part of what it has compressed.
    for position in range(2, len(data) - 8, max(1, len(data) // 100)):
        (tmp_path / "rotten.gz").write_bytes(data[:position] + b"\xff\x00\xff\x00" + data[position + 4 :])
        with contextlib.suppress(snapshot.SnapshotError):
            snapshot.read(str(tmp_path / "rotten.gz"))
    (tmp_path / "deep").write_text("[" * 200000, encoding="ascii")
    with pytest.raises(snapshot.SnapshotError, match="it is not JSON"):
        snapshot.read(str(tmp_path / "deep"))
    monkeypatch.setattr("mailops_smtp.snapshot.file.MOST_OCTETS", 1000)
    with pytest.raises(snapshot.SnapshotError, match=r"is larger than 1000 octets"):
        snapshot.read(path)


@pytest.mark.parametrize("given", [None, "text", {"msg": "unreachable"}, [{"checks": None}]])
def test_what_holds_no_checks_is_refused(given):
    with pytest.raises(snapshot.SnapshotError, match=r"^expected results of mailops\.smtp\.smtp_check"):
        snapshot.merge(given)


def test_a_part_of_a_run_is_refused():
    part = run(1, "a")
    del part["run_id"]
    with pytest.raises(snapshot.SnapshotError, match=r"^a run has no run_id"):
        snapshot.merge(part)


def test_the_mail_domains_of_the_runs_are_kept_and_count_as_their_senders_would_experience_them():
    def of_domain(number, vantage):
        checks = [
            check("E: refused nothing listens there", vantage={"name": vantage}),
            check(HEALTHY, vantage={"name": vantage}, endpoint={"host": "mx2.contoso.com", "preference": 20}),
        ]
        known = {"vantage": vantage, "target": "contoso.com", "domain": "contoso.com", "port": 25, "route": None}
        return {**run(number, vantage), **judge_run(checks, [known])}

    made = snapshot.merge([of_domain(1, "a"), of_domain(2, "b")])
    keeps_contract(made, "snapshot")
    assert [(domain["vantage"], domain["verdict"]) for domain in made["domains"]] == [
        ("a", "degraded"),
        ("b", "degraded"),
    ]
    assert (made["verdict"], made["counts"]) == ("degraded", {"pass": 2, "fail": 2})
    assert snapshot.merge([made]) == {**made, "versions": None}
    old = {**of_domain(1, "a")}
    old["domains"] = [{name: value for name, value in old["domains"][0].items() if name != "vantage"}]
    assert snapshot.merge([old])["domains"][0]["vantage"] == "a"
    with pytest.raises(snapshot.SnapshotError, match=r"domains\[0\] is no mail domain"):
        snapshot.merge([{**old, "domains": ["contoso.com"]}])
