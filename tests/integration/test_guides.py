# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plays of the guides, as they stand there, print what stands below them."""

from __future__ import annotations

import difflib
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible import release
from packaging import version

from tests import repository
from tests.integration.conftest import SECONDS, Controller

PAGES = ("smtp_check", "expectations", "mail_routes")
GUIDE = repository.ROOT / "docs" / "smtp_check.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# What other tests hold: it takes a proxy, or turns out differently with each balancer's turn.
ELSEWHERE = {"Through a proxy": "test_proxies", "Which servers are behind the balancer?": "test_mail_domains"}
ON_ANOTHER_HOST = {"Mailboxes": "mx1"}

# What differs from run to run, and what stands in its place. Ansible shows lines of the playbook where it failed.
VARIES = (
    (r"Origin: .*?\^ column \d+ ", ""),
    (r"\b\d{4}-\d\d-\d\dT[\d:.]+Z", "MOMENT"),
    (r"\b(?:[0-9a-f]{32}|[0-9a-f]{64})\b", "DIGITS"),
    (r"(?<=queued as )\w+|(?<=queue_id: )'?\w+'?|(?<=id=)[\w-]+", "QUEUED"),
    (r"-?\b\d+(?:\.\d+)?(?:e-\d+)? (ms|s)\b", r"N \1"),
    (r"(?<![\w.])-?(?:\d+\.\d+|\d+(?=e-))(?:e-\d+)?(?![\w.])", "N"),
    (r"(?<=198\.18\.1\.10 )\d{5}(?= 2525)", "PORT"),
    (r"OpenSSL \d[\w. ]*", "OpenSSL"),
)
LEFT_OUT = "[...]"


class Example(t.NamedTuple):
    """``before``: the block of the page that stands above the play."""

    page: str
    before: str
    play: str
    printed: str

    @property
    def name(self) -> str:
        return str(yaml.safe_load(self.play)[0]["name"])


def examples() -> list[Example]:
    found = []
    for page in PAGES:
        blocks = BLOCK.findall((repository.ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"))
        for (_kind, before), (kind, play), (_other, printed) in zip(
            [("", ""), *blocks], blocks, blocks[1:], strict=False
        ):
            if kind == "yaml" and play.startswith("- name:") and "\n  hosts:" in play and printed.startswith("TASK ["):
                found.append(Example(page, before, play, printed))
    return [example for example in found if example.name not in ELSEWHERE]


EXAMPLES = examples()


@pytest.fixture
def desk(controller: Controller) -> Controller:
    """The controller as the guides have it: with SSH keys, an inventory, and the lab's authority among the trusted."""
    ssh = controller.home / ".ssh"
    ssh.mkdir()
    for name, kept in (("id_ed25519", "key_file"), ("known_hosts", "known_hosts")):
        (ssh / name).write_bytes(Path(controller.lab.state["ssh"][kept]).read_bytes())
        (ssh / name).chmod(0o600)
    [hosts] = re.findall(r"^```ini\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    vantages = "[vantages]\njump.contoso.test\nvantage-b.contoso.test\n"
    (controller.home / "inventory.ini").write_text(f"{hosts}{vantages}", encoding="utf-8")
    controller.environment.update(
        ANSIBLE_CALLBACK_RESULT_FORMAT="yaml",
        ANSIBLE_FORKS="1",  # so that the hosts have their turns in their order
        ANSIBLE_INVENTORY=str(controller.home / "inventory.ini"),
        SSL_CERT_FILE=controller.lab.state["ca_file"],
    )
    return controller


@pytest.mark.skipif(version.parse(release.__version__) < version.parse("2.19"), reason="2.18 tells failures otherwise")
@pytest.mark.provokes("queue file size limit", "improper command pipelining", "lost connection after", "close error")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.page}-{example.name}")
def test_a_play_prints_what_the_guide_says(desk: Controller, example: Example) -> None:
    (desk.home / "playbook.yml").write_text(example.play, encoding="utf-8")
    (desk.home / "ticket.txt").write_text(example.before, encoding="utf-8")
    password = f"vault_probe_password={desk.mailbox('probe')['password']}"
    done = desk.lab.run(
        ON_ANOTHER_HOST.get(example.name, "controller"),
        ["ansible-playbook", desk.home / "playbook.yml", "-e", password],
        env=desk.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )
    printed = tasks(comparable(done.stdout))
    for task, wanted in tasks(comparable(example.printed)).items():
        pattern = ".*?".join(re.escape(piece) for piece in wanted.split(LEFT_OUT))
        if not re.search(pattern, printed.get(task, "")):
            pytest.fail(f"{task}\n{different(wanted, printed.get(task, ''))}", pytrace=False)


def comparable(text: str) -> str:
    """On one line, without what differs from run to run."""
    line = " ".join(text.split())
    for pattern, word in VARIES:
        line = re.sub(pattern, word, line)
    return line


def tasks(printed: str) -> dict[str, str]:
    """What each task printed, by the line that it begins with."""
    found = re.findall(r"TASK \[(.*?)\](?: \*+)? (.*?) ?(?=TASK \[|PLAY |$)", printed)
    return dict(found)


def different(wanted: str, printed: str) -> str:
    """The words that stand in the guide, and those that were printed instead."""
    said, found = wanted.split(" "), printed.split(" ")
    matcher = difflib.SequenceMatcher(None, said, found, autojunk=False)
    return "\n".join(
        f"{' '.join(said[begin:end])!r} is now {' '.join(found[first:last])!r}"
        for kind, begin, end, first, last in matcher.get_opcodes()
        if kind != "equal"
    )
