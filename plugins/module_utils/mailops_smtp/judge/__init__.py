# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What the evidence means: findings, verdict and a summary, from facts alone."""

from __future__ import annotations

from .judgement import judge
from .several import Judging, judge_run
from .signatures import CATALOGUE

__all__ = ["FINDINGS", "Judging", "judge", "judge_run"]

# The ids of everything that can be diagnosed.
FINDINGS = tuple(signature.id for signature in CATALOGUE)
