# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The arguments of MAIL and RCPT, read as strictly as RFC 5321 and RFC 3461 write them."""

from __future__ import annotations

import re
import typing as t

from .records import Path

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = r"(?:" + _ATOM + r"(?:\." + _ATOM + r')*|"(?:[ !#-\[\]-~]|\\[ -~])*")'
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = r"(?:" + _LABEL + r"(?:\." + _LABEL + r")*|\[[!-Z^-~]+\])"
# A source route in front of the address is accepted and ignored (RFC 5321 4.1.1.3).
_PATH = r"<(?:@[^:>\s]+:)?(?P<address>" + _LOCAL_PART + r"@" + _DOMAIN + r"|)>"
_PARAMETERS = r"(?P<parameters>(?: [A-Za-z0-9][A-Za-z0-9-]*(?:=[!-<>-~]+)?)*)"

# No blank stands beside the colon (RFC 5321 3.3).
_MAIL = re.compile(r"FROM:" + _PATH + _PARAMETERS, re.IGNORECASE)
_RCPT = re.compile(r"TO:" + _PATH.replace("|)>", "|postmaster)>") + _PARAMETERS, re.IGNORECASE)

_XTEXT = r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})"
_CONDITION = r"(?:SUCCESS|FAILURE|DELAY)"

# Parameter -> the extension that brings it, and what its value looks like.
_MAIL_PARAMETERS = {
    "SIZE": ("SIZE", r"[0-9]{1,20}"),
    "BODY": ("8BITMIME", r"7BIT|8BITMIME|BINARYMIME"),
    "PRDR": ("PRDR", r""),
    "RET": ("DSN", r"FULL|HDRS"),
    "ENVID": ("DSN", _XTEXT + r"{1,100}"),
    "AUTH": ("AUTH", _XTEXT + r"+"),
}
_RCPT_PARAMETERS = {
    "NOTIFY": ("DSN", r"NEVER|" + _CONDITION + r"(?:," + _CONDITION + r")*"),
    "ORCPT": ("DSN", r"[A-Za-z0-9-]+;" + _XTEXT + r"+"),
}


class Refused(Exception):
    """The argument is not acceptable. ``reply`` says so to the client."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


def parse_sender(argument: str, extensions: t.Container[str]) -> Path:
    """Reads ``FROM:<address> …``; the null sender is the empty address. Raises Refused."""
    return _parse(_MAIL, _MAIL_PARAMETERS, argument, extensions, "501 5.5.4 Syntax: MAIL FROM:<address>")


def parse_recipient(argument: str, extensions: t.Container[str]) -> Path:
    """Reads ``TO:<address> …``. Raises Refused."""
    return _parse(_RCPT, _RCPT_PARAMETERS, argument, extensions, "501 5.5.4 Syntax: RCPT TO:<address>")


def _parse(
    form: t.Pattern[str],
    known: t.Mapping[str, t.Tuple[str, str]],
    argument: str,
    extensions: t.Container[str],
    syntax: str,
) -> Path:
    match = form.fullmatch(argument)
    if match is None:
        raise Refused(syntax)
    parameters: t.Dict[str, t.Optional[str]] = {}
    for entry in match["parameters"].split():
        keyword, equals, value = entry.partition("=")
        keyword = keyword.upper()
        extension, pattern = known.get(keyword, (None, ""))
        if extension not in extensions:
            raise Refused("555 5.5.4 Unsupported parameter: " + keyword)
        if value.upper() == "BINARYMIME" and "BINARYMIME" not in extensions:
            raise Refused("555 5.5.4 Unsupported parameter: " + entry)
        if keyword in parameters or not re.fullmatch(pattern, value, re.IGNORECASE):
            raise Refused("501 5.5.4 Bad parameter: " + entry)
        parameters[keyword] = value if equals else None
    return Path(match["address"], parameters)
