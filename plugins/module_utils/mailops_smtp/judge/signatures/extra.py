# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The commands that the user sends besides the procedure. Only he knows what to expect of them, so only that counts."""

from __future__ import annotations

from ..signature import Signature, When

FAILURES = (
    Signature(
        id="extra.unmet",
        phases=("extra",),
        when=(When(code="(?!421)[0-9]{3}"),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="{verb} was not answered as expected",
        meaning="The reply is {reply}; the check expects {expected}.",
        next_step="Check whether the server should know this command, and whether something in the path filters it.",
        reference="RFC 5321 section 4.2",
    ),
)

REMARKS = ()
