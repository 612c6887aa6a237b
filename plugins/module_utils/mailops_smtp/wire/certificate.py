# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What a certificate says about itself (RFC 5280), read from its DER octets alone.

The ``ssl`` module decodes only certificates that it has verified, and the untrusted ones are those that a user wants to
read. Nothing is judged here: whether a certificate is to be trusted is OpenSSL's to say.

The octets come from anybody. Every length is checked against the octets that are there, and no function calls itself,
so the work is bounded by the certificate's size: the outcome is facts or a ``CertificateError``.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import ipaddress
import typing as t

from ..evidence import Certificate, printable

# RFC 5280 4.1.2.2 allows 20 octets for the serial number; names and values far beyond any use are cut.
MAX_SERIAL_OCTETS = 64
MAX_OID_OCTETS = 64
MAX_NAMES = 1000
MAX_TEXT_CHARACTERS = 1000

_INTEGER, _BIT_STRING, _OCTET_STRING, _OID, _SEQUENCE, _SET = 0x02, 0x03, 0x04, 0x06, 0x30, 0x31
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_VERSION, _EXTENSIONS = 0xA0, 0xA3  # [0] and [3], explicit, in a TBSCertificate

_STRING_ENCODINGS = {
    0x0C: "utf-8",  # UTF8String
    0x12: "ascii",  # NumericString
    0x13: "ascii",  # PrintableString
    0x14: "latin-1",  # TeletexString: T.61 by the letter, Latin-1 in practice
    0x16: "ascii",  # IA5String
    0x1A: "ascii",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}

# The short names of RFC 4514 3, and two more that are common in certificates (RFC 2985 5.2.1, RFC 4519 2.31).
_ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.6": "C",
    "2.5.4.9": "STREET",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
    "1.2.840.113549.1.9.1": "emailAddress",
    "2.5.4.5": "serialNumber",
}
_COMMON_NAME = "2.5.4.3"
_SUBJECT_ALT_NAME = "2.5.29.17"
_TLS_FEATURE = "1.3.6.1.5.5.7.1.24"  # RFC 7633 6
_STATUS_REQUEST = 5  # RFC 6066 1.1

# GeneralName (RFC 5280 4.2.1.6): the context tag's number and how the entry is shown.
_TEXT_NAMES = {1: "email", 2: "DNS", 6: "URI"}
_IP_ADDRESS = 7
_OTHER_NAMES = {0: "otherName", 3: "x400Address", 4: "dirName", 5: "ediPartyName", 8: "registeredID"}

_KEY_TYPES = {
    "1.2.840.113549.1.1.1": "RSA",
    "1.2.840.113549.1.1.10": "RSA-PSS",
    "1.2.840.10040.4.1": "DSA",
    "1.2.840.10045.2.1": "EC",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}
_FIXED_KEY_BITS = {"Ed25519": 256, "Ed448": 456}  # RFC 8032 5.1.5, 5.2.5
_CURVE_BITS = {
    "1.2.840.10045.3.1.1": 192,  # P-192
    "1.3.132.0.33": 224,  # P-224
    "1.2.840.10045.3.1.7": 256,  # P-256
    "1.3.132.0.34": 384,  # P-384
    "1.3.132.0.35": 521,  # P-521
    "1.3.132.0.10": 256,  # secp256k1
    "1.3.36.3.3.2.8.1.1.7": 256,  # brainpoolP256r1
    "1.3.36.3.3.2.8.1.1.11": 384,  # brainpoolP384r1
    "1.3.36.3.3.2.8.1.1.13": 512,  # brainpoolP512r1
}
_SIGNATURE_ALGORITHMS = {
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.113549.1.1.14": "sha224WithRSAEncryption",
    "1.2.840.10040.4.3": "dsa-with-SHA1",
    "2.16.840.1.101.3.4.3.2": "dsa-with-SHA256",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.1": "ecdsa-with-SHA224",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
}


class CertificateError(ValueError):
    """The octets are no certificate that can be read; the text says what is wrong with them."""


