# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes that are really made to real servers, and to the DNS: the comparison says exactly what was done."""

from __future__ import annotations

import os
import secrets
import subprocess
import typing as t
from pathlib import Path

from mailops_smtp.compare import comparison, former

from tests.facts_contract import keeps_contract
from tests.integration.changing import certificate, exim_in_place_of_sendmail, host_of, postconf, zone
from tests.integration.conftest import Controller
from tests.lab.certificates import Authority
from tests.lab.lab import Lab

# Twenty with `make soak`.
REPEATS = int(os.environ.get("MAILOPS_REPEATS", "3"))

LISTS = ("regressions", "improvements", "changes", "expected", "missing", "added")
RECIPIENT = "user@contoso.test"
FOREIGN = "somebody@fabrikam.test"


def seen(controller: Controller, *hosts: str, **options: t.Any) -> dict[str, t.Any]:
    targets = [{"host": controller.name(host), "port": 25} for host in hosts]
    asked = {"targets": targets, "sender": "probe@fabrikam.test", "recipient": RECIPIENT, "tls": controller.tls}
    return controller.check(**{**asked, **options})


def told(before: t.Any, after: t.Any, expected: t.Any = None) -> list[tuple[str, str, str]]:
    """What the comparison says: list, change, and host with the version of IP."""
    found = comparison(before, after, expected)
    keeps_contract(found, "comparison")
    return sorted(
        (name, entry["change"], f"{entry['endpoint']['host'].split('.')[0]} {_family(entry['endpoint']['address'])}")
        for name in LISTS
        for entry in found[name]
    )


def _family(address: str) -> int:
    return 6 if ":" in address else 4


def both(*entries: tuple[str, str, str]) -> list[tuple[str, str, str]]:
    """Each entry for IPv6 and for IPv4."""
    return sorted((name, change, f"{host} {family}") for name, change, host in entries for family in (4, 6))


def test_nothing_changed_many_times(controller: Controller) -> None:
    hosts = ("mx1", "mx2", "exim", "sendmail", "opensmtpd")
    before = seen(controller, *hosts)
    for _number in range(REPEATS):
        assert told(before, seen(controller, *hosts)) == []


def test_a_domain_of_which_nothing_changed_many_times(controller: Controller) -> None:
    before = seen(controller, targets=["contoso.test"])
    for _number in range(REPEATS):
        assert told(before, seen(controller, targets=["contoso.test"])) == []


def test_starttls_lost(controller: Controller, lab: Lab) -> None:
    before = seen(controller, "mx1", "exim")
    with postconf(lab, "mx1", "smtpd_tls_security_level=none"):
        after = seen(controller, "mx1", "exim")
    assert told(before, after) == both(("regressions", "starttls_removed", "mx1"))
    assert told(after, before) == both(("improvements", "starttls_added", "mx1"))
    declared = ["STARTTLS removed on mx1.contoso.test"]
    assert told(before, after, declared) == both(("expected", "starttls_removed", "mx1"))


def test_relay_opened(controller: Controller, lab: Lab) -> None:
    before = seen(controller, "mx1", recipient=FOREIGN, expect={"recipient": "refused"})
    assert before["verdict"] == "pass"
    with postconf(lab, "mx1", "mynetworks=0.0.0.0/0 [::]/0", "smtpd_relay_restrictions=permit_mynetworks,reject"):
        after = seen(controller, "mx1", recipient=FOREIGN, expect={"recipient": "refused"})
    assert told(before, after) == both(("regressions", "relay_opened", "mx1"))


def test_a_slow_banner(controller: Controller, lab: Lab) -> None:
    repeat = {"count": 3, "interval": 0.1}
    before = seen(controller, "mx1", repeat=repeat)
    with postconf(lab, "mx1", "smtpd_client_restrictions=sleep 1,permit", "smtpd_delay_reject=no"):
        after = seen(controller, "mx1", repeat=repeat)
    assert told(before, after) == both(("regressions", "slower", "mx1"))
    # One sample proves nothing.
    assert told(before["checks"][:2], after["checks"][:2]) == []


