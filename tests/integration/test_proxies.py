# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes before SMTP: the PROXY protocol, as a real Postfix understands it, and real proxies in front of one."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from tests.facts_contract import keeps_contract

from .conftest import HERE, Controller

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


@pytest.mark.provokes("improper command pipelining")
@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("server", ["mx1", "exim", "sendmail", "opensmtpd"])
def test_a_server_that_knows_nothing_of_the_header(controller: Controller, server: str, version: str) -> None:
    """Some answer it and go on, some answer and leave: whatever comes of it says nothing about the server."""
    run = controller.check(host=controller.name(server), recipient="user@contoso.test", proxy_protocol=version)
    for check in run["checks"]:
        assert check["verdict"] == "inconclusive"
        assert check["findings"][0]["id"] == "proxy.not_expected"


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


PROXY_HOST = "vantage-a"
START_SECONDS = 20.0
PORTS = {"socks5": 1080, "http": 8888}
LOG_IN = {"username": "probe", "password": "hunter2-proxy"}


@pytest.fixture
def proxy(request: pytest.FixtureRequest, controller: Controller) -> t.Iterator[dict[str, t.Any]]:
    """A proxy on a host of the lab, of the type that the test asks for, as the option has it."""
    kind = request.param
    server = {"socks5": microsocks, "http": tinyproxy}[kind](controller.home)
    with running(controller.lab.argv(PROXY_HOST, server)):
        deadline = time.monotonic() + START_SECONDS
        while (
            f":{PORTS[kind]} "
            not in controller.lab.run(PROXY_HOST, ["ss", "-ltn"], capture_output=True, text=True).stdout
        ):
            assert time.monotonic() < deadline, f"{kind} does not listen after {START_SECONDS:g} s"
            time.sleep(0.05)
        yield {"type": kind, "host": controller.name(PROXY_HOST), "port": PORTS[kind], **LOG_IN}


def microsocks(_home: Path) -> list[str]:
    return ["microsocks", "-i", "::", "-p", str(PORTS["socks5"]), "-u", LOG_IN["username"], "-P", LOG_IN["password"]]


def tinyproxy(home: Path) -> list[str]:
    configuration = home / "tinyproxy.conf"
    lines = [f"Port {PORTS['http']}", "Timeout 60", "MaxClients 10", "BasicAuth {username} {password}".format(**LOG_IN)]
    configuration.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return ["tinyproxy", "-d", "-c", str(configuration)]


@contextlib.contextmanager
def running(command: list[str]) -> t.Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


both = pytest.mark.parametrize("proxy", ["socks5", "http"], indirect=True)


@both
def test_the_dialog_goes_through_a_proxy_with_tls(controller: Controller, proxy: dict[str, t.Any]) -> None:
    [check] = controller.check(
        host=controller.name("mx1"),
        recipient="user@contoso.test",
        starttls="required",
        tls={**controller.tls, "verify": True},
        proxy=proxy,
    )["checks"]
    assert check["verdict"] == "pass"
    assert [step["phase"] for step in check["steps"][:3]] == ["connect", "proxy", "banner"]
    assert check["vantage"]["proxy"] == f"{proxy['type']}://{proxy['host']}:{proxy['port']}"
    log = Path(controller.lab.state["hosts"]["mx1"]["log_file"]).read_text(encoding="utf-8")
    connects = [line for line in log.splitlines() if "]: connect from " in line]
    assert controller.name(PROXY_HOST) in connects[-1]


@both
def test_a_log_in_that_the_proxy_refuses_is_not_the_mail_servers_fault(
    controller: Controller, proxy: dict[str, t.Any]
) -> None:
    run = controller.check(host=controller.name("mx1"), proxy={**proxy, "password": "hunter2-wrong"})
    [check] = run["checks"]
    assert (check["verdict"], check["steps"][-1]["error"]["kind"]) == ("inconclusive", "proxy")
    assert check["findings"][0]["id"] == "vantage.proxy"
    assert "hunter2" not in json.dumps(run)


@pytest.mark.parametrize("proxy", ["socks5"], indirect=True)
def test_a_refusal_that_the_proxy_reports_is_the_mail_servers(controller: Controller, proxy: dict[str, t.Any]) -> None:
    [check] = controller.check(host=controller.lab.state["faults"]["refused"]["ipv4"], proxy=proxy)["checks"]
    assert (check["verdict"], check["steps"][-1]["error"]["kind"]) == ("fail", "refused")
    assert check["failed_phase"] == "proxy"


def test_no_proxy_there(controller: Controller) -> None:
    for host, kind in ((controller.name(PROXY_HOST), "connect"), ("nowhere.contoso.test", "resolve")):
        [check] = controller.check(host=controller.name("mx1"), proxy={"type": "socks5", "host": host, "port": 1081})[
            "checks"
        ]
        assert (check["verdict"], check["steps"][-1]["error"]["kind"]) == ("inconclusive", "proxy")
        assert check["failed_phase"] == kind


def test_dovecots_lmtp_through_its_socket_file(controller: Controller) -> None:
    options = {"host": "unix:/run/dovecot/lmtp", "protocol": "lmtp", "recipient": "user@contoso.test"}
    done = controller.lab.run(
        "mx1",
        [sys.executable, HERE / "check_here.py"],
        input=json.dumps({"options": {**options, "tls": controller.tls}, "check_mode": False}),
        env=controller.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    keeps_contract(run)
    [check] = run["checks"]
    assert check["endpoint"]["address"] == "/run/dovecot/lmtp"
    assert (check["endpoint"]["family"], check["endpoint"]["port"]) == ("unix", None)
    assert check["recipients"][0]["outcome"] == "accepted"
    assert check["failed_phase"] is None
    assert "unix:/run/dovecot/lmtp accepted the recipient user@contoso.test" in check["summary"]
