# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab consists of: hosts, addresses, ports. Data only; the other files make it real."""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

DOMAIN = "contoso.test"
# Whose mail goes a long way: mx2, which hands it to exim, which changes it and hands it to mx1's greylisting port.
FAR_DOMAIN = "northwind.test"
SSH_USER = "probe"
MAIL_USERS = ("user", "probe", "echo")
FULL_USER = "full"  # has a mailbox without room, and cannot log in

# RFC 2544 and RFC 3849 ranges: they are routed nowhere, so they cannot collide with the machine's own networks.
IPV4_NETWORKS = {"inside": "198.18.1", "outside": "198.18.2"}
IPV6_NETWORKS = {"inside": "2001:db8:1:", "outside": "2001:db8:2:"}
# Further networks, without name servers of their own: the perimeter's, and another one outside.
FURTHER_NETWORKS = {"dmz": ("198.18.3", "2001:db8:3:"), "abroad": ("198.18.4", "2001:db8:4:")}
SIDES = (*IPV4_NETWORKS, *FURTHER_NETWORKS)
GATEWAY_NUMBER = 1


def ipv4(side: str, number: int) -> str:
    return f"{IPV4_NETWORKS.get(side) or FURTHER_NETWORKS[side][0]}.{number}"


def ipv6(side: str, number: int) -> str:
    return f"{IPV6_NETWORKS.get(side) or FURTHER_NETWORKS[side][1]}:{number}"


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A name with one IPv4 and one IPv6 address, both ending in `number`."""

    name: str
    number: int
    side: str = "inside"

    @property
    def fqdn(self) -> str:
        return f"{self.name}.{DOMAIN}"

    @property
    def ipv4(self) -> str:
        return ipv4(self.side, self.number)

    @property
    def ipv6(self) -> str:
        return ipv6(self.side, self.number)

    def as_dict(self) -> dict[str, t.Any]:
        return {"name": self.fqdn, "ipv4": self.ipv4, "ipv6": self.ipv6}


@dataclasses.dataclass(frozen=True)
class Host(Endpoint):
    """A machine of the lab. The ports say which servers run on it, `mail_server` says whose SMTP it speaks."""

    ports: t.Mapping[str, int] = dataclasses.field(default_factory=dict)
    forwarding: bool = True
    python: bool = True
    without: tuple[str, ...] = ()  # further programs that it lacks
    noisy: bool = False  # its shell prints something before every command
    journal: bool = False  # journald and rsyslog take what its servers log
    ahead: str = ""  # how far the clock is ahead by which its mail server stamps
    shell: bool = True
    needs_terminal: bool = False  # its sudo does
    mail_server: str = "postfix"
    name_server: str = ""


SMTP = {"smtp": 25}
SUBMISSION = {"submission": 587, "smtps": 465}
# Further listeners of mx1's Postfix: one takes the client's address from the PROXY protocol, one from XCLIENT and
# XFORWARD, one takes no more than two recipients in a transaction, and one puts off whom it does not know yet.
PERSONALITIES = {"proxied": 2525, "trusting": 2526, "few-recipients": 2527, "greylisting": 2528, "owned": 2529}
# The listeners of "faulty", each with one fault that is planted on purpose: config/postfix/faulty.master.cf has them.
PLANTED = {
    "listed-spamhaus": 2601,
    "listed-barracuda": 2602,
    "listed": 2603,
    "wants-ptr": 2604,
    "demands-ptr": 2605,
    "wants-fqdn-at-once": 2606,
    "wants-fqdn": 2607,
    "resolves-helo": 2608,
    "resolves-sender": 2609,
    "resolves-recipient": 2610,
    "small": 2611,
    "verifies-recipient": 2612,
    "lists-senders": 2613,
    "few-connections": 2614,
    "few-recipients-a-minute": 2615,
    "turns-away": 2616,
    "never-mail": 2617,
    "no-policy-service": 2618,
    "full-disk": 2619,
    "few-hops": 2620,
    "reads-mail": 2621,
    "no-certificate": 2622,
    "future": 2623,
    "expiring": 2624,
    "inspected": 2625,
    "foreign": 2626,
    "must-staple": 2627,
    "old-tls": 2628,
    "no-dsn": 2629,
    "no-ehlo": 2630,
    "slow-greeting": 2631,
    "slow-refusal": 2632,
    "screened": 2634,
    "needs-tls": 2635,
    "slow-outside": 2636,
    "less-outside": 2637,
    "only-ipv4": 2638,
    "clear-submission": 587,
}
# Dovecot; it hands on what is submitted to it through "trusting".
MAILBOXES = {"lmtp": 24, "imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995, "mailbox-submission": 1587}
# Another Dovecot for the same mailboxes: it takes no passwords, but tokens that an identity provider knows.
TOKENS = {"token-imaps": 1993, "introspection": 9080}
SSH = {"ssh": 22}
DNS = {"dns": 53}

HOSTS = (
    Host("mx1", 10, ports={**SMTP, **PERSONALITIES, **SUBMISSION, **MAILBOXES, **TOKENS, **SSH}),
    Host("mx2", 20, ports={**SMTP, "without-starttls": 2525}),
    # postscreen: one makes every client wait for the greeting, one also turns a client away when it first comes. That
    # one takes the client's address from the PROXY protocol, so a test can be as many new clients as it likes.
    Host("slow", 30, ports={**SMTP, "first-contact": 2525}),
    # On one of its other ports exim offers no DSN; on the others a fault is planted.
    Host(
        "exim",
        31,
        ports={**SMTP, "without-dsn": 2525, "defers": 2601, "small": 2602, "denies": 2603, **SSH},
        mail_server="exim",
    ),
    Host("sendmail", 32, ports={**SMTP, **SSH}, mail_server="sendmail", journal=True),
    Host("opensmtpd", 33, ports={**SMTP, "broken-tls": 2525}, mail_server="opensmtpd"),
    # Exim, as on exim, but what it stamps is an hour ahead.
    Host(
        "skewed",
        34,
        ports={**SMTP, "without-dsn": 2525, "defers": 2601, "small": 2602, "denies": 2603},
        mail_server="exim",
        ahead="1h",
    ),
    Host("faulty", 37, ports={"smtp": 2600, **PLANTED}),
    Host("jump", 40, ports=SSH),
    Host("jump-closed", 41, ports=SSH, forwarding=False),
    Host("jump-bare", 42, ports=SSH, python=False),
    Host("jump-nc", 43, ports=SSH, forwarding=False, python=False, without=("socat", "bash")),
    Host("jump-mute", 44, ports=SSH, forwarding=False, shell=False),
    Host("jump-noisy", 45, ports=SSH, noisy=True),
    Host("vantage-a", 50, ports=SSH),
    Host("vantage-b", 50, side="outside", ports=SSH),
    Host("vantage-c", 50, side="abroad", ports=SSH),
    Host("vantage-d", 50, side="dmz", ports=SSH, needs_terminal=True),
    Host("controller", 60),
    # knot has the zones of zones.py, unbound asks it and validates; inside and outside have their own of each. mta-sts
    # has the policy of contoso.test.
    Host("dns", 53, ports={**DNS, "mta-sts": 443}, name_server="knot"),
    Host("resolver", 54, ports=DNS, name_server="unbound"),
    Host("dns-b", 53, side="outside", ports=DNS, name_server="knot"),
    Host("resolver-b", 54, side="outside", ports=DNS, name_server="unbound"),
    # haproxy before mx1, exim and opensmtpd, each in turn.
    Host("balancer", 36, ports={"balanced": 25}, mail_server=""),
)

# Further addresses of mx2 whose port 25 is broken: the first three by mx2's firewall, the others by broken_server.py.
FAULT_HOST = "mx2"
FIREWALL_FAULTS = (Endpoint("dropped", 21), Endpoint("refused", 22), Endpoint("prohibited", 23))
SERVER_FAULTS = (Endpoint("reset", 24), Endpoint("closed", 25), Endpoint("silent", 26))
FAULTS = FIREWALL_FAULTS + SERVER_FAULTS


@dataclasses.dataclass(frozen=True)
class Place:
    """Where one lab lives on this machine. Labs of different names never meet, although their addresses are equal."""

    name: str

    @property
    def directory(self) -> Path:
        return Path(f"/run/{self.name}-lab")

    @property
    def state_file(self) -> Path:
        return self.directory / "state.json"

    def namespace(self, host: str) -> str:
        return f"{self.name}-{host}"

    def tree(self, host: str) -> Path:
        """The files in which a host differs from this machine: tree/etc holds what it changed in /etc, and so on."""
        return self.directory / host

    def path(self, host: str, path: str) -> Path:
        """Where a file that was written on a host is found from outside."""
        return self.tree(host) / path.lstrip("/")
