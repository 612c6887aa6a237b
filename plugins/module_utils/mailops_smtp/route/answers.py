# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What became of a question to the DNS. That nobody answered is never read as "there is no such record"."""

from __future__ import annotations

import typing as t

# The three answers.
FOUND, NO_DATA, NO_NAME = "found", "nodata", "nxdomain"

# And what is none.
FAILURES = {
    "bogus": "DNSSEC validation failed: the answer came only with checking disabled",
    "servfail": "the name server failed to find out (SERVFAIL)",
    "refused": "the name server refuses to answer this client (REFUSED)",
    "alias_loop": "the aliases (CNAME) lead in a circle",
    "timeout": "no name server answered in time",
    "unreachable": "no name server could be reached",
    "malformed": "what came back is no answer to the question",
    "tunnel": "the question did not get through the jump host",
    "invalid": "this is no name that the DNS can hold",
}

# Trouble that the zone's owner has; the rest is on the tester's side of the question.
OF_THE_ZONE = ("bogus", "servfail", "alias_loop", "invalid")


class Answer(t.NamedTuple):
    """``status``: FOUND, NO_DATA, NO_NAME, or one of FAILURES with a ``detail`` for people.

    ``records`` are dnspython's, of the type that was asked for. ``names`` are the aliases that led to them, from the
    name that was asked for to the one that has the records; empty without alias. ``secure`` is the AD bit (RFC 4035
    3.2.3), None where there is no answer. ``ttl`` is the smallest on the way, in seconds.
    """

    status: str
    records: t.Tuple[t.Any, ...] = ()
    names: t.Tuple[str, ...] = ()
    ttl: t.Optional[int] = None
    secure: t.Optional[bool] = None
    server: t.Optional[str] = None
    detail: t.Optional[str] = None

    @property
    def failed(self) -> bool:
        return self.status in FAILURES

    @property
    def found(self) -> bool:
        return self.status == FOUND


class Trouble(Exception):
    """Why one name server gave no answer: one of FAILURES, and a few words."""

    def __init__(self, status: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
