# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo: a mail site with two faults, checked from three places, and a change window. It needs neither root nor a
network.

Everything is started on loopback and kept in one temporary folder; both are gone when the demo ends, however it ends.
What stays are two reports, HTML files.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import change_window
import many
import trustme
from jump_hosts import HOST, USER, JumpHosts
from mailops_smtp.compare import matrix
from mailops_smtp.report.terminal import matrix_table
from mailops_smtp.scenario import BEHAVIOURS, ScenarioServer

DEMO = Path(__file__).resolve().parent

STAYS_AWAY_SECONDS = 2.0
LOOK_SECONDS = 0.1

# How long Ansible may take to end after it was told to.
PATIENCE_SECONDS = 20.0

# Name -> behaviour. The last one is the first fault.
MAIL_HOSTS = {"mx1.contoso.com": "ordinary", "mx2.contoso.com": "ordinary", "old.contoso.com": "starttls-454"}

# The second fault: the network of one jump host lets nothing out to one mail host.
JUMP_HOSTS = {"outside-fra": None, "outside-nyc": "mx2.contoso.com"}


class Site(NamedTuple):
    """What the playbooks have to know of the mail site."""

    ca_file: Path
    ports: dict[str, int]
    authority: trustme.CA
    servers: dict[str, ScenarioServer]


# Where the report is kept, unless the user names another place: in the folder that the demo was started in.
REPORT = Path(".cache", "demo", "report.html")


def main() -> int:
    parser = argparse.ArgumentParser(description="A mail site with two faults, seen from three places.")
    parser.add_argument("--report", type=Path, default=REPORT, help=f"where to keep the report (default: {REPORT})")
    kept = parser.parse_args().report.absolute()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with contextlib.ExitStack() as stack:
            as_planted = _demo(stack, kept)
    except KeyboardInterrupt:
        print("\nStopped; nothing is left behind.")
        return 130
    except subprocess.CalledProcessError as error:
        print(error.stdout or "", end="")
        print(f"The demo failed: {Path(error.cmd[0]).name} ended with exit code {error.returncode}.")
        return 1
    print(_NEXT if as_planted else "\nThe demo failed: these are not the faults that it planted.")
    return 0 if as_planted else 1


class _Interruption:
    """The signals that end the demo. Put off while a program is being started: one that breaks into that would leave a
    program that nobody knows of."""

    def __init__(self) -> None:
        self._put_off = self._came = False

    def __call__(self, number: int, frame: object) -> None:
        # One signal is enough: a second one must not break into the cleaning up.
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        self._came = True
        if not self._put_off:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def put_off(self) -> Iterator[None]:
        self._put_off = True
        try:
            yield
        finally:
            self._put_off = False

    def catch_up(self) -> None:
        if self._came:
            raise KeyboardInterrupt


_interrupt = _Interruption()


def _demo(stack: contextlib.ExitStack, kept: Path) -> bool:
    """Shows everything, and says whether the checks failed where a fault was planted, and nowhere else."""
    folder = stack.enter_context(_temporary_folder())

    _say("Starting a mail site and two jump hosts on this machine")
    site = _mail_site(stack, folder)
    blocked = {name: frozenset([site.ports[host]] if host else []) for name, host in JUMP_HOSTS.items()}
    jump_hosts = stack.enter_context(JumpHosts(folder, blocked))
    _show(site, jump_hosts)

    _say("Building the collection and installing it into a folder of the demo's own")
    environment = _environment(folder)
    _ansible("galaxy", ["collection", "build", "--output-path", folder], environment, cwd=DEMO.parent, quiet=True)
    (archive,) = folder.glob("mailops-smtp-*.tar.gz")
    _ansible("galaxy", ["collection", "install", "--offline", archive], environment, quiet=True)

    results = folder / "results.json"
    written = folder / "report.html"
    inventory = _inventory(folder, site, jump_hosts, {"demo_results": str(results), "demo_report": str(written)})
    _say("ansible-playbook demo/verify.yml: the mail site, seen from here")
    _ansible("playbook", ["--inventory", inventory, DEMO / "verify.yml"], environment)
    _say("ansible-playbook demo/matrix.yml: the same, from three places")
    _ansible("playbook", ["--inventory", inventory, DEMO / "matrix.yml"], environment)

    _say("The vantage matrix")
    seen = matrix(json.loads(results.read_text(encoding="utf-8")))
    print(matrix_table(seen, shutil.get_terminal_size().columns, sys.stdout.isatty()))
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(written, kept)
    _say(f"The same as a page, with every dialog: {kept.as_uri()}")
    _say(f"{many.EACH * len(site.ports)} checks in one go, with Nornir")
    print(many.show([f"{HOST}:{port}" for port in site.ports.values()]))
    as_planted = [[cell["verdict"] for cell in row] for row in seen["cells"]] == _planted()

    def play(arguments: list[str | Path]) -> None:
        _ansible("playbook", arguments, environment, quiet=True)

    as_changed = change_window.show(
        play, _say, lambda: _change(site), folder, inventory, kept.with_name(f"change-{kept.name}")
    )
    return as_planted and as_changed


