# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each fault that is planted in the lab is found, and nothing else."""

from __future__ import annotations

import typing as t

import pytest

from .conftest import Controller

SHORT = {"connect": 2.0, "reply": 2.0}

# What is looked at, and what an expert would say. Each host that has a fault has it over IPv4 and IPv6.
FAULTS: dict[str, tuple[dict[str, t.Any], str, set[str]]] = {
    "a packet filter drops": ({"host": "dropped"}, "fail", {"tcp.timeout"}),
    "nothing listens": ({"host": "refused"}, "fail", {"tcp.refused"}),
    "a router prohibits": ({"host": "prohibited"}, "fail", {"tcp.unreachable"}),
    "reset before the banner": ({"host": "reset"}, "fail", {"tcp.reset_early"}),
    "closed before the banner": ({"host": "closed"}, "fail", {"tcp.eof_before_banner"}),
    "no banner": ({"host": "silent"}, "fail", {"tcp.silent"}),
    "a certificate that is expired and signed by itself": (
        {"host": "mx2"},
        "degraded",
        {"tls.expired", "tls.self_signed"},
    ),
    "an authority that is not known here": ({"host": "mx1", "tls": None}, "degraded", {"tls.incomplete"}),
    "another name than the certificate's": (
        {"host": "mx1", "tls": {"server_name": "mail.fabrikam.test"}},
        "degraded",
        {"tls.name"},
    ),
    "no fault": ({"host": "mx1"}, "pass", set()),
    "no fault, another server": ({"host": "exim"}, "pass", set()),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_was_planted_is_found_and_nothing_else(controller: Controller, fault: str) -> None:
    options, verdict, expected = FAULTS[fault]
    options = {**options, "host": controller.name(options["host"])}
    tls = options.pop("tls", {})
    if tls is not None:
        options["tls"] = {**controller.tls, **tls}
    run = controller.check(timeouts=SHORT, helo_name="probe.contoso.test", address_family="ipv4", **options)
    (made,) = run["checks"]
    # What is said for information alone is true of a server without a fault too.
    found = {finding["id"] for finding in made["findings"] if finding["severity"] not in ("info", "notice")}
    assert (made["verdict"], found) == (verdict, expected), made["summary"]


def test_a_dead_address_among_living_ones(controller: Controller) -> None:
    """IPv6 of one host, IPv4 of another, under one name: as where one of two addresses in DNS is dead."""
    run = controller.check(
        targets=[f"{controller.name('mx1')}:25", f"{controller.name('refused')}:25"],
        address_family="ipv4",
        timeouts=SHORT,
        tls=controller.tls,
    )
    # They are two hosts, so neither says anything about the other.
    assert [check["verdict"] for check in run["checks"]] == ["pass", "fail"]
    assert "tcp.one_of_many" not in {finding["id"] for check in run["checks"] for finding in check["findings"]}
