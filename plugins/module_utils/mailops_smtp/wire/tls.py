# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""TLS over any stream: the client's side of the session, and the facts that are published of it."""

from __future__ import annotations

import contextlib
import errno
import re
import ssl
import typing as t

from ..evidence import TLS, AsOf, Certificate, Stapling, TLSSession, printable
from .certificate import CertificateError, certificate_facts
from .channel_binding import channel_bindings
from .dane import Reference, judged
from .handshake import HANDSHAKE, LEAF_ONLY, SHOWS_MESSAGES, ObservedSSLObject
from .tls_settings import TLSSettings
from .trust import openssl_word

MAX_UNSENT_OCTETS = 256 * 1024
MAX_UNANSWERED_OCTETS = 4 * MAX_UNSENT_OCTETS
MAX_SHOWN_OCTETS = 200

_RECEIVE_SIZE = 32 * 1024  # two TLS records of the largest size
_ACCEPT_SIZE = 64 * 1024  # octets taken at once from the caller

# What is taken from the stream below before others have their turn: what comes without end, in the handshake or as
# messages of TLS that are no data, must not cost them their time.
_OCTETS_AT_ONCE = 128 * 1024

_ALERT = 21  # a TLS content type (RFC 8446 B.1)

UNASKED_STAPLE = "Python's ssl module cannot ask for one, and unasked no server sends it (RFC 6066 8)"
UNTRIED_RESUMPTION = "only a second connection would show it"


class TLSFailure(ConnectionError):
    """TLS itself failed, in the handshake or later: a sentence that says how, OpenSSL's own word in parentheses."""

    kind = "tls"  # of evidence.ERROR_KINDS


class Stream(t.Protocol):
    """The methods of a non-blocking socket that this file needs."""

    def fileno(self) -> int:
        """As select wants it."""

    def recv(self, size: int) -> bytes:
        """Empty at the end; BlockingIOError where there is nothing yet."""

    def send(self, data: bytes) -> int:
        """How much was taken; BlockingIOError where that is nothing."""

    def close(self) -> None:
        """Let go of it."""


