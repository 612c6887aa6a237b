# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A team's change window in the lab, its servers verified after their build, and a watch that outlives its session."""

from __future__ import annotations

import json
import re
import shlex
import time
import typing as t
from pathlib import Path
from xml.etree import ElementTree

import pytest
from mailops_smtp.snapshot import read

from tests.facts_contract import SCHEMA, keeps_contract
from tests.integration.changing import end_sessions, postconf, until
from tests.integration.conftest import REPOSITORY, Controller
from tests.lab.lab import Lab

RECIPIENT = "user@contoso.test"


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


INTERVAL = 1.0
OUTAGE_SECONDS = 8.0

# Moments are written down to the millisecond.
CLOCK = 0.01

WINDOW = {
    "vantages": "all",
    "window": "CHG0012345",
    "smtp_targets": ["mx2.contoso.test:25", "exim.contoso.test:25"],
    "change_window_check": {"sender": "probe@fabrikam.test", "recipient": RECIPIENT},
    "change_window_repeat": 1,
}


@pytest.mark.provokes("warning: ")
def test_a_whole_change_window_by_the_documentation_alone(
    controller: Controller, lab: Lab, tmp_path: Path, down: t.Callable[[], None]
) -> None:
    team = Team(controller, tmp_path)
    before_homes = lab.run("vantage-a", ["find", "/home", "/var/tmp"], capture_output=True, text=True).stdout
    before, after = team.commands()
    done = team.type(before)
    assert done.returncode == 0, done.stdout + done.stderr

    until(lambda: seen(lab, "up") > 0)
    # The outage lasts from some moment while Postfix is stopped to some moment while it is started. A watch cannot have
    # seen either later than the test reads it in its log, however busy the machine is.
    stopping = time.monotonic()
    down()
    until(lambda: seen(lab, "down") > 0)
    seen_down = time.monotonic()
    time.sleep(OUTAGE_SECONDS)
    mark = seen(lab, "up")
    starting = time.monotonic()
    lab.run("mx2", ["postfix", "start"], check=True, capture_output=True)
    until(lambda: seen(lab, "up") > mark)
    seen_up = time.monotonic()
    with postconf(lab, "mx2", "smtpd_discard_ehlo_keywords=starttls,dsn"):
        done = team.type(after)
    printed = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 2
    sentence = "DSN gone on mx2.contoso.test, seen from all 2 vantages."
    assert f"The gate is closed (fail): Roll back, or mend: {sentence}" in printed

    folder = team.folder / "change-windows" / "CHG0012345"
    result = json.loads((folder / "result.json").read_text())
    assert (result["verdict"], result["regressions"], result["allowed_gap"]) == ("fail", [sentence], 15)
    assert result["expected"] == ["STARTTLS gone on mx2.contoso.test, seen from all 2 vantages."]
    nothing = ("improvements", "changes", "missing", "added", "unseen")
    assert [result[name] for name in nothing] == [[]] * len(nothing)
    watches = json.loads((folder / "watch.json").read_text())
    for watch in watches:
        keeps_contract({key: watch[key] for key in SCHEMA["$defs"]["watch"]["properties"]}, "watch")
        assert {outage["endpoint"]["host"] for outage in watch["outages"]} == {"mx2.contoso.test"}
        for outage in watch["outages"]:
            # The first check that fails may have been under way when Postfix was stopped, for long on a busy machine.
            shortest, longest = starting - seen_down, seen_up - stopping + 2 * INTERVAL
            assert shortest - CLOCK <= outage["seconds"] <= longest + CLOCK
    assert {watch["vantage"] for watch in watches} == {"vantage-a", "jump-bare"}
    keeps_contract(json.loads((folder / "comparison.json").read_text()), "comparison")
    for name in ("before", "after"):
        keeps_contract(read(str(folder / f"{name}.json.gz")), "snapshot")
    for name in ("report.md", "report.html", "junit.xml"):
        report = (folder / name).read_text(encoding="utf-8")
        assert sentence.rstrip(".") in report, name
        assert "The gate is closed" in report, name
    # The outage is within what is allowed.
    suites = ElementTree.parse(folder / "junit.xml").getroot()
    assert {suite.get("name"): suite.get("failures") for suite in suites} == {
        "gate": "1", "vantage-a": "0", "jump-bare": "0", "before and after": "1", "outages": "0",
    }  # fmt: skip
    after_homes = lab.run("vantage-a", ["find", "/home", "/var/tmp"], capture_output=True, text=True).stdout
    left = set(after_homes.splitlines()) - set(before_homes.splitlines())
    assert [path for path in left if not path.endswith((".ansible", ".ansible/tmp", ".ansible_async"))] == []
    assert not logs(lab, "controller")


