# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .smtp_check import smtp_check

__all__ = ["smtp_check"]
