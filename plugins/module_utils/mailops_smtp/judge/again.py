# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Stored checks judged once more: by the rules of today, by other expectations, and all vantages together."""

from __future__ import annotations

import difflib
import typing as t

from ..expect import ExpectationError, named_for, read_expectations
from ..expect.reading import variants
from .conditions import Check
from .expectations import circumstances
from .several import judge_run
from .signatures import CATALOGUE

_FINDINGS = frozenset(signature.id for signature in CATALOGUE)


def judge_again(
    checks: t.Iterable[Check],
    expect: t.Optional[t.Mapping[str, t.Any]] = None,
    domains: t.Sequence[t.Mapping[str, t.Any]] = (),
) -> t.Dict[str, t.Any]:
    """``{checks, domains, verdict, counts, summary}`` of the checks, which themselves are left as they are.

    :param domains: the mail domains of their runs, as these have them.
    :param expect: takes the place of what the checks were held to; an empty one takes that away. As the option of the
        same name has it, ``policy`` and ``vantages`` included.
    :raises ExpectationError: where it cannot be read.
    """
    checks = list(checks)
    if expect is not None:
        checks = [{**check, "expect": _resolved(expect, check)} for check in checks]
    # Checks of before there were expectations do not have the field.
    return judge_run([check if "expect" in check else {**check, "expect": None} for check in checks], domains)


def _resolved(expect: t.Mapping[str, t.Any], check: Check) -> t.Optional[t.Dict[str, t.Any]]:
    here = circumstances(check)
    for said in [variant[1] for variant in variants(expect)]:
        refuse_unknown_findings(said, here)
    return read_expectations(named_for(expect, check["vantage"]["name"]), here).given or None


def refuse_unknown_findings(said: t.Mapping[str, t.Any], here: t.Any) -> None:
    """A finding that does not exist would never occur, and so would always be as forbidden."""
    for entry in read_expectations(said, here).all:
        if entry.term.name == "findings" and entry.member is not None and entry.member not in _FINDINGS:
            close = difflib.get_close_matches(entry.member, _FINDINGS, 1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise ExpectationError("findings", entry.member, "is no finding", f"{hint}All are in docs/findings.md")
