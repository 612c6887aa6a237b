# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The server's side of AUTH (RFC 4954): PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195) and SCRAM (RFC 5802)."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import typing as t

from . import scram

# Sends a challenge and returns the client's response, both in base64.
Ask = t.Callable[[str], str]


class Account(t.NamedTuple):
    username: str
    password: str


class BadResponse(Exception):
    """The client cancelled, or its response is no base64 or has not the mechanism's form."""


def authenticates(mechanism: str, initial: str, account: Account, binding: t.Optional[bytes], ask: Ask) -> bool:
    """Carries out the exchange and says whether the client proved to be the account's owner. Raises BadResponse.

    ``binding`` is what the server binds log-ins to, None where it does not.
    """
    if mechanism in _SCRAM_DIGESTS:
        return _scram(mechanism, initial, account, binding, ask)
    return _EXCHANGES[mechanism](initial, account, ask)


def _plain(initial: str, account: Account, ask: Ask) -> bool:
    # The first field, whom to act for, may be empty or name the account itself.
    fields = _decoded(initial or ask("")).split("\0")
    if len(fields) != 3:
        raise BadResponse
    return fields[0] in ("", account.username) and (fields[1], fields[2]) == account


def _login(initial: str, account: Account, ask: Ask) -> bool:
    username = _decoded(initial or ask(_encoded("Username:")))
    password = _decoded(ask(_encoded("Password:")))
    return (username, password) == account


def _cram_md5(initial: str, account: Account, ask: Ask) -> bool:
    # The mechanism has no initial response (RFC 2195 2).
    if initial:
        raise BadResponse
    challenge = "<" + secrets.token_hex(8) + "@mailops.invalid>"
    digest = hmac.new(account.password.encode(), challenge.encode(), "md5").hexdigest()
    return _decoded(ask(_encoded(challenge))) == account.username + " " + digest


_EXCHANGES: t.Dict[str, t.Callable[[str, Account, Ask], bool]] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
}
_SCRAM_DIGESTS = {
    "SCRAM-SHA-256-PLUS": "sha256",
    "SCRAM-SHA-256": "sha256",
    "SCRAM-SHA-1-PLUS": "sha1",
    "SCRAM-SHA-1": "sha1",
}
MECHANISMS = (*_EXCHANGES, *_SCRAM_DIGESTS)


def _scram(mechanism: str, initial: str, account: Account, binding: t.Optional[bytes], ask: Ask) -> bool:
    def exchange(challenge: bytes) -> bytes:
        return _octets(ask(base64.b64encode(challenge).decode("ascii")))

    server = scram.Server(_SCRAM_DIGESTS[mechanism], *account, binding, mechanism.endswith("-PLUS"))
    try:
        return server.authenticates(_octets(initial or ask("")), exchange)
    except scram.NotScram as error:
        raise BadResponse from error


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _decoded(response: str) -> str:
    try:
        return _octets(response).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadResponse from error


def _octets(response: str) -> bytes:
    # "=" stands for an empty initial response, "*" cancels (RFC 4954 4).
    if response == "=":
        return b""
    try:
        return base64.b64decode(response, validate=True)
    except binascii.Error as error:
        raise BadResponse from error
