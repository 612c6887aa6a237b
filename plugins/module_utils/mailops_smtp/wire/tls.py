# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""TLS over any stream, and OpenSSL's judgement of the certificate, made apart from the handshake.

The handshake verifies nothing. Mail servers send to untrusted certificates too (RFC 7435), and where the user wants
verified TLS the dialog still has to end with QUIT. A handshake that verified would break the connection off and leave
nothing to tell but its first error.

The judgement comes afterwards, and it is OpenSSL's own, not an imitation. A second TLS client, which verifies, runs in
memory without any network: it is handed a ServerHello for TLS 1.2 and a Certificate message with the chain that the
server presented. In TLS 1.2 the certificate comes in clear, ahead of any proof that the server has its key (which
the real handshake has had), so OpenSSL verifies the chain at this point, and it either asks for more, which means yes,
or says why not. Two clients answer two questions independently of each other:

- *trusted*: does the chain lead to an authority of ``tls.ca_path`` or the system's store, today?
- *name*: is the certificate good for this name? This client takes the server's own certificate for an authority and
  looks at no dates, so that nothing but the name is left to fail.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import ipaddress
import itertools
import re
import ssl
import struct
import typing as t
import warnings
from pathlib import Path

from ..evidence import TLS, Certificate, NameMatch, printable
from .certificate import CertificateError, certificate_facts

# Far more than any real chain has; a server's Certificate message may have 100 kB.
MAX_CHAIN = 20
MAX_UNSENT_OCTETS = 256 * 1024
MAX_SHOWN_OCTETS = 200

TLS_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
DEFAULT_MIN_VERSION = "TLSv1.2"

_RECEIVE_SIZE = 32 * 1024  # two TLS records of the largest size
_ACCEPT_SIZE = 64 * 1024  # octets taken at once from the caller
_LEAF_ONLY = "this Python shows only the server's own certificate"

# TLS content and handshake message types (RFC 8446 B.1, B.3).
_ALERT, _HANDSHAKE = 21, 22
_CERTIFICATE, _CERTIFICATE_REQUEST = 11, 13

# OpenSSL's names for these came later (Python 3.10 and never).
_X509_PARTIAL_CHAIN, _X509_NO_CHECK_TIME = 0x80000, 0x200000

_REPLAY_CIPHERS = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"


class TLSSettingError(ValueError):
    """A TLS option that cannot be used: ``option`` such as ``tls.ca_path``, its ``value``, and the ``reason``."""

    def __init__(self, option: str, value: t.Any, reason: str) -> None:
        super().__init__(f"{option}: {value}: {reason}")
        self.option = option
        self.value = value
        self.reason = reason


class TLSFailure(ConnectionError):
    """TLS itself failed, in the handshake or later: a sentence that says how, OpenSSL's own word in parentheses."""

    kind = "tls"  # of evidence.ERROR_KINDS


class TLSOptions(t.Protocol):
    """The options that make TLS settings; None where the user said nothing."""

    ca_path: t.Optional[str]
    server_name: t.Optional[str]
    client_cert: t.Optional[str]
    client_key: t.Optional[str]
    min_version: t.Optional[str]
    max_version: t.Optional[str]


class TLSSettings:
    """Everything that one set of TLS options needs, loaded once for all dialogs: a context costs milliseconds.

    :raises TLSSettingError: a file cannot be read or is not what it should be, or the versions exclude each other.
    """

    def __init__(self, options: TLSOptions) -> None:
        self.server_name = options.server_name
        self.context = _handshake_context(options)
        self._trust_context = _verifying_context()
        _load_authorities(self._trust_context, options.ca_path)
        # Many dialogs meet the same certificate. What OpenSSL said of it is remembered for as long as these settings.
        self._trust: t.Dict[bytes, t.Tuple[t.Optional[bool], t.Optional[str]]] = {}
        self._names: t.Dict[t.Tuple[bytes, str], NameMatch] = {}

    def trusted(self, chain: t.Sequence[bytes]) -> t.Tuple[t.Optional[bool], t.Optional[str]]:
        """Whether the chain (DER, the server's own certificate first) leads to a trusted authority, and why not."""
        digest = hashlib.sha256(b"".join(chain)).digest()
        if digest not in self._trust:
            answer = _verify(self._trust_context, chain)
            self._trust[digest] = (answer.accepted, answer.reason)
        return self._trust[digest]

    def name_match(self, certificate: bytes, name: t.Optional[str]) -> NameMatch:
        """Whether the certificate (DER) is good for the name, trusted or not."""
        if name is None:
            return NameMatch(None, None, None, "the name that was connected to cannot stand in a certificate")
        key = (hashlib.sha256(certificate).digest(), name)
        if key not in self._names:
            self._names[key] = _name_match(certificate, name)
        return self._names[key]


