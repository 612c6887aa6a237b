#!/usr/bin/python
# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_route_info
short_description: Find out where mail for a domain goes
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Looks up what senders look up before they connect. These are the MX records of a mail domain, the addresses of its
    hosts, and the policies that it publishes for mail.
  - All questions start on the host that the task runs on, or on the jump host of O(via), so that inside and outside
    can be compared.
  - What is odd is reported as a finding that says who must mend it and how. That a name server did not answer is never
    taken for the absence of a record.
attributes:
  check_mode:
    support: full
    description: Does the same in check mode, since it changes nothing.
  diff_mode:
    support: none
    description: Returns no details when in diff mode.
  action_group:
    support: full
    description: Use C(group/mailops.smtp.smtp) in C(module_defaults) to set options of all modules of this collection.
    membership:
      - mailops.smtp.smtp
options:
  domains:
    description:
      - The mail domains, as they stand behind the C(@) of addresses. Internationalised ones can be written as people
        read them.
    type: list
    elements: str
    required: true
    aliases: [domain]
  checks:
    description:
      - What to look up besides MX records and addresses. Each costs questions.
      - V(ptr) are the names of the addresses, and whether these lead back.
      - V(tlsa) are the records of DANE (RFC 7672) for O(ports) of each host.
      - V(spf), V(dmarc), V(tls_rpt) and V(bimi) are the policies of that name; V(dkim) are the keys of
        O(dkim_selectors).
      - V(mta_sts) is the record, and the policy from the domain's web server.
      - V(authority) asks the domain's own name servers too.
    type: list
    elements: str
    choices: [ptr, tlsa, spf, dmarc, dkim, mta_sts, tls_rpt, bimi, authority]
    default: [ptr, tlsa, spf, dmarc, mta_sts, tls_rpt, bimi, authority]
  dkim_selectors:
    description:
      - The selectors whose keys to look for, as C(s=) of the signatures names them. With this, V(dkim) is among
        O(checks).
    type: list
    elements: str
  spf_addresses:
    description:
      - Addresses that send mail for the domain. SPF is asked whether each may. That needs the Python library pyspf.
    type: list
    elements: str
  ports:
    description:
      - The ports whose TLSA records to look up.
    type: list
    elements: int
    default: [25]
  nameservers:
    description:
      - The name servers to ask, in this order, by address. Another port than 53 follows after a colon, an IPv6 address
        then stands in brackets.
      - Without it, those of C(/etc/resolv.conf) where the questions start.
      - Whether records are secured by DNSSEC is their word. It is worth as much as the path to them.
    type: list
    elements: str
  resolve_at:
    description:
      - Where to ask. V(vantage) is the host that the task runs on, or the jump host of O(via).
      - V(controller) is for managed hosts without dnspython, and ignores O(via).
    type: str
    choices: [vantage, controller]
    default: vantage
  timeouts:
    description:
      - How long to wait for answers.
    type: dict
    suboptions:
      query:
        description:
          - Seconds for one question to one name server.
        type: float
        default: 3.0
      total:
        description:
          - Seconds for one question to all name servers, and for fetching an MTA-STS policy.
        type: float
        default: 12.0
  ca_path:
    description:
      - A file with the certificates of the authorities to trust for the web servers of MTA-STS policies. Without it,
        those of the system.
    type: path
  via:
    description:
      - The jump host to ask from, over TCP through its SSH connection. Its own name servers are asked, unless
        O(nameservers) names others. Needs paramiko where the task runs.
    type: dict
    suboptions:
      host:
        description:
          - The name or address of the jump host.
        type: str
        required: true
      port:
        description:
          - The port of its SSH server. Without it, what O(via.ssh_config) says, else 22.
        type: int
      user:
        description:
          - The user to log in as. Without it, the user who runs the task.
        type: str
      key_file:
        description:
          - The private key to log in with. Without it, the SSH agent and the user's keys.
        type: path
      password:
        description:
          - The password to log in with, or that of the key.
        type: str
      known_hosts:
        description:
          - Files with the host keys to trust. Without it, those of the user and of the system.
        type: list
        elements: path
      host_key_checking:
        description:
          - Whether to refuse a jump host whose key is not known.
        type: bool
        default: true
      mode:
        description:
          - How connections to name servers are made from there.
          - V(channel) has the SSH server forward them, V(exec) starts a program there for each. V(auto) is the first of
            these that works.
        type: str
        choices: [auto, channel, exec]
        default: auto
      ssh_config:
        description:
          - The file with the SSH settings by host, as C(ssh -F) takes it. Without it, C(~/.ssh/config), where there is
            one.
        type: path
      jump:
        description:
          - The hosts to pass on the way to the jump host, the first to pass first. Each is C(user@host:port), or a
            dictionary like O(via).
        type: list
        elements: raw
  vantage:
    description:
      - How the place is called where the questions start. Filled in with the host's name in the inventory.
    type: dict
    suboptions:
      name:
        description:
          - The name.
        type: str
      mode:
        description:
          - Whether that is the controller or a managed host.
        type: str
        choices: [local, managed]
