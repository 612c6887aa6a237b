# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Before and after, as a report shows it: what changed, each change once, and each check beside the one before it."""

from __future__ import annotations

import typing as t

from ..compare import NotARun, matrix
from ..judge.verdicts import count, worst

Facts = t.Mapping[str, t.Any]

# The lists of a comparison, in the order in which a reader wants them.
KINDS = ("regressions", "missing", "changes", "expected", "improvements", "added")


def listed_changes(comparison: Facts) -> Facts:
    """The comparison, known to be one.

    :raises NotARun: it is something else.
    """
    if not isinstance(comparison, t.Mapping) or not all(isinstance(comparison.get(kind), list) for kind in KINDS):
        raise NotARun("expected the result of mailops.smtp.smtp_compare as the comparison")
    return comparison


def beside(checks: t.Sequence[Facts], labels: t.Sequence[str], laid_out: Facts) -> t.Dict[str, t.Any]:
    """The earlier checks in the places of the later ones' matrix, where each place has one."""
    before = matrix(checks)
    names_only = {_place(endpoint)[:-1] for endpoint in laid_out["endpoints"] if endpoint["address"] is None}
    rows = {vantage: row for row, vantage in enumerate(before["vantages"])}
    columns = {_place(endpoint): column for column, endpoint in enumerate(before["endpoints"])}
    # Whoever knows the name alone has one column for all addresses.
    by_name = {
        _place(endpoint)[:-1]: column
        for column, endpoint in enumerate(before["endpoints"])
        if endpoint["address"] is None or _place(endpoint)[:-1] in names_only
    }
    cells: t.List[t.List[t.Optional[Facts]]] = []
    for vantage in laid_out["vantages"]:
        row = rows.get(vantage)
        line: t.List[t.Optional[Facts]] = []
        for endpoint in laid_out["endpoints"]:
            column = columns.get(_place(endpoint), by_name.get(_place(endpoint)[:-1]))
            line.append(None if row is None or column is None else before["cells"][row][column])
        cells.append(line)
    verdicts = [check["verdict"] for check in checks]
    return {
        "started_at": min((check["started_at"] for check in checks if check["started_at"] is not None), default=None),
        "labels": list(labels),
        "verdict": worst(verdicts),
        "counts": count(verdicts),
        "cells": cells,
        "checks": list(checks),
    }


def _place(endpoint: Facts) -> t.Tuple[t.Any, ...]:
    return endpoint["host"].lower(), endpoint["port"], endpoint["protocol"], endpoint["address"]
