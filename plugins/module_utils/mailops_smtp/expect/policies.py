# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""Named policies: expectations that are ready to use, each rule with its reason.

A rule that says what is ``asked`` counts only where the options ask for that: nobody can know whether a recipient is
accepted who was not named. What the user expects besides is laid over the policy; null takes a rule back.
"""

from __future__ import annotations

import typing as t

from .conditions import ExpectationError


class Circumstances(t.NamedTuple):
    """What the options make possible: the protocol, and the names of the options that are given."""

    protocol: str = "esmtp"
    asked: t.FrozenSet[str] = frozenset()


class Rule(t.NamedTuple):
    """``name`` is a term's, ``value`` as a user would write it. ``asked``: options, one of which must be given;
    ``besides``: one that must be given as well, ``without``: one that must not."""

    name: str
    value: t.Any
    reason: str
    asked: t.Tuple[str, ...] = ()
    besides: str = ""
    without: str = ""


class Policy(t.NamedTuple):
    """``protocols``: those that it can be used with."""

    meaning: str
    protocols: t.Tuple[str, ...]
    rules: t.Tuple[Rule, ...]


_RECIPIENT = ("recipient", "recipients")
_ANSWERS = (
    Rule("connect", True, "A server that mail is sent to takes connections."),
    Rule("banner.code", 220, "Any other code turns the client away (RFC 5321 section 3.1)."),
    Rule("ehlo.accepted", True, "Without EHLO there is no STARTTLS, no SIZE, no DSN (RFC 5321 section 2.2.1)."),
)
_MODERN_TLS = Rule("tls.version", ">= TLSv1.2", "RFC 8996 deprecates TLS 1.0 and 1.1.")
_TRUSTED = Rule("tls.trusted", True, "Clients that verify do not connect to any other (RFC 8314 section 3, RFC 8461).")
_NAME = Rule("tls.name_matches", True, "The certificate must be good for the name that clients ask for (RFC 9525).")
_DAYS = Rule("tls.days_left", ">= 14", "Automatic renewal is done by then, so something is wrong with it.")
_NO_OLD_TLS = Rule(
    "tls.versions",
    {"forbidden": ["TLSv1", "TLSv1.1"]},
    "Where users log in, nothing before TLS 1.2 is to be taken (RFC 8997 section 3).",
    ("probe_versions",),
)
_NO_CLEAR_AUTH = Rule("auth_before_tls", False, "Passwords would be sent for all to read (RFC 8314 section 4.1).")
_NO_FILTER = Rule(
    "findings",
    {"forbidden": ["ban.pix_mask", "ehlo.xxxx", "tls.accepted_unadvertised", "tls.inspection_ca"]},
    "A device in the path that rewrites SMTP breaks STARTTLS and extensions.",
)

POLICIES: t.Dict[str, Policy] = {
    "inbound-mx": Policy(
        "A host in MX records, seen from where other mail servers are.",
        ("esmtp",),
        (
            *_ANSWERS,
            Rule("starttls", True, "Mail is not to travel in clear text (RFC 3207)."),
            Rule("tls.established", True, "An offer of STARTTLS that does not work stops some senders."),
            _MODERN_TLS,
            _TRUSTED,
            _NAME,
            _DAYS,
            _NO_CLEAR_AUTH,
            _NO_FILTER,
            Rule("recipient", "accepted", "The recipients that are named are to get mail.", _RECIPIENT),
            Rule("relay", "refused", "An open relay is abused within hours (RFC 2505 section 2.1).", ("relay",)),
            Rule(
                "random_recipient",
                "refused",
                "Mail for nobody is to be refused in the dialog; a bounce later goes to a forged sender.",
                ("random_recipient",),
            ),
        ),
    ),
    "submission": Policy(
        "Where users hand in their mail: port 587 with STARTTLS, or 465 with TLS from the start (RFC 6409, RFC 8314).",
        ("esmtp", "smtps"),
        (
            *_ANSWERS,
            Rule("starttls", True, "Users' mail and passwords need TLS (RFC 8314 section 3)."),
            Rule("tls.established", True, "Users' mail and passwords need TLS (RFC 8314 section 3)."),
            _MODERN_TLS,
            _TRUSTED,
            _NAME,
            _DAYS,
            _NO_CLEAR_AUTH,
            _NO_FILTER,
            _NO_OLD_TLS,
            Rule("ehlo.keywords", {"required": ["AUTH"]}, "RFC 6409 section 7: a submission server offers AUTH."),
            Rule("auth", "accepted", "The account that is named can log in.", ("auth",)),
            Rule("recipient", "accepted", "Whoever is logged in may send.", _RECIPIENT, besides="auth"),
            Rule(
                "recipient",
                "refused",
                "Nobody may send who is not logged in (RFC 6409 section 4.3).",
                _RECIPIENT,
                without="auth",
            ),
        ),
    ),
    "internal-relay": Policy(
        "A server that takes mail from hosts of its own network for any destination; seen from one of those hosts.",
        ("esmtp",),
        (
            *_ANSWERS,
            _NO_CLEAR_AUTH,
            _NO_FILTER,
            Rule("sender", "accepted", "The hosts that it serves may send.", ("sender", *_RECIPIENT)),
            Rule("recipient", "accepted", "It takes mail for any destination from them.", _RECIPIENT),
            Rule(
                "severity",
                "<= warning",
                "A certificate of a private authority, which is a warning, may be meant; an error is never meant.",
            ),
        ),
    ),
    "exchange-receive-connector": Policy(
        "A receive connector of Exchange Server.",
        ("esmtp",),
        (
            *_ANSWERS,
            Rule("banner.product", "~ ^Microsoft", "Anything else that answers is another server, or a device."),
            Rule(
                "ehlo.keywords",
                {"required": ["SIZE", "PIPELINING", "DSN", "ENHANCEDSTATUSCODES", "8BITMIME", "CHUNKING"]},
                "Exchange offers these on each connector; where one is missing, something in the path hides it.",
            ),
            Rule("starttls", True, "Exchange offers it as soon as a certificate is bound to SMTP."),
            _MODERN_TLS,
            Rule(
                "ehlo.before_tls.mechanisms",
                {"forbidden": ["LOGIN", "PLAIN"]},
                "Basic authentication is to be offered over TLS only (BasicAuthRequireTLS).",
            ),
            Rule(
                "findings",
                {
                    "forbidden": [
                        "ban.pix_mask",
                        "ehlo.exch_verbs_lost",
                        "exch.component_off",
                        "exch.frontend_drop",
                        "mail.backpressure",
                        "rcpt.frontend_proxy",
                        "ehlo.xxxx",
                    ]
                },
                "Each of these tells that Exchange, or a firewall before it, needs to be looked at.",
            ),
            Rule("sender", "accepted", "The connector's permission groups let this client send.", ("sender",)),
            Rule("recipient", "accepted", "The recipients that are named are to get mail.", _RECIPIENT),
        ),
    ),
    "closed": Policy(
        "A port that nobody is to reach from here.",
        ("esmtp", "smtps", "lmtp"),
        (Rule("connect", False, "A refused connection and one that is not answered are equally good."),),
    ),
    "null-mx": Policy(
        "A domain that takes no mail, and says so.",
        ("esmtp",),
        (Rule("null_mx", True, "A single MX record, preference 0, target the root (RFC 7505 section 3)."),),
    ),
    "lmtp": Policy(
        "Local delivery over LMTP (RFC 2033).",
        ("lmtp",),
        (
            Rule("connect", True, "The mail server in front of it has to reach it."),
            Rule("banner.code", 220, "Any other code turns the client away."),
            Rule("ehlo.accepted", True, "LHLO takes the place of EHLO (RFC 2033 section 4.1)."),
            Rule(
                "ehlo.keywords",
                {"required": ["PIPELINING", "ENHANCEDSTATUSCODES"]},
                "RFC 2033 section 5: every LMTP server must have these two.",
            ),
            Rule("recipient", "accepted", "The recipients that are named have a mailbox here.", _RECIPIENT),
            Rule("message", "accepted", "The message is stored for each of them.", ("test_message",)),
        ),
    ),
}


def rules(named: t.Any, circumstances: Circumstances) -> t.Dict[str, t.Any]:
    """The expectations, nested, of the policies that are named: a name, or a list of names, later ones above."""
    found: t.Dict[str, t.Any] = {}
    for name in [named] if isinstance(named, str) else named or ():
        policy = POLICIES.get(name)
        if policy is None:
            raise ExpectationError("policy", name, "does not exist", f"there are {', '.join(POLICIES)}")
        if circumstances.protocol not in policy.protocols:
            raise ExpectationError(
                "policy",
                name,
                f"does not go with protocol {circumstances.protocol}",
                f"use {' or '.join(policy.protocols)}",
            )
        for rule in policy.rules:
            if counts(rule, circumstances):
                _lay(found, rule)
    return found


def counts(rule: Rule, circumstances: Circumstances) -> bool:
    asked = circumstances.asked
    if rule.besides and rule.besides not in asked:
        return False
    return (not rule.asked or any(name in asked for name in rule.asked)) and rule.without not in asked


def _lay(found: t.Dict[str, t.Any], rule: Rule) -> None:
    *levels, last = rule.name.split(".")
    for level in levels:
        found = found.setdefault(level, {})
    value, before = rule.value, found.get(last)
    if isinstance(value, dict) and isinstance(before, dict):
        value = {part: [*before.get(part, ()), *value.get(part, ())] for part in {**before, **value}}
    found[last] = value
