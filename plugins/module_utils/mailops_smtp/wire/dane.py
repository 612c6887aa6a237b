# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""DANE for SMTP (RFC 7672, RFC 7671): does the certificate that a server showed fit the TLSA records of its host?

Usage 3 says what the server's own certificate is, whatever its names and dates. Usage 2 says which authority vouches
for it: that has to be among the certificates shown, or whole in the record, and then names and dates count. Usages 0
and 1 mean nothing between mail servers (RFC 7672 3.1.3).
"""

from __future__ import annotations

import hashlib
import ssl
import typing as t

from .certificate import CertificateError, public_key
from .trust import verify, verifying_context

_PARTIAL_CHAIN = 0x80000  # X509_V_FLAG_PARTIAL_CHAIN, which Python names from 3.10 on

_CERTIFICATE, _KEY = 0, 1
_DIGESTS = {1: hashlib.sha256, 2: hashlib.sha512}


class Reference(t.NamedTuple):
    """What the DNS said. ``names``: those that an authority's certificate may be for (RFC 7672 3.2.2).

    ``secure``: DNSSEC vouches for the records, ``mx_secure`` for the way to the host; None where nobody said.
    ``problem``: why there are no records.
    """

    records: t.Tuple[str, ...]
    base_domain: str
    names: t.Tuple[str, ...]
    secure: t.Optional[bool]
    mx_secure: t.Optional[bool]
    problem: t.Optional[str] = None


class _Record(t.NamedTuple):
    text: str
    usage: int
    selector: int
    matching: int
    data: bytes
    flaw: t.Optional[str]


def judged(reference: Reference, chain: t.Sequence[bytes], is_whole: bool = True) -> t.Dict[str, t.Any]:
    """The result for a chain (DER, the server's own certificate first), empty where none was seen.

    :param is_whole: the chain is all that the server showed, not only its own certificate.

    ``usable``: senders that do DANE go by the records. ``valid``: the certificate fits; None where that is no question,
    or no certificate was seen. ``matched`` is the record that it fits, ``unmatched`` counts usable ones that it does
    not fit.
    """
    records = [_read(text) for text in reference.records] if reference.secure else []
    weaker = _weaker(records)
    usable = [record for record in records if record.flaw is None and record not in weaker]
    results = {record: _matches(record, chain, reference.names, is_whole) for record in usable}
    outcomes = [results[record][0] for record in usable]
    matched = next((record.text for record in usable if results[record][0]), None)
    valid = True if matched is not None else None if None in outcomes or not outcomes else False
    return {
        "usable": bool(usable),
        "valid": valid,
        "matched": matched,
        "unmatched": outcomes.count(False),
        "reason": _reason(reference, records, [results[record][1] for record in usable], valid),
        "base_domain": reference.base_domain,
        "mx_secure": reference.mx_secure,
        "records": [
            {
                "record": record.text,
                "usable": record in results,
                "matches": results[record][0] if record in results else None,
                "reason": record.flaw
                or (weaker.get(record) if record in weaker else results[record][1] if record in results else None),
            }
            for record in records
        ],
    }


def _reason(
    reference: Reference, records: t.Sequence[_Record], reasons: t.Sequence[t.Optional[str]], valid: t.Optional[bool]
) -> t.Optional[str]:
    if valid:
        return None
    if reference.problem is not None:
        return reference.problem
    if not reference.records:
        return "there are no TLSA records"
    if not reference.secure:
        return "the TLSA records are not secured by DNSSEC"
    if not reasons:
        return "; ".join(dict.fromkeys(record.flaw for record in records if record.flaw is not None))
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason is not None)) or "no record fits"


def _read(text: str) -> _Record:
    words = text.split(None, 3)
    usage, selector, matching = (int(word) for word in words[:3])
    data = bytes.fromhex(words[3]) if len(words) > 3 else b""
    flaw = None
    if usage in (0, 1):
        flaw = f"usage {usage} needs authorities in common, which mail servers do not have"
    elif usage not in (2, 3):
        flaw = f"usage {usage} is not known"
    elif selector not in (_CERTIFICATE, _KEY):
        flaw = f"selector {selector} is not known"
    elif matching not in (0, *_DIGESTS):
        flaw = f"matching type {matching} is not known"
    elif not data or (matching and len(data) != _DIGESTS[matching]().digest_size):
        flaw = "the data is not as long as the matching type says"
    return _Record(text, usage, selector, matching, data, flaw)


def _weaker(records: t.Sequence[_Record]) -> t.Dict[_Record, str]:
    """RFC 7671 9: of several digests for the same thing only the strongest counts."""
    weaker = {}
    for record in records:
        stronger = [
            other
            for other in records
            if other.flaw is None and other[1:3] == record[1:3] and other.matching > record.matching > 0
        ]
        if stronger and record.flaw is None:
            weaker[record] = "a stronger digest is there, and counts alone"
    return weaker


def _matches(
    record: _Record, chain: t.Sequence[bytes], names: t.Sequence[str], is_whole: bool
) -> t.Tuple[t.Optional[bool], t.Optional[str]]:
    if not chain:
        return None, "no certificate was seen"
    if record.usage == 3:
        return (True, None) if _fits(record, chain[0]) else (False, "no record fits the server's certificate")
    anchors = [certificate for certificate in chain[1:] if _fits(record, certificate)]
    if not anchors and record.selector == _CERTIFICATE and record.matching == 0:
        # The record is the authority's certificate itself, so the server need not show it.
        anchors = [record.data]
    if not anchors and not is_whole:
        return None, "only the server's own certificate was seen"
    if not anchors and record.selector == _KEY and record.matching == 0:
        # RFC 7671 5.2.3: with OpenSSL, senders check signatures by such a key. Python has no way to.
        return None, "the record holds the whole key of an authority that the server does not show"
    if not anchors:
        return False, "no record fits an authority among the certificates shown"
    return _vouched_for(anchors[0], chain, names)


def _fits(record: _Record, certificate: bytes) -> bool:
    if record.selector == _KEY:
        try:
            content = public_key(certificate)
        except CertificateError:
            return False
    else:
        content = certificate
    digest = _DIGESTS.get(record.matching)
    return (digest(content).digest() if digest is not None else content) == record.data


def _vouched_for(
    anchor: bytes, chain: t.Sequence[bytes], names: t.Sequence[str]
) -> t.Tuple[t.Optional[bool], t.Optional[str]]:
    """Whether the authority vouches for the chain, today, and for one of the names."""
    context = verifying_context()
    context.verify_flags |= _PARTIAL_CHAIN
    try:
        context.load_verify_locations(cadata=anchor)
    except (ssl.SSLError, ValueError):
        return False, "the authority's certificate cannot be read"
    answer = verify(context, chain)
    if not answer.accepted:
        return answer.accepted, f"the authority of the record does not vouch for it: {answer.reason}"
    context.check_hostname = True
    # RFC 7672 3.2.3: where the certificate has no other names.
    context.hostname_checks_common_name = True
    if any(verify(context, chain, name).accepted for name in names):
        return True, None
    return False, f"the certificate is for none of {', '.join(names)}"
