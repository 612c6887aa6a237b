# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""How to reach a jump host: what the user wrote in ``via``, checked before any connection.

A jump host that is reached through others names them in ``jump``, in the order in which they are passed, as
``ssh -J`` does.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import typing as t

DEFAULT_PORT = 22
MODES = ("auto", "channel", "exec")


class ViaError(ValueError):
    """A value of ``via`` that cannot be used: the option's path, the value as far as it may be shown, the way out."""

    def __init__(self, option: str, value: t.Any, remedy: str) -> None:
        super().__init__(f"{option} is {value!r}: {remedy}")
        self.option = option
        self.value = value
        self.remedy = remedy


@dataclasses.dataclass(frozen=True)
class Via:
    """One jump host, and the ones before it.

    ``user`` None is the user who runs this code. ``key_file`` None means the SSH agent and the user's default keys.
    ``password`` answers the log-in and opens an encrypted key. ``known_hosts`` None means the user's and the system's
    files. ``host_key_checking`` False accepts any host key, and with it anyone in between. ``mode``: how connections
    start there: ``channel``, ``exec`` (a program that the SSH server starts), or ``auto``, the first that works.
    ``ssh_config`` None means the user's own file, where there is one; what that says fills in what is not said here,
    and also the last three fields, which nobody writes: see ssh_config.py.
    """

    host: str
    port: int = DEFAULT_PORT
    user: t.Optional[str] = None
    key_file: t.Optional[str] = None
    password: t.Optional[str] = dataclasses.field(default=None, repr=False)
    known_hosts: t.Optional[t.Tuple[str, ...]] = None
    host_key_checking: bool = True
    mode: str = "auto"
    ssh_config: t.Optional[str] = None
    jump: t.Tuple[Via, ...] = ()
    port_given: bool = dataclasses.field(default=False, compare=False)
    identity_files: t.Tuple[str, ...] = ()
    identities_only: bool = False

    @classmethod
    def parse(cls, value: t.Any, option: str = "via") -> Via:
        """From ``user@host:port``, a mapping of the fields above, or a Via. Raises ViaError."""
        if isinstance(value, Via):
            return value
        fields = _given(value, option)
        hops = fields.pop("jump", [])
        via = cls(**{name: _PARSERS[name](content, f"{option}.{name}") for name, content in fields.items()})
        return dataclasses.replace(
            via, jump=_parse_jump(hops, via, f"{option}.jump"), port_given=fields.get("port") is not None
        )

    @property
    def name(self) -> str:
        """For people: ``user@host:port``, never a secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user}@{host}:{self.port}" if self.user else f"{host}:{self.port}"

    def as_dict(self) -> t.Dict[str, t.Any]:
        """Everything but the password."""
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "key_file": self.key_file,
            "known_hosts": list(self.known_hosts) if self.known_hosts is not None else None,
            "host_key_checking": self.host_key_checking,
            "mode": self.mode,
            "ssh_config": self.ssh_config,
            "jump": [hop.as_dict() for hop in self.jump],
        }


def _given(value: t.Any, option: str) -> t.Dict[str, t.Any]:
    """The fields that the user set, as a mapping whose keys are known."""
    if isinstance(value, str):
        return _split(value, option)
    # The value itself stays out of the message: a list or a mapping can hold a password.
    if not isinstance(value, t.Mapping):
        raise ViaError(option, type(value).__name__, "give user@host:port, or a mapping with at least host")
    names = [*_PARSERS, "jump"]
    for key in value:
        if key not in names:
            close = difflib.get_close_matches(str(key), names, n=1)
            raise ViaError(f"{option}.{key}", key, f"did you mean {close[0]}?" if close else f"use {', '.join(names)}")
    fields = {key: content for key, content in value.items() if content is not None}
    if "host" not in fields:
        raise ViaError(f"{option}.host", None, "name the jump host")
    return fields


def _split(address: str, option: str) -> t.Dict[str, t.Any]:
    user, at, location = address.rpartition("@")
    if ":" in user:
        raise ViaError(option, f"********@{location}", "a password goes into the field password, not into the address")
    fields: t.Dict[str, t.Any] = {"host": location}
    if location.startswith("["):
        fields["host"], bracket, rest = location.partition("]")
        fields["host"] += bracket
        if rest:
            # Anything but a colon and digits stays as it is and is no port.
            fields["port"] = rest[1:] if rest.startswith(":") else bracket + rest
    elif location.count(":") == 1:
        # More than one colon and no bracket: an IPv6 address without a port.
        fields["host"], fields["port"] = location.split(":")
    if at:
        fields["user"] = user
    return fields


def _parse_jump(hops: t.Any, via: Via, option: str) -> t.Tuple[Via, ...]:
    """A hop judges host keys as the host it leads to does, unless it says otherwise; it shares no secret with it."""
    if isinstance(hops, (str, t.Mapping, Via)):
        hops = [hops]
    if not isinstance(hops, (list, tuple)):
        raise ViaError(option, type(hops).__name__, "give one jump host or a list of them")
    chain = []
    for index, hop in enumerate(hops):
        path = f"{option}[{index}]"
        if not isinstance(hop, Via):
            fields = _given(hop, path)
            fields.setdefault("known_hosts", via.known_hosts)
            fields.setdefault("host_key_checking", via.host_key_checking)
            hop = Via.parse(fields, path)
        if hop.jump:
            raise ViaError(f"{path}.jump", hop.name, "list all hops in one jump, the first to be passed first")
        chain.append(hop)
    return tuple(chain)


def _parse_text(value: t.Any, option: str) -> str:
    if not isinstance(value, str) or not value:
        raise ViaError(option, value, "give a text that is not empty")
    if any(character in value for character in "\r\n\0"):
        raise ViaError(option, value, "remove CR, LF and NUL")
    return value


def _parse_host(value: t.Any, option: str) -> str:
    host = _parse_text(value, option)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not host or any(character.isspace() or character in "@/[]," for character in host):
        raise ViaError(option, value, "give one host name or address")
    return host


def _parse_port(value: t.Any, option: str) -> int:
    # Templates and key=value arguments bring numbers as text.
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= 65535:
        raise ViaError(option, value, "give a port from 1 to 65535")
    return number


def _parse_password(value: t.Any, option: str) -> str:
    try:
        return _parse_text(value, option)
    except ViaError as error:
        raise ViaError(option, "********", error.remedy) from None


def _parse_file(value: t.Any, option: str) -> str:
    path = os.path.expanduser(_parse_text(value, option))
    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        raise ViaError(option, value, "name a file that exists and can be read")
    return path


def _parse_known_hosts(value: t.Any, option: str) -> t.Tuple[str, ...]:
    paths = [value] if isinstance(value, str) else value
    if not isinstance(paths, (list, tuple)):
        raise ViaError(option, value, "give one path or a list of paths")
    return tuple(_parse_file(path, option) for path in paths)


def _parse_flag(value: t.Any, option: str) -> bool:
    if not isinstance(value, bool):
        raise ViaError(option, value, "give true or false")
    return value


def _parse_config(value: t.Any, option: str) -> str:
    # /dev/null, which is no regular file, is how to have none.
    return os.devnull if value == os.devnull else _parse_file(value, option)


def _parse_mode(value: t.Any, option: str) -> str:
    if value not in MODES:
        raise ViaError(option, value, f"choose one of {', '.join(MODES)}")
    return str(value)


_PARSERS: t.Dict[str, t.Callable[[t.Any, str], t.Any]] = {
    "host": _parse_host,
    "port": _parse_port,
    "user": _parse_text,
    "key_file": _parse_file,
    "password": _parse_password,
    "known_hosts": _parse_known_hosts,
    "host_key_checking": _parse_flag,
    "mode": _parse_mode,
    "ssh_config": _parse_config,
}
