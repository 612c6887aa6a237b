# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""From who sees an endpoint fail and who does not to the place where the fault is, with the reasons.

The target is blamed only where two outside vantages on different networks agree. Where the vantages cannot tell two
places apart, ``undetermined`` says which, and what would tell them apart. No fault, no entry.
"""

from __future__ import annotations

import typing as t

from .differences import Difference, difference
from .whereabouts import DMZ, INSIDE, OUTSIDE, Check, Whereabouts, independent

# Where a fault can be: who must look there, and what to do.
PLACES = {
    "server": ("target", "Look at the mail server itself: its service, its log, its own packet filter."),
    "perimeter": (
        "network",
        "Look at the firewall, the address translation and the public DNS in front of the mail server.",
    ),
    "inside": ("network", "Look at the way within the own network: internal firewalls, routes, internal DNS."),
    "egress": ("network", "Ask the network or provider of these vantages to let port 25 out."),
    "ipv6_path": ("network", "Look at IPv6 alone: AAAA records, listener, firewall rules and routes for it."),
    "middlebox": ("network", "Look for a device with mail inspection or a proxy in the path of these vantages."),
    "interception": ("network", "Exempt these vantages from the SMTP proxy of their network, or use others."),
    "client_policy": ("target", "Look up in the server's log what it has against the addresses of these vantages."),
    "undetermined": ("vantage", "Add vantages, or say more of these: side and network of the option vantage."),
}

# A dialog that broke off here never reached a mail server.
BEFORE_SMTP = ("resolve", "connect", "proxy", "banner")


class Location(t.NamedTuple):
    """A fault, and where it is. ``endpoints`` are indexes, ``what`` a clause about them, ``reasons`` clauses too."""

    place: str
    endpoints: t.Tuple[int, ...]
    vantages: t.Tuple[str, ...]
    confidence: str
    what: str
    reasons: t.Tuple[str, ...]

    def as_dict(self) -> t.Dict[str, t.Any]:
        owner, next_step = PLACES[self.place]
        return {
            "place": self.place,
            "endpoints": list(self.endpoints),
            "vantages": list(self.vantages),
            "confidence": self.confidence,
            "owner": owner,
            "summary": f"{self.what}.",
            "reasons": [f"{reason}." for reason in self.reasons],
            "next_step": next_step,
        }


def is_bad(check: Check) -> bool:
    """The vantage saw this endpoint fail; a dead address is only ``degraded`` where the host has others that work."""
    return check["verdict"] == "fail" or (check["verdict"] == "degraded" and check["failed_phase"] in BEFORE_SMTP)


def answered(check: Check) -> bool:
    """Somebody who speaks SMTP answered."""
    return check["banner"] is not None and check["banner"]["code"] is not None


def _policies_not_met(check: Check) -> t.Set[str]:
    """Those of the domain for which senders would not deliver, although the server itself refused nothing."""
    if check["failed_phase"] is not None or not check["tls"]:
        return set()
    held = {name: check["tls"].get(name) or {} for name in ("dane", "mta_sts")}
    enforced = {"dane": bool(held["dane"].get("usable")), "mta_sts": held["mta_sts"].get("mode") == "enforce"}
    return {name for name, policy in held.items() if enforced[name] and policy.get("valid") is False}


def _unaware(seen: t.Mapping[str, Check], bad: t.Sequence[str], good: t.Sequence[str]) -> t.List[str]:
    """Where it fails for a policy alone: those for whom it does not, since the policy could not be looked up there."""
    not_met = [_policies_not_met(seen[vantage]) for vantage in bad]
    if not all(not_met):
        return []
    known = {vantage: {name for name, policy in (seen[vantage]["tls"] or {}).items() if policy} for vantage in good}
    return [vantage for vantage in good if set().union(*not_met) - known[vantage]]


def localise(
    column: int, name: str, seen: t.Mapping[str, Check], places: t.Mapping[str, Whereabouts]
) -> t.Optional[Location]:
    """The fault that the vantages see at one endpoint, given the conclusive check of each; None where there is none.

    ``name`` is what to call the endpoint.
    """
    view = _View(column, name, seen, places)
    reached = {vantage: check for vantage, check in seen.items() if answered(check)}
    bad = [vantage for vantage, check in seen.items() if is_bad(check)]
    good = [vantage for vantage in seen if vantage not in bad]
    sides = {vantage: place.side for vantage, place in places.items()}
    differs = difference(reached, sides)
    if differs is not None and (not bad or good) and set(bad) <= {*differs.vantages, *good}:
        return view.in_between(differs)
    if not bad:
        return None
    unreached = [vantage for vantage in bad if vantage not in reached]
    if not good and (not unreached or len(unreached) == len(bad)):
        return view.everywhere(bad, reached)
    if not unreached:
        unaware = _unaware(seen, bad, good)
        if unaware:
            knowing = {vantage: check for vantage, check in seen.items() if vantage not in unaware}
            located = localise(column, name, knowing, places)
            reason = f"{_listed(unaware)} did not come to know the policy that {_listed(bad)} held it to"
            return located and located._replace(reasons=(*located.reasons, reason))
        return view.refused_by_the_server(bad, good)
    return view.unreachable_from(unreached, [*good, *(vantage for vantage in bad if vantage in reached)])


class _View:
    """One endpoint as all vantages see it."""

    def __init__(
        self, column: int, name: str, seen: t.Mapping[str, Check], places: t.Mapping[str, Whereabouts]
    ) -> None:
        self._column = column
        self._name = name
        self._seen = seen
        self._places = places

    def in_between(self, differs: Difference) -> Location:
        what = f"{self._name} looks different on the way to {_listed(differs.vantages)}: {differs.what}"
        return self._location("middlebox", differs.vantages, differs.confidence, what, differs.reasons)

    def refused_by_the_server(self, bad: t.Sequence[str], good: t.Sequence[str]) -> Location:
        what = f"{self._name} itself turns {_listed(bad)} away at {self._phases(bad)}, and not {_listed(good)}"
        return self._location(
            "client_policy", bad, "likely", what,
            [f"the server greeted {_listed(bad)} and answered: the network lets them through"],
        )  # fmt: skip

    def everywhere(self, bad: t.Sequence[str], reached: t.Mapping[str, Check]) -> t.Optional[Location]:
        if len(bad) < 2:
            return None  # one alone has nobody to agree or disagree with
        outside, within = self._on(bad, OUTSIDE), [*self._on(bad, INSIDE), *self._on(bad, DMZ)]
        what = f"{self._name} fails for everybody, at {self._phases(bad)}"
        networks = independent(self._places[vantage] for vantage in outside)
        if networks < 2:
            return self._location(
                "undetermined", bad, "possible", what,
                [f"the target is blamed where two outside vantages on different networks agree, and here {networks} of "
                 f"{len(outside)} outside vantages is known to be on a network of its own"],
            )  # fmt: skip
        reasons = [f"it is seen from outside by {_listed(outside)}, on {networks} different networks"]
        if reached:
            reasons.append("the server answers, and its answer is the fault")
            return self._location("server", bad, "certain", what, reasons)
        if within:
            reasons.append(f"so it is seen from within by {_listed(within)}: the perimeter is not the cause")
            return self._location("server", bad, "likely", what, reasons)
        reasons.append("no vantage within the perimeter took part, so a firewall before the server is not excluded")
        return self._location("server", bad, "possible", what, reasons)

    def unreachable_from(self, bad: t.Sequence[str], good: t.Sequence[str]) -> Location:
        outside_bad, outside_good = self._on(bad, OUTSIDE), self._on(good, OUTSIDE)
        within_good = [*self._on(good, INSIDE), *self._on(good, DMZ)]
        what = f"{self._name} is out of reach for {_listed(bad)} at {self._phases(bad)}, and not for {_listed(good)}"
        if outside_bad and not outside_good and within_good:
            return self._at_the_perimeter(what, bad, outside_bad, within_good)
        if outside_bad and outside_good:
            return self._outside_only_for_some(what, outside_bad, outside_good)
        inside_bad = [vantage for vantage in bad if self._places[vantage].side in (INSIDE, DMZ)]
        if inside_bad and len(inside_bad) == len(bad) and (outside_good or within_good):
            return self._within(what, inside_bad, within_good, outside_good)
        if len(bad) < len(good):
            return self._location(
                "egress", bad, "possible", what,
                [f"the server is reached by more vantages than not: {_listed(good)}",
                 "on which side they stand is not known"],
            )  # fmt: skip
        return self._location(
            "undetermined", bad, "possible", what, ["nobody has said which of the vantages are outside the perimeter"]
        )

    def _at_the_perimeter(
        self, what: str, bad: t.Sequence[str], outside: t.Sequence[str], within: t.Sequence[str]
    ) -> Location:
        networks = independent(self._places[vantage] for vantage in outside)
        reasons = [f"the server is reached from within by {_listed(within)}"]
        if networks >= 2:
            reasons.append(f"nobody outside reaches it: {_listed(outside)}, on {networks} different networks")
            return self._location("perimeter", bad, "likely", what, reasons)
        reasons.append(
            f"of the outside only {_listed(outside)} took part, on no two networks known to differ: the perimeter and "
            f"{'its' if len(outside) == 1 else 'their'} own network look the same from here"
        )
        return self._location("undetermined", bad, "possible", what, reasons)

    def _outside_only_for_some(self, what: str, bad: t.Sequence[str], good: t.Sequence[str]) -> Location:
        networks = independent(self._places[vantage] for vantage in bad)
        others = independent(self._places[vantage] for vantage in good)
        reasons = [f"the server is reached from outside too, by {_listed(good)}"]
        if networks > max(others, 1):
            reasons.append(f"{networks} networks at once are unlikely to block it each for itself")
            return self._location("perimeter", bad, "possible", what, reasons)
        shared = [
            vantage for vantage in bad
            if any(self._places[vantage].networks & self._places[other].networks for other in good)
        ]  # fmt: skip
        if shared:
            reasons.append(f"on one network with a vantage that reaches it: {_listed(shared)}; look there first")
        return self._location("egress", bad, "possible" if shared else "likely", what, reasons)

    def _within(self, what: str, bad: t.Sequence[str], within: t.Sequence[str], outside: t.Sequence[str]) -> Location:
        reasons = [f"the server is reached from outside by {_listed(outside)}"] if outside else []
        reasons += [f"it is reached from within by {_listed(within)}"] if within else []
        same_side = [vantage for vantage in within if self._places[vantage].side in self._sides(bad)]
        if same_side:
            reasons.append("so it is the network of these vantages, not the whole side")
        return self._location("inside", bad, "likely", what, reasons)

    def _sides(self, vantages: t.Iterable[str]) -> t.Set[t.Optional[str]]:
        return {self._places[vantage].side for vantage in vantages}

    def _on(self, vantages: t.Iterable[str], side: str) -> t.List[str]:
        return [vantage for vantage in vantages if self._places[vantage].side == side]

    def _phases(self, vantages: t.Iterable[str]) -> str:
        phases = {self._seen[vantage]["failed_phase"] or self._seen[vantage]["reached"] for vantage in vantages}
        return " or ".join(sorted(filter(None, phases))) or "an unknown phase"

    def _location(
        self, place: str, vantages: t.Sequence[str], confidence: str, what: str, reasons: t.Sequence[str]
    ) -> Location:
        return Location(place, (self._column,), tuple(vantages), confidence, what, tuple(reasons))


def _listed(names: t.Iterable[str]) -> str:
    return ", ".join(names)
