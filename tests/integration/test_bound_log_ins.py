# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SCRAM bound to the TLS session, at a server that does so: the LMTP server of Cyrus IMAP.

Debian's Dovecot does not bind, and its Postfix and Exim are built without it. Cyrus is none of the lab's hosts, so it
is started here.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

import pytest
import trustme
from mailops_smtp.run import check

MASTER = Path("/usr/lib/cyrus/bin/master")
SASLPASSWD = Path("/usr/sbin/saslpasswd2")
PASSWORD = "battery-staple"
SECONDS = 20

IMAPD = """\
configdirectory: {home}
partition-default: {home}/spool
defaultpartition: default
servername: localhost
lmtp_admins: probe
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {home}/sasldb
sasl_mech_list: SCRAM-SHA-1 SCRAM-SHA-256 PLAIN
tls_server_cert: {home}/server.pem
tls_server_key: {home}/server.pem
"""
CYRUS = """\
SERVICES {{
    lmtp cmd="lmtpd -C {home}/imapd.conf" listen="127.0.0.1:{port}" prefork=1
}}
"""


@pytest.fixture(scope="module")
def port() -> t.Iterator[int]:
    """Where Cyrus's LMTP server listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
    # Cyrus drops root's rights, and could not go through a folder of pytest's.
    home = Path(tempfile.mkdtemp(prefix="mailops-cyrus-"))
    try:
        configure(home, number)
        server = subprocess.Popen(
            [MASTER, "-C", home / "imapd.conf", "-M", home / "cyrus.conf", "-p", home / "pid"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for_banner(number)
            yield number
        finally:
            server.terminate()
            server.wait(SECONDS)
    finally:
        shutil.rmtree(home)


def configure(home: Path, port: int) -> None:
    certificate = trustme.CA().issue_cert("localhost")
    (home / "server.pem").write_bytes(certificate.private_key_and_cert_chain_pem.bytes())
    (home / "imapd.conf").write_text(IMAPD.format(home=home), encoding="utf-8")
    (home / "cyrus.conf").write_text(CYRUS.format(home=home, port=port), encoding="utf-8")
    for folder in ("spool", "db", "proc", "socket", "tls_sessions"):
        (home / folder).mkdir()
    command = [str(SASLPASSWD), "-p", "-c", "-f", str(home / "sasldb"), "-u", "localhost", "probe"]
    subprocess.run(command, input=PASSWORD, text=True, check=True)
    subprocess.run(["chown", "-R", "cyrus:mail", str(home)], check=True)


def wait_for_banner(port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                if connection.recv(4).startswith(b"220"):
                    return
        except OSError:
            pass
        assert time.monotonic() < deadline, "Cyrus does not answer"
        time.sleep(0.1)


def log_in(port: int, version: str, mechanism: str | None, password: str = PASSWORD) -> t.Any:
    run = check(
        {
            "host": "127.0.0.1",
            "port": port,
            "protocol": "lmtp",
            "helo_name": "test.contoso.com",
            "stop_after": "auth",
            "tls": {"verify": False, "max_version": version},
            "auth": {"username": "probe", "password": password, "mechanism": mechanism},
        }
    )
    [made] = run["checks"]
    return made


@pytest.mark.parametrize(
    ("version", "mechanism", "used", "kind"),
    [
        ("TLSv1.2", None, "SCRAM-SHA-256-PLUS", "tls-unique"),
        ("TLSv1.2", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1-PLUS", "tls-unique"),
        # It offers to bind, and takes "n" for the word of a client that cannot.
        ("TLSv1.2", "SCRAM-SHA-256", "SCRAM-SHA-256", None),
        ("TLSv1.3", None, "SCRAM-SHA-256", None),
    ],
)
def test_it_accepts(port: int, version: str, mechanism: str | None, used: str, kind: str | None) -> None:
    made = log_in(port, version, mechanism)
    assert made["tls"]["version"] == version
    assert (made["auth"]["mechanism"], made["auth"]["channel_binding"]) == (used, kind)
    assert (made["auth"]["accepted"], made["auth"]["problem"], made["failed_phase"]) == (True, None, None)


@pytest.mark.parametrize(
    ("version", "password"), [("TLSv1.2", "wrong"), ("TLSv1.3", PASSWORD)], ids=["password", "type of binding"]
)
def test_it_refuses(port: int, version: str, password: str) -> None:
    made = log_in(port, version, "SCRAM-SHA-256-PLUS", password)
    assert (made["auth"]["accepted"], made["failed_phase"]) == (False, "auth")
    assert "auth.channel_binding" in [finding["id"] for finding in made["findings"]]
