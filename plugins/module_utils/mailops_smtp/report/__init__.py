# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Records as text for people."""

from __future__ import annotations

from .terminal import matrix_table, run_text
from .transcript import transcript
from .writing import FORMATS, NoSuchFormat, report

__all__ = ["FORMATS", "NoSuchFormat", "matrix_table", "report", "run_text", "transcript"]
