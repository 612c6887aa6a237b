# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""A mail server for tests that behaves, or misbehaves, exactly as told: see ``docs/scenario.md``."""

from __future__ import annotations

from .behaviours import BEHAVIOURS
from .records import Message, Path, Session
from .server import ScenarioServer, tls_context

__all__ = ["BEHAVIOURS", "Message", "Path", "ScenarioServer", "Session", "tls_context"]