def _change(site: Site) -> float:
    """What is done to the mail site. Returns for how many seconds mx1 was down."""
    renewed = _certified(site.authority, "mx1.contoso.com", 150)
    down = change_window.restart(site.servers, "mx1.contoso.com", change_window.DOWN_SECONDS, tls=renewed)
    change_window.restart(site.servers, "mx2.contoso.com", 0)
    return down


_NEXT = """
Both planted faults show. old.contoso.com fails at STARTTLS wherever one looks
from: that server has to be mended. mx2.contoso.com fails from outside-nyc alone:
that points at the network around outside-nyc, not at the server. The gate of
the change window is closed for what nobody had declared: STARTTLS on mx2.

Next, try it on a server of your own:
  .venv/bin/ansible-galaxy collection install .
  .venv/bin/ansible localhost -m mailops.smtp.smtp_check \\
      -a "host=mail.contoso.com sender=admin@test.com recipient=user@contoso.com"
"""


def _planted() -> list[list[str]]:
    """The verdicts to come, vantage by vantage."""
    faulty = [name for name, behaviour in MAIL_HOSTS.items() if behaviour != "ordinary"]
    return [
        ["fail" if name in (*faulty, unreachable) else "pass" for name in MAIL_HOSTS]
        for unreachable in (None, *JUMP_HOSTS.values())
    ]


def _say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def _show(site: Site, jump_hosts: JumpHosts) -> None:
    for name, port in site.ports.items():
        print(f"  {name}  {HOST}:{port}  {BEHAVIOURS[MAIL_HOSTS[name]].description}")
    for jump_host in jump_hosts.hosts:
        unreachable = JUMP_HOSTS[jump_host.name]
        reach = f"whose network does not let it reach {unreachable}" if unreachable else "which reaches all of them"
        print(f"  {jump_host.name:15}  {HOST}:{jump_host.port}  an SSH jump host, {reach}")


def _mail_site(stack: contextlib.ExitStack, folder: Path) -> Site:
    authority = trustme.CA(organization_name="mailops.smtp demo")
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    servers = {}
    for name, behaviour in MAIL_HOSTS.items():
        servers[name] = ScenarioServer(behaviour, hostname=name, tls=_certified(authority, name, 60))
        servers[name].start()
        # Whichever server the name has in the end.
        stack.callback(lambda name=name: servers[name].stop())
    return Site(ca_file, {name: server.port for name, server in servers.items()}, authority, servers)


def _certified(authority: trustme.CA, name: str, days: int) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    authority.issue_cert(name, not_after=until).configure_cert(context)
    return context


def _environment(folder: Path) -> dict[str, str]:
    """For Ansible: nothing of the user's settings comes in, nothing goes into his home directory."""
    settings = folder / "ansible.cfg"
    settings.touch()
    own = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {
        **own,
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(settings),
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
        "ANSIBLE_HOME": str(folder / "ansible"),
    }


