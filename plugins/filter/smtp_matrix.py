# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: smtp_matrix
short_description: Lay SMTP checks from many vantages side by side
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Takes the results of M(mailops.smtp.smtp_check) and returns a matrix of vantages against endpoints, and where the
    vantages disagree.
positional: _input
options:
  _input:
    description:
      - A result of M(mailops.smtp.smtp_check), a run, a check, the registered result of a loop, or a list of these.
    type: raw
    required: true
  format:
    description:
      - V(facts) is the matrix as data. V(text) is a table of at most 80 columns with the faults below it.
    type: str
    choices:
      - facts
      - text
    default: facts
notes:
  - An endpoint is told apart by its address only where every vantage saw addresses. Behind a jump host the name may be
    all that is known.
seealso:
  - module: mailops.smtp.smtp_check
"""

EXAMPLES = r"""
- name: Check from every vantage
  hosts: vantage_points
  gather_facts: false
  tasks:
    - name: Ask both mail servers
      mailops.smtp.smtp_check:
        targets:
          - host: mx1.contoso.com
          - host: mx2.contoso.com
      register: smtp
      # A vantage that sees a fault shall not leave the play.
      failed_when: false

    - name: Show where the vantages disagree
      ansible.builtin.debug:
        msg: "{{ item.summary }}"
      loop: "{{ (ansible_play_hosts | map('extract', hostvars, 'smtp') | mailops.smtp.smtp_matrix).divergence }}"
      run_once: true
"""

RETURN = r"""
_value:
  description: The matrix. With O(format=text), a text.
  type: dict
  contains:
    vantages:
      description: The names of the vantages, in the order in which they first appear.
      type: list
      elements: str
      sample: ["controller", "outside-fra"]
    endpoints:
      description: The endpoints, in the order in which they first appear.
      type: list
      elements: dict
      sample:
        - name: mx1.contoso.com [203.0.113.5]:25
          host: mx1.contoso.com
          address: 203.0.113.5
          port: 25
          protocol: esmtp
    cells:
      description:
        - One list for each vantage, with one entry for each endpoint, which is V(none) where there is no check.
        - C(check) is the index of the check among all checks given.
      type: list
      elements: list
      sample:
        - - verdict: pass
            reached: rcpt
            failed_phase: null
            seconds: 0.412
            check: 0
        - - verdict: fail
            reached: null
            failed_phase: connect
            seconds: 10.0
            check: 1
    divergence:
      description:
        - One entry for each endpoint that the vantages disagree about, with the endpoint's index and the first phase
          that differs.
        - C(outliers) are the vantages that see it differently from most, or worse where no side has more.
      type: list
      elements: dict
      sample:
        - endpoint: 0
          phase: connect
          consensus: ["controller"]
          outliers: ["outside-fra"]
          summary: "mx1.contoso.com [203.0.113.5]:25 differs at connect: outside-fra (fail), but controller (pass)."
    localisation:
      description:
        - One entry for each fault, with the indexes of the endpoints and the names of the vantages that it concerns,
          who must fix it, and what speaks for this place.
        - C(place) is V(server), V(perimeter) (the firewall before the server), V(inside) (the way within the own
          network), V(egress) (the network of the vantages), V(ipv6_path), V(middlebox) (a device that changes the
          dialog), V(interception) (one that answers in the server's place), V(client_policy) (the server turns these
          vantages away), or V(undetermined).
        - The server is blamed only where two outside vantages on different networks agree. Say on which side each
          stands with O(mailops.smtp.smtp_check#module:vantage.side).
      type: list
      elements: dict
      sample:
        - place: egress
          endpoints: [0]
          vantages: ["outside-nyc"]
          confidence: likely
          owner: network
          summary: "mx1.contoso.com is out of reach for outside-nyc at connect, and not for outside-fra."
          reasons: ["the server is reached from outside too, by outside-fra."]
          next_step: "Ask the network or provider of these vantages to let port 25 out."
    remarks:
      description:
        - What is odd about a vantage, and no server's fault. C(kind) is V(slow), wherever it is compared, or V(clock),
          which is off by more than five minutes.
      type: list
      elements: dict
      sample:
        - vantage: outside-nyc
          kind: slow
          summary: >-
            outside-nyc takes 11 times as long as the others at each of 3 endpoints compared (1.1 s, they 0.1 s): that
            is its own way or load, and no server's.
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.compare import NotARun, matrix
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.report.terminal import matrix_table


def smtp_matrix(runs, format="facts"):
    if format not in ("facts", "text"):
        raise AnsibleFilterError(f"mailops.smtp.smtp_matrix: format {format!r} is no choice: choose facts or text")
    try:
        # Jinja hands over generators from map() and the like.
        made = matrix(runs if isinstance(runs, (dict, list, tuple)) else list(runs))
        return matrix_table(made) if format == "text" else made
    except (NotARun, TypeError) as exc:
        raise AnsibleFilterError(f"mailops.smtp.smtp_matrix: {exc}") from exc


class FilterModule:
    """Filters that compare SMTP checks."""

    def filters(self):
        return {"smtp_matrix": smtp_matrix}
