# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of DANE for mail, row by row, each beside what OpenSSL's own DANE makes of it, which Postfix and danecheck
rely on: it connects to a server that shows the chain, and is given the same records and names. The records are made by
the openssl program, not by the code that reads them."""

from __future__ import annotations

import functools
import re
import shutil
import socket
import subprocess
import threading
import typing as t

import pytest

pytest.importorskip("cryptography")
if shutil.which("openssl") is None:
    pytest.skip("needs the program openssl", allow_module_level=True)

from cryptography.hazmat.primitives import serialization
from mailops_smtp.wire.dane import Reference, judged

from tests.core.certificates import GOOD, HOST, INTERMEDIATE, ROOT, Issued, issue
from tests.core.tls_server import server_context

DOMAIN = "contoso.com"
BELOW = issue(HOST, by=INTERMEDIATE)
EXPIRED = issue("other.example", days=(-20, -10))
EXPIRED_BELOW = issue(HOST, by=ROOT, days=(-20, -10))
NOT_YET_BELOW = issue(HOST, by=ROOT, days=(10, 20))
STRANGER = issue(common_name="Contoso root", ca=True, days=(-1000, 1000))
OLD_ROOT = issue(common_name="Old root", ca=True, days=(-1000, -1))
BELOW_OLD = issue(HOST, by=OLD_ROOT)
WILDCARD = issue("*.contoso.com", by=ROOT)
OTHER_NAME = issue("mail.example", by=ROOT)
FOR_DOMAIN = issue(DOMAIN, by=ROOT)
COMMON_NAME = issue(common_name=HOST, by=ROOT)
COMMON_NAME_BESIDE = issue("mail.example", common_name=HOST, by=ROOT)
SELF_SIGNED = issue(HOST)
NO_CA = issue(HOST, by=GOOD)


def openssl(*words: str, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *words], input=given, capture_output=True, check=True).stdout


@functools.lru_cache(maxsize=None)
def tlsa(usage: int, selector: int, matching: int, issued: Issued) -> str:
    pem = issued.certificate.public_bytes(serialization.Encoding.PEM)
    if selector:
        content = openssl("pkey", "-pubin", "-outform", "DER", given=openssl("x509", "-noout", "-pubkey", given=pem))
    else:
        content = openssl("x509", "-outform", "DER", given=pem)
    if matching:
        content = openssl("dgst", "-sha256" if matching == 1 else "-sha512", "-binary", given=content)
    return f"{usage} {selector} {matching} {content.hex()}"


STALE = "3 1 1 " + "5a" * 32
STALE_512 = "3 1 2 " + "5a" * 64


class Row(t.NamedTuple):
    """``shown``: the certificates that the server sends. ``valid``: what both have to make of it."""

    rule: str
    shown: t.Sequence[Issued]
    records: t.Sequence[str]
    valid: bool
    names: t.Sequence[str] = (HOST,)


def fitting(usage: int, issued: Issued, shown: t.Sequence[Issued]) -> t.Iterator[Row]:
    for selector in (0, 1):
        for matching in (0, 1, 2):
            record = tlsa(usage, selector, matching, issued)
            yield Row(f"RFC 6698 2.1: {record[:5]} fits", shown, [record], True)


ROWS = (
    *fitting(3, GOOD, [GOOD]),
    *fitting(2, ROOT, [GOOD, ROOT]),
    *fitting(2, INTERMEDIATE, [BELOW, INTERMEDIATE]),
    Row("RFC 7672 3.1: another key, all its records stale", [GOOD], [STALE], False),
    Row("RFC 7671 8: one stale, one that fits", [GOOD], [STALE, tlsa(3, 1, 1, GOOD)], True),
    Row("RFC 7671 8: of usage 2 and 3, one that fits", [GOOD], [STALE, tlsa(2, 1, 1, ROOT)], False),
    Row("RFC 7671 8: the same with the authority shown", [GOOD, ROOT], [STALE, tlsa(2, 1, 1, ROOT)], True),
    Row("RFC 7671 5.1: usage 3 knows no dates", [EXPIRED], [tlsa(3, 1, 1, EXPIRED)], True),
    Row("RFC 7671 5.1: usage 3 knows no names", [OTHER_NAME], [tlsa(3, 0, 1, OTHER_NAME)], True),
    Row("RFC 7671 5.1: usage 3 is about the first certificate", [GOOD, ROOT], [tlsa(3, 1, 1, ROOT)], False),
    Row("RFC 7671 5.2.2: a digest of what is not shown", [GOOD], [tlsa(2, 0, 1, ROOT)], False),
    Row("RFC 7671 5.2.2: the key's digest of what is not shown", [GOOD], [tlsa(2, 1, 1, ROOT)], False),
    Row("RFC 7671 5.2.1: the authority whole in the record", [GOOD], [tlsa(2, 0, 0, ROOT)], True),
    Row("RFC 7671 5.2: usage 2 knows dates", [EXPIRED_BELOW, ROOT], [tlsa(2, 1, 1, ROOT)], False),
    Row("RFC 7671 5.2: before its time", [NOT_YET_BELOW, ROOT], [tlsa(2, 1, 1, ROOT)], False),
    Row("RFC 7671 5.2: an authority whose time is over", [BELOW_OLD, OLD_ROOT], [tlsa(2, 1, 1, OLD_ROOT)], False),
    Row("RFC 7671 5.2: an authority that did not sign", [GOOD, STRANGER], [tlsa(2, 0, 1, STRANGER)], False),
    Row("RFC 5280 4.2.1.9: what vouches is no authority", [NO_CA, GOOD], [tlsa(2, 0, 1, GOOD)], False),
    Row("RFC 7671 5.2: the server's own is no authority", [SELF_SIGNED], [tlsa(2, 0, 1, SELF_SIGNED)], False),
    Row("RFC 7672 3.2.2: another name", [OTHER_NAME, ROOT], [tlsa(2, 1, 1, ROOT)], False),
    Row("RFC 7672 3.2.2: the domain's name", [FOR_DOMAIN, ROOT], [tlsa(2, 1, 1, ROOT)], True, (HOST, DOMAIN)),
    Row("RFC 7672 3.2.2: the domain's name, not asked for", [FOR_DOMAIN, ROOT], [tlsa(2, 1, 1, ROOT)], False),
    Row("RFC 6125 6.4.3: one label", [WILDCARD, ROOT], [tlsa(2, 1, 1, ROOT)], True),
    Row("RFC 6125 6.4.3: and no more", [WILDCARD, ROOT], [tlsa(2, 1, 1, ROOT)], False, ("a.mx1.contoso.com",)),
    Row("RFC 7672 3.2.3: the common name for want of others", [COMMON_NAME, ROOT], [tlsa(2, 1, 1, ROOT)], True),
    Row("RFC 7672 3.2.3: and not beside others", [COMMON_NAME_BESIDE, ROOT], [tlsa(2, 1, 1, ROOT)], False),
    Row("RFC 7671 9: the strongest digest alone counts", [GOOD], [STALE_512, tlsa(3, 1, 1, GOOD)], False),
    Row("RFC 7671 9: of the same selector", [GOOD], [STALE_512, tlsa(3, 0, 1, GOOD)], True),
    Row("RFC 7671 9: of the same usage", [GOOD, ROOT], [STALE_512, tlsa(2, 1, 1, ROOT)], True),
    Row("RFC 7671 9: the whole is no digest", [GOOD], [STALE_512, tlsa(3, 1, 0, GOOD)], True),
    Row("RFC 7671 4: beside what cannot be used", [GOOD], ["3 1 9 abcd", tlsa(3, 1, 1, GOOD)], True),
    Row("RFC 7671 4: beside what cannot be used, stale", [GOOD], ["3 7 1 " + "5a" * 32, STALE], False),
)


def der(issued: Issued) -> bytes:
    return bytes(issued.certificate.public_bytes(serialization.Encoding.DER))


def by_openssl(row: Row) -> bool:
    """Whether OpenSSL, as a client that does DANE, accepts the server."""
    first, *others = row.shown
    context = server_context(first._replace(chain=tuple(entry.certificate for entry in others)))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def serve() -> None:
            connection, _client = listener.accept()
            with connection:
                connection.settimeout(10)
                try:
                    with context.wrap_socket(connection, server_side=True) as session:
                        session.recv(1)
                except OSError:
                    # The client says no, and leaves.
                    return

        server = threading.Thread(target=serve)
        server.start()
        # It takes one name.
        done = subprocess.run(
            [
                "openssl", "s_client", "-connect", f"127.0.0.1:{listener.getsockname()[1]}", "-verify_return_error",
                "-dane_ee_no_namechecks", "-dane_tlsa_domain", row.names[-1],
                *(word for record in row.records for word in ("-dane_tlsa_rrdata", record)),
            ],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
        server.join(10)
    said = re.search(r"Verify return code: ([0-9]+)", done.stdout)
    assert said or "verify" in done.stderr, done.stdout + done.stderr
    return done.returncode == 0 and said is not None and said.group(1) == "0"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.rule)
def test_the_rule(row: Row) -> None:
    found = judged(Reference(tuple(row.records), HOST, tuple(row.names), True, True), [der(one) for one in row.shown])
    assert (found["usable"], found["valid"]) == (True, row.valid), found["reason"]
    assert by_openssl(row) is row.valid


def test_a_bare_key_that_nothing_shown_has_is_left_open() -> None:
    """OpenSSL checks the signature with the key in the record (RFC 7671 5.2.3); Python cannot, and does not guess."""
    row = Row("", [GOOD], [tlsa(2, 1, 0, ROOT)], True)
    found = judged(Reference(tuple(row.records), HOST, (HOST,), True, True), [der(GOOD)])
    assert (found["usable"], found["valid"]) == (True, None)
    assert "whole key" in found["reason"]
    assert by_openssl(row) is True


@pytest.mark.parametrize("usage", [0, 1])
def test_usages_that_need_authorities_in_common_demand_nothing(usage: int) -> None:
    """RFC 7672 3.1.3: where no other record is usable, senders encrypt and verify nobody."""
    found = judged(Reference((tlsa(usage, 0, 1, ROOT),), HOST, (HOST,), True, True), [der(GOOD), der(ROOT)])
    assert (found["usable"], found["valid"]) == (False, None)
    beside = judged(Reference((tlsa(usage, 0, 1, GOOD), STALE), HOST, (HOST,), True, True), [der(GOOD)])
    assert (beside["usable"], beside["valid"]) == (True, False)


@pytest.mark.parametrize(
    ("secure", "problem", "reason"),
    [
        # Insecure, or nobody validates: RFC 7672 2.1.1, 2.2.
        (False, None, "the TLSA records are not secured by DNSSEC"),
        (None, None, "the TLSA records are not secured by DNSSEC"),
        # Bogus, or no answer: a sender does not deliver, which is another finding's business.
        (None, "DNSSEC validation failed", "DNSSEC validation failed"),
    ],
)
def test_only_secure_records_count(secure: t.Optional[bool], problem: t.Optional[str], reason: str) -> None:
    records = () if problem else (tlsa(3, 1, 1, GOOD),)
    found = judged(Reference(records, HOST, (HOST,), secure, True, problem), [der(GOOD)])
    assert (found["usable"], found["valid"], found["reason"]) == (False, None, reason)
