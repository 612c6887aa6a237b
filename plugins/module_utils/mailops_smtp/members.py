# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The servers behind a load balancer: one address is connected to again and again, and each server that answers is told
apart by the name it gives itself in the reply to EHLO."""

from __future__ import annotations

import typing as t

from .evidence import TLS
from .wire.engine import Engine, TurnedAway
from .wire.job import Job
from .wire.talk import Talk

# However many servers keep showing up. A mail server must not take the search for an attack.
MAX_CONNECTIONS = 20


class Search(t.NamedTuple):
    """What has been found behind one address. ``job`` and ``first`` are the check's own, ``wanted`` how often the same
    server has to show before the search ends."""

    job: Job
    wanted: int
    found: t.Dict[str, t.Dict[str, t.Any]]

    @property
    def is_over(self) -> bool:
        times = [member["times"] for member in self.found.values()]
        return not times or max(times) >= self.wanted or sum(times) >= MAX_CONNECTIONS

    def note(self, talk: Talk) -> bool:
        """Whether the talk got as far as a name."""
        dialog = talk.session.as_dict()
        name = _name(dialog)
        if name is None:
            return False
        member = self.found.setdefault(name, _member(name, dialog, t.cast(TLS, talk.tls_facts)))
        member["times"] += 1
        return True


def find_members(checked: t.Sequence[t.Tuple[Job, Talk, int]]) -> t.List[t.Optional[t.Tuple[t.Dict[str, t.Any], ...]]]:
    """For each check that was made, with how often a server has to show, the servers behind its address in the order in
    which they showed; None where not even the first said its name.

    A server that cannot be reached again, or asks to be left alone, ends the search for its address."""
    searches = [Search(job, wanted, {}) for job, _talk, wanted in checked]
    going_on = [search for search, (_job, talk, _wanted) in zip(searches, checked) if search.note(talk)]
    while True:
        going_on = [search for search in going_on if not search.is_over]
        if not going_on:
            break
        for job, talk in Engine().run([_again(search) for search in going_on]):
            search = job.errand
            if isinstance(talk, TurnedAway) or not search.note(talk) or talk.told_to_go:
                going_on.remove(search)
    return [tuple(search.found.values()) or None for search in searches]


def _again(search: Search) -> Job:
    """The same way, up to the capabilities under TLS and no further."""
    dialog = search.job.dialog
    brief = dialog._replace(
        stop_after="ehlo" if dialog.protocol == "smtps" else "starttls",
        leave="quit",
        extra=(),
        xclient=(),
        auth=None,
    )
    return search.job._replace(dialog=brief, verify=False, errand=search)


def _name(dialog: t.Mapping[str, t.Any]) -> t.Optional[str]:
    """What the server calls itself (RFC 5321 4.1.1.1)."""
    greeting = dialog["ehlo"]["greeting"].split() if dialog["ehlo"] is not None else []
    return str(greeting[0]) if greeting else None


def _member(name: str, dialog: t.Mapping[str, t.Any], tls: TLS) -> t.Dict[str, t.Any]:
    return {
        "name": name,
        "times": 0,
        "tls_version": tls.version,
        "certificate": tls.certificate.as_dict() if tls.certificate is not None else None,
        "keywords": dialog["ehlo"]["keywords"],
    }
