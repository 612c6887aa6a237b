# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Before and after, compared by meaning: what got worse, what got better, what is as declared, what is gone.

Compared are the checks of the same vantage and the same endpoint. Each fact is compared for itself; whatever merely
follows from a change that is reported (the dialog that breaks off, the finding, the expectation that is not met) is
left out, so that one cause makes one entry. Vantages that see the same change share it.
"""

from __future__ import annotations

import collections
import typing as t

from ..evidence import SCHEMA_VERSION, printable
from ..judge.wording import QUOTED
from .checks import Check, checks_in
from .declared import Declaration, declarations
from .kinds import ANSWERS, BETTER, OTHER, WORSE, Kind, kinds
from .observed import Facts, Seen, findings, observed, passed, unmet
from .places import Pair, Place, pairs
from .timing import Tolerance, timings

GONE, NEW = "missing", "added"


class _Entry(t.NamedTuple):
    kind: Kind
    place: t.Optional[Place]
    vantage: str
    declared: t.Optional[str]
    before: t.Tuple[int, ...]
    after: t.Tuple[int, ...]


def comparison(
    before: t.Any, after: t.Any, expected: t.Any = None, tolerance: t.Optional[Tolerance] = None
) -> t.Dict[str, t.Any]:
    """Compare two sides, each in any form that ``matrix`` takes. Returns a ``comparison`` of docs/facts.schema.json.

    :param expected: the declared changes, see ``declared.py``.
    :raises NotARun: a side is something else.
    :raises DeclarationError: a declaration is not understood.
    """
    tolerance = tolerance or Tolerance()
    declared = declarations(expected)
    sides = list(checks_in(before)), list(checks_in(after))
    found = pairs(*sides)
    entries: t.List[_Entry] = []
    unchanged = 0
    for pair in found:
        differences = list(_differences(pair, tolerance))
        unchanged += not differences and bool(pair.before and pair.after)
        entries += [_entry(kind, pair, declared) for kind in differences]
    entries += _vantages(sides, declared)
    lists = _lists(entries, found)
    fulfilled = {entry.declared for entry in entries}
    unseen = [entry for entry in declared if entry.text not in fulfilled]
    verdict = _verdict(lists, any(entry.required for entry in unseen))
    # A declared change can be that everything is replaced.
    blind = verdict == "pass" and not lists["expected"] and not any(pair.before and pair.after for pair in found)
    verdict = "inconclusive" if blind else verdict
    return {
        "schema_version": SCHEMA_VERSION,
        "verdict": verdict,
        "summary": f"{_summary(lists, unchanged, unseen)}{' Nothing could be compared.' if blind else ''}",
        "before": _side(before, sides[0]),
        "after": _side(after, sides[1]),
        "regressions": lists[WORSE],
        "improvements": lists[BETTER],
        "changes": lists[OTHER],
        "expected": lists["expected"],
        "unchanged": unchanged,
        "missing": lists[GONE],
        "added": lists[NEW],
        "unseen": [entry.text for entry in unseen],
        "tolerance": tolerance.as_dict(),
        "rollback_hint": _hint(lists),
    }


def _differences(pair: Pair, tolerance: Tolerance) -> t.Iterator[Kind]:
    """All changes of one vantage and one endpoint, their consequences left out."""
    yield from _moves(pair)
    if not pair.before or not pair.after:
        return
    specific = [kind for kind in _of_facts(pair) if kind.field != "failed_phase"]
    failures = [kind for kind in _of_facts(pair) if kind.field == "failed_phase" and not _told(specific, kind)]
    known = [*specific, *failures]
    reported = [kind for kind in _of_marks(pair, "finding", findings) if not _told(known, kind)]
    known += reported
    broken = {kind.sense for kind in failures}
    known += [
        kind for kind in _of_marks(pair, "expectation", unmet) if kind.sense not in broken and not _told(known, kind)
    ]
    yield from _without_echoes(known)
    yield from timings(pair.before, pair.after, tolerance)


def _moves(pair: Pair) -> t.Iterator[Kind]:
    """What became of the endpoint itself."""
    if pair.moved is not None:
        yield Kind("address_changed", OTHER, "resolve", "endpoint.address", *pair.moved, name=_what_became(pair.former))
    if pair.before and not pair.after:
        name = pair.place.name
        if pair.untested:
            yield Kind("not_tested", GONE, "connect", "verdict", pair.before[0]["verdict"], _why(pair.untested[0]))
        elif pair.vantage_remains:
            yield Kind("endpoint_gone", GONE, "resolve", "endpoint", name, None, _what_became(pair.former))
    elif pair.after and not pair.before:
        name = pair.place.name
        if pair.untested:
            yield Kind("tested_now", NEW, "connect", "verdict", _why(pair.untested[0]), pair.after[0]["verdict"])
        elif pair.vantage_remains:
            yield Kind("endpoint_new", NEW, "resolve", "endpoint", None, name)


def _what_became(former: t.Sequence[Check]) -> str:
    """Of an address that names no longer lead to, as the end of a sentence."""
    if not former:
        return ""
    failed = next((seen for check in former for seen in [observed(check)["failed_phase"]] if seen.value), None)
    return ", which still answers there" if failed is None else f", which fails there at {failed.shown}"


def _why(check: Check) -> str:
    titles = [finding["title"] for finding in check["findings"]]
    return printable(check["not_tested"] or (titles[0] if titles else check["verdict"]), QUOTED)


def _of_facts(pair: Pair) -> t.Iterator[Kind]:
    sides = [[observed(check) for check in side] for side in (pair.before, pair.after)]
    for field in dict.fromkeys(field for side in sides for facts in side for field in facts):
        was, now = ([facts[field] for facts in side if field in facts] for side in sides)
        if was and now and _comparable(field, sides):
            yield from kinds(field, was, now)


def _comparable(field: str, sides: t.Sequence[t.Sequence[Facts]]) -> bool:
    """What depends on something that has itself changed is not compared: it would say the same again."""
    if field == "banner.lines":
        # The name and the software say it better; the whole text is for whatever else has changed.
        named = ("banner.software.product", "banner.software.version", "banner.hostname")
        return all(_same(name, sides) for name in named)
    if field == "banner.software.version":
        return _same("banner.software.product", sides)
    if field.startswith("ehlo.") and field != "ehlo.command":
        return _same("ehlo.command", sides)
    if field == "tls.cipher":
        return _same("tls.version", sides)
    if field == "tls.mta_sts.valid":
        # A server that meets the policy no more for what is told of its TLS anyway.
        return all(_same(name, sides) for name in ("tls.offered", "tls.trusted", "tls.name_matches.matches"))
    return True


def _same(field: str, sides: t.Sequence[t.Sequence[Facts]]) -> bool:
    """Whether nothing is reported of a field; so it is where one side does not tell it."""
    was, now = ({facts[field].value for facts in side if field in facts} for side in sides)
    return not was or not now or not was.isdisjoint(now)


def _of_marks(pair: Pair, what: str, marks: t.Callable[[Check], t.Mapping[str, Seen]]) -> t.Iterator[Kind]:
    """Findings that are new or gone, expectations that are unmet or met now. Gone only counts where it would show."""
    sides = [[(check, marks(check)) for check in side] for side in (pair.before, pair.after)]
    words = ("finding_new", "finding_gone") if what == "finding" else ("expectation_unmet", "expectation_met")
    for name in dict.fromkeys(name for side in sides for _check, seen in side for name in seen):
        seen, *_others = (found[name] for side in sides for _check, found in side if name in found)
        was, now = (
            [name in found for check, found in side if name in found or passed(check, seen.phase)] for side in sides
        )
        path = f"{what}s.{name}"
        if was and now and any(now) and not any(was):
            yield Kind(words[0], WORSE, seen.phase, path, None, seen.shown, name)
        elif was and now and all(was) and not any(now):
            yield Kind(words[1], BETTER, seen.phase, path, seen.shown, None, name)


def _told(specific: t.Sequence[Kind], failure: Kind) -> bool:
    """Whether the way a dialog fails is told by what is reported of the phase. An outcome tells it whatever its sense:
    a recipient that must be refused, and now is accepted, is worse, though the dialog goes on."""
    answers = [kind for kind in specific if kind.phase == failure.phase and kind.change in ANSWERS]
    return bool(answers) or _explains(specific, failure)


def _explains(known: t.Iterable[Kind], consequence: Kind) -> bool:
    same = [kind for kind in known if kind.sense == consequence.sense]
    # What is not offered in reply to EHLO cannot be started.
    phases = {kind.phase for kind in same} | (
        {"starttls"} if any(kind.field == "tls.offered" for kind in same) else set()
    )
    return consequence.phase in phases


def _without_echoes(known: t.Iterable[Kind]) -> t.Iterator[Kind]:
    """A keyword that came or went in both lists, without TLS and under it, is one change."""
    told: t.Set[t.Tuple[str, str]] = set()
    for kind in sorted(known, key=lambda kind: kind.field.startswith("ehlo.before_tls.")):
        if kind.field.startswith("ehlo."):
            if (kind.change, kind.name) in told:
                continue
            told.add((kind.change, kind.name))
        yield kind


def _entry(kind: Kind, pair: Pair, declared: t.Sequence[Declaration]) -> _Entry:
    version = next((check["tls"]["version"] for check in pair.before if check["tls"]["version"] is not None), None)
    covering = (entry.text for entry in declared if entry.covers(kind, pair.place.as_dict(), pair.vantage, version))
    return _Entry(kind, pair.place, pair.vantage, next(covering, None), pair.before_numbers, pair.after_numbers)


def _vantages(sides: t.Sequence[t.Sequence[Check]], declared: t.Sequence[Declaration]) -> t.Iterator[_Entry]:
    """Whole vantages that are gone or new."""
    was, now = (dict.fromkeys(check["vantage"]["name"] for check in side) for side in sides)
    for name in was:
        if name not in now:
            yield _of_vantage(Kind("vantage_gone", GONE, "connect", "vantage", name, None), name, declared)
    for name in now:
        if name not in was:
            yield _of_vantage(Kind("vantage_new", NEW, "connect", "vantage", None, name), name, declared)


def _of_vantage(kind: Kind, name: str, declared: t.Sequence[Declaration]) -> _Entry:
    covering = (entry.text for entry in declared if entry.covers(kind, None, name))
    return _Entry(kind, None, name, next(covering, None), (), ())


def _lists(entries: t.Sequence[_Entry], found: t.Sequence[Pair]) -> t.Dict[str, t.List[t.Dict[str, t.Any]]]:
    """The entries in their lists; what several vantages see alike is one."""
    merged: t.Dict[t.Tuple[t.Any, ...], t.List[_Entry]] = {}
    for entry in entries:
        merged.setdefault(_sight(entry), []).append(entry)
    could: t.Counter[t.Optional[Place]] = collections.Counter()
    could.update(pair.place for pair in found if pair.before and pair.after)
    families = _families(found)
    lists: t.Dict[str, t.List[t.Dict[str, t.Any]]] = {
        name: [] for name in (WORSE, BETTER, OTHER, "expected", GONE, NEW)
    }
    for same in merged.values():
        first = same[0]
        name = "expected" if first.declared is not None else first.kind.sense
        of = max(could[first.place], len(same)) if name not in (GONE, NEW) else len(_who_knows(first.place, found)) or 1
        lists[name].append(_as_dict(first.kind, first.place, same, of, families))
    return lists


def _sight(entry: _Entry) -> t.Tuple[t.Any, ...]:
    """What makes the entries of several vantages one. Servers' words and times differ; how a dialog fails must not."""
    kind = entry.kind
    values = (kind.before, kind.after) if kind.field == "failed_phase" else ()
    return entry.place, kind.change, kind.sense, kind.field, kind.name, entry.declared, values


