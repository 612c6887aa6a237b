# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Ansible side: one task with many targets against a loop over them, with this module and with what others use."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

from . import measure
from .site import FIRST_ADDRESS, PLAIN_PORT, PYTHON, ROOT, Site

# A loop takes its time for each item, so it is made of a few, and what many would take is computed.
LOOPED = 10
PREFIX = FIRST_ADDRESS.rpartition(".")[0]

Task = dict[str, t.Any]


def rows(targets: int, rounds: int) -> t.Iterator[dict[str, t.Any]]:
    """Of what is made anew each time, the shortest of all rounds counts: a play can only be held up."""
    with Site(0) as site, tempfile.TemporaryDirectory() as folder:
        play = _Player(site, Path(folder))
        plays: dict[str, tuple[int, Task]] = {
            "an empty play": (0, {"ansible.builtin.meta": "noop"}),
            "ping": (1, {"ansible.builtin.ping": {}}),
            "one task, one target": (1, _one_task(1)),
            "one task": (targets, _one_task(targets)),
            "one task, detail: facts": (targets, _one_task(targets, "facts")),
        }
        for _items, task in plays.values():
            play(task)  # from now on Python has the byte code
        took = {name: min(each) for name, each in _in_turn(plays, play, rounds).items()}
        checks = min(
            measure.in_process(site, "mailops", "plain", targets, min(targets, 256))["seconds"]
            for _round in range(rounds)
        )
        empty, at_once = took["an empty play"], took["one task"]
        print(f"\nAnsible, {targets} targets; the shortest of {rounds}")
        for name, (items, _task) in plays.items():
            print(f"  {name:30} {took[name]:8.2f} s")
            yield {"title": "ansible", "client": name, "targets": items, "seconds": round(took[name], 2)}
        print(f"  the checks by themselves       {checks:8.2f} s")
        print(f"  one task, above the checks     {at_once - checks:8.2f} s")
        print(f"  and above an empty play        {at_once - checks - empty:8.2f} s")
        row = {"title": "ansible", "client": "the checks by themselves", "targets": targets}
        yield {**row, "seconds": round(checks, 2)}
        for name, task in _loops().items():
            looped = play({**task, "loop": list(range(LOOPED))})
            whole = empty + (looped - empty) * targets / LOOPED
            print(f"  {name:30} {whole:8.0f} s, from {LOOPED} items; {whole / at_once:.0f} times as long")
            row = {"title": "ansible", "client": name, "targets": targets, "seconds": round(whole, 1)}
            yield {**row, "computed_from_items": LOOPED, "ratio": round(whole / at_once, 1)}


def _in_turn(
    plays: dict[str, tuple[int, Task]], play: t.Callable[[Task], float], rounds: int
) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {name: [] for name in plays}
    for _round in range(rounds):
        for name, (_items, task) in plays.items():
            took[name].append(play(task))
    return took


def _one_task(targets: int, detail: str = "summary") -> Task:
    places = [f"198.18.{64 + number // 250}.{number % 250 + 1}:{PLAIN_PORT}" for number in range(targets)]
    options = {"sender": "a@client.example", "recipient": "b@sink.example", "helo_name": "client.example"}
    return {"mailops.smtp.smtp_check": {**options, "targets": places, "starttls": "never", "detail": detail}}


def _loops() -> dict[str, Task]:
    place = {"host": PREFIX + ".{{ item + 1 }}", "port": PLAIN_PORT}
    options = {"sender": "a@client.example", "recipient": "b@sink.example", "helo_name": "client.example"}
    words = f"swaks --server {PREFIX}.{{{{ item + 1 }}}} --port {PLAIN_PORT} --helo client.example"
    return {
        "loop: of smtp_check": {"mailops.smtp.smtp_check": {**options, **place, "starttls": "never"}},
        "loop: of wait_for": {"ansible.builtin.wait_for": {**place, "search_regex": "220 "}},
        "loop: of command: swaks": {
            "ansible.builtin.command": f"{words} --from a@client.example --to b@sink.example --quit-after RCPT"
        },
    }


class _Player:
    """Runs one task on this machine, in the client's namespace, and tells how many seconds all of that took."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site = site
        self._playbook = folder / "play.json"
        collections = folder / "collections" / "ansible_collections" / "mailops"
        collections.mkdir(parents=True)
        (collections / "smtp").symlink_to(ROOT)
        # What is set for Python here, such as to write no byte code, is not what users have.
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))},
            "HOME": str(folder),
            "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
            "ANSIBLE_PYTHON_INTERPRETER": PYTHON,
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }

    def __call__(self, task: Task) -> float:
        play = {"name": "Bench", "hosts": "localhost", "gather_facts": False, "tasks": [{"name": "Measured", **task}]}
        self._playbook.write_text(json.dumps([play]))
        program = Path(PYTHON).with_name("ansible-playbook")
        words = f"ip netns exec {self._site.client} {program} -i localhost, -c local {self._playbook}"
        began = time.monotonic()
        done = subprocess.run(words.split(), env=self._environment, capture_output=True, check=False, text=True)
        if done.returncode:
            raise RuntimeError(f"the play failed: {done.stdout}{done.stderr}")
        return time.monotonic() - began
