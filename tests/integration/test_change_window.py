# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes that are really made to real servers: the comparison says what was done, and the watch how long it took."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from mailops_smtp.compare import comparison
from mailops_smtp.snapshot import read

from tests.facts_contract import SCHEMA, keeps_contract
from tests.integration.conftest import REPOSITORY, Controller
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
    return [
        (name, entry["change"], f"{entry['endpoint']['host'].split('.')[0]} {_family(entry['endpoint']['address'])}")
        for name in LISTS
        for entry in found[name]
    ]


def _family(address: str) -> int:
    return 6 if ":" in address else 4


def both(*entries: tuple[str, str, str]) -> list[tuple[str, str, str]]:
    """Each entry for IPv6 and for IPv4."""
    return sorted((name, change, f"{host} {family}") for name, change, host in entries for family in (4, 6))


def configuration(lab: Lab, host: str, name: str) -> Path:
    return Path(lab.state["directory"], host, "etc", "postfix", name)


@contextlib.contextmanager
def postconf(lab: Lab, host: str, *settings: str) -> t.Iterator[None]:
    """A setting of Postfix, for as long as the block lasts."""
    kept = lab.run(host, ["cat", "/etc/postfix/main.cf"], capture_output=True, text=True, check=True).stdout
    try:
        lab.run(host, ["postconf", "-e", *settings], check=True)
        _reload(lab, host)
        yield
    finally:
        lab.run(host, ["tee", "/etc/postfix/main.cf"], input=kept, text=True, capture_output=True, check=True)
        _reload(lab, host)


def _reload(lab: Lab, host: str) -> None:
    lab.run(host, ["postfix", "reload"], check=True, capture_output=True)
    # smtpd processes of before serve one more client at most; a moment later all of them know the new settings.
    time.sleep(1.2)


def test_nothing_changed_many_times(controller: Controller) -> None:
    hosts = ("mx1", "mx2", "exim", "sendmail", "opensmtpd")
    before = seen(controller, *hosts)
    for _number in range(REPEATS):
        assert told(before, seen(controller, *hosts)) == []


def test_starttls_lost(controller: Controller, lab: Lab) -> None:
    before = seen(controller, "mx1", "exim")
    with postconf(lab, "mx1", "smtpd_tls_security_level=none"):
        after = seen(controller, "mx1", "exim")
    assert sorted(told(before, after)) == both(("regressions", "starttls_removed", "mx1"))
    assert sorted(told(after, before)) == both(("improvements", "starttls_added", "mx1"))
    declared = ["STARTTLS removed on mx1.contoso.test"]
    assert sorted(told(before, after, declared)) == both(("expected", "starttls_removed", "mx1"))


def test_relay_opened(controller: Controller, lab: Lab) -> None:
    before = seen(controller, "mx1", recipient=FOREIGN, expect={"recipient": "refused"})
    assert before["verdict"] == "pass"
    with postconf(lab, "mx1", "mynetworks=0.0.0.0/0 [::]/0", "smtpd_relay_restrictions=permit_mynetworks,reject"):
        after = seen(controller, "mx1", recipient=FOREIGN, expect={"recipient": "refused"})
    assert sorted(told(before, after)) == both(("regressions", "relay_opened", "mx1"))


def test_a_slow_banner(controller: Controller, lab: Lab) -> None:
    before = [seen(controller, "mx1") for _number in range(3)]
    rules = "smtpd_client_restrictions=sleep 2,permit"
    with postconf(lab, "mx1", rules, "smtpd_delay_reject=no"):
        after = [seen(controller, "mx1") for _number in range(3)]
    assert sorted(told(before, after)) == both(("regressions", "slower", "mx1"))


def test_greylisting_switched_on(controller: Controller, lab: Lab) -> None:
    before = seen(controller, "mx1")
    rules = "smtpd_recipient_restrictions=check_recipient_access static:{450 4.2.0 Greylisted, see you later}"
    with postconf(lab, "mx1", rules):
        after = seen(controller, "mx1")
    assert sorted(told(before, after)) == both(("regressions", "recipient_deferred", "mx1"))
    # What greylists puts off now this one, now that one.
    assert told(after, before) == []


