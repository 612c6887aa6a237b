# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""One complete, validated description of what is to be done: after ``plan`` nothing is left to guess.

Everything that can be wrong with what a user wrote is found here, before the first packet leaves, and told in one
sentence that names the option, its value and the remedy.
"""

from __future__ import annotations

from .options import OptionError
from .planning import plan
from .probes import with_probes
from .records import (
    Auth,
    Composed,
    Connections,
    DeliverBy,
    Dialog,
    Envelope,
    Extra,
    Hold,
    MessageText,
    Plan,
    Proxy,
    ProxyProtocol,
    Recipient,
    Repeat,
    Retry,
    Target,
    Timeouts,
    TLSOptions,
)

__all__ = [
    "Auth",
    "Composed",
    "Connections",
    "DeliverBy",
    "Dialog",
    "Envelope",
    "Extra",
    "Hold",
    "MessageText",
    "OptionError",
    "Plan",
    "Proxy",
    "ProxyProtocol",
    "Recipient",
    "Repeat",
    "Retry",
    "TLSOptions",
    "Target",
    "Timeouts",
    "plan",
    "with_probes",
]
