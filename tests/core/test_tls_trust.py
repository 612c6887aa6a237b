# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenSSL's verdict from the replay against its verdict in earnest."""

from __future__ import annotations

import re
import ssl
import typing as t
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from mailops_smtp.wire import tls, trust
from mailops_smtp.wire.certificate import CertificateError
from mailops_smtp.wire.tls import TLSFailure, TLSStream
from mailops_smtp.wire.tls_settings import TLSSettings

from tests.core.certificates import GOOD, HOST, INTERMEDIATE, PEM, ROOT, issue
from tests.core.tls_server import Script, Server, connect, observe, server_context, tls_options

# What is issued, the name that was connected to; then trusted, a word of the reason, and whether by which name.
CASES = {
    "good": (GOOD, HOST, True, None, f"DNS:{HOST}"),
    "through an intermediate": (issue(HOST, by=INTERMEDIATE), HOST, True, None, f"DNS:{HOST}"),
    "RSA": (issue(HOST, by=ROOT, key=rsa.generate_private_key(65537, 2048)), HOST, True, None, f"DNS:{HOST}"),
    "wrong name": (GOOD, "mx2.contoso.com", True, None, False),
    "name in capitals": (GOOD, HOST.upper(), True, None, f"DNS:{HOST}"),
    "name with the root's dot": (GOOD, HOST + ".", True, None, f"DNS:{HOST}"),
    "wildcard": (issue("*.contoso.com", by=ROOT), HOST, True, None, "DNS:*.contoso.com"),
    "wildcard for two labels": (issue("*.contoso.com", by=ROOT), "a.b.contoso.com", True, None, False),
    "IDN": (issue("xn--bcher-kva.example", by=ROOT), "bücher.example", True, None, "DNS:xn--bcher-kva.example"),
    "IPv4": (issue("203.0.113.5", by=ROOT), "203.0.113.5", True, None, "IP:203.0.113.5"),
    "IPv6": (issue("2001:db8::5", by=ROOT), "2001:DB8:0::5", True, None, "IP:2001:db8::5"),
    "IPv6 with a zone": (issue("fe80::5", by=ROOT), "fe80::5%eth0", True, None, "IP:fe80::5"),
    "another IP": (issue("203.0.113.5", by=ROOT), "203.0.113.6", True, None, False),
    "IP against a name": (GOOD, "203.0.113.5", True, None, False),
    "common name only": (issue(by=ROOT, common_name=HOST), HOST, True, None, False),
    "self-signed": (issue(HOST), HOST, False, "self.signed", f"DNS:{HOST}"),
    "self-signed, wrong name": (issue("localhost"), HOST, False, "self.signed", False),
    "unknown authority": (
        issue(HOST, by=issue(common_name="Other root", ca=True)),
        HOST,
        False,
        "unable to get local issuer",
        f"DNS:{HOST}",
    ),
    "incomplete": (issue(HOST, by=INTERMEDIATE)._replace(chain=()), HOST, False, "unable to get local", f"DNS:{HOST}"),
    "expired": (issue(HOST, by=ROOT, days=(-30, -1)), HOST, False, "expired", f"DNS:{HOST}"),
    "expired, wrong name": (issue("localhost", by=ROOT, days=(-30, -1)), HOST, False, "expired", False),
    "not yet valid": (issue(HOST, by=ROOT, days=(1, 30)), HOST, False, "not yet valid", f"DNS:{HOST}"),
    "weak key": (
        issue(HOST, by=ROOT, key=rsa.generate_private_key(65537, 1024)),
        HOST,
        False,
        "key too weak",
        f"DNS:{HOST}",
    ),
    "for clients": (
        issue(HOST, by=ROOT, usage=ExtendedKeyUsageOID.CLIENT_AUTH),
        HOST,
        False,
        "certificate purpose",
        None,
    ),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_trust_and_name_are_judged_independently(case, make_tls_settings, root_file):
    issued, name, trusted, reason, by = CASES[case]
    server = server_context(issued)
    facts = observe(connect(Server(server), make_tls_settings(), name))

    assert facts["trusted"] is trusted
    assert facts["reason"] is None if reason is None else re.search(reason, facts["reason"])
    match = facts["name_matches"]
    assert match["matches"] is (by if by in (None, False) else True)
    assert match["by"] == (by or None)
    assert (match["reason"] is None) is bool(by)
    assert (facts["trusted"], facts["reason"]) == verdict_in_earnest(server, root_file)


def verdict_in_earnest(server: ssl.SSLContext, root_file: Path) -> t.Tuple[bool, t.Optional[str]]:
    """What OpenSSL says where it verifies in the handshake itself."""
    context = ssl.create_default_context(cafile=str(root_file))
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.check_hostname = False
    stream = Server(server)
    outgoing, incoming = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing)
    for _flight in range(4):
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            stream.send(outgoing.read())
            incoming.write(stream.recv(100000))
        except ssl.SSLCertVerificationError as error:
            return False, error.verify_message
        else:
            return True, None
    raise AssertionError("no end of the handshake")


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64 + ".example"])
def test_a_name_that_no_certificate_can_have(name, make_tls_settings):
    facts = observe(connect(Server(server_context()), make_tls_settings(), name))
    assert facts["name_matches"]["matches"] is None
    assert "cannot stand in a certificate" in facts["name_matches"]["reason"]


