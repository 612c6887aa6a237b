# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role and the playbook as users run them, and the module while a play goes on."""

from __future__ import annotations

import json
import typing as t

from .conftest import Controller
from .looking import sent

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


def play(controller: Controller, given: dict[str, t.Any], *more: str) -> tuple[t.Any, dict[str, t.Any]]:
    """Each inside and outside vantage runs the role; what it printed, and what it found."""
    inventory = controller.inventory("vantage-a", "vantage-b")
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
    playbook = [{"name": "Play", "hosts": "all", "gather_facts": False, "vars": given, "tasks": tasks}]
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


def test_a_message_that_is_missing_is_followed_in_the_logs(controller: Controller) -> None:
    """ghost's is accepted and bounces; the log of mx1 can be read from here."""
    log = controller.lab.state["hosts"]["mx1"]["log_file"]
    given = variables(
        controller,
        delivery_recipient=controller.lab.state["bouncing_address"],
        delivery_mail_hosts=["localhost"],
        delivery_log_files=[log, "/var/log/no-such-file"],
    )
    done, found = play(controller, given)
    assert "receipts" in found, done.stdout + done.stderr
    assert [receipt["verdict"] for receipt in found["receipts"]] == ["fail", "fail"]
    assert "rescued=1" in done.stdout
    for receipt in found["receipts"]:
        [lines] = [entry["lines"] for entry in found["logs"] if entry["queue_id"] == receipt["queue_id"]]
        assert any("status=bounced" in line for line in lines)
        assert any(f"message-id={receipt['message_id']}" in line for line in lines)
        assert any(receipt["queue_id"] in entry["command"] for entry in receipt["look_next"])


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
    assert "mailbox.username None is missing: imap needs a log-in." in done.stdout


def test_a_play_goes_on_while_the_message_is_looked_for(controller: Controller) -> None:
    checks = sent(controller)
    looking = {
        "name": "Look",
        "mailops.smtp.mail_arrival": {"checks": checks, "mailbox": controller.account("echo"), "within": 30},
        "async": 60,
        "poll": 0,
        "register": "looking",
    }
    meanwhile = {"name": "Meanwhile", "ansible.builtin.debug": {"msg": "{{ looking.ansible_job_id }}"}}
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
