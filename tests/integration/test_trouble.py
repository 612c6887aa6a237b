# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong before any SMTP: each trouble has its own kind, and the tester's is never the target's."""

from __future__ import annotations

import json
import sys
import typing as t

import pytest

from .conftest import HERE, Controller

CHECK_HERE = HERE / "check_here.py"
SHORT = {"connect": 2.0, "reply": 2.0}


def error_of(run: dict[str, t.Any]) -> set[tuple[str, str, str]]:
    return {
        (check["failed_phase"], check["steps"][-1]["error"]["kind"], check["verdict"])
        for check in run["checks"]
        if check["steps"][-1]["error"]
    }


@pytest.mark.parametrize(
    ("fault", "phase", "kind"),
    [
        ("dropped", "connect", "timeout"),
        ("refused", "connect", "refused"),
        ("prohibited", "connect", "unreachable"),
        ("reset", "banner", "reset"),
        ("closed", "banner", "closed"),
        ("silent", "banner", "silent"),
    ],
)
def test_the_target_or_the_network_to_it(controller: Controller, fault: str, phase: str, kind: str) -> None:
    run = controller.check(host=controller.name(fault), timeouts=SHORT)
    assert error_of(run) == {(phase, kind, "fail")}
    assert len(run["checks"]) == 2


@pytest.mark.provokes("SSL library error", "io-error")
@pytest.mark.parametrize("starttls", ["optional", "required", "never"])
def test_starttls_that_is_offered_and_always_fails(controller: Controller, starttls: str) -> None:
    """Not even where TLS is optional does the dialog go on in clear: the connection is of no use any more."""
    port = controller.lab.state["hosts"]["opensmtpd"]["ports"]["broken-tls"]
    run = controller.check(
        host=controller.name("opensmtpd"), port=port, starttls=starttls, recipient="user@contoso.test"
    )
    for check in run["checks"]:
        assert check["tls"]["offered"] is True
        if starttls == "never":
            assert (check["reached"], check["verdict"]) == ("rcpt", "pass")
        else:
            assert (check["failed_phase"], check["verdict"]) == ("starttls", "fail")
            assert [finding["id"] for finding in check["findings"]] == ["tls.handshake_failed"]
            assert 'the TLS alert "internal error"' in check["steps"][-1]["error"]["detail"]


def test_a_name_that_does_not_exist(controller: Controller) -> None:
    assert error_of(controller.check(host="nosuch.contoso.test")) == {("resolve", "unresolved", "fail")}


def test_a_name_that_nobody_can_look_up(controller: Controller) -> None:
    """Without a name server that answers, whether the name exists is beyond what the vantage can know."""
    (controller.home / "resolv.conf").write_text("nameserver 198.18.1.250\noptions timeout:1 attempts:1\n")
    # Only for this process, as a host would have it whose name server is down.
    script = 'mount --bind "$1" /etc/resolv.conf && exec "$2" "$3"'
    argv = ["unshare", "--mount", "sh", "-c", script, "sh", controller.home / "resolv.conf", sys.executable, CHECK_HERE]
    done = controller.run(*argv, input=json.dumps({"options": {"host": "mx1.contoso.example"}, "check_mode": False}))
    assert done.returncode == 0, done.stderr
    assert error_of(json.loads(done.stdout)) == {("resolve", "resolver", "inconclusive")}


def test_one_failing_check_costs_no_other_its_result(controller: Controller) -> None:
    targets = [f"{controller.name(name)}:25" for name in ("dropped", "mx1", "refused", "reset")]
    run = controller.check(targets=[*targets, "nosuch.contoso.test:25"], timeouts=SHORT, tls=controller.tls)
    verdicts = {(check["endpoint"]["host"], check["verdict"]) for check in run["checks"]}
    assert verdicts == {
        (controller.name("dropped"), "fail"),
        (controller.name("mx1"), "pass"),
        (controller.name("refused"), "fail"),
        (controller.name("reset"), "fail"),
        ("nosuch.contoso.test", "fail"),
    }


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"host": "jump-closed", "mode": "channel"}, "vantage.jump_forwarding"),
        ({"host": "jump-mute"}, "vantage.jump_forwarding"),
        ({"host": "dropped"}, "vantage.jump_unreachable"),
        ({"host": "refused"}, "vantage.jump_unreachable"),
        ({"host": "nosuch"}, "vantage.jump_unresolved"),
        ({"known_hosts": "known_hosts_changed"}, "vantage.jump_host_key_changed"),
        ({"known_hosts": "empty"}, "vantage.jump_host_key_unknown"),
        ({"user": "stranger"}, "vantage.jump_authentication"),
    ],
)
def test_the_jump_host_is_the_testers_trouble(controller: Controller, changes: dict[str, str], finding: str) -> None:
    via = {**controller.via, **changes}
    if "host" in changes:
        via["host"] = f"{changes['host']}.contoso.test"
    if "known_hosts" in changes:
        empty = controller.home / "known_hosts"
        empty.touch()
        via["known_hosts"] = [controller.lab.state["ssh"].get(changes["known_hosts"], str(empty))]
    run = controller.check(host=controller.name("mx1"), via=via)
    kind = finding.partition(".")[2]
    assert error_of(run) == {("connect", kind, "inconclusive")}
    assert [entry["id"] for entry in run["checks"][0]["findings"]] == [finding]
    assert run["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    ("fault", "phase", "kind"),
    [
        ("refused", "connect", "refused"),
        ("dropped", "connect", "timeout"),
        ("reset", "banner", "closed"),
        ("closed", "banner", "closed"),
        ("silent", "banner", "silent"),
    ],
)
def test_the_target_as_the_jump_host_sees_it(controller: Controller, fault: str, phase: str, kind: str) -> None:
    run = controller.check(host=controller.name(fault), via=controller.via, timeouts=SHORT)
    assert error_of(run) == {(phase, kind, "fail")}


def test_a_jump_host_without_python_will_do(controller: Controller) -> None:
    via = {**controller.via, "host": controller.name("jump-bare")}
    run = controller.check(host=controller.name("mx1"), via=via, recipient="user@contoso.test", tls=controller.tls)
    assert run["verdict"] == "pass"
    assert run["checks"][0]["vantage"]["mode"] == "ssh-channel"


def test_wrong_input_sends_nothing(controller: Controller) -> None:
    done = controller.ansible("mailops.smtp.smtp_check", {"host": controller.name("mx1"), "port": 99999})
    assert done.returncode != 0
    assert "port 99999 is no port number: give 1 to 65535." in done.stdout
