# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Holds the facts of a check against what is expected of it.

Two things come of it. An expectation that is not met stands in ``unmet``, and the verdict follows. One that is met
tells which findings are no fault: where a refusal is expected, the finding that reports it is what was wanted.

The tester's own trouble never decides. Where a check is inconclusive, nothing is held against the server, and no
refusal proves anything: a client on a blocklist is refused whatever the server does with others. Likewise for a server
that asks to come back later.
"""

from __future__ import annotations

import functools
import json
import typing as t

from ..evidence import PHASES, printable
from ..expect import Expectation, read_expectations
from ..expect.conditions import holds
from ..expect.policies import Circumstances
from ..expect.reading import Expected
from .conditions import Check
from .observation import is_unknown_version, recipients, seen
from .recognition import Found
from .verdicts import SEVERITIES, rank, worst
from .wording import where

# Verdicts under which nothing is decided.
_OPEN = ("deferred", "inconclusive")

# The most that is quoted of a server's text.
_QUOTED = 200
_MEMBERS = 50


class Outcome(t.NamedTuple):
    """``unmet`` in its public form, the verdicts of those, and the findings, the wanted ones marked."""

    unmet: t.List[t.Dict[str, t.Any]]
    verdicts: t.List[str]
    found: t.List[Found]
    total: int


class _Held(t.NamedTuple):
    """An expectation, what was seen of it, and whether that is as expected."""

    entry: Expected
    value: t.Any
    is_met: bool


def evaluate(check: Check, found: t.Sequence[Found], verdict_of: t.Callable[[Found], str]) -> Outcome:
    """What becomes of ``check["expect"]``, in the light of what was diagnosed."""
    expectation = _read(json.dumps(check["expect"]), circumstances(check))
    if check["not_tested"] is not None or not check["steps"]:
        return Outcome([], [], list(found), len(expectation.all))
    held = [_held(check, entry, found) for entry in expectation.all]
    marked = _marked(check, held, found, verdict_of)
    faults = [one for one in marked if not one.wanted]
    faults.sort(key=lambda one: rank(one.signature.verdict), reverse=True)
    place = f"{where(check['endpoint'])} from {printable(check['vantage']['name'], _QUOTED)}"
    unmet, verdicts = [], []
    for seen_before in held:
        # Of the severities, what is wanted does not count.
        one = _held(check, seen_before.entry, marked) if seen_before.entry.term.name == "severity" else seen_before
        entry, value, is_met = one
        if is_met:
            continue
        cause = _cause(check, entry, faults)
        verdict = _verdict(entry, value, cause, faults, verdict_of)
        if value is None and entry.term.name == "tls.versions" and check["tls"]["established"] is not None:
            # There was TLS, so it is this machine, or the way, that kept the version from being offered.
            verdict = "inconclusive"
        if verdict == "fail" and check["vantage"].get("unfit") and not _is_negative(entry, value):
            verdict = "inconclusive"
        verdicts.append(verdict)
        unmet.append(_as_dict(check, place, one, cause, verdict))
    return Outcome(unmet, verdicts, marked, len(expectation.all))


def _held(check: Check, entry: Expected, found: t.Sequence[Found]) -> _Held:
    value = _value(check, entry, found)
    return _Held(entry, value, _is_met(entry, value))


def _marked(
    check: Check, held: t.Sequence[_Held], found: t.Sequence[Found], verdict_of: t.Callable[[Found], str]
) -> t.List[Found]:
    """The findings, those that a met expectation answers for marked as wanted."""
    ids: t.Set[str] = set()
    phases: t.Set[str] = set()
    steps: t.Set[int] = set()
    for entry, value, is_met in held:
        if entry.strict or entry.term.name in ("severity", "reached", "seconds"):
            continue
        if entry.term.name == "findings":
            ids.update([] if entry.forbidden else [entry.member or ""])
        elif is_met:
            # That one member is as expected says nothing of the others.
            ids.update(entry.term.findings if entry.term.kind != "set" else ())
            # Who expects what is usual says nothing about what else may be wrong in that phase.
            unusual = entry.term.whole and _is_unusual(entry, value)
            phases.update(_phases(entry) if unusual else ())
            steps.update(_steps_of(check, entry.member) if entry.term.kind == "outcomes" else ())
    return [
        one._replace(
            wanted=verdict_of(one) != "inconclusive"
            and (
                one.signature.id in ids
                or one.phase in phases
                or (bool(one.steps) and one.phase in ("mail", "rcpt", "message") and steps.issuperset(one.steps))
            )
        )
        for one in found
    ]


def _is_unusual(entry: Expected, value: t.Any) -> bool:
    """Whether what is as expected would be a fault if nobody expected it."""
    usual = {"null_mx": False, "banner.code": 220}.get(entry.term.name, True)
    return bool(value != ("accepted" if entry.term.kind == "choice" else usual))


def _phases(entry: Expected) -> t.Tuple[str, ...]:
    """Where an outcome shows. Who refuses the sender refuses the recipient: some servers wait with it until then."""
    together = {"connect": ("connect", "banner"), "rcpt": ("mail", "rcpt"), "message": ("data", "message")}
    return together.get(entry.term.phase, (entry.term.phase,))


def _steps_of(check: Check, address: t.Optional[str]) -> t.List[int]:
    """The steps that decide about one recipient; of MAIL FROM, if that was refused."""
    path = f"<{address}>".lower()
    steps = check["steps"]
    return [
        index
        for index, step in enumerate(steps)
        if (step["phase"] == "rcpt" and path in (step["sent"] or "").lower()) or step["phase"] == "mail"
    ]


def _value(check: Check, entry: Expected, found: t.Sequence[Found]) -> t.Any:
    name = entry.term.name
    if name == "findings":
        return [one.signature.id for one in found]
    if name == "severity":
        severities = [one.signature.severity for one in found if not one.wanted]
        return max(severities, key=SEVERITIES.index, default="none")
    if entry.term.kind == "outcomes" and not entry.strict:
        known = {address.lower(): outcome for address, outcome in recipients(check).items()}
        return known.get((entry.member or "").lower())
    if name == "tls.versions" and entry.member is not None and is_unknown_version(check, entry.member):
        return None
    return seen(check, name)


def _is_met(entry: Expected, value: t.Any) -> bool:
    if entry.condition is not None:
        return holds(
            entry.condition, "choice" if entry.term.kind == "outcomes" else entry.term.kind, _choices(entry), value
        )
    if value is None:
        return False
    if entry.strict:
        return not _others(entry, value)
    present = (entry.member or "").lower() in [member.lower() for member in value]
    return present != entry.forbidden


def _choices(entry: Expected) -> t.Tuple[str, ...]:
    return entry.term.choices


def _others(entry: Expected, value: t.Iterable[str]) -> t.List[str]:
    allowed = {member.lower() for member in entry.others}
    return [member for member in value if member.lower() not in allowed]


def _cause(check: Check, entry: Expected, faults: t.Sequence[Found]) -> t.Optional[Found]:
    """The finding that explains why an expectation is not met: one about this fact, about its phase, or about that in
    which the dialog ended. ``faults`` are those that nobody wants, the worst first."""
    about = [one for one in faults if one.signature.id in entry.term.findings]
    if entry.term.kind == "outcomes":
        steps = set(_steps_of(check, entry.member))
        about += [one for one in faults if steps.intersection(one.steps)]
    elif entry.term.whole:
        about += [one for one in faults if one.phase in _phases(entry)]
    ended = check["failed_phase"]
    if ended is not None and PHASES.index(ended) <= PHASES.index(entry.term.phase):
        about += [one for one in faults if one.phase == ended]
    serious = [one for one in about if rank(one.signature.verdict) > rank("pass")]
    return next(iter(serious or about), None)


def _verdict(
    entry: Expected,
    value: t.Any,
    cause: t.Optional[Found],
    faults: t.Sequence[Found],
    verdict_of: t.Callable[[Found], str],
) -> str:
    if cause is not None and verdict_of(cause) in _OPEN and not _is_negative(entry, value):
        return verdict_of(cause)
    if value == "deferred":
        return "deferred"
    if value is None:
        # What a check did not come to see is open as long as it is open why.
        whole = worst(map(verdict_of, faults))
        return whole if whole in _OPEN else "fail"
    return "fail"


def _is_negative(entry: Expected, value: t.Any) -> bool:
    """Whether the server did more than it should: no trouble of the tester's can bring that about."""
    return value == "accepted" or (entry.forbidden and value is not None) or entry.term.name == "severity"


