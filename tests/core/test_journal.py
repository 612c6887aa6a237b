# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evidence file: whole up to its last record, whenever its writer was killed."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mailops_smtp import journal
from mailops_smtp.journal import Journal, records

LIBRARY = Path(journal.__file__).parents[1]

# Writes until it is killed, and says when there is something.
WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from mailops_smtp import journal
journal.MEMBER_SECONDS = 0.0 if sys.argv[3] == "often" else 3600.0
journal.MEMBER_OCTETS = 20_000
written = journal.Journal(sys.argv[2])
number = 0
while True:
    written.write({"record": "check", "number": number, "text": "x" * 500})
    number += 1
    if number == 100:
        print("written", flush=True)
"""


@pytest.mark.parametrize("name", ["evidence.jsonl", "evidence.jsonl.gz"])
def test_what_is_written_can_be_read(name, tmp_path):
    path = tmp_path / name
    path.write_text("what was there before")
    written = [{"record": "run", "text": "Größe \u2028 {{ inert }}"}, {"record": "end", "number": 1.5, "none": None}]
    made = Journal(str(path))
    for record in written:
        made.write(record)
    made.close()
    assert list(records(str(path))) == written
    octets = path.read_bytes()
    text = gzip.decompress(octets) if name.endswith(".gz") else octets
    assert [json.loads(line) for line in text.splitlines()] == written


@pytest.mark.parametrize("name", ["evidence.jsonl", "evidence.jsonl.gz"])
@pytest.mark.parametrize("how", ["often", "seldom"])
def test_a_kill_costs_no_more_than_the_last_record(name, how, tmp_path):
    path = tmp_path / name
    arguments = [sys.executable, "-c", WRITER, str(LIBRARY), str(path), how]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "written\n"
        os.kill(writer.pid, signal.SIGKILL)
    found = [record["number"] for record in records(str(path))]
    assert found == list(range(len(found)))
    assert len(found) >= 60
    if name.endswith(".gz"):
        # Not only we can read it: what was compressed is a whole file to every tool.
        done = subprocess.run(["gzip", "-dc", str(path)], capture_output=True, check=False)
        assert done.stdout.count(b"\n") >= len(found) - 60


def test_a_line_that_was_cut_off_is_left_out(tmp_path):
    path = tmp_path / "evidence.jsonl"
    path.write_bytes(b'{"number":0}\n{"numb')
    assert list(records(str(path))) == [{"number": 0}]


def test_a_member_that_was_cut_off_is_left_out(tmp_path):
    path = tmp_path / "evidence.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"number":0}\n') + gzip.compress(b'{"number":1}\n')[:12])
    assert list(records(str(path))) == [{"number": 0}]


def test_compressed_records_wait_for_half_a_second_at_most(tmp_path):
    moments = [0.0]
    path = tmp_path / "evidence.jsonl.gz"
    made = Journal(str(path), clock=lambda: moments[0])
    made.write({"number": 0})
    assert path.read_bytes() == b""
    moments[0] = journal.MEMBER_SECONDS
    made.write({"number": 1})
    assert len(list(records(str(path)))) == 2
    made.close()


def test_a_value_that_is_not_json_is_refused(tmp_path):
    made = Journal(str(tmp_path / "evidence.jsonl"))
    with pytest.raises(ValueError, match="JSON compliant"):
        made.write({"number": float("nan")})
    made.close()
