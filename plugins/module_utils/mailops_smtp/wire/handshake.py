# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What a server says in the TLS handshake and the ssl module does not tell, or only from Python 3.13 on."""

from __future__ import annotations

import itertools
import ssl
import typing as t

# Far more than any real chain has; a server's Certificate message may have 100 kB.
MAX_CHAIN = 20

LEAF_ONLY = "this Python shows only the server's own certificate"

# TLS content and handshake message types (RFC 8446 B.1, B.3).
HANDSHAKE = 22
HELLO_REQUEST, SERVER_HELLO, NEW_SESSION_TICKET, CERTIFICATE, CERTIFICATE_REQUEST = 0, 2, 4, 11, 13

# Python shows the handshake's messages, undocumented, since 3.8.
SHOWS_MESSAGES = hasattr(ssl.SSLContext, "_msg_callback")


def observe(context: ssl.SSLContext) -> None:
    """Make every connection of this context an ObservedSSLObject."""
    context.sslobject_class = ObservedSSLObject
    # ssl.SSLContext wraps the callback that it is given in one that makes enumeration members of all numbers: for the
    # fifty messages and record headers of a dialog that costs more than what is done with them. Its base does not.
    if SHOWS_MESSAGES:
        super(ssl.SSLContext, ssl.SSLContext)._msg_callback.__set__(context, _on_message)  # type: ignore[misc]


def _on_message(
    session: t.Any, direction: str, version: int, content_type: int, message_type: int, message: bytes
) -> None:
    if content_type == HANDSHAKE and direction == "read":
        session.on_message(version, message_type, message)


class ObservedSSLObject(ssl.SSLObject):
    """Keeps what the handshake's messages tell."""

    _certificate_message: t.Optional[t.Tuple[int, bytes]] = None  # the protocol version and the message
    _certificate_requested = False
    handshake_requested = False  # the server wants one, or wants another one
    ticket_lifetime: t.Optional[int] = None  # of the last session ticket that came, in seconds

    def on_message(self, version: int, message_type: int, message: bytes) -> None:
        """Each handshake message of the server's, decrypted: the message callback that Python has since 3.8."""
        if message_type == CERTIFICATE:
            self._certificate_message = (version, message)
        elif message_type == CERTIFICATE_REQUEST:
            self._certificate_requested = True
        elif message_type == HELLO_REQUEST:
            self.handshake_requested = True
        elif message_type == NEW_SESSION_TICKET:
            # RFC 8446 4.6.1 and RFC 5077 3.3 both begin with the lifetime; the latter allows an empty ticket after it.
            ticket = message[8:] if version == ssl.TLSVersion.TLSv1_3 else message[10:]
            self.ticket_lifetime = int.from_bytes(message[4:8], "big") if ticket else None

    def presented_chain(self, established: bool) -> t.Tuple[t.List[bytes], t.Optional[str]]:
        """The certificates (DER) as the server sent them, its own first, and why they may not be all.

        :param established: whether the handshake is finished; before, not even a part of it may have arrived.
        """
        if hasattr(self, "get_unverified_chain"):  # Python 3.13
            chain = self.get_unverified_chain()
        elif self._certificate_message is not None:
            chain = list(itertools.islice(_certificates(*self._certificate_message), MAX_CHAIN + 1))
        else:
            chain = []
        own = self.getpeercert(True) if established else None
        if own is not None and chain[:1] != [own]:
            return [own], LEAF_ONLY
        if len(chain) > MAX_CHAIN:
            return chain[:MAX_CHAIN], f"the server sent more than {MAX_CHAIN} certificates"
        return chain, None

    def client_certificate_requested(self, established: bool) -> t.Optional[bool]:
        """None where the handshake did not get that far, or this Python does not show its messages."""
        if self._certificate_requested:
            return True
        return False if established and SHOWS_MESSAGES else None


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
