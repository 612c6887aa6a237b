# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with where a domain's mail goes. ``mail_routes.py`` beside this folder recognises it in the facts
of a domain; the findings that have no step to show, since no connection is made, come from here alone."""

from __future__ import annotations

from ..signature import Signature


def _about(
    identifier: str,
    verdict: str,
    severity: str,
    title: str,
    meaning: str,
    next_step: str,
    reference: str,
    confidence: str = "certain",
    owner: str = "target",
) -> Signature:
    return Signature(
        identifier, ("resolve",), (), verdict, severity, confidence, owner, title, meaning, next_step, reference
    )


SERVFAIL = _about(
    "dns.servfail",
    "inconclusive",
    "error",
    "The DNS of {domain} fails",
    "Name servers gave up on {name}: {detail} Either the zone is broken, or they do not reach its servers. "
    "Senders keep the mail and try again for days.",
    "Ask the zone's own name servers, and another resolver.",
    "RFC 2308 section 7.1",
    confidence="possible",
)
ALIAS_LOOP = _about(
    "dns.alias_loop",
    "fail",
    "error",
    "The aliases of {name} lead in a circle",
    "No sender finds an end: {detail}",
    "Take one of the CNAME records out.",
    "RFC 1034 section 3.6.2",
)
NO_MX_IMPLICIT = _about(
    "dns.no_mx_implicit",
    "pass",
    "notice",
    "{domain} has no MX record",
    "Senders fall back to the address of {domain} itself. That works, and whoever changes that address for the "
    "web site's sake moves the mail with it.",
    "Publish an MX record that names the mail server.",
    "RFC 5321 section 5.1",
)
NO_MAIL_HOST = _about(
    "dns.no_mx_no_addr",
    "fail",
    "error",
    "{domain} has neither MX records nor an address",
    "Its mail cannot be delivered anywhere; senders return it at once (5.1.2, 5.4.4).",
    "Publish an MX record, or a null MX if the domain is to take no mail.",
    "RFC 5321 section 5.1",
)
NO_MX_USABLE = _about(
    "dns.no_mx_usable",
    "fail",
    "error",
    "No MX host of {domain} can be used",
    "None of the hosts in its MX records has an address that senders find: {hosts}.",
    "Give the hosts addresses, or name others.",
    "RFC 5321 section 5.1",
)
NULL_MX_MIXED = _about(
    "dns.null_mx_mixed",
    "degraded",
    "warning",
    "{domain} says both that it takes mail and that it does not",
    "Beside its mail servers it has a null MX. Some senders honour that and return the mail.",
    "Remove the null MX, or all the others.",
    "RFC 7505 section 3",
)
NULL_MX_ODD = _about(
    "dns.null_mx_odd",
    "pass",
    "notice",
    "The null MX of {domain} has an odd form",
    "It should be one record with preference 0, and is: {records}.",
    "Write `{domain}. MX 0 .`",
    "RFC 7505 section 3",
)
MX_ALIAS = _about(
    "dns.mx_cname",
    "degraded",
    "warning",
    "The MX host {host} is an alias",
    "It stands for {alias}. An MX record must name a host and not an alias: some senders refuse, and certificates"
    " are checked for the alias's name.",
    "Name {alias} in the MX record.",
    "RFC 2181 section 10.3",
)
MX_LITERAL = _about(
    "dns.mx_literal",
    "degraded",
    "error",
    "An MX record names the address {host}",
    "An MX record has to name a host; most senders leave this one out.",
    "Give the address a name, and put that into the MX record.",
    "RFC 5321 section 5.1",
)
MX_PRIVATE = _about(
    "dns.mx_private",
    "pass",
    "notice",
    "{host} has an address that is not reachable from everywhere",
    "{addresses}. Senders elsewhere cannot connect to it, unless their DNS tells them something else.",
    "Ask from a vantage outside. If it gets the same answer, publish a public address.",
    "RFC 6890 section 2",
    confidence="possible",
)
MX_NO_ADDRESS = _about(
    "dns.mx_no_addr",
    "degraded",
    "error",
    "The MX host {host} has no address",
    "{detail} Senders lose time with it, and mail waits where it is the only one.",
    "Give it an address, or take it out of the MX records.",
    "RFC 5321 section 5.1",
)
MX_UNKNOWN = _about(
    "dns.mx_unknown",
    "inconclusive",
    "error",
    "The addresses of {host} could not be looked up",
    "Nothing is known about this MX host: {detail}",
    "Ask again, and ask the zone's own name servers.",
    "RFC 5321 section 5.1",
    confidence="certain",
    owner="vantage",
)
MX_BOGUS = _about(
    "dns.mx_bogus",
    "degraded",
    "error",
    "The DNSSEC signatures of the MX host {host} are wrong",
    "Senders whose resolver validates leave it out: {detail}",
    "Sign the zone again, or make its DS record in the parent zone fit its keys.",
    "RFC 4035 section 5.5",
)
MX_MANY = _about(
    "dns.mx_many",
    "pass",
    "notice",
    "{domain} has {number} MX records",
    "Senders look at the first few, Postfix at five addresses by default. The first {shown} were looked up here.",
    "Keep a handful.",
    "RFC 5321 section 5.1",
)
PTR_MISSING = _about(
    "dns.ptr_missing",
    "pass",
    "notice",
    "{address} of {host} has no name",
    "An address without a PTR record matters where the server also sends: many receivers refuse or delay its mail.",
    "Have the owner of the network add a PTR record with the name that the server says in EHLO.",
    "RFC 1912 section 2.1",
)
PTR_MISMATCH = _about(
    "dns.ptr_mismatch",
    "pass",
    "notice",
    "The name of {address} does not lead back to it",
    "Its PTR record names {names}, and those have other addresses or none. Many receivers take it for no name at all.",
    "Make PTR and address records fit each other.",
    "RFC 1912 section 2.1",
)
AUTHORITY_DIFFERS = _about(
    "dns.authority_differs",
    "degraded",
    "warning",
    "The name servers of {domain} do not all say the same",
    "{detail} A change has not reached all of them, or a resolver still has the old records.",
    "Compare the zone's serial numbers, and wait for the time to live of the old records.",
    "RFC 1034 section 4.3.5",
    confidence="likely",
)
VIEW_DIFFERS = _about(
    "dns.view_differs",
    "pass",
    "warning",
    "{vantage} is led elsewhere for mail to {domain} than {others}",
    "{detail}. Either inside and outside are meant to differ (split DNS), or some of them still have old records, which"
    " they may keep for {keeping}.",
    "Where no split is meant, compare with the zone's own name servers, and ask again when the old records' time is "
    "over.",
    "RFC 8499 section 6",
)
LAME = _about(
    "dns.lame",
    "degraded",
    "warning",
    "A name server of {domain} does not answer for it",
    "{detail} Senders lose time with it, or take its silence for an answer.",
    "Mend that name server, or take it out of the NS records, in the parent zone too.",
    "RFC 1912 section 2.8",
)
SPF_MISSING = _about(
    "spf.missing",
    "pass",
    "notice",
    "{domain} has no SPF record",
    "Anybody can send in its name, and large receivers distrust mail without.",
    "Publish one: `v=spf1 mx -all` for a domain that sends from its MX hosts, `v=spf1 -all` for one that does not"
    " send.",
    "RFC 7208 section 3",
)
SPF_INVALID = _about(
    "spf.invalid",
    "degraded",
    "warning",
    "The SPF record of {domain} does not work",
    "{detail} Receivers take such a record for an error, and some refuse the mail.",
    "Mend the record: one per domain, at most ten look-ups.",
    "RFC 7208 section 4.6.4",
)
SPF_NOT_COVERED = _about(
    "spf.not_covered",
    "degraded",
    "warning",
    "SPF does not let {address} send for {domain}",
    "The result for it is {result} ({detail}).",
    "Add the address to the record, or send from another one.",
    "RFC 7208 section 2.6",
    confidence="certain",
    owner="sender",
)
DMARC_MISSING = _about(
    "dmarc.missing",
    "pass",
    "notice",
    "{domain} has no DMARC record",
    "Receivers are not told what to do with mail that pretends to come from it, and nobody reports such mail.",
    "Publish one at _dmarc.{domain}, `v=DMARC1; p=none; rua=mailto:…` to begin with.",
    "RFC 7489 section 6.1",
)
DMARC_INVALID = _about(
    "dmarc.invalid",
    "degraded",
    "warning",
    "The DMARC record of {domain} does not work",
    "{detail} Receivers act as if there were none.",
    "Mend the record at {name}.",
    "RFC 7489 section 6.3",
)
DKIM_MISSING = _about(
    "dkim.missing",
    "degraded",
    "warning",
    "There is no DKIM key under the selector {selector}",
    "Mail that is signed with it cannot be verified: {name} has no record.",
    "Publish the key, or sign with a selector that has one.",
    "RFC 6376 section 3.6.2.1",
)
DKIM_INVALID = _about(
    "dkim.invalid",
    "degraded",
    "warning",
    "The DKIM key under the selector {selector} does not work",
    "{detail}",
    "Publish the key again, in one piece.",
    "RFC 6376 section 3.6.1",
)
DKIM_REVOKED = _about(
    "dkim.revoked",
    "pass",
    "notice",
    "The DKIM key under the selector {selector} is revoked",
    "Its record has an empty key: mail signed with it counts as not signed.",
    "Sign with another selector.",
    "RFC 6376 section 3.6.1",
)
STS_INVALID = _about(
    "sts.invalid",
    "degraded",
    "warning",
    "The MTA-STS record of {domain} does not work",
    "{detail} Senders act as if there were no policy.",
    "Mend the record at {name}.",
    "RFC 8461 section 3.1",
)
STS_NO_POLICY = _about(
    "sts.no_policy",
    "degraded",
    "warning",
    "The MTA-STS policy of {domain} cannot be had",
    "{detail} Senders without an earlier copy act as if there were none; those with one go by that.",
    "Mend the web server of mta-sts.{domain}, its certificate and the file.",
    "RFC 8461 section 3.3",
)
STS_UNREACHED = _about(
    "sts.unreached",
    "pass",
    "notice",
    "The web server with the MTA-STS policy of {domain} cannot be reached from {vantage}",
    "{detail} Either it is down, or HTTPS may not leave the network of the vantage. The policy is not known.",
    "Fetch https://mta-sts.{domain}/.well-known/mta-sts.txt from another place.",
    "RFC 8461 section 3.3",
    confidence="possible",
    owner="vantage",
)
STS_MX_NOT_LISTED = _about(
    "sts.mx_not_listed",
    "degraded",
    "error",
    "The MTA-STS policy of {domain} does not name {host}",
    "Its mode is {mode}: with enforce, senders that honour it do not deliver to this host; with testing, they "
    "report it.",
    "Add the host to the policy's mx lines first, and change the record's id.",
    "RFC 8461 section 4.1",
)
RPT_MISSING = _about(
    "rpt.missing",
    "pass",
    "notice",
    "Nobody is told when TLS to {domain} fails",
    "It asks for TLS by DANE or MTA-STS, and has no TLS-RPT record, so senders have nowhere to report to.",
    "Publish one at _smtp._tls.{domain}: `v=TLSRPTv1; rua=mailto:…`",
    "RFC 8460 section 3",
)
RPT_INVALID = _about(
    "rpt.invalid",
    "pass",
    "notice",
    "The TLS-RPT record of {domain} does not work",
    "{detail}",
    "Mend the record at _smtp._tls.{domain}.",
    "RFC 8460 section 3",
)
DANE_INSECURE = _about(
    "dane.insecure",
    "pass",
    "notice",
    "The TLSA records of {host} protect nobody",
    "They are not secured by DNSSEC, so no sender honours them.",
    "Sign the zone, or take the records out.",
    "RFC 7672 section 2.1.1",
)
DANE_MX_INSECURE = _about(
    "dane.mx_insecure",
    "pass",
    "notice",
    "DANE of {host} can be got around",
    "Its TLSA records are secured by DNSSEC, and the MX records of {domain} are not: a forged answer leads "
    "senders to another host.",
    "Sign the zone of {domain} too.",
    "RFC 7672 section 2.2.1",
)
DANE_UNUSABLE = _about(
    "dane.unusable",
    "degraded",
    "warning",
    "No TLSA record of {host} can be used for mail",
    "{records}. Mail servers know no authorities in common, so only the usages 2 and 3 mean something; senders "
    "encrypt, and verify nobody.",
    "Publish 3 1 1, the digest of the server's key.",
    "RFC 7672 section 3.1.3",
)
DANE_LOOKUP = _about(
    "dane.lookup_failed",
    "degraded",
    "error",
    "The TLSA records of {host} cannot be looked up",
    "Senders that do DANE must take that for an attack, and do not deliver to this host: {detail}",
    "Mend the name servers of its zone, or the signatures.",
    "RFC 7672 section 2.1.1",
)
DANE_UNKNOWN = _about(
    "dane.unknown",
    "inconclusive",
    "warning",
    "Whether {host} has TLSA records is not known",
    "They could not be asked for at {vantage}: {detail} How senders fare is not known.",
    "Ask again, and mend the resolver of the vantage, or the way to it.",
    "RFC 7672 section 2.1.1",
    owner="vantage",
)

SIGNATURES = (
    SERVFAIL,
    ALIAS_LOOP,
    NO_MX_IMPLICIT,
    NO_MAIL_HOST,
    NO_MX_USABLE,
    NULL_MX_MIXED,
    NULL_MX_ODD,
    MX_ALIAS,
    MX_LITERAL,
    MX_PRIVATE,
    MX_NO_ADDRESS,
    MX_UNKNOWN,
    MX_BOGUS,
    MX_MANY,
    PTR_MISSING,
    PTR_MISMATCH,
    AUTHORITY_DIFFERS,
    VIEW_DIFFERS,
    LAME,
    SPF_MISSING,
    SPF_INVALID,
    SPF_NOT_COVERED,
    DMARC_MISSING,
    DMARC_INVALID,
    DKIM_MISSING,
    DKIM_INVALID,
    DKIM_REVOKED,
    STS_INVALID,
    STS_NO_POLICY,
    STS_UNREACHED,
    STS_MX_NOT_LISTED,
    RPT_MISSING,
    RPT_INVALID,
    DANE_INSECURE,
    DANE_MX_INSECURE,
    DANE_UNUSABLE,
    DANE_LOOKUP,
    DANE_UNKNOWN,
)
