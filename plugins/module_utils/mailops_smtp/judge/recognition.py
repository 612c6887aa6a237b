# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Finds the signatures that fit a check.

1. A step that did not go well gets exactly one finding: the first of the phase's FAILURES that fits. The order of
   the catalogue is the order of precedence, most specific first, and its end is a last resort for every reply class.
2. Steps after the phase in which the dialog broke off are consequences and get none.
3. Every one of the REMARKS that fits is reported as well: they tell what is noticeable where nothing was refused.
4. A finding that another one ``explains`` is left out. One root cause, one finding.

Text from a server is matched only after a bounded part was cut out of it, and no pattern of the catalogue repeats
anything without a bound, so that no text can make a match expensive. Tests hold the catalogue to it.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ..evidence import PHASES
from .signature import Signature, When
from .signatures import FAILURES, REMARKS
from .software import software

Check = t.Mapping[str, t.Any]

# How much of a reply the patterns see: longer than any wording that they know.
LINES_SEEN = 20
LINE_SEEN = 400

_ORDER = {phase: position for position, phase in enumerate(PHASES)}

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
            for failure, when in failures:
                if _step_fits(when, step, text) and _check_fits(when, check):
                    _note(found, Found(failure, phase, (index,)))
                    break
        for remark, when in remarks:
            if _step_fits(when, step, text) and _check_fits(when, check):
                _note(found, Found(remark, phase, (index,)))

    reached: t.List[t.Tuple[int, _Alternative]] = []
    _reach(check, _REMARKS_ON_CHECKS, reached)
    for _position, (remark, when) in sorted(reached):
        if _check_fits(when, check):
            phase = remark.phases[0]
            indexes = [index for index, step in enumerate(steps) if step["phase"] == phase]
            _note(found, Found(remark, phase, tuple(indexes[-1:])))
    return without_consequences(list(found.values()))


def without_consequences(found: t.List[Found]) -> t.List[Found]:
    """The findings less those that another one of them explains."""
    explained = {identifier for entry in found for identifier in entry.signature.explains}
    return [entry for entry in found if entry.signature.id not in explained]


def _note(found: t.Dict[str, Found], new: Found) -> None:
    """The same signature at several steps, such as ten unknown recipients, is one finding."""
    before = found.setdefault(new.signature.id, new)
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
    if when.sent and not _text(when.sent).match((step["sent"] or "")[:LINE_SEEN]):
        return False
    if not when.text:
        return True
    if not text:
        text.append(_text_seen(step))
    return _text(when.text).search(text[0]) is not None


def _text_seen(step: Check) -> str:
    """What the patterns see of the server's words, or of the words about their absence."""
    lines = step["reply"]["lines"] if step["reply"] is not None else []
    if step["error"] is not None:
        lines = [*lines[:LINES_SEEN], step["error"]["detail"]]
    return "\n".join(line[:LINE_SEEN] for line in lines[: LINES_SEEN + 1])


def _check_fits(when: When, check: Check) -> bool:
    for path, relation, value in when.facts:
        if not _fact_fits(check, path, relation, value):
            return False
    # These look at the whole list of keywords.
    if when.keyword and not _offers(check, when.keyword):
        return False
    if when.software and not _text(when.software).search((software(check) or {}).get("product", "")):
        return False
    return not (when.no_keyword and (check["ehlo"] is None or _offers(check, when.no_keyword)))


def _offers(check: Check, keyword: str) -> bool:
    keywords = check["ehlo"]["keywords"] if check["ehlo"] is not None else []
    for entry in keywords:
        if _is_like(entry["keyword"][:LINE_SEEN], keyword):
            return True
    return False


@functools.lru_cache(maxsize=4096)
def _is_like(keyword: str, pattern: str) -> bool:
    """Servers have a few dozen keywords between them."""
    return _text(pattern).fullmatch(keyword) is not None


def fact(check: Check, path: str) -> t.Any:
    """The value at a dotted path; None where it, or anything above it, was not observed."""
    value: t.Any = check
    for name in _names(path):
        if value is None:
            return None
        value = value.get(name)
    return value


def _fact_fits(check: Check, path: str, relation: str, value: t.Any) -> bool:
    seen = fact(check, path)
    if relation == "differs from":
        other = fact(check, value)
        return seen is not None and other is not None and _same_name(seen) != _same_name(other)
    return RELATIONS[relation](seen, value) if seen is not None else relation == "is not"