def certificate_facts(der: bytes, now: float) -> Certificate:
    """The facts of one certificate.

    :param now: the moment of the check as Unix time, from which ``days_left`` is counted.
    :raises CertificateError: the octets do not have a certificate's structure.
    """
    facts, expires = _decoded(der)
    days_left = round((expires - now) / 86400, 3) if expires is not None else None
    return facts._replace(days_left=days_left)


def public_key(der: bytes) -> bytes:
    """The key of a certificate with its algorithm: its SubjectPublicKeyInfo (RFC 5280 4.1.2.7), DER.

    :raises CertificateError: the octets do not have a certificate's structure.
    """
    fields = _inside(_inside(_only(der), _SEQUENCE, 3)[0], _SEQUENCE, 6)
    at = 6 if fields[0].tag == _VERSION else 5
    if len(fields) <= at:
        raise CertificateError("the certificate lacks fields")
    return fields[at].encoded


@functools.lru_cache(maxsize=1024)  # a run meets the same certificate on many endpoints, and the same issuers on most
def _decoded(der: bytes) -> t.Tuple[Certificate, t.Optional[float]]:
    """The facts but for ``days_left``, and the moment of expiry as Unix time."""
    to_be_signed, signature_algorithm, *_signature = _inside(_only(der), _SEQUENCE, 3)
    # RFC 5280 4.1: only the version, which comes first and is left out in version 1, decides where the rest stands.
    fields = _inside(to_be_signed, _SEQUENCE, 6)
    if fields[0].tag == _VERSION:
        fields = fields[1:]
    if len(fields) < 6:
        raise CertificateError("the certificate lacks fields")
    serial, _algorithm, issuer, validity, subject, key = fields[:6]

    not_before, not_after = (_moment(time) for time in _inside(validity, _SEQUENCE, 2)[:2])
    key_type, key_bits = _key(key)
    extensions = _extensions(fields[6:])
    facts = Certificate(
        subject=_name(subject),
        issuer=_name(issuer),
        serial=_serial(serial),
        not_before=rfc3339(not_before),
        not_after=rfc3339(not_after),
        days_left=None,
        names=_alternative_names(extensions) or _common_names(subject),
        sha256=hashlib.sha256(der).hexdigest(),
        spki_sha256=hashlib.sha256(key.encoded).hexdigest(),
        key_type=key_type,
        key_bits=key_bits,
        signature_algorithm=_named(_SIGNATURE_ALGORITHMS, _inside(signature_algorithm, _SEQUENCE, 1)[0]),
        must_staple=_STATUS_REQUEST in _tls_features(extensions),
    )
    return facts, not_after.timestamp() if not_after is not None else None


class _Element(t.NamedTuple):
    """One DER element: its identifier octet, its content, and both with the length between them."""

    tag: int
    content: bytes
    encoded: bytes


def _elements(octets: bytes) -> t.Iterator[_Element]:
    """The elements that stand one after the other in these octets (X.690 8.1, with DER's definite lengths)."""
    start = 0
    while start < len(octets):
        tag = octets[start]
        # Identifiers of more than one octet and indefinite lengths do not occur in certificates.
        if tag & 0x1F == 0x1F or start + 2 > len(octets):
            raise CertificateError("an element has no valid identifier or length")
        length, content = octets[start + 1], start + 2
        if length >= 0x80:
            size, content = length - 0x80, content + length - 0x80
            if not 1 <= size <= 4:
                raise CertificateError("an element has no valid length")
            length = int.from_bytes(octets[start + 2 : content], "big")
        end = content + length
        if end > len(octets):
            raise CertificateError("an element is longer than what it stands in")
        yield _Element(tag, octets[content:end], octets[start:end])
        start = end


def _only(octets: bytes) -> _Element:
    elements = list(_elements(octets))
    if len(elements) != 1:
        raise CertificateError("there is not exactly one element where there must be one")
    return elements[0]


