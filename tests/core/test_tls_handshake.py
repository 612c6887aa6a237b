# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known after a real handshake: the session, the chain as the server sent it, the client certificate."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import ssl
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st
from mailops_smtp.wire import handshake, tls
from mailops_smtp.wire.certificate import CertificateError
from mailops_smtp.wire.channel_binding import channel_bindings
from mailops_smtp.wire.tls import TLSFailure, TLSStream
from mailops_smtp.wire.tls_settings import TLSSettings

from tests.core.certificates import GOOD, HOST, INTERMEDIATE, NOW, ROOT, issue
from tests.core.tls_server import Server, connect, observe, server_context, tls_options


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)])
def test_the_facts_of_a_session(make_tls_settings, version, key):
    issued = issue(HOST, by=INTERMEDIATE, key=key)
    facts = observe(connect(Server(server_context(issued, version)), make_tls_settings()))
    assert (facts["offered"], facts["established"], facts["version"]) == (True, True, version)
    assert "AES" in facts["cipher"] or "CHACHA20" in facts["cipher"]
    assert facts["certificate"]["sha256"] == issued.certificate.fingerprint(hashes.SHA256()).hex()
    assert [entry["subject"] for entry in facts["chain"]] == [facts["certificate"]["subject"], "CN=Contoso issuing"]
    assert facts["chain_reason"] is None
    assert (facts["trusted"], facts["reason"]) == (True, None)
    assert facts["name_matches"] == {"name": HOST, "matches": True, "by": f"DNS:{HOST}", "reason": None}
    assert facts["client_certificate_requested"] is False
    assert facts["library"] == ssl.OPENSSL_VERSION


@pytest.mark.parametrize(
    ("version", "options", "tickets", "heard", "seen"),
    [
        ("TLSv1.2", 0, 2, False, (True, None)),
        ("TLSv1.2", ssl.OP_NO_TICKET, 2, False, (False, True)),
        ("TLSv1.3", 0, 2, True, (True, None)),
        ("TLSv1.3", 0, 0, True, (False, None)),
        ("TLSv1.3", 0, 0, False, (None, None)),
    ],
)
def test_what_the_server_offers_for_resumption(make_tls_settings, version, options, tickets, heard, seen):
    context = server_context(version=version)
    context.options |= options
    context.num_tickets = tickets
    server = Server(context)
    stream = connect(server, make_tls_settings())
    stream.send(b"EHLO client.example\r\n")
    if heard:
        server.tls.write(b"250 Ok\r\n")
        assert stream.recv(1000) == b"250 Ok\r\n"
    offer = stream.resumption()
    assert (offer.ticket, offer.session_id) == seen
    assert (offer.ticket_lifetime_hint is not None) is (offer.ticket is True)
    assert (offer.reused, offer.reason) == (None, "only a second connection would show it")


def test_without_a_session_nothing_is_offered(make_tls_settings):
    stream = TLSStream(Server(server_context()), make_tls_settings(), HOST)
    assert stream.resumption() is None


def test_both_ends_of_a_session_have_the_same_binding(make_tls_settings):
    server = Server(server_context(version="TLSv1.2"))
    stream = connect(server, make_tls_settings())
    stream.send(b"EHLO client.example\r\n")
    assert stream.channel_bindings()["tls-unique"] == server.tls.get_channel_binding("tls-unique")


RSA_KEY = rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(
    ("key", "digest", "binds"),
    [
        (None, hashes.SHA256(), hashes.SHA256()),
        (None, hashes.SHA384(), hashes.SHA384()),
        (None, hashes.SHA512(), hashes.SHA512()),
        (RSA_KEY, hashes.SHA224(), hashes.SHA224()),
        (RSA_KEY, hashes.SHA512(), hashes.SHA512()),
        (ed25519.Ed25519PrivateKey.generate(), None, None),
    ],
)
def test_what_the_certificate_binds_a_log_in_to(key, digest, binds, make_tls_settings):
    issued = issue(HOST, key=key, digest=digest)
    bindings = connect(Server(server_context(issued, "TLSv1.3")), make_tls_settings()).channel_bindings()
    assert bindings == ({"tls-server-end-point": issued.certificate.fingerprint(binds)} if binds else {})


