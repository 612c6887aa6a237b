# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate reader against `cryptography`, on certificates of every kind and on damaged ones."""

from __future__ import annotations

import datetime
import functools
import hashlib
import ipaddress
import itertools

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from mailops_smtp.wire.certificate import CertificateError, certificate_facts

NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
DAY = datetime.timedelta(days=1)

KEYS = {
    "RSA": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "DSA": lambda: dsa.generate_private_key(key_size=1024),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "brainpoolP256r1": lambda: ec.generate_private_key(ec.BrainpoolP256R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "Ed448": ed448.Ed448PrivateKey.generate,
}


@functools.lru_cache(maxsize=None)
def key(kind):
    return KEYS[kind]()


def name(*attributes):
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


SUBJECT = name((NameOID.COMMON_NAME, "mx1.contoso.com"))
ISSUER = name((NameOID.ORGANIZATION_NAME, "Contoso"), (NameOID.COMMON_NAME, "Contoso CA"))
SHA256 = hashes.SHA256()


def certificate(
    kind="P-256",
    *,
    subject=SUBJECT,
    issuer=ISSUER,
    serial=0x1234,
    not_before=NOW - DAY,
    not_after=NOW + 30 * DAY,
    names=(),
    digest=SHA256,
    rsa_padding=None,
    features=None,
):
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key(kind).public_key(),
        serial_number=serial,
        not_valid_before=not_before,
        not_valid_after=not_after,
    ).add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if features is not None:
        builder = builder.add_extension(x509.TLSFeature(features), critical=False)
    return builder.sign(key(kind), None if kind.startswith("Ed") else digest, rsa_padding=rsa_padding)


def facts_of(made, now=NOW):
    return certificate_facts(der_of(made), now.timestamp())


def der_of(made):
    return made.public_bytes(serialization.Encoding.DER)


def rfc3339(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("kind", "key_type", "bits", "algorithm"),
    [
        ("RSA", "RSA", 2048, "sha256WithRSAEncryption"),
        ("DSA", "DSA", None, "dsa-with-SHA256"),
        ("P-256", "EC", 256, "ecdsa-with-SHA256"),
        ("P-384", "EC", 384, "ecdsa-with-SHA256"),
        ("P-521", "EC", 521, "ecdsa-with-SHA256"),
        ("brainpoolP256r1", "EC", 256, "ecdsa-with-SHA256"),
        ("Ed25519", "Ed25519", 256, "Ed25519"),
        ("Ed448", "Ed448", 456, "Ed448"),
    ],
)
def test_every_kind_of_key(kind, key_type, bits, algorithm):
    made = certificate(kind)
    facts = facts_of(made)
    assert (facts.key_type, facts.key_bits, facts.signature_algorithm) == (key_type, bits, algorithm)

    public_key = made.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert facts.spki_sha256 == hashlib.sha256(public_key).hexdigest()
    assert facts.sha256 == made.fingerprint(hashes.SHA256()).hex()
    assert (facts.subject, facts.issuer) == (made.subject.rfc4514_string(), made.issuer.rfc4514_string())


def test_pss_signature():
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    assert facts_of(certificate("RSA", rsa_padding=pss)).signature_algorithm == "RSASSA-PSS"


@pytest.mark.parametrize(
    ("digest", "algorithm"),
    [(hashes.SHA384(), "ecdsa-with-SHA384"), (hashes.SHA3_256(), "2.16.840.1.101.3.4.3.10")],
)
def test_signature_algorithm(digest, algorithm):
    """One without a name here is shown as its object identifier."""
    assert facts_of(certificate(digest=digest)).signature_algorithm == algorithm


@pytest.mark.parametrize(
    "value",
    ["Müller & Söhne", 'a,b+c"d\\e<f>g;h', "#hash", " both ends ", " ", "日本語", "end\\ ", "x" * 64],
)
def test_names_are_written_as_rfc4514_wants(value):
    subject = name((NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, value), (NameOID.COMMON_NAME, value))
    assert facts_of(certificate(subject=subject)).subject == subject.rfc4514_string()


def test_a_name_of_several_values():
    several = x509.Name(
        [
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "DE")]),
            x509.RelativeDistinguishedName(
                [x509.NameAttribute(NameOID.COMMON_NAME, "a"), x509.NameAttribute(NameOID.USER_ID, "b")]
            ),
        ]
    )
    assert facts_of(certificate(subject=several)).subject == several.rfc4514_string()


