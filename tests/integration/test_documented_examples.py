# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the plugins' documentation, as they stand: only the names of hosts are those of the lab."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
import yaml

from .conftest import REPOSITORY, Controller

KINDS = ("modules", "lookup", "filter")
PLUGINS = sorted(f"{kind}/{file.stem}" for kind in KINDS for file in (REPOSITORY / "plugins" / kind).glob("*.py"))
PROXY_PORT = 1080

# What is called otherwise in the lab, and what an example leaves to the reader: a port where nothing usual listens, a
# host on which the socket file is. And for how long to wait, where the example has the time.
IN_THE_LAB = (
    ("    proxy_protocol:", "    port: 2525\n    proxy_protocol:"),
    ("    xclient:", "    port: 2526\n    xclient:"),
    (
        "- name: The mailboxes of this very host",
        "- delegate_to: mx1.contoso.test\n  name: The mailboxes of this very host",
    ),
    ("mx.fabrikam.com", "exim.contoso.test"),
    ("mx.wingtip.com", "sendmail.contoso.test"),
    ("jump.example.net", "jump-bare.contoso.test"),
    ("outside-fra.example.net", "vantage-b.contoso.test"),
    ("proxy.contoso.com", "127.0.0.1"),
    ("echo@fabrikam.com", "echo@contoso.test"),
    ("probe@fabrikam.com", "probe@contoso.test"),
    ("username: echo", "username: echo@contoso.test"),
    ("username: probe", "username: probe@contoso.test"),
    *(
        (f"{name}.{domain}.com", "mx1.contoso.test")
        for name in ("mail", "imap", "smtp")
        for domain in ("contoso", "fabrikam")
    ),
    ("contoso.com", "contoso.test"),
    ("fabrikam.com", "northwind.test"),
    ("duration: 60", "duration: 6"),
    ("delay: 5", "delay: 1"),
)

CHECK = {"mailops.smtp.smtp_check": {"targets": ["contoso.test"]}, "register": "seen"}


def kept(name: str) -> dict[str, t.Any]:
    return {"mailops.smtp.smtp_snapshot": {"path": name, "results": "{{ [seen] }}"}}


BEFORE_AND_AFTER = [CHECK, kept("CHG0012345-before.json.gz"), CHECK, kept("CHG0012345-after.json.gz")]
WATCH = {
    "mailops.smtp.smtp_watch": {
        "host": "mx1.contoso.test", "duration": 3, "log": "/var/tmp/CHG0012345.watch"
    },
    "async": 60, "poll": 0,
}  # fmt: skip

# What examples take for granted.
COMES_BEFORE: dict[str, list[dict[str, t.Any]]] = {
    "lookup/smtp_snapshot": BEFORE_AND_AFTER,
    "filter/smtp_compare": BEFORE_AND_AFTER,
    "filter/smtp_gate": [*BEFORE_AND_AFTER, WATCH],
    "filter/smtp_former": BEFORE_AND_AFTER,
    "filter/smtp_merge": [CHECK, kept("slice-1.json.gz"), kept("slice-2.json.gz")],
    "filter/smtp_judge": [
        CHECK,
        {"ansible.builtin.copy": {"content": "{{ seen | to_json }}", "dest": "run.json"}},
        {"ansible.builtin.copy": {"content": "220 mx1.contoso.test ESMTP\nQUIT\n221 Bye\n", "dest": "ticket.txt"}},
        {"mailops.smtp.mail_route_info": {"domains": ["contoso.test"]}, "register": "mail"},
    ],
}

# What must be among the things that are printed.
SHOWS = {
    "modules/mail_route_info": "Mail for contoso.test goes to mx1.contoso.test, mx2.contoso.test",
    "lookup/mx": "mx2.contoso.test",
    "lookup/smtp_snapshot": "Nothing changed",
    "filter/smtp_endpoints": "198.18.1.20",
    "filter/smtp_judge": "mx1.contoso.test:25",
    "filter/smtp_matrix": "mx1.contoso.test [198.18.1.10]:25",
    "filter/smtp_former": "Nothing changed",
}


