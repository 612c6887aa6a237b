# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Vantages beside each other, from what a Nornir run returned."""

from __future__ import annotations

import sys
import typing as t

from mailops_smtp.compare.matrix import matrix as compare
from mailops_smtp.report.terminal import matrix_table
from nornir.core.task import AggregatedResult


def matrix(result: AggregatedResult) -> dict[str, t.Any]:
    """
    Compare what the vantages saw.

    Arguments:
        result: what ``nr.run(task=smtp_check, ...)`` returned; hosts whose task raised an exception are left out

    Returns:
        the matrix, as docs/facts.schema.json has it
    """
    return compare([host[0].result for host in result.values() if host[0].exception is None])


def print_matrix(matrix: t.Mapping[str, t.Any]) -> None:
    """Write the matrix to the terminal, in colour if it is one."""
    print(matrix_table(matrix, colour=sys.stdout.isatty()))
