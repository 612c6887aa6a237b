# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: smtp_report
short_description: Write a report of SMTP checks
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Takes the results of M(mailops.smtp.smtp_check), from one host or many, and returns a report as text, for a
    terminal, a ticket, a browser, a pipeline or a program.
  - All formats are written from one record, so that they have the same numbers.
positional: _input
options:
  _input:
    description:
      - A result of M(mailops.smtp.smtp_check), a run, a snapshot, a check, the registered result of a loop, or a list
        of these.
    type: raw
    required: true
  format:
    description:
      - What the report is written as.
      - V(terminal) is plain text of at most 80 columns. V(markdown) is for a ticket. V(html) is one file that needs no
        network and no script. V(junit) is XML for a pipeline, with one case for each vantage, endpoint and phase.
        V(json) is the record that the others are written from.
    type: str
    choices:
      - terminal
      - markdown
      - html
      - junit
      - json
    default: terminal
  comparison:
    description:
      - The result of the filter P(mailops.smtp.smtp_compare#filter), to be reported along with the checks. Without it,
        O(earlier) is compared with the input, and nothing counts as declared.
    type: dict
  earlier:
    description:
      - The checks as they were before, in any form that the input can have. What changed is reported, and with V(html)
        each check stands beside the earlier one.
    type: raw
  watch:
    description:
      - The result of M(mailops.smtp.smtp_watch), or a list of them. The outages are then in the report, with V(html) on
        a time line.
    type: raw
  title:
    description:
      - The heading. By default it says how many mail hosts were seen from how many vantages.
    type: str
  gate:
    description:
      - The result of the filter P(mailops.smtp.smtp_gate#filter). The report then says first whether it is open, and
        with V(junit) nothing fails that the gate lets pass.
    type: dict
notes:
  - What servers said is escaped in each format.
  - The text is UTF-8 and ends with a line end.
seealso:
  - module: mailops.smtp.smtp_check
  - plugin: mailops.smtp.smtp_matrix
    plugin_type: filter
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
      # The report shall show what is wrong.
      failed_when: false

    - name: Keep a page for people and a file for the pipeline
      ansible.builtin.copy:
        content: "{{ results | mailops.smtp.smtp_report(format=item.key, title='Change 12345') }}"
        dest: "{{ playbook_dir }}/{{ item.value }}"
        mode: "0644"
      loop: "{{ {'html': 'report.html', 'junit': 'report.xml'} | dict2items }}"
      vars:
        results: "{{ ansible_play_hosts | map('extract', hostvars, 'smtp') }}"
      delegate_to: localhost
      run_once: true
"""

RETURN = r"""
_value:
  description: The report.
  type: str
"""

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.compare import NotARun
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.report.writing import (
    NoSuchFormat,
    report,
)


def _listed(given):
    # Jinja hands over generators from map() and the like.
    return given if given is None or isinstance(given, (dict, list, tuple)) else list(given)


def smtp_report(runs, format="terminal", comparison=None, earlier=None, watch=None, title=None, gate=None):
    try:
        text = report(
            _listed(runs),
            format,
            comparison=comparison,
            earlier=_listed(earlier),
            watch=_listed(watch),
            title=title,
            gate=gate,
        )
    except (NotARun, NoSuchFormat, TypeError) as exc:
        raise AnsibleFilterError(f"mailops.smtp.smtp_report: {exc}") from exc
    except KeyError as exc:
        raise AnsibleFilterError(
            f"mailops.smtp.smtp_report: a run or comparison has no {exc.args[0]!r}, "
            "which docs/facts.schema.json says that it has"
        ) from exc
    # What servers said is in it, and is no template: before ansible-core 2.19 that has to be told.
    return wrap_var(text)


class FilterModule:
    """Filters that report SMTP checks."""

    def filters(self):
        return {"smtp_report": smtp_report}
