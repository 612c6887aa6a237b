# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Expectations beside the options of the same target: what the dialog never comes to see cannot be expected of it."""

from __future__ import annotations

import typing as t

from ..evidence import PHASES
from ..expect import Expectation, ExpectationError, read_expectations
from ..expect.conditions import holds
from ..expect.policies import Circumstances
from ..expect.reading import Expected, variants
from ..expect.terms import TLS_VERSIONS as ALL_TLS_VERSIONS
from .options import TLS_VERSIONS, OptionError
from .records import Dialog, Extra, TLSOptions, Wishes


def read_expect(
    options: t.Mapping[str, t.Any], dialog: Dialog, tls: TLSOptions, domain: t.Optional[str], prefix: str
) -> Wishes:
    """What is expected. What of that counts at which vantage is known when there is one.

    :raises OptionError: for what is wrong at any vantage.
    """
    given = options["expect"]
    circumstances = Circumstances(options["protocol"], asked_for(options))
    try:
        for place, said in variants(given):
            try:
                _refuse_what_is_never_seen(read_expectations(said, circumstances), options, dialog, tls, domain)
            except ExpectationError as error:
                raise OptionError(
                    f"{prefix}expect.{place}{error.name}", error.value, error.problem, error.remedy
                ) from error
    except ExpectationError as error:
        raise OptionError(f"{prefix}expect.{error.name}", error.value, error.problem, error.remedy) from error
    return Wishes(given, circumstances)


def with_expected_commands(dialog: Dialog, expect: Wishes) -> t.Tuple[Extra, ...]:
    """The extra commands of the dialog, and those that nobody would see the reply of otherwise: VRFY and EXPN."""
    named = {name for said in expect.variants for name in said}
    people = dialog.envelope.recipients
    whom = people[0].address if people else "postmaster"
    missing = [
        Extra("auth", f"{verb} {whom}")
        for verb in ("VRFY", "EXPN")
        if verb.lower() in named and not any(extra.send.upper().startswith(verb) for extra in dialog.extra)
    ]
    return (*dialog.extra, *missing)


def with_expected_versions(tls: TLSOptions, expect: Wishes) -> TLSOptions:
    """The TLS options, with the versions that something is expected of: nobody would know about them otherwise."""
    named = [
        entry.member
        for said in expect.variants
        for entry in read_expectations(said, expect.circumstances).all
        if entry.term.name == "tls.versions" and entry.member is not None
    ]
    known = {version.lower(): version for version in ALL_TLS_VERSIONS}
    wanted = [known[version.lower()] for version in named]
    return tls._replace(probe_versions=tuple(dict.fromkeys((*tls.probe_versions, *wanted))))


def asked_for(options: t.Mapping[str, t.Any]) -> t.FrozenSet[str]:
    """The names of the options that ask for something."""
    asked = {name for name, value in options.items() if value not in (None, False)}
    return frozenset(asked | ({"probe_versions"} if (options.get("tls") or {}).get("probe_versions") else set()))


def _refuse_what_is_never_seen(
    expectation: Expectation,
    options: t.Mapping[str, t.Any],
    dialog: Dialog,
    tls: TLSOptions,
    domain: t.Optional[str],
) -> None:
    asked = asked_for(options)
    for entry in expectation.all:
        term = entry.term
        if term.needs and not asked.intersection(term.needs):
            raise _never(entry, "is seen only where that is asked for", f"give {' or '.join(term.needs)}, or drop it")
        if term.name == "null_mx" and domain is None:
            raise _never(entry, "is said by a mail domain, and this is a host", "name the domain, or drop it")
        if _comes_after(term.phase, dialog):
            raise _never(entry, f"is seen later than stop_after: {dialog.stop_after}", "stop later, or drop it")
        if term.name.startswith("tls.") and options["starttls"] == "never" and not _is_false(entry):
            raise _never(entry, "needs TLS, which starttls: never rules out", "drop one of the two")
        if term.name == "tls.version":
            _refuse_versions_that_are_not_offered(entry, tls)
        if term.name == "recipients" and entry.member is not None:
            known = {recipient.address.lower() for envelope in dialog.envelopes for recipient in envelope.recipients}
            if entry.member.lower() not in known:
                raise _never(entry, "is about nobody who is among the recipients", "add the recipient, or drop it")


def _comes_after(phase: str, dialog: Dialog) -> bool:
    if phase == "starttls" and dialog.protocol == "smtps":
        return False
    return PHASES.index(phase) > max(PHASES.index("connect"), PHASES.index(dialog.stop_after))


def _is_false(entry: Expected) -> bool:
    return entry.condition is not None and entry.condition.value is False


def _refuse_versions_that_are_not_offered(entry: Expected, tls: TLSOptions) -> None:
    low = TLS_VERSIONS.index(tls.min_version or TLS_VERSIONS[0])
    high = TLS_VERSIONS.index(tls.max_version or TLS_VERSIONS[-1])
    condition, choices = entry.condition, entry.term.choices
    offered = TLS_VERSIONS[low : high + 1]
    if condition is not None and not any(holds(condition, "scale", choices, version) for version in offered):
        raise _never(entry, f"is not among the versions offered ({', '.join(offered)})", "change tls, or drop it")


def _never(entry: Expected, problem: str, remedy: str) -> ExpectationError:
    value = entry.condition.written if entry.condition is not None else entry.member
    name = f"{entry.term.name}[{entry.member}]" if entry.term.kind == "outcomes" else entry.term.name
    return ExpectationError(name, value, problem, remedy)
