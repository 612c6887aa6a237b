# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: smtp_gate
short_description: Decide whether a change window may end
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Takes the result of P(mailops.smtp.smtp_compare#filter), or a list of them, one after the other, and what
    M(mailops.smtp.smtp_watch) saw meanwhile, and returns one verdict that a pipeline can branch on.
  - The reports of P(mailops.smtp.smtp_report#filter) that are given the gate say the same as it does.
positional: _input, watches
options:
  _input:
    description:
      - The comparison of before and after, or a list of comparisons with the same state before.
    type: raw
    required: true
  watches:
    description:
      - The results of M(mailops.smtp.smtp_watch), one for each vantage.
    type: list
    elements: dict
    default: []
  longest_gap:
    description:
      - The longest outage in seconds that is allowed. Without it, or with a negative number, any is.
      - With it, the gate stays closed unless every vantage has watched, to the end.
    type: float
  times:
    description:
      - How many clean comparisons in a row are wanted.
    type: int
    default: 1
seealso:
  - plugin: mailops.smtp.smtp_compare
    plugin_type: filter
  - plugin: mailops.smtp.smtp_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Collect what was seen meanwhile
  mailops.smtp.smtp_watch:
    log: /var/tmp/CHG0012345.watch
    collect: true
  register: watch

- name: Fail the pipeline unless all is well
  ansible.builtin.assert:
    that: gate.verdict == 'pass'
    fail_msg: "{{ gate.rollback_hint or gate.summary }}"
  vars:
    before: "{{ lookup('mailops.smtp.smtp_snapshot', 'CHG0012345-before.json.gz') }}"
    after: "{{ lookup('mailops.smtp.smtp_snapshot', 'CHG0012345-after.json.gz') }}"
    gate: "{{ before | mailops.smtp.smtp_compare(after) | mailops.smtp.smtp_gate([watch], longest_gap=15) }}"
"""

RETURN = r"""
_value:
  description: The gate, as described in the collection's facts.
  type: dict
  contains:
    verdict:
      description:
        - V(pass) opens the gate. V(fail) stands for what got worse or is gone and was not declared, an outage longer
          than allowed, or too few clean comparisons.
        - V(inconclusive) where a vantage or a check is missing, or it is not known how long the outages were.
      type: str
      sample: fail
    summary:
      description: The result in a few sentences.
      type: str
      sample: "Nothing changed; 12 unchanged. The longest outage took 9.2 s."
    rollback_hint:
      description: What a return to the former state would have to bring back.
      type: str
      sample: "Roll back, or mend: STARTTLS gone on mx2.contoso.com, seen from 3 of 4 vantages."
    clean_runs:
      description: How many comparisons in a row were clean.
      type: int
      sample: 3
    longest_gap:
      description: The seconds of the longest outage that any vantage saw.
      type: float
      sample: 9.163
    outages:
      description: The outages of every vantage.
      type: list
      elements: dict
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.compare import NotARun, gate


def smtp_gate(comparisons, watches=(), longest_gap=None, times=1):
    for name, value, kinds in (("longest_gap", longest_gap, (int, float, type(None))), ("times", times, int)):
        if isinstance(value, bool) or not isinstance(value, kinds) or (name == "times" and value < 1):
            raise AnsibleFilterError(f"mailops.smtp.smtp_gate: {name} {value!r} is not right: give a number")
    allowed = longest_gap if longest_gap is not None and longest_gap >= 0 else None
    try:
        # Jinja hands over generators from map() and the like.
        given = [comparisons] if isinstance(comparisons, dict) else list(comparisons)
        return gate(given, list(watches), allowed, times)
    except (NotARun, TypeError) as exc:
        raise AnsibleFilterError(f"mailops.smtp.smtp_gate: {exc}") from exc


class FilterModule:
    """Filters that decide whether a change window may end."""

    def filters(self):
        return {"smtp_gate": smtp_gate}
