# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The server's side of AUTH (RFC 4954): PLAIN (RFC 4616), LOGIN and CRAM-MD5 (RFC 2195)."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import typing as t

# Sends a challenge and returns the client's response, both in base64.
Ask = t.Callable[[str], str]


class Account(t.NamedTuple):
    username: str
    password: str


class BadResponse(Exception):
    """The client cancelled, or its response is no base64 or has not the mechanism's form."""


def authenticates(mechanism: str, initial: str, account: Account, ask: Ask) -> bool:
    """Carries out the exchange and says whether the client proved to be the account's owner. Raises BadResponse."""
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
MECHANISMS = tuple(_EXCHANGES)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _decoded(response: str) -> str:
    # "=" stands for an empty initial response, "*" cancels (RFC 4954 4).
    if response == "=":
        return ""
    try:
        return base64.b64decode(response, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadResponse from error