def _who_knows(place: t.Optional[Place], found: t.Sequence[Pair]) -> t.List[str]:
    """The vantages that know the endpoint on either side."""
    return [pair.vantage for pair in found if pair.place == place]


def _families(found: t.Sequence[Pair]) -> t.Dict[t.Any, t.Set[bool]]:
    """Of each host, over which versions of IP it was tested."""
    families: t.Dict[t.Any, t.Set[bool]] = {}
    for pair in found:
        families.setdefault(pair.place.service, set()).add(":" in (pair.place.address or ""))
    return families


def _as_dict(
    kind: Kind, place: t.Optional[Place], same: t.Sequence[_Entry], of: int, families: t.Mapping[t.Any, t.Set[bool]]
) -> t.Dict[str, t.Any]:
    vantages = [entry.vantage for entry in same]
    # A step's phase means nothing for what is gone as a whole.
    whole = kind.change in ("endpoint_gone", "endpoint_new", "vantage_gone", "vantage_new")
    return {
        "change": kind.change,
        "endpoint": place.as_dict() if place is not None else None,
        "vantages": vantages,
        "of": of,
        "phase": None if whole else kind.phase,
        "field": kind.field,
        "before": kind.before,
        "after": kind.after,
        "impact": _impact(kind, place, vantages, of, families),
        "declared": same[0].declared,
        "checks": {
            "before": sorted({number for entry in same for number in entry.before}),
            "after": sorted({number for entry in same for number in entry.after}),
        },
    }


