# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What ssh_config(5) says of a jump host: HostName, User, Port, IdentityFile, IdentitiesOnly, ProxyJump and
UserKnownHostsFile, by Host and Match. What ``via`` says comes before it.

StrictHostKeyChecking is passed over: that a host key is not to be checked is said here, by name, or not at all.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import typing as t

from .via import Via, ViaError

with contextlib.suppress(ImportError):  # SSHVantage says what is missing
    import paramiko

DEFAULT_FILE = "~/.ssh/config"

# A jump host that is reached through itself.
_MOST_HOPS = 8


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
    chain = [*before, *(_filled_in(hop, config) for hop in (first, *others))]
    return dataclasses.replace(chain[-1], jump=tuple(chain[:-1]))


def _read(path: str, asked_for: bool) -> t.Any:
    try:
        with open(path, encoding="utf-8") as file:
            return paramiko.SSHConfig.from_file(file)
    except FileNotFoundError:
        if asked_for:
            raise ViaError("via.ssh_config", path, "name a file that exists and can be read") from None
        return None
    except (OSError, UnicodeDecodeError, paramiko.SSHException) as error:
        raise ViaError("via.ssh_config", path, f"it cannot be read ({error}); name another, or /dev/null") from error


def _lookup(hop: Via, config: t.Any) -> t.Mapping[str, t.Any]:
    found: t.Mapping[str, t.Any] = config.lookup(hop.host)
    return found


def _filled_in(hop: Via, config: t.Any) -> Via:
    said = _lookup(hop, config)
    port = hop.port
    if not hop.port_given and str(said.get("port", "")).isdigit():
        port = int(said["port"])
    known_hosts = hop.known_hosts
    if known_hosts is None and said.get("userknownhostsfile"):
        files = [os.path.expanduser(file) for file in str(said["userknownhostsfile"]).split()]
        known_hosts = tuple(file for file in files if file.lower() != "none")
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


def _hops_before(hop: Via, config: t.Any, path: str, left: int) -> t.List[Via]:
    """The chain that leads to a hop which names none itself."""
    said = _lookup(hop, config)
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
    return [*_hops_before(chain[0], config, path, left - 1), *(_filled_in(entry, config) for entry in chain)]
