#!/usr/bin/python
# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_check
short_description: Test mail servers over SMTP, step by step
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Holds the SMTP dialog that administrators type into telnet, from banner to QUIT, with every address of every target,
    and returns what was said, how long it took and what it means.
  - The dialog runs on the host that the task runs on, which needs Python 3.8 or newer and nothing else, or, with
    O(via), through an SSH connection to a jump host, which needs no Python and on which nothing runs.
  - What is asked for is expected to be accepted. The task fails when the verdict is V(fail) or V(inconclusive), and
    returns all facts with the failure. Use C(failed_when) to decide otherwise.
attributes:
  check_mode:
    support: full
    description: Runs the dialog up to RCPT TO. With O(message), says what would be sent, and does not send DATA.
  diff_mode:
    support: none
    description: Returns no details when in diff mode.
  action_group:
    support: full
    description: Use C(group/mailops.smtp.smtp) in C(module_defaults) to set options of all modules of this collection.
    membership:
      - mailops.smtp.smtp
options:
  host:
    type: str
    description:
      - Host name or IP address of the one mail server to test.
      - Each of its addresses is a check by itself.
      - Either this or O(targets) is needed.
  targets:
    type: list
    elements: raw
    description:
      - What to test, one or many.
      - A text without a port is a mail domain, such as V(contoso.com). All hosts of its MX records are tested, for which
        dnspython is needed on the host that the task runs on.
      - A text with a port, such as V(mail.contoso.com:25), and an IP address are a host.
      - A dictionary has C(host) or C(domain), optionally C(name), under which the target is reported, and any of the
        options below that should differ for it, except O(via) and O(vantage).
  port:
    type: int
    description:
      - The TCP port.
      - The default is 25 for O(protocol=esmtp), 465 for O(protocol=smtps), and 24 for O(protocol=lmtp).
  protocol:
    type: str
    choices: [esmtp, smtps, lmtp]
    default: esmtp
    description:
      - V(esmtp) is SMTP as servers and clients speak it.
      - V(smtps) is the same with TLS from the first byte, as submission on port 465 has it.
      - V(lmtp) is the protocol between a mail server and its mailboxes.
  hello:
    type: str
    choices: [ehlo, helo]
    default: ehlo
    description:
      - V(ehlo) sends EHLO, and HELO if the server does not know EHLO.
      - V(helo) sends HELO only. The server then offers no extension.
  helo_name:
    type: str
    aliases: [helo]
    description:
      - The name in EHLO.
      - The default is the full name of the host that speaks, or its address as a literal where it has no full name.
  sender:
    type: str
    aliases: [from]
    description:
      - The address in MAIL FROM.
      - The default is the null sender, which V(<>) asks for explicitly.
  recipient:
    type: str
    aliases: [to]
    description:
      - The address in RCPT TO. Use O(recipients) for several.
  recipients:
    type: list
    elements: str
    description:
      - The addresses, each with a RCPT TO and an outcome of its own.
  stop_after:
    type: str
    choices: [banner, ehlo, starttls, auth, mail, rcpt, data, message]
    description:
      - The last phase of the dialog. QUIT follows.
      - After V(data) the server waits for a message, where the only way out is to close the connection; nothing is
        delivered then.
      - The default is the last phase for which there is something to say.
  starttls:
    type: str
    choices: [never, optional, required]
    description:
      - V(optional) uses STARTTLS if the server offers it. If the server then fails at it, the dialog ends.
      - V(required) also ends the dialog if the server does not offer it.
      - The default is V(optional). With O(protocol=smtps) this option cannot be used.
  tls:
    type: dict
    description:
      - How to do TLS.
    suboptions:
      verify:
        type: bool
        description:
          - Whether to end the dialog if the certificate is not trusted or not for the server's name.
          - Otherwise both are reported, and the dialog goes on as between mail servers.
          - The default is V(true) with O(auth), else V(false).
      ca_path:
        type: path
        description:
          - A file or directory with the certificates of the authorities to trust instead of the system's.
      server_name:
        type: str
        description:
          - The name that the certificate must have, also sent as server name indication.
          - The default is the host's name.
      client_cert:
        type: path
        description:
          - A client certificate with its chain, in PEM.
      client_key:
        type: path
        description:
          - The key of O(tls.client_cert), if it is not in the same file.
      min_version:
        type: str
        choices: [TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]
        description:
          - The oldest version to offer.
      max_version:
        type: str
        choices: [TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]
        description:
          - The newest version to offer.
  auth:
    type: dict
    description:
      - Log in before MAIL FROM.
    suboptions:
      username:
        type: str
        required: true
        description:
          - The user name.
      password:
        type: str
        required: true
        description:
          - The password, or the token for V(XOAUTH2) and V(OAUTHBEARER).
      mechanism:
        type: str
        choices: [PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256, XOAUTH2, OAUTHBEARER, EXTERNAL]
        description:
          - The SASL mechanism.
          - The default is the strongest one that the server offers for passwords.
      allow_clear_text:
        type: bool
        default: false
        description:
          - Whether the password may be sent without TLS.
  message:
    type: dict
    description:
      - Send a test message. Without this option, DATA is never sent.
      - V({}) sends the default message.
    suboptions:
      subject:
        type: str
        description:
          - The subject, V(test message) by default.
      body:
        type: str
        description:
          - The text. A line with the message's token follows it.
      headers:
        type: dict
        description:
          - Header fields to add, or to have in place of the ones that are written by default.
  dsn:
    type: dict
    description:
      - Ask for delivery status notifications. The parameters are sent if the server offers DSN.
    suboptions:
      notify:
        type: list
        elements: str
        choices: [never, success, failure, delay]
        description:
          - When a report is wanted. V(never) stands alone.
      ret:
        type: str
        choices: [full, hdrs]
        description:
          - How much of the message a report of failure returns.
      envelope_id:
        type: str
        description:
          - The identifier that comes back in the reports.
          - The default is the message's token.
  via:
    type: dict
    description:
      - A jump host. The connections to the mail servers start from there, through an SSH connection of the host that
        the task runs on, which needs paramiko.
      - The jump host resolves the names of the mail servers.
    suboptions:
      host:
        type: str
        required: true
        description:
          - Name or address of the jump host.
      port:
        type: int
        default: 22
        description:
          - Its SSH port.
      user:
        type: str
        description:
          - The user to log in as. The default is the user who runs the task.
      key_file:
        type: path
        description:
          - The private key. The default is the SSH agent and the user's default keys.
      password:
        type: str
        description:
          - The password for the log-in or for the private key.
      known_hosts:
        type: list
        elements: path
        description:
          - The files with the keys of known hosts. The default is the user's and the system's.
      host_key_checking:
        type: bool
        default: true
        description:
          - Whether the jump host's key must be known. Without this check anybody can be the jump host.
      jump:
        type: list
        elements: raw
        description:
          - Jump hosts to pass on the way to this one, in their order, each as V(user@host:port) or as a dictionary with
            these options.
  timeouts:
    type: dict
    description:
      - How long to wait, in seconds.
    suboptions:
      connect:
        type: float
        default: 10.0
        description:
          - For the TCP connection.
      reply:
        type: float
        default: 30.0
        description:
          - For each reply, and for the TLS handshake.
      total:
        type: float
        default: 120.0
        description:
          - For the whole of a check.
  address_family:
    type: str
    choices: [any, ipv4, ipv6]
    default: any
    description:
      - Which addresses to test. V(any) leaves out a family that the host has no address of.
  source_address:
    type: str
    description:
      - The address to connect from.
  vantage:
    type: dict
    description:
      - The place that the test is made from, as the results name it. It is filled in from the inventory.
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
notes:
  - The mail servers log the dialog, and some count it. A test of many recipients can look like address harvesting.
  - At most five connections to one server are open at a time, and a server that answers 421 is left alone for the rest
    of the task.
  - Without O(message) nothing is sent, and the task is never C(changed).
