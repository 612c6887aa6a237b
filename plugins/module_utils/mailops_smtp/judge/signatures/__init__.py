# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The catalogue: everything this project can diagnose, as data, one file per phase.

Each file has two tables. FAILURES tell why a step did not go well: the first that fits wins, so the more specific
stand before the more general. REMARKS tell what else is noticeable: each that fits is reported.

``reputation`` and ``vantage`` come first, because what the tester's own side did wrong must never be said of a mail
server; then ``operators``, whose words are more specific than anybody's. ``protocol``
comes last: it knows every class of reply and every error, so that nothing is dropped.
"""

from __future__ import annotations

from . import (
    auth,
    banner,
    client_attributes,
    connect,
    data,
    ehlo,
    extra,
    mail,
    operators,
    policies,
    protocol,
    quit,
    rcpt,
    relay,
    reputation,
    resolve,
    several,
    starttls,
    vantage,
    vantages,
)

_FILES = (
    reputation,
    vantage,
    operators,
    resolve,
    connect,
    banner,
    extra,
    ehlo,
    starttls,
    policies,
    client_attributes,
    auth,
    mail,
    rcpt,
    data,
    quit,
    relay,
    protocol,
)

FAILURES = tuple(signature for file in _FILES for signature in file.FAILURES)
REMARKS = tuple(signature for file in _FILES for signature in file.REMARKS)
CATALOGUE = (*FAILURES, *REMARKS, protocol.STOPPED, *several.SIGNATURES, *vantages.SIGNATURES)
