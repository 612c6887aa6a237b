# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .change import compare, gate, snapshot
from .judgement import expectations, judge
from .matrix import matrix, print_matrix
from .report import report

__all__ = ["compare", "expectations", "gate", "judge", "matrix", "print_matrix", "report", "snapshot"]
