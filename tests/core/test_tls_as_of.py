# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judgement as of another day, against that of `openssl verify -attime`, which Python cannot ask for."""

from __future__ import annotations

import re
import shutil
import subprocess
import typing as t

import pytest
from cryptography.hazmat.primitives import serialization
from mailops_smtp.wire import handshake, trust_as_of
from mailops_smtp.wire.certificate import certificate_facts
from mailops_smtp.wire.tls_settings import TLSSettings
from mailops_smtp.wire.trust_as_of import TrustAsOf

from tests.core.certificates import GOOD, HOST, NOW, PEM, ROOT, Issued, issue
from tests.core.tls_server import Server, connect, observe, server_context, tls_options

DER = serialization.Encoding.DER
OPENSSL = shutil.which("openssl")

SHORT_ROOT = issue(common_name="Short root", ca=True, days=(-1000, 100))
SHORT_ISSUING = issue(by=ROOT, common_name="Short issuing", ca=True, days=(-10, 60))
LONG = (-10, 400)
# The same key and name, signed by the old root and by itself: what the server sends along may be out of date.
CROSS_KEY = issue(common_name="Contoso new root", ca=True, days=(-900, 900))
CROSS_SIGNED = issue(by=SHORT_ROOT, common_name="Contoso new root", ca=True, days=(-900, 90), key=CROSS_KEY.key)
SELF_SIGNED = issue(HOST, days=LONG)

# What the server shows, who is trusted, the days from now, and what to expect: valid, and a word of the reason.
CASES: t.Dict[str, t.Tuple[Issued, t.Sequence[Issued], float, t.Optional[bool], t.Optional[str]]] = {
    "today": (GOOD, [ROOT], 0, True, None),
    "to the last": (GOOD, [ROOT], 29.9, True, None),
    "past the end": (GOOD, [ROOT], 30.1, False, "the certificate has expired by then: it is valid until 2"),
    "before the beginning": (GOOD, [ROOT], -1.1, False, "the certificate is not valid yet then: it is valid from 2"),
    "valid again": (issue(HOST, by=ROOT, days=(-60, -30)), [ROOT], -40, True, None),
    "not yet today": (issue(HOST, by=ROOT, days=(30, 60)), [ROOT], 40, True, None),
    "through an intermediate": (issue(HOST, by=SHORT_ISSUING, days=LONG), [ROOT], 59, True, None),
    "the one above ends before": (
        issue(HOST, by=SHORT_ISSUING, days=LONG),
        [ROOT],
        61,
        False,
        "certificate 2 of the chain has expired by then: it is valid until 2",
    ),
    "the root ends before": (
        issue(HOST, by=SHORT_ROOT, days=LONG),
        [SHORT_ROOT],
        101,
        False,
        "the authority above it is not valid then",
    ),
    "the root ends after": (issue(HOST, by=SHORT_ROOT, days=LONG), [SHORT_ROOT], 99, True, None),
    "another way up": (
        issue(HOST, by=CROSS_SIGNED, days=LONG)._replace(chain=(CROSS_SIGNED.certificate,)),
        [CROSS_KEY],
        95,
        True,
        None,
    ),
    "no other way up": (
        issue(HOST, by=CROSS_SIGNED, days=LONG)._replace(chain=(CROSS_SIGNED.certificate,)),
        [SHORT_ROOT],
        95,
        False,
        "certificate 2 of the chain has expired",
    ),
    "trusted by itself": (SELF_SIGNED, [SELF_SIGNED], 300, True, None),
    "no longer trusted by itself": (SELF_SIGNED, [SELF_SIGNED], 401, False, "has expired by then"),
    "self-signed": (SELF_SIGNED, [ROOT], 300, False, "^self.signed certificate$"),
    "unknown authority": (GOOD, [SHORT_ROOT], 0, False, "unable to get local issuer certificate"),
}


@pytest.fixture(params=CASES)
def case(request, tmp_path):
    """The case, the file of the trusted ones, and the moment as Unix time."""
    issued, trusted, days, valid, reason = CASES[request.param]
    path = tmp_path / "trusted.pem"
    path.write_bytes(b"".join(entry.certificate.public_bytes(PEM) for entry in trusted))
    return issued, path, int(NOW.timestamp() + days * 86400), valid, reason


