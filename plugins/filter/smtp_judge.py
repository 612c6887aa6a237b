# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: smtp_judge
short_description: Judge stored SMTP checks, or a pasted dialog, once more
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Takes the evidence of checks and returns what it means, by the rules of this version, without any connection.
  - Checks of several vantages are judged together, which shows what none of them shows by itself.
  - Takes results of M(mailops.smtp.mail_route_info) as well, by themselves, and tells where the vantages are led
    elsewhere.
  - Takes a dialog too that was held with telnet, nc, openssl s_client or swaks and pasted into a ticket.
positional: _input
options:
  _input:
    description:
      - A result of M(mailops.smtp.smtp_check), a run, a check, the registered result of a loop, or a list of these.
      - Or results of M(mailops.smtp.mail_route_info), likewise.
      - A text is a transcript, of telnet, nc, openssl s_client or swaks, or one that this collection has made.
    type: raw
    required: true
  expect:
    description:
      - What to hold the checks to, in place of what they were held to, in the form of the option of
        M(mailops.smtp.smtp_check). An empty dictionary holds them to nothing.
    type: dict
  host:
    description: Of a transcript, the server's name. The certificate's and the banner's are compared with it.
    type: str
    default: unknown
  port:
    description: Of a transcript, the port.
    type: int
    default: 25
  vantage:
    description: Of a transcript, where it was made.
    type: str
    default: transcript
notes:
  - A transcript does not tell times, unless this collection has made it, and says nothing of certificates.
seealso:
  - module: mailops.smtp.smtp_check
  - module: mailops.smtp.mail_route_info
  - plugin: mailops.smtp.smtp_expectations
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Say what the dialog in the ticket means
  ansible.builtin.debug:
    msg: "{{ (lookup('ansible.builtin.file', 'ticket.txt') | mailops.smtp.smtp_judge(host='mx1.contoso.com'))
      .summary }}"

- name: Hold last night's run to the policy for MX hosts
  ansible.builtin.debug:
    msg: "{{ (lookup('ansible.builtin.file', 'run.json') | from_json
      | mailops.smtp.smtp_judge(expect={'policy': 'inbound-mx'})).checks | map(attribute='unmet') }}"

- name: Say which vantages are led elsewhere than the others
  ansible.builtin.debug:
    msg: "{{ (ansible_play_hosts | map('extract', hostvars, 'mail') | mailops.smtp.smtp_judge).routes
      | map(attribute='findings') | flatten | selectattr('id', 'eq', 'dns.view_differs') | map(attribute='title') }}"
"""

RETURN = r"""
_value:
  description: The checks or mail routes with their judgement, and what they come to together.
  type: dict
  contains:
    checks:
      description: The checks, as M(mailops.smtp.smtp_check) returns them, in the same order.
      returned: for checks
      type: list
      elements: dict
    domains:
      description: The mail domains of the runs that the checks are from, as M(mailops.smtp.smtp_check) returns them.
      returned: for checks
      type: list
      elements: dict
    routes:
      description: The routes of all results, as M(mailops.smtp.mail_route_info) returns them.
      returned: for mail routes
      type: list
      elements: dict
    verdict:
      description: The worst verdict, of the checks that are no mail domain's, and of mail domains or routes.
      type: str
      sample: fail
    counts:
      description: How many checks or routes came to which verdict.
      type: dict
      sample: {pass: 3, fail: 1}
    summary:
      description: The result in a sentence or two.
      type: str
      sample: "mx1.contoso.com:25 fails at RCPT TO after an unknown time: Unknown recipient: user@contoso.com."
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.compare.checks import (
    NotARun,
    checks_in,
    domains_in,
    routes_in,
)
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.expect import ExpectationError
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.judge.again import judge_again
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.judge.views import judge_routes
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.transcripts import NotADialog, read_transcript


def smtp_judge(evidence, expect=None, host="unknown", port=25, vantage="transcript"):
    try:
        if isinstance(evidence, str):
            return judge_again([read_transcript(evidence, host, int(port), vantage=vantage)], expect)
        # Jinja hands over generators from map() and the like.
        given = evidence if isinstance(evidence, (dict, list, tuple)) else list(evidence)
        routes = routes_in(given)
        if routes is not None:
            if expect is not None:
                raise AnsibleFilterError("mailops.smtp.smtp_judge: expect is for checks, and these are mail routes")
            return judge_routes(routes)
        return judge_again(checks_in(given), expect, list(domains_in(given)))
    except ExpectationError as exc:
        raise AnsibleFilterError(f"mailops.smtp.smtp_judge: expect.{exc}") from exc
    except (NotARun, NotADialog, TypeError, ValueError) as exc:
        raise AnsibleFilterError(f"mailops.smtp.smtp_judge: {exc}") from exc


class FilterModule:
    """Filters that judge SMTP checks."""

    def filters(self):
        return {"smtp_judge": smtp_judge}
