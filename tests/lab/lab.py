# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: real servers in network namespaces, for tests that must not trust a double.

    inside (198.18.1.0/24, 2001:db8:1::/64)              outside (198.18.2.0/24, 2001:db8:2::/64)
    mx1 mx2 slow faulty  exim sendmail opensmtpd skewed  vantage-b
    jump jump-closed jump-bare  vantage-a  controller      |
    jump-nc jump-mute jump-noisy                           |     abroad (198.18.4.0/24): vantage-c
    dns resolver  balancer                               dns-b resolver-b
      |_______________________ router _____________________|    (drops port 25 of mx1 for the outside)

`Lab.up()` builds it, `Lab.load()` finds the running one, `Lab.down()` removes it without a trace (only the downloads of
unpacked.py stay); `lab.run(host, argv)` runs a command on a host. `lab.state` is the content of the state file:

    name, directory         of this lab
    domain                  contoso.test
    ca_file                 the CA that signed the mail servers' certificates, but mx2's is self-signed and expired
    hosts                   by short name: mx1 mx2 slow faulty exim sendmail opensmtpd skewed
                            jump jump-closed jump-bare jump-nc jump-mute jump-noisy controller
                            vantage-a (inside) vantage-b (outside) vantage-c (abroad) vantage-d (dmz)
      .name .ipv4 .ipv6     full name and addresses
      .namespace            network namespace, as `ip netns` knows it
      .ports                by service: smtp submission smtps lmtp imap imaps pop3 pop3s ssh; further listeners, see
                            site.py: proxied trusting few-recipients greylisting owned mailbox-submission
                            without-starttls first-contact broken-tls
      .mail_server .log_file  on hosts with smtp: postfix, exim, sendmail or opensmtpd, and what it logs
      .mailbox_log_file     of mx1: what Dovecot logs
      .system_log_file      of hosts with a journal: what rsyslog writes down from it
      .forwarding .python   what an SSH host allows and has
    faults                  by behaviour of port 25: dropped refused prohibited reset closed silent
      .name .ipv4 .ipv6
    users                   mailboxes by name: user probe echo
      .address .password .maildir
      .token                with which mx1's token-imaps lets the user in
      .stores               where the other mail servers keep what comes for them: exim, sendmail (an mbox), opensmtpd
    far_domain              northwind.test: its mail goes from mx2 through exim, which changes it, to mx1's mailboxes
    international_address   of user at the servers with SMTPUTF8: mx1 and exim
    bouncing_address        mx1 accepts mail for it, then returns a DSN to the sender
    full_address            its mailbox has no room: mx1's LMTP service says so after the message
    ssh
      .user .password .key_file
      .certified_key_file                   a key that logs in by the certificate beside it alone
      .known_hosts .known_hosts_changed     the right host keys, and wrong ones for the same hosts
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import fcntl
import json
import os
import secrets
import subprocess
import time
import typing as t

from . import (
    certificates,
    dovecot,
    exim,
    faults,
    filesystem,
    firewall,
    haproxy,
    identity_provider,
    journal,
    knot,
    network,
    opensmtpd,
    openssh,
    policy_host,
    postfix,
    postgrey,
    readiness,
    requirements,
    sendmail,
    unbound,
    unpacked,
    zones,
)
from .command import LabError, run
from .site import DOMAIN, FAR_DOMAIN, FAULT_HOST, FAULTS, FULL_USER, HOSTS, MAIL_USERS, SSH_USER, Host, Place

# Whoever tests two clones at the same time gives each a lab of its own.
DEFAULT_NAME = os.environ.get("MAILOPS_LAB", "mailops")
START_SECONDS = 20.0
NAME_SERVERS = {"knot": knot, "unbound": unbound}
MAIL_SERVERS = {"postfix": postfix, "exim": exim, "sendmail": sendmail, "opensmtpd": opensmtpd}