def test_greylisting_switched_on(controller: Controller, lab: Lab) -> None:
    # Postgrey has never met this sender.
    stranger = f"{secrets.token_hex(6)}@fabrikam.test"
    before = seen(controller, "mx1", sender=stranger)
    rules = "smtpd_recipient_restrictions=check_policy_service inet:127.0.0.1:10023"
    with postconf(lab, "mx1", rules):
        after = seen(controller, "mx1", sender=stranger)
    assert told(before, after) == both(("regressions", "recipient_deferred", "mx1"))
    # What greylists puts off now this one, now that one.
    assert told(after, before) == []


def test_a_certificate_renewed_by_an_authority_that_is_trusted(controller: Controller, lab: Lab) -> None:
    before, domain_before = seen(controller, "mx1"), seen(controller, targets=["contoso.test"])
    fresh = Authority(Path(lab.state["directory"], "certificates")).issue(host_of("mx1"))
    with certificate(lab, "mx1", fresh):
        after, domain_after = seen(controller, "mx1"), seen(controller, targets=["contoso.test"])
    assert {check["tls"]["trusted"] for run in (before, after) for check in run["checks"]} == {True}
    assert told(before, after) == both(("changes", "certificate_renewed", "mx1"))
    assert told(before, after, ["certificate renewed"]) == both(("expected", "certificate_renewed", "mx1"))
    # The new key is in nobody's TLSA record yet: whoever does DANE sends no more mail there.
    assert told(domain_before, domain_after, ["certificate renewed"]) == both(
        ("expected", "certificate_renewed", "mx1"), ("regressions", "dane_failing", "mx1")
    )


def test_a_certificate_replaced_by_one_that_nobody_trusts(controller: Controller, lab: Lab, tmp_path: Path) -> None:
    before = seen(controller, "mx1")
    foreign = Authority(tmp_path).issue(host_of("mx1"))
    with certificate(lab, "mx1", foreign):
        after = seen(controller, "mx1")
    assert told(before, after) == both(("changes", "certificate_renewed", "mx1"), ("regressions", "trust_lost", "mx1"))


def test_a_server_upgraded_to_another_product(controller: Controller, lab: Lab) -> None:
    before = seen(controller, "sendmail")
    with exim_in_place_of_sendmail(lab):
        after = seen(controller, "sendmail")
    assert {check["verdict"] for run in (before, after) for check in run["checks"]} <= {"pass", "degraded"}
    found = comparison(before, after)
    products = {(entry["before"], entry["after"]) for entry in found["changes"] if entry["change"] == "product_changed"}
    assert products == {("Sendmail", "Exim")}
    # Each once over IPv4, and once over IPv6.
    said = {(name, entry["impact"].partition(" on sendmail.contoso.test over IPv")[0]) for name in LISTS
            for entry in found[name]}  # fmt: skip
    assert said == UPGRADED
    assert len(told(before, after)) == 2 * len(UPGRADED)


# Exim offers other extensions, AUTH only within TLS, and shows the certificate of the host where its files are from.
UPGRADED = {
    ("changes", "Exim answers in place of Sendmail"),
    ("changes", "Certificate replaced by another one"),
    ("regressions", "Certificate no longer good for the name"),
    *(("regressions", f"{name} gone") for name in ("AUTH", "DELIVERBY", "ENHANCEDSTATUSCODES")),
    ("regressions", "Message size limit lowered from none to 52428800"),
    *(("regressions", f"Log-in mechanism {name} gone") for name in ("SCRAM-SHA-1", "SCRAM-SHA-256")),
    *(("improvements", f"{name} offered now") for name in ("CHUNKING", "PRDR", "SMTPUTF8")),
    *(("changes", f"{name} gone") for name in ("ETRN", "EXPN", "VERB")),
    ("changes", "PIPECONNECT offered now"),
}


def test_one_mx_down(controller: Controller, lab: Lab, down: t.Callable[[], None]) -> None:
    before = seen(controller, "mx1", "mx2")
    down()
    after = seen(controller, "mx1", "mx2")
    assert told(before, after) == both(("regressions", "stopped_working", "mx2"))


