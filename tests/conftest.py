# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every run that any test makes is held against the published schema, whatever the test itself looks at."""

from __future__ import annotations

import functools
import importlib
import typing as t

import pytest

from tests.facts_contract import keeps_contract

# One file, which Python knows under the name that Nornir and the wheel use and under the one that Ansible uses.
NAMES_OF_RUN = ("mailops_smtp.run", "ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.run")


# Last, so that the collection's folders are there; still before any test module can import `check`.
@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    for name in NAMES_OF_RUN:
        run = importlib.import_module(name)
        run.check = _held_to_contract(run.check)


def _held_to_contract(check: t.Callable[..., dict[str, t.Any]]) -> t.Callable[..., dict[str, t.Any]]:
    @functools.wraps(check)
    def checked(*arguments: t.Any, **options: t.Any) -> dict[str, t.Any]:
        run = check(*arguments, **options)
        keeps_contract(run)
        return run

    return checked