class Lab:
    """A running lab. `state` is described at the top of this file."""

    def __init__(self, state: dict[str, t.Any]) -> None:
        self.state = state

    @classmethod
    def load(cls, name: str = DEFAULT_NAME) -> Lab:
        """The lab of that name; raises LabError when it is not up."""
        try:
            return cls(json.loads(Place(name).state_file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise LabError("the lab is not up: `python3 -m tests.lab up` builds it") from None

    @classmethod
    def up(cls, name: str = DEFAULT_NAME) -> Lab:
        """Build the lab unless it is up and well; raises LabError when this machine cannot."""
        requirements.require()
        place = Place(name)
        with _only_one():
            unpacked.provide()
            if not place.state_file.exists() or readiness.silent(place):
                _remove(place)
                with contextlib.ExitStack() as undo:
                    undo.callback(_remove, place)
                    _build(place)
                    undo.pop_all()
        return cls.load(name)

    @classmethod
    def down(cls, name: str = DEFAULT_NAME) -> None:
        """Remove the lab, or what a crash left of it."""
        with _only_one():
            _remove(Place(name))

    def silent(self) -> list[str]:
        """The sockets that should listen and do not, as "mx1 *:25"."""
        return readiness.silent(Place(self.state["name"]))

    def run(
        self, host: str, argv: t.Sequence[t.Any], check: bool = False, **kwargs: t.Any
    ) -> subprocess.CompletedProcess[t.Any]:
        """subprocess.run on a host: its network, its files, its name. The working directory stays what it is."""
        return subprocess.run(self.argv(host, argv, kwargs.pop("cwd", os.getcwd())), check=check, **kwargs)

    def argv(self, host: str, argv: t.Sequence[t.Any], directory: t.Any = "/") -> list[str]:
        """What to execute here so that argv runs on a host."""
        return [*filesystem.enter(Place(self.state["name"]), host, directory), *map(str, argv)]


@contextlib.contextmanager
def _only_one() -> t.Iterator[None]:
    # A lock on the directory itself leaves no lock file behind.
    lock = os.open("/run", os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _build(place: Place) -> None:
    passwords = {user: secrets.token_hex(12) for user in (*MAIL_USERS, "ssh")}
    mailboxes = {f"{user}@{DOMAIN}": passwords[user] for user in MAIL_USERS}
    filesystem.create_directory(place)
    certificate_directory = place.directory / "certificates"
    certificate_directory.mkdir()
    authority = certificates.Authority(certificate_directory)
    keys = openssh.Keys(place.directory / "ssh")
    network.create(place)
    firewall.start(place)
    shown: dict[str, str] = {}
    tokens = {user: secrets.token_urlsafe(24) for user in MAIL_USERS}
    ssh_password_hash = run("openssl", "passwd", "-6", "-stdin", stdin=passwords["ssh"]).strip()
    for host in HOSTS:
        filesystem.write_basics(place, host, ssh_password_hash)
        if "smtp" in host.ports:
            if host.name == FAULT_HOST:
                tls = certificates.expired_self_signed(host, certificate_directory)
            else:
                tls = authority.issue(host)
            if host.name == "slow":
                tls += authority.certificate_file.read_text()
            shown[host.name] = tls
            MAIL_SERVERS[host.mail_server].configure(place, host, tls, mailboxes)
        if "foreign" in host.ports:
            for name, certificate in certificates.planted(authority, host, certificate_directory).items():
                filesystem.write(place, host.name, f"/etc/ssl/{name}.pem", certificate, mode=0o600)
        if "imap" in host.ports:
            dovecot.configure(place, host, {user: passwords[user] for user in MAIL_USERS})
        if "greylisting" in host.ports:
            postgrey.configure(place, host)
        if "introspection" in host.ports:
            identity_provider.configure(place, host, tokens)
        if host.journal:
            journal.configure(place, host)
        if "ssh" in host.ports:
            openssh.configure(place, host, keys)
        if "mta-sts" in host.ports:
            policy_host.configure(place, host, authority)
        if "balanced" in host.ports:
            haproxy.configure(place, host)
        filesystem.write(place, host.name, "/etc/resolv.conf", unbound.resolv_conf(host))
    zones.write(place, shown, authority.certificate_file)
    for host in HOSTS:
        if host.name_server:
            NAME_SERVERS[host.name_server].configure(place, host)
        filesystem.mount(place, host)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda host: _start(place, host), HOSTS))
    faults.start(place)
    _wait_until_listening(place)
    state = _describe(place, authority, keys, passwords, tokens)
    place.state_file.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")


def _start(place: Place, host: Host) -> None:
    if host.journal:
        journal.start(place, host)
    servers = {
        "dns": NAME_SERVERS.get(host.name_server),
        "imap": dovecot,
        "introspection": identity_provider,
        "greylisting": postgrey,
        "smtp": MAIL_SERVERS.get(host.mail_server),
        "ssh": openssh,
        "mta-sts": policy_host,
        "balanced": haproxy,
    }
    for port, server in servers.items():
        if port in host.ports and server is not None:
            server.start(place, host)


def _remove(place: Place) -> None:
    network.remove(place)
    filesystem.remove_directory(place)


def _wait_until_listening(place: Place) -> None:
    deadline = time.monotonic() + START_SECONDS
    while silent := readiness.silent(place):
        if time.monotonic() > deadline:
            raise LabError(f"not listening after {START_SECONDS:.0f} s: {', '.join(silent)}")
        time.sleep(0.05)


def _describe(
    place: Place,
    authority: certificates.Authority,
    keys: openssh.Keys,
    passwords: t.Mapping[str, str],
    tokens: t.Mapping[str, str],
) -> dict[str, t.Any]:
    mx1 = HOSTS[0]
    return {
        "name": place.name,
        "directory": str(place.directory),
        "domain": DOMAIN,
        "far_domain": FAR_DOMAIN,
        "ca_file": str(authority.certificate_file),
        "hosts": {host.name: _describe_host(place, host) for host in HOSTS},
        "faults": {fault.name: fault.as_dict() for fault in FAULTS},
        "users": {
            user: {
                "address": f"{user}@{DOMAIN}",
                "password": passwords[user],
                "token": tokens[user],
                "maildir": dovecot.maildir(place, mx1, user),
                "stores": {
                    "exim": str(place.path("exim", f"/var/vmail/{user}/Maildir")),
                    "sendmail": str(place.path("sendmail", sendmail.mbox(user))),
                    "opensmtpd": str(place.path("opensmtpd", f"/var/vmail/{user}/Maildir")),
                },
            }
            for user in MAIL_USERS
        },
        "international_address": f"jürgen@{DOMAIN}",
        "bouncing_address": f"ghost@{DOMAIN}",
        "full_address": f"{FULL_USER}@{DOMAIN}",
        "ssh": {
            "user": SSH_USER,
            "password": passwords["ssh"],
            "key_file": str(keys.key_file),
            "certified_key_file": str(keys.certified_key_file),
            "known_hosts": str(keys.known_hosts),
            "known_hosts_changed": str(keys.known_hosts_changed),
        },
    }


def _describe_host(place: Place, host: Host) -> dict[str, t.Any]:
    description = {**host.as_dict(), "namespace": place.namespace(host.name), "ports": dict(host.ports)}
    if "smtp" in host.ports:
        log_file = place.path(host.name, MAIL_SERVERS[host.mail_server].LOG)
        description.update(mail_server=host.mail_server, log_file=str(log_file))
    if "imap" in host.ports:
        description.update(mailbox_log_file=str(place.path(host.name, dovecot.LOG)))
    if host.journal:
        description.update(system_log_file=str(place.path(host.name, journal.LOG)))
    if "ssh" in host.ports:
        description.update(forwarding=host.forwarding, python=host.python)
    return description
