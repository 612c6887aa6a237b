# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Expectations that no server could ever meet together: a typing error or a thinking error, and never a finding."""

from __future__ import annotations

import typing as t

from ..evidence import PHASES
from .conditions import ExpectationError

# What can be known of a server that does not even take the connection.
_WITHOUT_A_DIALOG = ("connect", "null_mx", "reached", "seconds", "findings", "severity")

Entries = t.Mapping[str, t.Sequence[t.Any]]


def refuse_contradictions(entries: Entries) -> None:
    """
    :param entries: expectations by the names of their terms.
    :raises ExpectationError: naming both sides.
    """
    for name, value in (("null_mx", True), ("connect", False)):
        if _is(entries, name, value):
            for other in entries:
                if other not in _WITHOUT_A_DIALOG or (name == "null_mx" and _is(entries, "connect", True)):
                    other = other if other not in _WITHOUT_A_DIALOG else "connect"
                    raise _contradiction(entries, other, f"{name} is {str(value).lower()}, which leaves no dialog")
    for name in ("starttls", "tls.established"):
        if _is(entries, name, False):
            for other in entries:
                if other.startswith("tls.") and not _is(entries, other, False):
                    raise _contradiction(entries, other, f"{name} is false, which leaves no TLS session")
    for other, value, members, forbidden in (
        ("starttls", True, "STARTTLS", True),
        ("starttls", False, "STARTTLS", False),
        ("auth_before_tls", True, "AUTH", True),
        ("auth_before_tls", False, "AUTH", False),
    ):
        if _is(entries, other, value) and _has(entries, "ehlo.before_tls.keywords", members, forbidden):
            problem = f"{members} is {'forbidden' if forbidden else 'required'} in ehlo.before_tls.keywords"
            raise _contradiction(entries, other, problem)
    if _is(entries, "auth_before_tls", False) and any(
        entry.member is not None and not entry.forbidden for entry in entries.get("ehlo.before_tls.mechanisms", ())
    ):
        raise _contradiction(entries, "auth_before_tls", "mechanisms are required in ehlo.before_tls")
    for before, after in (("auth", "sender"), ("sender", "recipient"), ("recipient", "message")):
        # A log-in that is refused leaves no way on, nor does a refused sender.
        if (_is(entries, before, "refused") or _is(entries, before, "deferred")) and _is(entries, after, "accepted"):
            raise _contradiction(entries, after, f"{before} is not to be accepted, which comes first")
    _refuse_what_comes_later(entries)


def _refuse_what_comes_later(entries: Entries) -> None:
    for entry in entries.get("reached", ()):
        if entry.condition.relation not in ("==", "<", "<="):
            continue
        for name, phase in (("sender", "mail"), ("recipient", "rcpt"), ("message", "message")):
            last = entry.condition.value - (1 if entry.condition.relation == "<" else 0)
            if _is(entries, name, "accepted") and last < PHASES.index(phase):
                raise _contradiction(entries, name, f"reached {entry.condition} ends before that")


def _is(entries: Entries, name: str, value: t.Any) -> bool:
    return any(
        entry.condition is not None and entry.condition.relation == "==" and entry.condition.value == value
        for entry in entries.get(name, ())
    )


def _has(entries: Entries, name: str, member: str, forbidden: bool) -> bool:
    return any(
        entry.member is not None and entry.member.upper() == member and entry.forbidden == forbidden
        for entry in entries.get(name, ())
    )


def _contradiction(entries: Entries, name: str, why: str) -> ExpectationError:
    entry = entries[name][0]
    written = entry.condition.written if entry.condition is not None else entry.member
    return ExpectationError(name, written, f"contradicts another expectation: {why}", "drop one of the two")
