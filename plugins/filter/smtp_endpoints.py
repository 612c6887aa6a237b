# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: smtp_endpoints
short_description: The addresses and ports that mail goes to
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Takes the result of M(mailops.smtp.mail_route_info) or of M(mailops.smtp.smtp_check) and returns each address that
    mail goes to, once, sorted, so that two results can be compared and templates stay as they are.
positional: _input
options:
  _input:
    description:
      - The result of one of the two modules, a route or a list of routes.
    type: raw
    required: true
  port:
    description:
      - The port of the endpoints of a mail route, which tells none itself.
    type: int
    default: 25
  family:
    description:
      - The addresses to return.
    type: str
    choices: [any, ipv4, ipv6]
    default: any
seealso:
  - module: mailops.smtp.mail_route_info
  - plugin: mailops.smtp.mx
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Where does mail go?
  mailops.smtp.mail_route_info:
    domains: [contoso.com]
    checks: []
  register: mail

- name: Show the IPv4 addresses for a firewall
  ansible.builtin.debug:
    msg: "{{ mail | mailops.smtp.smtp_endpoints(family='ipv4') | map(attribute='address') }}"
"""

RETURN = r"""
_value:
  description: The endpoints, sorted by preference, host, family and address.
  type: list
  elements: dict
  sample:
    - host: mx1.contoso.com
      address: 203.0.113.5
      family: ipv4
      port: 25
      preference: 10
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError


def smtp_endpoints(found, port=25, family="any"):
    if family not in ("any", "ipv4", "ipv6"):
        raise AnsibleFilterError(f"mailops.smtp.smtp_endpoints: family is {family!r}: give any, ipv4 or ipv6")
    try:
        endpoints = [_endpoint(entry) for entry in _entries(found, port)]
    except (KeyError, TypeError, AttributeError):
        raise AnsibleFilterError(
            "mailops.smtp.smtp_endpoints: the input is no result of mail_route_info or smtp_check, and no route of one"
        ) from None
    wanted = [entry for entry in endpoints if entry["address"] and family in ("any", entry["family"])]
    once = {tuple(entry.values()): entry for entry in wanted}
    return sorted(once.values(), key=_rank)


def _entries(found, port):
    """Endpoints of a run, or addresses of routes with what belongs to them."""
    if isinstance(found, Mapping) and "checks" in found:
        return [check["endpoint"] for check in found["checks"]]
    if isinstance(found, Mapping):
        found = found.get("routes", [found])
    return [
        {**address, "host": host["host"], "preference": host["preference"], "port": port}
        for route in found
        for host in route["mx"]
        for address in host["addresses"]
    ]


def _endpoint(entry):
    return {name: entry[name] for name in ("host", "address", "family", "port", "preference")}


def _rank(entry):
    preference = entry["preference"] if entry["preference"] is not None else -1
    return preference, entry["host"], entry["family"], entry["address"], entry["port"] or 0


class FilterModule:
    """Filters that read mail routes."""

    def filters(self):
        return {"smtp_endpoints": smtp_endpoints}
