# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arrows of the house, held against the code: which room may know which, and which modules of Python."""

from __future__ import annotations

import ast
import importlib.util
import sys
import sysconfig
import typing as t
from pathlib import Path

import pytest

CORE = Path(__file__).resolve().parents[2] / "plugins" / "module_utils" / "mailops_smtp"

# What each room may import of the core; a file directly in the core is a room of its own.
MAY_KNOW: t.Dict[str, t.Set[str]] = {
    "dialog": set(),
    "evidence": {"dialog"},
    "expect": {"evidence"},
    "judge": {"evidence", "expect"},
    # It speaks of verdicts and findings, whose words and order judge has.
    "compare": {"evidence", "judge"},
    # A report lays many runs side by side before it writes them down.
    "report": {"compare", "evidence", "judge"},
    # Of evidence it knows the phases, in their order.
    "plan": {"dialog", "evidence", "expect", "files"},
    "files": {"dialog"},
    "route": {"evidence"},
    "wire": {"dialog", "evidence"},
    "vantage": {"evidence", "wire"},
    # Waiting too long is a wrong option.
    "wait": {"plan"},
    # It counts verdicts, and judges nothing.
    "snapshot": {"evidence", "judge"},
    # It makes checks again and again, and compares each with those before it.
    "watch": {"compare", "evidence", "judge", "plan", "run", "vantage"},
    "scenario": {"evidence"},
    # Looks again and again, so it holds conversations of its own.
    "members": {"dialog", "evidence", "wire"},
    "transcripts": {"dialog", "evidence"},
    "mail_routes": {"evidence", "judge", "names", "plan", "route", "vantage"},
    "names": {"plan", "route", "vantage"},
    # How the files of this core are found in an archive.
    "zipped": set(),
    # A mailbox is opened as the plan says, and what was sent is judged by what dialogs brought to light.
    "delivery": {"dialog", "evidence", "plan"},
    # Neither knows what a check is: both are given what to write.
    "journal": set(),
    "progress": set(),
    "interruption": set(),
    "timings": {"evidence"},
    "collecting": set(),
    # What run.py does for each check, many at once.
    "checks": {"dialog", "evidence", "members", "plan", "route", "vantage", "wire"},
    "results": {"evidence", "journal", "judge", "plan", "progress", "report", "timings"},
    "run": {
        "checks",
        "collecting",
        "dialog",
        "evidence",
        "expect",
        "judge",
        "names",
        "plan",
        "progress",
        "results",
        "route",
        "vantage",
        "wait",
        "wire",
    },
    "fitness": {"evidence"},
    "vantage_fitness": {"fitness", "plan", "run", "vantage"},
    "remote": {
        "checks",
        "dialog",
        "evidence",
        "fitness",
        "judge",
        "names",
        "plan",
        "progress",
        "results",
        "route",
        "run",
        "vantage",
        "vantage_fitness",
    },
    "arrival": {"delivery", "evidence", "judge", "plan", "run"},
}

_INPUT_AND_OUTPUT = {"asyncio", "os", "pathlib", "selectors", "socket", "ssl", "subprocess"}
_TIME = {"datetime", "random", "threading", "time"}

# Modules that a room has to do without, since everything is given to it.
MAY_NOT_USE: t.Dict[str, t.Set[str]] = {
    "dialog": _INPUT_AND_OUTPUT | _TIME,
    "evidence": _INPUT_AND_OUTPUT | _TIME,
    "expect": _INPUT_AND_OUTPUT | _TIME,
    "judge": _INPUT_AND_OUTPUT | _TIME,
    "compare": _INPUT_AND_OUTPUT | _TIME,
    "report": _INPUT_AND_OUTPUT | _TIME,
    "transcripts": _INPUT_AND_OUTPUT | _TIME,
    # It reads the dates that users write, and does not ask for today's.
    "plan": _INPUT_AND_OUTPUT | _TIME - {"datetime"},
}

# Nothing else is installed on a target. All are guarded: see the file that imports them.
THIRD_PARTY = {"route": {"dns", "dmarc", "spf"}, "vantage": {"paramiko"}}


class Import(t.NamedTuple):
    """``room`` for a part of the core, ``module`` for what is outside of it."""

    file: Path
    line: int
    room: t.Optional[str]
    module: t.Optional[str]

    def __str__(self) -> str:
        return f"{self.file.relative_to(CORE)}:{self.line} imports {self.room or self.module}"


