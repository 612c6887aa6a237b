# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .vantage import CONNECTION_NAME, Vantage

__all__ = ["CONNECTION_NAME", "Vantage"]