def _handshake_context(options: TLSOptions) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # One handshake, one certificate: a server that starts another inside the session gets a no.
    context.options |= ssl.OP_NO_RENEGOTIATION
    _set_versions(context, options.min_version or DEFAULT_MIN_VERSION, options.max_version)
    _load_client_certificate(context, options.client_cert, options.client_key)
    context.sslobject_class = _ObservedSSLObject
    if hasattr(context, "_msg_callback"):
        context._msg_callback = _observe
    return context


def _set_versions(context: ssl.SSLContext, minimum: str, maximum: t.Optional[str]) -> None:
    low = TLS_VERSIONS[minimum]
    high = TLS_VERSIONS[maximum] if maximum is not None else ssl.TLSVersion.MAXIMUM_SUPPORTED
    if maximum is not None and high < low:
        raise TLSSettingError("tls.max_version", maximum, f"is below tls.min_version, which is {minimum}")
    if low < ssl.TLSVersion.TLSv1_2:
        # OpenSSL 3 has the hashes of TLS 1.0 and 1.1 in security level 0 only, and without them offers neither.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        # Python warns of old versions. Here they were asked for, to find out whether a server still speaks them.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = low
        context.maximum_version = high


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
        reason = f"certificate and key must be a matching pair in PEM, the key without password ({_reason(error)})"
        raise TLSSettingError("tls.client_cert", certificate, reason) from error


def _load_authorities(context: ssl.SSLContext, ca_path: t.Optional[str]) -> None:
    if ca_path is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        return
    try:
        if Path(ca_path).is_dir():
            # OpenSSL looks into a directory only when it meets an issuer, and only for the name it hashes to.
            if not any(re.fullmatch(r"[0-9a-f]{8}\.[0-9]+", entry.name) for entry in Path(ca_path).iterdir()):
                raise TLSSettingError("tls.ca_path", ca_path, 'has no certificates by hash; run "openssl rehash" on it')
            context.load_verify_locations(capath=ca_path)
        else:
            _check_readable("tls.ca_path", ca_path)
            context.load_verify_locations(cafile=ca_path)
    except ssl.SSLError as error:
        raise TLSSettingError("tls.ca_path", ca_path, f"has no certificates in PEM ({_reason(error)})") from error
    except OSError as error:
        raise TLSSettingError("tls.ca_path", ca_path, f"cannot be read: {error.strerror}") from error


def _check_readable(option: str, path: str) -> None:
    """OpenSSL says of a missing or forbidden file only that there is one, not which."""
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise TLSSettingError(option, path, f"cannot be read: {error.strerror}") from error


class _Answer(t.NamedTuple):
    """``accepted`` is None where OpenSSL did not get as far as an answer."""

    accepted: t.Optional[bool]
    reason: t.Optional[str]
    mismatch: bool = False


def _verifying_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_REPLAY_CIPHERS)
    return context