def test_a_renewed_certificate(controller: Controller, lab: Lab, tmp_path: Path) -> None:
    before = seen(controller, "mx1")
    pem = configuration(lab, "mx1", "../ssl/lab.pem").resolve()
    kept = pem.read_bytes()
    renewed = tmp_path / "renewed.pem"
    lab.run(
        "mx1",
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "400", "-subj", "/CN=mx1.contoso.test",
         "-addext", "subjectAltName=DNS:mx1.contoso.test", "-keyout", renewed, "-out", f"{renewed}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    try:
        lab.run("mx1", ["tee", "/etc/ssl/lab.pem"], input=renewed.read_bytes() + Path(f"{renewed}.crt").read_bytes(),
                capture_output=True, check=True)  # fmt: skip
        _reload(lab, "mx1")
        after = seen(controller, "mx1")
    finally:
        lab.run("mx1", ["tee", "/etc/ssl/lab.pem"], input=kept, capture_output=True, check=True)
        _reload(lab, "mx1")
    # Another one, and nobody vouches for it.
    assert sorted(told(before, after)) == both(
        ("changes", "certificate_replaced", "mx1"), ("regressions", "trust_lost", "mx1")
    )


def test_a_server_upgraded_to_another_product(controller: Controller) -> None:
    def name(run: dict[str, t.Any]) -> dict[str, t.Any]:
        """The checks as those of one target, whichever host stands behind it."""
        for check in run["checks"]:
            check["target"] = "the mail server"
            check["endpoint"].update(host="mail.contoso.test")
        return run

    before, after = (name(seen(controller, host, address_family="ipv4")) for host in ("mx1", "exim"))
    found = comparison(before, after)
    changes = {entry["change"] for entry in found["changes"]}
    assert {"product_changed", "address_changed"} <= changes
    assert "banner_changed" not in changes


@pytest.fixture
def down(lab: Lab) -> t.Iterator[t.Callable[[], None]]:
    """Stops mx2's Postfix; it is started again after the test, if it was not before."""

    def stop() -> None:
        lab.run("mx2", ["postfix", "stop"], check=True, capture_output=True)

    yield stop
    if lab.run("mx2", ["postfix", "status"], capture_output=True).returncode:
        lab.run("mx2", ["postfix", "start"], check=True, capture_output=True)


def test_one_mx_down(controller: Controller, lab: Lab, down: t.Callable[[], None]) -> None:
    before = seen(controller, "mx1", "mx2")
    down()
    after = seen(controller, "mx1", "mx2")
    assert sorted(told(before, after)) == both(("regressions", "stopped_working", "mx2"))


def test_a_firewall_rule_for_one_network(controller: Controller, lab: Lab) -> None:
    def from_everywhere() -> list[dict[str, t.Any]]:
        runs = []
        for vantage in ("controller", "vantage-b"):
            options = {} if vantage == "controller" else {"via": {**controller.via, "host": controller.name(vantage)}}
            # Through a jump host only names, or addresses, are known.
            address = lab.state["hosts"]["exim"]["ipv4"]
            asked = {
                "targets": [{"host": address, "port": 25}, {"host": lab.state["hosts"]["mx2"]["ipv4"], "port": 25}]
            }
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
    assert not found["changes"]


class Site:
    """A team's folder on the controller, with the collection installed as they would have it."""

    def __init__(self, controller: Controller, folder: Path) -> None:
        self.controller = controller
        self.folder = folder
        collections = folder / "collections" / "ansible_collections" / "mailops"
        collections.mkdir(parents=True)
        (collections / "smtp").symlink_to(REPOSITORY)
        self.environment = {name: value for name, value in controller.environment.items() if name != "PYTHONPATH"} | {
            "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
            "PWD": str(folder),
        }

    def play(self, name: str, inventory: str, variables: dict[str, t.Any], *more: str) -> t.Any:
        given = self.folder / "variables.json"
        given.write_text(json.dumps(variables))
        argv = ["ansible-playbook", "-i", inventory, f"mailops.smtp.{name}", "-e", f"@{given}", *more]
        return self.controller.run(*argv, env=self.environment, cwd=self.folder, timeout=300)


@pytest.fixture
def site(controller: Controller, tmp_path: Path) -> Site:
    return Site(controller, tmp_path)


WINDOW = {
    "vantages": "all",
    "window": "CHG0012345",
    "smtp_targets": ["mx2.contoso.test:25", "exim.contoso.test:25"],
    "change_window_check": {"sender": "probe@fabrikam.test", "recipient": RECIPIENT},
    "change_window_repeat": 1,
}


@pytest.mark.provokes("warning: ")
def test_a_whole_change_window(site: Site, controller: Controller, lab: Lab, down: t.Callable[[], None]) -> None:
    inventory = controller.inventory("vantage-a", "vantage-b")
    before_homes = lab.run("vantage-a", ["find", "/home", "/var/tmp"], capture_output=True, text=True).stdout
    done = site.play("change_window", inventory, WINDOW, "-e", "phase=before")
    assert done.returncode == 0, done.stdout + done.stderr

    time.sleep(2)
    down()
    stopped = time.time()
    time.sleep(8)
    lab.run("mx2", ["postfix", "start"], check=True, capture_output=True)
    started = time.time()
    time.sleep(2)
    with postconf(lab, "mx2", "smtpd_discard_ehlo_keywords=starttls,dsn"):
        declared = {**WINDOW, "change_window_expected": ["STARTTLS removed on mx2*"]}
        done = site.play("change_window", inventory, declared, "-e", "phase=after")
    printed = done.stdout + done.stderr
    assert done.returncode != 0
    assert "The gate is closed (fail): Roll back, or mend: DSN gone on mx2.contoso.test over IPv" in printed

    folder = site.folder / "change-windows" / "CHG0012345"
    result = json.loads((folder / "result.json").read_text())
    assert result["verdict"] == "fail"
    assert len(result["regressions"]) == 2
    assert (result["improvements"], result["missing"], result["unseen"]) == ([], [], [])
    assert all("seen from all 2 vantages" in sentence for sentence in result["regressions"])
    assert [sentence for sentence in result["expected"] if "STARTTLS gone" not in sentence] == []
    truth = started - stopped
    watches = json.loads((folder / "watch.json").read_text())
    for watch in watches:
        keeps_contract({key: watch[key] for key in SCHEMA["$defs"]["watch"]["properties"]}, "watch")
        assert {outage["endpoint"]["host"] for outage in watch["outages"]} == {"mx2.contoso.test"}
        for outage in watch["outages"]:
            # One interval at the beginning, one at the end; the stop and the start take their own time.
            assert abs(outage["seconds"] - truth) < 1.5
            assert "refused" in outage["how"]
    assert {watch["vantage"] for watch in watches} == {"vantage-a", "vantage-b"}
    keeps_contract(json.loads((folder / "comparison.json").read_text()), "comparison")
    for name in ("before", "after"):
        keeps_contract(read(str(folder / f"{name}.json.gz")), "snapshot")
    for name in ("report.md", "report.html", "junit.xml"):
        report = (folder / name).read_text(encoding="utf-8")
        assert "DSN gone on mx2.contoso.test" in report, name
        assert "refused" in report, name
    after_homes = lab.run("vantage-a", ["find", "/home", "/var/tmp"], capture_output=True, text=True).stdout
    left = set(after_homes.splitlines()) - set(before_homes.splitlines())
    assert [path for path in left if not path.endswith((".ansible", ".ansible/tmp", ".ansible_async"))] == []


def test_check_mode_of_a_change_window_leaves_nothing(site: Site, controller: Controller) -> None:
    inventory = controller.inventory("vantage-a")
    done = site.play("change_window", inventory, WINDOW, "-e", "phase=before", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (site.folder / "change-windows").exists()


def test_a_wrong_window_is_told(site: Site, controller: Controller) -> None:
    inventory = controller.inventory("vantage-a")
    for wrong, words in (
        ({"window": "../x"}, "Give change_window_id, of letters, digits"),
        ({"change_window_expected": ["lunch"]}, "'lunch' is no kind of change"),
    ):
        done = site.play("change_window", inventory, {**WINDOW, **wrong}, "-e", "phase=after")
        assert done.returncode != 0
        assert words in done.stdout + done.stderr or "no such file" in (done.stdout + done.stderr).lower()


def test_a_server_is_verified_after_its_build(site: Site, controller: Controller) -> None:
    inventory = controller.inventory("mx1", "mx2")
    variables = {
        "verify_hosts": "all",
        "verify_sender": "probe@fabrikam.test",
        "verify_recipient": RECIPIENT,
        "verify_check": {"tls": controller.tls, "address_family": "ipv4"},
        "verify_expect": {"starttls": True, "tls": {"trusted": True, "days_left": ">= 14"}},
    }
    done = site.play("verify", inventory, variables)
    printed = done.stdout + done.stderr
    assert done.returncode == 2, printed
    assert "Expected: tls.trusted is true. Found: False." in printed
    assert "Next (target): Renew the certificate" in printed
    assert "mx1                        : ok=4    changed=0    unreachable=0    failed=0" in printed
    assert "failed=1" in printed.partition("mx2   ")[2]


def test_a_message_is_verified_to_arrive(site: Site, controller: Controller) -> None:
    user = controller.mailbox("user")
    variables = {
        "verify_hosts": "all",
        "verify_sender": "probe@fabrikam.test",
        "verify_recipient": user["address"],
        "verify_check": {"tls": controller.tls, "address_family": "ipv4"},
        "verify_mailbox": {
            "imap": controller.name("mx1"), "username": user["address"], "password": user["password"],
            "ca_path": controller.lab.state["ca_file"],
        },
        "verify_within": 60,
    }  # fmt: skip
    done = site.play("verify", controller.inventory("mx1"), variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "changed=1" in done.stdout


def test_the_log_of_a_watch_survives_its_controller(controller: Controller, lab: Lab) -> None:
    """The task that waits is killed; what was seen is there, and gone when it was collected."""
    inventory = controller.inventory("vantage-a")
    log = "/var/tmp/mailops-smtp-survives.watch"
    argv = ["ansible", "all", "-i", inventory, "-B", "60", "-P", "0", "-m", "mailops.smtp.smtp_watch", "-a",
            json.dumps({"host": "mx1.contoso.test", "log": log, "interval": 0.5})]  # fmt: skip
    started = controller.run(*argv)
    assert started.returncode == 0, started.stdout + started.stderr
    deadline = time.monotonic() + 20
    while lab.run("vantage-a", ["grep", "-c", "seen", log], capture_output=True).stdout.strip() in (b"", b"0", b"1"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    # The connection is lost on the side of the host, too.
    lab.run("vantage-a", ["pkill", "-f", "sshd: probe"], capture_output=True)
    done = controller.ansible("mailops.smtp.smtp_watch", {"log": log, "collect": True}, "-i", inventory, on="all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"ended": "stop_file"' in done.stdout
    assert '"verdict": "pass"' in done.stdout
    assert lab.run("vantage-a", ["ls", "/var/tmp"], capture_output=True, text=True).stdout.count("survives") == 0
