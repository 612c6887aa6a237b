# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holds results against `docs/facts.schema.json`, for tests that get theirs from another process or from a file.

What `mailops_smtp.run.check` returns within a test is held against it already: see conftest.py.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from jsonschema import Draft202012Validator, ValidationError

SCHEMA: dict[str, t.Any] = json.loads(
    Path(__file__).resolve().parents[1].joinpath("docs", "facts.schema.json").read_text(encoding="utf-8")
)

# What stands beside the run in a module's result.
ADDED_BY_ANSIBLE = ("changed", "msg", "invocation", "warnings", "deprecations", "ansible_facts")

_VALIDATORS: dict[str, Draft202012Validator] = {}


def keeps_contract(facts: t.Any, part: str = "run") -> None:
    """Raise an error unless the facts are what the schema says of that part of it, and are JSON through and through.

    A tuple or an integer key would look right in Python and change on its way through Ansible.
    """
    text = json.dumps(facts, allow_nan=False, ensure_ascii=False)
    text.encode("utf-8")
    if json.loads(text) != facts:
        raise AssertionError(f"This {part} changes on its way through JSON: {facts}")
    violations = [_innermost(error) for error in _validator(part).iter_errors(facts)]
    if violations:
        lines = [f"  {error.json_path}: {error.message}" for error in violations]
        raise AssertionError("\n".join([f"This {part} breaks docs/facts.schema.json:", *lines]))


def _validator(part: str) -> Draft202012Validator:
    if part not in _VALIDATORS:
        _VALIDATORS[part] = Draft202012Validator({"$ref": f"#/$defs/{part}", "$defs": SCHEMA["$defs"]})
    return _VALIDATORS[part]


def _innermost(error: ValidationError) -> ValidationError:
    """What is wrong within a value that can also be null, not merely that it is neither the one nor the other."""
    deeper = [cause for cause in error.context or () if cause.validator_value != "null"]
    return _innermost(deeper[0]) if deeper else error
