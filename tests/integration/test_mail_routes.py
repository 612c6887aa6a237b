# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where mail goes, by real name servers: knot with zones of every shape, and unbound that validates, inside and
outside. What the facts say is compared with what dig says."""

from __future__ import annotations

import json
import os
import re
import sys
import typing as t
from pathlib import Path

import pytest
from mailops_smtp.compare.checks import routes_in
from mailops_smtp.judge.views import judge_routes

from tests.facts_contract import ADDED_BY_ANSIBLE, keeps_contract

from .conftest import Controller, result_of

HERE = Path(__file__).parent
QUICK = {"query": 1.0, "total": 3.0}


def look_up(controller: Controller, *domains: str, on: str = "controller", **options: t.Any) -> dict[str, t.Any]:
    asked = json.dumps({"domains": domains, "ca_path": controller.lab.state["ca_file"], "timeouts": QUICK, **options})
    done = controller.lab.run(
        on,
        [sys.executable, HERE / "mail_routes_here.py"],
        input=asked, env=controller.environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, t.Any] = json.loads(done.stdout)
    keeps_contract(found, "mail_routes")
    return found


def route(controller: Controller, domain: str, **options: t.Any) -> dict[str, t.Any]:
    (found,) = look_up(controller, domain, **options)["routes"]
    return t.cast("dict[str, t.Any]", found)


def ids(route: dict[str, t.Any]) -> set[str]:
    hosts = [finding["id"] for host in route["mx"] for finding in host["findings"]]
    return {*hosts, *(finding["id"] for finding in route["findings"])}


def dig(controller: Controller, *words: str, on: str = "controller") -> list[str]:
    done = controller.lab.run(on, ["dig", "+short", *words], capture_output=True, text=True, check=True)
    return sorted(done.stdout.lower().split("\n")[:-1])


def validated(controller: Controller, *words: str) -> bool:
    done = controller.lab.run("controller", ["dig", "+adflag", *words], capture_output=True, text=True, check=True)
    return " ad;" in done.stdout or " ad " in done.stdout.partition("flags:")[2].partition(";")[0] + " "


DOMAINS = ("contoso.test", "split.test", "stale.contoso.test", "expiredtlsa.contoso.test", "nope.test")
# Without the two for which there is no answer to compare: a circle, and one that Unbound cuts off.
COMPARED = (
    "implicit", "null", "null-mixed", "null-odd", "alias", "literal", "private", "nothing", "no-address", "half",
    "no-mail", "equal", "domain-alias", "xn--bcher-kva", "d7", "many-lookups", "two-records", "broken-policies",
)  # fmt: skip


def test_the_facts_are_what_dig_says(controller: Controller) -> None:
    for found in look_up(controller, *DOMAINS, *(f"{name}.shapes.test" for name in COMPARED))["routes"]:
        name = found["domain"]
        records = sorted(f"{host['preference']} {host['host']}." for host in found["mx"] if host["source"] == "mx")
        assert records == [line for line in dig(controller, name, "MX") if " " in line]
        assert (found["dnssec"] == "secure") == validated(controller, name, "MX")
        for host in found["mx"]:
            if host["status"] in ("null", "literal"):
                # Nobody is asked for what is no name.
                assert (host["dnssec"], host["addresses"], host["tlsa"]) == (None, [], [])
                continue
            for family, kind in (("ipv4", "A"), ("ipv6", "AAAA")):
                addresses = sorted(entry["address"] for entry in host["addresses"] if entry["family"] == family)
                said = [line for line in dig(controller, host["host"], kind) if not line.endswith(".")]
                assert addresses == said
            assert (host["dnssec"] == "secure") == validated(controller, host["host"], "A")
            for entry in host["addresses"]:
                assert [f"{name}." for name in entry["ptr"]["names"]] == dig(controller, "-x", entry["address"])
            (tlsa,) = host["tlsa"]
            said = [line.replace(" ", "") for line in dig(controller, f"_25._tcp.{tlsa['base_domain']}", "TLSA")]
            assert [record.replace(" ", "") for record in tlsa["records"]] == sorted(said)


def test_the_policies_of_a_domain_that_has_all(controller: Controller) -> None:
    found = route(
        controller, "contoso.test",
        spf_addresses=["198.18.1.10", "198.18.2.50", "192.0.2.1"], dkim_selectors=["sel1", "revoked", "nope"],
    )  # fmt: skip
    policies = found["policies"]
    assert [(result["address"], result["result"]) for result in policies["spf"]["results"]] == [
        ("198.18.1.10", "pass"),
        ("198.18.2.50", "pass"),
        ("192.0.2.1", "fail"),
    ]
    assert policies["spf"]["lookups"] == 2
    assert policies["dmarc"]["policy"]["holds"] == "reject"
    assert [(key["status"], key["revoked"]) for key in policies["dkim"]] == [
        ("found", False),
        ("found", True),
        ("nxdomain", None),
    ]
    assert policies["mta_sts"]["policy"] == {
        "mode": "enforce", "mx": ["mx1.contoso.test", "*.backup.contoso.test"], "max_age": 86400,
    }  # fmt: skip
    assert [entry["matches"] for entry in policies["mta_sts"]["hosts"]] == [True, False]
    assert policies["tls_rpt"]["rua"] == ["mailto:tlsrpt@contoso.test"]
    assert policies["bimi"]["location"] == "https://contoso.test/logo.svg"
    assert found["authority"]["agrees"] is True
    assert found["resolver"]["validates"] is True
    assert ids(found) == {"spf.not_covered", "dkim.missing", "dkim.revoked", "sts.mx_not_listed"}
    assert found["verdict"] == "degraded"


def test_a_policys_web_server_that_is_not_there_is_no_policy_that_is_not_met(controller: Controller) -> None:
    found = route(controller, "unreached.contoso.test", checks=["mta_sts"])
    sts = found["policies"]["mta_sts"]
    assert (sts["status"], sts["policy"], sts["policy_host_reached"]) == ("found", None, False)
    assert "nothing listens there" in sts["policy_problem"]
    assert ids(found) == {"sts.unreached"}
    run = controller.check(targets=["unreached.contoso.test"], tls=controller.tls, stop_after="starttls", mx="first")
    assert {made["tls"]["mta_sts"] is None and made["verdict"] for made in run["checks"]} == {"pass"}


def test_the_policys_web_server_is_verified(controller: Controller) -> None:
    found = route(controller, "contoso.test", ca_path=None)
    assert found["policies"]["mta_sts"]["policy"] is None
    assert "self-signed certificate in certificate chain" in found["policies"]["mta_sts"]["policy_problem"] or (
        "unable to get local issuer" in found["policies"]["mta_sts"]["policy_problem"]
    )
    assert "sts.no_policy" in ids(found)


# By what they are called: status, verdict, findings.
SHAPES: dict[str, tuple[str, str, set[str]]] = {
    "implicit": ("implicit_mx", "pass", {"dns.no_mx_implicit"}),
    "null": ("null_mx", "fail", {"dns.null_mx"}),
    "null-mixed": ("mx", "degraded", {"dns.null_mx_mixed"}),
    "null-odd": ("null_mx", "fail", {"dns.null_mx", "dns.null_mx_odd"}),
    "alias": ("mx", "degraded", {"dns.mx_cname"}),
    "literal": ("mx", "fail", {"dns.mx_literal", "dns.no_mx_usable"}),
    "private": ("mx", "pass", {"dns.mx_private"}),
    "nothing": ("mx", "fail", {"dns.mx_no_addr", "dns.no_mx_usable"}),
    "no-address": ("mx", "fail", {"dns.mx_no_addr", "dns.no_mx_usable"}),
    "half": ("mx", "degraded", {"dns.mx_no_addr"}),
    "no-mail": ("no_mail_host", "fail", {"dns.no_mx_no_addr"}),
    "equal": ("mx", "pass", set()),
    "domain-alias": ("mx", "pass", set()),
    "circle": ("unknown", "fail", {"dns.alias_loop"}),
    "bücher": ("mx", "pass", set()),
    # 2,000 records, which Unbound cuts off even over TCP: all that is left is an answer without records.
    "huge": ("unknown", "inconclusive", {"dns.resolver"}),
}


def test_domains_of_every_shape(controller: Controller) -> None:
    found = look_up(controller, *(f"{name}.shapes.test" for name in SHAPES), checks=["ptr"])["routes"]
    seen = {
        route["unicode"].removesuffix(".shapes.test"): (
            route["status"],
            route["verdict"],
            ids(route) - {"dns.ptr_missing"},
        )
        for route in found
    }
    assert seen == SHAPES


def test_all_records_where_the_server_hands_them_out(controller: Controller) -> None:
    found = route(controller, "huge.shapes.test", checks=["ptr"], nameservers=["198.18.1.53"])
    assert (len(found["mx"]), found["more_mx"]) == (100, 1900)
    assert {"dns.mx_many", "dns.no_mx_usable"} <= ids(found)


def test_broken_zones_are_told_apart(controller: Controller) -> None:
    domains = ("expired.test", "bogus.test", "nope.test", "lame.test")
    expired, bogus, absent, lame = look_up(controller, *domains, checks=["spf"])["routes"]
    assert [(route["answer"], route["verdict"]) for route in (expired, bogus, absent)] == [
        ("bogus", "fail"),
        ("bogus", "fail"),
        ("nxdomain", "fail"),
    ]
    # Unbound's own words (RFC 8914): it knows the reason only until the answer comes from its cache.
    assert re.search("signature expired|DNSSEC bogus", expired["detail"], re.IGNORECASE)
    # Its name servers are dead: Unbound gives up, or takes longer than we wait. Neither is an empty answer.
    assert lame["answer"] in ("servfail", "timeout")
    assert (lame["status"], lame["verdict"]) == ("unknown", "inconclusive")


def test_broken_policies(controller: Controller) -> None:
    domains = [f"{name}.shapes.test" for name in ("broken-policies", "many-lookups", "two-records")]
    found = look_up(controller, *domains, spf_addresses=["192.0.2.1"])["routes"]
    broken, many, two = found
    assert {"spf.invalid", "dmarc.invalid", "sts.invalid"} <= ids(broken)
    assert many["policies"]["spf"]["lookups"] == 12
    assert many["policies"]["spf"]["results"][0]["result"] == "permerror"
    assert (two["policies"]["spf"]["record"], "spf.invalid" in ids(two)) == (None, True)


def test_tlsa_records_that_cannot_be_used_or_looked_up(controller: Controller) -> None:
    domains = ("unusable.contoso.test", "equal.shapes.test", "expiredtlsa.contoso.test")
    unusable, insecure, bogus = look_up(controller, *domains, checks=["tlsa"])["routes"]
    assert "dane.unusable" in ids(unusable)
    assert "dane.mx_insecure" in ids(insecure)
    assert "dns.mx_bogus" in ids(bogus)


def addresses(found: dict[str, t.Any]) -> list[str]:
    return [entry["address"] for host in found["mx"] for entry in host["addresses"]]


def test_inside_and_outside_are_told_different_things(controller: Controller) -> None:
    """Three ways to the same answers: run there, through SSH there, with Nornir."""
    inside = route(controller, "split.test")
    (outside,) = look_up(controller, "split.test", on="vantage-b")["routes"]
    assert addresses(inside) == [controller.lab.state["hosts"]["mx1"]["ipv4"]]
    assert addresses(outside) == [controller.lab.state["hosts"]["exim"]["ipv4"]]
    through = look_up(controller, "split.test", via={**controller.via, "host": controller.name("vantage-b")})
    assert addresses(through["routes"][0]) == addresses(outside)
    assert through["vantage"]["mode"] == "ssh-channel"
    assert through["routes"][0]["resolver"] == {
        "name_servers": ["198.18.2.54"],
        "source": "/etc/resolv.conf of vantage-b.contoso.test",
        "answered": "198.18.2.54",
        "validates": True,
    }


def test_vantages_that_are_led_elsewhere_are_told_together(controller: Controller) -> None:
    seen = [
        look_up(controller, "split.test", "contoso.test", on=on, vantage={"name": on}, checks=[])
        for on in ("controller", "vantage-b")
    ]
    judged = judge_routes(routes_in(seen) or [])
    assert [ids(entry) for entry in judged["routes"]] == [{"dns.view_differs"}, set(), {"dns.view_differs"}, set()]
    hosts = controller.lab.state["hosts"]
    meaning = judged["routes"][0]["findings"][0]["meaning"]
    assert f"controller: gateway.split.test [{hosts['mx1']['ipv4']}]" in meaning
    assert f"vantage-b: gateway.split.test [{hosts['exim']['ipv4']}]" in meaning


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("no-such-host.contoso.test", "no-such-host.contoso.test.wild.shapes.test"),
        ("mx1.contoso.test", None),
        # The way out: a name with a dot at its end is complete.
        ("mx1.contoso.test.", None),
    ],
)
def test_what_the_search_list_made_of_a_name_is_told(controller: Controller, host: str, found: str | None) -> None:
    environment = {**controller.environment, "LOCALDOMAIN": "wild.shapes.test"}
    program = "import json, sys; from mailops_smtp.run import check; json.dump(check(json.load(sys.stdin)), sys.stdout)"
    done = controller.lab.run(
        "controller", [sys.executable, "-c", program],
        input=json.dumps({"host": host, "address_family": "ipv4", "stop_after": "ehlo"}),
        env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    keeps_contract(run, "run")
    (made,) = run["checks"]
    assert made["endpoint"]["resolved_name"] == found
    assert ("dns.suffix_added" in {finding["id"] for finding in made["findings"]}) is (found is not None)
    assert made["verdict"] == ("inconclusive" if found else "pass")


def test_all_of_it_through_a_jump_host_without_python(controller: Controller) -> None:
    """Policies, the web server and the zone's own servers too, over TCP through one log-in."""
    there = look_up(controller, "contoso.test", via={**controller.via, "host": controller.name("jump-bare")})
    here = look_up(controller, "contoso.test")
    same = {"vantage": "", "seconds": 0, "resolver": None, "ttl": 0}
    comparable = [{**found["routes"][0], **same} for found in (there, here)]
    for found in comparable:
        found["mx"] = [{**host, "ttl": 0, "addresses": addresses({"mx": [host]})} for host in found["mx"]]
        found["authority"]["servers"][0]["ttl"] = 0
    assert comparable[0] == comparable[1]


