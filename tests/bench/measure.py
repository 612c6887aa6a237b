# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One measurement of one client: what its dialogs cost. Each client is a process, so that it starts from the same."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

from .site import BUILT, FIRST_ADDRESS, HERE, PLAIN_PORT, PYTHON, ROOT, TLS_PORT, Site, run

Cost = dict[str, float]

LIBRARY = str(ROOT / "plugins" / "module_utils")


def in_process(site: Site, client: str, kind: str, dialogs: int, in_flight: int) -> Cost:
    """The C client, or one that client_here.py knows."""
    port = TLS_PORT if kind == "starttls" else PLAIN_PORT
    place = [FIRST_ADDRESS, min(dialogs, 16000), port, dialogs, in_flight]
    if client == "C":
        octets = 1000 if kind == "message" else 0
        argv = [BUILT / "client", *place, int(kind == "pipelined"), octets]
    else:
        argv = [PYTHON, HERE / "client_here.py", client, *place, kind]
    environment = {**os.environ, "PYTHONPATH": LIBRARY}
    found: Cost = json.loads(run(*argv, namespace=site.client, env=environment, timeout=600).stdout)
    if found["failed"]:
        raise RuntimeError(f"{client}: {found['failed']:.0f} of {dialogs} {kind} dialogs failed")
    return {**found, "cpu_ms": found["cpu"] / dialogs * 1000, "per_second": dialogs / found["seconds"]}


def by_processes(site: Site, argv: t.Sequence[t.Any], times: int, dialogs_each: int = 1) -> Cost:
    """A program that is started for each check, one after the other."""
    before, began = _cpu_of_children(), time.monotonic()
    for _number in range(times):
        run(*argv, namespace=site.client)
    # What `ip netns exec` itself takes is part of it, and a thousandth of it.
    return _per_dialog(_cpu_of_children() - before, time.monotonic() - began, times * dialogs_each)


def swaks(site: Site, times: int) -> Cost:
    words = f"--server {FIRST_ADDRESS} --port {PLAIN_PORT} --helo client.example --from a@client.example"
    return by_processes(site, ["swaks", *words.split(), "--to", "b@sink.example", "--quit-after", "RCPT"], times)


def check_smtp(site: Site, times: int) -> Cost:
    program = next((path for path in ("/usr/lib/nagios/plugins/check_smtp",) if Path(path).exists()), "check_smtp")
    conversation = ["-C", "MAIL FROM:<a@client.example>", "-R", "250", "-C", "RCPT TO:<b@sink.example>", "-R", "250"]
    return by_processes(site, [program, "-H", FIRST_ADDRESS, "-p", PLAIN_PORT, *conversation], times)


def smtp_source(site: Site, messages: int, in_flight: int) -> Cost:
    """Postfix's generator of load: it sends messages of 1 kB, one a connection."""
    words = f"-s {in_flight} -m {messages} -l 1000 -d -f a@client.example -t b@sink.example"
    before, began = _cpu_of_children(), time.monotonic()
    run("smtp-source", *words.split()[:6], *words.split()[7:], f"{FIRST_ADDRESS}:{PLAIN_PORT}", namespace=site.client)
    return _per_dialog(_cpu_of_children() - before, time.monotonic() - began, messages)


_BLACKBOX = """
modules:
  smtp:
    prober: tcp
    timeout: 10s
    tcp:
      query_response:
        - expect: "^220"
        - send: "EHLO client.example\\r"
        - expect: "^250 "
        - send: "MAIL FROM:<a@client.example>\\r"
        - expect: "^250"
        - send: "RCPT TO:<b@sink.example>\\r"
        - expect: "^250"
        - send: "QUIT\\r"
        - expect: "^221"
"""


def blackbox(site: Site, times: int) -> Cost:
    """Prometheus's exporter, which runs all the time and is asked once for each check, here from its own namespace."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        configuration = Path(folder) / "blackbox.yml"
        configuration.write_text(_BLACKBOX)
        argv = ["prometheus-blackbox-exporter", f"--config.file={configuration}", "--web.listen-address=127.0.0.1:9115"]
        exporter = subprocess.Popen(
            ["ip", "netns", "exec", site.client, *argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        stack.callback(exporter.wait)
        stack.callback(exporter.terminate)
        asking = (
            "import time, urllib.request as r\n"
            "def ask(n): return r.urlopen(f'http://127.0.0.1:9115/{n}').read()\n"
            "for _ in range(100):\n"
            "    try: ask('-/healthy'); break\n"
            "    except OSError: time.sleep(0.1)\n"
            f"for _ in range({times}):\n"
            f"    assert b'probe_success 1' in ask('probe?module=smtp&target={FIRST_ADDRESS}:{PLAIN_PORT}')\n"
        )
        began = time.monotonic()
        run(PYTHON, "-c", asking, namespace=site.client)
        seconds = time.monotonic() - began
        fields = Path(f"/proc/{exporter.pid}/stat").read_text().rpartition(")")[2].split()
        cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return _per_dialog(cpu, seconds, times)


def round_trips(site: Site, kind: str) -> int:
    """Counted from a packet capture of one dialog: how often the client has to wait for the other end."""
    port = TLS_PORT if kind == "starttls" else PLAIN_PORT
    capture = ["tcpdump", "-i", "any", "-nn", "-l", "--immediate-mode", f"tcp port {port}"]
    with subprocess.Popen(
        ["ip", "netns", "exec", site.client, *capture], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as dump:
        assert dump.stderr is not None
        assert dump.stdout is not None
        while "listening" not in dump.stderr.readline():
            pass
        # client_here.py makes one dialog before those that count, so here it is asked for none.
        in_process(site, "mailops", kind, 1, 1)
        time.sleep(0.5)
        dump.terminate()
        lines = dump.stdout.read().splitlines()
    return _waits(lines, port)


def _waits(lines: list[str], port: int) -> int:
    """The turns from client to server, of the dialog that was the last to begin. SYN and data are what is said; that
    the banner takes a turn more is due to the ACK that lets the server begin."""
    first = max(number for number, line in enumerate(lines) if "Flags [S]," in line)
    source = lines[first].split(" IP ")[1].split(" > ")[0]
    turns, before = 0, ""
    for line in lines[first:]:
        if source not in line:
            continue
        speaks = "Flags [S" in line or not line.rstrip().endswith("length 0")
        side = "client" if f"IP {source} >" in line else "server"
        if speaks and side != before:
            # What is not answered (close_notify) is not waited for.
            turns += side == "server"
            before = side
    return turns + 1


def _per_dialog(cpu: float, seconds: float, dialogs: int) -> Cost:
    return {"cpu": cpu, "seconds": seconds, "cpu_ms": cpu / dialogs * 1000, "per_second": dialogs / seconds}


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def is_there(program: str) -> bool:
    return shutil.which(program) is not None or Path("/usr/lib/nagios/plugins", program).exists()
