# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What servers can do wrong in TLS, octet by octet: no library would do it.

Up to its Certificate message, a server of TLS 1.2 speaks in clear and proves nothing, so it can be played by what is
written here beforehand (RFC 5246 7.3).
"""

from __future__ import annotations

import struct
import typing as t

from .steps import Drip, Flood, Say, Script, Send, Step

_ALERT, _HANDSHAKE = 21, 22  # RFC 5246 6.2.1
_HELLO_REQUEST, _SERVER_HELLO, _CERTIFICATE = 0, 2, 11  # RFC 5246 7.4


def _record(content_type: int, fragment: bytes) -> bytes:
    return struct.pack("!BHH", content_type, 0x0303, len(fragment)) + fragment


def _message(message_type: int, body: bytes, length: t.Optional[int] = None) -> bytes:
    """A handshake message; ``length`` is what it says of itself."""
    return bytes([message_type]) + (len(body) if length is None else length).to_bytes(3, "big") + body


# TLS 1.2 with TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 and the one extension that OpenSSL 3 insists on (RFC 5746).
_HELLO = _record(
    _HANDSHAKE,
    _message(_SERVER_HELLO, struct.pack("!H32xBHBH", 0x0303, 0, 0xC02F, 0, 5) + b"\xff\x01\x00\x01\x00"),
)


def _after_the_clients_hello(*steps: t.Any) -> Script:
    return (Say("220 2.0.0 Ready to start TLS"), Step.AWAIT, *steps)


# What it is, and what happens instead of the server's side of the handshake.
IN_THE_HANDSHAKE: t.Dict[str, t.Tuple[str, Script]] = {
    "nonsense": (
        "messages of no known kind in the TLS handshake",
        _after_the_clients_hello(Send(_record(_HANDSHAKE, b"\xff" * 64)), Step.STALL),
    ),
    "no-certificate": (
        "an empty list of certificates in the TLS handshake",
        _after_the_clients_hello(
            Send(_HELLO + _record(_HANDSHAKE, _message(_CERTIFICATE, b"\x00\x00\x00"))), Step.STALL
        ),
    ),
    "huge-certificate": (
        "a certificate that does not end, of 16 megabytes by its own account",
        _after_the_clients_hello(
            Send(_HELLO + _record(_HANDSHAKE, _message(_CERTIFICATE, b"\xff\xff\xfc\xff\xff\xf9", 0xFFFFFF))),
            Flood(_record(_HANDSHAKE, b"0" * 16384)),
        ),
    ),
    "alerts": (
        "warnings without end in the TLS handshake",
        _after_the_clients_hello(Flood(_record(_ALERT, b"\x01\x70") * 1000)),  # unrecognized_name (RFC 6066 3)
    ),
    "endless": (
        "requests to begin the TLS handshake, without end",
        _after_the_clients_hello(Flood(_record(_HANDSHAKE, _message(_HELLO_REQUEST, b"")) * 1000)),
    ),
    "drip": (
        "the TLS handshake comes byte by byte, with a pause after each",
        _after_the_clients_hello(Drip(_HELLO), Step.STALL),
    ),
}

_SHAKE_HANDS: Script = (Say("220 2.0.0 Ready to start TLS"), Step.HANDSHAKE)

# Behind a handshake without fault: what it is, and the scripts.
IN_THE_SESSION: t.Dict[str, t.Tuple[str, t.Dict[str, Script]]] = {
    "cut-at-quit": (
        "closes without ending TLS (close_notify) after its reply to QUIT; needs a certificate",
        {"starttls": _SHAKE_HANDS, "quit": (Say("221 2.0.0 {host} closing connection"), Step.CUT)},
    ),
    "cut-at-mail": (
        "closes without ending TLS (close_notify) instead of answering MAIL; needs a certificate",
        {"starttls": _SHAKE_HANDS, "mail": (Step.CUT,)},
    ),
    "cut-in-reply": (
        "closes without ending TLS (close_notify) in the middle of the reply to MAIL; needs a certificate",
        {"starttls": _SHAKE_HANDS, "mail": (Say("250-2.1.0 Sender"), Step.CUT)},
    ),
    "clear-text-in-tls": (
        "answers MAIL in clear text although TLS was started; needs a certificate",
        {"starttls": _SHAKE_HANDS, "mail": (Step.UNCOVER, Say("250 2.1.0 Sender ok"))},
    ),
}