requirements:
  - dnspython >= 1.16.0, where the questions are asked
  - pyspf, for O(spf_addresses)
  - dmarc, to have DMARC records read and not only shown
notes:
  - The task fails where a domain could not be looked up, and returns the facts all the same. That a domain takes no
    mail does not fail it.
  - Search lists do not count, since mail servers complete no names either.
seealso:
  - module: mailops.smtp.smtp_check
"""

EXAMPLES = r"""
- name: Where does mail for these domains go?
  mailops.smtp.mail_route_info:
    domains:
      - contoso.com
      - fabrikam.com
  register: mail

- name: Show it
  ansible.builtin.debug:
    msg: "{{ mail.routes | map(attribute='summary') }}"

- name: May this address send for us, and is the new key published?
  mailops.smtp.mail_route_info:
    domains: [contoso.com]
    checks: [spf]
    spf_addresses: [203.0.113.5]
    dkim_selectors: [k2026]

- name: As a host outside sees it, which nothing may run on
  mailops.smtp.mail_route_info:
    domains: [contoso.com]
    via:
      host: outside-fra.example.net
      user: probe
  delegate_to: localhost
"""

RETURN = r"""
schema_version:
  description: The version of this shape.
  type: int
  returned: always, unless an option is wrong
started_at:
  description: When the look-ups began, in UTC (RFC 3339).
  type: str
  returned: always, unless an option is wrong
finished_at:
  description: When the last had ended.
  type: str
  returned: always, unless an option is wrong
vantage:
  description: Where the questions started from.
  type: dict
  returned: always, unless an option is wrong
  contains: &vantage
    name:
      description: The host that the connection started from, as the inventory names it, where there is one.
      type: str
      returned: always
    mode:
      description: >-
        How: from the controller, from a managed host that runs this code, through an SSH connection to a jump host,
        through a program started there, by this code started there over SSH, or not at all: the dialog is from a
        transcript.
      type: str
      returned: always
      choices: [local, managed, ssh-channel, ssh-exec, ssh-python, transcript]
    address:
      description:
        - The address that the connection started from. Not known in a run's vantages, nor of a jump host or a
          proxy.
      type: str
      returned: always
    clock_offset:
      description: Seconds that its clock is ahead of the controller's. Null where it was not measured.
      type: float
      returned: always
    proxy:
      description: The proxy that opened the connections.
      type: str
      returned: always
    mode_reason:
      description: Why it is this mode and not a better one. Null for the first choice.
      type: str
      returned: always
    side:
      description: The side of the perimeter that it stands on, as the user says.
      type: str
      returned: always
      choices: [inside, dmz, outside]
    network:
      description: Whose network it is in, as the user says.
      type: str
      returned: always
    unfit:
      description:
        - Why failures seen from here are not believed. Null for a vantage that was found fit, or not examined.
      type: str
      returned: always
asked:
  description: The options by name, as they were given, defaults filled in, secrets masked.
  type: dict
  returned: always, unless an option is wrong
