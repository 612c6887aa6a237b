# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How real servers of the lab are changed for a while, and put back as they were."""

from __future__ import annotations

import contextlib
import subprocess
import time
import typing as t
from pathlib import Path

from tests.lab import filesystem, sendmail, zones
from tests.lab.lab import Lab
from tests.lab.site import HOSTS, SSH_USER, Host, Place

PATIENCE_SECONDS = 20.0


def place_of(lab: Lab) -> Place:
    return Place(lab.state["name"])


def host_of(name: str) -> Host:
    return next(host for host in HOSTS if host.name == name)


def until(done: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextlib.contextmanager
def postconf(lab: Lab, host: str, *settings: str) -> t.Iterator[None]:
    """Settings of Postfix, for as long as the block lasts."""
    path = "/etc/postfix/main.cf"
    kept = lab.run(host, ["cat", path], capture_output=True, text=True, check=True).stdout
    try:
        lab.run(host, ["postconf", "-e", *settings], check=True)
        reload(lab, host)
        yield
    finally:
        lab.run(host, ["tee", path], input=kept, text=True, capture_output=True, check=True)
        reload(lab, host)


def reload(lab: Lab, host: str) -> None:
    """Postfix with its files read anew: every smtpd of before is gone, and those to come read them when they start."""
    (master,) = lab.run(
        host, ["cat", "/var/spool/postfix/pid/master.pid"], capture_output=True, text=True
    ).stdout.split()
    old = _children(master, "smtpd")
    subprocess.run(["kill", "-HUP", master], check=True)
    until(lambda: not old & _children(master, "smtpd"))


def _children(parent: str, name: str) -> set[str]:
    found = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", parent], capture_output=True, text=True, check=False)
    return {words[0] for words in map(str.split, found.stdout.splitlines()) if words[1] == name}


@contextlib.contextmanager
def zone(lab: Lab, domain: str, change: t.Callable[[str], str]) -> t.Iterator[None]:
    """A zone of the inner name server, one that is not signed, for as long as the block lasts."""
    file = zones.directory(place_of(lab), "inside") / f"{domain}.zone"
    kept = file.read_text()

    def load(text: str) -> None:
        file.write_text(text)
        lab.run("dns", ["knotc", "-c", "/etc/knot/knot.conf", "-b", "zone-reload", domain], check=True,
                capture_output=True)  # fmt: skip

    try:
        load(change(kept))
        yield
    finally:
        load(kept)


@contextlib.contextmanager
def certificate(lab: Lab, host: str, pem: str) -> t.Iterator[None]:
    """Another key and certificate of a Postfix."""
    path = "/etc/ssl/lab.pem"
    kept = lab.run(host, ["cat", path], capture_output=True, text=True, check=True).stdout
    try:
        lab.run(host, ["tee", path], input=pem, text=True, capture_output=True, check=True)
        reload(lab, host)
        yield
    finally:
        lab.run(host, ["tee", path], input=kept, text=True, capture_output=True, check=True)
        reload(lab, host)


@contextlib.contextmanager
def exim_in_place_of_sendmail(lab: Lab) -> t.Iterator[None]:
    """The host of Sendmail, on which Exim runs for as long as the block lasts, with its own files and certificate."""
    place, host = place_of(lab), host_of("sendmail")
    network, files = filesystem.enter(place, "sendmail"), filesystem.enter(place, "exim")
    mixed = [*network[:2], files[2], *network[3:]]
    _end(lab, "sendmail")
    try:
        subprocess.run([*mixed, "exim4", "-bd", "-oP", "/run/exim-instead.pid"], check=True)
        until(lambda: _listens(lab, "sendmail"))
        yield
    finally:
        _end(lab, "sendmail")
        sendmail.start(place, host)
        until(lambda: _listens(lab, "sendmail"))


def end_sessions(lab: Lab, host: str) -> None:
    """Kills the SSH server's processes for whoever is logged in, and those of no other lab."""
    for pid in sessions(lab, host):
        subprocess.run(["kill", "-KILL", pid], check=False, capture_output=True)


def sessions(lab: Lab, host: str) -> list[str]:
    """The SSH server's processes for whoever is logged in."""
    found = []
    for pid in _pids(lab, host):
        # It may end just now.
        with contextlib.suppress(OSError):
            if Path("/proc", pid, "cmdline").read_bytes().startswith(f"sshd: {SSH_USER}".encode()):
                found.append(pid)
    return found


def _end(lab: Lab, host: str) -> None:
    """Ends the mail server of a host, whichever of the two it is, and nothing else that runs there."""
    for pid in _pids(lab, host):
        name = subprocess.run(["ps", "-o", "comm=", "-p", pid], capture_output=True, text=True, check=False).stdout
        if name.startswith(("exim", "sendmail")):
            subprocess.run(["kill", pid], check=False, capture_output=True)
    until(lambda: not _listens(lab, host))


def _pids(lab: Lab, host: str) -> list[str]:
    namespace = place_of(lab).namespace(host)
    return subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True, check=True).stdout.split()


def _listens(lab: Lab, host: str) -> bool:
    return ":25 " in lab.run(host, ["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout
