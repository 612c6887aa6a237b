#!/usr/bin/python
# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_snapshot
short_description: Keep results of SMTP checks in a file
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Writes results of M(mailops.smtp.smtp_check) to a file on the controller, as one snapshot that can be compared with
    a later one.
  - The file holds the facts and nothing else that stood beside them in a result. It has no secrets, since the facts
    have none, and its owner alone can read it.
  - It is there as a whole, or not at all.
attributes:
  check_mode:
    description: Can run in check mode, and then writes nothing.
    support: full
  diff_mode:
    description: Returns details on what has changed, or could change.
    support: none
  action_group:
    description: Use C(group/mailops.smtp.smtp) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - mailops.smtp.smtp
options:
  path:
    description:
      - The file. With a name that ends with C(.gz) it is compressed.
      - Its folder must exist.
    type: path
    required: true
  results:
    description:
      - Results of M(mailops.smtp.smtp_check), runs, snapshots, or a list of these.
    type: raw
    required: true
  label:
    description:
      - The name of the snapshot, such as V(before).
    type: str
notes:
  - It runs on the controller, whichever host the task is for; most often with C(run_once).
seealso:
  - plugin: mailops.smtp.smtp_snapshot
    plugin_type: lookup
  - plugin: mailops.smtp.smtp_merge
    plugin_type: filter
  - plugin: mailops.smtp.smtp_compare
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check from every vantage
  hosts: vantage_points
  gather_facts: false
  tasks:
    - name: Ask every MX host
      mailops.smtp.smtp_check:
        targets:
          - contoso.com
      register: smtp
      # A vantage that sees a fault shall not leave the play: it belongs into the snapshot.
      failed_when: false

    - name: Keep what was seen
      mailops.smtp.smtp_snapshot:
        path: CHG0012345-before.json.gz
        label: before
        results: "{{ ansible_play_hosts | map('extract', hostvars, 'smtp') }}"
      run_once: true
"""

RETURN = r"""
path:
  description: The file.
  type: str
  returned: success
  sample: /home/user/CHG0012345/before.json.gz
verdict:
  description: The worst verdict of the checks in it.
  type: str
  returned: success
  sample: pass
counts:
  description: How many checks came to which verdict.
  type: dict
  returned: success
  sample: {"pass": 12}
summary:
  description: What is in it, in a sentence.
  type: str
  returned: success
  sample: "12 checks from 4 vantages, of 3 endpoints: 12 pass."
"""

from ansible.module_utils.basic import AnsibleModule


def main():
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "results": {"type": "raw", "required": True},
            "label": {"type": "str"},
        },
        supports_check_mode=True,
    )
    # The action plugin of the same name does the work, on the controller, where the results are.
    module.fail_json(msg="mailops.smtp.smtp_snapshot runs on the controller alone: call it as a task's action.")


if __name__ == "__main__":
    main()