def test_a_jump_host_that_opens_no_way_is_the_testers_trouble(controller: Controller) -> None:
    via = {**controller.via, "host": controller.name("jump-mute")}
    found = look_up(controller, "contoso.test", via=via)
    assert (found["verdict"], found["routes"][0]["answer"]) == ("inconclusive", "tunnel")
    assert "are not known, name the servers with nameservers" in found["routes"][0]["detail"]
    named = look_up(controller, "contoso.test", via=via, nameservers=["198.18.1.54"])
    assert (named["verdict"], named["routes"][0]["answer"]) == ("inconclusive", "tunnel")
    # Where it forwards nothing and runs programs, these carry the questions. They take their time to start.
    slow = {"query": 5.0, "total": 15.0}
    via = {**via, "host": controller.name("jump-closed")}
    closed = look_up(controller, "contoso.test", via=via, checks=["spf"], timeouts=slow)
    assert closed["routes"][0]["status"] == "mx", closed["routes"][0]["detail"]


@pytest.mark.parametrize(
    ("servers", "answer"),
    [
        # mx2: nobody listens there on port 53. dropped: its TCP is dropped, its UDP meets nobody.
        (["198.18.1.20"], "unreachable"),
        (["198.18.1.99"], "timeout"),
    ],
)
def test_no_resolver_at_all(controller: Controller, servers: list[str], answer: str) -> None:
    found = look_up(controller, "contoso.test", nameservers=servers)
    assert (found["verdict"], found["routes"][0]["answer"]) == ("inconclusive", answer)
    assert found["routes"][0]["summary"].startswith("Where mail for contoso.test goes is not known")
    assert look_up(controller, "contoso.test", nameservers=[*servers, "198.18.1.54"])["verdict"] == "degraded"


