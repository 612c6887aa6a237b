# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""How each thing that can be expected (``expect/terms.py``) is seen in the facts of a check.

None stands for what was not observed. Nothing here judges.
"""

from __future__ import annotations

import typing as t

from .conditions import Check, fact

# The outcome of several is the worst of them.
_WORST = ("refused", "deferred", "not_tried", "accepted")

# An address that could not even be asked says nothing about whether it would answer.
_NO_CONNECTION = ("refused", "timeout", "unreachable")


def seen(check: Check, term: str) -> t.Any:
    """The value of a term; for ``recipients`` the outcomes by address, for a set its members."""
    return _SEEN[term](check)


def _at(path: str) -> t.Callable[[Check], t.Any]:
    return lambda check: fact(check, path)


def _null_mx(check: Check) -> t.Optional[bool]:
    kind = _error(check, "resolve")
    return True if kind == "null_mx" else False if check["steps"] and kind is None else None


def _connect(check: Check) -> t.Optional[bool]:
    """Whether there was a TCP connection. What the tester's own side failed at is not known."""
    steps = [step for step in check["steps"] if step["phase"] == "connect"]
    if not steps:
        return None
    kind = _error(check, "connect")
    return True if kind is None else False if kind in _NO_CONNECTION else None


def _error(check: Check, phase: str) -> t.Optional[str]:
    errors = [step["error"]["kind"] for step in check["steps"] if step["phase"] == phase and step["error"] is not None]
    return errors[0] if errors else None


def _banner_seconds(check: Check) -> t.Optional[float]:
    steps = [step for step in check["steps"] if step["phase"] == "banner" and step["reply"] is not None]
    return steps[0]["seconds"] if steps else None


def _ehlo_accepted(check: Check) -> t.Optional[bool]:
    command = fact(check, "ehlo.command")
    if command is not None:
        return bool(command in ("EHLO", "LHLO"))
    refused = [step for step in check["steps"] if step["phase"] == "ehlo" and step["reply"] is not None]
    return False if refused else None


def _extensions(check: Check) -> t.Optional[t.Sequence[t.Any]]:
    return t.cast("t.Optional[t.Sequence[t.Any]]", fact(check, "ehlo.keywords"))


def _extensions_before_tls(check: Check) -> t.Optional[t.Sequence[t.Any]]:
    """The list that came without TLS: the only one, where there was no TLS."""
    before = fact(check, "ehlo.before_tls")
    if before is None and not fact(check, "tls.established"):
        before = _extensions(check)
    return t.cast("t.Optional[t.Sequence[t.Any]]", before)


def _keywords(extensions: t.Optional[t.Sequence[t.Any]]) -> t.Optional[t.List[str]]:
    return None if extensions is None else [entry["keyword"] for entry in extensions]


def _parameters(extensions: t.Optional[t.Sequence[t.Any]], keyword: str) -> t.Optional[t.List[str]]:
    if extensions is None:
        return None
    return [parameter for entry in extensions if entry["keyword"] == keyword for parameter in entry["parameters"]]


def _size(check: Check) -> t.Optional[int]:
    parameters = _parameters(_extensions(check), "SIZE") or [""]
    # RFC 1870 4: none, or 0, is no fixed limit, which no number stands for. Beyond 20 digits it is none either.
    return int(parameters[0]) if parameters[0].isdecimal() and len(parameters[0]) <= 20 and int(parameters[0]) else None


def _auth_before_tls(check: Check) -> t.Optional[bool]:
    keywords = _keywords(_extensions_before_tls(check))
    # With TLS from the start there is nothing before it.
    if keywords is None:
        return False if check["protocol"] == "smtps" and fact(check, "tls.established") else None
    return "AUTH" in keywords


def _starttls(check: Check) -> t.Optional[bool]:
    offered = fact(check, "tls.offered")
    if offered is None:
        # Facts from elsewhere may have the list alone.
        keywords = _keywords(_extensions_before_tls(check))
        offered = None if keywords is None else "STARTTLS" in keywords
    return t.cast("t.Optional[bool]", offered)


def _established(check: Check) -> t.Optional[bool]:
    if fact(check, "tls.established"):
        return True
    # A dialog that came this far had its chance.
    return False if check["ehlo"] is not None or _at("tls.established")(check) is False else None


def _versions(check: Check) -> t.Optional[t.List[str]]:
    offered = fact(check, "tls.versions")
    return None if offered is None else [entry["version"] for entry in offered if entry["accepted"]]


def is_unknown_version(check: Check, version: str) -> bool:
    """Whether that version was to be offered, and what becomes of it did not come to light."""
    offered = fact(check, "tls.versions") or ()
    return any(entry["version"].lower() == version.lower() and entry["accepted"] is None for entry in offered)


def _auth(check: Check) -> t.Optional[str]:
    if check["auth"] is None:
        return None
    if check["auth"]["accepted"]:
        return "accepted"
    codes = [step["reply"]["code"] for step in check["steps"] if step["phase"] == "auth" and step["reply"] is not None]
    codes = [code for code in codes if code is not None and code >= 400]
    return _outcome(codes[-1]) if codes else "not_tried"


def _outcome(code: t.Optional[int]) -> t.Optional[str]:
    return None if code is None else "deferred" if code < 500 else "refused"


def _envelopes(check: Check) -> t.Sequence[Check]:
    """The transactions: a check with only one has no list of them."""
    return check.get("transactions") or [check]


