# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Nornir tasks that test mail servers over SMTP, from one place or many, and whether the mail arrives."""

from __future__ import annotations

from .plugins.functions import compare, expectations, gate, judge, matrix, print_matrix, report, snapshot
from .plugins.processors import ProgressBar
from .plugins.tasks import mail_arrival, mail_route, smtp_check, smtp_watch, vantage_fitness

__all__ = [
    "ProgressBar",
    "compare",
    "expectations",
    "gate",
    "judge",
    "mail_arrival",
    "mail_route",
    "matrix",
    "print_matrix",
    "report",
    "smtp_check",
    "smtp_watch",
    "snapshot",
    "vantage_fitness",
]
