# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible as a user starts it, on loopback: no root and no lab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.facts_contract import ADDED_BY_ANSIBLE, keeps_contract

SECONDS = 60


class Ansible:
    """``ansible localhost -m mailops.smtp.smtp_check``, with a home directory of the test's own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            **os.environ,
            "HOME": str(home),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        }

    def command(self, arguments: t.Mapping[str, t.Any] | str, *more: str) -> list[str]:
        written = arguments if isinstance(arguments, str) else json.dumps(arguments)
        program = str(Path(sys.executable).with_name("ansible"))
        interpreter = f"ansible_python_interpreter={sys.executable}"
        return [program, "localhost", "-e", interpreter, "-m", "mailops.smtp.smtp_check", "-a", written, *more]

    def smtp_check(self, arguments: t.Mapping[str, t.Any] | str, *more: str) -> tuple[str, dict[str, t.Any]]:
        """What is printed, and the result in it."""
        done = subprocess.run(
            self.command(arguments, *more),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        printed = done.stdout + done.stderr
        start = done.stdout.find("=> {")
        assert start >= 0, printed
        result: dict[str, t.Any] = json.JSONDecoder().raw_decode(done.stdout[start + 3 :])[0]
        if "checks" in result:
            keeps_contract({key: value for key, value in result.items() if key not in ADDED_BY_ANSIBLE})
        return printed, result


@pytest.fixture
def ansible(tmp_path: Path) -> Ansible:
    return Ansible(tmp_path)
