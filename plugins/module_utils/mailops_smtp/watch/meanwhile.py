# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What changes of an endpoint while it is watched: its banner, its certificate, what it offers, its addresses.

Each check that went well is compared with all different ones before it, so that the members of a balancer are news once
each and then known.
"""

from __future__ import annotations

import typing as t

from ..compare.before_after import comparison
from ..compare.checks import service_of
from .observation import UP, Record, observation

# Different answers of one endpoint that are remembered.
_MOST_ANSWERS = 20

_REPORTED = ("regressions", "improvements", "changes")


class Meanwhile:
    def __init__(self) -> None:
        self._known: t.Dict[t.Any, t.List[Record]] = {}
        self._members: t.Dict[t.Any, t.Set[t.Optional[str]]] = {}

    def changes(self, checks: t.Sequence[Record]) -> t.Iterator[Record]:
        """What the checks of one moment show that was not known before."""
        yield from self._of_members(checks)
        for check in checks:
            if observation(check)["state"] != UP:
                continue
            known = self._known.setdefault((service_of(check), check["endpoint"]["address"]), [])
            if len(known) == _MOST_ANSWERS:
                # It says something else each time, which is no news any more.
                continue
            if known:
                found = comparison(known, [check])
                entries = [entry for name in _REPORTED for entry in found[name]]
                yield from (_entry(entry, check) for entry in entries)
                if not entries:
                    continue
            known.append(check)

    def _of_members(self, checks: t.Sequence[Record]) -> t.Iterator[Record]:
        now: t.Dict[t.Any, t.Dict[t.Optional[str], Record]] = {}
        for check in checks:
            if check["failed_phase"] != "resolve":
                # By target, so that an MX host that is new is a member of the domain.
                now.setdefault(check["target"], {})[_member(check)] = check
        for target, members in now.items():
            before = self._members.get(target)
            self._members[target] = set(members)
            any_check, *_others = members.values()
            if before is not None and before != set(members):
                gone, new = sorted(map(str, before - set(members))), sorted(map(str, set(members) - before))
                parts = [f"gone {', '.join(gone)}"] if gone else []
                parts += [f"new {', '.join(new)}"] if new else []
                yield {
                    "at": any_check["started_at"],
                    "endpoint": None,
                    "change": "members_changed",
                    "field": "endpoint.address",
                    "before": ", ".join(gone) or None,
                    "after": ", ".join(new) or None,
                    "impact": f"Other addresses of {target}: {'; '.join(parts)}.",
                }


def _member(check: Record) -> str:
    endpoint = check["endpoint"]
    return endpoint["host"] if endpoint["address"] is None else f"{endpoint['host']} [{endpoint['address']}]"


def _entry(entry: Record, check: Record) -> Record:
    kept = {name: entry[name] for name in ("endpoint", "change", "field", "before", "after", "impact")}
    return {"at": check["started_at"], **kept}