def test_an_mx_that_is_moved_in_the_dns(controller: Controller, lab: Lab) -> None:
    dns = [lab.state["hosts"]["dns"]["ipv4"]]

    def looked_up() -> dict[str, t.Any]:
        return seen(controller, targets=["moving.shapes.test"], nameservers=dns, vantage={"name": "here"})

    def to(host: str) -> t.Callable[[str], str]:
        return lambda text: f"{text}moving MX 10 mx1.contoso.test.\nmoving MX 20 {host}.contoso.test.\n"

    with zone(lab, "shapes.test", to("sendmail")):
        before = looked_up()
        assert told(before, looked_up()) == []
    with zone(lab, "shapes.test", to("exim")):
        after = looked_up()
        again = former(before, after, "here")
        assert again["targets"] == [{"host": "sendmail.contoso.test", "port": 25, "protocol": "esmtp"}]
        there = seen(controller, **again, vantage={"name": "here"})
    moved = both(("missing", "endpoint_gone", "sendmail"), ("added", "endpoint_new", "exim"))
    assert told(before, after) == told(before, [after, there]) == moved
    gone = comparison(before, [after, there])["missing"]
    assert all(entry["impact"].endswith(":25, which still answers there.") for entry in gone)
    declared = ["MX removed on sendmail*", "MX added on exim*"]
    assert comparison(before, [after, there], declared)["verdict"] == "pass"


def test_a_name_that_leads_elsewhere(controller: Controller, lab: Lab) -> None:
    dns = [lab.state["hosts"]["dns"]["ipv4"]]
    addresses = {name: lab.state["hosts"][name]["ipv4"] for name in ("mx1", "exim")}

    def looked_up() -> dict[str, t.Any]:
        return seen(controller, targets=["split.test"], nameservers=dns, vantage={"name": "here"})

    before = looked_up()
    with zone(lab, "split.test", lambda text: text.replace(addresses["mx1"], addresses["exim"])):
        after = looked_up()
    found = comparison(before, after)
    moved = [(entry["before"], entry["after"]) for entry in found["changes"] if entry["change"] == "address_changed"]
    assert moved == [(addresses["mx1"], addresses["exim"])]
    assert {entry["change"] for entry in found["changes"]} >= {"address_changed", "product_changed"}
    assert (found["missing"], found["added"]) == ([], [])


def test_a_firewall_rule_for_one_network(controller: Controller, lab: Lab) -> None:
    def from_everywhere() -> list[dict[str, t.Any]]:
        runs = []
        for vantage in ("controller", "vantage-b"):
            options = {} if vantage == "controller" else {"via": {**controller.via, "host": controller.name(vantage)}}
            # Through a jump host only names, or addresses, are known.
            hosts = (lab.state["hosts"][name]["ipv4"] for name in ("exim", "mx2"))
            asked = {"targets": [{"host": address, "port": 25} for address in hosts]}
            runs.append(controller.check(**asked, **options, vantage={"name": vantage}, timeouts={"connect": 2}))
        return runs

    before = from_everywhere()
    router = ["ip", "netns", "exec", f"{lab.state['name']}-router", "nft"]
    exim = lab.state["hosts"]["exim"]["ipv4"]
    rule = f"add rule inet perimeter forward iifname outside ip daddr {exim} tcp dport 25 reject"
    listed = "list chain inet perimeter forward"
    subprocess.run([*router, *rule.split()], check=True)
    try:
        after = from_everywhere()
    finally:
        shown = subprocess.run([*router, "-a", *listed.split()], check=True, capture_output=True, text=True).stdout
        (handle,) = (line.split()[-1] for line in shown.splitlines() if "reject" in line)
        subprocess.run([*router, "delete", "rule", "inet", "perimeter", "forward", "handle", handle], check=True)
    found = comparison(before, after)
    (entry,) = found["regressions"]
    assert (entry["change"], entry["vantages"], entry["of"]) == ("stopped_working", ["vantage-b"], 2)
    assert "seen from 1 of 2 vantages" in entry["impact"]
    assert [found[name] for name in LISTS if name != "regressions"] == [[]] * 5