def _impact(
    kind: Kind, place: t.Optional[Place], vantages: t.Sequence[str], of: int, families: t.Mapping[t.Any, t.Set[bool]]
) -> str:
    words = kind.words()
    if place is not None and kind.change not in ("endpoint_gone", "endpoint_new"):
        words += f" on {place.short}"
        if len(families[place.service]) > 1:
            words += " over IPv6" if ":" in (place.address or "") else " over IPv4"
    if of > 1:
        words += f", seen from {'all' if len(vantages) == of else f'{len(vantages)} of'} {of} vantages"
    return words.replace(",,", ",") + "."


def _side(given: t.Any, checks: t.Sequence[Check]) -> t.Dict[str, t.Any]:
    moments = sorted(check["started_at"] for check in checks if check["started_at"] is not None)
    labels = {entry.get("label") for entry in _records(given)}
    label = labels.pop() if len(labels) == 1 else None
    return {
        "label": printable(label, QUOTED) if label is not None else None,
        "started_at": moments[0] if moments else None,
        "finished_at": moments[-1] if moments else None,
        "vantages": list(dict.fromkeys(check["vantage"]["name"] for check in checks)),
        "checks": len(checks),
    }


def _records(given: t.Any) -> t.Iterator[t.Mapping[str, t.Any]]:
    if isinstance(given, t.Mapping):
        yield given
    elif isinstance(given, (list, tuple)):
        for entry in given:
            yield from _records(entry)


