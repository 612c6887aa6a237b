# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .mail_arrival import mail_arrival
from .mail_route import mail_route
from .smtp_check import smtp_check
from .smtp_watch import smtp_watch
from .vantage_fitness import vantage_fitness

__all__ = ["mail_arrival", "mail_route", "smtp_check", "smtp_watch", "vantage_fitness"]
