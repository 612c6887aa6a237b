# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Nornir tasks that test mail servers over SMTP, from one place or many, and whether the mail arrives."""

from __future__ import annotations

from .plugins.functions import matrix, print_matrix
from .plugins.processors import ProgressBar
from .plugins.tasks import mail_arrival, smtp_check

__all__ = ["ProgressBar", "mail_arrival", "matrix", "print_matrix", "smtp_check"]
