# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Where a mailbox is and how to get in: everything that the options say about one, nothing left to guess."""

from __future__ import annotations

import re
import typing as t

from .options import OptionError

KINDS = ("imap", "pop3", "maildir", "mbox")
_PORTS = {("imap", "implicit"): 993, ("imap", "other"): 143, ("pop3", "implicit"): 995, ("pop3", "other"): 110}
_CONTROL = re.compile("[\0-\x1f\x7f]")

MAILBOX_OPTIONS: t.Dict[str, t.Dict[str, t.Any]] = {
    "imap": {"type": "str"},
    "pop3": {"type": "str"},
    "maildir": {"type": "path"},
    "mbox": {"type": "path"},
    "name": {"type": "str"},
    "port": {"type": "int"},
    "tls": {"type": "str", "choices": ["implicit", "starttls", "never"]},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "mechanism": {"type": "str", "choices": ["password", "xoauth2"], "default": "password"},
    "allow_clear_text": {"type": "bool", "default": False},
    "verify": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "server_name": {"type": "str"},
    "folders": {"type": "list", "elements": "str"},
    "junk": {"type": "bool", "default": True},
    "addresses": {"type": "list", "elements": "str"},
    "timeout": {"type": "float", "default": 30.0},
}


class Access(t.NamedTuple):
    """``kind``: one of KINDS. ``place`` is a host, or the path of a file or directory.

    ``tls``: implicit, starttls or never. ``mechanism``: password or xoauth2, where the password is an access token.
    ``folders``: None for the usual ones. ``addresses``: those whose mail comes here, () for any. ``holds``: messages,
    reports or both. ``since``: nothing that is older is looked at (seconds since 1970).
    """

    kind: str
    place: str
    name: str
    port: t.Optional[int] = None
    tls: str = "implicit"
    username: t.Optional[str] = None
    password: t.Optional[str] = None
    mechanism: str = "password"
    folders: t.Optional[t.Tuple[str, ...]] = None
    junk: bool = True
    verify: bool = True
    ca_path: t.Optional[str] = None
    server_name: t.Optional[str] = None
    timeout: float = 30.0
    addresses: t.Tuple[str, ...] = ()
    holds: str = "both"
    since: t.Optional[float] = None

    @property
    def account(self) -> t.Tuple[t.Any, ...]:
        """What is the same for two entries that mean the same mailbox."""
        return self.kind, self.place, self.port, self.username


def read_mailbox(given: t.Mapping[str, t.Any], option: str, holds: str) -> Access:
    """One mailbox out of its options, which are typed already. ``option``: where they stand, for the messages."""
    kinds = [kind for kind in KINDS if given[kind] is not None]
    if len(kinds) != 1:
        problem = "does not say where the mailbox is" if not kinds else f"says twice where it is ({', '.join(kinds)})"
        raise OptionError(option, "", problem, f"give one of {', '.join(KINDS)}")
    [kind] = kinds
    place = given[kind]
    _refuse_controls(f"{option}.{kind}", place)
    if not place.strip():
        raise OptionError(f"{option}.{kind}", place, "is empty", "give a host, or a path")
    for name in ("username", "server_name"):
        if given[name] is not None:
            _refuse_controls(f"{option}.{name}", given[name])
    for folder in given["folders"] or ():
        _refuse_controls(f"{option}.folders", folder)
    if given["password"] is not None and re.search("[\0\r\n]", given["password"]):
        raise OptionError(f"{option}.password", "(hidden)", "contains a line end or NUL", "check how it was read")
    if given["timeout"] <= 0:
        raise OptionError(f"{option}.timeout", given["timeout"], "leaves no time", "give a number of seconds")
    server = _server(kind, given, option) if kind in ("imap", "pop3") else {}
    if not server:
        _refuse_what_servers_want(kind, given, option)
    if kind in ("pop3", "mbox") and given["folders"]:
        raise OptionError(f"{option}.folders", given["folders"], f"means nothing to {kind}, which has one", "drop it")
    return Access(
        kind=kind,
        place=place,
        name=given["name"] or _name(place, given["username"]),
        folders=tuple(given["folders"]) if given["folders"] else None,
        junk=given["junk"],
        timeout=given["timeout"],
        addresses=tuple(given["addresses"] or ()),
        holds=holds,
        **server,
    )


def _server(kind: str, given: t.Mapping[str, t.Any], option: str) -> t.Dict[str, t.Any]:
    port, tls = given["port"], given["tls"]
    if port is not None and not 0 < port < 65536:
        raise OptionError(f"{option}.port", port, "is no port", "give a number from 1 to 65535")
    if tls is None:
        tls = "starttls" if port == _PORTS[kind, "other"] else "implicit"
    for name in ("username", "password"):
        if given[name] is None:
            raise OptionError(f"{option}.{name}", None, "is missing", f"{kind} needs a log-in")
    if tls == "never" and not given["allow_clear_text"]:
        remedy = "let tls be implicit or starttls, or say allow_clear_text: true"
        raise OptionError(f"{option}.tls", tls, "would send the password in clear text", remedy)
    return {
        "port": port if port is not None else _PORTS[kind, "implicit" if tls == "implicit" else "other"],
        "tls": tls,
        "username": given["username"],
        "password": given["password"],
        "mechanism": given["mechanism"],
        "verify": given["verify"],
        "ca_path": given["ca_path"],
        "server_name": given["server_name"],
    }


def _refuse_what_servers_want(kind: str, given: t.Mapping[str, t.Any], option: str) -> None:
    for name in ("port", "tls", "username", "password", "ca_path", "server_name"):
        if given[name] is not None:
            shown = "(hidden)" if name == "password" else given[name]
            raise OptionError(f"{option}.{name}", shown, f"means nothing to {kind}, which is read from disk", "drop it")


def _refuse_controls(option: str, value: str) -> None:
    if _CONTROL.search(value):
        raise OptionError(option, value, "contains a line end or control character", "leave it out")


def _name(place: str, username: t.Optional[str]) -> str:
    return f"{username} at {place}" if username else place
