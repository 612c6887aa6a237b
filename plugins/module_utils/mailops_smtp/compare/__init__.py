# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What many checks say when they are laid side by side."""

from __future__ import annotations

from .checks import NotARun
from .matrix import matrix

__all__ = ["NotARun", "matrix"]
