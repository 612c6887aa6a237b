# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""RCPT TO. Naming a recipient asks for its acceptance, so a refusal of one among many is a failure."""

from __future__ import annotations

import typing as t

from ..signature import Signature, When

# Not the name of a host, such as relay.contoso.com.
_RELAY = r"(?<![.-])\brelay(?:s|ed|ing)?\b(?!(?:-[a-z0-9-]{1,60})?\.[a-z0-9])"

# Who found no room in one transaction followed in another. A check with only one transaction has no list of them.
_NOBODY_IS_LEFT: t.Sequence[t.Tuple[t.Tuple[str, str, t.Any], ...]] = (
    (("transactions", "is", None), ("recipients", "have no outcome", "deferred")),
    (("transactions", "leave nobody", "deferred"),),
)

FAILURES = (
    Signature(
        id="rcpt.notify_mixed_up",
        phases=("rcpt",),
        when=(When(code="5yz", text=r"NEVER cannot be combined", sent=r"RCPT .{1,300} NOTIFY=NEVER(?: |$)"),),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="target",
        title="The server mixes up the reports of its recipients",
        meaning="NEVER stood alone, as it must; the server adds it to what was asked for another recipient of the same "
        "connection ({reply}). OpenSMTPD does so.",
        next_step="Ask for the same reports for all recipients, or for those with NEVER first.",
        reference="RFC 3461 section 4.1",
    ),
    Signature(
        id="rcpt.null_mx",
        phases=("rcpt",),
        when=(
            When(code="556"),
            When(code="5yz", enhanced="5.1.10", text=r"\bnull MX\b|\bdoes not accept mail\b"),
        ),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="recipient",
        title="The recipient's domain takes no mail",
        meaning="The domain has a null MX record, which says so ({reply}).",
        next_step="If that is meant, nothing; otherwise correct the domain's MX record.",
        reference="RFC 7505 section 4.1",
    ),
    Signature(
        id="rcpt.internal_only",
        phases=("rcpt",),
        when=(
            When(code="550", enhanced="5.7.(?:12|13|124|13[3-6])"),
            When(code="5yz", text=r"\bRESOLVER\.RST\.(?:AuthRequired|NotAuthorized|SendOnly)"),
        ),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="recipient",
        title="The recipient takes mail from inside only: {recipients}",
        meaning="The mailbox or group is closed to senders who are not logged in, or not named ({reply}).",
        next_step="Choose a test mailbox that is open to the outside, or log in.",
        reference="Exchange NDR 5.7.12, 5.7.124, 5.7.133-136",
    ),
    Signature(
        id="rcpt.disabled",
        phases=("rcpt",),
        when=(
            When(code="525"),
            When(code="5yz", enhanced="5.2.1"),
            When(code="5yz", enhanced="5.7.13"),
        ),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="recipient",
        title="The mailbox is disabled: {recipients}",
        meaning="The account exists and takes no mail ({reply}).",
        next_step="Enable it, or test with another mailbox.",
        reference="RFC 3463 section 3.3",
    ),
    Signature(
        id="rcpt.reserved",
        phases=("rcpt",),
        when=(
            When(
                code="5yz",
                enhanced="5.1.[45]",
                sent=r"RCPT TO:<[^>]{0,320}[@.](?:example(?:\.(?:com|net|org))?|test|invalid|localhost|local)>",
            ),
            When(code="5yz", enhanced="5.1.[456]", sent=r"RCPT TO:<[^>@]{0,64}@[^>.]{1,63}>"),
            When(code="550", enhanced="5.1.[45]", software=r"^Microsoft"),
        ),
        verdict="inconclusive",
        severity="error",
        confidence="likely",
        owner="sender",
        title="The recipient is in a domain that nobody has: {recipients}",
        meaning="Names such as example.com and test, and those of one label, are reserved, and servers refuse them "
        "({reply}). Nothing is known of how others fare.",
        next_step="Test with a recipient in a real domain.",
        reference="RFC 2606 section 2",
    ),
    Signature(
        id="rcpt.forward",
        phases=("rcpt",),
        # Postfix's relocated_maps, then RFC 5321 3.4.
        when=(When(code="5yz", enhanced="5.1.6", text=r"\bhas moved to\b"), When(code="551")),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="recipient",
        title="The recipient has moved: {recipients}",
        meaning="The server tells another address and forwards nothing ({reply}).",
        next_step="Use the new address.",
        reference="RFC 5321 section 3.4",
    ),
    Signature(
        id="rcpt.relay",
        phases=("rcpt",),
        when=(
            When(code="5yz", text=_RELAY),
            # qmail's.
            When(code="5yz", text=r"\ballowed rcpthosts\b"),
            When(enhanced="5.7.54"),
            When(enhanced="5.7.64"),
        ),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="Relay denied for {recipients}",
        meaning="The domain is not at home on this server, and this client may not send through it ({reply}). For a "
        "foreign domain, seen from outside, this is the right answer.",
        next_step="If the server should take mail for the domain, add it to its own domains; if this client may "
        "relay, add its address.",
        reference="RFC 5321 section 3.6.1",
    ),
    Signature(
        id="rcpt.relay_deferred",
        phases=("rcpt",),
        when=(When(code="4(?!21)yz", text=_RELAY + r".{0,40}\b(?:denied|prohibited|not (?:allowed|permitted))\b"),),
        verdict="deferred",
        severity="warning",
        confidence="likely",
        owner="sender",
        title="Relay denied, if not for good: {recipients}",
        meaning="The domain is not at home on this server, and this client may not send through it ({reply}). Postfix "
        "says it with 454 where it is set up to put off what it would refuse, as Debian's is.",
        next_step="If the server should take mail for the domain, add it to its own domains; if this client may "
        "relay, add its address, or log in. Trying again changes nothing.",
        reference="Postfix defer_unauth_destination",
    ),
    Signature(
        id="rcpt.unknown",
        phases=("rcpt",),
        when=(
            When(code="5yz", enhanced="5.1.1"),
            # qmail's, which writes the code behind the words, and Mimecast's.
            When(code="5yz", text=r"\bno mailbox here by that name\b|\(#5\.1\.1\b|^invalid recipient - "),
            When(code="550", enhanced="5.1.10"),
            # Exchange Online's directory based edge blocking.
            When(code="550", enhanced="5.4.1", text=r"\brecipient address rejected: access denied"),
            # Exchange Online, of an address that is not valid, and Outlook.com.
            When(code="550", enhanced="5.7.50[45]"),
            When(code="550", enhanced="5.5.0", text=r"\bmailbox unavailable\b"),
            # OpenSMTPD, of an address in its own domain for which its tables have nothing.
            When(code="524", enhanced="5.2.4", text=r"\bmailing list expansion problem\b"),
            When(
                code="550",
                text=r"\b(?:user|recipient) unknown\b|\b(?:unknown|no such) (?:user|recipient|mailbox)\b"
                r"|\b(?:mailbox|user|recipient) not found\b|\bnot listed in\b|\buser doesn't exist\b",
            ),
        ),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="recipient",
        title="Unknown recipient: {recipients}",
        meaning="The server takes mail for the domain, but knows no such mailbox ({reply}).",
        next_step="Check the address and, behind a gateway, that it knows the directory's present state.",
        reference="RFC 3463 section 3.2",
    ),
    Signature(
        id="rcpt.unroutable",
        phases=("rcpt",),
        when=(
            # Exim's words for what its routers do not know, then OpenSMTPD's for what none of its rules matches.
            When(code="550", text=r"\bunrouteable address\b"),
            When(code="550", text=r"^invalid recipient: <"),
        ),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="The server knows no way to {recipients}",
        meaning="Either it has no such mailbox, or it is not responsible for the domain and this client may not relay: "
        "its words are the same for both ({reply}).",
        next_step="Compare with a recipient of the same domain that surely exists; the server's log for the time of "
        "this check tells the two apart.",
        reference="RFC 5321 section 3.6.1",
    ),
    Signature(
        id="rcpt.few_at_once",
        phases=("rcpt",),
        when=(
            *(When(code="452", enhanced="x.5.3", facts=facts) for facts in _NOBODY_IS_LEFT),
            # Without an enhanced code it can mean that as well, and what came of it tells that it did.
            *(When(code="452", text=r"\A(?![245]\.[0-9])", facts=facts) for facts in _NOBODY_IS_LEFT),
        ),
        verdict="pass",
        severity="notice",
        confidence="certain",
        owner="target",
        title="The server has no room for all recipients in one transaction",
        meaning="It took the others in a further transaction ({reply}). A sender that cannot do so has to wait.",
        next_step="Nothing, if the limit is meant; RFC 5321 wants room for at least 100 recipients.",
        reference="RFC 5321 section 4.5.3.1.8",
    ),
    Signature(
        id="rcpt.too_many",
        phases=("rcpt",),
        when=(
            When(code="45[02]", enhanced="4.5.3"),
            When(code="45[02]", text=r"\btoo many recipients\b"),
        ),
        verdict="deferred",
        severity="notice",
        confidence="certain",
        owner="sender",
        title="Too many recipients at once",
        meaning="The server takes the others, and these in another transaction ({reply}).",
        next_step="Split the recipients; RFC 5321 wants room for at least 100 in one transaction.",
        reference="RFC 5321 section 4.5.3.1.10",
    ),
    Signature(
        id="rcpt.rate",
        phases=("rcpt",),
        when=(
            When(code="4(?!21)yz", enhanced="4.2.1"),
            When(code="432", enhanced="4.3.2"),
            When(enhanced="[45].2.12[12]"),
            When(code="[45](?!21)yz", text=r"\breceiving (?:mail|email|messages) (?:too|at a rate)|\bthread limit\b"),
        ),
        verdict="deferred",
        severity="warning",
        confidence="certain",
        owner="recipient",
        title="The recipient gets more than the server allows: {recipients}",
        meaning="A limit for this mailbox is reached ({reply}).",
        next_step="Wait, and find out who sends that much to it.",
        reference="Gmail and Exchange Online limits",
    ),
    Signature(
        id="rcpt.full",
        phases=("rcpt",),
        when=(When(enhanced="x.2.2"), When(code="552")),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="recipient",
        title="Mailbox full: {recipients}",
        meaning="The recipient's mailbox or quota is exhausted ({reply}).",
        next_step="Clear the mailbox or raise its quota; test with another recipient.",
        reference="RFC 3463 section 3.3",
    ),
    Signature(
        id="rcpt.greylist",
        phases=("rcpt",),
        when=(When(code="45[01]", text=r"gr[ae]y ?-?list|postgrey"), When(code="450", enhanced="4.2.0")),
        verdict="deferred",
        severity="notice",
        confidence="likely",
        owner="target",
        title="Greylisted: {recipients}",
        meaning="The server defers first contacts on purpose, and accepts a later try ({reply}). This is no fault.",
        next_step="Repeat it with the same sender, recipient and vantage after a few minutes.",
        reference="RFC 6647 section 2",
    ),
    Signature(
        id="rcpt.postscreen_new",
        phases=("rcpt",),
        when=(When(code="450", enhanced="4.3.2"),),
        verdict="deferred",
        severity="notice",
        confidence="likely",
        owner="target",
        title="First contact deferred",
        meaning="Postfix postscreen tests unknown clients once, and this one passed: it must only come back ({reply}).",
        next_step="Repeat it once from the same vantage.",
        reference="Postfix POSTSCREEN_README",
    ),
    Signature(
        id="rcpt.unverified",
        phases=("rcpt",),
        when=(
            # Not of one that is unknown already, and refused for now only (soft_bounce).
            When(code="450", enhanced="4.1.1", text=r"^(?!.{0,300}\b(?:unknown|undeliverable)\b)"),
            When(
                code="45[01]",
                text=r"\bunverified address\b|\bverification in progress\b"
                r"|\bcould not complete recipient verify callout\b",
            ),
        ),
        verdict="deferred",
        severity="notice",
        confidence="likely",
        owner="target",
        title="The server is asking after the recipient: {recipients}",
        meaning="It probes the next server for the address and does not know yet ({reply}).",
        next_step="Try again in a few minutes; if it stays so, the next server does not answer the probe.",
        reference="Postfix ADDRESS_VERIFICATION_README",
    ),
    Signature(
        id="rcpt.deferred",
        phases=("rcpt",),
        when=(When(code="4(?!21)yz"),),
        verdict="deferred",
        severity="warning",
        confidence="certain",
        owner="target",
        title="Refused for now: {recipients}",
        meaning="The server asks to come back later ({reply}). {code_meaning}",
        next_step="Try again later; if it stays so, the server's text and log say what it waits for.",
        reference="RFC 5321 section 4.2.1",
    ),
    Signature(
        id="rcpt.refused",
        phases=("rcpt",),
        when=(When(code="5yz"),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="Refused: {recipients}",
        meaning="The server does not take this mail, for a reason that only its own text tells ({reply}). "
        "{code_meaning}",
        next_step="Read the server's text, and its log for the time of this check.",
        reference="RFC 5321 section 4.2.1",
    ),
)

REMARKS = (
    Signature(
        id="rcpt.no_turn",
        phases=("rcpt",),
        when=(
            When(facts=(("transactions", "is", None), ("recipients", "have a", "reason"))),
            When(facts=(("transactions", "have a recipient with a", "reason"),)),
        ),
        verdict="deferred",
        severity="warning",
        confidence="certain",
        owner="sender",
        title="The server's limits left no turn to all recipients",
        meaning="It says how many transactions it takes in one connection (LIMITS), which was not enough for as many "
        "recipients. Nothing is known of those that were not named to it.",
        next_step="Test the others in a check of their own.",
        reference="RFC 9422 section 4.1",
    ),
    Signature(
        id="rcpt.forwarded",
        phases=("rcpt",),
        when=(When(code="251"),),
        verdict="pass",
        severity="info",
        confidence="certain",
        owner="recipient",
        title="The server forwards: {recipients}",
        meaning="The mailbox is elsewhere, and the server passes the mail on ({reply}).",
        next_step="Use the new address where you can.",
        reference="RFC 5321 section 3.4",
    ),
    Signature(
        id="rcpt.unknown_slow",
        phases=("rcpt",),
        when=(
            When(code="550", enhanced="5.1.10?", slower_than=4.0),
            When(code="550", enhanced="5.4.1", slower_than=4.0, text=r"\baccess denied\b"),
        ),
        verdict="pass",
        severity="info",
        confidence="likely",
        owner="target",
        title="The refusal took {seconds}: a tarpit",
        meaning="Servers that do not want to be asked for addresses answer late when they refuse one. The "
        "network is not "
        "at fault.",
        next_step="Nothing to do; test with few unknown recipients.",
        reference="Exchange tarpit interval",
    ),
)
