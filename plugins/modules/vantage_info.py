#!/usr/bin/python
# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vantage_info
short_description: Find out whether a host is fit to judge mail servers by
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Looks at a vantage before anything is believed that is seen from it. Does it reach mail servers that are known to
    work, which address do they see, does that have a name, is its clock right, and which versions run there?
  - It is not fit if it reaches none of its reference targets, if these turn it away because of its address, if
    something in between answers in their place, or if its clock is off by more than five minutes.
  - An unfit vantage is a result and does not fail the task. Give RV(vantage.unfit) to
    O(mailops.smtp.smtp_check#module:vantage.unfit), as the role P(mailops.smtp.vantage#role) does. Its failures are
    then V(inconclusive).
  - Holds an SMTP dialog up to EHLO with each reference target, and does not send any mail.
attributes:
  check_mode:
    description: Can run in check mode and return the same.
    support: full
  diff_mode:
    description: Returns no details when in diff mode.
    support: none
  action_group:
    description: Use C(group/mailops.smtp.smtp) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - mailops.smtp.smtp
options:
  references:
    description:
      - Mail servers that work and have nothing to do with the ones to be tested, written as in
        O(mailops.smtp.smtp_check#module:targets). Two of different operators say more than one.
    type: list
    elements: raw
    required: true
  clock_uncertainty:
    description:
      - How many seconds O(vantage.clock_offset) may be wrong. It is filled in along with it.
    type: float
  helo_name:
    description:
      - The name in EHLO. The default is as in M(mailops.smtp.smtp_check).
    type: str
    aliases: [helo]
  timeouts:
    description:
      - How long to wait, as in M(mailops.smtp.smtp_check).
    type: raw
  address_family:
    description:
      - Which addresses of the reference targets to test.
    type: str
    choices: [any, ipv4, ipv6]
    default: any
  via:
    description:
      - A jump host, which is then the vantage, as in M(mailops.smtp.smtp_check). What runs there and its clock are not
        known then.
    type: dict
    suboptions:
      host:
        type: str
        required: true
        description:
          - Name or address of the jump host.
      port:
        type: int
        description:
          - Its SSH port. The default is what O(via.ssh_config) says, else 22.
      user:
        type: str
        description:
          - The user to log in as. The default is what O(via.ssh_config) says, else the user who runs the task.
      key_file:
        type: path
        description:
          - The private key. The default is the SSH agent and the keys that O(via.ssh_config) names, else the user's
            default keys.
          - An OpenSSH certificate that lies beside a key, as C(KEY-cert.pub), is used with it.
      password:
        type: str
        description:
          - The password for the log-in or for the private key.
      known_hosts:
        type: list
        elements: path
        description:
          - The files with the keys of known hosts. The default is what O(via.ssh_config) says, else the user's and the
            system's. Hashed names, C(@revoked) and C(@cert-authority) are understood.
      host_key_checking:
        type: bool
        default: true
        description:
          - Whether the jump host's key must be known. Without this check anybody can be the jump host.
      mode:
        type: str
        choices: [auto, channel, exec]
        default: auto
        description:
          - How connections to mail servers are made from there.
          - V(channel) has the SSH server forward them.
          - V(exec) starts C(socat), C(bash) or C(nc) there for each, whichever is there, at most eight at a time.
          - V(auto) is V(channel), and V(exec) where the SSH server forbids forwarding. The facts say which was used and
            why.
      ssh_config:
        type: path
        description:
          - The file with the SSH settings by host, as C(ssh -F) takes it. Of these, C(HostName), C(User), C(Port),
            C(IdentityFile), C(IdentitiesOnly), C(ProxyJump) and C(UserKnownHostsFile) are used where O(via) does not
            say otherwise.
          - The default is C(~/.ssh/config), if there is one. With V(/dev/null) there is none.
      jump:
        type: list
        elements: raw
        description:
          - Jump hosts to pass on the way to this one, in their order, each as V(user@host:port) or as a dictionary with
            these options.
  vantage:
    description:
      - The place that is looked at, as the results name it. It is filled in from the inventory.
    type: dict
    suboptions:
      name:
        type: str
        description:
          - The name to show. The default is the inventory name of the host.
      mode:
        type: str
        choices: [local, managed]
        description:
          - Whether the host is the controller or a managed host.
      side:
        type: str
        choices: [inside, dmz, outside]
        description:
          - On which side of the perimeter it stands. With it, the filter P(mailops.smtp.smtp_matrix#filter) tells a
            fault of the perimeter from one of the server.
      network:
        type: str
        description:
          - A name for the network that it is in, such as that of the provider. Two vantages agree about a server only
            if they are on different networks.
          - The default is what the addresses say that were seen.
      unfit:
        type: str
        description:
          - Why nothing that fails from this vantage is to be believed, as the role P(mailops.smtp.vantage#role) finds
            out. Failures are then V(inconclusive).
          - An empty text is no reason.
      clock_offset:
        type: float
        description:
          - Seconds that its clock is ahead of the controller's, where that was measured.
seealso:
  - module: mailops.smtp.smtp_check
"""

EXAMPLES = r"""
- name: Is each vantage fit?
  hosts: vantage_points
  gather_facts: false
  tasks:
    - name: Look at it
      mailops.smtp.vantage_info:
        references:
          - mx.fabrikam.com:25
          - mx.wingtip.com:25
      register: looked

    - name: Test, and blame no server for what an unfit vantage sees
      mailops.smtp.smtp_check:
        targets: [contoso.com]
        vantage:
          side: outside
          unfit: "{{ looked.vantage.unfit | default(omit, true) }}"
          clock_offset: "{{ looked.clock_offset | default(omit, true) }}"
"""

RETURN = r"""
schema_version:
  description: The version of this shape.
  type: int
  returned: always, unless an option is wrong
  sample: 1
vantage:
  description: The vantage. Its C(unfit) has the reasons in one text.
  type: dict
  returned: always, unless an option is wrong
  contains:
    name:
      description: The host that the connection started from, as the inventory names it, where there is one.
      type: str
      returned: always
      sample: localhost
    mode:
      description:
        - "How: from the controller, from a managed host that runs this code, through an SSH connection to a jump host,
          through a program started there, or by this code started there over SSH."
      type: str
      returned: always
      choices: [local, managed, ssh-channel, ssh-exec, ssh-python]
      sample: local
    address:
      description:
        - The address that the connection started from. Not known in a run's vantages, nor of a jump host or a proxy.
      type: str
      returned: always
      sample: "198.18.1.60"
    clock_offset:
      description: Seconds that its clock is ahead of the controller's. Null where it was not measured.
      type: float
      returned: always
    proxy:
      description: The proxy that opened the connections.
      type: str
      returned: always
      sample: "socks5://proxy.contoso.test:1080"
    mode_reason:
      description: Why it is this mode and not a better one. Null for the first choice.
      type: str
      returned: always
    side:
      description: The side of the perimeter that it stands on, as the user says.
      type: str
      returned: always
      choices: [inside, dmz, outside]
      sample: outside
    network:
      description: Whose network it is in, as the user says.
      type: str
      returned: always
    unfit:
      description:
        - Why failures seen from here are not believed. Null for a vantage that was found fit, or not examined.
      type: str
      returned: always
fit:
  description: Whether what fails from this vantage is to be believed.
  type: bool
  returned: always, unless an option is wrong
  sample: true
reasons:
  description: Why it is not fit, one sentence each. Empty for a vantage that is.
  type: list
  elements: str
  returned: always, unless an option is wrong
  sample: []
references:
  description: One entry for each address of each reference target.
  type: list
  elements: dict
  returned: always, unless an option is wrong
  contains:
    target:
      description: The reference target.
      type: str
      returned: always
      sample: "mx.fabrikam.test:25"
    address:
      description: Its address. Null where a jump host resolved the name.
      type: str
      returned: always
      sample: "198.18.1.31"
    reached:
      description: Whether an SMTP server answered.
      type: bool
      returned: always
      sample: true
    verdict:
      description: What the check comes to.
      type: str
      returned: always
      choices: [pass, not_tested, degraded, deferred, inconclusive, fail]
      sample: pass
    seconds:
      description: How long the check took.
      type: float
      returned: always
      sample: 0.012
    client_seen_as:
      description: The address that the server sees, if it says so.
      type: str
      returned: always
      sample: "198.18.2.50"
    summary:
      description: The result in one sentence.
      type: str
      returned: always
      sample: "exim.contoso.test [198.18.1.31]:25 answered up to EHLO after 12 ms."
address:
  description: The address that the vantage leaves from, as the reference targets see it, else as it sees itself.
  type: str
  returned: always, unless an option is wrong
  sample: "198.18.2.50"
ptr:
  description: The name that this address has in DNS. Null where it has none, or where nobody could ask.
  type: dict
  returned: always, unless an option is wrong
  contains:
    name:
      description: The name.
      type: str
      returned: always
      sample: vantage-b.contoso.test
    confirmed:
      description: Whether the name leads back to the address.
      type: bool
      returned: always
      sample: true
clock_offset:
  description: Seconds that its clock is ahead of the controller's. Null where it was not measured.
  type: float
  returned: always, unless an option is wrong
  sample: 0.004
clock_uncertainty:
  description: How many seconds the offset may be wrong.
  type: float
  returned: always, unless an option is wrong
  sample: 0.02
python:
  description: The version of Python there. Null where nothing runs there.
  type: str
  returned: always, unless an option is wrong
  sample: "3.11.2"
openssh:
  description: How the SSH server there calls itself. Null where none answers on port 22, or where nothing runs there.
  type: str
  returned: always, unless an option is wrong
  sample: OpenSSH_9.2p1 Debian-2+deb12u3
resolvers:
  description: The name servers in its resolv.conf. Null where nothing runs there.
  type: list
  elements: str
  returned: always, unless an option is wrong
  sample: ["198.18.1.53"]
remarks:
  description: What is odd about it, but does not make it unfit, one sentence each.
  type: list
  elements: str
  returned: always, unless an option is wrong
  sample: []
summary:
  description: The result in one sentence or two.
  type: str
  returned: always, unless an option is wrong
  sample: "vantage-b is fit: it reaches 2 of 2 addresses of its reference targets."
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.interruption import interruptible
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.plan.fitness import FITNESS_OPTIONS
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.plan.options import OptionError, secrets
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.vantage_fitness import vantage_fitness


def main() -> None:
    # A play that is ended, or an SSH session that is lost, still has the mail servers told QUIT, as Ctrl-C has.
    interruptible()
    # no_log keeps the arguments out of the host's log: passwords within references and jump are of no declared type.
    module = AnsibleModule(argument_spec=FITNESS_OPTIONS, supports_check_mode=True, no_log=True)
    module.no_log_values.update(secrets(module.params, FITNESS_OPTIONS))
    try:
        found = vantage_fitness(module.params)
    except (OptionError, ImportError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