class TLSStream:
    """A TLS client over any stream, itself a stream.

    What it encrypts goes to the stream below at once, as far as that takes it. For the rest, ``unsent()`` says that
    ``flush()`` is to be called when the stream below can be written to again.

    :param server_name: the name or address that was connected to; ``tls.server_name`` has precedence.
    :param session: one with the same server and settings, to be taken up again.
    """

    def __init__(
        self, stream: Stream, settings: TLSSettings, server_name: str, session: t.Optional[ssl.SSLSession] = None
    ) -> None:
        self._stream = stream
        self._settings = settings
        self._name = _certifiable(settings.server_name or server_name)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = t.cast(
            ObservedSSLObject,
            settings.context.wrap_bio(self._incoming, self._outgoing, server_hostname=self._name, session=session),
        )
        self._resumes = session is not None
        self._ciphertext = b""  # encrypted, and not taken yet by the stream below
        self._first_octets = b""
        self._ended = False
        self._heard = False
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
        taken = 0
        while not self.established:
            try:
                self._tls.do_handshake()
                self.established = True
            except ssl.SSLWantReadError:
                if taken >= _OCTETS_AT_ONCE:
                    return False
                try:
                    taken += self._receive()
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
        taken = 0
        while not self._ended:
            try:
                data = self._tls.read(size)
            except ssl.SSLWantReadError:
                if taken >= _OCTETS_AT_ONCE:
                    raise BlockingIOError(errno.EAGAIN, "much has come, and nothing of it is data") from None
                taken += self._receive()
                continue
            except ssl.SSLError as error:
                raise self._failure(error) from error
            self._heard = True
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

    def _receive(self) -> int:
        """Hand over to OpenSSL what has arrived, having sent first what the server may be waiting for; how much it was.

        :raises TLSFailure: what OpenSSL has to answer to it is more and more, and the stream below takes none of it.
        """
        self.flush()
        if len(self._ciphertext) > MAX_UNANSWERED_OCTETS:
            raise TLSFailure("The server makes TLS answer without end, and does not take the answers.")
        data = self._stream.recv(_RECEIVE_SIZE)
        if not data:
            self._ended = True
        self._first_octets = self._first_octets or data[:MAX_SHOWN_OCTETS]
        self._incoming.write(data)
        return len(data)

    def _failure(self, error: ssl.SSLError) -> TLSFailure:
        # What is still here is the alert that tells the server why.
        with contextlib.suppress(OSError):
            self.flush()
        if isinstance(error, ssl.SSLZeroReturnError):
            return TLSFailure("The TLS session is closed.")
        reason = openssl_word(error)
        if self._first_octets and self._first_octets[0] not in (_ALERT, HANDSHAKE):
            return TLSFailure(f'What arrived is not TLS: "{printable(self._first_octets.rstrip())}" ({reason}).')
        if self.established and self._tls.handshake_requested:
            return TLSFailure(
                f"The server asked for another handshake inside the session, which is refused ({reason})."
            )
        return TLSFailure(f"{_sentence(reason)} ({reason}).")

    def channel_bindings(self) -> t.Dict[str, bytes]:
        """What a log-in over this connection can be bound to, by the type's registered name."""
        certificate = self._tls.getpeercert(True)
        try:
            algorithm = certificate_facts(certificate, 0).signature_algorithm if certificate is not None else None
        except CertificateError:
            algorithm = None
        return channel_bindings(self._tls, certificate, algorithm)

    def session(self) -> t.Optional[ssl.SSLSession]:
        """What it takes to take the session up again on another connection; None where that cannot be."""
        session = self._tls.session if self.established else None
        offered = session is not None and (session.has_ticket or (session.id and self._tls.version() != "TLSv1.3"))
        return session if offered else None

    def resumption(self) -> t.Optional[TLSSession]:
        """What the server has offered so far for taking the TLS session up again; None where there is none."""
        offer = self._offer()
        if offer is None or not self._resumes:
            return offer
        return offer._replace(reused=self._tls.session_reused, reason=None)

    def _offer(self) -> t.Optional[TLSSession]:
        if not self.established:
            return None
        # Python copies the whole session to show it, which takes longer than all else here: that is only for what the
        # messages do not tell.
        if self._tls.ticket_lifetime is not None:
            return TLSSession(True, self._tls.ticket_lifetime, None, None, UNTRIED_RESUMPTION)
        if self._tls.version() == "TLSv1.3" and SHOWS_MESSAGES:
            return TLSSession(False if self._heard else None, None, None, None, UNTRIED_RESUMPTION)
        session = self._tls.session
        if session is None:
            return None
        if session.has_ticket:
            return TLSSession(True, session.ticket_lifetime_hint, None, None, UNTRIED_RESUMPTION)
        if self._tls.version() != "TLSv1.3":
            return TLSSession(False, None, bool(session.id), None, UNTRIED_RESUMPTION)
        # RFC 8446 4.6.1: tickets come after the handshake, with the server's first words or later.
        return TLSSession(False if self._heard else None, None, None, None, UNTRIED_RESUMPTION)

    def _as_of(self, chain: t.List[bytes], is_whole: bool) -> t.Optional[AsOf]:
        judge = self._settings.trust_as_of
        return judge.judged(chain, is_whole) if judge is not None else None

    def observed(self, now: float, offered: t.Optional[bool], dane: t.Optional[Reference] = None) -> TLS:
        """The facts of the TLS session, or of the attempt.

        :param now: the moment of the check as Unix time.
        :param offered: whether the server offers TLS, which only the dialog knows.
        :param dane: what the DNS says of the certificate, where that was looked up.
        """
        octets, chain_reason = self._tls.presented_chain(self.established)
        chain: t.List[Certificate] = []
        try:
            chain.extend(certificate_facts(entry, now) for entry in octets)
        except CertificateError as error:
            chain_reason = f"certificate {len(chain) + 1} of the chain cannot be read: {error}"
        judgement = self._settings.trust.judged(octets, self._name) if octets else None
        trusted, reason = (judgement.trusted, judgement.reason) if judgement is not None else (None, None)
        if trusted is False and chain_reason == LEAF_ONLY:
            trusted, reason = None, f"{reason}, but {chain_reason}"
        as_of = self._as_of(octets, chain_reason != LEAF_ONLY) if octets else None
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
            name_matches=judgement.name if judgement is not None else None,
            client_certificate_requested=self._tls.client_certificate_requested(self.established),
            as_of=as_of,
            ocsp=Stapling(None, UNASKED_STAPLE) if self.established else None,
            library=ssl.OPENSSL_VERSION,
            dane=judged(dane, octets, chain_reason != LEAF_ONLY) if dane is not None else None,
        )


def why_unacceptable(facts: TLS) -> t.Optional[str]:
    """Why a certificate that was asked to be verified does not do; None where it does."""
    if not facts.trusted:
        return f"The certificate is not trusted: {facts.reason or 'the reason is unknown'}."
    name = facts.name_matches
    if name is None or name.matches is None:
        return f"The certificate's name could not be checked: {name.reason if name else 'there is none'}."
    return None if name.matches else f"The certificate is not for {name.name}."


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


def _sentence(reason: str) -> str:
    if reason in ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE"):
        return "Client and server have no TLS version in common"
    # OpenSSL names an alert after the version that introduced it, not after the one in use.
    alert = re.fullmatch(r"(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?(.+)", reason)
    words = (alert.group(1) if alert else reason).replace("_", " ").lower()
    return f'The server sent the TLS alert "{words}"' if alert else f"TLS failed: {words}"