routes:
  description: Where mail goes, one entry for each domain, in their order.
  type: list
  elements: dict
  returned: always, unless an option is wrong
  contains: &mail_route
    domain:
      description: The domain, in its ASCII form.
      type: str
      returned: always
    vantage:
      description: The name of the place that asked.
      type: str
      returned: always
    unicode:
      description: The domain as people read it.
      type: str
      returned: always
    status:
      description: What the domain does about mail. With unknown, nobody answered, or the answer cannot be trusted.
      type: str
      returned: always
      choices: [mx, implicit_mx, null_mx, no_mail_host, no_such_domain, unknown]
    answer:
      description: What became of the question for MX records.
      type: str
      returned: always
      choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable, malformed,
          tunnel, invalid]
    detail:
      description: Why there is no answer.
      type: str
      returned: always
    completed:
      description: >-
        Of a domain that does not exist, the name that programs with a search list find in its place there.
      type: str
      returned: always
    aliases:
      description: The names that the domain is an alias of. The last one has the records.
      type: list
      elements: str
      returned: always
    ttl:
      description: For how many seconds the MX records may be kept.
      type: int
      returned: always
    dnssec:
      description: What DNSSEC says of the MX records. Null where the name servers do not validate.
      type: str
      returned: always
      choices: [secure, insecure, bogus]
    mx:
      description: The hosts in a sender's order, those of equal preference shuffled.
      type: list
      elements: dict
      returned: always
      contains: &mail_host
        host:
          description: The host. Empty for a null MX.
          type: str
          returned: always
        preference:
          description: The preference of the MX record.
          type: int
          returned: always
        source:
          description: Whether it is named by an MX record, or is the domain itself for want of one (RFC 5321 5.1).
          type: str
          returned: always
          choices: [mx, implicit-mx]
        ttl:
          description: For how many seconds the record may be kept.
          type: int
          returned: always
        status:
          description:
            - What became of the question for addresses. With null it is a null MX, with literal an address where a
              name belongs.
          type: str
          returned: always
          choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
              malformed, tunnel, invalid, "null", literal]
        detail:
          description: Why there are no addresses, or not those of both families.
          type: str
          returned: always
        aliases:
          description: The names that it is an alias of.
          type: list
          elements: str
          returned: always
        dnssec:
          description: What DNSSEC says of the addresses.
          type: str
          returned: always
          choices: [secure, insecure, bogus]
        addresses:
          description: Its addresses.
          type: list
          elements: dict
          returned: always
          contains: &mail_address
            address:
              description: The address.
              type: str
              returned: always
            family:
              description: Its family.
              type: str
              returned: always
              choices: [ipv4, ipv6]
            ttl:
              description: For how many seconds it may be kept.
              type: int
              returned: always
            scope:
              description: The kind of network that it is in (RFC 6890).
              type: str
              returned: always
              choices: [global, unspecified, loopback, private, shared, link_local, documentation, benchmarking,
                  multicast, reserved]
            ptr:
              description: The names of the address. Null where not asked for.
              type: dict
              returned: always
              contains: &pointer
                status:
                  description: What became of the question.
                  type: str
                  returned: always
                  choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                      malformed, tunnel, invalid]
                names:
                  description: The names.
                  type: list
                  elements: str
                  returned: always
                confirmed:
                  description: Whether one of them leads back to the address. Null where that could not be looked up.
                  type: bool
                  returned: always
                detail:
                  description: Why there is no answer.
                  type: str
                  returned: always
        more_addresses:
          description: How many further addresses there are, which were not looked into.
          type: int
          returned: always
        tlsa:
          description: The TLSA records of each port that was asked for.
          type: list
          elements: dict
          returned: always
          contains: &tlsa
            port:
              description: The port.
              type: int
              returned: always
            base_domain:
              description: The name that the records belong to (RFC 7672 2.2.3).
              type: str
              returned: always
            status:
              description: What became of the question.
              type: str
              returned: always
              choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                  malformed, tunnel, invalid, not_asked]
            secure:
              description: Whether the answer is secured by DNSSEC. Others count for nothing.
              type: bool
              returned: always
            records:
              description: >-
                The records: usage, selector, matching type and data.
              type: list
              elements: str
              returned: always
            detail:
              description: Why there is no answer.
              type: str
              returned: always
        findings:
          description: What was noticed about this host, the worst first.
          type: list
          elements: dict
          returned: always
          contains: &route_finding
            id:
              description: The stable identifier, listed in docs/findings.md.
              type: str
              returned: always
            severity:
              description: How bad it is.
              type: str
              returned: always
              choices: [info, notice, warning, error, critical]
            owner:
              description: Who must fix it.
              type: str
              returned: always
              choices: [target, network, sender, recipient, vantage]
            confidence:
              description: How sure it is.
              type: str
              returned: always
              choices: [certain, likely, possible]
            title:
              description: The finding in a few words.
              type: str
              returned: always
            meaning:
              description: What it means.
              type: str
              returned: always
            next_step:
              description: What to do next.
              type: str
              returned: always
            reference:
              description: The document that says so.
              type: str
              returned: always
            reference_url:
              description: Where the finding is explained, relative to the docs folder.
              type: str
              returned: always
    more_mx:
      description: How many further MX records there are, which were not looked into.
      type: int
      returned: always
    policies:
      description: What the domain publishes for mail.
      type: dict
      returned: always
      contains:
        spf:
          description: >-
            SPF: who may send for the domain. Null where not asked for, as with the others.
          type: dict
          returned: always
          contains: &spf
            name:
              description: The name that the record is looked for under.
              type: str
              returned: always
            status:
              description: What became of the question. With nodata, there is no such record.
              type: str
              returned: always
              choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                  malformed, tunnel, invalid]
            record:
              description: The record that counts.
              type: str
              returned: always
            problem:
              description: What is wrong with it, or that there are several where one may be.
              type: str
              returned: always
            detail:
              description: Why there is no answer.
              type: str
              returned: always
            secure:
              description: Whether the answer is secured by DNSSEC, as the name server says.
              type: bool
              returned: always
            lookups:
              description: How many look-ups it takes, at most 30 are counted. Receivers stop at 10.
              type: int
              returned: always
            results:
              description: One entry for each address that was asked about.
              type: list
              elements: dict
              returned: always
              contains:
                address:
                  description: The address that was asked about.
                  type: str
                  returned: always
                result:
                  description: The result (RFC 7208 2.6). Null where the library that evaluates it is missing.
                  type: str
                  returned: always
                  choices: [pass, fail, softfail, neutral, "none", permerror, temperror]
                reason:
                  description: Why, in the library's words.
                  type: str
                  returned: always
            evaluator:
              description: The library that evaluated it.
              type: str
              returned: always
        dmarc:
          description: >-
            DMARC: what receivers are asked to do with mail that is not the domain's.
          type: dict
          returned: always
          contains: &dmarc
            name:
              description: The name that the record is looked for under.
              type: str
              returned: always
            status:
              description: What became of the question. With nodata, there is no such record.
              type: str
              returned: always
              choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                  malformed, tunnel, invalid]
            record:
              description: The record that counts.
              type: str
              returned: always
            problem:
              description: What is wrong with it, or that there are several where one may be.
              type: str
              returned: always
            detail:
              description: Why there is no answer.
              type: str
              returned: always
            secure:
              description: Whether the answer is secured by DNSSEC, as the name server says.
              type: bool
              returned: always
            found_at:
              description: >-
                Whose record it is: the domain's, or that of one above it.
              type: str
              returned: always
            policy:
              description: The record as read. Null where the library that reads it is missing.
              type: dict
              returned: always
              contains:
                p:
                  description: What it asks for the domain that it belongs to.
                  type: str
                  returned: always
                sp:
                  description: What it asks for domains below.
                  type: str
                  returned: always
                adkim:
                  description: >-
                    How closely DKIM's domain has to fit: r or s.
                  type: str
                  returned: always
                aspf:
                  description: >-
                    How closely SPF's domain has to fit: r or s.
                  type: str
                  returned: always
                holds:
                  description: What it asks for the domain that was looked up.
                  type: str
                  returned: always
            evaluator:
              description: The library that read it.
              type: str
              returned: always
        dkim:
          description: >-
            DKIM: the keys of the selectors that were asked for.
          type: list
          elements: dict
          returned: always
          contains: &dkim_key
            name:
              description: The name that the record is looked for under.
              type: str
              returned: always
            status:
              description: What became of the question. With nodata, there is no such record.
              type: str
              returned: always
              choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                  malformed, tunnel, invalid]
            record:
              description: The record that counts.
              type: str
              returned: always
            problem:
              description: What is wrong with it, or that there are several where one may be.
              type: str
              returned: always
            detail:
              description: Why there is no answer.
              type: str
              returned: always
            secure:
              description: Whether the answer is secured by DNSSEC, as the name server says.
              type: bool
              returned: always
            selector:
              description: The selector.
              type: str
              returned: always
            key_type:
              description: The type of the key.
              type: str
              returned: always
            revoked:
              description: Whether the key is empty, which revokes it.
              type: bool
              returned: always
        mta_sts:
          description: >-
            MTA-STS: which hosts have to have which certificates.
          type: dict
          returned: always
          contains: &mta_sts_policy
            name:
              description: The name that the record is looked for under.
              type: str
              returned: always
            status:
              description: What became of the question. With nodata, there is no such record.
              type: str
              returned: always
              choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                  malformed, tunnel, invalid]
            record:
              description: The record that counts.
              type: str
              returned: always
            problem:
              description: What is wrong with it, or that there are several where one may be.
              type: str
              returned: always
            detail:
              description: Why there is no answer.
              type: str
              returned: always
            secure:
              description: Whether the answer is secured by DNSSEC, as the name server says.
              type: bool
              returned: always
            id:
              description: The policy's identifier, which changes with it.
              type: str
              returned: always
            policy:
              description: The policy that the domain's web server has.
              type: dict
              returned: always
              contains:
                mode:
                  description: What senders do with a host that does not fit.
                  type: str
                  returned: always
                  choices: [enforce, testing, "none"]
                mx:
                  description: The hosts, or patterns of hosts.
                  type: list
                  elements: str
                  returned: always
                max_age:
                  description: For how many seconds it may be kept.
                  type: int
                  returned: always
            policy_problem:
              description: Why there is no policy that senders could use.
              type: str
              returned: always
            policy_host_reached:
              description: Whether the domain's web server was reached. Null where there was nothing to fetch.
              type: bool
              returned: always
            hosts:
              description: Which hosts the policy names.
              type: list
              elements: dict
              returned: always
              contains:
                host:
                  description: A host of the domain.
                  type: str
                  returned: always
                matches:
                  description: Whether the policy names it.
                  type: bool
                  returned: always
        tls_rpt:
          description: >-
            TLS-RPT: who is told when TLS fails.
          type: dict
          returned: always
          contains: &tls_rpt
            name:
              description: The name that the record is looked for under.
              type: str
              returned: always
            status:
              description: What became of the question. With nodata, there is no such record.
              type: str
              returned: always
              choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                  malformed, tunnel, invalid]
            record:
              description: The record that counts.
              type: str
              returned: always
            problem:
              description: What is wrong with it, or that there are several where one may be.
              type: str
              returned: always
            detail:
              description: Why there is no answer.
              type: str
              returned: always
            secure:
              description: Whether the answer is secured by DNSSEC, as the name server says.
              type: bool
              returned: always
            rua:
              description: Where reports go.
              type: list
              elements: str
              returned: always
        bimi:
          description: >-
            BIMI: the domain's logo.
          type: dict
          returned: always
          contains: &bimi
            name:
              description: The name that the record is looked for under.
              type: str
              returned: always
            status:
              description: What became of the question. With nodata, there is no such record.
              type: str
              returned: always
              choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                  malformed, tunnel, invalid]
            record:
              description: The record that counts.
              type: str
              returned: always
            problem:
              description: What is wrong with it, or that there are several where one may be.
              type: str
              returned: always
            detail:
              description: Why there is no answer.
              type: str
              returned: always
            secure:
              description: Whether the answer is secured by DNSSEC, as the name server says.
              type: bool
              returned: always
            location:
              description: Where the logo is.
              type: str
              returned: always
    authority:
      description: What the domain's own name servers say. Null where not asked for.
      type: dict
      returned: always
      contains: &authority
        zone:
          description: The zone that the domain is in.
          type: str
          returned: always
        detail:
          description: Why that is not known.
          type: str
          returned: always
        servers:
          description: The zone's name servers.
          type: list
          elements: dict
          returned: always
          contains:
            server:
              description: The name server.
              type: str
              returned: always
            address:
              description: The address that was asked.
              type: str
              returned: always
            authoritative:
              description: Whether it answers for the zone. Null where it did not answer.
              type: bool
              returned: always
            mx:
              description: The MX records that it has.
              type: list
              elements: str
              returned: always
            addresses:
              description: The addresses that it has of the MX hosts in its zone, each behind the host's name.
              type: list
              elements: str
              returned: always
            ttl:
              description: For how many seconds they may be kept.
              type: int
              returned: always
            status:
              description: What became of the question.
              type: str
              returned: always
              choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                  malformed, tunnel, invalid]
            detail:
              description: Why there is no answer.
              type: str
              returned: always
        agrees:
          description: Whether all of them say what the name servers that were asked say. Null where none answered.
          type: bool
          returned: always
    resolver:
      description: Who was asked.
      type: dict
      returned: always
      contains:
        name_servers:
          description: Those that were to be asked, in this order.
          type: list
          elements: str
          returned: always
        source:
          description: Where the list comes from.
          type: str
          returned: always
        answered:
          description: The one that answered for the MX records.
          type: str
          returned: always
        validates:
          description: Whether they validate DNSSEC. Null where they did not say.
          type: bool
          returned: always
    seconds:
      description: How long it took.
      type: float
      returned: always
    verdict:
      description: What it comes to.
      type: str
      returned: always
      choices: [pass, not_tested, degraded, deferred, inconclusive, fail]
    summary:
      description: The result in a sentence.
      type: str
      returned: always
    findings:
      description: What was noticed about the domain, the worst first.
      type: list
      elements: dict
      returned: always
      contains: *route_finding