def _matches(seen: t.Any, pattern: str) -> bool:
    lines = [seen] if isinstance(seen, str) else seen
    return any(_text(pattern).search(line[:LINE_SEEN]) for line in lines[:LINES_SEEN])


def _have_sent(steps: t.Sequence[Check], pattern: str) -> bool:
    return any(_text(pattern).match((step["sent"] or "")[:LINE_SEEN]) for step in steps)


def _differs_after_tls(ehlo: Check, aside: t.Sequence[str]) -> bool:
    """Whether the lists before and after TLS differ, some keywords aside."""
    lists = [ehlo.get("before_tls"), ehlo["keywords"]]
    if lists[0] is None:
        return False
    before, after = ({entry["keyword"] for entry in extensions or ()} for extensions in lists)
    return bool(before.symmetric_difference(after) - set(aside))


def _same_name(name: str) -> str:
    return name.lower().rstrip(".")


RELATIONS: t.Dict[str, t.Callable[[t.Any, t.Any], bool]] = {
    "is": lambda seen, value: bool(seen == value),
    "is not": lambda seen, value: bool(seen != value),
    "<": lambda seen, value: bool(seen < value),
    ">=": lambda seen, value: bool(seen >= value),
    "matches": _matches,
    "has length": lambda seen, value: len(seen) == value,
    "have no outcome": lambda seen, value: all(entry["outcome"] != value for entry in seen),
    "cannot be sent": lambda seen, value: any(bool((entry["sender"] or {}).get("problem")) == value for entry in seen),
    "have sent": _have_sent,
    "differ in": lambda seen, value: any(entry[value] != seen[0][value] for entry in seen),
    "accepts one of": lambda seen, value: any(
        entry["shape"] in value and entry["outcome"] == "accepted" for entry in seen
    ),
    "differs after TLS": _differs_after_tls,
    "ask for": lambda seen, value: any(entry[value] for entry in seen),
}


@functools.lru_cache(maxsize=None)
def _names(path: str) -> t.List[str]:
    return path.split(".")


@functools.lru_cache(maxsize=None)
def _code(pattern: str) -> t.Pattern[str]:
    return re.compile(pattern.replace("yz", "[0-9][0-9]"))


@functools.lru_cache(maxsize=None)
def _enhanced(pattern: str) -> t.Pattern[str]:
    return re.compile(pattern.replace(".", r"\.").replace("x", "[245]"))


@functools.lru_cache(maxsize=None)
def _text(pattern: str) -> t.Pattern[str]:
    """Compiled when first needed: compiling the whole catalogue would slow the start on every vantage."""
    return re.compile(pattern, re.IGNORECASE)


_Kind = t.Tuple[t.Optional[str], t.Optional[int], t.Optional[str], bool, bool, bool]
_Alternative = t.Tuple[Signature, When]


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
        tuple(entry for entry in failures if can_fit(entry[1])),
        tuple(entry for entry in _REMARKS_ON_STEPS[phase] if can_fit(entry[1])),
    )


def _alternatives(signatures: t.Iterable[Signature]) -> t.List[_Alternative]:
    """Each signature with each of its alternatives, in their order."""
    return [(signature, when) for signature in signatures for when in signature.when]


def _by_phase(alternatives: t.Sequence[_Alternative]) -> t.Dict[str, t.Tuple[_Alternative, ...]]:
    return {phase: tuple(entry for entry in alternatives if phase in entry[0].phases) for phase in PHASES}


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
        for name in _needed(entry[1]):
            branch = branch.branches.setdefault(name, _Branch())
        branch.alternatives.append((position, entry))
    return root.branches


def _needed(when: When) -> t.List[str]:
    """Where a fact stands without which this cannot fit."""
    paths = [path for path, relation, _value in when.facts if relation != "is not"]
    return _names(paths[-1]) if paths else ["ehlo"] if when.keyword or when.no_keyword else ["steps"]


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
_REMARKS_ON_STEPS = _by_phase([entry for entry in _alternatives(REMARKS) if entry[1].is_about_a_step])
_SLOW = min(when.slower_than for entry in (*FAILURES, *REMARKS) for when in entry.when if when.slower_than is not None)
_REMARKS_ON_CHECKS = _branches(entry for entry in _alternatives(REMARKS) if not entry[1].is_about_a_step)
