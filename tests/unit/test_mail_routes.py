# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users meet of mail routes besides the lab: the lookup, the filter, wrong options, a missing library."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smtp.plugins.filter.smtp_endpoints import smtp_endpoints
from mailops_smtp import mail_routes as module
from mailops_smtp import names as names_module
from mailops_smtp.mail_routes import mail_routes
from mailops_smtp.names import look_up_for_targets
from mailops_smtp.plan.options import OptionError

from tests.core.name_server import NameServer, zone
from tests.facts_contract import keeps_contract

from .conftest import Ansible

ZONE = zone(
    "contoso.com. 300 IN MX 20 b.contoso.com.",
    "contoso.com. 300 IN MX 10 c.contoso.com.",
    "contoso.com. 300 IN MX 10 a.contoso.com.",
    "a.contoso.com. 300 IN A 203.0.113.1",
    "a.contoso.com. 300 IN AAAA 2001:db8::1",
    "b.contoso.com. 300 IN A 203.0.113.2",
    "c.contoso.com. 300 IN A 203.0.113.3",
    "null.com. 300 IN MX 0 .",
)


@pytest.fixture
def server() -> t.Iterator[NameServer]:
    with NameServer(ZONE) as running:
        yield running


def mx(ansible: Ansible, server: NameServer, *domains: str) -> str:
    """What a play prints of the lookup's result, or of its failure."""
    return looked_up(ansible, "mx", *domains, f"nameservers=['{server.address}']")


