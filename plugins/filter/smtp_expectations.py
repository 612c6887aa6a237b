# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: smtp_expectations
short_description: Write expectations down from a good SMTP run
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Takes the results of M(mailops.smtp.smtp_check) that pass, and returns targets with the expectations that they met,
    which is the acceptance test of the next build of these servers.
  - Of several addresses of one server, what is the same for all of them is expected.
positional: _input
options:
  _input:
    description:
      - A result of M(mailops.smtp.smtp_check), a run, a check, the registered result of a loop, or a list of these.
    type: raw
    required: true
  strict:
    description: Whether extensions and mechanisms are not to be offered that were not.
    type: bool
    default: false
notes:
  - What changes from day to day is not written down, such as times and fingerprints. Credentials are never; give
    O(mailops.smtp.smtp_check#module:auth) with the task.
seealso:
  - module: mailops.smtp.smtp_check
  - plugin: mailops.smtp.smtp_judge
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Look at a server that is as it should be
  mailops.smtp.smtp_check:
    host: mx1.contoso.com
  register: smtp

- name: Write down what the server is like
  ansible.builtin.copy:
    content: "{{ smtp | mailops.smtp.smtp_expectations | ansible.builtin.to_nice_yaml }}"
    dest: expectations.yml
    mode: "0644"
  delegate_to: localhost

- name: Is the next one as good?
  mailops.smtp.smtp_check:
    targets: "{{ (lookup('ansible.builtin.file', 'expectations.yml') | ansible.builtin.from_yaml).targets }}"
"""

RETURN = r"""
_value:
  description: A dictionary with C(targets), as O(mailops.smtp.smtp_check#module:targets) takes them.
  type: dict
  sample:
    targets:
      - host: mx1.contoso.com
        port: 25
        protocol: esmtp
        expect:
          starttls: true
          tls:
            trusted: true
            version: ">= TLSv1.3"
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.compare.checks import NotARun, checks_in
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.judge.acceptance import (
    NoGoodRun,
    expectations_of,
)


def smtp_expectations(runs, strict=False):
    try:
        # Jinja hands over generators from map() and the like.
        checks = checks_in(runs if isinstance(runs, (dict, list, tuple)) else list(runs))
        return expectations_of(checks, bool(strict))
    except (NotARun, NoGoodRun, TypeError) as exc:
        raise AnsibleFilterError(f"mailops.smtp.smtp_expectations: {exc}") from exc


class FilterModule:
    """Filters that write expectations."""

    def filters(self):
        return {"smtp_expectations": smtp_expectations}
