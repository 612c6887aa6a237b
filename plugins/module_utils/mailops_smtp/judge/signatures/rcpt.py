# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""RCPT TO. Naming a recipient asks for its acceptance, so a refusal of one among many is a failure."""

from __future__ import annotations

from ..signature import Signature, When

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
        id="rcpt.relay",
        phases=("rcpt",),
        when=(
            When(code="5yz", text=r"\brelay"),
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
        id="rcpt.unknown",
        phases=("rcpt",),
        when=(
            When(code="5yz", enhanced="5.1.1"),
            When(code="550", enhanced="5.1.10"),
            # Exchange Online's directory based edge blocking.
            When(code="550", enhanced="5.4.1", text=r"\brecipient address rejected: access denied"),
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
        when=(When(code="452", enhanced="x.5.3", facts=(("recipients", "have no outcome", "deferred"),)),),
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
        id="rcpt.deferred",
        phases=("rcpt",),
        when=(When(code="4(?!21)yz"),),
        verdict="deferred",
        severity="warning",
        confidence="certain",
        owner="target",
        title="Refused for now: {recipients}",
        meaning="The server asks to come back later ({reply}).",
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
        meaning="The server does not take this mail, for a reason that only its own text tells ({reply}).",
        next_step="Read the server's text, and its log for the time of this check.",
        reference="RFC 5321 section 4.2.1",
    ),
)

REMARKS = ()