def examples_of(plugin: str) -> t.Any:
    text = (REPOSITORY / "plugins" / f"{plugin}.py").read_text(encoding="utf-8")
    examples = text.partition('EXAMPLES = r"""')[2].partition('"""')[0]
    for name, in_the_lab in IN_THE_LAB:
        examples = examples.replace(name, in_the_lab)
    return yaml.safe_load(examples)


def with_time_to_begin(tasks: t.Iterable[dict[str, t.Any]]) -> t.Iterator[dict[str, t.Any]]:
    """Between the beginning of a watch and its collection there is a change, and here nothing at all."""
    for task in tasks:
        yield task
        if task.get("poll") == 0 and "mailops.smtp.smtp_watch" in task:
            yield {"ansible.builtin.wait_for": {"path": task["mailops.smtp.smtp_watch"]["log"], "timeout": 20}}


def inventory(controller: Controller) -> Path:
    ssh = controller.lab.state["ssh"]
    passwords = {f"vault_{user}_password": controller.mailbox(user)["password"] for user in ("echo", "probe")}
    reached = {
        "ansible_user": ssh["user"],
        "ansible_ssh_private_key_file": ssh["key_file"],
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={ssh['known_hosts']} -o GlobalKnownHostsFile=/dev/null",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    vantages = {name: {"ansible_host": controller.name(name), **reached} for name in ("vantage-a", "vantage-b")}
    here = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        # By default it is in the home directory that the system knows, whatever HOME says.
        "ansible_async_dir": "{{ playbook_dir }}/jobs",
    }
    path = controller.home / "inventory.json"
    path.write_text(
        json.dumps(
            {
                "all": {"hosts": {"localhost": here, "mx1.contoso.test": reached}, "vars": passwords},
                "vantage_points": {"hosts": vantages},
            }
        )
    )
    return path


@contextlib.contextmanager
def proxy_running(controller: Controller) -> t.Iterator[None]:
    command = ["microsocks", "-i", "127.0.0.1", "-p", str(PROXY_PORT)]
    process = subprocess.Popen(controller.lab.argv("controller", command), stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while str(PROXY_PORT) not in controller.run("ss", "-Htln").stdout:
            assert time.monotonic() < deadline, "the proxy does not listen"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def at_home(controller: Controller) -> Controller:
    """A user's own means: what ssh reads in his home directory, and an authority that the system trusts."""
    ssh = controller.lab.state["ssh"]
    folder = controller.home / ".ssh"
    folder.mkdir(mode=0o700)
    for name, file in (("known_hosts", ssh["known_hosts"]), ("id_ed25519", ssh["key_file"])):
        (folder / name).write_bytes(Path(file).read_bytes())
        (folder / name).chmod(0o600)
    controller.environment["SSL_CERT_FILE"] = controller.lab.state["ca_file"]
    return controller


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_examples_run(at_home: Controller, plugin: str) -> None:
    examples = examples_of(plugin)
    if "hosts" not in examples[0]:
        tasks = with_time_to_begin([*COMES_BEFORE.get(plugin, []), *examples])
        examples = [{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}]
    playbook = at_home.home / "examples.json"
    playbook.write_text(json.dumps(examples))
    with proxy_running(at_home) if plugin == "modules/smtp_check" else contextlib.nullcontext():
        done = at_home.run("ansible-playbook", "-i", inventory(at_home), playbook, cwd=at_home.home)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    assert SHOWS.get(plugin, "") in done.stdout
    # An example whose last task has nothing to do shows nothing.
    assert "skipping: [vantage" not in done.stdout


def test_every_plugin_has_an_example() -> None:
    assert [plugin for plugin in PLUGINS if not examples_of(plugin)] == []