def looked_up(ansible: Ansible, name: str, *arguments: str) -> str:
    written = ", ".join(argument if "=" in argument else repr(argument) for argument in arguments)
    message = f"{{{{ query('mailops.smtp.{name}', {written}) | join(' ') }}}}"
    argv = [ansible.command("")[0], "localhost", "-m", "ansible.builtin.debug", "-a", json.dumps({"msg": message})]
    done = subprocess.run(argv, env=ansible.environment, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def test_the_lookup_returns_the_hosts_in_order(ansible: Ansible, server: NameServer) -> None:
    assert '"msg": "a.contoso.com c.contoso.com b.contoso.com"' in mx(ansible, server, "contoso.com", "null.com")


def test_the_lookup_says_what_is_wrong(ansible: Ansible, server: NameServer) -> None:
    assert "The domain nope.com does not exist." in mx(ansible, server, "nope.com")
    assert "domains[0] 'a@contoso.com' is no mail domain" in mx(ansible, server, "a@contoso.com")


@pytest.mark.parametrize(
    ("name", "remedy"), [("mx", "its options are nameservers"), ("smtp_snapshot", "it has no options")]
)
def test_an_option_that_does_not_exist_is_refused(ansible: Ansible, name: str, remedy: str) -> None:
    """Ansible itself would take no notice of it."""
    printed = " ".join(looked_up(ansible, name, "contoso.com", "nameserver='192.0.2.1'").split())
    assert f"mailops.smtp.{name}: there is no option 'nameserver': {remedy}" in printed


def test_the_lookup_in_a_loop(ansible: Ansible, tmp_path: Path) -> None:
    """Which gives each lookup an option of its own. That the domain is refused shows that the option is not."""
    task = {"ansible.builtin.debug": {"msg": "{{ item }}"}, "with_mailops.smtp.mx": ["a@contoso.com"]}
    play = tmp_path / "play.json"
    play.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    argv = [f"{ansible.command('')[0]}-playbook", str(play)]
    done = subprocess.run(argv, env=ansible.environment, capture_output=True, text=True, timeout=60, check=False)
    assert "domains[0] 'a@contoso.com' is no mail domain" in " ".join((done.stdout + done.stderr).split())


def test_the_filter_sorts_endpoints_of_both_modules(server: NameServer) -> None:
    found = mail_routes({"domains": ["contoso.com"], "checks": [], "nameservers": [server.address]})
    endpoints = smtp_endpoints(found)
    assert [(entry["host"], entry["address"], entry["port"]) for entry in endpoints] == [
        ("a.contoso.com", "203.0.113.1", 25),
        ("a.contoso.com", "2001:db8::1", 25),
        ("c.contoso.com", "203.0.113.3", 25),
        ("b.contoso.com", "203.0.113.2", 25),
    ]
    assert smtp_endpoints(found["routes"], family="ipv6", port=587) == [
        {"host": "a.contoso.com", "address": "2001:db8::1", "family": "ipv6", "port": 587, "preference": 10}
    ]
    run = {"checks": [{"endpoint": {**entry, "source": "mx"}} for entry in reversed(endpoints * 2)]}
    assert smtp_endpoints(run) == endpoints


@pytest.mark.parametrize("wrong", [None, 5, "text", {}, {"checks": [{}]}, [{"mx": [{}]}]])
def test_the_filter_refuses_what_is_no_result(wrong: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="no result of mail_route_info or smtp_check"):
        smtp_endpoints(wrong)
    with pytest.raises(AnsibleFilterError, match="give any, ipv4 or ipv6"):
        smtp_endpoints([], family="ipv5")


def test_the_facts_keep_their_contract(server: NameServer) -> None:
    domains = ["contoso.com", "null.com", "nope.com", "bücher.com"]
    found = mail_routes({"domains": domains, "nameservers": [server.address], "dkim_selectors": ["s1"]})
    keeps_contract(found, "mail_routes")
    assert [route["domain"] for route in found["routes"]] == [*domains[:3], "xn--bcher-kva.com"]
    assert found["routes"][3]["unicode"] == "bücher.com"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"domains": []}, "domains [] names nobody: give at least one mail domain."),
        (
            {"domains": ["192.0.2.1"]},
            "domains[0] '192.0.2.1' is an address, which has no MX records: write the domain of a mail address, such as"
            " contoso.com.",
        ),
        ({"domains": ["contoso.com\r\n"]}, "domains[0] 'contoso.com\\r\\n'"),
        ({"domains": ["a.com"], "checks": ["dkim"]}, "checks 'dkim' needs selectors: give dkim_selectors"),
        ({"domains": ["a.com"], "checks": ["all"]}, "checks[0] 'all' is not a choice here: choose one of ptr"),
        ({"domains": ["a.com"], "dkim_selectors": ["a b"]}, "dkim_selectors[0] 'a b' is no DKIM selector"),
        ({"domains": ["a.com"], "spf_addresses": ["mx1"]}, "spf_addresses[0] 'mx1' is no IP address"),
        (
            {"domains": ["a.com"], "spf_addresses": ["192.0.2.1"], "checks": ["ptr"]},
            "spf_addresses ['192.0.2.1'] ask for what checks leaves out: add spf to checks.",
        ),
        ({"domains": ["a.com"], "ports": [0]}, "ports[0] 0 is no port number"),
        ({"domains": ["a.com"], "timeouts": {"query": 0}}, "timeouts.query 0.0 is no usable time limit"),
        ({"domains": ["a.com"], "nameservers": ["ns1"]}, "nameservers[0] 'ns1' is no address of a name server"),
        ({"domains": ["a.com"], "via": {"host": "a b"}}, "via.host 'a b' cannot be used"),
        ({"domain": ["a.com"], "nameserver": ["192.0.2.53"]}, "option 'nameserver' does not exist: did you mean"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_asked(options: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(OptionError) as raised:
        mail_routes(options)
    assert sentence in str(raised.value)


def test_without_dnspython_both_ways_out_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (module, names_module):
        monkeypatch.setattr(room, "dnspython_trouble", lambda: "is not installed here")
    with pytest.raises(OptionError) as raised:
        mail_routes({"domains": ["contoso.com"]})
    assert str(raised.value).endswith("install dnspython (Debian: python3-dnspython), or give resolve_at: controller.")
    with pytest.raises(OptionError, match="install dnspython there"):
        look_up_for_targets(["contoso.com"], None, None, None)


def test_the_controller_looks_up_what_is_a_domain_and_nothing_else(server: NameServer) -> None:
    targets = ["contoso.com", "mx1.contoso.com:25", "192.0.2.1", {"host": "mx1"}, {"domain": "null.com"}, 5]
    found = look_up_for_targets(targets, [server.address], {"contoso.com": "192.0.2.9"}, None)
    assert list(found) == ["null.com"]
    assert look_up_for_targets(["mx1:25"], [server.address], None, None) == {}
