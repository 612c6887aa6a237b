# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The data that ties a log-in to the TLS session that it takes place in (RFC 5056, RFC 5929)."""

from __future__ import annotations

import hashlib
import ssl
import typing as t

# RFC 5929 4.1: the hash of the certificate's signature, SHA-256 in place of MD5 and SHA-1. There is none to take where
# a signature has no single hash, or, as with RSASSA-PSS, does not have it in its name.
_HASHES = {
    "md5WithRSAEncryption": "sha256",
    "sha1WithRSAEncryption": "sha256",
    "sha224WithRSAEncryption": "sha224",
    "sha256WithRSAEncryption": "sha256",
    "sha384WithRSAEncryption": "sha384",
    "sha512WithRSAEncryption": "sha512",
    "dsa-with-SHA1": "sha256",
    "dsa-with-SHA256": "sha256",
    "ecdsa-with-SHA1": "sha256",
    "ecdsa-with-SHA224": "sha224",
    "ecdsa-with-SHA256": "sha256",
    "ecdsa-with-SHA384": "sha384",
    "ecdsa-with-SHA512": "sha512",
}


def channel_bindings(
    session: ssl.SSLObject, certificate: t.Optional[bytes], signature_algorithm: t.Optional[str]
) -> t.Dict[str, bytes]:
    """What can be had of an established session, by the type's registered name.

    ``tls-exporter`` (RFC 9266) is missing: no version of Python exports keying material.

    :param certificate: the server's own (DER), and ``signature_algorithm`` as certificate_facts has it.
    """
    bindings: t.Dict[str, bytes] = {}
    # RFC 9266 3: not defined for TLS 1.3, though Python returns octets there too.
    unique = session.get_channel_binding("tls-unique") if session.version() != "TLSv1.3" else None
    if unique:
        bindings["tls-unique"] = unique
    if certificate is not None and signature_algorithm in _HASHES:
        bindings["tls-server-end-point"] = hashlib.new(_HASHES[signature_algorithm], certificate).digest()
    return bindings
