# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The vocabulary: everything that can be expected of a check, by its dotted name, as data.

How each of these is seen in the facts stands in ``judge/observation.py``, under the same name. Tests hold the two
tables to each other.
"""

from __future__ import annotations

import typing as t

from ..evidence import PHASES

TLS_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
SEVERITIES = ("none", "info", "notice", "warning", "error", "critical")
OUTCOMES = ("accepted", "deferred", "refused", "not_tried")


class Term(t.NamedTuple):
    """One thing that can be expected.

    ``kind``      bool, number, text, choice or scale (conditions.RELATIONS), ``set``, or ``outcomes``: choices by name
    ``meaning``   for the docs
    ``phase``     where it is seen: a dialog that never gets there cannot meet it
    ``choices``   the values that there are, in their order; of a set, the members that it can have
    ``findings``  ids of what is diagnosed where this is not as usual: if it is as expected, they are no fault
    ``whole``     of an outcome: all that its phase brings is as expected if this is
    ``needs``     the option without which there is nothing to see
    """

    name: str
    kind: str
    phase: str
    meaning: str
    choices: t.Tuple[str, ...] = ()
    findings: t.Tuple[str, ...] = ()
    whole: bool = False
    needs: t.Tuple[str, ...] = ()


_TRUST = ("tls.untrusted", "tls.self_signed", "tls.incomplete", "tls.expired", "tls.not_yet", "tls.not_accepted")
_NO_STARTTLS = ("ehlo.starttls_missing", "ehlo.submission_in_clear", "tls.probe_refused")


def _outcome(name: str, phase: str, meaning: str, **more: t.Any) -> Term:
    return Term(name, "choice", phase, meaning, OUTCOMES, whole=phase != "connect", **more)


_TERMS = (
    Term("null_mx", "bool", "resolve", "The domain says that it takes no mail (RFC 7505).", whole=True),
    Term("connect", "bool", "connect", "A TCP connection comes about.", whole=True),
    Term("reached", "scale", "connect", "The last phase that was completed.", PHASES),
    Term("seconds", "number", "connect", "How long the whole check took."),
    Term("banner.code", "number", "banner", "The reply code of the greeting.", whole=True),
    Term("banner.hostname", "text", "banner", "The name that the server greets with.", findings=("ban.name_mismatch",)),
    Term("banner.text", "text", "banner", "A line of the greeting."),
    Term("banner.product", "text", "banner", "The software, as far as it shows.", findings=("ban.exchange",)),
    Term("banner.version", "text", "banner", "Its version, as far as it tells."),
    Term("banner.seconds", "number", "banner", "How long the greeting took.", findings=("ban.slow",)),
    Term("ehlo.accepted", "bool", "ehlo", "EHLO, for LMTP LHLO, is accepted.", findings=("ehlo.helo_only",)),
    Term("ehlo.keywords", "set", "ehlo", "The extensions of the list that counts, which is the one after TLS."),
    Term("ehlo.mechanisms", "set", "ehlo", "The AUTH mechanisms of the list that counts."),
    Term("ehlo.size", "number", "ehlo", "The largest message that SIZE announces, in octets."),
    Term("ehlo.client_seen_as", "text", "ehlo", "The client's address, as the server sees it."),
    Term("ehlo.before_tls.keywords", "set", "ehlo", "The extensions that are offered without TLS."),
    Term("ehlo.before_tls.mechanisms", "set", "ehlo", "The AUTH mechanisms that are offered without TLS."),
    Term("auth_before_tls", "bool", "ehlo", "AUTH is offered on a connection without TLS."),
    Term("starttls", "bool", "ehlo", "STARTTLS is offered, or TLS comes first.", findings=_NO_STARTTLS),
    Term("tls.established", "bool", "starttls", "A TLS session came about.", whole=True, findings=_NO_STARTTLS),
    Term("tls.version", "scale", "starttls", "The negotiated version.", TLS_VERSIONS),
    Term(
        "tls.versions",
        "set",
        "starttls",
        "The versions that the server takes where nothing else is offered. Expecting one has it offered, by a "
        "connection of its own.",
        TLS_VERSIONS,
        findings=("tls.old_accepted", *_NO_STARTTLS),
    ),
    Term("tls.cipher", "text", "starttls", "The negotiated cipher suite."),
    Term("tls.trusted", "bool", "starttls", "The certificate leads to an authority known here.", findings=_TRUST),
    Term("tls.name_matches", "bool", "starttls", "The certificate covers the name.", findings=("tls.name",)),
    Term(
        "tls.days_left",
        "number",
        "starttls",
        "Days until the certificate expires.",
        findings=("tls.expired", "tls.expiring"),
    ),
    Term("tls.subject", "text", "starttls", "The certificate's subject."),
    Term("tls.issuer", "text", "starttls", "The certificate's issuer."),
    Term("tls.names", "set", "starttls", "The certificate's names, such as DNS:mx1.contoso.com."),
    Term("tls.sha256", "text", "starttls", "The certificate's fingerprint."),
    Term("tls.spki_sha256", "text", "starttls", "The fingerprint of its public key."),
    Term("tls.key_type", "text", "starttls", "The type of its key: RSA, EC, Ed25519."),
    Term("tls.key_bits", "number", "starttls", "The length of its key."),
    Term("tls.signature_algorithm", "text", "starttls", "The algorithm of its signature."),
    Term("tls.dane", "bool", "starttls", "The certificate fits the TLSA records.", findings=("tls.dane_fail",)),
    Term("tls.mta_sts", "bool", "starttls", "The host meets the MTA-STS policy.", findings=("tls.mtasts_fail",)),
    Term("tls.client_certificate_requested", "bool", "starttls", "The server asks for a client certificate."),
    _outcome("auth", "auth", "What became of the log-in.", needs=("auth",)),
    _outcome("sender", "mail", "What became of MAIL FROM.", needs=("sender", "recipient", "recipients")),
    _outcome("recipient", "rcpt", "What became of every recipient.", needs=("recipient", "recipients")),
    Term(
        "recipients",
        "outcomes",
        "rcpt",
        "What became of each of the recipients named here.",
        OUTCOMES,
        needs=("recipient", "recipients"),
    ),
    _outcome("message", "message", "What became of the message.", needs=("test_message",)),
    _outcome(
        "relay",
        "connect",
        "The worst that came of the relay test: one shape that is accepted is enough.",
        findings=("relay.open", "relay.rewritten"),
        needs=("relay",),
    ),
    _outcome(
        "random_recipient",
        "connect",
        "A recipient that cannot exist.",
        findings=("rcpt.accept_all",),
        needs=("random_recipient",),
    ),
    Term("vrfy", "bool", "auth", "VRFY tells whether a mailbox exists. Expecting it has it sent."),
    Term("expn", "bool", "auth", "EXPN tells who is behind an address. Expecting it has it sent."),
    Term("findings", "set", "connect", "The ids of what was diagnosed."),
    Term("severity", "scale", "connect", "The severity of the worst finding.", SEVERITIES),
)

TERMS = {term.name: term for term in _TERMS}
