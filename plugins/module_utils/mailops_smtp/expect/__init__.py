# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Expectations: what a user says that a mail server shall do, read into conditions before any connection is made.

This room has the vocabulary, the notation and the named policies. What became of an expectation is the business of
``judge``, which looks at the facts.
"""

from __future__ import annotations

from .conditions import ExpectationError
from .reading import Expectation, named_for, read_expectations

__all__ = ["Expectation", "ExpectationError", "named_for", "read_expectations"]
