# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What one product or operator alone says, in whatever phase: Exchange's components, and servers that tell that they
are set up wrongly or short of something. They stand before the general meaning of the same code."""

from __future__ import annotations

from ...evidence import PHASES
from ..signature import Signature, When

_PHASES = tuple(phase for phase in PHASES if phase not in ("resolve", "connect", "proxy"))

FAILURES = (
    Signature(
        id="exch.component_off",
        phases=_PHASES,
        when=(
            When(code="421", enhanced="4.3.2", text=r"\bnot (?:active|accepting (?:network )?messages)\b"),
            When(code="421", text=r"\bservice not active\b"),
        ),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="target",
        title="Exchange's transport component is not active",
        meaning="The component is in maintenance, or a custom connector stands on the wrong role and takes the "
        "service's port ({reply}). Trying again changes nothing until somebody does.",
        next_step="Look at Get-ServerComponentState, and set FrontendTransport and HubTransport to Active; move a "
        "connector of your own from port 25 of the Hub role to the Frontend role.",
        reference="Exchange server component states",
    ),
    Signature(
        id="exch.frontend_drop",
        phases=_PHASES,
        when=(When(code="421", enhanced="4.4.2", text=r"\bconnection dropped\b"),),
        verdict="deferred",
        severity="warning",
        confidence="likely",
        owner="target",
        title="Exchange dropped the connection",
        meaning="A limit for this source, or a device before the server, ended it ({reply}).",
        next_step="Compare MaxInboundConnectionPerSource and the message rate limit of the connector with what comes "
        "from this address.",
        reference="Exchange receive connectors, throttling",
    ),
    Signature(
        id="ehlo.exch_verbs_lost",
        phases=("auth", "mail", "rcpt"),
        when=(When(code="451", text=r"\bcannot achieve exchange server authentication\b"),),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="network",
        title="A firewall eats the extensions that Exchange servers use among themselves",
        meaning="The server wants X-EXPS or X-ANONYMOUSTLS of another Exchange server, and they do not get through, or "
        "the two disagree about certificates and permissions ({reply}).",
        next_step="Take mail inspection off the path between the servers; then check the connector's authentication "
        "and the certificates.",
        reference="Microsoft Exchange mail flow, 451 5.7.3",
    ),
    Signature(
        id="mail.backpressure",
        phases=("mail", "rcpt", "data"),
        when=(
            When(code="452", enhanced="4.3.1"),
            When(code="452", text=r"\binsufficient system (?:resources|storage)\b"),
        ),
        verdict="deferred",
        severity="error",
        confidence="certain",
        owner="target",
        title="The server is short of disk space or memory",
        meaning="Exchange calls it back pressure, others insufficient storage ({reply}). Nobody's mail is taken until "
        "that changes.",
        next_step="Free the volume that holds the queue; look for what fills it.",
        reference="RFC 5321 section 4.2.3; Exchange back pressure",
    ),
    Signature(
        id="rcpt.frontend_proxy",
        phases=("mail", "rcpt", "data", "message"),
        when=(When(code="451", text=r"\bPRX[0-9]\b"),),
        verdict="deferred",
        severity="error",
        confidence="certain",
        owner="target",
        title="Exchange's front end does not reach its transport service",
        meaning="The front end takes the connection and has nobody to pass it to ({reply}): the transport service is "
        "down, or the server's own names do not resolve.",
        next_step="Check the transport service and DNS on the server, its own host name above all.",
        reference="Exchange front end transport, PRX errors",
    ),
    Signature(
        id="rcpt.wrong_region",
        phases=("mail", "rcpt", "data", "message"),
        when=(When(code="451", enhanced="4.4.62"),),
        verdict="deferred",
        severity="error",
        confidence="certain",
        owner="target",
        title="Mail is sent to the wrong region of Exchange Online",
        meaning="The host does not serve the recipient's organisation ({reply}).",
        next_step="Correct the MX record, or the connector that names this host.",
        reference="Exchange Online NDR 4.4.62",
    ),
    Signature(
        id="srv.config",
        phases=_PHASES,
        when=(When(code=r"4yz", enhanced="4.3.5"),),
        verdict="deferred",
        severity="error",
        confidence="certain",
        owner="target",
        title="The server is set up wrongly, and says so",
        meaning="It cannot carry on because of its own configuration ({reply}).",
        next_step="Read the server's log for the time of this check.",
        reference="RFC 3463 section 3.4",
    ),
    Signature(
        id="srv.resources",
        phases=_PHASES,
        when=(
            When(
                code="4[25]1",
                text=r"\b(?:all (?:server )?ports (?:are )?busy|(?:no|out of|insufficient) (?:system )?resources"
                r"|(?:system|server) (?:is )?(?:too )?busy|load (?:average )?(?:is )?too high)\b",
            ),
        ),
        verdict="deferred",
        severity="warning",
        confidence="likely",
        owner="target",
        title="The server is overloaded",
        meaning="It has no room for another client at the moment ({reply}).",
        next_step="Try again later; look at the number of connections and the load of the server.",
        reference="RFC 5321 section 3.8",
    ),
    Signature(
        id="data.timeout_421",
        phases=("data", "message"),
        when=(When(code="421", text=r"\btime(?:d )?-?out\b|\bidle\b"), When(code="421", enhanced="4.4.2")),
        verdict="deferred",
        severity="warning",
        confidence="certain",
        owner="network",
        title="The server lost patience while the message came",
        meaning="It did not get the message within its time limit ({reply}): a slow path, or lost large packets.",
        next_step="Compare a message of 1 kB with one of 100 kB; if only the large one fails, look at the path's MTU.",
        reference="RFC 5321 section 4.5.3.2",
    ),
    Signature(
        id="data.loop",
        phases=("rcpt", "data", "message"),
        when=(
            When(code="5yz", enhanced="5.4.(?:6|14)"),
            When(
                code="5yz",
                text=r"\btoo many hops\b|\bhop count\b|\bloops? (?:back|detected)\b|\b(?:mail|routing) loop\b",
            ),
        ),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="The mail goes in circles",
        meaning="The server saw the message before, or would send it to itself ({reply}).",
        next_step="Follow the Received fields; check which server each of them believes to be responsible, and that no "
        "two have the same name.",
        reference="RFC 5321 section 6.3",
    ),
    Signature(
        id="proto.503",
        phases=("ehlo", "xclient", "mail", "rcpt"),
        when=(When(code="503", text=r"(?<!nested )\b(?:HELO|EHLO|hello|bad sequence|out of (?:order|sequence))\b"),),
        verdict="fail",
        severity="error",
        confidence="possible",
        owner="network",
        title="The server says that {verb} comes out of turn",
        meaning="It was sent in the order of the protocol ({reply}): something in between swallowed an earlier "
        "command, "
        "or the server forgot it, as after TLS.",
        next_step="Read the dialog from its beginning; compare with a vantage beside the server.",
        reference="RFC 5321 section 4.1.4",
    ),
)

REMARKS = (
    Signature(
        id="mail.ack_slow",
        phases=("mail",),
        when=(When(code="250", slower_than=3.0, software=r"^Microsoft Exchange$"),),
        verdict="pass",
        severity="notice",
        confidence="possible",
        owner="target",
        title="MAIL FROM was answered after {seconds} only",
        meaning="Exchange under back pressure delays its answers before it refuses, so as to slow its clients down.",
        next_step="Look at the queues and at the disk space of the server.",
        reference="Exchange back pressure",
    ),
)
