# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Finds the signatures that fit a check.

1. A step that did not go well gets exactly one finding: the first of the phase's FAILURES that fits. The order of
   the catalogue is the order of precedence, most specific first, and its end is a last resort for every reply class.
2. Steps after the phase in which the dialog broke off are consequences and get none.
3. Every one of the REMARKS that fits is reported as well: they tell what is noticeable where nothing was refused.
4. A finding that another one ``explains``, or comes after another one that ``spoils`` the dialog, is left out. One root
   cause, one finding.

Text from a server is matched only after a bounded part was cut out of it, and no pattern of the catalogue repeats
anything without a bound, so that no text can make a match expensive. Tests hold the catalogue to it.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ..evidence import PHASES
from .conditions import LINE_SEEN, LINES_SEEN, Check, Condition, conditions, text_pattern
from .signature import Signature, When
from .signatures import FAILURES, REMARKS

_ORDER = {phase: position for position, phase in enumerate(PHASES)}

# Replies repeat addresses, and a mailbox may be called dmarc or relay.
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"']{1,64}@[^\s<>()\[\]:;,\"']{1,255}")

# RFC 5321 4.3.2, 3207 4 and 4954 4: the beginnings of the codes that let the dialog go on. PRDR's 353 says that a reply
# for each recipient follows.
_GOOD_CODES = {
    "banner": ("220",),
    "starttls": ("220",),
    "xclient": ("220",),
    "auth": ("2", "334"),
    "data": ("354",),
    "message": ("2", "353"),
}


class Found(t.NamedTuple):
    """A signature that fits, the phase it was seen in, and the steps (their indexes) that show it.

    ``wanted``: an expectation asks for what it reports. ``more``: words for its sentences that no single check has."""

    signature: Signature
    phase: str
    steps: t.Tuple[int, ...]
    wanted: bool = False
    more: t.Tuple[t.Tuple[str, str], ...] = ()


def recognise(check: Check) -> t.List[Found]:
    """All findings of one check, in the order of their steps."""
    found: t.Dict[str, Found] = {}
    steps = check["steps"]
    last_phase = _ORDER.get(check["failed_phase"], len(PHASES))

    for index, step in enumerate(steps):
        phase = step["phase"]
        failures, remarks = _candidates(phase, *_kind_of(step))
        text: t.List[str] = []
        if failures and _ORDER[phase] <= last_phase and not went_well(step):
            for failure in failures:
                if _step_fits(failure.when, step, text) and failure.fits(check):
                    _note(found, Found(failure.signature, phase, (index,)))
                    break
        for remark in remarks:
            if _step_fits(remark.when, step, text) and remark.fits(check):
                _note(found, Found(remark.signature, phase, (index,)))

    reached: t.List[t.Tuple[int, _Alternative]] = []
    _reach(check, _REMARKS_ON_CHECKS, reached)
    fitting = [(position, remark.signature) for position, remark in reached if remark.fits(check)]
    for _position, signature in sorted(fitting):
        phase = signature.phases[0]
        indexes = [index for index, step in enumerate(steps) if step["phase"] == phase]
        _note(found, Found(signature, phase, tuple(indexes[-1:])))
    return without_consequences(list(found.values()))


def without_consequences(found: t.List[Found]) -> t.List[Found]:
    """The findings less those that another one of them explains."""
    if len(found) < 2:
        return found
    explained = {identifier for entry in found for identifier in entry.signature.explains}
    left = [entry for entry in found if entry.signature.id not in explained]
    spoilt = min((_ORDER[entry.phase] for entry in left if entry.signature.spoils), default=len(PHASES))
    return [entry for entry in left if entry.signature.spoils or _ORDER[entry.phase] < spoilt]


def _note(found: t.Dict[str, Found], new: Found) -> None:
    """The same signature at several steps, such as ten unknown recipients, is one finding."""
    before = found.setdefault(new.signature.id, new)
    if before is not new:
        found[new.signature.id] = before._replace(steps=tuple(dict.fromkeys(before.steps + new.steps)))


def went_well(step: Check) -> bool:
    """Whether the dialog can go on after this step; of an extra command, whether its reply is the one expected."""
    if step["error"] is not None:
        return False
    reply = step["reply"]
    if step["phase"] == "extra" and reply is not None:
        return _code(step["expected"] or "(?!421)[0-9]{3}").fullmatch(str(reply["code"])) is not None
    # A chunk needs no invitation, so that the reply to it is one to a part of the message (RFC 3030 2).
    phase = "message" if (step["sent"] or "").startswith("BDAT ") else step["phase"]
    # A connect or a TLS handshake has no reply.
    return reply is None or _is_good(phase, reply["code"])


def _is_good(phase: str, code: t.Optional[int]) -> bool:
    return str(code).startswith(_GOOD_CODES.get(phase, ("2",)))


def _step_fits(when: When, step: Check, text: t.List[str]) -> bool:
    """Whether the rest fits, where the error, the code, and what the reply has at all do (see ``_candidates``).

    ``text`` keeps what the patterns see of the step, from the first of them on."""
    reply = step["reply"]
    if when.slower_than is not None and (reply is None or step["seconds"] <= when.slower_than):
        return False
    if when.flaws and not set(when.flaws).intersection(reply["flaws"]):
        return False
    # Runs of earlier versions are judged too, and do not tell.
    if when.pipelined and not step.get("pipelined"):
        return False
    if when.sent and not text_pattern(when.sent).match((step["sent"] or "")[:LINE_SEEN]):
        return False
    if not when.text:
        return True
    if not text:
        text.append(_text_seen(step))
    return text_pattern(when.text).search(text[0]) is not None


