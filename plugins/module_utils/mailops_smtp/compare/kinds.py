# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What a difference in one fact means: which kind of change it is, and whether for the better or the worse.

On either side stand the values that the fact had in all checks of one vantage and one endpoint. A fact with an order is
as good as its worst value; one without has changed where no value of before is left. So the members of a balancer,
which show now one value and now another, are no change.
"""

from __future__ import annotations

import typing as t

from ..evidence import PHASES
from ..judge.verdicts import rank
from .observed import FIRST_CONTACT, Seen
from .sentences import KINDS

WORSE, BETTER, OTHER = "regressions", "improvements", "changes"

_TLS_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")

# Extensions that mail or security gains by. Others, such as HELP or a maker's own, are neither better nor worse.
_VALUED = frozenset(
    (
        "8BITMIME",
        "AUTH",
        "BINARYMIME",
        "CHUNKING",
        "DELIVERBY",
        "DSN",
        "ENHANCEDSTATUSCODES",
        "FUTURERELEASE",
        "LIMITS",
        "MT-PRIORITY",
        "PIPELINING",
        "PRDR",
        "REQUIRETLS",
        "SIZE",
        "SMTPUTF8",
    )
)

# The kinds that tell what became of an address or the message, and so how the dialog fails.
_WHAT = ("sender", "recipient", "message")
_BECAME = ("refused", "deferred", "accepted")
ANSWERS = frozenset(
    ["relay_opened", "relay_closed", "reply_changed", *(f"{what}_{became}" for what in _WHAT for became in _BECAME)]
)

# The worse, the higher. What is rightly refused stands outside of this order.
_OUTCOMES = {
    "accepted": 0,
    "asked to come back": 1,
    "deferred": 2,
    "unknown": 2,
    "refused": 3,
    "relay denied": 3,
}

# Of an MTA-STS policy. RFC 8461 5: one that is merely tested holds up no mail; any other mode is as good as none.
_POLICY_MODES = {"enforce": 0, "testing": 1}


class Kind(t.NamedTuple):
    """``sense`` is WORSE, BETTER or OTHER; ``name`` fills the sentence of KINDS, as before and after do."""

    change: str
    sense: str
    phase: str
    field: str
    before: t.Any
    after: t.Any
    name: str = ""

    def words(self) -> str:
        return KINDS[self.change].format(before=self.before, after=self.after, name=self.name)


Values = t.Sequence[Seen]


def kinds(field: str, before: Values, after: Values) -> t.Iterator[Kind]:
    """The changes of one fact. Both sides have at least one value."""
    rule = next(
        (rule for start, rule in _RULES if field == start or (start[-1] in ".]" and field.startswith(start))), None
    )
    if rule is None and field.startswith("transactions["):
        rule = _answers
    if rule is not None:
        yield from rule(field, before, after)


def _worst(values: Values, order: t.Callable[[t.Any], t.Any]) -> Seen:
    return max(values, key=lambda seen: order(seen.value))


def _ordered(
    field: str,
    before: Values,
    after: Values,
    order: t.Callable[[t.Any], t.Any],
    worse: str,
    better: str,
    name: str = "",
) -> t.Iterator[Kind]:
    was, now = _worst(before, order), _worst(after, order)
    if order(now.value) > order(was.value):
        yield Kind(worse, WORSE, now.phase, field, was.shown, now.shown, name)
    elif order(now.value) < order(was.value) and not _all_known(before, after):
        yield Kind(better, BETTER, was.phase, field, was.shown, now.shown, name)


def _all_known(before: Values, after: Values) -> bool:
    """Whether after shows nothing that before had not shown as well: less was seen of the same."""
    return {seen.value for seen in after} <= {seen.value for seen in before}


def _disjoint(before: Values, after: Values) -> bool:
    return {seen.value for seen in before}.isdisjoint(seen.value for seen in after)


def _unordered(field: str, before: Values, after: Values, change: str, name: str = "") -> t.Iterator[Kind]:
    if _disjoint(before, after):
        yield Kind(change, OTHER, after[0].phase, field, before[0].shown, after[0].shown, name)


def _false_is_worse(worse: str, better: str) -> t.Callable[[str, Values, Values], t.Iterator[Kind]]:
    return lambda field, before, after: _ordered(field, before, after, lambda value: not value, worse, better)


def _simply(change: str) -> t.Callable[[str, Values, Values], t.Iterator[Kind]]:
    return lambda field, before, after: _unordered(field, before, after, change)


def _failures(field: str, before: Values, after: Values) -> t.Iterator[Kind]:
    was, now = _worst(before, _how_bad), _worst(after, _how_bad)
    if was.value is None and now.value is None:
        return
    if was.value is not None and was.value[2] in FIRST_CONTACT and (now.value is None or now.value[2] in FIRST_CONTACT):
        return
    if was.value is None or _how_bad(now.value) > _how_bad(was.value):
        change = "stopped_working" if was.value is None else "fails_differently"
        yield Kind(change, WORSE, now.phase, field, was.shown, now.shown)
    elif now.value is None:
        if not _all_known(before, after):
            yield Kind("works_again", BETTER, was.phase, field, was.shown, None)
    elif _how_bad(now.value) < _how_bad(was.value) or {seen.value for seen in before}.isdisjoint(
        seen.value for seen in after
    ):
        yield Kind("fails_differently", OTHER, now.phase, field, was.shown, now.shown)


def _how_bad(failure: t.Any) -> t.Tuple[int, int]:
    """A verdict, and the earlier in the dialog the worse."""
    return (0, 0) if failure is None else (rank(failure[0]), -PHASES.index(failure[1]))


def _keywords(field: str, before: Values, after: Values) -> t.Iterator[Kind]:
    for name in dict.fromkeys(name for side in (before, after) for seen in side for name in seen.value):
        was, now = ([seen.value.get(name) for seen in side] for side in (before, after))
        phase, path = after[0].phase, f"{field}.{name}"
        if None in now and None not in was:
            sense = WORSE if name in _VALUED else OTHER
            yield Kind("extension_lost", sense, phase, path, was[0], None, name)
        elif None not in now and set(was) == {None}:
            sense = BETTER if name in _VALUED else OTHER
            yield Kind("extension_added", sense, phase, path, None, now[0], name)
        elif None in was or None in now:
            # Now there and now not: members of a balancer that do not offer the same.
            continue
        elif name == "AUTH":
            yield from _mechanisms(phase, path, was, now)
        elif name == "SIZE":
            yield from _sizes(phase, path, was, now)
        elif set(was).isdisjoint(now):
            yield Kind("extension_changed", OTHER, phase, path, was[0], now[0], name)


def _mechanisms(phase: str, path: str, was: t.Sequence[str], now: t.Sequence[str]) -> t.Iterator[Kind]:
    before: t.List[t.Set[str]] = [set(parameters.split()) for parameters in was]
    after: t.List[t.Set[str]] = [set(parameters.split()) for parameters in now]
    for name in sorted(before[0].intersection(*before) - after[0].intersection(*after)):
        yield Kind("auth_mechanism_lost", WORSE, phase, path, was[0], now[0], name)
    for name in sorted(after[0].union(*after) - before[0].union(*before)):
        yield Kind("auth_mechanism_added", OTHER, phase, path, was[0], now[0], name)


def _sizes(phase: str, path: str, was: t.Sequence[str], now: t.Sequence[str]) -> t.Iterator[Kind]:
    before, after = (min(map(_limit, side)) for side in (was, now))
    if before != after:
        change, sense = ("size_lowered", WORSE) if after < before else ("size_raised", BETTER)
        yield Kind(change, sense, phase, path, _shown_limit(before), _shown_limit(after), "SIZE")


def _limit(parameters: str) -> float:
    """RFC 1870 4: zero, like no number at all, is no limit."""
    return float(int(parameters) or "inf") if parameters.isdecimal() and len(parameters) < 20 else float("inf")


def _shown_limit(limit: float) -> str:
    return "none" if limit == float("inf") else str(int(limit))


def _tls_versions(field: str, before: Values, after: Values) -> t.Iterator[Kind]:
    def order(version: str) -> int:
        return -_TLS_VERSIONS.index(version) if version in _TLS_VERSIONS else -len(_TLS_VERSIONS)

    yield from _ordered(field, before, after, order, "tls_version_lowered", "tls_version_raised")


def _certificates(field: str, before: Values, after: Values) -> t.Iterator[Kind]:
    """Something is new and something is gone; one of the two alone may be a member of a balancer not met before."""
    was, now = {seen.value: seen for seen in before}, {seen.value: seen for seen in after}
    new, gone = [key for key in now if key not in was], [key for key in was if key not in now]
    if not new or not gone:
        return
    old, fresh = gone[0], new[0]
    renewed = old[1] == fresh[1] and (fresh[2] or "") > (old[2] or "")
    change = "certificate_renewed" if renewed else "certificate_replaced"
    yield Kind(change, OTHER, "starttls", field, was[old].shown, now[fresh].shown)


_REFUSED = {"sender": "sender_refused", "recipients": "recipient_refused", "message": "message_refused"}
_ACCEPTED = {"sender": "sender_accepted", "recipients": "recipient_accepted", "message": "message_accepted"}


def _answers(field: str, before: Values, after: Values) -> t.Iterator[Kind]:
    """The outcome of MAIL, RCPT and the message. Being refused is right for a recipient that must be."""
    what, _dot, address = field.rpartition("].")[2].partition(".")
    name = address or {"sender": "the sender", "message": "the message"}[what]
    was, now = _worst(before, _badness), _worst(after, _badness)
    outcomes = was.value[0], now.value[0]
    right = [any(seen.value[0] == "rightly refused" for seen in side) for side in (before, after)]
    if (right[0] or outcomes[0] == "relay denied") and outcomes[1] == "accepted":
        yield Kind("relay_opened", WORSE, now.phase, field, before[0].shown, now.shown, name)
    elif right[1] and not right[0]:
        change, sense = ("relay_closed", BETTER) if outcomes[0] == "accepted" else ("reply_changed", OTHER)
        yield Kind(change, sense, now.phase, field, was.shown, after[0].shown, name)
    elif right[0] or right[1]:
        yield from _unordered(field, before, after, "reply_changed", name)
    elif outcomes[0] == "asked to come back" and outcomes[1] in ("accepted", "asked to come back"):
        return
    elif _OUTCOMES[outcomes[1]] > _OUTCOMES[outcomes[0]]:
        put_off = what == "recipients" and _OUTCOMES[outcomes[1]] < _OUTCOMES["refused"]
        yield Kind(
            "recipient_deferred" if put_off else _REFUSED[what], WORSE, now.phase, field, was.shown, now.shown, name
        )
    elif _OUTCOMES[outcomes[1]] < _OUTCOMES[outcomes[0]] and not _all_known(before, after):
        accepted = outcomes[1] == "accepted"
        change, sense = (_ACCEPTED[what], BETTER) if accepted else ("reply_changed", BETTER)
        yield Kind(change, sense, was.phase, field, was.shown, now.shown, name)
    elif outcomes[0] == outcomes[1] != "accepted":
        # What a server says to what it accepts differs from product to product, and means nothing.
        yield from _unordered(field, before, after, "reply_changed", name)


def _badness(answer: t.Any) -> int:
    return _OUTCOMES.get(answer[0], -1)


def _policy_modes(field: str, before: Values, after: Values) -> t.Iterator[Kind]:
    was, now = _worst(before, _policy_rank).shown, _worst(after, _policy_rank).shown
    if _policy_rank(was) != _policy_rank(now):
        change = "mta_sts_added" if was is None else "mta_sts_removed" if now is None else "mta_sts_mode_changed"
        sense = WORSE if _policy_rank(now) > _policy_rank(was) else BETTER
        yield Kind(change, sense, after[0].phase, field, was, now)


def _policy_rank(mode: t.Any) -> int:
    return _POLICY_MODES.get(mode, len(_POLICY_MODES))


def _commands(field: str, before: Values, after: Values) -> t.Iterator[Kind]:
    yield from _ordered(field, before, after, lambda command: command != "EHLO", "ehlo_lost", "ehlo_gained")


def _extras(field: str, before: Values, after: Values) -> t.Iterator[Kind]:
    yield from _unordered(field, before, after, "extra_changed", field.partition(".")[2])


_RULES: t.Sequence[t.Tuple[str, t.Callable[[str, Values, Values], t.Iterator[Kind]]]] = (
    ("failed_phase", _failures),
    ("endpoint.preference", _simply("preference_changed")),
    ("banner.software.product", _simply("product_changed")),
    ("banner.software.version", _simply("version_changed")),
    ("banner.hostname", _simply("banner_name_changed")),
    ("banner.lines", _simply("banner_changed")),
    ("ehlo.command", _commands),
    ("ehlo.before_tls", _keywords),
    ("ehlo.keywords", _keywords),
    ("tls.offered", _false_is_worse("starttls_removed", "starttls_added")),
    ("tls.established", _false_is_worse("tls_failing", "tls_working")),
    ("tls.version", _tls_versions),
    ("tls.cipher", _simply("cipher_changed")),
    ("tls.certificate", _certificates),
    ("tls.trusted", _false_is_worse("trust_lost", "trust_gained")),
    ("tls.name_matches.matches", _false_is_worse("name_mismatch", "name_matches")),
    ("tls.dane.usable", _false_is_worse("dane_removed", "dane_added")),
    ("tls.dane.valid", _false_is_worse("dane_failing", "dane_working")),
    ("tls.mta_sts.mode", _policy_modes),
    ("tls.mta_sts.valid", _false_is_worse("mta_sts_failing", "mta_sts_working")),
    ("auth.accepted", _false_is_worse("login_refused", "login_accepted")),
    ("auth.mechanism", _simply("login_mechanism_changed")),
    ("sender", _answers),
    ("recipients.", _answers),
    ("message", _answers),
    ("extra.", _extras),
)
