# Copyright (c) 2026, the mailops.smtp authors
# SPDX-License-Identifier: Apache-2.0
"""What servers think of the client's address, and of the sender's right to his domain. Every healthy server may refuse
a client for these, so they say nothing about the server: the check is inconclusive, and the vantage or the sender is
unfit for it.

The operators give codes meanings of their own: Google's X.7.23, X.7.27 and X.7.30 are not those of the IANA registry,
Microsoft's beyond X.7.500 are in no registry at all. So the text stands beside the code wherever the two differ.
"""

from __future__ import annotations

import typing as t

from ...evidence import PHASES
from ..signature import Signature, When

_PHASES = tuple(phase for phase in PHASES if phase not in ("resolve", "connect", "proxy"))
_REFUSED = "[45]yz"


def _unfit(
    identifier: str,
    when: t.Tuple[When, ...],
    title: str,
    meaning: str,
    next_step: str,
    reference: str,
    owner: str = "vantage",
    confidence: str = "likely",
    severity: str = "error",
) -> Signature:
    return Signature(
        identifier, _PHASES, when, "inconclusive", severity, confidence, owner, title, meaning, next_step, reference
    )


FAILURES = (
    _unfit(
        "rep.spamhaus",
        (When(code=_REFUSED, text=r"\bspamhaus\b|\b(?:AS16012611|S8001)\b"),),
        "Spamhaus lists the vantage",
        "{host} refuses this client over a list of Spamhaus ({reply}): SBL and CSS list spammers, XBL infected hosts, "
        "PBL ranges that are not to send mail at all, and S8001 the name in EHLO. A server that asks the list "
        "through a "
        "public resolver can also take an error (127.255.255.x) for a listing.",
        "Look up the vantage's public address at check.spamhaus.org; test from another address, or through a "
        "smart host.",
        "RFC 5782; Spamhaus return codes",
    ),
    _unfit(
        "rep.barracuda",
        (
            When(
                code=_REFUSED,
                text=r"\bbarracuda ?(?:networks )?reputation\b|\bbarracuda(?:central|networks)\.(?:org|com)\b",
            ),
        ),
        "Barracuda's reputation system lists the vantage",
        "{host} refuses this client over the Barracuda Reputation Block List ({reply}). It may mean an inner "
        "address of "
        "the Received fields.",
        "Ask for removal at barracudacentral.org; test from another address.",
        "Barracuda Reputation System",
    ),
    _unfit(
        "rep.ms_s3150",
        (When(code="5yz", text=r"\bS31(?:40|50)\b|\bpart of their network is on our block list\b"),),
        "Outlook.com blocks the vantage's network",
        "The address, or the range around it, is on the block list of Outlook.com ({reply}).",
        "Use Microsoft's delisting form for Outlook.com; test from another network, or through a smart host.",
        "Outlook.com postmaster error codes",
        confidence="certain",
    ),
    _unfit(
        "rep.ms_customer",
        (When(code="5yz", enhanced="5.7.5(?:07|13)"), When(code="5yz", text=r"\bAS16012607\b")),
        "The recipient's organisation blocks this client by a list of its own",
        "An administrator of the recipient's tenant has blocked the address or the domain ({reply}).",
        "Ask the recipient's administrator, by another way, for an exception.",
        "Exchange Online NDR 5.7.507, 5.7.513",
        owner="recipient",
    ),
    _unfit(
        "rep.ms_banned_ip",
        (When(code="5yz", enhanced="5.7.(?:511|60[6-9]|6[1-4][0-9])"),),
        "Microsoft has banned the vantage's address",
        "Exchange Online takes no mail from this address ({reply}).",
        "Ask for removal at sender.office.com; test from another address.",
        "Exchange Online NDR 5.7.606-649, 5.7.511",
        confidence="certain",
    ),
    _unfit(
        "rep.ms_ratelimit",
        (
            When(code="45[01]", enhanced="4.7.(?:[56][0-9][0-9]|8[5-9][0-9])"),
            When(code="45[01]", text=r"\bS775\b"),
        ),
        "Microsoft slows this client down",
        "The traffic of the address is unusual, or it is new ({reply}).",
        "Wait and check less often; addresses gain a good name slowly. A connector exempts hosts of your own.",
        "Exchange Online NDR 4.7.500-699, 4.7.850-899",
        severity="warning",
    ),
    _unfit(
        "rep.ms_tenant",
        (
            When(code="5yz", enhanced="5.7.(?:705|708|750)"),
            When(code="5yz", enhanced="5.1.8", text=r"\boutbound sender\b|\bAS\("),
        ),
        "Microsoft blocks the sending organisation",
        "The tenant or the sender has sent too much spam, or sends from domains that it did not register ({reply}).",
        "Have the tenant's administrator clean up and unblock the sender; then ask Microsoft's support.",
        "Exchange Online NDR 5.7.705, 5.7.708, 5.7.750, 5.1.8",
        owner="sender",
    ),
    _unfit(
        "rep.ms_v6",
        (
            When(code=_REFUSED, enhanced="5.7.5(?:08|10)"),
            When(code=_REFUSED, enhanced="x.7.2[56]", text=r"\bIPv6\b"),
        ),
        "Over IPv6 the server demands more",
        "Clients that come over IPv6 need a PTR record and a sender with SPF or DKIM, or are not welcome at all "
        "({reply}).",
        "Repeat it with address_family: ipv4, or give the vantage's IPv6 address a PTR record and the sender SPF.",
        "Exchange Online NDR 5.7.25, 4.7.26, 5.7.508, 5.7.510",
    ),
    _unfit(
        "rep.google_rate",
        (
            When(code=_REFUSED, enhanced="x.7.28"),
            When(code=_REFUSED, enhanced="x.7.[01]", text=r"\bunusual rate\b|\blow reputation\b|\bsuspicious due to\b"),
        ),
        "The server finds too much mail comes from this address",
        "Gmail says so of an unusual rate, or of an address or a domain with a bad name ({reply}).",
        "Check less often, and look at Postmaster Tools for the domain and the address.",
        "Gmail SMTP errors and codes; IANA registry, X.7.28",
        severity="warning",
    ),
    _unfit(
        "rep.google_ptr",
        (
            When(code=_REFUSED, enhanced="x.7.(?:23|25)", text=r"\bPTR\b|\bgsmtp\b"),
            When(code=_REFUSED, enhanced="x.7.1", text=r"\bPTR record\b"),
        ),
        "The vantage's address has no PTR record that fits",
        "The server wants reverse DNS that leads to a name which leads back to the address ({reply}).",
        "Have the address's owner set the PTR record to the name that the vantage gives in EHLO.",
        "Gmail SMTP errors and codes",
        confidence="certain",
    ),
    _unfit(
        "rep.spf_dkim",
        (
            When(code=_REFUSED, text=r"\b(?:SPF|DKIM|DMARC)\b"),
            When(code=_REFUSED, enhanced="x.7.(?:2[0-46]|32|509|515)"),
            When(code=_REFUSED, enhanced="x.7.(?:27|30)", text=r"\bgsmtp\b"),
        ),
        "The sender is not authenticated",
        "The server asks for SPF, DKIM or DMARC and finds that this client may not send for the sender's domain "
        "({reply}).",
        "Test with a sender of a domain whose SPF record names the vantage, or have the message signed.",
        "RFC 7208, RFC 6376, RFC 7489; X.7.20-26 of RFC 7372",
        owner="sender",
    ),
    _unfit(
        "rep.dynamic",
        (
            When(
                code=_REFUSED,
                text=r"\bdynamic(?:ally)? (?:ip|address|assigned|host|range)|\bdial-?up\b|\bresidential\b"
                r"|\b(?:smtp|mail) (?:server|relay) of your (?:isp|provider)|\byour isp's (?:smtp|mail)\b",
            ),
        ),
        "The vantage's address belongs to a range for consumers",
        "{host} takes no mail from dynamic addresses ({reply}).",
        "Test from a host with a static address, or through the provider's smart host.",
        "RFC 5068 section 3.1",
    ),
    _unfit(
        "rep.ptr_generic",
        (
            When(code="5yz", enhanced="5.7.25"),
            When(
                code="5yz",
                text=r"\bcannot (?:find|resolve) your (?:reverse |host)|\breverse (?:dns|hostname|host name|lookup)\b"
                r"|\bPTR\b|\brDNS\b|\bno reverse\b",
            ),
        ),
        "The server wants reverse DNS",
        "It finds no host name for the client's address, or one that does not lead back ({reply}).",
        "Give the vantage's public address a PTR record, and that name an address record.",
        "RFC 7372 section 3.3 for X.7.25",
        confidence="certain",
    ),
    Signature(
        id="rcpt.policy_450",
        phases=("ehlo", "mail", "rcpt", "data"),
        when=(
            When(code="450", enhanced="4.7.25"),
            When(code="450", enhanced="4.7.1", text=r"\bservice unavailable\b|\bclient host rejected\b"),
        ),
        verdict="inconclusive",
        severity="warning",
        confidence="likely",
        owner="vantage",
        title="The server is not sure about this client, and puts it off",
        meaning="A block list, or missing reverse DNS, makes it refuse for now ({reply}): commonly a rule that "
        "is being "
        "tried out, or a look-up that failed.",
        next_step="Look up the vantage's address at block lists, and check its PTR record.",
        reference="Postfix reject_rbl_client, reject_unknown_client_hostname",
    ),
)

REMARKS = ()
