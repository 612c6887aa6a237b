# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role and the playbook as users run them, and the module while a play goes on."""

from __future__ import annotations

import json
import re
import typing as t
import uuid
from pathlib import Path

from .conftest import Controller
from .server_log import Log

MAIL_HOSTS = ("mx1", "exim", "sendmail")

KEEP = {
    "name": "Keep what the role found",
    "ansible.builtin.copy": {
        "content": "{{ {'receipts': delivery_receipts, 'logs': delivery_logs} | to_json }}",
        "dest": "{{ playbook_dir }}/found.json",
        "mode": "0600",
    },
    "delegate_to": "localhost",
    "run_once": True,
}


def variables(controller: Controller, **more: t.Any) -> dict[str, t.Any]:
    return {
        "delivery_targets": [{"host": controller.name("mx1"), "address_family": "ipv4", "port": 2526}],
        "delivery_sender": "probe@contoso.test",
        "delivery_recipient": "echo@contoso.test",
        "delivery_mailbox": controller.account("echo"),
        "delivery_receipts_mailbox": controller.account("probe"),
        "delivery_within": 30,
        "ansible_python_interpreter": "/usr/bin/python3",
        **more,
    }


def play(
    controller: Controller, given: dict[str, t.Any], *more: str, on: str = "vantage-a:vantage-b"
) -> tuple[t.Any, dict[str, t.Any]]:
    """Each of these vantages runs the role; what it printed, and what it found."""
    inventory = controller.inventory("vantage-a", "vantage-b", *MAIL_HOSTS, ansible_pipelining=True)
    rescue = [{"name": "Go on", "ansible.builtin.debug": {"msg": "failed"}}]
    tasks = [
        {
            "name": "Deliver",
            "block": [
                {"name": "The role", "ansible.builtin.include_role": {"name": "mailops.smtp.delivery"}},
            ],
            "rescue": rescue,
        },
        KEEP,
    ]
    playbook = [{"name": "Play", "hosts": on, "gather_facts": False, "vars": given, "tasks": tasks}]
    done = controller.play(playbook, "-i", inventory, *more)
    found = controller.home / "found.json"
    return done, json.loads(found.read_text(encoding="utf-8")) if found.exists() else {}


def test_each_vantage_has_its_receipts(controller: Controller) -> None:
    done, found = play(controller, variables(controller))
    assert done.returncode == 0, done.stdout + done.stderr
    receipts = found["receipts"]
    assert {receipt["vantage"] for receipt in receipts} == {"vantage-a", "vantage-b"}
    assert [receipt["verdict"] for receipt in receipts] == ["pass", "pass"]
    assert all(copy["removed"] for receipt in receipts for copy in (*receipt["copies"], *receipt["reports"]))
    assert "The message from vantage-a to mx1.contoso.test:2526 arrived" in done.stdout
    assert "failed=0" in done.stdout


def test_a_message_that_is_missing_is_followed_in_the_logs_of_each_mail_host(controller: Controller) -> None:
    """mx1 accepts ghost's and returns them; exim never sees them, and one file cannot be read there."""
    files = ["/var/log/mail.log", "/var/log/exim4/mainlog", "/etc/shadow", "/var/log/no-such-file"]
    given = variables(
        controller,
        delivery_recipient=controller.lab.state["bouncing_address"],
        delivery_mail_hosts=["mx1", "exim"],
        delivery_log_files=files,
    )
    done, found = play(controller, given)
    assert "receipts" in found, done.stdout + done.stderr
    assert [receipt["verdict"] for receipt in found["receipts"]] == ["fail", "fail"]
    assert "rescued=1" in done.stdout
    for receipt in found["receipts"]:
        ours = {entry["host"]: entry for entry in found["logs"] if entry["queue_id"] == receipt["queue_id"]}
        assert any("status=bounced" in line for line in ours["mx1"]["lines"])
        assert any(f"message-id={receipt['message_id']}" in line for line in ours["mx1"]["lines"])
        others = {entry["queue_id"] for entry in found["receipts"]} - {receipt["queue_id"]}
        assert not any(other in line for other in others for line in ours["mx1"]["lines"])
        assert ours["exim"]["lines"] == []
        assert ours["exim"]["trouble"] == ["grep: /etc/shadow: Permission denied"]
        assert any(receipt["queue_id"] in entry["command"] for entry in receipt["look_next"])


def test_a_message_is_followed_under_the_names_that_other_servers_gave_it(controller: Controller) -> None:
    """mx2, which is not managed, hands it to exim, which has to return it."""
    given = variables(
        controller,
        delivery_targets=[{"host": controller.name("mx2"), "address_family": "ipv4"}],
        delivery_tls={"verify": False},
        delivery_recipient="stranger@northwind.test",
        delivery_within=4,
        delivery_mail_hosts=["exim", "mx1"],
    )
    _done, found = play(controller, given, on="vantage-a")
    [receipt] = found["receipts"]
    lines = {entry["host"]: "\n".join(entry["lines"]) for entry in found["logs"]}
    assert f"id={receipt['message_id'].strip('<>')}" in lines["exim"]
    # Nothing in these lines names the message but what exim calls it.
    assert "stranger@northwind.test R=gateway" in lines["exim"]