def _expect(element: _Element, tag: int) -> bytes:
    if element.tag != tag:
        raise CertificateError(f"an element of type 0x{element.tag:02x} stands where 0x{tag:02x} must be")
    return element.content


def _inside(element: _Element, tag: int, at_least: int = 0) -> t.List[_Element]:
    """The elements inside one of type ``tag``."""
    elements = list(_elements(_expect(element, tag)))
    if len(elements) < at_least:
        raise CertificateError("an element lacks some of its parts")
    return elements


def _oid(element: _Element) -> str:
    """An object identifier in its dotted form (X.690 8.19)."""
    octets = _expect(element, _OID)
    if not octets or len(octets) > MAX_OID_OCTETS or octets[-1] & 0x80:
        raise CertificateError("an object identifier is incomplete or too long")
    arcs, value = [], 0
    for octet in octets:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, [first, arcs[0] - first * 40, *arcs[1:]]))


def _named(names: t.Dict[str, str], element: _Element) -> str:
    """The readable name of an object identifier, or the dotted form of one that has none here."""
    oid = _oid(element)
    return names.get(oid, oid)


def _serial(element: _Element) -> str:
    octets = _expect(element, _INTEGER)
    if len(octets) > MAX_SERIAL_OCTETS:
        raise CertificateError(f"the serial number has more than {MAX_SERIAL_OCTETS} octets")
    return format(int.from_bytes(octets, "big", signed=True), "x")


def _moment(element: _Element) -> t.Optional[datetime.datetime]:
    """A date (RFC 5280 4.1.2.5), None where it is not written as one: the rest can still be read."""
    digits, zone = element.content[:-1], element.content[-1:]
    if element.tag == _UTC_TIME and len(digits) == 12 and digits.isdigit():
        # RFC 5280 4.1.2.5.1: two digits from 50 on mean 19YY.
        digits = (b"19" if digits[:2] >= b"50" else b"20") + digits
    elif element.tag != _GENERALIZED_TIME or len(digits) != 14 or not digits.isdigit():
        return None
    if zone != b"Z":
        return None
    month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(4, 14, 2))
    try:
        return datetime.datetime(int(digits[:4]), month, day, hour, minute, second, tzinfo=datetime.timezone.utc)
    except ValueError:
        return None


def rfc3339(moment: t.Optional[datetime.datetime]) -> t.Optional[str]:
    """A moment in UTC as the facts have it, to the second."""
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None


def _key(element: _Element) -> t.Tuple[str, t.Optional[int]]:
    """Type and size in bits of a SubjectPublicKeyInfo; the size is None where its type has no table here."""
    algorithm, key, *_rest = _inside(element, _SEQUENCE, 2)
    identifier, *parameters = _inside(algorithm, _SEQUENCE, 1)
    key_type = _named(_KEY_TYPES, identifier)
    if key_type in ("RSA", "RSA-PSS"):
        # RFC 8017 A.1.1. The first octet of a BIT STRING counts unused bits.
        modulus = _inside(_only(_expect(key, _BIT_STRING)[1:]), _SEQUENCE, 2)[0]
        return key_type, int.from_bytes(_expect(modulus, _INTEGER), "big").bit_length()
    if key_type == "EC" and parameters and parameters[0].tag == _OID:
        return key_type, _CURVE_BITS.get(_oid(parameters[0]))
    return key_type, _FIXED_KEY_BITS.get(key_type)


def _attributes(name: _Element) -> t.Iterator[t.List[t.Tuple[str, _Element]]]:
    """Each RDN of a Name (RFC 5280 4.1.2.4) as a list of object identifiers and values, in the encoded order."""
    for rdn in _inside(name, _SEQUENCE):
        pairs = (_inside(attribute, _SEQUENCE, 2) for attribute in _inside(rdn, _SET))
        yield [(_oid(pair[0]), pair[1]) for pair in pairs]


