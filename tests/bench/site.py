# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the comparison takes place: two network namespaces, a line between them with some delay, and a C-speed sink."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import typing as t
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILT = ROOT / ".cache" / "bench"
# Not below the lab's own name, which takes all namespaces that begin with it for its own.
NAME = f"bench-{os.environ.get('MAILOPS_LAB', 'mailops')}"

PLAIN_PORT, TLS_PORT = 2525, 2526
# Everything in it is the sink's, so that there can be as many servers as checks.
FIRST_ADDRESS = "198.18.64.0"
NEAR, FAR = "198.18.0.1", "198.18.0.2"


class Missing(Exception):
    """What the comparison needs and this machine has not."""


def build() -> None:
    if os.geteuid() != 0:
        raise Missing("the comparison makes network namespaces and needs root")
    if shutil.which("gcc") is None or not Path("/usr/include/openssl/ssl.h").exists():
        raise Missing("the sink and its like are made with gcc and OpenSSL: apt-get install gcc libc6-dev libssl-dev")
    BUILT.mkdir(parents=True, exist_ok=True)
    for name, libraries in (("sink", ["-lssl", "-lcrypto"]), ("client", []), ("link", [])):
        source, program = HERE / f"{name}.c", BUILT / name
        if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
            run("gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source, *libraries)
    if not (BUILT / "certificate.pem").exists():
        words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=sink -addext"
        files = ["-keyout", BUILT / "key.pem", "-out", BUILT / "certificate.pem"]
        run(*words.split(), "subjectAltName=DNS:sink", *files)


def run(*argv: t.Any, namespace: str | None = None, **options: t.Any) -> subprocess.CompletedProcess[str]:
    words = [*(["ip", "netns", "exec", namespace] if namespace else []), *map(str, argv)]
    return subprocess.run(words, check=True, capture_output=True, text=True, **options)


class Site:
    """``client`` is the namespace to run clients in. With a delay, ``server`` is another one, at the other end."""

    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds
        self.client = f"{NAME}-client"
        self.server = f"{NAME}-server" if milliseconds else self.client
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Site:
        with contextlib.ExitStack() as stack:
            for namespace in dict.fromkeys((self.client, self.server)):
                subprocess.run(["ip", "netns", "delete", namespace], capture_output=True, check=False)
                run("ip", "netns", "add", namespace)
                stack.callback(run, "ip", "netns", "delete", namespace)
                run("ip", "-n", namespace, "link", "set", "lo", "up")
                for setting in (
                    "net.ipv4.ip_local_port_range=1024 65000",
                    "net.ipv4.tcp_tw_reuse=1",
                    "net.core.somaxconn=65535",
                    "net.ipv4.tcp_max_syn_backlog=65535",
                    # What a thousand connections at a moment look like must not be taken for an attack.
                    "net.ipv4.tcp_syncookies=0",
                ):
                    run("sysctl", "-qw", setting, namespace=namespace)
            run("ip", "-n", self.server, "route", "add", "local", "198.18.64.0/18", "dev", "lo")
            if self.milliseconds:
                half = self.milliseconds * 1000 // 2
                ends = [f"/run/netns/{namespace}" for namespace in (self.client, self.server)]
                stack.enter_context(running(BUILT / "link", *ends, half))
                for namespace, address, other in ((self.client, NEAR, FAR), (self.server, FAR, NEAR)):
                    run("ip", "-n", namespace, "address", "add", address, "peer", other, "dev", "line")
                    run("ip", "-n", namespace, "link", "set", "line", "up", "txqueuelen", 100000)
                run("ip", "-n", self.client, "route", "add", "198.18.64.0/18", "via", FAR)
            stack.enter_context(running(BUILT / "sink", PLAIN_PORT, namespace=self.server))
            pair = BUILT / "certificate.pem", BUILT / "key.pem"
            stack.enter_context(running(BUILT / "sink", TLS_PORT, *pair, namespace=self.server))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()


@contextlib.contextmanager
def running(*argv: t.Any, namespace: str | None = None) -> t.Iterator[subprocess.Popen[str]]:
    """A program that says "ready" when it is, until the block ends."""
    words = [*(["ip", "netns", "exec", namespace] if namespace else []), *map(str, argv)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if process.stdout.readline() != "ready\n":
                raise Missing(f"{Path(words[0]).name} {' '.join(words[1:])} does not start")
            yield process
        finally:
            process.send_signal(signal.SIGTERM)


PYTHON = sys.executable