@pytest.mark.parametrize("algorithm", ["md5WithRSAEncryption", "sha1WithRSAEncryption", "ecdsa-with-SHA1"])
def test_a_weak_signature_binds_by_a_strong_hash(algorithm, make_tls_settings):
    """RFC 5929 4.1. Nothing here signs that way any more, so the name of the algorithm has to do."""
    stream = connect(Server(server_context(version="TLSv1.3")), make_tls_settings())
    bindings = channel_bindings(stream._tls, b"certificate", algorithm)
    assert bindings == {"tls-server-end-point": hashlib.sha256(b"certificate").digest()}


def test_a_certificate_that_cannot_be_read_binds_nothing(make_tls_settings, monkeypatch):
    def unreadable(octets, now):
        raise CertificateError("no certificate")

    stream = connect(Server(server_context(version="TLSv1.3")), make_tls_settings())
    monkeypatch.setattr(tls, "certificate_facts", unreadable)
    assert stream.channel_bindings() == {}


def test_an_endless_chain_is_cut(make_tls_settings):
    others = tuple(
        issue(common_name=f"filler {number}", ca=True).certificate for number in range(handshake.MAX_CHAIN + 5)
    )
    facts = observe(connect(Server(server_context(GOOD._replace(chain=others))), make_tls_settings()))
    assert len(facts["chain"]) == handshake.MAX_CHAIN
    assert facts["chain_reason"] == f"the server sent more than {handshake.MAX_CHAIN} certificates"
    assert facts["trusted"] is True


@pytest.mark.parametrize(
    ("issued", "trusted", "reason"),
    [(GOOD, True, None), (issue(HOST, by=INTERMEDIATE), None, "unable to get local issuer")],
)
def test_a_python_that_does_not_show_the_chain(issued, trusted, reason, root_file, monkeypatch):
    monkeypatch.setattr(handshake, "SHOWS_MESSAGES", False)
    monkeypatch.delattr(ssl.SSLObject, "get_unverified_chain", raising=False)
    tls_settings = TLSSettings(tls_options(ca_path=str(root_file)))
    facts = observe(connect(Server(server_context(issued)), tls_settings))
    assert len(facts["chain"]) == 1
    assert facts["chain_reason"] == "this Python shows only the server's own certificate"
    assert facts["trusted"] is trusted
    assert facts["reason"] is None if reason is None else re.search(reason, facts["reason"])
    assert facts["client_certificate_requested"] is None