def test_the_journal_and_the_file_that_syslog_writes(controller: Controller) -> None:
    """Sendmail takes it, and the mailbox that is looked into is another one."""
    given = variables(
        controller,
        delivery_targets=[{"host": controller.name("sendmail"), "address_family": "ipv4"}],
        delivery_within=2,
        delivery_mail_hosts=["sendmail", "nowhere"],
    )
    done, found = play(controller, given, on="vantage-a")
    assert "receipts" in found, done.stdout + done.stderr
    [receipt] = found["receipts"]
    assert receipt["legs"]["arrived"]["state"] == "lost"
    [here] = [entry for entry in found["logs"] if entry["host"] == "sendmail"]
    delivered = [line for line in here["lines"] if f"{receipt['queue_id']}: to=" in line and "stat=Sent" in line]
    assert [line.startswith("/var/log/mail.log:") for line in delivered] == [False, True]
    # One that cannot be reached says so, and stops nothing.
    [there] = [entry for entry in found["logs"] if entry["host"] == "nowhere"]
    assert there["lines"] == []
    assert "nowhere" in there["trouble"][0]


def test_check_mode_sends_and_removes_nothing(controller: Controller) -> None:
    before = len(controller.mails("echo"))
    done, found = play(controller, variables(controller), "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(controller.mails("echo")) == before
    assert "was not sent" in done.stdout
    assert not found


def test_the_playbook_runs_by_its_full_name(controller: Controller) -> None:
    given = controller.home / "delivery.json"
    given.write_text(json.dumps(variables(controller)), encoding="utf-8")
    inventory = controller.inventory("vantage-a")
    done = controller.run("ansible-playbook", "mailops.smtp.delivery", "-i", inventory, "-e", f"@{given}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "arrived" in done.stdout


def test_a_wrong_variable_is_told_in_a_sentence(controller: Controller) -> None:
    given = variables(controller, delivery_mailbox={"imap": "mx1.contoso.test"})
    done, _found = play(controller, given)
    assert "mailbox.username is missing: imap needs a log-in." in done.stdout


def test_greylisting_is_sat_out_by_the_retry(controller: Controller) -> None:
    """To a recipient that postgrey has never seen, for the whole receipt: both legs arrive."""
    mx1 = controller.lab.state["hosts"]["mx1"]
    log = Log(Path(mx1["log_file"]))
    # postgrey takes no notice of what stands behind the + of a sender.
    name = f"echo+{uuid.uuid4().hex[:8]}"
    given = variables(
        controller,
        delivery_targets=[
            {"host": controller.name("mx1"), "address_family": "ipv4", "port": mx1["ports"]["greylisting"]}
        ],
        delivery_recipient=f"{name}@northwind.test",
        delivery_retry={"count": 3, "delay": 4},
    )
    done, found = play(controller, given, on="vantage-a")
    assert "receipts" in found, done.stdout + done.stderr
    [receipt] = found["receipts"]
    assert (receipt["verdict"], receipt["legs"]["arrived"]["state"], receipt["legs"]["dsn"]["state"]) == (
        "pass",
        "arrived",
        "arrived",
    )
    text = log.wait_for(rf"{receipt['queue_id']}: to=<{re.escape(name)}@contoso.test>, .*status=sent")
    assert re.search(rf"Greylisted.*to=<{re.escape(name)}@northwind.test>", text)
    assert f"{receipt['queue_id']}: sender delivery status notification" in text


def test_a_play_goes_on_while_the_message_is_looked_for(controller: Controller) -> None:
    """It even sends the message that is looked for: nobody would find it, had the play waited."""
    token = uuid.uuid4().hex
    content = [f"Message-ID: <{token}@probe.contoso.test>", "From: <probe@contoso.test>", f"X-Mailops-Token: {token}"]
    looking = {
        "name": "Look",
        "mailops.smtp.mail_arrival": {"tokens": [token], "mailbox": controller.account("echo"), "within": 30},
        "async": 60,
        "poll": 0,
        "register": "looking",
    }
    meanwhile = {
        "name": "Meanwhile",
        "mailops.smtp.smtp_check": {
            "host": controller.name("mx1"),
            "address_family": "ipv4",
            "sender": "probe@contoso.test",
            "recipient": "echo@contoso.test",
            "test_message": {"content": "\r\n".join([*content, "", "Hello.", ""])},
        },
    }
    result = {
        "name": "Wait",
        "ansible.builtin.async_status": {"jid": "{{ looking.ansible_job_id }}"},
        "register": "found",
        "until": "found.finished",
        "retries": 60,
        "delay": 1,
    }
    tell = {"name": "Tell", "ansible.builtin.debug": {"msg": "{{ found.receipts[0].legs.arrived.state }} indeed"}}
    playbook = [
        {
            "name": "Play",
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {
                "ansible_python_interpreter": "/usr/bin/python3",
                # The wrapper goes by HOME and the action by the account, which differ here.
                "ansible_async_dir": str(controller.home / "async"),
            },
            "tasks": [looking, meanwhile, result, tell],
        }
    ]
    done = controller.play(playbook)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "arrived indeed" in done.stdout