def test_as_of(case):
    issued, path, moment, valid, reason = case
    settings = TLSSettings(tls_options(ca_path=str(path), as_of=moment))
    facts = observe(connect(Server(server_context(issued)), settings))["as_of"]
    assert facts["valid"] is valid
    assert facts["reason"] is None if reason is None else re.search(reason, facts["reason"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", facts["date"])


@pytest.mark.parametrize("at", ["not_valid_before_utc", "not_valid_after_utc"])
@pytest.mark.parametrize("seconds", [-1, 0, 1])
@pytest.mark.skipif(OPENSSL is None, reason="there is no openssl to ask")
def test_to_the_second(at, seconds, root_file, tmp_path):
    moment = int(getattr(GOOD.certificate, at).timestamp()) + seconds
    settings = TLSSettings(tls_options(ca_path=str(root_file), as_of=moment))
    valid = observe(connect(Server(server_context()), settings))["as_of"]["valid"]
    assert valid is openssl_trusts(GOOD, root_file, moment, tmp_path)
    assert valid is (seconds < 0 if "after" in at else seconds >= 0)


@pytest.mark.skipif(OPENSSL is None, reason="there is no openssl to ask")
def test_openssl_says_the_same(case, tmp_path):
    issued, path, moment, valid, _reason = case
    assert openssl_trusts(issued, path, moment, tmp_path) is valid


def openssl_trusts(issued, path, moment, tmp_path):
    (tmp_path / "own.pem").write_bytes(issued.certificate.public_bytes(PEM))
    (tmp_path / "chain.pem").write_bytes(b"".join(entry.public_bytes(PEM) for entry in issued.chain))
    command = [OPENSSL, "verify", "-attime", str(moment), "-no-CApath", "-no-CAstore", "-CAfile", str(path)]
    command += ["-untrusted", str(tmp_path / "chain.pem")] if issued.chain else []
    done = subprocess.run([*command, str(tmp_path / "own.pem")], capture_output=True, text=True, check=False)
    return done.returncode == 0


@pytest.mark.skipif(OPENSSL is None, reason="there is no openssl to hash their names")
def test_authorities_in_a_directory(tmp_path):
    """They are looked up one by one, and only when they are needed."""
    directory = tmp_path / "authorities"
    directory.mkdir()
    (directory / "root.pem").write_bytes(SHORT_ROOT.certificate.public_bytes(PEM))
    subprocess.run([t.cast(str, OPENSSL), "rehash", str(directory)], check=True)
    server = issue(HOST, by=SHORT_ROOT, days=LONG)
    for days, valid in ((99, True), (101, False)):
        moment = int(NOW.timestamp() + days * 86400)
        settings = TLSSettings(tls_options(ca_path=str(directory), as_of=moment))
        assert observe(connect(Server(server_context(server)), settings))["as_of"]["valid"] is valid


def test_nobody_asked(make_tls_settings):
    assert observe(connect(Server(server_context()), make_tls_settings()))["as_of"] is None


def test_what_python_does_not_show_is_not_held_against_the_server(root_file, monkeypatch):
    monkeypatch.setattr(handshake.ObservedSSLObject, "presented_chain", only_its_own)
    settings = TLSSettings(tls_options(ca_path=str(root_file), as_of=int(NOW.timestamp())))
    issued = issue(HOST, by=SHORT_ISSUING, days=LONG)
    facts = observe(connect(Server(server_context(issued)), settings))["as_of"]
    assert (facts["valid"], facts["reason"]) == (
        None,
        f"unable to get local issuer certificate, but {handshake.LEAF_ONLY}",
    )
    # What its own dates say needs no chain.
    expired = observe(connect(Server(server_context(issue(HOST, by=SHORT_ISSUING, days=(-9, -1)))), settings))["as_of"]
    assert expired["valid"] is False


def only_its_own(self: handshake.ObservedSSLObject, established: bool) -> t.Tuple[t.List[bytes], str]:
    return [t.cast(bytes, self.getpeercert(True))], handshake.LEAF_ONLY


def test_each_chain_is_judged_once(root_file, monkeypatch):
    asked = []
    monkeypatch.setattr(trust_as_of, "verify", lambda *arguments: asked.append(arguments) or verify(*arguments))
    settings = TLSSettings(tls_options(ca_path=str(root_file), as_of=int(NOW.timestamp())))
    context = server_context()
    for _time in range(3):
        observe(connect(Server(context), settings))
    assert len(asked) == 2, "dates aside, and among what is valid"


verify = trust_as_of.verify


@pytest.mark.parametrize("date", ["not_before", "not_after"])
def test_a_date_that_is_none(date, monkeypatch):
    def read(octets, now):
        return certificate_facts(octets, now)._replace(**{date: None})

    monkeypatch.setattr(trust_as_of, "certificate_facts", read)
    judged = TrustAsOf(int(NOW.timestamp())).judged([GOOD.certificate.public_bytes(DER)], True)
    assert (judged.valid, judged.reason) == (None, "the dates of the certificate cannot be read")


@pytest.mark.parametrize("chain", [[b""], [b"\x30\x00"], [b"no certificate"]])
def test_what_cannot_be_read_is_not_judged(chain):
    judged = TrustAsOf(0).judged(chain, True)
    assert (judged.date, judged.valid) == ("1970-01-01T00:00:00Z", None)
    assert judged.reason == "the dates of the certificate cannot be read"
