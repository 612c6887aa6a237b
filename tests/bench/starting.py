# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs to start: the processor time of a Python that imports the core, above that of one that does nothing.

python -m tests.bench.starting [INTERPRETER]
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import typing as t
import zipfile
from pathlib import Path

from mailops_smtp.remote import baggage

from .measure import LIBRARY

CHECK = "import sys; sys.path.insert(0, {place!r}); import mailops_smtp.run, mailops_smtp.results"
# It is refused before anything is sent.
ASKED = {"options": {"no_such_option": 1}, "check_mode": True, "files": {}}


def rows(rounds: int, interpreter: str = sys.executable) -> t.Iterator[dict[str, t.Any]]:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "core.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for file in Path(LIBRARY, "mailops_smtp").rglob("*.py"):
                packed.write(file, file.relative_to(LIBRARY))
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(Path(folder) / "kept")
            packed.extractall(Path(folder) / "sources")
        kept, sources, zipped = (CHECK.format(place=f"{folder}/{name}") for name in ("kept", "sources", "core.zip"))
        ways: dict[str, tuple[list[str], bytes]] = {
            "nothing": (["-c", "pass"], b""),
            "Python's ssl and socket": (["-c", "import ssl, socket"], b""),
            "a check, from byte code": (["-c", kept], b""),
            "a check, from sources": (["-B", "-c", sources], b""),
            "a check, from an archive of sources": (["-B", "-c", zipped], b""),
            "what goes to a vantage over SSH": (["-"], baggage.script(ASKED, "", False)),
        }
        took: dict[str, list[float]] = {name: [] for name in ways}
        for _round in range(rounds + 1):  # the first writes the byte code
            for name, (words, script) in ways.items():
                took[name].append(_processor_time([interpreter, *words], script))
        bare = min(took.pop("nothing"))
        print(f"\nstarting, above {bare * 1000:.0f} ms of a Python that does nothing; the shortest of {rounds}")
        for name, each in took.items():
            above = (min(each[1:]) - bare) * 1000
            print(f"  {name:36} {above:6.0f} ms CPU")
            yield {"title": "starting", "client": name, "cpu_ms": round(above, 1)}


def _processor_time(argv: list[str], script: bytes) -> float:
    # Without what is set for Python here, such as to write no byte code.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, input=script, env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    for _row in rows(10, *sys.argv[1:]):
        pass
