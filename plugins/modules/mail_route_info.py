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
          - The port of its SSH server.
        type: int
        default: 22
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
  - dnspython >= 2.0.0, where the questions are asked
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
routes:
  description: Where mail goes, one entry for each domain.
  type: list
  elements: dict
  returned: always, unless an option is wrong
  contains:
    domain:
      description: The domain in its ASCII form.
      type: str
      returned: always
      sample: contoso.com
    unicode:
      description: The domain as people read it.
      type: str
      returned: always
      sample: contoso.com
    status:
      description:
        - What the domain does about mail. With V(unknown), nobody answered, or the answer cannot be trusted.
      type: str
      returned: always
      choices: [mx, implicit_mx, null_mx, no_mail_host, no_such_domain, unknown]
      sample: mx
    answer:
      description: What became of the question for MX records.
      type: str
      returned: always
      sample: found
    detail:
      description: Why there is no answer.
      type: str
      returned: always
      sample: null
    aliases:
      description: The names that the domain is an alias of, the last has the records.
      type: list
      elements: str
      returned: always
      sample: []
    ttl:
      description: For how many seconds the MX records may be kept.
      type: int
      returned: always
      sample: 300
    dnssec:
      description: V(secure), V(insecure) or V(bogus); V(none) where the name servers do not validate.
      type: str
      returned: always
      sample: secure
    mx:
      description:
        - The hosts in a sender's order, those of equal preference shuffled. A null MX has the host V("").
        - Each has C(host), C(preference), C(source), C(status), C(aliases), C(dnssec), C(addresses) with C(ptr) of
          each, C(tlsa) and C(findings).
      type: list
      elements: dict
      returned: always
    more_mx:
      description: How many further MX records there are, which were not looked into.
      type: int
      returned: always
      sample: 0
    policies:
      description: C(spf), C(dmarc), C(dkim), C(mta_sts), C(tls_rpt) and C(bimi), V(none) where not asked for.
      type: dict
      returned: always
    authority:
      description: What the domain's own name servers say, V(none) where not asked for.
      type: dict
      returned: always
    resolver:
      description: Which name servers were to be asked, who answered, and whether they validate.
      type: dict
      returned: always
    seconds:
      description: How long it took.
      type: float
      returned: always
      sample: 0.021
    verdict:
      description: What it comes to.
      type: str
      returned: always
      choices: [pass, degraded, inconclusive, fail]
      sample: pass
    summary:
      description: The result in a sentence.
      type: str
      returned: always
      sample: "Mail for contoso.com goes to mx1.contoso.com, mx2.contoso.com."
    findings:
      description: What was noticed about the domain, the worst first.
      type: list
      elements: dict
      returned: always
schema_version:
  description: The version of the shape of these facts.
  type: int
  returned: always, unless an option is wrong
  sample: 1
started_at:
  description: When the look-ups began (RFC 3339, UTC).
  type: str
  returned: always, unless an option is wrong
  sample: "2026-03-01T21:04:11.123Z"
finished_at:
  description: When they had ended.
  type: str
  returned: always, unless an option is wrong
  sample: "2026-03-01T21:04:11.163Z"
vantage:
  description: Where the questions started.
  type: dict
  returned: always, unless an option is wrong
asked:
  description: The options, secrets masked.
  type: dict
  returned: always, unless an option is wrong
verdict:
  description: The worst verdict of the domains.
  type: str
  returned: always, unless an option is wrong
  choices: [pass, degraded, inconclusive, fail]
  sample: pass
counts:
  description: How many domains came to which verdict.
  type: dict
  returned: always, unless an option is wrong
  sample: {"degraded": 1}
summary:
  description: The result in a sentence or two.
  type: str
  returned: always, unless an option is wrong
  sample: "Mail for contoso.com goes to mx1.contoso.com, mx2.contoso.com."
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
