# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates against TLSA records, by the rules of RFC 7671 and RFC 7672; and hosts against MTA-STS policies."""

from __future__ import annotations

import hashlib
import typing as t

import pytest

pytest.importorskip("cryptography")

from cryptography.hazmat.primitives import serialization
from mailops_smtp.evidence import TLS, Endpoint, NameMatch
from mailops_smtp.route import mta_sts
from mailops_smtp.route.endpoints import Known
from mailops_smtp.route.sender_policies import mta_sts_of, tlsa_of
from mailops_smtp.wire.certificate import public_key
from mailops_smtp.wire.dane import Reference, judged

from tests.core.certificates import GOOD, HOST, INTERMEDIATE, ROOT, Issued, issue

DER = serialization.Encoding.DER


def der(issued: Issued) -> bytes:
    return bytes(issued.certificate.public_bytes(DER))


SHOWN = (der(GOOD),)
CHAIN = [der(GOOD), der(ROOT)]


def tlsa(usage: int, selector: int, matching: int, issued: Issued) -> str:
    content = public_key(der(issued)) if selector else der(issued)
    data = {0: content, 1: hashlib.sha256(content).digest(), 2: hashlib.sha512(content).digest()}[matching]
    return f"{usage} {selector} {matching} {data.hex()}"


STALE = "3 1 1 " + "5a" * 32


def judge(
    *records: str, chain: t.Sequence[bytes] = SHOWN, names: t.Sequence[str] = (HOST,), **changes: t.Any
) -> t.Dict[str, t.Any]:
    is_whole = changes.pop("is_whole", True)
    reference = Reference(records, HOST, tuple(names), True, True)._replace(**changes)
    return judged(reference, chain, is_whole)


def test_the_public_key_is_what_the_library_says() -> None:
    spki = GOOD.key.public_key().public_bytes(DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert public_key(der(GOOD)) == spki


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_the_servers_own_certificate_or_key(selector: int, matching: int) -> None:
    good = tlsa(3, selector, matching, GOOD)
    assert (judge(good)["valid"], judge(good)["matched"]) == (True, good)
    assert judge(tlsa(3, selector, matching, ROOT))["valid"] is False


def test_with_usage_3_names_and_dates_are_nobodys_business() -> None:
    expired = issue("other.contoso.com", days=(-20, -10))
    assert judge(tlsa(3, 1, 1, expired), chain=[der(expired)])["valid"] is True


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_an_authority_among_the_certificates_shown(selector: int, matching: int) -> None:
    record = tlsa(2, selector, matching, ROOT)
    assert judge(record, chain=CHAIN)["valid"] is True
    # One in between vouches as well.
    below = issue(HOST, by=INTERMEDIATE)
    assert judge(tlsa(2, selector, matching, INTERMEDIATE), chain=[der(below), der(INTERMEDIATE)])["valid"] is True


def test_an_authority_that_is_not_shown() -> None:
    missing = judge(tlsa(2, 0, 1, ROOT))
    assert (missing["valid"], missing["reason"]) == (False, "no record fits an authority among the certificates shown")
    # The record holds all of it.
    assert judge(tlsa(2, 0, 0, ROOT))["valid"] is True


def test_an_authority_vouches_for_a_name_and_for_today() -> None:
    record = tlsa(2, 1, 1, ROOT)
    other = judge(record, chain=CHAIN, names=["mx2.contoso.com"])
    assert (other["valid"], other["reason"]) == (False, "the certificate is for none of mx2.contoso.com")
    assert judge(record, chain=CHAIN, names=["mx2.contoso.com", HOST])["valid"] is True
    expired = issue(HOST, by=ROOT, days=(-20, -10))
    late = judge(record, chain=[der(expired), der(ROOT)])
    assert (late["valid"], "expired" in late["reason"]) == (False, True)


def test_an_authority_that_did_not_sign() -> None:
    stranger = issue(common_name="Contoso root", ca=True, days=(-1000, 1000))
    foreign = judge(tlsa(2, 0, 1, stranger), chain=[der(GOOD), der(stranger)])
    assert (foreign["valid"], "does not vouch for it" in foreign["reason"]) == (False, True)


def test_one_record_that_fits_is_enough() -> None:
    both = judge(STALE, tlsa(3, 1, 1, GOOD))
    assert (both["valid"], both["unmatched"], both["reason"]) == (True, 1, None)
    assert [record["matches"] for record in both["records"]] == [False, True]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("0 0 1 " + "ab" * 32, "usage 0 needs authorities in common, which mail servers do not have"),
        ("1 1 1 " + "ab" * 32, "usage 1 needs authorities in common, which mail servers do not have"),
        ("4 1 1 " + "ab" * 32, "usage 4 is not known"),
        ("3 2 1 " + "ab" * 32, "selector 2 is not known"),
        ("3 1 3 " + "ab" * 32, "matching type 3 is not known"),
        ("3 1 1 abcd", "the data is not as long as the matching type says"),
        ("3 1 2 " + "ab" * 32, "the data is not as long as the matching type says"),
        ("3 1 0", "the data is not as long as the matching type says"),
    ],
)
def test_records_that_cannot_be_used_demand_nothing(record: str, reason: str) -> None:
    found = judge(record)
    assert (found["usable"], found["valid"], found["reason"]) == (False, None, reason)
    assert judge(record, tlsa(3, 1, 1, GOOD))["valid"] is True


