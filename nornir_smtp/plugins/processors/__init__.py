# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What watches a run of Nornir."""

from __future__ import annotations

from .progress_bar import ProgressBar

__all__ = ["ProgressBar"]
