# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test CA, the certificates it signs, and one certificate that nobody should accept."""

from __future__ import annotations

from pathlib import Path

from .command import run
from .site import Endpoint

DAYS = 30
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")


class Authority:
    """A CA whose certificate is `certificate_file`. One that the directory has already goes on."""

    def __init__(self, directory: Path, name: str = "Contoso Test CA", organization: str = "") -> None:
        self.certificate_file = directory / "ca.pem"
        self._key_file = directory / "ca.key"
        if self.certificate_file.exists():
            return
        subject = f"{'/O=' + organization if organization else ''}/CN={name}"
        run(
            "openssl", "req", "-x509", *_NEW_KEY, "-days", DAYS, "-subj", subject,
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", self._key_file, "-out", self.certificate_file,
        )  # fmt: skip

    def issue(self, endpoint: Endpoint, *more: str, days: int = DAYS, since: str = "") -> str:
        """Key and certificate for one host, in the order of Postfix's smtpd_tls_chain_files: key first."""
        clock = ("faketime", since) if since else ()
        return run(
            *clock, "openssl", "req", "-x509", "-CA", self.certificate_file, "-CAkey", self._key_file,
            *_NEW_KEY, "-days", days, "-subj", f"/CN={endpoint.fqdn}", *_leaf_extensions(endpoint), *more,
            "-keyout", "-", "-out", "-",
        )  # fmt: skip


def planted(authority: Authority, endpoint: Endpoint, directory: Path) -> dict[str, str]:
    """Keys with certificates of which each has one fault, by its name."""
    foreign = Authority(_made(directory / "foreign"), "Adatum Root CA")
    inspecting = Authority(_made(directory / "inspecting"), "FortiGate CA", "Fortinet")
    return {
        "future": authority.issue(endpoint, since="+20 days"),
        "expiring": authority.issue(endpoint, days=5),
        "inspected": inspecting.issue(endpoint),
        "foreign": foreign.issue(endpoint),
        # RFC 7633: it obliges the server to send an OCSP response along.
        "must-staple": authority.issue(endpoint, "-addext", "tlsfeature=status_request"),
    }


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def expired_self_signed(endpoint: Endpoint, directory: Path) -> str:
    """As Authority.issue, but signed by itself and expired since yesterday."""
    key, certificate = directory / f"{endpoint.name}.key", directory / f"{endpoint.name}.pem"
    run(
        "openssl", "req", "-x509", *_NEW_KEY, "-subj", f"/CN={endpoint.fqdn}", *_leaf_extensions(endpoint),
        "-keyout", key, "-out", certificate,
    )  # fmt: skip
    # `openssl req` makes no certificate that ends in the past, but `openssl x509` signs one again with any end.
    return key.read_text() + run("openssl", "x509", "-in", certificate, "-signkey", key, "-days", "-1")


def _leaf_extensions(endpoint: Endpoint) -> tuple[str, ...]:
    names = f"subjectAltName=DNS:{endpoint.fqdn},IP:{endpoint.ipv4},IP:{endpoint.ipv6}"
    return ("-addext", names, "-addext", "basicConstraints=critical,CA:FALSE")
