# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What one and the same server shows to some vantages and not to others, though it answers them all: extensions, the
certificate. Something in between can be the cause, and so can the server, where it treats its own network otherwise.
"""

from __future__ import annotations

import re
import typing as t

from .whereabouts import Check

# What servers grant to networks that they trust, and to nobody else.
_PRIVILEGES = frozenset({"AUTH", "ETRN", "EXPN", "VRFY", "XCLIENT", "XEXCH50", "XFORWARD", "XVERP", "X-EXPS"})

# Firewalls with mail inspection overwrite what they do not like, in place, so that lengths stay the same.
_OVERWRITTEN = re.compile(r"X{4,}[A-Z]?")


class Difference(t.NamedTuple):
    """``vantages`` see otherwise than most. ``confidence`` that something in between is the cause."""

    vantages: t.List[str]
    confidence: str
    what: str
    reasons: t.List[str]


def difference(seen: t.Mapping[str, Check], sides: t.Mapping[str, t.Optional[str]]) -> t.Optional[Difference]:
    """The first that counts, among vantages that have reached the server. ``sides`` as the user named them."""
    return _of_keywords(seen, sides) or _of_certificates(seen)


def keywords(check: Check) -> t.Optional[t.FrozenSet[str]]:
    """The extensions offered in clear text, where there was such a list; within TLS nobody in between can change it."""
    ehlo = check["ehlo"]
    if ehlo is None or ehlo["command"] != "EHLO" or check["protocol"] == "smtps":
        return None
    listed = ehlo["keywords"] if ehlo["before_tls"] is None else ehlo["before_tls"]
    return frozenset(entry["keyword"].upper() for entry in listed)


def _of_keywords(seen: t.Mapping[str, Check], sides: t.Mapping[str, t.Optional[str]]) -> t.Optional[Difference]:
    lists = {name: listed for name, listed in ((name, keywords(check)) for name, check in seen.items()) if listed}
    usual = _usual(lists)
    if usual is None:
        return None
    # Whoever lacks something is the one that something was taken from, be they many or few.
    everything = frozenset().union(*lists.values())
    overwritten = {name: sorted(filter(_OVERWRITTEN.fullmatch, listed)) for name, listed in lists.items()}
    lacking = {name: everything - listed for name, listed in lists.items()}
    without_tls = [name for name in lists if "STARTTLS" in lacking[name]]
    if "STARTTLS" in everything:
        masked = [name for name in without_tls if overwritten[name]]
        if masked:
            return Difference(
                masked, "certain", f"the EHLO list is overwritten for {_listed(masked)}",
                [f"{_listed(masked)} is offered {overwritten[masked[0]][0]} in place of STARTTLS, as firewalls with "
                 "mail inspection write it"],
            )  # fmt: skip
        if without_tls:
            others = [name for name in lists if name not in without_tls]
            return Difference(
                without_tls, "likely", f"STARTTLS is not offered to {_listed(without_tls)}",
                [f"the same address offers STARTTLS to {_listed(others)} and not to {_listed(without_tls)}"],
            )  # fmt: skip
    outliers = [name for name, listed in lists.items() if listed != usual]
    changed = sorted(frozenset().union(*(lists[name] ^ usual for name in outliers)))
    if not (set(changed) - _PRIVILEGES) or _divided_by_side(outliers, lists, sides):
        return None
    return Difference(
        outliers, "possible", f"other extensions are offered to {_listed(outliers)}",
        [f"{', '.join(changed[:6])} differ between {_listed(outliers)} and the others"],
    )  # fmt: skip


def _of_certificates(seen: t.Mapping[str, Check]) -> t.Optional[Difference]:
    shown = {name: check["tls"]["certificate"] for name, check in seen.items() if check["tls"]["certificate"]}
    digests = {name: certificate["sha256"] for name, certificate in shown.items()}
    usual = _usual(digests)
    if usual is None:
        return None
    outliers = [name for name, digest in digests.items() if digest != usual]
    ordinary = next(certificate for name, certificate in shown.items() if digests[name] == usual)
    foreign = [name for name in outliers if shown[name]["issuer"] != ordinary["issuer"]]
    reasons = [f"{_listed(outliers)} is shown another certificate than {_listed(set(digests) - set(outliers))}"]
    if foreign:
        reasons.append(f"it is of another issuer: {shown[foreign[0]]['issuer']} instead of {ordinary['issuer']}")
    else:
        reasons.append("several servers behind one address would look the same")
    return Difference(
        outliers, "likely" if foreign else "possible", f"another certificate is shown to {_listed(outliers)}", reasons
    )


def _usual(values: t.Mapping[str, t.Any]) -> t.Any:
    """What most see, of two the first; None where all see the same."""
    if len(set(values.values())) < 2:
        return None
    present = list(values.values())
    return max(present, key=present.count)


def _divided_by_side(
    outliers: t.Sequence[str], everybody: t.Iterable[str], sides: t.Mapping[str, t.Optional[str]]
) -> bool:
    """A server that offers less to strangers does so to all of them, and to nobody else."""
    among = {sides.get(name) for name in outliers}
    others = {sides.get(name) for name in everybody if name not in outliers}
    return None not in among | others and not among & others


def _listed(names: t.Iterable[str]) -> str:
    return ", ".join(sorted(names))