def _ansible(
    command: str, arguments: list[str | Path], environment: dict[str, str], cwd: Path | None = None, quiet: bool = False
) -> None:
    """Runs ``ansible-command``. ``quiet`` keeps its output for the case that it fails: CalledProcessError."""
    full = [str(Path(sys.executable).with_name(f"ansible-{command}")), *map(str, arguments)]
    stdout = subprocess.PIPE if quiet else None
    process = None
    try:
        with _interrupt.put_off():
            # In a session of its own Ctrl-C does not reach it, so that it is ended once, here.
            process = subprocess.Popen(
                full, env=environment, cwd=cwd, stdout=stdout, stderr=subprocess.STDOUT, text=True,
                start_new_session=True,
            )  # fmt: skip
        _interrupt.catch_up()
        output = process.communicate()[0]
    except KeyboardInterrupt:
        if process is not None:
            _end(process)
        raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, full, output)


def _end(process: subprocess.Popen[str]) -> None:
    """As Ctrl-C would: Ansible then ends its own workers. Those of one that does not are ended one by one, since they
    run in sessions of their own."""
    workers = _below(process.pid)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE_SECONDS)
    for pid in {process.pid, *workers, *_below(process.pid)} if process.poll() is None else workers & _alive():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _below(pid: int) -> set[int]:
    """The processes that a process has started, and those that these have."""
    children: dict[int, list[int]] = {}
    for child, parent in _processes():
        children.setdefault(parent, []).append(child)
    found, ahead = set(), [pid]
    while ahead:
        new = children.get(ahead.pop(), [])
        found.update(new)
        ahead += new
    return found


def _alive() -> set[int]:
    return {pid for pid, _parent in _processes()}


def _processes() -> Iterator[tuple[int, int]]:
    """Each process and the one that started it."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=False).stdout
    for line in listed.splitlines():
        pid, parent = line.split()
        yield int(pid), int(parent)


@contextlib.contextmanager
def _temporary_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="mailops-smtp-demo-"))
    # Files that a library makes for a moment (trustme, to hand a certificate to ssl) are there too, whenever the signal
    # comes.
    elsewhere, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield folder
    except KeyboardInterrupt:
        # Ansible's workers run in sessions of their own. One that is ended a moment later still writes into the folder
        # and makes it anew, so it counts as gone only after it has stayed away.
        absences, patience = 0, 10
        for _look in range(int(patience * STAYS_AWAY_SECONDS / LOOK_SECONDS)):
            shutil.rmtree(folder, ignore_errors=True)
            time.sleep(LOOK_SECONDS)
            absences = 0 if folder.exists() else absences + 1
            if absences * LOOK_SECONDS >= STAYS_AWAY_SECONDS:
                break
        raise
    finally:
        tempfile.tempdir = elsewhere
        shutil.rmtree(folder, ignore_errors=True)


def _inventory(folder: Path, site: Site, jump_hosts: JumpHosts, files: dict[str, str]) -> Path:
    """The vantages are the hosts: this machine, and each jump host, which is spoken through."""
    vantages: dict[str, dict[str, Any]] = {
        "controller": {
            "smtp_side": "inside",
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
        }
    }
    for jump_host in jump_hosts.hosts:
        via = {
            "host": HOST,
            "port": jump_host.port,
            "user": USER,
            "key_file": str(jump_hosts.key_file),
            "known_hosts": [str(jump_hosts.known_hosts)],
        }
        vantages[jump_host.name] = {"smtp_via": via, "smtp_side": "outside"}
    targets = [
        {"name": name, "host": HOST, "port": port, "tls": {"ca_path": str(site.ca_file), "server_name": name}}
        for name, port in site.ports.items()
    ]
    shared = {"smtp_targets": targets, **files}
    path = folder / "inventory.json"
    path.write_text(
        json.dumps({"all": {"vars": shared, "children": {"vantages": {"hosts": vantages}}}}), encoding="utf-8"
    )
    return path


if __name__ == "__main__":
    sys.exit(main())
