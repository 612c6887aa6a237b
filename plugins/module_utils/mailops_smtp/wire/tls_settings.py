# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The user's TLS options, loaded once for all dialogs that share them: a context costs milliseconds.

The handshake's context verifies nothing, on purpose: trust is judged apart from it (trust.py).
"""

from __future__ import annotations

import copy
import os
import re
import ssl
import typing as t
import warnings

from .handshake import observe
from .trust import Trust, openssl_word

if t.TYPE_CHECKING:
    from .trust_as_of import TrustAsOf

TLS_VERSIONS = {
    "SSLv3": ssl.TLSVersion.SSLv3,
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
DEFAULT_MIN_VERSION = "TLSv1.2"
_EVERY_CIPHER = "ALL:@SECLEVEL=0"


class TLSSettingError(ValueError):
    """A TLS option that cannot be used: ``option`` such as ``tls.ca_path``, its ``value``, and the ``reason``."""

    def __init__(self, option: str, value: t.Any, reason: str) -> None:
        super().__init__(f"{option}: {value}: {reason}")
        self.option = option
        self.value = value
        self.reason = reason


class TLSOptions(t.Protocol):
    """The options that make TLS settings; None where the user said nothing."""

    @property
    def ca_path(self) -> t.Optional[str]:
        """File or directory with the authorities to trust."""

    @property
    def server_name(self) -> t.Optional[str]:
        """The name to verify and to send as SNI, in place of the host's."""

    @property
    def client_cert(self) -> t.Optional[str]:
        """File with the client's certificate and its chain."""

    @property
    def client_key(self) -> t.Optional[str]:
        """File with its key, where that is another."""

    @property
    def min_version(self) -> t.Optional[str]:
        """The oldest version to offer."""

    @property
    def max_version(self) -> t.Optional[str]:
        """The newest version to offer."""

    @property
    def ciphers(self) -> t.Optional[str]:
        """The cipher suites to offer up to TLS 1.2, in OpenSSL's words."""

    @property
    def probe_versions(self) -> t.Tuple[str, ...]:
        """The versions to find out about, each by an offer of that one alone."""

    @property
    def as_of(self) -> t.Optional[int]:
        """The Unix time, besides today, to judge certificates for."""


class TLSSettings:
    """Everything that one set of TLS options needs.

    :raises TLSSettingError: a file cannot be read or is not what it should be, or the versions exclude each other.
    """

    def __init__(self, options: TLSOptions) -> None:
        self.server_name = options.server_name
        low = options.min_version or DEFAULT_MIN_VERSION
        ciphers = _wanted_ciphers(options.ciphers, with_old_ones=TLS_VERSIONS[low] < ssl.TLSVersion.TLSv1_2)
        self.context = _handshake_context(options, low, options.max_version, ciphers)
        self.trust = Trust()
        if options.ca_path is None:
            # There is nothing of the user's in it that could be wrong.
            self.trust.load_later = _load_system_authorities
        else:
            _load_authorities(self.trust.context, options.ca_path)
        self.trust_as_of: t.Optional[TrustAsOf] = None
        if options.as_of is not None:
            # Only who asks for another day pays for it.
            from .trust_as_of import TrustAsOf

            self.trust_as_of = TrustAsOf(options.as_of)
            _load_authorities(self.trust_as_of.context, options.ca_path)
        self.versions = {version: self._offering(options, version) for version in options.probe_versions}

    def _offering(self, options: TLSOptions, version: str) -> t.Union[TLSSettings, str]:
        """The same with nothing but this version on offer, or why OpenSSL cannot do that here.

        Whether a server speaks a version must not depend on which of its cipher suites were asked for: all are offered.
        """
        only = copy.copy(self)
        only.versions = {}
        try:
            only.context = _handshake_context(options, version, version, _EVERY_CIPHER)
            reason = _why_not_offered(only.context)
        except ValueError as error:
            if isinstance(error, TLSSettingError) and error.option != "tls.ciphers":
                raise  # the user's own files
            # Some builds of OpenSSL do not even take the version's number, or have no cipher suites for it.
            reason = str(error)
        return only if reason is None else f"OpenSSL cannot offer it here ({reason}; {ssl.OPENSSL_VERSION})"


