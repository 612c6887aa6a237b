# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Changes that are meant to happen, written down before they do: as data, or as a few words.

- certificate renewed                       everywhere
- STARTTLS added on mx2.contoso.com
- TLS 1.0 gone
- {change: extension_lost, name: CHUNKING, on: "*.contoso.com", from: inside-*, required: true}
- {field: banner.software.product, after: Exim}
"""

from __future__ import annotations

import difflib
import fnmatch
import re
import typing as t

from .kinds import Kind
from .sentences import KINDS

_KEYS = ("change", "name", "field", "before", "after", "on", "from", "required")

_ON = re.compile(r"(?P<what>.{1,200}?)(?: on (?P<on>\S{1,300}))?(?: from (?P<from>\S{1,300}))?", re.IGNORECASE)

_TLS_GONE = re.compile(r"(?P<version>TLS ?v?1(?:\.[0-3])?) (?:gone|removed|off)", re.IGNORECASE)

# How people say it, where that is not the kind's own name.
_SYNONYMS = {
    "starttls_gone": "starttls_removed",
    "starttls_lost": "starttls_removed",
    "starttls_offered": "starttls_added",
    "new_certificate": "certificate_replaced",
    "endpoint_removed": "endpoint_gone",
    "endpoint_added": "endpoint_new",
    "vantage_removed": "vantage_gone",
    "vantage_added": "vantage_new",
    "mx_removed": "endpoint_gone",
    "mx_added": "endpoint_new",
}


class DeclarationError(ValueError):
    """What is wrong with a declaration, and what would be right, in one sentence."""


class Declaration(t.NamedTuple):
    """``text`` is how it was written. ``changes`` are the kinds that fulfil it, none meaning any."""

    text: str
    changes: t.FrozenSet[str]
    conditions: t.Mapping[str, t.Any]
    on: t.Optional[str]
    seen_from: t.Optional[str]
    required: bool

    def covers(
        self, kind: Kind, endpoint: t.Optional[t.Mapping[str, t.Any]], vantage: str, tls_version: t.Optional[str] = None
    ) -> bool:
        """``tls_version`` is the one that the endpoint spoke before."""
        if self.changes and kind.change not in self.changes:
            return False
        if self.seen_from is not None and not fnmatch.fnmatchcase(vantage.lower(), self.seen_from.lower()):
            return False
        if self.on is not None and not any(fnmatch.fnmatchcase(name, self.on.lower()) for name in _names(endpoint)):
            return False
        facts = {**kind._asdict(), "tls_version": tls_version}
        return all(_fits(facts[name], value) for name, value in self.conditions.items())


def declarations(given: t.Any) -> t.List[Declaration]:
    """:raises DeclarationError: for an entry that is not understood."""
    if given is None:
        return []
    if not isinstance(given, (list, tuple)):
        raise DeclarationError(f"expected {given!r} is not a list: give a list of declared changes.")
    return [_declaration(entry, f"expected[{position}]") for position, entry in enumerate(given)]


def _declaration(entry: t.Any, where: str) -> Declaration:
    if isinstance(entry, str):
        return _from_words(entry, where)
    if not isinstance(entry, t.Mapping):
        raise DeclarationError(
            f"{where} {entry!r} is neither a text nor a dictionary: write such as 'certificate renewed'."
        )
    for name in entry:
        if name not in _KEYS:
            raise DeclarationError(f"{where}.{name} does not exist: known here are {', '.join(_KEYS)}.")
    if entry.get("change") is None and entry.get("field") is None:
        raise DeclarationError(f"{where} would cover everything: name the change, or the field.")
    required = entry.get("required", False)
    if not isinstance(required, bool):
        raise DeclarationError(f"{where}.required {required!r} is neither true nor false: give true or false.")
    changes = frozenset([_known(str(entry["change"]), where)] if entry.get("change") is not None else [])
    conditions = {name: entry[name] for name in ("name", "field", "before", "after") if name in entry}
    text = ", ".join(f"{name}: {entry[name]}" for name in _KEYS if name in entry)
    return Declaration(text, changes, conditions, _pattern(entry, "on"), _pattern(entry, "from"), required)


def _from_words(words: str, where: str) -> Declaration:
    found = _ON.fullmatch(words.strip())
    if found is None:
        raise DeclarationError(
            f"{where} {words!r} is not understood: write such as 'certificate renewed on mx1.contoso.com'."
        )
    gone = _TLS_GONE.fullmatch(found["what"].strip())
    if gone is not None:
        version = re.sub(r"^TLS ?v?", "TLSv", gone["version"], flags=re.IGNORECASE).replace("TLSv1.0", "TLSv1")
        # A version that is asked for and refused ends the dialog at STARTTLS.
        changes = frozenset(("tls_failing", "tls_version_raised", "tls_version_lowered", "stopped_working"))
        conditions = {"tls_version": version, "phase": "starttls"}
        return Declaration(words, changes, conditions, found["on"], found["from"], False)
    kind = _known(found["what"], where)
    return Declaration(words, frozenset([kind]), {}, found["on"], found["from"], False)


def _known(words: str, where: str) -> str:
    name = re.sub(r"[ -]+", "_", words.strip().lower())
    name = _SYNONYMS.get(name, name)
    if name not in KINDS:
        close = difflib.get_close_matches(name, KINDS, 1)
        guess = f"did you mean {close[0]}? " if close else ""
        raise DeclarationError(f"{where} {words!r} is no kind of change: {guess}known are {', '.join(sorted(KINDS))}.")
    return name


def _pattern(entry: t.Mapping[str, t.Any], name: str) -> t.Optional[str]:
    return str(entry[name]) if entry.get(name) is not None else None


def _names(endpoint: t.Optional[t.Mapping[str, t.Any]]) -> t.Iterator[str]:
    """What an endpoint can be called in a declaration: by name, by host with or without its port, by address."""
    if endpoint is not None:
        for name in (endpoint["name"], endpoint["host"], endpoint["address"], f"{endpoint['host']}:{endpoint['port']}"):
            if name is not None:
                yield name.lower()


def _fits(value: t.Any, wanted: t.Any) -> bool:
    if isinstance(wanted, str) and isinstance(value, str):
        return fnmatch.fnmatchcase(value.lower(), wanted.lower())
    return bool(value == wanted)
