# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Runs kept for later: many runs as one record, and that record as a file."""

from __future__ import annotations

from .file import read, write
from .record import SnapshotError, merge

__all__ = ["SnapshotError", "merge", "read", "write"]
