# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Checks at a steady interval for as long as a change takes, and what they say of its interruptions."""

from __future__ import annotations

from .collecting import collect
from .options import WATCH_OPTIONS, watch_options
from .watching import watch

__all__ = ["WATCH_OPTIONS", "collect", "watch", "watch_options"]