verdict:
  description: The worst verdict of the domains.
  type: str
  returned: always, unless an option is wrong
  choices: [pass, not_tested, degraded, deferred, inconclusive, fail]
counts:
  description: How many domains came to which verdict. Verdicts that did not occur are left out.
  type: dict
  returned: always, unless an option is wrong
  contains: &counts
    pass:
      description: Everything wanted was done.
      type: int
      returned: when it occurred
    not_tested:
      description: The check was not made.
      type: int
      returned: when it occurred
    degraded:
      description: Mail would flow, but something is wrong.
      type: int
      returned: when it occurred
    deferred:
      description: The server asked to come back later.
      type: int
      returned: when it occurred
    inconclusive:
      description: The tester, not the target, is at fault.
      type: int
      returned: when it occurred
    fail:
      description: The target does not do what is wanted.
      type: int
      returned: when it occurred
summary:
  description: The result in a sentence or two.
  type: str
  returned: always, unless an option is wrong
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.mail_routes import mail_routes
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.plan.mail_routes import ROUTE_OPTIONS
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.plan.options import OptionError, secrets


def main() -> None:
    # no_log keeps the arguments out of the host's log: a password within jump is of no declared type.
    module = AnsibleModule(argument_spec=ROUTE_OPTIONS, supports_check_mode=True, no_log=True)
    module.no_log_values.update(secrets(module.params, ROUTE_OPTIONS))
    try:
        found = mail_routes(module.params)
    except (OptionError, ImportError) as error:
        module.fail_json(msg=str(error))
    if "inconclusive" in found["counts"]:
        unknown = next(route for route in found["routes"] if route["verdict"] == "inconclusive")
        module.fail_json(msg=unknown["summary"], changed=False, **found)
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
