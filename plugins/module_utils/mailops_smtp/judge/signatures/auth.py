# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""AUTH (RFC 4954)."""

from __future__ import annotations

from ..signature import Signature, When

FAILURES = (
    Signature(
        id="auth.channel_binding",
        phases=("auth",),
        when=(
            When(code="5yz", facts=(("auth.problem", "matches", r"\b(?:channel-bindings-|unsupported-channel-)"),)),
            When(code="5yz", facts=(("auth.channel_binding", "matches", "."),)),
        ),
        verdict="fail",
        severity="error",
        confidence="possible",
        owner="network",
        title="The log-in that is bound to the TLS session is not accepted",
        meaning="The credentials are wrong, or the server does not know {channel_binding}, or TLS ends elsewhere: at a "
        "load balancer or an inspecting device, whose session with the server is not the one with this client "
        "({reply}).",
        next_step="Repeat it with auth.mechanism SCRAM-SHA-256 or SCRAM-SHA-1. If that is accepted, find out where TLS "
        "ends: compare the certificate here with the one on the server.",
        reference="RFC 5802 section 6",
        explains=("auth.impossible",),
    ),
    Signature(
        id="auth.basic_off",
        phases=("auth",),
        when=(When(enhanced="5.7.139"), When(code="535", text=r"\bbasic authentication is disabled\b")),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="Log-ins with a password are switched off",
        meaning="The organisation, or this mailbox, allows modern authentication only ({reply}). The password may be "
        "right all the same.",
        next_step="Allow authenticated SMTP for the mailbox (Set-CASMailbox), or test with a mailbox that may use it.",
        reference="Exchange Online authenticated SMTP, 5.7.139",
    ),
    Signature(
        id="auth.534",
        phases=("auth",),
        when=(When(code="534"), When(enhanced="5.7.(?:9|14)")),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="The server wants a stronger log-in",
        meaning="The mechanism is too weak for this user, or the provider wants a log-in in a browser, or a password "
        "for applications ({reply}).",
        next_step="Use a stronger mechanism, or an application password.",
        reference="RFC 4954 section 6",
    ),
    Signature(
        id="auth.432",
        phases=("auth",),
        when=(When(code="432"), When(enhanced="4.7.12")),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="The password has to be set anew for this mechanism",
        meaning="The server has the password in a form that does not go with the mechanism ({reply}). Trying again "
        "changes nothing.",
        next_step="Log in once with PLAIN over TLS, or set the password again.",
        reference="RFC 4954 section 6",
    ),
    Signature(
        id="auth.535",
        phases=("auth",),
        when=(When(code="535"), When(enhanced="5.7.8")),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="The server does not accept the user name or password",
        meaning="The credentials are wrong, or the account may not log in this way ({reply}).",
        next_step="Check user name and password, and whether the account may use authenticated SMTP.",
        reference="RFC 4954 section 6",
    ),
    Signature(
        id="auth.538_tls",
        phases=("auth",),
        when=(When(code="538"), When(enhanced="5.7.11")),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="The server accepts AUTH over TLS only",
        meaning="The mechanism is too weak for a clear connection ({reply}).",
        next_step="Use STARTTLS, or the port with implicit TLS.",
        reference="RFC 4954 section 6",
    ),
    Signature(
        id="auth.504",
        phases=("auth",),
        when=(When(code="504"), When(code="5yz", text=r"\bunrecognized authentication type\b")),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="The server does not know this log-in mechanism",
        meaning="It refuses the mechanism, not the user ({reply}).",
        next_step="Choose one of those that it lists behind AUTH; after STARTTLS there may be others.",
        reference="RFC 4954 section 4",
    ),
    Signature(
        id="auth.454",
        phases=("auth",),
        when=(When(code="4(?!21)yz"),),
        verdict="deferred",
        severity="warning",
        confidence="certain",
        owner="target",
        title="The server cannot authenticate anybody at the moment",
        meaning="Its directory or authentication service is out of order, or was tried too often ({reply}).",
        next_step="Try again later; look at the authentication service behind the server.",
        reference="RFC 4954 section 6",
    ),
    Signature(
        id="auth.refused",
        phases=("auth",),
        when=(When(code="5yz"),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="AUTH is refused",
        meaning="The server does not authenticate this way ({reply}). {code_meaning}",
        next_step="Read the server's text; check which mechanisms it offers, and on which port.",
        reference="RFC 4954 section 4",
    ),
)

REMARKS = (
    Signature(
        id="auth.ntlm_only",
        phases=("auth",),
        # The sentence of dialog.sasl.choose, which lists what the server offers.
        when=(
            When(
                facts=(
                    (
                        "auth.problem",
                        "matches",
                        r"; it offers (?:(?:NTLM|GSSAPI|GSS-SPNEGO|NEGOTIATE)(?:, )?){1,4}\.$",
                    ),
                )
            ),
        ),
        verdict="pass",
        severity="notice",
        confidence="certain",
        owner="target",
        title="Only NTLM or Kerberos log-ins are offered",
        meaning="Those are for members of its Windows domain; nobody can log in with a user name and a password here. "
        "An Exchange connector offers LOGIN only if basic authentication is on, and mostly after STARTTLS only.",
        next_step="Use the submission port with STARTTLS, or turn on basic authentication over TLS on the connector.",
        reference="MS-SMTPNTLM",
        explains=("auth.impossible", "auth.skipped"),
        breaks_off="auth",
    ),
    Signature(
        id="auth.skipped",
        phases=("auth",),
        when=(
            When(
                facts=(
                    ("auth.problem", "matches", "."),
                    ("auth.accepted", "is not", True),
                    ("failed_phase", "is not", "auth"),
                )
            ),
        ),
        verdict="pass",
        severity="notice",
        confidence="certain",
        owner="sender",
        title="The dialog went on without the log-in",
        meaning="{problem}",
        next_step="Nothing, if the server is not meant to know this user; otherwise make the log-in required.",
        reference="RFC 4954 section 3",
        explains=("auth.impossible",),
    ),
    Signature(
        id="auth.impossible",
        phases=("auth",),
        when=(When(facts=(("auth.problem", "matches", "."),)),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="sender",
        title="The log-in cannot be carried out",
        meaning="{problem}",
        next_step="Compare the mechanisms that the server offers with what auth asks for, and use TLS.",
        reference="RFC 4954 section 4",
    ),
    Signature(
        id="auth.not_offered",
        phases=("auth",),
        # Whoever forces AUTH is answered, and the answer is what counts.
        when=(When(no_keyword="AUTH", facts=(("auth.mechanism", "is", None), ("failed_phase", "is", "auth"))),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="AUTH is not offered",
        meaning="A log-in was asked for, but the server does not list AUTH on this port and connection.",
        next_step="Use the submission ports (587 with STARTTLS, 465 with TLS), or turn AUTH on there.",
        reference="RFC 4954 section 3",
        explains=("auth.impossible",),
    ),
)
