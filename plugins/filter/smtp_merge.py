# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: smtp_merge
short_description: Join SMTP checks of many hosts or slices into one snapshot
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Takes results of M(mailops.smtp.smtp_check), or snapshots, and returns one snapshot with all their checks.
  - A run that is given twice counts once.
positional: _input
options:
  _input:
    description:
      - Results of M(mailops.smtp.smtp_check), runs, snapshots, the registered result of a loop, or a list of these.
    type: raw
    required: true
  label:
    description:
      - The name of the snapshot. Without it, the label that all parts share, if they do.
    type: str
seealso:
  - module: mailops.smtp.smtp_snapshot
  - plugin: mailops.smtp.smtp_compare
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Join what two slices of a job have seen
  ansible.builtin.set_fact:
    everything: "{{ slices | mailops.smtp.smtp_merge(label='before') }}"
  vars:
    slices: "{{ query('mailops.smtp.smtp_snapshot', 'slice-1.json.gz', 'slice-2.json.gz') }}"
"""

RETURN = r"""
_value:
  description: The snapshot, as described in the collection's facts.
  type: dict
  contains:
    label:
      description: Its name.
      type: str
      sample: before
    runs:
      description: The runs that it consists of, with their plans.
      type: list
      elements: dict
    vantages:
      description: The vantages.
      type: list
      elements: dict
    endpoints:
      description: The endpoints.
      type: list
      elements: dict
    checks:
      description: All checks.
      type: list
      elements: dict
    domains:
      description: The mail domains among the targets, as M(mailops.smtp.smtp_check) returns them.
      type: list
      elements: dict
    verdict:
      description: The worst verdict, of the mail domains and of the checks that are no mail domain's.
      type: str
      sample: pass
    counts:
      description: How many checks came to which verdict.
      type: dict
      sample: {"pass": 12}
    summary:
      description: The result in a sentence.
      type: str
      sample: "12 checks from 4 vantages, of 3 endpoints: 12 pass."
"""

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.snapshot import SnapshotError, merge
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.snapshot.file import versions


def smtp_merge(runs, label=None):
    try:
        # Jinja hands over generators from map() and the like.
        return merge(runs if isinstance(runs, (dict, list, tuple)) else list(runs), label, versions())
    except (SnapshotError, TypeError) as exc:
        raise AnsibleFilterError(f"mailops.smtp.smtp_merge: {exc}") from exc


class FilterModule:
    """Filters that join SMTP checks."""

    def filters(self):
        return {"smtp_merge": smtp_merge}
