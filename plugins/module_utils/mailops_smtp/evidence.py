# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What was seen, recorded untouched, and its one public form.

These records are the contract that ``docs/facts.schema.json`` publishes. The wire fills them while a check runs and
never interprets them; the judgement is computed from their ``as_dict()`` alone, so a stored run can be judged again
by newer rules. A value that was not observed is ``None``; it never becomes a plausible default.
"""

from __future__ import annotations

import functools
import re
import typing as t

from .dialog.replies import Reply, printable

__all__ = [
    "ERROR_KINDS",
    "PHASES",
    "SCHEMA_VERSION",
    "TARGET_ERRORS",
    "TESTER_ERRORS",
    "AsOf",
    "Certificate",
    "Check",
    "Endpoint",
    "NameMatch",
    "Reply",
    "Stapling",
    "Step",
    "StepError",
    "TLS",
    "TLSSession",
    "Vantage",
    "printable",
    "without_tls",
]

SCHEMA_VERSION = 1

_HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+\.?|\[[0-9A-Fa-fv:.IP]+\]")

# The order in which RFC 5321 lets things happen. The first three come before the first SMTP byte. "extra" is
# what the user has said besides, at any point from there on: steps have that phase, but no dialog ends in it.
PHASES = (
    "resolve",
    "connect",
    "proxy",
    "banner",
    "extra",
    "ehlo",
    "starttls",
    "xclient",
    "auth",
    "xforward",
    "mail",
    "rcpt",
    "data",
    "message",
    "quit",
)

# What ended a step without a reply. The first group is said of the target or the network to it, the second of the
# tester's own side: a judgement must never blame a mail server for the latter.
TARGET_ERRORS = {
    "unresolved": "the name has no address",
    "null_mx": "the domain says that it takes no mail",
    "bogus": "the DNSSEC signatures of the name are wrong",
    "refused": "the connection was refused",
    "timeout": "no connection, or no end of the check, within the time limit",
    "unreachable": "there is no route to the address",
    "reset": "the connection was reset",
    "closed": "the connection was closed",
    "silent": "connected, but no reply within the time limit",
    "tls": "the TLS handshake failed, or the certificate is not acceptable",
    "protocol": "what arrived is not SMTP",
    "too_large": "a reply exceeded every reasonable size",
}
TESTER_ERRORS = {
    "resolver": "names could not be looked up at the vantage",
    "local": "the vantage itself could not open the connection",
    "jump_unresolved": "the jump host's name has no address",
    "jump_unreachable": "the jump host could not be reached",
    "jump_host_key_unknown": "the jump host's key is not in known_hosts",
    "jump_host_key_changed": "the jump host's key differs from the one in known_hosts",
    "jump_authentication": "the jump host refused the log-in",
    "jump_forwarding": "the jump host forbids forwarding",
    "jump_program": "on the jump host no program could be started that tests or connects",
    "proxy": "the proxy could not be reached, or opened no connection",
    "tunnel": "the SSH connection to the jump host was lost or failed",
    "unreadable": "the message to be sent could not be read any more",
    "crashed": "the check itself failed: a defect of this software",
}
ERROR_KINDS = {**TARGET_ERRORS, **TESTER_ERRORS}


class StepError(t.NamedTuple):
    """Why a step got no reply. ``kind`` is one of ERROR_KINDS, ``detail`` a sentence for people."""

    kind: str
    detail: str

    def as_dict(self) -> t.Dict[str, t.Any]:
        return {"kind": self.kind, "detail": printable(self.detail)}


class Step(t.NamedTuple):
    """One command and its reply inside a phase, or a connect or TLS handshake.

    ``at`` is the offset from the start of the check and ``seconds`` the duration, both from a monotonic clock.
    ``sent`` is what may be shown of the command: secrets are replaced where the line is made.
    ``unsolicited`` is what the server had said unasked before the command was sent; it was not taken for a reply.
    ``expected`` is the reply code, or its class such as "2yz", that the user expects of an extra command.
    ``pipelined``: the command had gone out together with the one before (RFC 2920).
    """

    phase: str
    sent: t.Optional[str]
    reply: t.Optional[Reply]
    error: t.Optional[StepError]
    at: float
    seconds: float
    tls: bool
    unsolicited: t.Optional[str] = None
    expected: t.Optional[str] = None
    pipelined: bool = False

    def as_dict(self) -> t.Dict[str, t.Any]:
        # Taken apart at once: each look at a field by its name costs as much again.
        phase, sent, reply, error, at, seconds, tls, unsolicited, expected, pipelined = self
        return {
            "phase": phase,
            "sent": sent,
            "reply": reply.as_dict() if reply is not None else None,
            "error": error.as_dict() if error is not None else None,
            "at": round(at, 6),
            "seconds": round(seconds, 6),
            "tls": tls,
            "unsolicited": unsolicited,
            "expected": expected,
            "pipelined": pipelined,
        }


def _public(record: t.Any, *compound: str) -> t.Dict[str, t.Any]:
    """The public form of a record: its fields, in their order, the ``compound`` ones with what is inside of them."""
    facts: t.Dict[str, t.Any] = record._asdict()
    for name in compound:
        if facts[name] is not None:
            facts[name] = _plain(facts[name])
    return facts


def _plain(value: t.Any) -> t.Any:
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value


class Vantage(t.NamedTuple):
    """The place the TCP connection starts from.

    ``mode``: ``local`` (the controller), ``managed`` (an Ansible host that runs this code), ``ssh-channel`` (through an
    SSH connection), ``ssh-exec`` (through a program that the SSH server started) or ``ssh-python`` (this code, started
    there over SSH); ``mode_reason`` says why it is not one that would have been better.
    ``proxy``: the proxy that opens its connections, as ``type://host:port``.
    ``clock_offset``: seconds that the vantage's clock is ahead of the controller's, where it was measured.
    ``side``: ``inside`` the perimeter, in its ``dmz``, or ``outside``; ``network``: a name for whose network it is in.
    Both are the user's word. ``unfit``: why nothing that fails from here is to be believed.
    """

    name: str
    mode: str
    address: t.Optional[str] = None
    clock_offset: t.Optional[float] = None
    proxy: t.Optional[str] = None
    mode_reason: t.Optional[str] = None
    side: t.Optional[str] = None
    network: t.Optional[str] = None
    unfit: t.Optional[str] = None

    def as_dict(self) -> t.Dict[str, t.Any]:
        return _public(self)


class Endpoint(t.NamedTuple):
    """One address and port that a target resolves to; for a UNIX domain socket, its path and no port.

    ``address`` and ``family`` are None where the name is resolved beyond our sight, on a jump host.
    ``source``: ``given`` by the user, found as ``mx`` or ``implicit-mx`` (RFC 5321 5.1), or an ``override`` of either.
    ``resolved_name`` is what the vantage's search list made of the host's name, where it added to it.
    """

    host: str
    address: t.Optional[str]
    family: t.Optional[str]  # ipv4 | ipv6 | unix
    port: t.Optional[int]
    source: str = "given"
    preference: t.Optional[int] = None
    resolved_name: t.Optional[str] = None

    def as_dict(self) -> t.Dict[str, t.Any]:
        return _public(self)


class Certificate(t.NamedTuple):
    """An X.509 certificate as the server presented it (RFC 5280). Dates are RFC 3339 in UTC, digests hexadecimal.

    ``subject`` and ``issuer`` are RFC 4514 strings, ``serial`` hexadecimal, ``names`` the subjectAltName entries as
    ``DNS:…`` and ``IP:…`` (the common name where there are none), ``days_left`` counted from the moment of the check.
    ``must_staple``: whoever shows it promises to show an OCSP response along with it (RFC 7633).
    """

    subject: str
    issuer: str
    serial: str
    not_before: t.Optional[str]
    not_after: t.Optional[str]
    days_left: t.Optional[float]
    names: t.Tuple[str, ...]
    sha256: str
    spki_sha256: t.Optional[str]
    key_type: t.Optional[str]
    key_bits: t.Optional[int]
    signature_algorithm: t.Optional[str]
    must_staple: t.Optional[bool] = None

    def as_dict(self) -> t.Dict[str, t.Any]:
        return _public(self, "names")


class NameMatch(t.NamedTuple):
    """Whether the certificate is good for the name that was connected to, and by which entry (RFC 9525)."""

    name: t.Optional[str]
    matches: t.Optional[bool]
    by: t.Optional[str]
    reason: t.Optional[str] = None

    def as_dict(self) -> t.Dict[str, t.Any]:
        return _public(self)


class Stapling(t.NamedTuple):
    """Whether the server stapled an OCSP response to its certificate (RFC 6066 8), or why that is not known."""

    stapled: t.Optional[bool] = None
    reason: t.Optional[str] = None

    def as_dict(self) -> t.Dict[str, t.Any]:
        return _public(self)


class TLSSession(t.NamedTuple):
    """What the server offers for taking the session up again, as seen up to the end of the dialog.

    ``ticket``: it handed out a session ticket (RFC 5077, RFC 8446 4.6.1), for ``ticket_lifetime_hint`` seconds.
    ``session_id``: it keeps the session itself (RFC 5246 7.3); None with a ticket, and in TLS 1.3, which has none.
    ``reused``: whether it did take one up again. That takes a second connection, made only if asked: see ``reason``.
    """

    ticket: t.Optional[bool] = None
    ticket_lifetime_hint: t.Optional[int] = None
    session_id: t.Optional[bool] = None
    reused: t.Optional[bool] = None
    reason: t.Optional[str] = None

    def as_dict(self) -> t.Dict[str, t.Any]:
        return _public(self)


class AsOf(t.NamedTuple):
    """Whether the certificate would be trusted on another day than that of the check, and if not, why.

    ``date`` is RFC 3339 in UTC. The judgement is that of ``trusted``, with this date for today's.
    """

    date: str
    valid: t.Optional[bool] = None
    reason: t.Optional[str] = None

    def as_dict(self) -> t.Dict[str, t.Any]:
        return _public(self)


class OfferedVersion(t.NamedTuple):
    """Whether a server takes this version of TLS where nothing else is offered. ``accepted`` is None where that did not
    come to light; ``reason`` says why it is None, or how the server refused."""

    version: str
    accepted: t.Optional[bool]
    reason: t.Optional[str]

    def as_dict(self) -> t.Dict[str, t.Any]:
        return _public(self)


class TLS(t.NamedTuple):
    """A TLS session, or that there was none.

    ``offered``: STARTTLS was in the extension list; True for implicit TLS; None where no list was seen.
    ``trusted`` and ``name_matches`` are OpenSSL's judgement; ``reason`` says why ``trusted`` is not True.
    ``as_of`` is None where no other day was asked for, ``session`` where there was no session.
    ``dane`` and ``mta_sts`` need DNS data and stay None until that was looked up. ``versions`` is None where
    nobody asked for further connections.
    """

    offered: t.Optional[bool] = None
    established: t.Optional[bool] = None
    version: t.Optional[str] = None
    cipher: t.Optional[str] = None
    certificate: t.Optional[Certificate] = None
    chain: t.Tuple[Certificate, ...] = ()
    chain_reason: t.Optional[str] = None
    trusted: t.Optional[bool] = None
    reason: t.Optional[str] = None
    name_matches: t.Optional[NameMatch] = None
    client_certificate_requested: t.Optional[bool] = None
    as_of: t.Optional[AsOf] = None
    ocsp: t.Optional[Stapling] = None
    session: t.Optional[TLSSession] = None
    library: t.Optional[str] = None
    dane: t.Optional[t.Dict[str, t.Any]] = None
    mta_sts: t.Optional[t.Dict[str, t.Any]] = None
    versions: t.Optional[t.Tuple[OfferedVersion, ...]] = None

    def as_dict(self) -> t.Dict[str, t.Any]:
        return _public(self, "certificate", "chain", "name_matches", "as_of", "ocsp", "session", "versions")


@functools.lru_cache(maxsize=None)
def without_tls(offered: t.Optional[bool] = None) -> TLS:
    """The same for most of the checks that have no TLS."""
    return TLS(offered=offered)


class Check(t.NamedTuple):
    """One dialog: one vantage, one endpoint. ``dialog`` is what the conversation knows (dialog.session.Session).

    ``not_tested`` is the sentence that says why the plan never got to it, None for a check that was made.
    ``repetition`` counts from 1. ``attempts`` are those that a deferred recipient led to, this one the last of them.
    ``expect`` is what the user expects of it (``expect.read_expectations``), which the judgement goes by.
    ``members`` are the servers that answer at this address, where they were looked for.
    """

    vantage: Vantage
    target: str
    endpoint: Endpoint
    protocol: str
    started_at: t.Optional[str]
    seconds: t.Optional[float]
    dialog: t.Mapping[str, t.Any]
    tls: TLS
    steps: t.Tuple[Step, ...]
    not_tested: t.Optional[str] = None
    repetition: t.Optional[int] = None
    attempts: t.Optional[t.Mapping[str, t.Any]] = None
    expect: t.Optional[t.Mapping[str, t.Any]] = None
    members: t.Optional[t.Tuple[t.Mapping[str, t.Any], ...]] = None

    def as_dict(self) -> t.Dict[str, t.Any]:
        """The evidence half of the published facts; the judgement is added to it."""
        dialog = self.dialog
        return {
            "schema_version": SCHEMA_VERSION,
            "vantage": self.vantage.as_dict(),
            "target": self.target,
            "endpoint": self.endpoint.as_dict(),
            "protocol": self.protocol,
            "started_at": self.started_at,
            "seconds": round(self.seconds, 6) if self.seconds is not None else None,
            "not_tested": self.not_tested,
            "reached": dialog["reached"],
            "failed_phase": dialog["failed_phase"],
            "banner": self._banner(),
            "ehlo": dialog["ehlo"],
            "tls": self.tls.as_dict(),
            "xclient": dialog["xclient"],
            "auth": dialog["auth"],
            "xforward": dialog["xforward"],
            "sender": dialog["sender"],
            "recipients": dialog["recipients"],
            "message": dialog["message"],
            "transactions": dialog["transactions"],
            "members": list(self.members) if self.members is not None else None,
            "relay": dialog.get("relay"),
            "random_recipient": dialog.get("random_recipient"),
            "steps": [step.as_dict() for step in self.steps],
            "repetition": self.repetition,
            "attempts": self.attempts,
            "transcript": None,
            "expect": self.expect,
        }

    def _banner(self) -> t.Optional[t.Dict[str, t.Any]]:
        replies = [step.reply for step in self.steps if step.phase == "banner" and step.reply is not None]
        if not replies:
            return None
        reply = replies[0]
        # RFC 5321 4.2: the greeting's first word is the server's domain or address literal.
        words = reply.lines[0].split() if reply.code is not None and reply.lines else []
        hostname = words[0] if words and _HOST_NAME.fullmatch(words[0]) else None
        return {"code": reply.code, "lines": list(reply.lines), "hostname": hostname}