def test_an_empty_subject():
    facts = facts_of(certificate(subject=x509.Name([])))
    assert (facts.subject, facts.names) == ("", ())


def test_an_attribute_without_short_name_is_written_as_its_octets():
    subject = name((NameOID.TITLE, "Dr"))
    assert facts_of(certificate(subject=subject)).subject == "2.5.4.12=#0c024472"


def test_control_characters_cannot_be_smuggled_into_a_terminal():
    subject = name((NameOID.COMMON_NAME, "a\x1b[2J\nb\u202ec"))
    facts = facts_of(certificate(subject=subject))
    assert facts.subject == r"CN=a\1b[2J\0ab\e2\80\aec"
    assert facts.names == (r"CN:a\x1b[2J\nb\u202ec",)


@pytest.mark.parametrize(
    ("tag", "encoding", "text"),
    [
        (b"\x14", "latin-1", "Gr\u00f6\u00dfe 12"),
        (b"\x1e", "utf-16-be", "\u65e5\u672c\u8a9e!"),
        (b"\x1c", "utf-32-be", "\u65e5\U0001f4e7"),
    ],
)
def test_strings_of_other_types(tag, encoding, text):
    """TeletexString, BMPString and UniversalString, which only old certificates have."""
    octets = der_of(certificate(subject=name((NameOID.COMMON_NAME, "8 octets"))))
    other = octets.replace(b"\x0c\x088 octets", tag + b"\x08" + text.encode(encoding))
    assert certificate_facts(other, NOW.timestamp()).subject == f"CN={text}"


