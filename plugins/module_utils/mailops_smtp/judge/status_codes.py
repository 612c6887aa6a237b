# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What the codes of a reply stand for, where nothing more is known of it.

``REGISTRY`` is the IANA registry "SMTP Enhanced Status Codes" (RFC 5248) as far as it goes, with the RFC of each entry.
Operators have meanings of their own for some of these codes; the signatures know them, and come first.
"""

from __future__ import annotations

import typing as t

CLASSES = {"2": "Success", "4": "Persistent transient failure", "5": "Permanent failure"}

# RFC 3463 2
SUBJECTS = {
    "0": "Other or undefined status",
    "1": "Addressing status",
    "2": "Mailbox status",
    "3": "Mail system status",
    "4": "Network and routing status",
    "5": "Mail delivery protocol status",
    "6": "Message content or media status",
    "7": "Security or policy status",
}

REGISTRY: t.Dict[str, t.Tuple[str, str]] = {
    "0.0": ("Other undefined status", "RFC 3463"),
    "1.0": ("Other address status", "RFC 3463"),
    "1.1": ("Bad destination mailbox address", "RFC 3463"),
    "1.2": ("Bad destination system address", "RFC 3463"),
    "1.3": ("Bad destination mailbox address syntax", "RFC 3463"),
    "1.4": ("Destination mailbox address ambiguous", "RFC 3463"),
    "1.5": ("Destination address valid", "RFC 3463"),
    "1.6": ("Destination mailbox has moved, no forwarding address", "RFC 3463"),
    "1.7": ("Bad sender's mailbox address syntax", "RFC 3463"),
    "1.8": ("Bad sender's system address", "RFC 3463"),
    "1.9": ("Message relayed to non-compliant mailer", "RFC 3886"),
    "1.10": ("Recipient address has null MX", "RFC 7505"),
    "2.0": ("Other or undefined mailbox status", "RFC 3463"),
    "2.1": ("Mailbox disabled, not accepting messages", "RFC 3463"),
    "2.2": ("Mailbox full", "RFC 3463"),
    "2.3": ("Message length exceeds administrative limit", "RFC 3463"),
    "2.4": ("Mailing list expansion problem", "RFC 3463"),
    "3.0": ("Other or undefined mail system status", "RFC 3463"),
    "3.1": ("Mail system full", "RFC 3463"),
    "3.2": ("System not accepting network messages", "RFC 3463"),
    "3.3": ("System not capable of selected features", "RFC 3463"),
    "3.4": ("Message too big for system", "RFC 3463"),
    "3.5": ("System incorrectly configured", "RFC 3463"),
    "3.6": ("Requested priority was changed", "RFC 6710"),
    "4.0": ("Other or undefined network or routing status", "RFC 3463"),
    "4.1": ("No answer from host", "RFC 3463"),
    "4.2": ("Bad connection", "RFC 3463"),
    "4.3": ("Directory server failure", "RFC 3463"),
    "4.4": ("Unable to route", "RFC 3463"),
    "4.5": ("Mail system congestion", "RFC 3463"),
    "4.6": ("Routing loop detected", "RFC 3463"),
    "4.7": ("Delivery time expired", "RFC 3463"),
    "5.0": ("Other or undefined protocol status", "RFC 3463"),
    "5.1": ("Invalid command", "RFC 3463"),
    "5.2": ("Syntax error", "RFC 3463"),
    "5.3": ("Too many recipients", "RFC 3463"),
    "5.4": ("Invalid command arguments", "RFC 3463"),
    "5.5": ("Wrong protocol version", "RFC 3463"),
    "5.6": ("Authentication exchange line is too long", "RFC 4954"),
    "6.0": ("Other or undefined media error", "RFC 3463"),
    "6.1": ("Media not supported", "RFC 3463"),
    "6.2": ("Conversion required and prohibited", "RFC 3463"),
    "6.3": ("Conversion required but not supported", "RFC 3463"),
    "6.4": ("Conversion with loss performed", "RFC 3463"),
    "6.5": ("Conversion failed", "RFC 3463"),
    "6.6": ("Message content not available", "RFC 4468"),
    "6.7": ("Non-ASCII addresses not permitted for that sender or recipient", "RFC 6531"),
    "6.8": ("UTF-8 string reply is required, but not permitted by the SMTP client", "RFC 6531"),
    "6.9": ("UTF-8 header message cannot be transferred to one or more recipients", "RFC 6531"),
    "6.10": ("A deprecated double of X.6.8", "RFC 6531"),
    "7.0": ("Other or undefined security status", "RFC 3463"),
    "7.1": ("Delivery not authorized, message refused", "RFC 3463"),
    "7.2": ("Mailing list expansion prohibited", "RFC 3463"),
    "7.3": ("Security conversion required but not possible", "RFC 3463"),
    "7.4": ("Security features not supported", "RFC 3463"),
    "7.5": ("Cryptographic failure", "RFC 3463"),
    "7.6": ("Cryptographic algorithm not supported", "RFC 3463"),
    "7.7": ("Message integrity failure", "RFC 3463"),
    "7.8": ("Authentication credentials invalid", "RFC 4954"),
    "7.9": ("Authentication mechanism is too weak", "RFC 4954"),
    "7.10": ("Encryption needed", "RFC 5248"),
    "7.11": ("Encryption required for requested authentication mechanism", "RFC 4954"),
    "7.12": ("A password transition is needed", "RFC 4954"),
    "7.13": ("User account disabled", "RFC 5248"),
    "7.14": ("Trust relationship required", "RFC 5248"),
    "7.15": ("Priority level is too low", "RFC 6710"),
    "7.16": ("Message is too big for the specified priority", "RFC 6710"),
    "7.17": ("Mailbox owner has changed", "RFC 7293"),
    "7.18": ("Domain owner has changed", "RFC 7293"),
    "7.19": ("RRVS test cannot be completed", "RFC 7293"),
    "7.20": ("No passing DKIM signature found", "RFC 7372"),
    "7.21": ("No acceptable DKIM signature found", "RFC 7372"),
    "7.22": ("No valid author-matched DKIM signature found", "RFC 7372"),
    "7.23": ("SPF validation failed", "RFC 7372"),
    "7.24": ("SPF validation error", "RFC 7372"),
    "7.25": ("Reverse DNS validation failed", "RFC 7372"),
    "7.26": ("Multiple authentication checks failed", "RFC 7372"),
    "7.27": ("Sender address has null MX", "RFC 7505"),
    "7.28": ("Mail flood detected", "the IANA registry"),
    "7.29": ("ARC validation failure", "RFC 8617"),
    "7.30": ("REQUIRETLS support required", "RFC 8689"),
}

# RFC 5321 4.2.3, 4954 6, 7504 and 7505: what the reply codes mean by themselves.
REPLY_CODES = {
    421: "The service is not available, and the connection is closed",
    432: "A password transition is needed",
    450: "The mailbox is not available now",
    451: "The server has an error of its own",
    452: "The server lacks storage",
    454: "TLS or authentication is not available now",
    455: "The server cannot accommodate the parameters now",
    500: "The command is not understood",
    501: "The arguments are not understood",
    502: "The command is not implemented",
    503: "The command comes out of turn",
    504: "The parameter is not implemented",
    521: "The host accepts no mail",
    530: "A log-in is required",
    534: "The authentication mechanism is too weak",
    535: "The credentials are invalid",
    538: "The authentication mechanism requires encryption",
    550: "The mailbox is not available, or policy forbids it",
    551: "The user is not local",
    552: "The storage that is allotted is exceeded",
    553: "The mailbox name is not allowed",
    554: "The transaction failed",
    555: "The parameters are not recognised",
    556: "The domain does not accept mail",
}

# RFC 5321 4.2.1: the last resort.
REPLY_CLASSES = {
    "2": "it is done",
    "3": "more is to come",
    "4": "not now, the same may succeed later",
    "5": "not this way, and trying again does not help",
}


def stands_for(code: t.Optional[int], enhanced: t.Optional[str]) -> str:
    """A sentence about the codes, from the most exact that is known of them."""
    if enhanced is not None:
        kind, detail = enhanced.split(".", 1)
        if detail in REGISTRY:
            text, source = REGISTRY[detail]
            return f"By {source}, {enhanced} stands for: {text}."
        subject = SUBJECTS.get(detail.partition(".")[0])
        if subject is not None:
            return f"{enhanced} is in no registry; by RFC 3463 it is about: {subject} ({CLASSES[kind]})."
    if code in REPLY_CODES:
        return f"By itself, {code} stands for: {REPLY_CODES[code]}."
    if code is not None and str(code)[0] in REPLY_CLASSES:
        return f"Of the code {code} no more is known than its class: {REPLY_CLASSES[str(code)[0]]}."
    return "There is no code to go by."
