# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""The certificate against what the domain has published for its senders: DANE (RFC 7672) and MTA-STS (RFC 8461); and
the servers behind one address against each other."""

from __future__ import annotations

from ..signature import Signature, When

FAILURES = ()

REMARKS = (
    Signature(
        id="tls.dane_fail",
        phases=("starttls",),
        when=(When(facts=(("tls.dane.valid", "is", False),)),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="The certificate does not fit the TLSA records",
        meaning="Senders that do DANE do not deliver to {host}: {dane_reason}.",
        next_step="Publish the TLSA record of the certificate that is in use. The next time, publish the new one "
        "beside the old one before the certificate is changed.",
        reference="RFC 7672 section 2.2",
        explains=("tls.untrusted", "tls.self_signed", "tls.name"),
    ),
    Signature(
        id="tls.dane_without_tls",
        phases=("ehlo",),
        when=(
            When(
                facts=(
                    ("tls.offered", "is", False),
                    ("tls.established", "is not", True),
                    ("tls.dane.usable", "is", True),
                )
            ),
        ),
        verdict="fail",
        severity="error",
        confidence="likely",
        owner="target",
        title="TLSA records demand TLS, and there is none",
        meaning="{host} has TLSA records, so senders that do DANE deliver with TLS alone, and here it did not come "
        "about. Where the server offers it elsewhere, something in the path strips it.",
        next_step="Turn STARTTLS on, compare with another vantage, or take the TLSA records out.",
        reference="RFC 7672 section 2.2",
    ),
    Signature(
        id="tls.dane_rollover",
        phases=("starttls",),
        when=(When(facts=(("tls.dane.valid", "is", True), ("tls.dane.unmatched", ">=", 1))),),
        verdict="pass",
        severity="info",
        confidence="possible",
        owner="target",
        title="Not all TLSA records fit the certificate",
        meaning="One fits, and that is enough. The others are of a key to come, as in a change of keys, or left over.",
        next_step="If no change is under way, take the others out.",
        reference="RFC 7671 section 8.1",
    ),
    Signature(
        id="tls.mtasts_fail",
        phases=("starttls",),
        when=(When(facts=(("tls.mta_sts.mode", "is", "enforce"), ("tls.mta_sts.valid", "is", False))),),
        verdict="fail",
        severity="error",
        confidence="certain",
        owner="target",
        title="The MTA-STS policy is not met: {mta_sts_reason}",
        meaning="Its mode is enforce, so senders that honour it do not deliver to {host}.",
        next_step="Mend the certificate, or name the host in the policy first and then change the record's id.",
        reference="RFC 8461 section 5",
    ),
    Signature(
        id="tls.mtasts_testing",
        phases=("starttls",),
        when=(When(facts=(("tls.mta_sts.mode", "is", "testing"), ("tls.mta_sts.valid", "is", False))),),
        verdict="degraded",
        severity="warning",
        confidence="certain",
        owner="target",
        title="The MTA-STS policy, which is in testing, is not met",
        meaning="With enforce, senders would not deliver to {host}: {mta_sts_reason}.",
        next_step="Mend this before the mode becomes enforce.",
        reference="RFC 8461 section 5",
    ),
    Signature(
        id="tcp.members_differ",
        phases=("ehlo",),
        when=(
            When(facts=(("members", "differ in", "keywords"),)),
            When(facts=(("members", "differ in", "tls_version"),)),
        ),
        verdict="degraded",
        severity="warning",
        confidence="likely",
        owner="target",
        title="The servers behind {address} differ",
        meaning="{member_names} answer there in turn, and do not offer the same extensions or TLS. What works depends "
        "on which one answers.",
        next_step="Compare what members has of each, and configure them alike.",
        reference="RFC 5321 section 2.2.1",
    ),
)
