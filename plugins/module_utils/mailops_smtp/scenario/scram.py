# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The server's side of SCRAM (RFC 5802, RFC 7677), bound to the TLS session or not."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
import typing as t

ITERATIONS = 4096

# Sends a challenge and returns the client's response.
Exchange = t.Callable[[bytes], bytes]


class NotScram(Exception):
    """What the client says has not the mechanism's form."""


class Server(t.NamedTuple):
    """What the server knows. ``binding`` is its own end's ``tls-unique``, None where it binds no log-ins at all."""

    digest: str
    username: str
    password: str
    binding: t.Optional[bytes]
    is_plus: bool

    def authenticates(self, client_first: bytes, exchange: Exchange) -> bool:
        """Whether the client proves that it knows the password. Raises NotScram."""
        opened = re.fullmatch(rb"(([ny]|p=[A-Za-z0-9.-]+),[^,]*,)(n=([^,]*),r=([^,]+)(?:,.*)?)", client_first)
        if opened is None:
            raise NotScram
        header, flag, bare, name, client_nonce = opened.groups()
        error = self._objects_to(flag)
        if error is not None:
            return self._refuse(error, exchange)
        nonce, salt = client_nonce + secrets.token_hex(9).encode("ascii"), os.urandom(12)
        server_first = b"r=%b,s=%b,i=%d" % (nonce, base64.b64encode(salt), ITERATIONS)
        closed = re.fullmatch(rb"(c=([^,]+),r=([^,]+)(?:,.*)?),p=([^,]+)", exchange(server_first))
        if closed is None:
            raise NotScram
        without_proof, bound_to, both_nonces, proof = closed.groups()
        if bound_to != base64.b64encode(header + (self.binding or b"" if self.is_plus else b"")):
            return self._refuse(b"channel-bindings-dont-match", exchange)
        salted = hashlib.pbkdf2_hmac(self.digest, self.password.encode("utf-8"), salt, ITERATIONS)
        spoken = b",".join((bare, server_first, without_proof))
        if (name, both_nonces) != (self.username.encode("utf-8"), nonce) or not self._is_proved(salted, spoken, proof):
            return False
        exchange(b"v=" + base64.b64encode(self._keyed(self._keyed(salted, b"Server Key"), spoken)))
        return True

    def _objects_to(self, flag: bytes) -> t.Optional[bytes]:
        """What is wrong with what the client says about channel binding (RFC 5802 6), in the words of 7."""
        if self.is_plus:
            if not flag.startswith(b"p="):
                raise NotScram
            return None if flag == b"p=tls-unique" else b"unsupported-channel-binding-type"
        if flag.startswith(b"p="):
            raise NotScram
        return b"server-does-support-channel-binding" if flag == b"y" and self.binding is not None else None

    def _refuse(self, error: bytes, exchange: Exchange) -> bool:
        exchange(b"e=" + error)
        return False

    def _is_proved(self, salted: bytes, spoken: bytes, proof: bytes) -> bool:
        """RFC 5802 3: what the proof leaves of the signature is the key whose hash a server keeps."""
        stored_key = hashlib.new(self.digest, self._keyed(salted, b"Client Key")).digest()
        try:
            given = base64.b64decode(proof, validate=True)
        except binascii.Error as error:
            raise NotScram from error
        signature = self._keyed(stored_key, spoken)
        if len(given) != len(signature):
            return False
        client_key = bytes(left ^ right for left, right in zip(given, signature))
        return hmac.compare_digest(hashlib.new(self.digest, client_key).digest(), stored_key)

    def _keyed(self, key: bytes, message: bytes) -> bytes:
        return hmac.new(key, message, self.digest).digest()
