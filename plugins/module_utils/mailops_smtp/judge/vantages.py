# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What several vantages show together of one endpoint. Each rule looks at what is the same everywhere but the place:
whoever differs from the others is the one with the finding.

Where a fault is, as far as that can be told from the place of the vantages, is the business of ``compare``.
"""

from __future__ import annotations

import typing as t

from ..evidence import TARGET_ERRORS
from .conditions import Check, fact
from .recognition import Found
from .signature import Signature
from .signatures import vantages as signatures

_NO_CONNECTION = ("timeout", "refused", "unreachable")
# They depend on who asks by design, or say nothing about what can be done.
_PERSONAL = frozenset(("STARTTLS", "AUTH", "HELP", "XCLIENT", "XFORWARD"))
# Seconds. Less than half of what "late" is, so that a little more or less on the way makes no difference.
_IN_TIME = 2.0
_EXCHANGE = frozenset(("X-EXPS", "X-ANONYMOUSTLS", "XRDST", "XEXCH50"))

Entry = t.Tuple[Check, t.List[Found]]


def find_differences(entries: t.Sequence[Entry]) -> None:
    """Adds to the findings of checks of one endpoint what the vantages show together."""
    if len({entry[0]["vantage"]["name"] for entry in entries}) < 2:
        return
    _outside_only(entries)
    _extensions(entries)
    _issuers(entries)
    _late_greetings(entries)


def endpoint_of(check: Check) -> t.Tuple[t.Any, ...]:
    """What makes two checks be about the same thing. Where the address was not seen, its name has to do."""
    endpoint = check["endpoint"]
    return endpoint["host"].lower(), endpoint["port"], endpoint["address"], check["protocol"]


def _outside_only(entries: t.Sequence[Entry]) -> None:
    """All outside fail to connect, on at least two networks; all inside that got so far do not. Who fails for a reason
    of his own, outside or inside, is no witness."""
    outside = [entry for entry in entries if entry[0]["vantage"].get("side") == "outside" and _can_tell(entry)]
    inside = [
        entry for entry in entries if entry[0]["vantage"].get("side") == "inside" and _has_tried_to_connect(entry[0])
    ]
    networks = {entry[0]["vantage"].get("network") or entry[0]["vantage"]["name"] for entry in outside}
    if not inside or len(networks) < 2:
        return
    if all(_unconnected(check) for check, _found in outside) and not any(
        _unconnected(check) for check, _found in inside
    ):
        for entry in outside:
            _add(entry, signatures.OUTSIDE_ONLY, outside=_names(outside), inside=_names(inside))


def _can_tell(entry: Entry) -> bool:
    check, found = entry
    blocked = any(one.signature.id == "tcp.egress_blocked" for one in found)
    return bool(check["steps"]) and not check["vantage"].get("unfit") and not blocked


def _has_tried_to_connect(check: Check) -> bool:
    """Whether there was a connection, or somebody else than the tester's own side kept it from coming about."""
    steps = [step for step in check["steps"] if step["phase"] == "connect"]
    return bool(steps) and all(step["error"] is None or step["error"]["kind"] in TARGET_ERRORS for step in steps)


def _unconnected(check: Check) -> bool:
    return any(
        step["phase"] == "connect" and step["error"] is not None and step["error"]["kind"] in _NO_CONNECTION
        for step in check["steps"]
    )


def _extensions(entries: t.Sequence[Entry]) -> None:
    """Lists of the same kind are compared: those without TLS, and those that count."""
    for is_clear in (True, False):
        lists = [(entry, keywords) for entry in entries for keywords in [_keywords(entry[0], is_clear)] if keywords]
        for entry, keywords in lists:
            others = [(other, theirs) for other, theirs in lists if _vantage(other) != _vantage(entry)]
            _shrunk(entry, keywords, others, is_clear)


def _keywords(check: Check, is_clear: bool) -> t.Optional[t.FrozenSet[str]]:
    """Nothing of a list that came from HELO, or under TLS where others had none."""
    ehlo = check["ehlo"]
    if ehlo is None or ehlo["command"] == "HELO":
        return None
    established = bool(fact(check, "tls.established"))
    extensions = ehlo.get("before_tls") if established and is_clear else ehlo["keywords"]
    if extensions is None or (not is_clear and not established):
        return None
    return frozenset(entry["keyword"] for entry in extensions)


def _shrunk(
    entry: Entry, keywords: t.FrozenSet[str], others: t.Sequence[t.Tuple[Entry, t.FrozenSet[str]]], is_clear: bool
) -> None:
    if is_clear and "STARTTLS" not in keywords:
        offered = [other for other, theirs in others if "STARTTLS" in theirs]
        if offered:
            _add(entry, signatures.STARTTLS_STRIPPED, others=_names(offered))
    for wanted, signature in ((_EXCHANGE, signatures.EXCHANGE_VERBS_DIFFER), (None, signatures.CAPS_SHRUNK)):
        missing: t.Set[str] = set()
        lucky = []
        for other, theirs in others:
            more = theirs - keywords - _PERSONAL
            more = more & wanted if wanted is not None else more - _EXCHANGE
            if more:
                missing |= more
                lucky.append(other)
        if missing:
            _add(entry, signature, others=_names(lucky), missing=", ".join(sorted(missing)))


def _issuers(entries: t.Sequence[Entry]) -> None:
    """Another issuer than most vantages see at the same address; where nobody has more, each of them has it."""
    issuers: t.Dict[str, t.List[Entry]] = {}
    for entry in entries:
        issuer = fact(entry[0], "tls.certificate.issuer")
        if issuer is not None and entry[0]["endpoint"]["address"] is not None:
            issuers.setdefault(issuer, []).append(entry)
    most = max((len(seen) for seen in issuers.values()), default=0)
    usual = [issuer for issuer, seen in issuers.items() if len(seen) == most]
    for issuer, seen in issuers.items():
        reference = next((other for other in usual if other != issuer), None)
        if reference is not None and (len(seen) < most or len(usual) > 1):
            for entry in seen:
                _add(entry, signatures.ISSUER_DIFFERS, others=_names(issuers[reference]), other_issuer=reference)


def _late_greetings(entries: t.Sequence[Entry]) -> None:
    """The same server greets some late, and all others well before that."""
    late = [entry for entry in entries if any(one.signature.id == "ban.slow" for one in entry[1])]
    names = {_vantage(entry) for entry in late}
    others = [entry for entry in entries if is_greeted(entry[0]) and _vantage(entry) not in names] if late else []
    if others and all(_greeted_after(entry[0]) < _IN_TIME for entry in others):
        for entry in late:
            _add(entry, signatures.SLOW_HERE, others=_names(others))


def is_greeted(check: Check) -> bool:
    banner = check["banner"]
    return banner is not None and banner["code"] == 220


def _greeted_after(check: Check) -> float:
    return max((step["seconds"] for step in check["steps"] if step["phase"] == "banner"), default=0.0)


def _add(entry: Entry, signature: Signature, **more: str) -> None:
    """Adds a finding, shown by the last step of its phase; once for each check."""
    check, found = entry
    if any(before.signature.id == signature.id for before in found):
        return
    phase = signature.phases[0]
    steps = [index for index, step in enumerate(check["steps"]) if step["phase"] == phase][-1:]
    found.append(Found(signature, phase, tuple(steps), more=tuple(more.items())))


def _vantage(entry: Entry) -> str:
    return str(entry[0]["vantage"]["name"])


def _names(entries: t.Sequence[Entry]) -> str:
    names = list(dict.fromkeys(_vantage(entry) for entry in entries))
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if names[5:] else "")
