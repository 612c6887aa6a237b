# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""STARTTLS, the handshake, and the certificate.

Between mail servers TLS is opportunistic (RFC 7435): mail flows in spite of an untrusted certificate, so the check is
degraded. Where the user demands verified TLS the dialog breaks off, and the same finding becomes a failure.
"""

from __future__ import annotations

from ..signature import Signature, When

_CERTIFICATE = (
    "tls.expired",
    "tls.not_yet",
    "tls.self_signed",
    "tls.incomplete",
    "tls.untrusted",
    "tls.name",
    "tls.expiring",
)

FAILURES = (
    Signature(
        id="tls.probe_refused",
        phases=("starttls",),
        when=(When(code="(?!421)[0-9]{3}", sent="STARTTLS", no_keyword="STARTTLS"),),
        verdict="pass",
        severity="notice",
        confidence="likely",
        owner="target",
        title="STARTTLS is not offered, and refused when sent",
        meaning="The server itself has no TLS for this client ({reply}); nothing in the path hides the offer, unless "
        "it refuses the command as well.",
        next_step="Configure a certificate on the server, or allow this client to use TLS.",
        reference="RFC 3207 section 4",
        explains=("ehlo.starttls_missing",),
    ),
    Signature(
        id="tls.inject",
        phases=("starttls", "ehlo"),
        when=(
            When(code="454", enhanced="4.5.0"),
            When(
                code="[45]yz",
                text=r"\bafter (?:the )?STARTTLS\b|\bSTARTTLS\b.{1,40}\bpipelin|\bpipelin.{1,40}\bSTARTTLS\b",
            ),
        ),
        verdict="inconclusive",
        severity="error",
        confidence="likely",
        owner="network",
        title="The server saw something behind STARTTLS in the same packet",
        meaning="It takes that for an attack ({reply}). This check sends nothing behind STARTTLS, so something in the "
        "path did, or put two packets together.",
        next_step="Look for a proxy or a device with mail inspection in the path, and compare with another vantage.",
        reference="RFC 3207 section 4.2",
    ),
    Signature(
        id="tls.454",
        phases=("starttls",),
        when=(When(code="4(?!21)yz"),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="STARTTLS is offered, but not available",
        meaning="The server cannot use its certificate or key, or lacks resources ({reply}).",
        next_step="Check the certificate binding and the key's permissions on the server; then try again.",
        reference="RFC 3207 section 4",
    ),
    Signature(
        id="tls.5xx_advertised",
        phases=("starttls",),
        when=(When(code="5yz"),),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="network",
        title="STARTTLS is offered, but refused",
        meaning="A server that offers it does not refuse it ({reply}): something in the path filters the command.",
        next_step="Compare with another vantage; look for mail inspection in the firewalls in between.",
        reference="RFC 3207 section 4",
    ),
    Signature(
        id="tls.reset_in_handshake",
        phases=("starttls",),
        when=(
            When(error=("tls",), text=r"\bclosed the connection\b"),
            # Not while STARTTLS itself waits for its reply: that is a lost connection like any other.
            When(error=("reset", "closed"), facts=(("tls.established", "is", False),)),
        ),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="target",
        title="The connection was lost in the TLS handshake",
        meaning="No common TLS version or cipher, or an inspection device that cuts TLS: {detail}",
        next_step="Repeat it with other TLS versions, and compare with another vantage.",
        reference="RFC 8446 section 6.2",
    ),
    Signature(
        id="tls.not_accepted",
        phases=("starttls",),
        # The handshake verifies nothing: with one that failed, the certificate has nothing to do.
        when=(When(error=("tls",), facts=(("tls.established", "is", True),)),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="The server's certificate is not acceptable",
        meaning="{detail} The dialog ended over it because tls.verify asks for that.",
        next_step="Give the authority with tls.ca_path and the expected name with tls.server_name, or mend the "
        "certificate.",
        reference="RFC 7817 section 3",
    ),
    Signature(
        id="tls.handshake_failed",
        phases=("starttls",),
        when=(When(error=("tls",)),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="No acceptable TLS connection",
        meaning="{detail}",
        next_step="Check which TLS versions and certificates the server is configured with.",
        reference="RFC 8446 section 6.2",
        # It did not fail over the certificate, which may have been seen before it failed.
        explains=_CERTIFICATE,
    ),
    Signature(
        id="tls.broken",
        phases=("banner", "ehlo", "auth", "mail", "rcpt", "data", "message"),
        when=(When(error=("tls",)),),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="target",
        title="The TLS session broke at {phase}",
        meaning="It had come about, and then failed: {detail}",
        next_step="Look into the server's log. If it demands a client certificate, which in TLS 1.3 shows only here, "
        "give that with tls.client_cert.",
        reference="RFC 8446 section 6.2",
    ),
)

REMARKS = (
    Signature(
        id="tls.accepted_unadvertised",
        phases=("starttls",),
        when=(When(code="220", sent="STARTTLS", facts=(("tls.offered", "is", False),)),),
        verdict="degraded",
        severity="warning",
        confidence="likely",
        owner="network",
        title="STARTTLS is accepted, but not offered",
        meaning="A server that accepts it offers it ({reply}): something in the path strips the offer from the EHLO "
        "reply, and mail that could be encrypted travels in clear text.",
        next_step="Compare with another vantage; allow STARTTLS in the mail inspection of the firewalls in between.",
        reference="RFC 3207 section 6",
        explains=("ehlo.starttls_missing", "ehlo.submission_in_clear"),
    ),
    Signature(
        id="tls.old_only",
        phases=("starttls",),
        when=(
            When(facts=(("tls.established", "is", True), ("tls.version", "matches", r"^(?:SSLv3|TLSv1(?:\.1)?)$"))),
            # OpenSSL's words, and those of the alert that the server sends.
            When(
                error=("tls",),
                text=r"\b(?:unsupported protocol|wrong ssl version|version too low|alert protocol version"
                r"|no TLS version in common)\b",
            ),
        ),
        verdict="degraded",
        severity="warning",
        confidence="likely",
        owner="target",
        title="Only outdated TLS versions are spoken here",
        meaning="There is no TLS 1.2 or newer in common with the server ({tls_version}). Large providers do not "
        "deliver "
        "to such a server, and their log only says that the connection was lost.",
        next_step="Upgrade the server's TLS library, or its settings; if tls.max_version is set, leave it out.",
        reference="RFC 8996",
        explains=("tls.handshake_failed", "tls.old_accepted"),
        breaks_off="starttls",
    ),
    Signature(
        id="tls.old_accepted",
        phases=("starttls",),
        when=(When(facts=(("tls.versions", "accept one of", ("SSLv3", "TLSv1", "TLSv1.1")),)),),
        verdict="pass",
        severity="notice",
        confidence="certain",
        owner="target",
        title="Outdated TLS versions are still accepted",
        meaning="The server takes at least one version before TLS 1.2 from a client that offers nothing newer. Between "
        "mail servers that is still better than no encryption; where users log in it is not allowed any more.",
        next_step="Where users log in, set TLS 1.2 as the server's oldest version. On port 25, see in the log whether "
        "anybody still needs the old ones.",
        reference="RFC 8996, RFC 8997",
    ),
    Signature(
        id="tls.inspection_ca",
        phases=("starttls",),
        # Names that makers put into the authority of their inspecting devices.
        when=(
            When(
                facts=(
                    (
                        "tls.certificate.issuer",
                        "matches",
                        r"\b(?:Forti(?:net|Gate)|Palo Alto|PAN-OS|Zscaler|Blue ?Coat|Sophos|Check ?Point|WatchGuard"
                        r"|SonicWall|Netskope|Forcepoint|Websense|Untangle|pfSense|mitmproxy|Kaspersky|Avast|AVG|ESET"
                        r"|Bitdefender|(?:SSL|TLS|HTTPS)[ -](?:inspection|interception|proxy))\b",
                    ),
                )
            ),
        ),
        verdict="degraded",
        severity="warning",
        confidence="possible",
        owner="network",
        title="The certificate looks like that of an inspecting device",
        meaning="It was issued by {issuer}, a name that firewalls and virus scanners give to their own authority: they "
        "end TLS, read the mail, and begin TLS anew. A mail gateway of the same maker can show such a name too.",
        next_step="Compare the certificate with the one on the server, or with what another vantage sees; exempt SMTP "
        "from TLS inspection.",
        reference="RFC 7435 section 3",
        explains=("tls.untrusted", "tls.incomplete", "tls.self_signed"),
    ),
    Signature(
        id="tls.caps_stale",
        phases=("starttls",),
        when=(When(facts=(("ehlo.before_tls", "offers other things than", "ehlo.keywords"),)),),
        verdict="pass",
        severity="info",
        confidence="certain",
        owner="target",
        title="With TLS the server offers something else than without",
        meaning="That is as it should be: AUTH, for example, appears only then. What was said before TLS does "
        "not count.",
        next_step="Nothing to do. Whoever asks for EHLO once only must mend that.",
        reference="RFC 3207 section 4.2",
    ),
    Signature(
        id="tls.expired",
        phases=("starttls",),
        when=(
            When(facts=(("tls.certificate.days_left", "<", 0),)),
            When(facts=(("tls.reason", "matches", r"\bexpired\b"),)),
        ),
        verdict="degraded",
        severity="warning",
        confidence="certain",
        owner="target",
        title="The certificate has expired",
        meaning="The certificate, or one above it, is out of date (the server's own: {not_after}). Senders that "
        "verify do not deliver.",
        next_step="Renew the certificate and reload the mail service.",
        reference="RFC 5280 section 4.1.2.5",
        explains=("tls.untrusted", "tls.not_accepted", "tls.as_of"),
        breaks_off="starttls",
    ),
    Signature(
        id="tls.not_yet",
        phases=("starttls",),
        when=(When(facts=(("tls.reason", "matches", r"\bnot yet valid\b"),)),),
        verdict="degraded",
        severity="warning",
        confidence="certain",
        owner="target",
        title="The certificate is not valid yet",
        meaning="Its validity begins in the future ({not_before}): issued too early, or a clock is wrong.",
        next_step="Check the clocks of the vantage and of the issuing authority.",
        reference="RFC 5280 section 4.1.2.5",
        explains=("tls.untrusted", "tls.not_accepted"),
        breaks_off="starttls",
    ),
    Signature(
        id="tls.self_signed",
        phases=("starttls",),
        when=(
            When(facts=(("tls.trusted", "is", False), ("tls.reason", "matches", r"^self.signed certificate\b(?! in)"))),
        ),
        verdict="degraded",
        severity="warning",
        confidence="certain",
        owner="target",
        title="The certificate is self-signed",
        meaning="Nobody vouches for it ({reason}); commonly the one that came with the installation.",
        next_step="Install a certificate of an authority that senders trust, or give your own with tls.ca_path.",
        reference="RFC 7672 section 1.3",
        explains=("tls.untrusted", "tls.not_accepted"),
        breaks_off="starttls",
    ),
    Signature(
        id="tls.incomplete",
        phases=("starttls",),
        when=(
            # OpenSSL says the same of a private authority, unless the server sent more than its own certificate.
            When(
                facts=(
                    ("tls.trusted", "is", False),
                    ("tls.chain", "has length", 1),
                    ("tls.reason", "matches", r"\bunable to (?:get local issuer|verify the first)\b"),
                )
            ),
        ),
        verdict="degraded",
        severity="warning",
        confidence="possible",
        owner="target",
        title="The certificate's issuer is unknown: an incomplete chain, or a private authority",
        meaning="The server sends its own certificate alone, and nothing links that to a known authority ({reason}).",
        next_step="Configure the chain file: the server's certificate first, then the intermediate ones. If the "
        "authority is your own, give it with tls.ca_path.",
        reference="RFC 8446 section 4.4.2",
        explains=("tls.untrusted", "tls.not_accepted"),
        breaks_off="starttls",
    ),
    Signature(
        id="tls.untrusted",
        phases=("starttls",),
        when=(When(facts=(("tls.trusted", "is", False),)),),
        verdict="degraded",
        severity="warning",
        confidence="certain",
        owner="target",
        title="The certificate is not trusted",
        meaning="Its chain does not lead to an authority known at the vantage ({reason}). Issued by {issuer}.",
        next_step="Install a certificate of an authority that senders trust, or give your own with tls.ca_path.",
        reference="RFC 7672 section 1.3",
        explains=("tls.not_accepted",),
        breaks_off="starttls",
    ),
    Signature(
        id="tls.name",
        phases=("starttls",),
        when=(When(facts=(("tls.name_matches.matches", "is", False),)),),
        verdict="degraded",
        severity="warning",
        confidence="certain",
        owner="target",
        title="The certificate is for another name",
        meaning="It does not cover {tls_name}; it is for {names}.",
        next_step="Issue the certificate for the name in the MX record, or bind the right one to the mail service.",
        reference="RFC 9525 section 6",
        explains=("tls.not_accepted",),
        breaks_off="starttls",
    ),
    Signature(
        id="tls.expiring",
        phases=("starttls",),
        # Not when it is over already: that is tls.expired.
        when=(When(facts=(("tls.certificate.days_left", "<", 14), ("tls.certificate.days_left", ">=", 0))),),
        verdict="degraded",
        severity="warning",
        confidence="certain",
        owner="target",
        title="The certificate expires in {days_left}",
        meaning="It is valid until {not_after}. Automatic renewal would have replaced it by now.",
        next_step="Renew the certificate, and find out why that did not happen by itself.",
        reference="RFC 5280 section 4.1.2.5",
    ),
    Signature(
        id="tls.as_of",
        phases=("starttls",),
        # For reasons of date alone: what is wrong today as well has a finding of its own.
        when=(When(facts=(("tls.as_of.valid", "is", False), ("tls.as_of.reason", "matches", r"\bthen\b"))),),
        verdict="degraded",
        severity="warning",
        confidence="certain",
        owner="target",
        title="The certificate is not valid as of {as_of}",
        meaning="On the day that tls.as_of asks about, {as_of_reason}.",
        next_step="Renew it before, or make sure that this happens by itself; replace what the server sends of the "
        "chain if it is that.",
        reference="RFC 5280 section 4.1.2.5",
    ),
    Signature(
        id="tls.must_staple",
        phases=("starttls",),
        when=(When(facts=(("tls.certificate.must_staple", "is", True), ("tls.ocsp.stapled", "is not", True))),),
        verdict="pass",
        severity="notice",
        confidence="possible",
        owner="target",
        title="The certificate demands a stapled OCSP response",
        meaning="Clients that keep to RFC 7633 refuse the server without one. Whether it sends one could not be seen "
        "from here.",
        next_step="Look with openssl s_client -status, and -starttls smtp where TLS does not come first.",
        reference="RFC 7633 section 4.2.3",
    ),
)
