# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: smtp_former
short_description: The endpoints of before that names no longer lead to
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Takes what one vantage saw before a change and after it, and returns options of M(mailops.smtp.smtp_check) by which
    it looks again at every address of before that the names did not lead to any more.
  - P(mailops.smtp.smtp_compare#filter) then says of an endpoint that is gone whether a server still answers there.
positional: _input, after
options:
  _input:
    description:
      - What was seen before. Results of M(mailops.smtp.smtp_check), runs, snapshots, or a list of these.
    type: raw
    required: true
  after:
    description:
      - What was seen after, in the same forms.
    type: raw
    required: true
  vantage:
    description:
      - The name of the vantage.
    type: str
    required: true
  targets:
    description:
      - The targets that were to be tested. One that names the host of a former address lends it its options.
    type: list
    elements: raw
    default: []
seealso:
  - plugin: mailops.smtp.smtp_compare
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Look where the names lead now
  mailops.smtp.smtp_check:
    targets:
      - contoso.com
  register: seen
  failed_when: false

- name: Look again where the names led before
  mailops.smtp.smtp_check:
    targets: "{{ former.targets }}"
    hosts: "{{ former.hosts }}"
  vars:
    before: "{{ lookup('mailops.smtp.smtp_snapshot', 'CHG0012345-before.json.gz') }}"
    former: "{{ before | mailops.smtp.smtp_former(seen, inventory_hostname) }}"
  register: again
  when: former.targets | length > 0
  # What nobody answers at any more is for the comparison to judge.
  failed_when: false

- name: Compare with all of it
  ansible.builtin.debug:
    msg: "{{ (before | mailops.smtp.smtp_compare(after)).summary }}"
  vars:
    before: "{{ lookup('mailops.smtp.smtp_snapshot', 'CHG0012345-before.json.gz') }}"
    after: "{{ [seen, again] | selectattr('checks', 'defined') }}"
"""

RETURN = r"""
_value:
  description: The options. Without any target, every endpoint was looked at again.
  type: dict
  contains:
    targets:
      description: The former endpoints, without their addresses.
      type: list
      elements: dict
      sample:
        - host: mx2.contoso.com
          port: 25
          protocol: esmtp
    hosts:
      description: The addresses by the hosts' names.
      type: dict
      sample:
        mx2.contoso.com:
          - 203.0.113.6
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.compare import NotARun, former


def smtp_former(before, after, vantage, targets=()):
    try:
        # Jinja hands over generators from map() and the like.
        sides = [side if isinstance(side, (dict, list, tuple)) else list(side) for side in (before, after)]
        return former(*sides, vantage, list(targets))
    except (NotARun, TypeError) as exc:
        raise AnsibleFilterError(f"mailops.smtp.smtp_former: {exc}") from exc


class FilterModule:
    """Filters that find former endpoints."""

    def filters(self):
        return {"smtp_former": smtp_former}
