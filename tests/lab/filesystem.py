# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host's own view of the file system, and the way into a host.

A host sees this machine's files with its own layer over /etc, /var and /home (an overlay) and a /run of its own,
in a mount namespace. So Debian's default paths hold a different configuration on every host, and all that a host
ever writes lies in the lab's directory, which is a tmpfs. A mail server that is unpacked and not installed is a further
layer, over /usr.
"""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from . import unpacked
from .command import run
from .site import FAULTS, HOSTS, SSH_USER, Host, Place

CONFIG = Path(__file__).parent / "config"
LAYERS = ("etc", "var", "home")
SSH_UID = 20001
MAILBOX_OWNER, MAILBOX_UID = "vmail", 20002
# The unprivileged users of the mail servers whose packages are unpacked and not installed.
SERVER_UIDS = {"Debian-exim": 20003, "smmta": 20004, "smmsp": 20005, "opensmtpd": 20006, "opensmtpq": 20007}

# --no-mtab throughout: mount(8) would leave /run/mount behind on a machine that does not have it yet.
_MOUNT_SCRIPT = """
lab=$1 tree=$2 hostname=$3 usr=$4
shift 4
mount --no-mtab --make-rprivate /
for layer; do
    mkdir -p "$tree/scratch/$layer"
    below=/$layer
    [ "$layer" != usr ] || below=$usr
    mount --no-mtab -t overlay lab -o "lowerdir=$below,upperdir=$tree/$layer,workdir=$tree/scratch/$layer" "/$layer"
done
mkdir -p "$tree$lab"
mount --no-mtab --bind "$lab" "$tree$lab"
mount --no-mtab --rbind "$tree/run" /run
hostname "$hostname"
"""

# Programs find the system's log by a name in /dev, which all hosts share: who has one needs a /dev of its own.
_DEVICES_SCRIPT = """
devices=$1/dev
mkdir "$devices"
mount --no-mtab -t tmpfs -o mode=755 lab "$devices"
for node in null zero full random urandom tty; do
    touch "$devices/$node"
    mount --no-mtab --bind "/dev/$node" "$devices/$node"
done
for directory in pts shm; do
    mkdir "$devices/$directory"
    mount --no-mtab --rbind "/dev/$directory" "$devices/$directory"
