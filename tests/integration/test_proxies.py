# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes before SMTP: the PROXY protocol, as a real Postfix understands it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from .conftest import Controller

CLIENT = "203.0.113.9"


def announced(controller: Controller, family: str, **options: t.Any) -> tuple[dict[str, t.Any], str]:
    """The check, and what Postfix logged meanwhile."""
    log = Path(controller.lab.state["hosts"]["mx1"]["log_file"])
    before = log.stat().st_size
    [check] = controller.check(
        host=controller.name("mx1"),
        port=2525,
        address_family=family,
        recipient="user@contoso.test",
        starttls="required",
        tls=controller.tls,
        **options,
    )["checks"]
    with log.open("rb") as lines:
        lines.seek(before)
        return check, lines.read().decode()


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_postfix_believes_the_connections_own_addresses(controller: Controller, version: str, family: str) -> None:
    check, log = announced(controller, family, proxy_protocol=version)
    assert check["verdict"] == "pass"
    assert [step["phase"] for step in check["steps"][:3]] == ["connect", "proxy", "banner"]
    assert f"[{check['vantage']['address']}]" in log


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_postfix_logs_the_client_that_the_header_names(controller: Controller, version: str, family: str) -> None:
    check, log = announced(
        controller, family, proxy_protocol=version, proxy_protocol_addresses={"source": CLIENT, "source_port": 4711}
    )
    assert check["verdict"] == "pass"
    assert "postfix/proxied/smtpd" in log
    assert f"connect from unknown[{CLIENT}]" in log


def test_a_client_is_announced_through_a_jump_host(controller: Controller) -> None:
    check, log = announced(
        controller,
        "any",
        via=controller.via,
        proxy_protocol="v2",
        proxy_protocol_addresses={"source": CLIENT, "source_port": 4711, "destination": "198.18.1.10"},
    )
    assert check["steps"][1]["sent"] == f"<PROXY v2: TCP4 {CLIENT} 198.18.1.10 4711 2525>"
    assert check["verdict"] == "pass"
    assert f"connect from unknown[{CLIENT}]" in log
