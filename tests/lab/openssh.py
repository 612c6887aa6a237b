# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sshd on the jump hosts and vantages, the keys that log in there (one of them by its certificate alone), and the
known_hosts files that judge them."""

from __future__ import annotations

from pathlib import Path

from . import filesystem
from .command import run
from .site import HOSTS, SSH_USER, Host, Place

SERVERS = tuple(host for host in HOSTS if "ssh" in host.ports)


class Keys:
    """What an SSH client of the lab is given: key_file, known_hosts, and known_hosts_changed with wrong host keys."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700)
        self._directory = directory
        self.key_file = _generate_key(directory / "id_ed25519")
        self.certified_key_file = _generate_key(directory / "certified")
        self._authority = _generate_key(directory / "authority")
        run("ssh-keygen", "-q", "-s", self._authority, "-I", "probe", "-n", SSH_USER, self.certified_key_file)
        self.known_hosts = directory / "known_hosts"
        self.known_hosts_changed = directory / "known_hosts_changed"
        stranger = _generate_key(directory / "stranger")
        self.known_hosts.write_text(
            "".join(_known_host(host, _generate_key(directory / host.name)) for host in SERVERS)
        )
        self.known_hosts_changed.write_text("".join(_known_host(host, stranger) for host in SERVERS))

    def host_key(self, host: Host) -> str:
        return (self._directory / host.name).read_text()

    @property
    def authorized(self) -> str:
        return _public(self.key_file)

    @property
    def authority(self) -> str:
        return _public(self._authority)


def configure(place: Place, host: Host, keys: Keys) -> None:
    forwarding = "yes" if host.forwarding else "no"
    settings = filesystem.configuration("ssh/sshd_config") + f"AllowTcpForwarding {forwarding}\n"
    if not host.shell:
        settings += "ForceCommand /usr/sbin/nologin\n"
    if host.noisy:
        noise = "echo 'Welcome to a host that says 220 to everybody.'; printf 'Have a lot of '; echo fun... >&2\n"
        filesystem.write(place, host.name, "/etc/ssh/sshrc", noise)
    filesystem.write(place, host.name, "/etc/ssh/sshd_config", settings)
    filesystem.write(place, host.name, "/etc/ssh/lab_host_key", keys.host_key(host), mode=0o600)
    filesystem.write(place, host.name, "/etc/ssh/lab_authorized_keys", keys.authorized)
    filesystem.write(place, host.name, "/etc/ssh/lab_authority.pub", keys.authority)
    filesystem.make_directory(place, host.name, "/run/sshd")
    _let_become_root(place, host)


def _let_become_root(place: Place, host: Host) -> None:
    """Without a password; on one host sudo wants a terminal, as some distributions have it set up."""
    needs_terminal = "Defaults requiretty\n" if host.needs_terminal else ""
    filesystem.write(place, host.name, "/etc/sudoers.d/lab", f"{needs_terminal}{SSH_USER} ALL=(ALL) NOPASSWD: ALL\n")


def start(place: Place, host: Host) -> None:
    run(*filesystem.enter(place, host.name), "/usr/sbin/sshd", "-E", "/var/log/sshd.log")


def _generate_key(file: Path) -> Path:
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", file.name, "-f", file)
    return file


def _public(key_file: Path) -> str:
    return key_file.with_suffix(".pub").read_text()


def _known_host(host: Host, key_file: Path) -> str:
    return f"{host.fqdn},{host.name},{host.ipv4},{host.ipv6} {_public(key_file)}"