def _sender_of(envelope: Check) -> t.Optional[str]:
    sender = envelope["sender"]
    if sender is None:
        return None
    if sender["accepted"] is None:
        return "not_tried"
    return "accepted" if sender["accepted"] else _outcome(fact(sender, "reply.code"))


def _sender(check: Check) -> t.Optional[str]:
    return _worst([_sender_of(envelope) for envelope in _envelopes(check)])


def recipients(check: Check) -> t.Dict[str, t.Optional[str]]:
    """Each recipient's outcome. Without a sender that is accepted nobody gets mail: its refusal is theirs."""
    outcomes: t.Dict[str, t.List[t.Optional[str]]] = {}
    for envelope in _envelopes(check):
        sender = _sender_of(envelope)
        for entry in envelope["recipients"] or ():
            outcome = entry["outcome"]
            if outcome == "not_tried" and sender in ("refused", "deferred"):
                outcome = sender
            elif outcome == "not_tried" and entry["reason"] is None:
                outcome = None
            outcomes.setdefault(entry["address"], []).append(outcome)
    return {address: _worst(several) for address, several in outcomes.items()}


def _recipient(check: Check) -> t.Optional[str]:
    return _worst(list(recipients(check).values()))


def _message(check: Check) -> t.Optional[str]:
    outcomes = [fact(envelope, "message.outcome") for envelope in _envelopes(check)]
    told = {"not_sent": "not_tried", "unknown": None}
    return _worst([told.get(outcome, outcome) for outcome in outcomes if outcome is not None])


def _relay(check: Check) -> t.Optional[str]:
    """Of a relay test, what is bad is that anything was accepted: one shape is enough."""
    shapes = check.get("relay")
    if not shapes:
        return None
    outcomes = [None if entry["outcome"] == "not_tried" else entry["outcome"] for entry in shapes]
    for outcome in ("accepted", None, "deferred"):
        if outcome in outcomes:
            return outcome
    return "refused"


def _told(verb: str) -> t.Callable[[Check], t.Optional[bool]]:
    """Whether the command tells anything: 252 is the answer that tells nothing (RFC 5321 3.5.3)."""

    def seen(check: Check) -> t.Optional[bool]:
        for step in check["steps"]:
            if step["phase"] == "extra" and (step["sent"] or "").upper().startswith(verb) and step["reply"] is not None:
                code = step["reply"]["code"]
                return True if code in (250, 251) else False if code == 252 or (code or 0) >= 500 else None
        return None

    return seen


def _random_recipient(check: Check) -> t.Optional[str]:
    outcome = fact(check, "random_recipient.outcome")
    return None if outcome == "not_tried" else t.cast("t.Optional[str]", outcome)


def _worst(outcomes: t.Sequence[t.Optional[str]]) -> t.Optional[str]:
    if not outcomes or None in outcomes:
        return None
    return min(outcomes, key=lambda outcome: _WORST.index(outcome or ""))


_SEEN: t.Dict[str, t.Callable[[Check], t.Any]] = {
    "null_mx": _null_mx,
    "connect": _connect,
    "reached": _at("reached"),
    "seconds": _at("seconds"),
    "banner.code": _at("banner.code"),
    "banner.hostname": _at("banner.hostname"),
    "banner.text": _at("banner.lines"),
    "banner.product": _at("banner.software.product"),
    "banner.version": _at("banner.software.version"),
    "banner.seconds": _banner_seconds,
    "ehlo.accepted": _ehlo_accepted,
    "ehlo.keywords": lambda check: _keywords(_extensions(check)),
    "ehlo.mechanisms": lambda check: _parameters(_extensions(check), "AUTH"),
    "ehlo.size": _size,
    "ehlo.client_seen_as": _at("ehlo.client_seen_as"),
    "ehlo.before_tls.keywords": lambda check: _keywords(_extensions_before_tls(check)),
    "ehlo.before_tls.mechanisms": lambda check: _parameters(_extensions_before_tls(check), "AUTH"),
    "auth_before_tls": _auth_before_tls,
    "starttls": _starttls,
    "tls.established": _established,
    "tls.version": _at("tls.version"),
    "tls.versions": _versions,
    "tls.cipher": _at("tls.cipher"),
    "tls.trusted": _at("tls.trusted"),
    "tls.name_matches": _at("tls.name_matches.matches"),
    "tls.days_left": _at("tls.certificate.days_left"),
    "tls.subject": _at("tls.certificate.subject"),
    "tls.issuer": _at("tls.certificate.issuer"),
    "tls.names": _at("tls.certificate.names"),
    "tls.sha256": _at("tls.certificate.sha256"),
    "tls.spki_sha256": _at("tls.certificate.spki_sha256"),
    "tls.key_type": _at("tls.certificate.key_type"),
    "tls.key_bits": _at("tls.certificate.key_bits"),
    "tls.signature_algorithm": _at("tls.certificate.signature_algorithm"),
    "tls.dane": _at("tls.dane.valid"),
    "tls.mta_sts": _at("tls.mta_sts.valid"),
    "tls.client_certificate_requested": _at("tls.client_certificate_requested"),
    "auth": _auth,
    "sender": _sender,
    "recipient": _recipient,
    "recipients": recipients,
    "message": _message,
    "relay": _relay,
    "random_recipient": _random_recipient,
    "vrfy": _told("VRFY"),
    "expn": _told("EXPN"),
}
OBSERVABLE = frozenset(_SEEN)