done
ln -s /proc/self/fd "$devices/fd"
ln -s pts/ptmx "$devices/ptmx"
ln -s /run/systemd/journal/dev-log "$devices/log"
mount --no-mtab --rbind "$devices" /dev
"""


def create_directory(place: Place) -> None:
    place.directory.mkdir()
    run("mount", "--no-mtab", "-t", "tmpfs", "-o", "mode=755", "lab", place.directory)
    # A mount namespace can be pinned to a file only where mounts do not propagate.
    run("mount", "--no-mtab", "--make-private", place.directory)


def remove_directory(place: Place) -> None:
    if place.directory.is_mount():
        # Lazy: a shell standing in the directory must not keep the lab alive.
        run("umount", "--no-mtab", "--recursive", "--lazy", place.directory)
    if place.directory.is_dir():
        place.directory.rmdir()


def write(place: Place, host: str, path: str, text: str, *, mode: int = 0o644, owner: int = 0) -> Path:
    """Write a file for a host; before `mount` has run, it is the way to give the host its configuration."""
    file = place.path(host, path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    os.chown(file, owner, owner)
    return file


def make_directory(place: Place, host: str, path: str, *, mode: int = 0o755, owner: int = 0) -> Path:
    directory = place.path(host, path)
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(mode)
    os.chown(directory, owner, owner)
    return directory


def configuration(*names: str) -> str:
    """The text of files below config/, joined."""
    return "\n".join((CONFIG / name).read_text(encoding="utf-8") for name in names)


def write_basics(place: Place, host: Host, ssh_password_hash: str) -> None:
    """Names and accounts that every host needs."""
    for layer in LAYERS:
        make_directory(place, host.name, layer)
    make_directory(place, host.name, "/run/lock", mode=0o1777)
    write(place, host.name, "/etc/hostname", host.fqdn + "\n")
    write(place, host.name, "/etc/hosts", hosts_file())
    # No name server in the lab yet: the refused query makes an unknown name fail at once.
    write(place, host.name, "/etc/resolv.conf", "nameserver 127.0.0.1\n")
    write(place, host.name, "/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n")
    accounts = (
        f"{SSH_USER}:x:{SSH_UID}:{SSH_UID}::/home/{SSH_USER}:/bin/sh\n"
        f"{MAILBOX_OWNER}:x:{MAILBOX_UID}:{MAILBOX_UID}::/var/{MAILBOX_OWNER}:/usr/sbin/nologin\n"
    )
    # Whoever logs in may read logs, as an administrator of Debian.
    groups = "".join(
        f"{line.rstrip(',')}{'' if line.endswith(':') else ','}{SSH_USER}\n"
        if line.startswith(("adm:", "systemd-journal:"))
        else f"{line}\n"
        for line in Path("/etc/group").read_text().splitlines()
    )
    groups += f"{SSH_USER}:x:{SSH_UID}:\n{MAILBOX_OWNER}:x:{MAILBOX_UID}:\n"
    for user, uid in SERVER_UIDS.items():
        accounts += f"{user}:x:{uid}:{uid}::/nonexistent:/usr/sbin/nologin\n"
        groups += f"{user}:x:{uid}:\n"
    write(place, host.name, "/etc/passwd", Path("/etc/passwd").read_text() + accounts)
    write(place, host.name, "/etc/group", groups)
    shadow = f"root:*:::::::\n{SSH_USER}:{ssh_password_hash}:::::::\n"
    write(place, host.name, "/etc/shadow", shadow, mode=0o600)
    make_directory(place, host.name, f"/home/{SSH_USER}", mode=0o700, owner=SSH_UID)


def hosts_file() -> str:
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    for endpoint in (*HOSTS, *FAULTS):
        lines += [
            f"{endpoint.ipv4} {endpoint.fqdn} {endpoint.name}",
            f"{endpoint.ipv6} {endpoint.fqdn} {endpoint.name}",
        ]
    return "\n".join(lines) + "\n"


def mount(place: Place, host: Host) -> None:
    """Create the host's mount and UTS namespaces, pinned to files so that they need no process to live."""
    pins = [_pin(place, host.name, kind) for kind in ("mount", "uts")]
    for pin in pins:
        pin.parent.mkdir(exist_ok=True)
        pin.touch()
    usr = ["/usr"]
    if host.mail_server in unpacked.PACKAGES:
        usr.insert(0, f"{unpacked.directory(host.mail_server)}/usr")
    # /usr comes first: the kernel stacks no more than two overlays, and /var, from where the packages come, may be one.
    layers = LAYERS if host.python and usr == ["/usr"] else ("usr", *LAYERS)
    for layer in layers:
        make_directory(place, host.name, layer)
    run(
        "unshare", f"--mount={pins[0]}", f"--uts={pins[1]}",
        "sh", "-euc", _MOUNT_SCRIPT, "sh", place.directory, place.tree(host.name), host.fqdn, ":".join(usr), *layers,
    )  # fmt: skip
    if host.journal:
        run(*enter(place, host.name), "sh", "-euc", _DEVICES_SCRIPT, "sh", place.tree(host.name))
    missing = [*(["python*"] if not host.python else []), *host.without]
    if missing:
        files = " ".join(f"/usr/bin/{name} /usr/local/bin/{name}" for name in missing)
        run(*enter(place, host.name), "sh", "-c", f"rm -f {files}")


def enter(place: Place, host: str, directory: t.Any = "/") -> list[str]:
    """The words to put before a command that is to run on a host."""
    return [
        "nsenter",
        f"--net=/run/netns/{place.namespace(host)}",
        f"--mount={_pin(place, host, 'mount')}",
        f"--uts={_pin(place, host, 'uts')}",
        f"--wdns={directory}",
    ]


def _pin(place: Place, host: str, kind: str) -> Path:
    return place.tree(host) / "namespaces" / kind
