# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""OpenSSL's judgement of a server's certificate, made apart from the handshake.

The handshake verifies nothing. Mail servers send to untrusted certificates too (RFC 7435), and where the user wants
verified TLS the dialog still has to end with QUIT. A handshake that verified would break the connection off and leave
nothing to tell but its first error.

The judgement comes afterwards, and it is OpenSSL's own, not an imitation. A second TLS client, which verifies, runs in
memory without any network: it is handed a ServerHello for TLS 1.2 and a Certificate message with the chain that the
server presented. In TLS 1.2 the certificate comes in clear, ahead of any proof that the server has its key (which
the real handshake has had), so OpenSSL verifies the chain at this point, and it either asks for more, which means yes,
or says why not. Two questions are to be answered independently of each other:

- *trusted*: does the chain lead to an authority of ``tls.ca_path`` or the system's store, today?
- *name*: is the certificate good for this name? Where there is no trust, this takes a client of its own, which takes
  the server's certificate for an authority and looks at no dates, so that nothing but the name is left to fail.

One that asks for both is content with nearly all certificates that are in order, and then there is nothing else to ask.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import ipaddress
import re
import ssl
import struct
import typing as t

from ..evidence import NameMatch
from .certificate import CertificateError, certificate_facts
from .handshake import CERTIFICATE, HANDSHAKE, SERVER_HELLO

# OpenSSL's names for these came later (Python 3.10 and never).
_X509_PARTIAL_CHAIN, X509_NO_CHECK_TIME = 0x80000, 0x200000

_REPLAY_CIPHERS = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"


# Contexts that are kept to ask for further names of a certificate: making one takes ten times as long as asking it.
MAX_CONTEXTS = 64


class Judgement(t.NamedTuple):
    """Whether the chain leads to a trusted authority, why not, and whether its certificate is good for the name."""

    trusted: t.Optional[bool]
    reason: t.Optional[str]
    name: NameMatch


_UNKNOWN = (None, None)


class Trust:
    """What OpenSSL says of chains and names, each asked once: many dialogs meet the same certificate.

    ``context`` has no authorities until its owner loads some, or says in ``load_later`` what loads them when the first
    chain is to be judged: the system's store takes tens of milliseconds, and many runs meet no certificate.
    """

    def __init__(self) -> None:
        self.context = verifying_context()
        # RFC 9525 6.1: the common name is not a name that was certified.
        self.context.hostname_checks_common_name = False
        self.load_later: t.Optional[t.Callable[[ssl.SSLContext], None]] = None
        self._by_certificate: t.OrderedDict[bytes, t.Optional[ssl.SSLContext]] = collections.OrderedDict()
        self._chains: t.Dict[bytes, t.Tuple[t.Optional[bool], t.Optional[str]]] = {}
        self._names: t.Dict[t.Tuple[bytes, str], NameMatch] = {}

    def judged(self, chain: t.Sequence[bytes], name: t.Optional[str]) -> Judgement:
        """What the chain (DER, the server's own certificate first) and the name come to."""
        if self.load_later is not None:
            self.load_later(self.context)
            self.load_later = None
        of_chain, of_name = hashlib.sha256(b"".join(chain)).digest(), (hashlib.sha256(chain[0]).digest(), name or "")
        if name is not None and of_name not in self._names and self._chains.get(of_chain, _UNKNOWN)[0] is not False:
            answer = verify(self.context, chain, name)
            if answer.accepted or answer.mismatch:
                self._names[of_name] = _name_match(answer, chain[0], name)
            if not answer.mismatch:
                self._chains[of_chain] = (answer.accepted, answer.reason)
        if of_chain not in self._chains:
            answer = verify(self.context, chain)
            self._chains[of_chain] = (answer.accepted, answer.reason)
        if of_name not in self._names:
            self._names[of_name] = self._name_without_trust(chain[0], name)
        return Judgement(*self._chains[of_chain], self._names[of_name])

    def _name_without_trust(self, certificate: bytes, name: t.Optional[str]) -> NameMatch:
        """Whether the certificate is good for the name, trusted or not."""
        if name is None:
            return NameMatch(None, None, None, "the name that was connected to cannot stand in a certificate")
        context = self._context_for(certificate)
        if context is None:
            return NameMatch(name, None, None, "the certificate cannot be read")
        return _name_match(verify(context, [certificate], name), certificate, name)

    def _context_for(self, certificate: bytes) -> t.Optional[ssl.SSLContext]:
        if certificate not in self._by_certificate:
            if len(self._by_certificate) >= MAX_CONTEXTS:
                self._by_certificate.popitem(last=False)
            self._by_certificate[certificate] = _context_for_names(certificate)
        return self._by_certificate[certificate]


