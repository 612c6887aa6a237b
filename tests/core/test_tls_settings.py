# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS options: what they change, and the sentence for each that cannot be used."""

from __future__ import annotations

import shutil
import subprocess
import typing as t
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from mailops_smtp.plan import options
from mailops_smtp.wire import tls_settings
from mailops_smtp.wire.tls import TLSFailure, TLSStream
from mailops_smtp.wire.tls_settings import TLSSettingError, TLSSettings

from tests.core.certificates import GOOD, HOST, PEM, issue
from tests.core.tls_server import Server, connect, observe, server_context, tls_options


def test_the_versions_to_choose_from_are_those_that_can_be_set():
    assert list(tls_settings.TLS_VERSIONS) == ["SSLv3", *options.TLS_VERSIONS]
    assert options.TARGET_OPTIONS["tls"]["options"]["probe_versions"]["choices"] == list(tls_settings.TLS_VERSIONS)


def test_the_server_name_option_has_precedence(make_tls_settings):
    asked = []
    context = server_context()
    context.sni_callback = lambda connection, name, its_context: asked.append(name)
    facts = observe(connect(Server(context), make_tls_settings(server_name="mail.contoso.com")))
    assert asked == ["mail.contoso.com"]
    assert facts["name_matches"]["name"] == "mail.contoso.com"


def test_an_old_server(make_tls_settings):
    context = server_context(version="TLSv1.1")
    with pytest.raises(TLSFailure, match="no TLS version in common"):
        TLSStream(Server(context), make_tls_settings(), HOST).handshake()
    assert observe(connect(Server(context), make_tls_settings(min_version="TLSv1")))["version"] == "TLSv1.1"


def test_the_cipher_suites_to_offer(make_tls_settings):
    names = [entry["name"] for entry in make_tls_settings(ciphers="ECDHE-ECDSA-AES128-SHA").context.get_ciphers()]
    assert [name for name in names if not name.startswith("TLS_")] == ["ECDHE-ECDSA-AES128-SHA"]
    settings = make_tls_settings(ciphers="ECDHE-ECDSA-AES256-GCM-SHA384", max_version="TLSv1.2")
    assert observe(connect(Server(server_context()), settings))["cipher"] == "ECDHE-ECDSA-AES256-GCM-SHA384"


def test_a_server_without_the_cipher_suites_that_are_offered(make_tls_settings):
    context = server_context()
    context.set_ciphers("ECDHE-ECDSA-AES256-SHA384")
    settings = make_tls_settings(ciphers="ECDHE-ECDSA-AES128-SHA256", max_version="TLSv1.2")
    stream = TLSStream(Server(context), settings, HOST)
    with pytest.raises(TLSFailure, match="handshake failure"):
        stream.handshake()


def test_chosen_cipher_suites_at_an_old_server(make_tls_settings):
    settings = make_tls_settings(ciphers="ECDHE-ECDSA-AES128-SHA", min_version="TLSv1")
    facts = observe(connect(Server(server_context(version="TLSv1.1")), settings))
    assert (facts["version"], facts["cipher"]) == ("TLSv1.1", "ECDHE-ECDSA-AES128-SHA")


def test_a_new_server_and_an_old_client(make_tls_settings):
    stream = TLSStream(Server(server_context(version="TLSv1.3")), make_tls_settings(max_version="TLSv1.2"), HOST)
    with pytest.raises(TLSFailure, match="no TLS version in common"):
        stream.handshake()


def setting_files(folder: Path) -> t.Dict[str, str]:
    """A file of each kind that somebody could name in an option."""
    other_key = issue("other.example").pem().partition(b"-----BEGIN CERT")[0]
    locked = GOOD.key.private_bytes(
        PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    )
    contents = {
        "text.pem": b"not a certificate",
        "empty.pem": b"",
        "good.pem": GOOD.pem(),
        "other.key": other_key,
        "locked.key": locked,
    }
    for file, content in contents.items():
        (folder / file).write_bytes(content)
    (folder / "unhashed").mkdir()
    (folder / "hashed").mkdir()
    digest = ssl_subject_hash(folder / "root.pem")
    (folder / "hashed" / f"{digest}.0").write_bytes((folder / "root.pem").read_bytes())
    return {entry.name: str(entry) for entry in folder.iterdir()}


def ssl_subject_hash(certificate: Path) -> str:
    command = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(certificate)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


BAD_SETTINGS = [
    ({"ca_path": "/nonexistent.pem"}, "tls.ca_path", "cannot be read: No such file"),
    ({"ca_path": "text.pem"}, "tls.ca_path", "has no certificates in PEM"),
    ({"ca_path": "empty.pem"}, "tls.ca_path", "has no certificates in PEM"),
    ({"ca_path": "unhashed"}, "tls.ca_path", "openssl rehash"),
    ({"client_cert": "/nonexistent.pem"}, "tls.client_cert", "cannot be read"),
    ({"client_cert": "text.pem"}, "tls.client_cert", "matching pair in PEM"),
    ({"client_cert": "root.pem"}, "tls.client_cert", "matching pair in PEM"),
    ({"client_cert": "good.pem", "client_key": "/nonexistent.pem"}, "tls.client_key", "cannot be read"),
    ({"client_cert": "good.pem", "client_key": "other.key"}, "tls.client_cert", "matching pair"),
    ({"client_cert": "good.pem", "client_key": "locked.key"}, "tls.client_cert", "without password"),
    ({"client_key": "other.key"}, "tls.client_key", "of no use without tls.client_cert"),
    ({"min_version": "TLSv1.3", "max_version": "TLSv1.2"}, "tls.max_version", "which is TLSv1.3"),
    ({"max_version": "TLSv1.1"}, "tls.max_version", "which is TLSv1.2"),
    ({"ciphers": "ROT13"}, "tls.ciphers", "openssl ciphers"),
    ({"ciphers": "ROT13", "min_version": "TLSv1"}, "tls.ciphers", "openssl ciphers"),
]


@pytest.fixture
def files(tmp_path, root_file):
    shutil.copy(root_file, tmp_path)
    return setting_files(tmp_path)


@pytest.mark.parametrize(("options", "option", "reason"), BAD_SETTINGS)
def test_settings_that_cannot_be_used(options, option, reason, files):
    named = {name: files.get(value, value) for name, value in options.items()}
    with pytest.raises(TLSSettingError) as caught:
        TLSSettings(tls_options(**named))
    assert (caught.value.option, caught.value.value) == (option, named[option.partition(".")[2]])
    assert reason in caught.value.reason


def test_authorities_in_a_directory(files, make_tls_settings):
    assert observe(connect(Server(server_context()), make_tls_settings(ca_path=files["hashed"])))["trusted"] is True