def _verify(context: ssl.SSLContext, chain: t.Sequence[bytes], name: t.Optional[str] = None) -> _Answer:
    """Replay the chain to a verifying client (see the top of this file) and return what OpenSSL makes of it."""
    incoming = ssl.MemoryBIO()
    client = context.wrap_bio(incoming, ssl.MemoryBIO(), server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    messages = _server_hello(chain[0]) + _certificate_message(chain)
    for start in range(0, len(messages), 16384):
        fragment = messages[start : start + 16384]
        incoming.write(struct.pack("!BHH", _HANDSHAKE, 0x0303, len(fragment)) + fragment)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return _Answer(True, None)
    except ssl.SSLCertVerificationError as error:
        # X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH
        return _Answer(False, error.verify_message, error.verify_code in (62, 64))
    except ssl.SSLError as error:
        return _Answer(None, f"the certificate could not be verified ({_reason(error)})")
    return _Answer(None, "the certificate could not be verified")


def _server_hello(certificate: bytes) -> bytes:
    """RFC 5246 7.4.1.3, with an empty random and session. The cipher suite must fit the certificate's type of key."""
    try:
        rsa = (certificate_facts(certificate, 0).key_type or "").startswith("RSA")
    except CertificateError:
        rsa = True
    cipher = 0xC02F if rsa else 0xC02B  # TLS_ECDHE_RSA_ or ECDSA_WITH_AES_128_GCM_SHA256 (RFC 5289)
    renegotiation_info = b"\xff\x01\x00\x01\x00"  # RFC 5746: OpenSSL 3 talks to no server that lacks it
    body = struct.pack("!H32xBHBH", 0x0303, 0, cipher, 0, len(renegotiation_info)) + renegotiation_info
    return b"\x02" + _prefixed(body)


def _certificate_message(chain: t.Sequence[bytes]) -> bytes:
    """RFC 5246 7.4.2"""
    return struct.pack("!B", _CERTIFICATE) + _prefixed(_prefixed(b"".join(_prefixed(entry) for entry in chain)))


def _prefixed(octets: bytes) -> bytes:
    return len(octets).to_bytes(3, "big") + octets


def _name_match(certificate: bytes, name: str) -> NameMatch:
    context = _verifying_context()
    context.set_ciphers(f"{_REPLAY_CIPHERS}:@SECLEVEL=0")
    context.check_hostname = True
    # RFC 9525 6.1: the common name is not a name that was certified.
    context.hostname_checks_common_name = False
    context.verify_flags |= _X509_PARTIAL_CHAIN | _X509_NO_CHECK_TIME
    context.load_verify_locations(cadata=certificate)
    answer = _verify(context, [certificate], name)
    if answer.accepted:
        return NameMatch(name, True, _matching_entry(certificate, name))
    if answer.mismatch:
        return NameMatch(name, False, None, answer.reason)
    return NameMatch(name, None, None, answer.reason)


def _matching_entry(certificate: bytes, name: str) -> t.Optional[str]:
    """The entry to show for a match that OpenSSL has found."""
    try:
        names = certificate_facts(certificate, 0).names
    except CertificateError:
        return None
    try:
        candidates = [f"IP:{ipaddress.ip_address(name)}".lower()]
    except ValueError:
        host = name.encode("idna").decode("ascii").lower()
        candidates = [f"dns:{host}", f"dns:*.{host.partition('.')[2]}"]
    return next((entry for entry in names if entry.lower() in candidates), None)


class Stream(t.Protocol):
    """The methods of a non-blocking socket that this file needs."""

    def fileno(self) -> int: ...

    def recv(self, size: int) -> bytes: ...

    def send(self, data: bytes) -> int: ...

    def close(self) -> None: ...


class _ObservedSSLObject(ssl.SSLObject):
    """Keeps what the handshake's messages tell and no method of the ssl module does before Python 3.13."""

    certificate_message: t.Optional[t.Tuple[int, bytes]] = None  # the protocol version and the message
    certificate_requested = False


def _observe(
    connection: _ObservedSSLObject, direction: str, version: int, content_type: int, message_type: int, message: bytes
) -> None:
    """The message callback that ssl.SSLContext has had since Python 3.8, decrypted messages included."""
    if direction == "read" and content_type == _HANDSHAKE:
        if message_type == _CERTIFICATE:
            connection.certificate_message = (version, message)
        elif message_type == _CERTIFICATE_REQUEST:
            connection.certificate_requested = True


def _certificates(version: int, message: bytes) -> t.Iterator[bytes]:
    """The entries of a Certificate message. OpenSSL may not have accepted it yet, so its lengths can be wrong."""
    rest = message[4:]
    if version == ssl.TLSVersion.TLSv1_3:
        rest = rest[1 + rest[0] :] if rest else b""  # RFC 8446 4.4.2: the context comes first
    rest = rest[3:]
    while len(rest) >= 3:
        end = 3 + int.from_bytes(rest[:3], "big")
        yield rest[3:end]
        if version == ssl.TLSVersion.TLSv1_3:
            end += 2 + int.from_bytes(rest[end : end + 2], "big")  # the extensions of each entry
        rest = rest[end:]


class TLSStream:
    """A TLS client over any stream, itself a stream.

    What it encrypts goes to the stream below at once, as far as that takes it. For the rest, ``unsent()`` says that
    ``flush()`` is to be called when the stream below can be written to again.

    :param server_name: the name or address that was connected to; ``tls.server_name`` has precedence.
    """

    def __init__(self, stream: Stream, settings: TLSSettings, server_name: str) -> None:
        self._stream = stream
        self._settings = settings
        self._name = _certifiable(settings.server_name or server_name)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = t.cast(
            _ObservedSSLObject,
            settings.context.wrap_bio(self._incoming, self._outgoing, server_hostname=self._name),
        )
        self._ciphertext = b""  # encrypted, and not taken yet by the stream below
        self._first_octets = b""
        self._ended = False
        self.established = False
        # Many mail servers hang up without it. Each reply ends with CRLF, so that cuts off nothing unseen.
        self.close_notify_received = False

    def fileno(self) -> int:
        return self._stream.fileno()

    def handshake(self) -> bool:
        """Go on with the handshake: True when it is finished, False while the server has to say more.

        The last flight stays here, to leave together with the first command; recv() sends it where there is none.

        :raises TLSFailure: it failed, and how.
        :raises OSError: the stream below is lost.
        """
        while not self.established:
            try:
                self._tls.do_handshake()
                self.established = True
            except ssl.SSLWantReadError:
                try:
                    self._receive()
                except BlockingIOError:
                    return False
                if self._ended:
                    raise TLSFailure("The server closed the connection during the TLS handshake.") from None
            except ssl.SSLError as error:
                raise self._failure(error) from error
        return True

    def recv(self, size: int) -> bytes:
        """Decrypted octets; b"" at the end, be it announced by the server or not.

        :raises BlockingIOError: there is nothing yet.
        :raises TLSFailure: what arrived cannot be decrypted, or the server sent an alert.
        :raises OSError: the stream below is lost.
        """
        while not self._ended:
            try:
                data = self._tls.read(size)
            except ssl.SSLWantReadError:
                self._receive()
                continue
            except ssl.SSLZeroReturnError:
                data = b""
            except ssl.SSLError as error:
                raise self._failure(error) from error
            if data:
                return data
            self._ended = self.close_notify_received = True
        return b""

    def send(self, data: bytes) -> int:
        """Encrypt as much as is reasonable, send what the stream below takes, and return how much was encrypted.

        :raises BlockingIOError: the stream below has not taken what was encrypted before.
        :raises TLSFailure: the session has failed.
        :raises OSError: the stream below is lost.
        """
        if len(self._ciphertext) > MAX_UNSENT_OCTETS:
            self.flush()
            if len(self._ciphertext) > MAX_UNSENT_OCTETS:
                raise BlockingIOError(errno.EAGAIN, "too much is waiting to be sent")
        try:
            accepted = self._tls.write(data[:_ACCEPT_SIZE])
        except ssl.SSLError as error:
            raise self._failure(error) from error
        self.flush()
        return accepted

    def flush(self) -> None:
        """Send the encrypted octets that wait here, as far as the stream below takes them."""
        self._ciphertext += self._outgoing.read()
        with contextlib.suppress(BlockingIOError):
            while self._ciphertext:
                self._ciphertext = self._ciphertext[self._stream.send(self._ciphertext) :]

    def unsent(self) -> bool:
        return bool(self._ciphertext) or self._outgoing.pending > 0

    def pending(self) -> bool:
        """Whether recv() has something without the stream below becoming readable."""
        return self._tls.pending() > 0 or self._incoming.pending > 0

    def close(self) -> None:
        """Announce the end (close_notify) if that is possible without waiting, and close the stream below."""
        with contextlib.suppress(OSError):
            try:
                self._tls.unwrap()
            finally:
                self.flush()
        self._stream.close()

    def _receive(self) -> None:
        """Hand over to OpenSSL what has arrived, having sent first what the server may be waiting for."""
        self.flush()
        data = self._stream.recv(_RECEIVE_SIZE)
        if not data:
            self._ended = True
        self._first_octets = self._first_octets or data[:MAX_SHOWN_OCTETS]
        self._incoming.write(data)

    def _failure(self, error: ssl.SSLError) -> TLSFailure:
        # What is still here is the alert that tells the server why.
        with contextlib.suppress(OSError):
            self.flush()
        reason = _reason(error)
        if self._first_octets and self._first_octets[0] not in (_ALERT, _HANDSHAKE):
            return TLSFailure(f'What arrived is not TLS: "{printable(self._first_octets.rstrip())}" ({reason}).')
        return TLSFailure(f"{_sentence(reason)} ({reason}).")

    def observed(self, now: float, offered: t.Optional[bool]) -> TLS:
        """The facts of this session, or of the attempt.

        :param now: the moment of the check as Unix time.
        :param offered: whether the server offers TLS, which only the dialog knows.
        """
        octets, chain_reason = self._presented_chain()
        chain: t.List[Certificate] = []
        try:
            chain.extend(certificate_facts(entry, now) for entry in octets)
        except CertificateError as error:
            chain_reason = f"certificate {len(chain) + 1} of the chain cannot be read: {error}"
        trusted, reason = self._settings.trusted(octets) if octets else (None, None)
        if trusted is False and chain_reason == _LEAF_ONLY:
            trusted, reason = None, f"{reason}, but {chain_reason}"
        cipher = self._tls.cipher() if self.established else None
        return TLS(
            offered=offered,
            established=self.established,
            version=self._tls.version() if self.established else None,
            cipher=cipher[0] if cipher is not None else None,
            certificate=chain[0] if chain else None,
            chain=tuple(chain),
            chain_reason=chain_reason,
            trusted=trusted,
            reason=reason,
            name_matches=self._settings.name_match(octets[0], self._name) if octets else None,
            client_certificate_requested=self._client_certificate_requested(),
            library=ssl.OPENSSL_VERSION,
        )

    def _presented_chain(self) -> t.Tuple[t.List[bytes], t.Optional[str]]:
        """The certificates as the server sent them, its own first, and why they may not be all."""
        if hasattr(self._tls, "get_unverified_chain"):  # Python 3.13
            chain = self._tls.get_unverified_chain()
        elif self._tls.certificate_message is not None:
            chain = list(itertools.islice(_certificates(*self._tls.certificate_message), MAX_CHAIN + 1))
        else:
            chain = []
        own = self._tls.getpeercert(True) if self.established else None
        if own is not None and chain[:1] != [own]:
            return [own], _LEAF_ONLY
        if len(chain) > MAX_CHAIN:
            return chain[:MAX_CHAIN], f"the server sent more than {MAX_CHAIN} certificates"
        return chain, None

    def _client_certificate_requested(self) -> t.Optional[bool]:
        if self._tls.certificate_requested:
            return True
        return False if self.established and hasattr(ssl.SSLContext, "_msg_callback") else None


def _certifiable(name: str) -> t.Optional[str]:
    """The name as it stands in certificates and in SNI (RFC 6066 3): without the root's dot or an address's zone.

    None where it is too long, or empty between two dots."""
    name = name.partition("%")[0]
    if name.endswith("."):
        name = name[:-1]
    try:
        return name.encode("idna").decode("ascii") or None
    except UnicodeError:
        return None


def _reason(error: ssl.SSLError) -> str:
    return error.reason or str(error.args[-1])


def _sentence(reason: str) -> str:
    if reason in ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE"):
        return "Client and server have no TLS version in common"
    # OpenSSL names an alert after the version that introduced it, not after the one in use.
    alert = re.fullmatch(r"(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?(.+)", reason)
    words = (alert.group(1) if alert else reason).replace("_", " ").lower()
    return f'The server sent the TLS alert "{words}"' if alert else f"TLS failed: {words}"