def _name(name: _Element) -> str:
    """A Name as RFC 4514 writes it: the last RDN first."""
    rdns = ["+".join(_attribute(oid, value) for oid, value in rdn) for rdn in _attributes(name)]
    return ",".join(reversed(rdns))[:MAX_TEXT_CHARACTERS]


def _attribute(oid: str, value: _Element) -> str:
    # RFC 4514 2.4: a value whose type has no short name, or that is no string, is written as its octets.
    if oid not in _ATTRIBUTES or value.tag not in _STRING_ENCODINGS:
        return f"{_ATTRIBUTES.get(oid, oid)}=#{value.encoded[:MAX_TEXT_CHARACTERS].hex()}"
    text = _text(value)
    escaped = "".join(_escaped(character) for character in text)
    if text[:1] in ("#", " "):
        escaped = "\\" + escaped
    if text[-1:] == " " and len(text) > 1:
        escaped = escaped[:-1] + "\\ "
    return f"{_ATTRIBUTES[oid]}={escaped}"


def _text(value: _Element) -> str:
    """A string value, cut, in which octets that its type does not allow stand as ``\\xNN``."""
    octets = value.content[: MAX_TEXT_CHARACTERS * 4]
    return octets.decode(_STRING_ENCODINGS[value.tag], "backslashreplace")[:MAX_TEXT_CHARACTERS]


def _escaped(character: str) -> str:
    """RFC 4514 2.4: a backslash before a special character; pairs of hexadecimal digits for what cannot be shown."""
    if character in '"+,;<>\\':
        return "\\" + character
    if character.isprintable():
        return character
    return "".join(f"\\{octet:02x}" for octet in character.encode("utf-8"))


def _common_names(subject: _Element) -> t.Tuple[str, ...]:
    return tuple(
        "CN:" + printable(_text(value))
        for rdn in _attributes(subject)
        for oid, value in rdn
        if oid == _COMMON_NAME and value.tag in _STRING_ENCODINGS
    )[:MAX_NAMES]


def _extensions(optional_fields: t.Sequence[_Element]) -> t.Dict[str, _Element]:
    """The one element inside each extension (RFC 5280 4.1.2.9) that is read here; of two alike, the first."""
    found: t.Dict[str, _Element] = {}
    for field in optional_fields:
        if field.tag != _EXTENSIONS:
            continue
        for extension in _inside(_only(field.content), _SEQUENCE):
            identifier, *_critical, value = _inside(extension, _SEQUENCE, 2)
            name = _oid(identifier)
            if name in (_SUBJECT_ALT_NAME, _TLS_FEATURE) and name not in found:
                found[name] = _only(_expect(value, _OCTET_STRING))
    return found


def _alternative_names(extensions: t.Mapping[str, _Element]) -> t.Tuple[str, ...]:
    """The entries of the subjectAltName extension (RFC 5280 4.2.1.6), in their order."""
    if _SUBJECT_ALT_NAME not in extensions:
        return ()
    entries = _inside(extensions[_SUBJECT_ALT_NAME], _SEQUENCE)
    return tuple(_alternative_name(entry) for entry in entries[:MAX_NAMES])


def _tls_features(extensions: t.Mapping[str, _Element]) -> t.List[int]:
    """The TLS extensions that whoever shows this certificate promises to answer (RFC 7633 4.1)."""
    if _TLS_FEATURE not in extensions:
        return []
    return [int.from_bytes(_expect(entry, _INTEGER), "big") for entry in _inside(extensions[_TLS_FEATURE], _SEQUENCE)]


def _alternative_name(entry: _Element) -> str:
    number = entry.tag & 0x1F
    if number in _TEXT_NAMES:
        return f"{_TEXT_NAMES[number]}:{printable(entry.content)}"
    if number == _IP_ADDRESS and len(entry.content) in (4, 16):
        return f"IP:{ipaddress.ip_address(entry.content)}"
    kind = _OTHER_NAMES.get(number, str(number))
    return f"{kind}:#{entry.content[:MAX_TEXT_CHARACTERS].hex()}"