def _why_not_offered(context: ssl.SSLContext) -> t.Optional[str]:
    """What keeps OpenSSL from as much as a ClientHello: it may be built or set up without a version."""
    client, said = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(client, said).do_handshake()
    except ssl.SSLWantReadError:
        return None
    except ssl.SSLError as error:
        return openssl_word(error)
    return None


def _handshake_context(
    options: TLSOptions, low: str, high: t.Optional[str], ciphers: t.Optional[str]
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # One handshake, one certificate: a server that starts another inside the session gets a no.
    context.options |= ssl.OP_NO_RENEGOTIATION
    _set_versions(context, low, high)
    if ciphers is not None:
        _set_ciphers(context, options.ciphers, ciphers)
    _load_client_certificate(context, options.client_cert, options.client_key)
    observe(context)
    return context


def _set_versions(context: ssl.SSLContext, minimum: str, maximum: t.Optional[str]) -> None:
    low = TLS_VERSIONS[minimum]
    high = TLS_VERSIONS[maximum] if maximum is not None else ssl.TLSVersion.MAXIMUM_SUPPORTED
    if maximum is not None and high < low:
        raise TLSSettingError("tls.max_version", maximum, f"is below tls.min_version, which is {minimum}")
    with warnings.catch_warnings():
        # Python warns of old versions. Here they were asked for, to find out whether a server still speaks them.
        warnings.simplefilter("ignore", DeprecationWarning)
        if minimum == "SSLv3":
            context.options &= ~ssl.OP_NO_SSLv3
        context.minimum_version = low
        context.maximum_version = high


def _wanted_ciphers(ciphers: t.Optional[str], with_old_ones: bool) -> t.Optional[str]:
    # OpenSSL 3 has the hashes of TLS 1.0 and 1.1 in security level 0 only, and without them offers neither.
    return f"{ciphers or 'DEFAULT'}:@SECLEVEL=0" if with_old_ones else ciphers


def _set_ciphers(context: ssl.SSLContext, ciphers: t.Optional[str], wanted: str) -> None:
    """Those of TLS 1.3 are not Python's to choose."""
    try:
        context.set_ciphers(wanted)
    except ssl.SSLError as error:
        reason = "OpenSSL offers nothing of that name here; `openssl ciphers` lists what it has"
        raise TLSSettingError("tls.ciphers", ciphers, reason) from error


def _load_client_certificate(context: ssl.SSLContext, certificate: t.Optional[str], key: t.Optional[str]) -> None:
    if certificate is None:
        if key is not None:
            raise TLSSettingError("tls.client_key", key, "is of no use without tls.client_cert")
        return
    _check_readable("tls.client_cert", certificate)
    if key is not None:
        _check_readable("tls.client_key", key)
    try:
        # The empty password keeps OpenSSL from asking for one at the terminal.
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        reason = f"certificate and key must be a matching pair in PEM, the key without password ({openssl_word(error)})"
        raise TLSSettingError("tls.client_cert", certificate, reason) from error


def _load_system_authorities(context: ssl.SSLContext) -> None:
    context.load_default_certs(ssl.Purpose.SERVER_AUTH)


def _load_authorities(context: ssl.SSLContext, ca_path: t.Optional[str]) -> None:
    if ca_path is None:
        _load_system_authorities(context)
        return
    try:
        if os.path.isdir(ca_path):
            # OpenSSL looks into a directory only when it meets an issuer, and only for the name it hashes to.
            if not any(re.fullmatch(r"[0-9a-f]{8}\.[0-9]+", name) for name in os.listdir(ca_path)):
                raise TLSSettingError("tls.ca_path", ca_path, 'has no certificates by hash; run "openssl rehash" on it')
            context.load_verify_locations(capath=ca_path)
        else:
            context.load_verify_locations(cafile=ca_path)
    except ssl.SSLError as error:
        raise TLSSettingError("tls.ca_path", ca_path, f"has no certificates in PEM ({openssl_word(error)})") from error
    except OSError as error:
        raise TLSSettingError("tls.ca_path", ca_path, f"cannot be read: {error.strerror}") from error


def _check_readable(option: str, path: str) -> None:
    """OpenSSL says of a missing or forbidden file only that there is one, not which."""
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise TLSSettingError(option, path, f"cannot be read: {error.strerror}") from error