def test_of_several_digests_of_the_same_thing_the_strongest_counts() -> None:
    """RFC 7671 9: or else whoever breaks the weaker one had won."""
    found = judge("3 1 2 " + "5a" * 64, tlsa(3, 1, 1, GOOD))
    assert (found["valid"], found["unmatched"]) == (False, 1)
    assert found["records"][1]["usable"] is False
    # Of another thing it says nothing.
    assert judge("3 0 2 " + "5a" * 64, tlsa(3, 1, 1, GOOD))["valid"] is True


@pytest.mark.parametrize("secure", [False, None])
def test_without_dnssec_records_are_worth_nothing(secure: t.Optional[bool]) -> None:
    found = judge(STALE, secure=secure)
    assert (found["usable"], found["valid"], found["records"]) == (False, None, [])
    assert found["reason"] == "the TLSA records are not secured by DNSSEC"


def test_what_was_not_seen_is_not_judged() -> None:
    unseen = judge(STALE, chain=[])
    assert (unseen["usable"], unseen["valid"], unseen["reason"]) == (True, None, "no certificate was seen")
    # Python may show the server's own certificate alone: that says nothing of an authority.
    alone = judge(tlsa(2, 0, 1, ROOT), is_whole=False)
    assert (alone["valid"], alone["reason"]) == (None, "only the server's own certificate was seen")
    assert judge(STALE, tlsa(2, 0, 1, ROOT), is_whole=False)["valid"] is None
    assert judge()["reason"] == "there are no TLSA records"
    assert judge(secure=None, problem="SERVFAIL")["reason"] == "SERVFAIL"


@pytest.mark.parametrize("octets", [b"", b"no certificate", b"\x30\x82\xff\xff"])
def test_octets_that_are_no_certificate(octets: bytes) -> None:
    assert judge(STALE, chain=[octets])["valid"] is False
    assert judge(f"2 0 0 {octets.hex() or '00'}", chain=CHAIN)["valid"] is False


# Which records belong to an endpoint.


def known(**host: t.Any) -> Known:
    entry = {"port": 25, "base_domain": HOST, "status": "found", "secure": True, "records": [STALE], "detail": None}
    facts = {"host": HOST, "tlsa": [entry], **host}
    sts = {"policy": {"mode": "enforce", "mx": ["*.contoso.com"], "max_age": 1}}
    route = {"domain": "contoso.com", "dnssec": "secure", "policies": {"mta_sts": sts}}
    return Known({"contoso.com": route}, {HOST: facts})


def end(**changes: t.Any) -> Endpoint:
    return Endpoint(**{"host": HOST, "address": "203.0.113.5", "family": "ipv4", "port": 25, "source": "mx", **changes})