def _as_dict(check: Check, place: str, held: _Held, cause: t.Optional[Found], verdict: str) -> t.Dict[str, t.Any]:
    entry, value = held.entry, held.value
    if entry.strict:
        value = _others(entry, value) if value is not None else None
    elif entry.forbidden and value is not None:
        value = entry.member
    phase = cause.phase if cause is not None else entry.term.phase
    steps = list(cause.steps) if cause is not None else []
    if not steps:
        steps = [index for index, step in enumerate(check["steps"]) if step["phase"] == phase][-1:]
    return {
        "expected": str(entry),
        "found": _shown(value),
        "where": f"{place}, at {phase}",
        "verdict": verdict,
        "finding": cause.signature.id if cause is not None else None,
        "evidence": steps,
    }


def _shown(value: t.Any) -> t.Any:
    """A value that can be printed, wherever the facts come from."""
    if isinstance(value, str):
        return printable(value, _QUOTED)
    if isinstance(value, (list, tuple)):
        return [printable(str(member), _QUOTED) for member in value[:_MEMBERS]]
    if isinstance(value, dict):
        return [f"{printable(str(name), _QUOTED)}: {outcome}" for name, outcome in list(value.items())[:_MEMBERS]]
    return value


def circumstances(check: Check) -> Circumstances:
    """What the options must have been, for policies that are applied to a stored check."""
    asked = {
        "auth": check["auth"] is not None,
        "sender": check["sender"] is not None,
        "recipient": bool(check["recipients"]),
        "test_message": check["message"] is not None,
        "relay": check.get("relay") is not None,
        "random_recipient": check.get("random_recipient") is not None,
        "probe_versions": check["tls"].get("versions") is not None,
    }
    return Circumstances(check["protocol"], frozenset(name for name, is_asked in asked.items() if is_asked))


@functools.lru_cache(maxsize=256)
def _read(written: str, here: Circumstances) -> Expectation:
    return read_expectations(json.loads(written), here)