def test_alternative_names():
    entries = [
        x509.DNSName("mx1.contoso.com"),
        x509.DNSName("*.contoso.com"),
        x509.DNSName("xn--bcher-kva.example"),
        x509.IPAddress(ipaddress.ip_address("203.0.113.5")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::5")),
        x509.RFC822Name("postmaster@contoso.com"),
        x509.UniformResourceIdentifier("smtp://contoso.com"),
        x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
    ]
    assert facts_of(certificate(names=entries)).names == (
        "DNS:mx1.contoso.com",
        "DNS:*.contoso.com",
        "DNS:xn--bcher-kva.example",
        "IP:203.0.113.5",
        "IP:2001:db8::5",
        "email:postmaster@contoso.com",
        "URI:smtp://contoso.com",
        "registeredID:#2a03",
    )


@pytest.mark.parametrize(
    ("features", "must_staple"),
    [
        (None, False),
        ([x509.TLSFeatureType.status_request], True),
        ([x509.TLSFeatureType.status_request_v2], False),
        ([x509.TLSFeatureType.status_request_v2, x509.TLSFeatureType.status_request], True),
    ],
)
def test_a_certificate_that_demands_stapling(features, must_staple):
    facts = facts_of(certificate(features=features, names=[x509.DNSName("mx1.contoso.com")]))
    assert (facts.must_staple, facts.names) == (must_staple, ("DNS:mx1.contoso.com",))


def test_without_alternative_names_the_common_name_is_shown():
    assert facts_of(certificate()).names == ("CN:mx1.contoso.com",)


@pytest.mark.parametrize(
    ("not_before", "not_after"),
    [
        (datetime.datetime(1999, 12, 31, 23, 59, 59), datetime.datetime(2049, 12, 31, 23, 59, 59)),
        (datetime.datetime(1950, 1, 1), datetime.datetime(2050, 1, 1)),
        (datetime.datetime(2060, 2, 29), datetime.datetime(9999, 12, 31, 23, 59, 59)),
    ],
)
def test_dates_in_every_century(not_before, not_after):
    facts = facts_of(certificate(not_before=not_before, not_after=not_after))
    assert (facts.not_before, facts.not_after) == (rfc3339(not_before), rfc3339(not_after))


def test_days_left_are_counted_from_the_moment_of_the_check():
    made = certificate(not_after=NOW + 30 * DAY)
    assert facts_of(made, NOW).days_left == 30.0
    assert facts_of(made, NOW + 30.5 * DAY).days_left == -0.5


@pytest.mark.parametrize("serial", [1, 0x7F, 0x80, 2**158 + 1])
def test_serial_number(serial):
    assert facts_of(certificate(serial=serial)).serial == format(serial, "x")


def test_negative_serial_number():
    # No library issues one; real certificates have them. 0x1234 becomes 0x9234, whose first bit is the sign.
    octets = der_of(certificate(serial=0x1234)).replace(b"\x02\x02\x12\x34", b"\x02\x02\x92\x34", 1)
    assert certificate_facts(octets, NOW.timestamp()).serial == "-6dcc"


@pytest.mark.parametrize(
    ("written", "damaged"),
    [(b"260228000000Z", b"260230000000Z"), (b"260228000000Z", b"26022800000+1"), (b"260228000000Z", b"2602280000 0Z")],
)
def test_a_date_that_is_none_leaves_the_rest_readable(written, damaged):
    octets = der_of(certificate())
    assert written in octets
    facts = certificate_facts(octets.replace(written, damaged), NOW.timestamp())
    assert facts.not_before is None
    assert facts.days_left == 30.0


def der(tag, *parts):
    content = b"".join(parts)
    return bytes([tag, 0x82]) + len(content).to_bytes(2, "big") + content


EMPTY = b"\x30\x00"
DATES = der(0x30, b"\x17\x00", b"\x17\x00")
KEY = der(0x30, der(0x30, b"\x06\x03\x2b\x65\x70"), b"\x03\x01\x00")


def hand_made(*fields):
    return der(0x30, der(0x30, *fields), der(0x30, b"\x06\x03\x2b\x65\x70"), b"\x03\x01\x00")


def test_a_certificate_of_the_least_possible_content():
    facts = certificate_facts(hand_made(b"\x02\x01\x05", EMPTY, EMPTY, DATES, EMPTY, KEY), NOW.timestamp())
    assert (facts.serial, facts.subject, facts.not_after, facts.days_left) == ("5", "", None, None)
    assert facts.key_type == "Ed25519"


@pytest.mark.parametrize(
    "octets",
    [
        hand_made(b"\xa0\x00", b"\x02\x01\x05", EMPTY, EMPTY, DATES, EMPTY),
        hand_made(der(0x02, b"\x05" * 65), EMPTY, EMPTY, DATES, EMPTY, KEY),
        hand_made(b"\x02\x01\x05", EMPTY, EMPTY, DATES, EMPTY, der(0x30, der(0x30, b"\x06\x01\x80"), b"\x03\x00")),
        b"",
        b"\x30",
        b"\x30\x00",
        b"\x30\x80\x00\x00",
        b"\x30\x85\x00\x00\x00\x00\x00",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x1f\x81\x00\x00",
        b"\x30\x00\x30\x00",
        b"\x04\x00",
        b"-----BEGIN CERTIFICATE-----",
        b"\x30" * 100000,
        b"\x30\x84\x00\x01\x00\x00" + b"\x30\x00" * 32768,
    ],
)
def test_what_is_no_certificate(octets):
    with pytest.raises(CertificateError):
        certificate_facts(octets, NOW.timestamp())


def test_every_prefix_is_refused():
    octets = der_of(certificate(names=[x509.DNSName("mx1.contoso.com")]))
    for length in range(len(octets)):
        with pytest.raises(CertificateError):
            certificate_facts(octets[:length], NOW.timestamp())


SPECIMENS = [
    der_of(certificate("RSA", names=[x509.DNSName("mx1.contoso.com"), x509.IPAddress(ipaddress.ip_address("::1"))])),
    der_of(certificate("P-256", subject=name((NameOID.COMMON_NAME, "Müller")))),
    der_of(certificate("Ed25519")),
    der_of(certificate("P-256", features=[x509.TLSFeatureType.status_request])),
]


def readable_or_refused(octets):
    try:
        facts = certificate_facts(octets, NOW.timestamp())
    except CertificateError:
        return
    for text in itertools.chain((facts.subject, facts.issuer, facts.serial), facts.names):
        assert text.isprintable()
        text.encode("utf-8")


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(SPECIMENS),
    st.lists(st.tuples(st.integers(0, 10000), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_damaged_octets(specimen, changes):
    octets = bytearray(specimen)
    for position, value in changes:
        octets[position % len(octets)] = value
    readable_or_refused(bytes(octets))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_octets(octets):
    readable_or_refused(octets)
    readable_or_refused(b"\x30\x82" + len(octets).to_bytes(2, "big") + octets)
