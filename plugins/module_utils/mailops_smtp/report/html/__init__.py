# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""One HTML file that needs nothing else: no network, no script, no font of its own."""

from __future__ import annotations

from .page import page

__all__ = ["page"]