def demand_client_certificate(context: ssl.SSLContext, root_file: Path) -> ssl.SSLContext:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(root_file)
    return context


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_a_client_certificate_is_given(version, make_tls_settings, root_file, tmp_path):
    client = issue("client.example", by=ROOT, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    (tmp_path / "client.pem").write_bytes(client.pem())
    server = Server(demand_client_certificate(server_context(version=version), root_file))
    stream = connect(server, make_tls_settings(client_cert=str(tmp_path / "client.pem")))
    stream.send(b"EHLO client.example\r\n")
    assert server.received == b"EHLO client.example\r\n"
    assert server.tls.getpeercert(True) == client.certificate.public_bytes(serialization.Encoding.DER)
    assert observe(stream)["client_certificate_requested"] is True


def test_a_client_certificate_is_missed_in_tls_1_2(make_tls_settings, root_file):
    context = demand_client_certificate(server_context(version="TLSv1.2"), root_file)
    stream = TLSStream(Server(context), make_tls_settings(), HOST)
    with pytest.raises(TLSFailure, match=r'TLS alert "handshake failure" \(SSLV3_ALERT_HANDSHAKE_FAILURE\)\.$'):
        stream.handshake()
    facts = observe(stream)
    assert (facts["established"], facts["version"], facts["cipher"]) == (False, None, None)
    assert (facts["client_certificate_requested"], facts["trusted"]) == (True, True)
    assert facts["certificate"]["names"] == [f"DNS:{HOST}"]


def test_a_client_certificate_is_missed_in_tls_1_3(make_tls_settings, root_file):
    """The client has finished by then: the alert comes instead of the first reply."""
    stream = connect(
        Server(demand_client_certificate(server_context(version="TLSv1.3"), root_file)), make_tls_settings()
    )
    stream.send(b"EHLO client.example\r\n")
    with pytest.raises(TLSFailure, match='TLS alert "certificate required"') as caught:
        stream.recv(1000)
    assert caught.value.kind == "tls"
    with pytest.raises(TLSFailure, match="session is closed"):
        stream.send(b"QUIT\r\n")


@given(st.binary(max_size=400), st.sampled_from([ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]))
def test_any_certificate_message(octets, version):
    assert sum(map(len, handshake._certificates(version, octets))) <= len(octets)


PROBE = """
import json, ssl, sys, types
sys.path.insert(0, sys.argv[1])
from mailops_smtp.wire.tls import TLSStream
from mailops_smtp.wire.tls_settings import TLSSettings

class Server:
    def __init__(self, context):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
    def send(self, data):
        self.incoming.write(data)
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return len(data)
    def recv(self, size):
        return self.outgoing.read(size)

names = ("server_name", "client_cert", "client_key", "min_version", "max_version", "ciphers", "as_of")
options = types.SimpleNamespace(ca_path=sys.argv[2], **dict.fromkeys(names), probe_versions=())
options.as_of = int(float(sys.argv[4])) + 40 * 86400
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[3])
facts = []
for options.max_version in ("TLSv1.2", "TLSv1.3"):
    for name in ("mx1.contoso.com", "other.example"):
        stream = TLSStream(Server(context), TLSSettings(options), name)
        if not stream.handshake():
            sys.exit("both sides wait for each other")
        bindings = {name: data.hex() for name, data in stream.channel_bindings().items()}
        facts.append({
            **stream.observed(float(sys.argv[4]), True).as_dict(),
            "session": stream.resumption().as_dict(),
            "bindings": bindings,
        })
print(json.dumps(facts))
"""


def interpreters() -> t.List[str]:
    """This Python, and every other that is there and starts (a version manager's stand-in may not)."""
    found = [shutil.which(f"python3.{minor}") for minor in range(8, 15)]
    others = [
        path
        for path in found
        if path and subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0
    ]
    return [sys.executable, *others]


@pytest.mark.parametrize("interpreter", interpreters())
def test_every_python_sees_the_same(interpreter, root_file, tmp_path):
    issued = issue(HOST, by=INTERMEDIATE, days=(-1, 50))
    (tmp_path / "server.pem").write_bytes(issued.pem())
    library = str(Path(handshake.__file__).parents[2])
    arguments = [library, str(root_file), str(tmp_path / "server.pem"), str(NOW.timestamp())]
    done = subprocess.run(
        [interpreter, "-c", PROBE, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert [(facts["version"], facts["name_matches"]["matches"]) for facts in seen] == [
        ("TLSv1.2", True),
        ("TLSv1.2", False),
        ("TLSv1.3", True),
        ("TLSv1.3", False),
    ]
    for facts in seen:
        assert [entry["names"] for entry in facts["chain"]] == [[f"DNS:{HOST}"], ["CN:Contoso issuing"]]
        assert (facts["trusted"], facts["chain_reason"], facts["client_certificate_requested"]) == (True, None, False)
        assert facts["as_of"]["valid"] is False
        assert facts["as_of"]["reason"].startswith("certificate 2 of the chain has expired by then: it is valid until")
        assert facts["certificate"]["must_staple"] is False
        assert facts["ocsp"]["stapled"] is None
        tls_1_2 = facts["version"] == "TLSv1.2"
        # OpenSSL's servers say 7200 seconds where nobody has told them anything else.
        assert (facts["session"]["ticket"], facts["session"]["ticket_lifetime_hint"]) == (
            (True, 7200) if tls_1_2 else (None, None)
        )
        assert facts["bindings"].pop("tls-server-end-point") == issued.certificate.fingerprint(hashes.SHA256()).hex()
        assert {name: len(data) for name, data in facts["bindings"].items()} == ({"tls-unique": 24} if tls_1_2 else {})
