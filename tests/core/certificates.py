# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates for the tests of TLS, good ones and others."""

from __future__ import annotations

import datetime
import ipaddress
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.timezone.utc)
PEM = serialization.Encoding.PEM
HOST = "mx1.contoso.com"
SHA256 = hashes.SHA256()


class Issued(t.NamedTuple):
    """A certificate, its key, and those above it that the server sends along."""

    certificate: x509.Certificate
    key: t.Any
    chain: t.Tuple[x509.Certificate, ...] = ()

    def pem(self) -> bytes:
        key = self.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return key + b"".join(entry.public_bytes(PEM) for entry in (self.certificate, *self.chain))


def issue(
    *names,
    by: t.Optional[Issued] = None,
    common_name=None,
    days=(-1, 30),
    ca=False,
    usage=ExtendedKeyUsageOID.SERVER_AUTH,
    key=None,
    digest=SHA256,
) -> Issued:
    """A new certificate for these host names and addresses, self-signed where nobody issues it."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name or f"certificate {names}")])
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=by.certificate.subject if by else subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=NOW + datetime.timedelta(days=days[0]),
        not_valid_after=NOW + datetime.timedelta(days=days[1]),
    ).add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), False)
    if not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    signed = builder.sign(by.key if by else key, digest)
    # The root is not sent along: whoever trusts it has it.
    return Issued(
        signed, key, (by.certificate, *by.chain) if by and by.certificate.issuer != by.certificate.subject else ()
    )


def general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


ROOT = issue(common_name="Contoso root", ca=True, days=(-1000, 1000))
INTERMEDIATE = issue(by=ROOT, common_name="Contoso issuing", ca=True)
GOOD = issue(HOST, by=ROOT)