class Answer(t.NamedTuple):
    """``accepted`` is None where OpenSSL did not get as far as an answer."""

    accepted: t.Optional[bool]
    reason: t.Optional[str]
    mismatch: bool = False


def verifying_context() -> ssl.SSLContext:
    """A context for ``verify``, without any authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_REPLAY_CIPHERS)
    return context


def verify(context: ssl.SSLContext, chain: t.Sequence[bytes], name: t.Optional[str] = None) -> Answer:
    """Replay the chain to a verifying client (see the top of this file) and return what OpenSSL makes of it."""
    incoming = ssl.MemoryBIO()
    context.check_hostname = name is not None
    client = context.wrap_bio(incoming, ssl.MemoryBIO(), server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    messages = _server_hello(chain[0]) + _certificate_message(chain)
    for start in range(0, len(messages), 16384):
        fragment = messages[start : start + 16384]
        incoming.write(struct.pack("!BHH", HANDSHAKE, 0x0303, len(fragment)) + fragment)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    except ssl.SSLCertVerificationError as error:
        # X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH
        return Answer(False, error.verify_message, error.verify_code in (62, 64))
    except ssl.SSLError as error:
        return Answer(None, f"the certificate could not be verified ({openssl_word(error)})")
    return Answer(True, None)


def _server_hello(certificate: bytes) -> bytes:
    """RFC 5246 7.4.1.3, with an empty random and session. The cipher suite must fit the certificate's type of key."""
    try:
        rsa = (certificate_facts(certificate, 0).key_type or "").startswith("RSA")
    except CertificateError:
        rsa = True
    cipher = 0xC02F if rsa else 0xC02B  # TLS_ECDHE_RSA_ or ECDSA_WITH_AES_128_GCM_SHA256 (RFC 5289)
    renegotiation_info = b"\xff\x01\x00\x01\x00"  # RFC 5746: OpenSSL 3 talks to no server that lacks it
    body = struct.pack("!H32xBHBH", 0x0303, 0, cipher, 0, len(renegotiation_info)) + renegotiation_info
    return struct.pack("!B", SERVER_HELLO) + _prefixed(body)


def _certificate_message(chain: t.Sequence[bytes]) -> bytes:
    """RFC 5246 7.4.2"""
    return struct.pack("!B", CERTIFICATE) + _prefixed(_prefixed(b"".join(_prefixed(entry) for entry in chain)))


def _prefixed(octets: bytes) -> bytes:
    return len(octets).to_bytes(3, "big") + octets


def _context_for_names(certificate: bytes) -> t.Optional[ssl.SSLContext]:
    """A context in which only a name can be wrong with this certificate; None where that cannot be read."""
    context = verifying_context()
    context.set_ciphers(f"{_REPLAY_CIPHERS}:@SECLEVEL=0")
    # RFC 9525 6.1: the common name is not a name that was certified.
    context.hostname_checks_common_name = False
    context.verify_flags |= _X509_PARTIAL_CHAIN | X509_NO_CHECK_TIME
    try:
        context.load_verify_locations(cadata=certificate)
    except (ssl.SSLError, ValueError):  # ValueError: there are no octets at all
        return None
    return context


def _name_match(answer: Answer, certificate: bytes, name: str) -> NameMatch:
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


def openssl_word(error: ssl.SSLError) -> str:
    """OpenSSL's own word, without the places in its and Python's sources."""
    return error.reason or re.sub(r"^\[\w+\] | \(_ssl\.c:\d+\)$", "", str(error.args[-1]))
