# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Dialogs that were held by hand, or by another tool, and pasted from a ticket: read into the evidence of a check, so
that they can be judged like any other."""

from __future__ import annotations

from .events import NotADialog
from .reading import read_transcript

__all__ = ["NotADialog", "read_transcript"]