# What is issued, and how often OpenSSL is asked for it, and for another name of it after that.
QUESTIONS = {
    "in order": (GOOD, 1, 1),
    "wrong name": (issue("other.contoso.com", by=ROOT), 2, 1),
    "untrusted": (issue(HOST), 2, 1),
}


@pytest.mark.parametrize("case", sorted(QUESTIONS))
def test_openssl_is_asked_once_for_each_chain_and_name(case, root_file, monkeypatch):
    issued, at_first, for_another = QUESTIONS[case]
    questions = []
    verify = trust.verify
    monkeypatch.setattr(trust, "verify", lambda *arguments: questions.append(arguments) or verify(*arguments))
    tls_settings = TLSSettings(tls_options(ca_path=str(root_file)))
    context = server_context(issued)
    first, second = (observe(connect(Server(context), tls_settings)) for attempt in range(2))
    assert first == second
    assert len(questions) == at_first
    other = observe(connect(Server(context), tls_settings, "another.example"))
    assert (other["trusted"], other["name_matches"]["matches"]) == (first["trusted"], False)
    assert len(questions) == at_first + for_another


def test_a_certificate_that_cannot_be_read(root_file, monkeypatch):
    def unreadable(der, now):
        raise CertificateError("an element has no valid length")

    for module in (tls, trust):
        monkeypatch.setattr(module, "certificate_facts", unreadable)
    tls_settings = TLSSettings(tls_options(ca_path=str(root_file)))
    rsa_key = rsa.generate_private_key(65537, 2048)
    facts = observe(connect(Server(server_context(issue(HOST, by=ROOT, key=rsa_key))), tls_settings))
    assert (facts["certificate"], facts["chain"]) == (None, [])
    assert facts["trusted"] is True
    assert facts["name_matches"] == {"name": HOST, "matches": True, "by": None, "reason": None}
    assert facts["chain_reason"] == "certificate 1 of the chain cannot be read: an element has no valid length"


NO_CERTIFICATES = [[b"garbage"], [b"\x30\x00"], [b""], [GOOD.certificate.public_bytes(PEM)]]


@pytest.mark.parametrize("chain", NO_CERTIFICATES)
def test_a_certificate_that_is_none(chain, make_tls_settings, monkeypatch):
    """OpenSSL gives up on it, and so do the facts: without an answer, but with a reason."""
    monkeypatch.delattr(ssl.SSLObject, "get_unverified_chain", raising=False)
    facts = facts_of_a_failure(chain, make_tls_settings())
    assert (facts["certificate"], facts["trusted"]) == (None, None)
    assert facts["chain_reason"].startswith("certificate 1 of the chain cannot be read: ")
    assert "could not be verified" in facts["reason"]
    assert facts["name_matches"] == {
        "name": HOST,
        "matches": None,
        "by": None,
        "reason": "the certificate cannot be read",
    }


@pytest.mark.parametrize("chain", NO_CERTIFICATES)
def test_a_certificate_that_python_does_not_show(chain, make_tls_settings, monkeypatch):
    """From Python 3.13 on nothing is seen of a chain that OpenSSL could not read."""
    monkeypatch.setattr(ssl.SSLObject, "get_unverified_chain", lambda connection: [], raising=False)
    facts = facts_of_a_failure(chain, make_tls_settings())
    assert facts["chain"] == []
    for field in ("certificate", "chain_reason", "trusted", "reason", "name_matches"):
        assert facts[field] is None


def facts_of_a_failure(chain: t.Sequence[bytes], tls_settings: TLSSettings) -> t.Dict[str, t.Any]:
    messages = trust._server_hello(b"") + trust._certificate_message(chain)
    script = Script(b"\x16\x03\x03" + len(messages).to_bytes(2, "big") + messages)
    stream = TLSStream(script, tls_settings, HOST)
    with pytest.raises(TLSFailure, match=r"^TLS failed: "):
        stream.handshake()
    facts = observe(stream)
    assert facts["established"] is False
    return facts
