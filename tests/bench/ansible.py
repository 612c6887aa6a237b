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

from .site import FIRST_ADDRESS, PLAIN_PORT, PYTHON, ROOT, Site

# A loop takes its time for each item, so it is made of a few, and what many would take is computed.
LOOPED = 10
PREFIX = FIRST_ADDRESS.rpartition(".")[0]


def rows(targets: int) -> t.Iterator[dict[str, t.Any]]:
    with Site(0) as site, tempfile.TemporaryDirectory() as folder:
        at_once = _play(site, Path(folder), targets, _one_task(targets))
        empty = _play(site, Path(folder), 0, {"ansible.builtin.meta": "noop"})
        print(f"\nAnsible, {targets} targets; a play with nothing in it takes {empty:.2f} s")
        print(f"  one task with all of them      {at_once:8.2f} s")
        yield {"title": "ansible", "client": "one task", "targets": targets, "seconds": round(at_once, 2)}
        yield {"title": "ansible", "client": "an empty play", "targets": 0, "seconds": round(empty, 2)}
        for name, task in _loops().items():
            took = _play(site, Path(folder), LOOPED, {**task, "loop": list(range(LOOPED))})
            whole = empty + (took - empty) * targets / LOOPED
            print(f"  {name:30} {whole:8.0f} s, from {LOOPED} items; {whole / at_once:.0f} times as long")
            row = {"title": "ansible", "client": name, "targets": targets, "seconds": round(whole, 1)}
            yield {**row, "computed_from_items": LOOPED, "ratio": round(whole / at_once, 1)}


def _one_task(targets: int) -> dict[str, t.Any]:
    places = [f"198.18.{64 + number // 250}.{number % 250 + 1}:{PLAIN_PORT}" for number in range(targets)]
    options = {"sender": "a@client.example", "recipient": "b@sink.example", "helo_name": "client.example"}
    return {"mailops.smtp.smtp_check": {**options, "targets": places, "starttls": "never", "detail": "summary"}}


def _loops() -> dict[str, dict[str, t.Any]]:
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


def _play(site: Site, folder: Path, items: int, task: dict[str, t.Any]) -> float:
    collections = folder / "collections" / "ansible_collections" / "mailops"
    if not collections.exists():
        collections.mkdir(parents=True)
        (collections / "smtp").symlink_to(ROOT)
    playbook = folder / f"play{items}.json"
    tasks = [{"name": "Measured", **task}]
    playbook.write_text(json.dumps([{"name": "Bench", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        "HOME": str(folder),
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
        "ANSIBLE_PYTHON_INTERPRETER": PYTHON,
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    }
    program = str(Path(PYTHON).with_name("ansible-playbook"))
    began = time.monotonic()
    done = subprocess.run(
        ["ip", "netns", "exec", site.client, program, "-i", "localhost,", "-c", "local", str(playbook)],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"the play failed: {done.stdout}{done.stderr}")
    return time.monotonic() - began
