# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a zone's own servers say beside the resolver, which may still have what they said before."""

from __future__ import annotations

import asyncio
import typing as t

import pytest

pytest.importorskip("dns")

import dns.rdata
from mailops_smtp.route.answers import Answer
from mailops_smtp.route.authority import authority

ZONE = {
    ("contoso.com", "NS"): ["ns1.contoso.com.", "ns2.contoso.com."],
    ("contoso.com", "MX"): ["10 mx1.contoso.com.", "20 mx.provider.net."],
    ("mx1.contoso.com", "A"): ["203.0.113.5"],
    ("mx1.contoso.com", "AAAA"): ["2001:db8::5"],
    ("ns1.contoso.com", "A"): ["192.0.2.1"],
    ("ns2.contoso.com", "A"): ["192.0.2.2"],
}
Records = t.Dict[t.Tuple[str, str], t.List[str]]


class Resolver:
    """Answers from ``cache``, and each server from its own records; what is no list is the status of a failure."""

    def __init__(self, cache: t.Mapping[t.Any, t.Any], servers: t.Mapping[str, t.Mapping[t.Any, t.Any]]) -> None:
        self.cache, self.servers = cache, servers

    async def ask(self, name: str, kind: str) -> Answer:
        return self._answer(self.cache, name, kind)

    async def ask_server(self, server: t.Any, name: str, kind: str) -> Answer:
        answer = self._answer(self.servers[server.address], name, kind)
        return answer if answer.failed else answer._replace(secure=not name.startswith("elsewhere."))

    @staticmethod
    def _answer(records: t.Mapping[t.Any, t.Any], name: str, kind: str) -> Answer:
        found = records.get((name, kind), [])
        if isinstance(found, str):
            return Answer(found, detail="no answer")
        return Answer(
            "found" if found else "nodata",
            tuple(dns.rdata.from_text("IN", kind, entry) for entry in found),
            secure=False,
        )


def asked(*servers: Records, cache: t.Optional[Records] = None) -> t.Dict[str, t.Any]:
    known = {**ZONE, **(cache or {})}
    own = {f"192.0.2.{number}": {**known, **changes} for number, changes in enumerate(servers, 1)}
    resolver: t.Any = Resolver(known, own)

    async def run() -> t.Dict[str, t.Any]:
        return await authority(resolver, "contoso.com", await resolver.ask("contoso.com", "MX"))

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("changes", "agrees"),
    [
        ({}, True),
        # The resolver still has the old MX records, or the old address of a host.
        ({("contoso.com", "MX"): ["10 mx2.contoso.com."]}, False),
        ({("mx1.contoso.com", "A"): ["203.0.113.9"]}, False),
        ({("mx1.contoso.com", "AAAA"): []}, False),
        # The host of another zone is no business of these servers.
        ({("mx.provider.net", "A"): ["203.0.113.9"]}, True),
        # What a server does not answer is no difference.
        ({("mx1.contoso.com", "A"): "timeout"}, True),
    ],
)
def test_whether_a_server_says_what_the_resolver_says(changes: Records, agrees: bool) -> None:
    assert asked({}, changes)["agrees"] is agrees


def test_what_each_server_has() -> None:
    first, second = asked({}, {("mx1.contoso.com", "A"): ["203.0.113.9"]})["servers"]
    assert (first["server"], first["mx"]) == ("ns1.contoso.com", ["10 mx1.contoso.com", "20 mx.provider.net"])
    assert first["addresses"] == ["mx1.contoso.com 2001:db8::5", "mx1.contoso.com 203.0.113.5"]
    assert second["addresses"] == ["mx1.contoso.com 2001:db8::5", "mx1.contoso.com 203.0.113.9"]


def test_a_name_that_was_delegated_further_is_left_out() -> None:
    cache = {
        ("contoso.com", "MX"): ["10 elsewhere.contoso.com."],
        ("elsewhere.contoso.com", "A"): ["203.0.113.7"],
    }
    referral: Records = {("elsewhere.contoso.com", "A"): []}
    found = asked(referral, referral, cache=cache)
    assert found["agrees"] is True
    assert [server["addresses"] for server in found["servers"]] == [[], []]


def test_where_no_server_answers_nothing_is_said() -> None:
    dead: t.Any = {("contoso.com", "MX"): "timeout"}
    found = asked(dead, dead)
    assert (found["agrees"], {server["status"] for server in found["servers"]}) == (None, {"timeout"})