def _text_seen(step: Check) -> str:
    """What the patterns see of the server's words, or of the words about their absence: all but addresses."""
    lines = step["reply"]["lines"] if step["reply"] is not None else []
    if step["error"] is not None:
        lines = [*lines[:LINES_SEEN], step["error"]["detail"]]
    seen = "\n".join(line[:LINE_SEEN] for line in lines[: LINES_SEEN + 1])
    return _ADDRESS.sub("@", seen) if "@" in seen else seen


@functools.lru_cache(maxsize=None)
def _code(pattern: str) -> t.Pattern[str]:
    return re.compile(pattern.replace("yz", "[0-9][0-9]"))


@functools.lru_cache(maxsize=None)
def _enhanced(pattern: str) -> t.Pattern[str]:
    return re.compile(pattern.replace(".", r"\.").replace("x", "[245]"))


_Kind = t.Tuple[t.Optional[str], t.Optional[int], t.Optional[str], bool, bool, bool]


class _Alternative(t.NamedTuple):
    """One way in which a signature shows, with its conditions on the whole check ready to be asked."""

    signature: Signature
    when: When
    conditions: t.Tuple[Condition, ...]

    def fits(self, check: Check) -> bool:
        # A generator for all() would cost more than what it asks.
        for holds in self.conditions:  # noqa: SIM110
            if not holds(check):
                return False
        return True


def _kind_of(step: Check) -> _Kind:
    """The error's kind, both codes of the reply, whether it has flaws, whether something came unasked, and whether it
    took its time: nearly all signatures are told apart by these alone."""
    error, reply, slow = step["error"], step["reply"], step["seconds"] > _SLOW
    kind = error["kind"] if error is not None else None
    unsolicited = step["unsolicited"] is not None and step["unsolicited"] != ""
    if reply is None:
        return kind, None, None, False, unsolicited, slow
    return kind, reply["code"], reply["enhanced"], bool(reply["flaws"]), unsolicited, slow


@functools.lru_cache(maxsize=8192)
def _candidates(
    phase: str,
    error: t.Optional[str],
    code: t.Optional[int],
    enhanced: t.Optional[str],
    flaws: bool,
    unsolicited: bool,
    slow: bool,
) -> t.Tuple[t.Tuple[_Alternative, ...], t.Tuple[_Alternative, ...]]:
    """The failures of a phase, and the remarks on its steps, that can fit a step of this kind, in their order."""

    def can_fit(when: When) -> bool:
        return (
            (not when.error or error in when.error)
            and (not when.code or (code is not None and bool(_code(when.code).fullmatch(str(code)))))
            and (not when.enhanced or (code is not None and bool(_enhanced(when.enhanced).fullmatch(enhanced or ""))))
            and (not when.flaws or flaws)
            and (not when.unsolicited or unsolicited)
            and (when.slower_than is None or slow)
        )

    failures = _FAILURES[phase]
    # What an extra command or a chunk has as its good reply, only the step can tell (see ``went_well``).
    if phase not in ("extra", "data") and error is None and code is not None and _is_good(phase, code):
        failures = ()
    return (
        tuple(entry for entry in failures if can_fit(entry.when)),
        tuple(entry for entry in _REMARKS_ON_STEPS[phase] if can_fit(entry.when)),
    )


def _alternatives(signatures: t.Iterable[Signature]) -> t.List[_Alternative]:
    """Each signature with each of its alternatives, in their order."""
    return [_Alternative(signature, when, conditions(when)) for signature in signatures for when in signature.when]


def _by_phase(alternatives: t.Sequence[_Alternative]) -> t.Dict[str, t.Tuple[_Alternative, ...]]:
    return {phase: tuple(entry for entry in alternatives if phase in entry.signature.phases) for phase in PHASES}


class _Branch:
    """A name among the facts, the alternatives that can fit once there is such a fact, and the names below it.

    Most of a check's facts are not there: no certificate, no log-in, no relay test. What is about them is not even
    looked at."""

    __slots__ = ("alternatives", "branches")

    def __init__(self) -> None:
        self.alternatives: t.List[t.Tuple[int, _Alternative]] = []
        self.branches: t.Dict[str, _Branch] = {}


def _branches(alternatives: t.Iterable[_Alternative]) -> t.Dict[str, _Branch]:
    root = _Branch()
    for position, entry in enumerate(alternatives):
        branch = root
        for name in _needed(entry.when):
            branch = branch.branches.setdefault(name, _Branch())
        branch.alternatives.append((position, entry))
    return root.branches


def _needed(when: When) -> t.List[str]:
    """Where a fact stands without which this cannot fit."""
    paths = [path for path, relation, _value in when.facts if relation != "is not"]
    return paths[-1].split(".") if paths else ["ehlo"] if when.keyword or when.no_keyword else ["steps"]


def _reach(
    facts: t.Mapping[str, t.Any], branches: t.Mapping[str, _Branch], reached: t.List[t.Tuple[int, _Alternative]]
) -> None:
    """Adds the alternatives whose facts are there, each with its position in the catalogue."""
    for name, branch in branches.items():
        value = facts.get(name)
        if value is not None:
            reached += branch.alternatives
            if branch.branches:
                _reach(value, branch.branches, reached)


_FAILURES = _by_phase(_alternatives(FAILURES))
_REMARKS_ON_STEPS = _by_phase([entry for entry in _alternatives(REMARKS) if entry.when.is_about_a_step])
_SLOW = min(when.slower_than for entry in (*FAILURES, *REMARKS) for when in entry.when if when.slower_than is not None)
_REMARKS_ON_CHECKS = _branches(entry for entry in _alternatives(REMARKS) if not entry.when.is_about_a_step)