def ansible(controller: Controller, on: str = "localhost", *more: str, **options: t.Any) -> dict[str, t.Any]:
    result = result_of(controller.ansible("mailops.smtp.mail_route_info", options, *more, on=on))
    keeps_contract({key: value for key, value in result.items() if key not in ADDED_BY_ANSIBLE}, "mail_routes")
    return result


def test_the_module_on_a_managed_host_asks_there(controller: Controller) -> None:
    more = ("-i", controller.inventory("vantage-b"))
    result = ansible(controller, "vantage-b", *more, domains=["split.test"], checks=["spf"])
    assert addresses(result["routes"][0]) == [controller.lab.state["hosts"]["exim"]["ipv4"]]
    assert (result["vantage"]["name"], result["vantage"]["mode"], result["changed"]) == ("vantage-b", "managed", False)
    here = ansible(controller, "vantage-b", *more, domains="split.test", checks=["spf"], resolve_at="controller")
    assert addresses(here["routes"][0]) == [controller.lab.state["hosts"]["mx1"]["ipv4"]]
    assert here["vantage"]["name"] == "controller"


def test_the_module_fails_where_it_could_not_ask_and_says_why(controller: Controller) -> None:
    result = result_of(
        controller.ansible(
            "mailops.smtp.mail_route_info", {"domains": ["contoso.test"], "nameservers": ["198.18.1.20"]}
        )
    )
    assert (result["verdict"], "is not known" in result["msg"]) == ("inconclusive", True)
    # That a domain takes no mail is an answer.
    assert ansible(controller, domains=["null.shapes.test"])["verdict"] == "fail"


