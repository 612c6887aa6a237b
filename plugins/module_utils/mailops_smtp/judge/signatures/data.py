# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""DATA, and the message up to the reply after its final dot."""

from __future__ import annotations

from ..signature import Signature, When

FAILURES = (
    Signature(
        id="data.full",
        phases=("message",),
        when=(When(enhanced="x.2.2"),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="recipient",
        title="The mailbox has no room for the message",
        meaning="The recipient's address was accepted, but the message does not fit into the mailbox or its quota "
        "({reply}).",
        next_step="Clear the mailbox or raise its quota; test with another recipient.",
        reference="RFC 3463 section 3.3",
    ),
    Signature(
        id="data.deferred",
        phases=("data", "message"),
        when=(When(code="4(?!21)yz"),),
        verdict="deferred",
        severity="warning",
        confidence="certain",
        owner="target",
        title="The message is refused for now",
        meaning="The server did not take the message and asks to come back later ({reply}).",
        next_step="Try again later; if it stays so, the server's text and log say what it waits for.",
        reference="RFC 5321 section 4.2.1",
    ),
    Signature(
        id="data.refused",
        phases=("data", "message"),
        when=(When(code="5yz"),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="The message is refused",
        meaning="Sender and recipients were accepted, the message was not ({reply}).",
        next_step="Read the server's text: size, content filter or a rule; its log tells which.",
        reference="RFC 5321 section 4.2.1",
    ),
    Signature(
        id="data.refused_early",
        phases=("message",),
        when=(When(error=("closed", "reset"), unsolicited=True),),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="target",
        title="The server broke off before it had the whole message",
        meaning="It asked for the message, and then spoke before the end of it and hung up: {unsolicited}",
        next_step="Read the server's text and its log: a limit, or a filter that decides before the dot.",
        reference="RFC 5321 section 4.1.1.4",
        explains=("proto.unsolicited",),
    ),
    Signature(
        id="data.stall",
        phases=("message",),
        when=(When(error=("silent", "reset", "closed", "timeout")),),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="network",
        title="The connection failed while the message was sent",
        meaning="Whether the message was taken is not known ({detail}). If small messages pass and large ones do not, "
        "large packets are lost on the way (path MTU).",
        next_step="Compare a message of 1 kB with one of 100 kB; allow the server's content filter up to 10 minutes.",
        reference="RFC 5321 section 4.5.3.2.6",
    ),
)

REMARKS = ()
