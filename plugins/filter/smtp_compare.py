# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: smtp_compare
short_description: Compare SMTP checks from before and after a change, by meaning
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Takes what M(mailops.smtp.smtp_check) saw before a change and after it, and returns what got worse, what got better,
    what changed as declared, and what is gone.
  - Dates in banners, identifiers, the order of keywords, the names of a balancer's members and the like are no changes.
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
  expected:
    description:
      - The changes that are meant to happen. They are listed as expected and fail nothing.
      - A text names the kind of change, and where, such as V(certificate renewed), V(STARTTLS added on
        mx2.contoso.com), V(TLS 1.0 gone), V(stopped working on mx3* from inside-*).
      - A dictionary has C(change) or C(field), or both, and may have C(name), C(before), C(after), C(on), C(from), and
        C(required). Texts may be patterns. With C(required), the comparison fails unless the change is seen.
    type: list
    elements: raw
    default: []
  ratio:
    description:
      - A phase counts as slower when its median is this many times as long.
    type: float
    default: 3.0
  seconds:
    description:
      - And by at least this many seconds longer.
    type: float
    default: 0.5
  samples:
    description:
      - Times are compared where at least so many checks of the same vantage and endpoint are there on either side.
    type: int
    default: 3
seealso:
  - plugin: mailops.smtp.smtp_merge
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Fail for what got worse and was not declared
  ansible.builtin.assert:
    that: comparison.verdict == 'pass'
    fail_msg: "{{ comparison.rollback_hint or comparison.summary }}"
  vars:
    before: "{{ lookup('mailops.smtp.smtp_snapshot', 'CHG0012345-before.json.gz') }}"
    after: "{{ lookup('mailops.smtp.smtp_snapshot', 'CHG0012345-after.json.gz') }}"
    comparison: "{{ before | mailops.smtp.smtp_compare(after, expected=['certificate renewed on mx1.contoso.com']) }}"
"""

RETURN = r"""
_value:
  description: The comparison, as described in the collection's facts.
  type: dict
  contains:
    verdict:
      description:
        - V(fail) for a regression, an endpoint that is gone, or a required change that did not come.
        - V(inconclusive) where a vantage or a check is missing, or nothing could be compared; else V(pass).
      type: str
      sample: fail
    summary:
      description: The result in a sentence or two.
      type: str
      sample: "1 regression; 11 unchanged. First of all: STARTTLS gone on mx2.contoso.com, seen from 3 of 4 vantages."
    regressions:
      description: What got worse and was not declared.
      type: list
      elements: dict
      sample:
        - change: starttls_removed
          endpoint:
            name: mx2.contoso.com [203.0.113.6]:25
            host: mx2.contoso.com
            address: 203.0.113.6
            port: 25
            protocol: esmtp
          vantages: ["inside", "outside-fra", "outside-nyc"]
          of: 4
          phase: starttls
          field: tls.offered
          before: true
          after: false
          impact: "STARTTLS gone on mx2.contoso.com, seen from 3 of 4 vantages."
          declared: null
          checks:
            before: [1, 4, 7]
            after: [1, 4, 7]
    improvements:
      description: What got better and was not declared.
      type: list
      elements: dict
    changes:
      description: What is different, neither better nor worse, and was not declared.
      type: list
      elements: dict
    expected:
      description: What changed as it was declared.
      type: list
      elements: dict
    unchanged:
      description: How many pairs of a vantage and an endpoint show no change.
      type: int
      sample: 11
    missing:
      description: Endpoints, vantages and checks that are not there any more.
      type: list
      elements: dict
    added:
      description: Endpoints, vantages and checks that were not there before.
      type: list
      elements: dict
    unseen:
      description: The declared changes of which nothing was seen.
      type: list
      elements: str
    rollback_hint:
      description: What a return to the former state would have to bring back.
      type: str
      sample: "Roll back, or mend: STARTTLS gone on mx2.contoso.com, seen from 3 of 4 vantages."
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.compare import (
    DeclarationError,
    NotARun,
    Tolerance,
    comparison,
)


def smtp_compare(before, after, expected=None, ratio=3.0, seconds=0.5, samples=3):
    try:
        # Jinja hands over generators from map() and the like.
        sides = [side if isinstance(side, (dict, list, tuple)) else list(side) for side in (before, after)]
        return comparison(*sides, expected, Tolerance.checked(ratio, seconds, samples))
    except (NotARun, DeclarationError, TypeError, ValueError) as exc:
        raise AnsibleFilterError(f"mailops.smtp.smtp_compare: {exc}") from exc


class FilterModule:
    """Filters that compare SMTP checks from before and after a change."""

    def filters(self):
        return {"smtp_compare": smtp_compare}
