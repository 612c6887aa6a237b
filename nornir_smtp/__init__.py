# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Nornir tasks that test mail servers over SMTP, from one place or many."""

from __future__ import annotations

from .plugins.functions import matrix, print_matrix, report
from .plugins.tasks import smtp_check

__all__ = ["matrix", "print_matrix", "report", "smtp_check"]
