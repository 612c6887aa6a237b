# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mx
short_description: The mail hosts of a domain
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Returns the names of the hosts that take the mail of a domain, the preferred ones first, those of equal preference
    by name. A domain without MX records is its own mail host, and one with a null MX has none.
  - It is the controller that asks. Use M(mailops.smtp.mail_route_info) to ask from elsewhere, and for everything else
    that the DNS says.
options:
  _terms:
    description:
      - The mail domains.
    type: list
    elements: str
    required: true
  nameservers:
    description:
      - The name servers to ask, by address, instead of those of the controller.
    type: list
    elements: str
requirements:
  - dnspython >= 1.16.0
notes:
  - That nobody answered is an error, and so are a domain that does not exist and one without any mail host.
seealso:
  - module: mailops.smtp.mail_route_info
  - plugin: mailops.smtp.smtp_endpoints
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Allow our mail servers to connect
  ansible.builtin.debug:
    msg: "{{ item }}"
  loop: "{{ query('mailops.smtp.mx', 'contoso.com') }}"
"""

RETURN = r"""
_list:
  description: The names of the hosts.
  type: list
  elements: str
  sample: ["mx1.contoso.com", "mx2.contoso.com"]
"""

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.mail_routes import mail_routes
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.plan.options import OptionError
from ansible_collections.mailops.smtp.plugins.plugin_utils.lookup_options import set_options


class LookupModule(LookupBase):
    """The mail hosts of domains."""

    def run(self, terms, variables=None, **kwargs):
        set_options(self, "mx", variables, kwargs)
        if not terms:
            raise AnsibleLookupError("mailops.smtp.mx: give at least one mail domain")
        options = {"domains": [str(term) for term in terms], "checks": []}
        if self.get_option("nameservers") is not None:
            options["nameservers"] = self.get_option("nameservers")
        try:
            routes = mail_routes(options)["routes"]
        except OptionError as exc:
            raise AnsibleLookupError(f"mailops.smtp.mx: {exc}") from None
        for route in routes:
            if route["status"] in ("unknown", "no_such_domain", "no_mail_host"):
                summary, detail = route["summary"], route["detail"] or ""
                raise AnsibleLookupError(f"mailops.smtp.mx: {summary if detail in summary else f'{summary} {detail}'}")
        return [
            host["host"]
            for route in routes
            for host in sorted(route["mx"], key=lambda host: (host["preference"] or 0, host["host"]))
            if host["host"]
        ]