class Team:
    """People with an empty folder, a home directory with SSH keys, the collection as it is published, and one page."""

    def __init__(self, controller: Controller, home: Path) -> None:
        self.controller = controller
        self.folder = home / "work"
        ssh = home / ".ssh"
        for folder in (self.folder, ssh):
            folder.mkdir()
        lab_ssh = controller.lab.state["ssh"]
        for name, kept in (("id_ed25519", lab_ssh["key_file"]), ("known_hosts", lab_ssh["known_hosts"])):
            (ssh / name).write_bytes(Path(kept).read_bytes())
            (ssh / name).chmod(0o600)
        # OpenSSH does not go by HOME.
        options = f"-o IdentityFile={ssh / 'id_ed25519'} -o UserKnownHostsFile={ssh / 'known_hosts'}"
        own = {name: value for name, value in controller.environment.items() if not name.startswith("PYTHONPATH")}
        own.pop("ANSIBLE_COLLECTIONS_PATH", None)
        self.environment = {
            **own, "HOME": str(home), "PWD": str(self.folder),
            "ANSIBLE_SSH_COMMON_ARGS": f"{options} -o GlobalKnownHostsFile=/dev/null",
        }  # fmt: skip
        self.page = (REPOSITORY / "docs" / "change_window.md").read_text(encoding="utf-8")
        inventory, change, *_others = re.findall(r"```yaml\n(.*?)```", self.page, re.DOTALL)
        (self.folder / "inventory.yml").write_text(inventory)
        (self.folder / "CHG0012345.yml").write_text(change)
        built = home / "built"
        for arguments in (["build", "--output-path", built, REPOSITORY], ["install", "--offline"]):
            archives = sorted(built.glob("*.tar.gz"))
            done = self.type(shlex.join(["ansible-galaxy", "collection", *map(str, [*arguments, *archives])]))
            assert done.returncode == 0, done.stdout + done.stderr

    def commands(self) -> list[str]:
        """The playbooks of both phases, as they are typed."""
        return [command for command in re.findall(r"^\$ (ansible-playbook .*)$", self.page, re.MULTILINE)
                if "phase=" in command]  # fmt: skip

    def type(self, command: str) -> t.Any:
        return self.controller.run(*shlex.split(command), env=self.environment, cwd=self.folder, timeout=300)


def logs(lab: Lab, host: str) -> str:
    return str(lab.run(host, ["sh", "-c", "cat /var/tmp/mailops-smtp-*.watch"], capture_output=True, text=True).stdout)


def seen(lab: Lab, state: str) -> int:
    """How often both watches have seen mx2 up or down, at least. A jump host's log is on the controller."""
    return min(
        sum('"mx2.contoso.test"' in line and f'"{state}"' in line for line in logs(lab, host).splitlines())
        for host in ("vantage-a", "controller")
    )


def test_check_mode_of_a_change_window_leaves_nothing(site: Site, controller: Controller) -> None:
    inventory = controller.inventory("vantage-a")
    done = site.play("change_window", inventory, WINDOW, "-e", "phase=before", "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (site.folder / "change-windows").exists()


def test_servers_are_verified_after_their_build(site: Site, controller: Controller) -> None:
    """One is well, one has a certificate that nobody trusts, one does not listen, one is seen through a jump host."""
    check = {"tls": controller.tls, "address_family": "ipv4"}
    inventory = Path(controller.inventory("mx1", "mx2", "refused", "exim", verify_check=check))
    written = json.loads(inventory.read_text())
    # By its name alone: what is tested is this host, and not the one that tests.
    written["all"]["hosts"]["mx1.contoso.test"] = {"verify_check": written["all"]["hosts"].pop("mx1")["verify_check"]}
    written["all"]["hosts"]["exim"].update(verify_via=controller.via, verify_check={"tls": controller.tls})
    inventory.write_text(json.dumps(written))
    variables = {
        "verify_hosts": "all",
        "verify_sender": "probe@fabrikam.test",
        "verify_recipient": RECIPIENT,
        "verify_expect": {"starttls": True, "tls": {"trusted": True, "days_left": ">= 14"}},
    }
    done = site.play("verify", str(inventory), variables)
    printed = done.stdout + done.stderr
    assert done.returncode == 2, printed
    failed = dict(re.findall(r"fatal: \[([\w-]+)[^]]*\]: FAILED! => (.*)", printed))
    assert set(failed) == {"mx2", "refused"}, printed
    # What failed and why, and what to do, on the host that failed and on no other.
    assert "Expected: tls.trusted is true. Found: False." in failed["mx2"]
    assert "Next (target): Renew the certificate" in failed["mx2"]
    assert "refused.contoso.test [198.18.1.22]:25" in failed["refused"]
    assert "Connection refused" in failed["refused"]
    # Once: where nobody answers, nothing else can be as expected.
    assert failed["refused"].count("Next (") == 1
    assert "Expected" not in failed["refused"]
    recap = {line.split()[0]: line for line in done.stdout.partition("PLAY RECAP")[2].splitlines() if "ok=" in line}
    assert "ok=4    changed=0    unreachable=0    failed=0" in recap["mx1.contoso.test"]
    assert "ok=4    changed=0    unreachable=0    failed=0" in recap["exim"]


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

    def seen() -> int:
        return int(lab.run("vantage-a", ["grep", "-c", "seen", log], capture_output=True, text=True).stdout or 0)

    until(lambda: seen() > 1)
    # The connection is lost on the side of the host, too.
    end_sessions(lab, "vantage-a")
    mark = seen()
    until(lambda: seen() > mark + 1)
    done = controller.ansible("mailops.smtp.smtp_watch", {"log": log, "collect": True}, "-i", inventory, on="all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"ended": "stop_file"' in done.stdout
    assert '"verdict": "pass"' in done.stdout
    assert lab.run("vantage-a", ["ls", "/var/tmp"], capture_output=True, text=True).stdout.count("survives") == 0