def test_the_names_that_an_authority_may_vouch_for() -> None:
    found = t.cast("t.Dict[str, t.Any]", tlsa_of(known(), "contoso.com", end()))
    assert (found["names"], found["mx_secure"], found["records"]) == ((HOST, "contoso.com"), True, (STALE,))
    given = t.cast("t.Dict[str, t.Any]", tlsa_of(known(), None, end(source="given")))
    assert (given["names"], given["mx_secure"]) == ((HOST,), None)


def test_where_nobody_asked_there_is_nothing_to_judge() -> None:
    assert tlsa_of(known(), "contoso.com", end(port=587)) is None
    assert tlsa_of(known(), "contoso.com", end(source="override")) is None
    assert tlsa_of(Known(), "contoso.com", end()) is None
    assert mta_sts_of(known(), "contoso.com", end(port=587), TLS()) is None
    assert mta_sts_of(known(), None, end(), TLS()) is None


# MTA-STS.

TRUSTED = TLS(established=True, trusted=True, name_matches=NameMatch(HOST, True, None))


@pytest.mark.parametrize(
    ("tls", "valid", "reason"),
    [
        (TRUSTED, True, None),
        (TLS(established=True, trusted=False, reason="expired"), False, "the certificate is not trusted: expired"),
        (
            TLS(established=True, trusted=True, name_matches=NameMatch(HOST, False, None)),
            False,
            "the certificate is for another name",
        ),
        (TLS(offered=False), False, "the server does not offer TLS"),
        (TLS(), None, "no certificate was seen"),
        (TLS(offered=True, established=False), None, "no certificate was seen"),
    ],
)
def test_the_certificate_that_a_policy_demands(tls: TLS, valid: t.Optional[bool], reason: t.Optional[str]) -> None:
    found = t.cast("t.Dict[str, t.Any]", mta_sts_of(known(), "contoso.com", end(), tls))
    assert (found["valid"], found["reason"], found["mx_matches"]) == (valid, reason, True)


@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        ("mx1.contoso.com", "mx1.contoso.com", True),
        ("mx1.contoso.com", "MX1.contoso.com.", True),
        ("*.contoso.com", "mx1.contoso.com", True),
        ("*.contoso.com", "contoso.com", False),
        # One label and no more (RFC 8461 4.1).
        ("*.contoso.com", "a.mx1.contoso.com", False),
        ("*.contoso.com", "mx1.fabrikam.com", False),
    ],
)
def test_patterns_of_a_policy(pattern: str, host: str, matches: bool) -> None:
    assert mta_sts.allows({"mx": [pattern]}, host) is matches


def test_a_host_that_the_policy_does_not_name() -> None:
    found = mta_sts.judged({"mode": "testing", "mx": ["a.com"]}, HOST, True, None)
    assert (found["valid"], found["reason"]) == (False, f"the policy does not name {HOST}")
    assert mta_sts.judged({"mode": "none", "mx": []}, HOST, True, None)["valid"] is None


POLICY = "version: STSv1\nmode: enforce\nmx: mx1.contoso.com\nmx: *.contoso.com\nmax_age: 86400\n"


def test_a_policy() -> None:
    assert mta_sts.read(POLICY) == {"mode": "enforce", "mx": ["mx1.contoso.com", "*.contoso.com"], "max_age": 86400}
    assert mta_sts.read("version: STSv1\r\nmode: none\r\nmax_age: 0\r\n\r\nother: x")["mode"] == "none"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("version: STSv1\n", "", "it has no line `version: STSv1`"),
        ("enforce", "strict", "its mode is 'strict', not one of enforce, testing, none"),
        ("86400", "soon", "its max_age is not a number of seconds up to a year"),
        ("86400", "99999999", "its max_age is not a number of seconds up to a year"),
        ("mx: mx1.contoso.com\nmx: *.contoso.com\n", "", "it names no mx"),
    ],
)
def test_a_policy_that_senders_cannot_use(old: str, new: str, reason: str) -> None:
    with pytest.raises(mta_sts.PolicyError) as raised:
        mta_sts.read(POLICY.replace(old, new))
    assert str(raised.value) == reason
