# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What ssh_config(5) says of a jump host: HostName, User, Port, IdentityFile, IdentitiesOnly, ProxyJump and
UserKnownHostsFile, by Host, Match and Include. What ``via`` says comes before it.

StrictHostKeyChecking is passed over: that a host key is not to be checked is said here, by name, or not at all.
"""

from __future__ import annotations

import contextlib
import dataclasses
import glob
import os
import re
import shlex
import typing as t

from .known_hosts import DEFAULT_FILES
from .via import Via, ViaError

with contextlib.suppress(ImportError):  # SSHVantage says what is missing
    import paramiko

DEFAULT_FILE = "~/.ssh/config"

# A jump host that is reached through itself, and a file that includes itself (so many may lie in each other).
_MOST_HOPS = 8
_MOST_FILES = 16

_LINE = re.compile(r"\s*(host|match|include)(?:\s*=\s*|\s+)(.+)", re.IGNORECASE | re.DOTALL)


def resolved(via: Via) -> Via:
    """The same jump host with all that was not said of it and of those before it filled in.

    :raises ViaError: the file cannot be read or understood, or asks for what is not done here.
    """
    first, *others = (*via.jump, via)
    path = via.ssh_config or os.path.expanduser(DEFAULT_FILE)
    config = _read(path, via.ssh_config is not None)
    if config is None:
        return via
    before = _hops_before(first, config, path, _MOST_HOPS)
    chain = [*before, *(_filled_in(hop, config, path) for hop in (first, *others))]
    return dataclasses.replace(chain[-1], jump=tuple(chain[:-1]))


def _read(path: str, asked_for: bool) -> t.Any:
    try:
        config = paramiko.SSHConfig()
        config.parse(_lines(path, "", _MOST_FILES))
        return config
    except FileNotFoundError:
        if asked_for:
            raise ViaError("via.ssh_config", path, "name a file that exists and can be read") from None
        return None
    except (OSError, ValueError, paramiko.SSHException) as error:
        raise ViaError("via.ssh_config", path, f"it cannot be read ({error}); name another, or /dev/null") from error


def _lines(path: str, outer: str, left: int) -> t.Iterator[str]:
    """A file's lines, and in place of each Include those of the files that it names, which paramiko would pass over.

    :param outer: the criteria of Match that hold for all of it, which are those of the block that includes it.
    """
    block = outer
    with open(path, encoding="utf-8") as file:
        for line in file:
            found = _LINE.match(line)
            keyword, words = (found.group(1).lower(), found.group(2).strip()) if found else ("", "")
            if keyword == "include":
                for name in _included(words):
                    if left == 0:
                        raise ValueError(f"it includes more than {_MOST_FILES} files in each other")
                    yield from _lines(name, block, left - 1)
                    # What an included file began ends with it.
                    yield f"Match {block or 'all'}\n"
                continue
            if keyword == "host":
                patterns = ",".join(shlex.split(words, comments=True))
                block = f"{outer} originalhost {patterns}".strip()
            elif keyword == "match":
                block = outer if words.lower() == "all" else f"{outer} {words}".strip()
            yield f"Match {block or 'all'}\n" if keyword and outer else line


def _included(words: str) -> t.Iterator[str]:
    """ssh_config(5): relative to ~/.ssh, in the order of their names; that there is none is no error."""
    for pattern in shlex.split(words, comments=True):
        named = glob.glob(os.path.join(os.path.expanduser("~/.ssh"), os.path.expanduser(pattern)))
        yield from filter(os.path.isfile, sorted(named))


def _lookup(hop: Via, config: t.Any, path: str) -> t.Mapping[str, t.Any]:
    try:
        found: t.Mapping[str, t.Any] = config.lookup(hop.host)
    except (paramiko.CouldNotCanonicalize, paramiko.SSHException, ImportError) as error:
        # The last one: Match exec needs a package that paramiko does not always bring along.
        reason = str(error) if not isinstance(error, paramiko.CouldNotCanonicalize) else "no canonical name is found"
        raise ViaError("via.ssh_config", path, f"for {hop.host}, {reason}; name another file, or /dev/null") from error
    return found


def _filled_in(hop: Via, config: t.Any, path: str) -> Via:
    said = _lookup(hop, config, path)
    port = hop.port
    if not hop.port_given and re.fullmatch("[0-9]{1,5}", str(said.get("port", ""))):
        port = int(said["port"])
        if not 1 <= port <= 65535:
            raise ViaError(
                "via.ssh_config", path, f"it has the port {port} for {hop.host}: correct it, or give via.port"
            )
    known_hosts = hop.known_hosts
    if known_hosts is None and said.get("userknownhostsfile"):
        files = [os.path.expanduser(file) for file in _words(str(said["userknownhostsfile"]))]
        # The system's file counts besides the user's (GlobalKnownHostsFile).
        known_hosts = (*(file for file in files if file.lower() != "none"), *DEFAULT_FILES[1:])
    return dataclasses.replace(
        hop,
        host=str(said.get("hostname") or hop.host),
        port=port,
        user=hop.user or said.get("user"),
        known_hosts=known_hosts,
        identity_files=tuple(os.path.expanduser(file) for file in said.get("identityfile", ())),
        identities_only=str(said.get("identitiesonly", "no")).lower() == "yes",
        jump=(),
    )


def _words(value: str) -> t.List[str]:
    # paramiko takes the quotation marks from a value that begins and ends with one, whatever is between them.
    for whole in (value, f'"{value}"'):
        with contextlib.suppress(ValueError):
            return shlex.split(whole)
    return value.split()


def _hops_before(hop: Via, config: t.Any, path: str, left: int) -> t.List[Via]:
    """The chain that leads to a hop which names none itself."""
    said = _lookup(hop, config, path)
    jump = said.get("proxyjump")
    if jump is None or str(jump).lower() == "none":
        if jump is None and str(said.get("proxycommand", "none")).lower() != "none":
            raise ViaError("via.ssh_config", path, f"it has a ProxyCommand for {hop.host}: use ProxyJump, or via.jump")
        return []
    if left == 0:
        raise ViaError("via.ssh_config", path, f"the ProxyJump of {hop.host} leads in a circle: correct it")
    chain = [
        dataclasses.replace(
            Via.parse(name.strip().replace("ssh://", ""), "via.ssh_config ProxyJump"),
            known_hosts=hop.known_hosts,
            host_key_checking=hop.host_key_checking,
        )
        for name in str(jump).split(",")
    ]
    return [*_hops_before(chain[0], config, path, left - 1), *(_filled_in(entry, config, path) for entry in chain)]