def _verdict(lists: t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]], unfulfilled: bool) -> str:
    if lists[WORSE] or unfulfilled or any(entry["change"] == "endpoint_gone" for entry in lists[GONE]):
        return "fail"
    return "inconclusive" if lists[GONE] else "pass"


def _summary(
    lists: t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]], unchanged: int, unseen: t.Sequence[Declaration]
) -> str:
    counted = [
        f"{len(lists[name])} {words if len(lists[name]) != 1 else words.rstrip('s')}"
        for name, words in (
            (WORSE, "regressions"),
            (GONE, "missing"),
            (BETTER, "improvements"),
            (OTHER, "other changes"),
        )
        if lists[name]
    ]
    counted += [f"{len(lists['expected'])} as declared"] if lists["expected"] else []
    counted += [f"{len(lists[NEW])} new"] if lists[NEW] else []
    counted += [f"{len(unseen)} declared but not seen"] if unseen else []
    first = [*lists[WORSE], *lists[GONE]][:1]
    main = f" First of all: {first[0]['impact']}" if first else ""
    return (
        f"{', '.join(counted)}; {unchanged} unchanged.{main}" if counted else f"Nothing changed; {unchanged} unchanged."
    )


def _hint(lists: t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]]) -> t.Optional[str]:
    lost = [*lists[WORSE], *(entry for entry in lists[GONE] if entry["change"] == "endpoint_gone")]
    if not lost:
        return None
    shown = " ".join(entry["impact"] for entry in lost[:5])
    more = f" And {len(lost) - 5} more." if len(lost) > 5 else ""
    return f"Roll back, or mend: {shown}{more}"