requirements:
  - Python >= 3.8 on the host that the task runs on
  - dnspython >= 2.0 there, if O(targets) has a mail domain
  - paramiko >= 2.12 there, if O(via) is used
"""

EXAMPLES = r"""
- name: The telnet test
  mailops.smtp.smtp_check:
    host: mail.contoso.com
    sender: admin@test.com
    recipient: user@contoso.com

- name: Every MX of a domain, and the submission service of another
  mailops.smtp.smtp_check:
    targets:
      - contoso.com
      - host: mail.fabrikam.com
        port: 587
        starttls: required
        tls:
          verify: true

- name: The same from outside, through a jump host that needs no Python
  mailops.smtp.smtp_check:
    host: mail.contoso.com
    recipient: user@contoso.com
    via:
      host: jump.example.net
      user: probe
  delegate_to: localhost

- name: Log in and send a message that asks for a receipt
  mailops.smtp.smtp_check:
    host: mail.contoso.com
    port: 587
    starttls: required
    auth:
      username: probe
      password: "{{ vault_probe_password }}"
    sender: probe@contoso.com
    recipient: echo@fabrikam.com
    message:
      subject: test message
    dsn:
      notify: [success, failure]
      ret: hdrs
  register: sent

- name: A refusal that is wanted
  mailops.smtp.smtp_check:
    host: mail.contoso.com
    sender: somebody@fabrikam.com
    recipient: anybody@adatum.com
  register: relay
  failed_when: relay.checks | map(attribute='failed_phase') | unique != ['rcpt']
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.options import (
    CHECK_OPTIONS,
    OptionError,
    secrets,
)
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.run import check, changed


def main() -> None:
    # no_log here keeps the arguments out of the host's log: passwords within targets and jump are of no declared type.
    module = AnsibleModule(argument_spec=CHECK_OPTIONS, supports_check_mode=True, no_log=True)
    module.no_log_values.update(secrets(module.params, CHECK_OPTIONS))
    try:
        run = check(module.params, check_mode=module.check_mode)
    except (OptionError, ImportError) as error:
        module.fail_json(msg=str(error))
    for warning in run["plan"]["warnings"]:
        module.warn(warning)
    if run["verdict"] in ("fail", "inconclusive"):
        module.fail_json(msg=run["summary"], changed=changed(run), **run)
    module.exit_json(changed=changed(run), **run)


if __name__ == "__main__":
    main()
