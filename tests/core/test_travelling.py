# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible sends the core to targets, file by file, in an archive of sources, and does so for each task anew."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import typing as t
import zipfile
from pathlib import Path

import pytest

from .test_architecture import CORE, room_of

COLLECTION = CORE.parents[2]

# What Ansible packs for each check. The rooms that compare, write reports or wait for mail are not needed there.
ROOMS_OF_A_CHECK = {
    "checks",
    "collecting",
    "dialog",
    "evidence",
    "expect",
    "files",
    "interruption",
    "journal",
    "judge",
    "members",
    "names",
    "plan",
    "progress",
    "report",
    "results",
    "route",
    "run",
    "timings",
    "vantage",
    "wait",
    "wire",
    "zipped",
}

FROM_ARCHIVE = """
import json, sys
compiled = []
sys.addaudithook(lambda event, args: compiled.append(str(args[1])) if event == "compile" else None)
sys.path.insert(0, sys.argv[1])
import mailops_smtp.run
modules = {name: module for name, module in sys.modules.items() if name.startswith("mailops_smtp.")}
facts = {
    name: [module.__file__, module.__package__, bool(module.__loader__.get_source(name))]
    for name, module in modules.items()
}
# What is not there is missing in the usual way.
try:
    import mailops_smtp.judge.no_such_module
except ModuleNotFoundError as error:
    missing = str(error)
print(json.dumps([[name for name in compiled if name.startswith(sys.argv[1])], facts, missing]))
"""


@pytest.mark.parametrize("module", ["smtp_check", "mail_arrival"])
def test_what_travels_with_a_check_is_what_checks_need(module: str) -> None:
    found = _travelling_with(COLLECTION / "plugins" / "modules" / f"{module}.py")
    needed = ROOMS_OF_A_CHECK | ({"arrival", "delivery"} if module == "mail_arrival" else set())
    assert {room_of(file) for file in found} - {"__init__"} == needed
    of_reports = {file.name for file in found if room_of(file) == "report"}
    assert of_reports == {"__init__.py", "detail.py", "transcript.py"}
    # Ansible looks into functions and into what is for type checkers alone, too.
    assert {CORE / "judge" / "expectations.py", CORE / "expect" / "policies.py"} <= found


def _travelling_with(module: Path) -> t.Set[Path]:
    found: t.Set[Path] = set()
    left = list(_imported(module))
    while left:
        file = left.pop()
        if file not in found:
            found.add(file)
            left += _imported(file)
    return found


def _imported(file: Path) -> t.Iterator[Path]:
    """The files of the core that a file imports, by whatever statement, and those of the packages around them."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        words = (node.module or "").split(".") if node.module else []
        if node.level:
            place = file.parents[node.level - 1]
        elif CORE.name in words:
            place, words = CORE, words[words.index(CORE.name) + 1 :]
        else:
            continue
        yield CORE / "__init__.py"
        for path in ([*words, name.name] for name in node.names):
            for depth in range(1, len(path) + 1):
                inner = place.joinpath(*path[:depth])
                yield from (known for known in (inner.with_suffix(".py"), inner / "__init__.py") if known.exists())


def test_out_of_an_archive_each_file_is_compiled_once(tmp_path: Path) -> None:
    archive = tmp_path / "core.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in CORE.rglob("*.py"):
            packed.write(file, Path(CORE.name) / file.relative_to(CORE))
    argv = [sys.executable, "-I", "-c", FROM_ARCHIVE, str(archive)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    compiled, modules, missing = json.loads(done.stdout)
    inside = [Path(name).relative_to(archive / CORE.name).as_posix() for name in compiled]
    # These come before anything can be done about it.
    own = [name for name in inside if name not in ("__init__.py", "zipped.py")]
    assert {"run.py", "judge/__init__.py", "wire/engine.py"} <= set(own)
    assert sorted(own) == sorted(set(own))
    for name, found in modules.items():
        place = archive.joinpath(*name.split("."))
        is_package = CORE.parent.joinpath(*name.split(".")).is_dir()
        file, package = (place / "__init__.py", name) if is_package else (f"{place}.py", name.rpartition(".")[0])
        assert found == [str(file), package, True]
    assert missing == "No module named 'mailops_smtp.judge.no_such_module'"