def test_nornir_asks_where_its_hosts_are(controller: Controller) -> None:
    ssh = controller.lab.state["ssh"]
    program = f"""
import json
from nornir.core import Nornir
from nornir.core.inventory import ConnectionOptions, Defaults, Groups, Host, Hosts, Inventory
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.plugins.runners import ThreadedRunner
from nornir_smtp import mail_route

ConnectionPluginRegister.auto_register()
extras = ConnectionOptions(extras={{"key_file": {ssh["key_file"]!r}, "known_hosts": [{ssh["known_hosts"]!r}]}})
hosts = Hosts({{
    name: Host(name=name, hostname=where, username={ssh["user"]!r}, connection_options={{"smtp_vantage": extras}})
    for name, where in (("inside", "localhost"), ("outside", "vantage-b.contoso.test"))
}})
nr = Nornir(Inventory(hosts, Groups(), Defaults()), runner=ThreadedRunner(2))
found = nr.run(mail_route, domains="split.test", checks=["spf"])
nr.close_connections()
print(json.dumps({{name: result.result for name, result in found.items()}}))
"""
    done = controller.run(sys.executable, "-c", program, cwd=os.getcwd())
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for name, server in (("inside", "mx1"), ("outside", "exim")):
        keeps_contract(found[name], "mail_routes")
        assert addresses(found[name]["routes"][0]) == [controller.lab.state["hosts"][server]["ipv4"]]
        assert found[name]["vantage"]["name"] == name
