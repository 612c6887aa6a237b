# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every run that any test makes is held against the published schema, whatever the test itself looks at."""

from __future__ import annotations

import functools
import importlib
import signal
import typing as t

import pytest

from tests.facts_contract import keeps_contract

# One file, which Python knows under the name that Nornir and the wheel use and under the one that Ansible uses.
RUN = "mailops_smtp.run"
RUN_IN_COLLECTION = f"ansible_collections.mailops.smtp.plugins.module_utils.{RUN}"


def _hold_to_contract(name: str) -> None:
    run = importlib.import_module(name)
    check = run.check

    @functools.wraps(check)
    def checked(*arguments: t.Any, **options: t.Any) -> dict[str, t.Any]:
        made = check(*arguments, **options)
        keeps_contract(made)
        return made

    run.check = checked


# At once: the next conftest.py may import `check` already.
_hold_to_contract(RUN)


# Last, since the collection can be imported only once the root's conftest.py has made its folders.
@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    # Whoever is started in the background ignores Ctrl-C, and so do its children: those of these tests must not.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _hold_to_contract(RUN_IN_COLLECTION)
