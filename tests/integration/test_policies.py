# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each policy on a real server that keeps it, and on one that does not. No Exchange runs here: of its policy, only that
others do not pass for it; the scripted one in tests/core keeps it."""

from __future__ import annotations

import typing as t

import pytest

from tests.expert_opinions import PLANTED

from .conftest import Controller
from .test_ways_from_a_vantage import checks_from

pytestmark = pytest.mark.provokes("")

_SHORT = {"connect": 2.0, "reply": 5.0}
_CLIENT_OF_A_RELAY = {"recipient": "somebody@implicit.shapes.test", "tls": None}

# What is asked of which host and port, by whom it is kept.
KEPT: dict[str, tuple[str, str, str, dict[str, t.Any]]] = {
    "an MX host": ("inbound-mx", "mx1", "smtp", {"recipient": "user@contoso.test"}),
    "an MX host that is one's own": (
        "inbound-mx",
        "mx1",
        "smtp",
        {"recipient": "user@contoso.test", "owned": True, "relay": True, "random_recipient": True},
    ),
    "submission, logged in": ("submission", "mx1", "submission", {"log_in": True, "recipient": "user@contoso.test"}),
    "submission, not logged in": ("submission", "mx1", "submission", {"recipient": "user@contoso.test"}),
    "submission in TLS": ("submission", "mx1", "smtps", {"log_in": True, "protocol": "smtps"}),
    "a relay for its own network": ("internal-relay", "faulty", "resolves-recipient", _CLIENT_OF_A_RELAY),
    "nothing listens": ("closed", "refused", "", {"sender": None}),
    "a packet filter drops": ("closed", "dropped", "", {"sender": None}),
    "LMTP": ("lmtp", "mx1", "lmtp", {"protocol": "lmtp", "recipient": "user@contoso.test", "test_message": {}}),
}

# And where it is not kept: what is not met.
BROKEN: dict[str, tuple[str, str, str, dict[str, t.Any], set[str]]] = {
    "an MX host with an expired certificate": (
        "inbound-mx",
        "mx2",
        "smtp",
        {},
        {"tls.trusted is true", "tls.days_left >= 14"},
    ),
    "an MX host without STARTTLS": (
        "inbound-mx",
        "opensmtpd",
        "smtp",
        {},
        {
            "starttls is true",
            "tls.established is true",
            "tls.version >= TLSv1.2",
            "tls.trusted is true",
            "tls.name_matches is true",
            "tls.days_left >= 14",
        },
    ),
    "submission that still takes TLS 1.0": (
        "submission",
        "mx1",
        "submission",
        {"tls": {"probe_versions": ["TLSv1"]}},
        {"tls.versions has no TLSv1", "tls.versions has no TLSv1.1"},
    ),
    "a relay that is closed to this network": (
        "internal-relay",
        "mx1",
        "smtp",
        {"recipient": "somebody@fabrikam.test"},
        {"recipient is accepted", "severity <= warning"},
    ),
    "another product than Exchange": (
        "exchange-receive-connector",
        "mx1",
        "smtp",
        {"recipient": "user@contoso.test"},
        {"banner.product ~ ^Microsoft"},
    ),
    "a port that answers": ("closed", "mx1", "smtp", {"sender": None}, {"connect is false"}),
    "a mailbox without room": (
        "lmtp",
        "mx1",
        "lmtp",
        {"protocol": "lmtp", "recipient": "full@contoso.test", "test_message": {}},
        {"recipient is accepted", "message is accepted"},
    ),
}


def checked(controller: Controller, policy: str, host: str, port: str, **options: t.Any) -> dict[str, t.Any]:
    if options.pop("log_in", False):
        user = controller.mailbox("probe")
        options["auth"] = {"username": user["address"], "password": user["password"]}
    asked = {
        "host": controller.name(host),
        "port": controller.lab.state["hosts"][host]["ports"][port] if port else 25,
        "address_family": "ipv4",
        "helo_name": "probe.contoso.test",
        "sender": "probe@contoso.test",
        "timeouts": _SHORT,
        "expect": {"policy": policy},
        **options,
        "tls": {**controller.tls, **(options.get("tls") or {})},
    }
    [made] = controller.check(**{name: value for name, value in asked.items() if value is not None})["checks"]
    return t.cast("dict[str, t.Any]", made)


@pytest.mark.parametrize("case", KEPT)
def test_a_policy_is_kept(controller: Controller, case: str) -> None:
    policy, host, port, options = KEPT[case]
    made = checked(controller, policy, host, port, **options)
    assert (made["verdict"], made["unmet"]) == ("pass", []), made["summary"]


@pytest.mark.parametrize("case", BROKEN)
def test_a_policy_is_broken(controller: Controller, case: str) -> None:
    policy, host, port, options, unmet = BROKEN[case]
    made = checked(controller, policy, host, port, **options)
    assert made["verdict"] == "fail", made["summary"]
    assert {entry["expected"] for entry in made["unmet"]} == unmet


@pytest.mark.parametrize(("domain", "verdict"), [("null.shapes.test", "pass"), ("contoso.test", "fail")])
def test_a_domain_that_takes_no_mail(controller: Controller, domain: str, verdict: str) -> None:
    run = controller.check(targets=[domain], address_family="ipv4", expect={"policy": "null-mx"}, tls=controller.tls)
    assert {check["verdict"] for check in run["checks"]} == {verdict}
    assert {entry["expected"] for check in run["checks"] for entry in check["unmet"]} == (
        set() if verdict == "pass" else {"null_mx is true"}
    )


def test_what_is_expected_depends_on_the_vantage(controller: Controller) -> None:
    """From outside, the router lets nobody in to port 25 of mx1; from inside everybody is to get in."""
    inventory = controller.inventory("vantage-a", "vantage-b")
    closed_outside = {"connect": True, "vantages": {"vantage-b": {"connect": False}}}
    asked = {
        "host": controller.lab.state["hosts"]["mx1"]["ipv4"],
        "timeouts": {"connect": 2.0},
        "starttls": "never",
    }
    for vantage, others in (("vantage-a", "fail"), ("vantage-b", "pass")):
        made = controller.smtp_check("-i", inventory, on=vantage, expect=closed_outside, **asked)
        assert [check["verdict"] for check in made["checks"]] == ["pass"], made["summary"]
        made = controller.smtp_check("-i", inventory, on=vantage, expect={"connect": False}, **asked)
        assert [check["verdict"] for check in made["checks"]] == [others], made["summary"]


@pytest.mark.parametrize("mode", ["python", "channel"])
@pytest.mark.parametrize(("recipient", "verdict"), [("stranger@contoso.test", "pass"), ("user@contoso.test", "fail")])
def test_expectations_travel_to_the_vantage(controller: Controller, mode: str, recipient: str, verdict: str) -> None:
    target = {
        "host": controller.lab.state["hosts"]["mx1"]["ipv4"],
        "recipient": recipient,
        "expect": {"recipient": "refused"},
    }
    [made] = checks_from(controller, "jump", targets=[target], mode=mode)
    assert made["vantage"]["mode"] == f"ssh-{mode}"
    assert made["verdict"] == verdict
    assert [entry["expected"] for entry in made["unmet"]] == ([] if verdict == "pass" else ["recipient is refused"])


@pytest.mark.parametrize(("host", "verdict"), [("mx1", "pass"), ("sendmail", "fail")])
def test_vrfy_is_off_where_it_tells_nothing(controller: Controller, host: str, verdict: str) -> None:
    """Postfix says 252 to whom it would take mail for; Sendmail tells who the user is."""
    [made] = controller.check(
        host=controller.name(host),
        address_family="ipv4",
        recipient="user@contoso.test",
        expect={"vrfy": False},
        tls=controller.tls,
    )["checks"]
    [step] = [step for step in made["steps"] if step["phase"] == "extra"]
    assert (made["verdict"], step["reply"]["code"]) == (verdict, 252 if verdict == "pass" else 250)


def test_nobody_asks_vrfy_unasked(controller: Controller) -> None:
    made = checked(controller, "inbound-mx", "mx1", "smtp", recipient="user@contoso.test")
    assert not [step for step in made["steps"] if (step["sent"] or "").startswith(("VRFY", "EXPN"))]


def test_lmtp_expectations_for_each_recipient(controller: Controller) -> None:
    """RFC 2033 4.2: each recipient has a reply of its own to the message."""
    expect = {"recipients": {"user@contoso.test": "accepted", "stranger@contoso.test": "refused"}}
    made = checked(
        controller,
        "lmtp",
        "mx1",
        "lmtp",
        protocol="lmtp",
        recipients=["user@contoso.test", "stranger@contoso.test"],
        expect={**expect, "ehlo": {"keywords": ["PIPELINING"]}},
    )
    assert (made["verdict"], made["unmet"]) == ("pass", []), made["summary"]


def test_the_planted_ports_are_all_used() -> None:
    """A port of the lab that nobody asks has no use."""
    from tests.lab.site import PLANTED as PORTS

    # Those are for two vantages, or for two addresses: see test_planted_ways.py.
    used = {opinion.port for opinion in PLANTED.values() if opinion.host == "faulty"} | {
        "slow-outside",
        "less-outside",
        "only-ipv4",
    }
    assert set(PORTS) == used - {"smtp"}
