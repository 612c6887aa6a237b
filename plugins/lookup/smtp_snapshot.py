# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: smtp_snapshot
short_description: Read a snapshot of SMTP checks from a file
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Returns the snapshots that M(mailops.smtp.smtp_snapshot) wrote, compressed or not, in this version or an earlier
    one.
  - The files are read on the controller.
options:
  _terms:
    description: The paths of the files.
    type: list
    elements: path
    required: true
seealso:
  - module: mailops.smtp.smtp_snapshot
"""

EXAMPLES = r"""
- name: Compare two snapshots
  ansible.builtin.debug:
    msg: "{{ (before | mailops.smtp.smtp_compare(after)).summary }}"
  vars:
    before: "{{ lookup('mailops.smtp.smtp_snapshot', 'CHG0012345-before.json.gz') }}"
    after: "{{ lookup('mailops.smtp.smtp_snapshot', 'CHG0012345-after.json.gz') }}"
"""

RETURN = r"""
_raw:
  description: The snapshots, in the order of their files.
  type: list
  elements: dict
"""

import os

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.snapshot import SnapshotError, read
from ansible_collections.mailops.smtp.plugins.plugin_utils.lookup_options import set_options


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        set_options(self, "smtp_snapshot", variables, kwargs)
        try:
            return [read(os.path.expanduser(term)) for term in terms]
        except SnapshotError as exc:
            raise AnsibleLookupError(f"mailops.smtp.smtp_snapshot: {exc}") from None