def room_of(file: Path) -> str:
    first = file.relative_to(CORE).parts[0]
    return first[: -len(".py")] if first.endswith(".py") else first


def imports(file: Path, source: str) -> t.Iterator[Import]:
    """All imports of a file, wherever they stand, but for those that only a type checker follows."""
    waiting: t.List[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.dump(node.test) in _TYPE_CHECKING:
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(file, node.lineno, None, name.name.split(".")[0])
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield Import(file, node.lineno, None, (node.module or "").split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            above = file.relative_to(CORE).parts[: -node.level]
            path = [*above, *(node.module.split(".") if node.module else [])]
            for room in [path[0]] if path else [name.name for name in node.names]:
                yield Import(file, node.lineno, room, None)


_TYPE_CHECKING = {ast.dump(ast.parse(text, mode="eval").body) for text in ("t.TYPE_CHECKING", "TYPE_CHECKING")}
FILES = sorted(file for file in CORE.rglob("*.py") if file.name != "__init__.py" or file.parent != CORE)
IMPORTS = [found for file in FILES for found in imports(file, file.read_text(encoding="utf-8"))]


def test_every_room_is_in_the_table():
    assert {room_of(file) for file in FILES} == set(MAY_KNOW)


def test_rooms_know_only_whom_they_may_know():
    forbidden = [
        str(found)
        for found in IMPORTS
        if found.room is not None and found.room not in {room_of(found.file)} | MAY_KNOW[room_of(found.file)]
    ]
    assert forbidden == []


def test_rooms_that_are_given_everything_fetch_nothing():
    forbidden = [str(found) for found in IMPORTS if found.module in MAY_NOT_USE.get(room_of(found.file), set())]
    assert forbidden == []


def in_standard_library(module: str) -> bool:
    spec = importlib.util.find_spec(module)
    origin = Path(spec.origin) if spec is not None and spec.origin is not None else Path()
    home = Path(sysconfig.get_path("stdlib"))
    built_in = module in sys.builtin_module_names or str(origin) == "frozen"
    return built_in or (home in origin.parents and "site-packages" not in origin.parts)


def test_the_core_needs_the_standard_library_alone():
    forbidden = [
        str(found)
        for found in IMPORTS
        if found.module is not None
        and found.module not in THIRD_PARTY.get(room_of(found.file), set())
        and not in_standard_library(found.module)
    ]
    assert forbidden == []
    assert not in_standard_library("pytest")
    assert not in_standard_library("no_such_module")


def test_the_core_has_no_name_of_its_own():
    """It is `mailops_smtp` for Nornir and a part of `ansible_collections` for Ansible, so its imports are relative."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in FILES)
    assert "import mailops_smtp" not in text
    assert "from mailops_smtp" not in text


@pytest.mark.parametrize(
    ("path", "source", "found"),
    [
        ("dialog/replies.py", "import socket", [(None, "socket")]),
        ("dialog/replies.py", "import os.path, time", [(None, "os"), (None, "time")]),
        ("dialog/replies.py", "from concurrent.futures import Future", [(None, "concurrent")]),
        ("dialog/replies.py", "from .commands import quit", [("dialog", None)]),
        ("dialog/replies.py", "from . import commands", [("dialog", None)]),
        ("dialog/replies.py", "from ..wire.talk import Talk", [("wire", None)]),
        ("dialog/replies.py", "from .. import wire, plan", [("wire", None), ("plan", None)]),
        ("judge/signatures/auth.py", "from ...wire import talk", [("wire", None)]),
        ("judge/signatures/auth.py", "from ..signature import Signature", [("judge", None)]),
        ("plan/planning.py", "from ..run import check", [("run", None)]),
        ("dialog/replies.py", "def late():\n    import socket", [(None, "socket")]),
        ("dialog/replies.py", "if t.TYPE_CHECKING:\n    import socket", []),
        ("dialog/replies.py", "if TYPE_CHECKING:\n    pass\nelse:\n    import socket", [(None, "socket")]),
    ],
)
def test_this_test_sees_every_import(path, source, found):
    assert [(seen.room, seen.module) for seen in imports(CORE / path, source)] == found
