# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What many checks say when they are laid side by side, or held against those of before."""

from __future__ import annotations

from .before_after import comparison
from .checks import NotARun
from .declared import DeclarationError
from .former import former
from .gate import gate
from .matrix import matrix
from .timing import Tolerance

__all__ = ["DeclarationError", "NotARun", "Tolerance", "comparison", "former", "gate", "matrix"]
