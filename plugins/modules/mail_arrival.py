#!/usr/bin/python
# Copyright (c) 2026, the mailops.smtp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mail_arrival
short_description: Find out whether test messages arrived, and whether their receipts came back
version_added: 1.0.0
author:
  - The mailops.smtp authors (@mailops)
description:
  - Looks for messages that M(mailops.smtp.smtp_check) has sent, by their tokens, in mailboxes over IMAP or POP3, or in
    a Maildir or mbox on the host that the task runs on, until they have all come or the time is over.
  - Returns a receipt for each, with what became of it on every part of the way, the copies found, the reports of
    servers, the hops with their delays, what gateways wrote into the header and changed, and where to look next.
  - The task fails when the verdict is V(fail) or V(inconclusive), and returns all facts with the failure. Use
    C(failed_when) to decide otherwise.
  - One call looks for any number of messages in many mailboxes at the same time, over one connection to each. It works
    with C(async), so that a play can go on meanwhile.
attributes:
  check_mode:
    support: full
    description: Looks into the mailboxes. With O(reverse), says what would be sent. Sends and removes nothing.
  diff_mode:
    support: none
    description: Returns no details when in diff mode.
  action_group:
    support: full
    description: Use C(group/mailops.smtp.smtp) in C(module_defaults) to set options of all modules of this collection.
    membership:
      - mailops.smtp.smtp
options:
  checks:
    type: list
    elements: dict
    description:
      - What M(mailops.smtp.smtp_check) has returned as C(checks). Those of several tasks or hosts can be joined.
      - Checks that sent no message are passed over.
      - Either this or O(tokens) is needed.
  tokens:
    type: list
    elements: str
    description:
      - Tokens to look for, where the facts of the checks are not at hand. Less can be said about these.
  mailbox:
    type: dict
    description:
      - The mailbox where the messages are to arrive.
    suboptions: &mailbox
      imap:
        type: str
        description:
          - The IMAP server.
          - Just one of C(imap), C(pop3), C(maildir) and C(mbox) is needed.
      pop3:
        type: str
        description:
          - The POP3 server. POP3 has no folders and no search, so that the newest 500 messages are looked through.
      maildir:
        type: path
        description:
          - A directory in Maildir form, on the host that the task runs on.
      mbox:
        type: path
        description:
          - A file in mbox form, on the host that the task runs on.
      name:
        type: str
        description:
          - What to call the mailbox in the receipts.
      port:
        type: int
        description:
          - The TCP port.
          - The default is 993 for IMAP and 995 for POP3 with implicit TLS, otherwise 143 and 110.
      tls:
        type: str
        choices: [implicit, starttls, never]
        description:
          - V(implicit) is TLS from the first byte.
          - The default is V(starttls) on ports 143 and 110, otherwise V(implicit).
      username:
        type: str
        description:
          - The user name. Servers need one.
      password:
        type: str
        description:
          - The password, or the access token for V(xoauth2).
      mechanism:
        type: str
        choices: [password, xoauth2]
        default: password
        description:
          - How to log in.
      allow_clear_text:
        type: bool
        default: false
        description:
          - Whether the password may be sent without TLS.
      verify:
        type: bool
        default: true
        description:
          - Whether the server's certificate must be trusted and be for its name.
      ca_path:
        type: path
        description:
          - A file or directory with the certificates of the authorities to trust instead of the system's.
      server_name:
        type: str
        description:
          - The name that the certificate must have, by default that of the server.
      folders:
        type: list
        elements: str
        description:
          - The folders to look into, with IMAP or a Maildir.
          - The default is INBOX and, with C(junk), the folder for junk.
      junk:
        type: bool
        default: true
        description:
          - Whether to look into the folder for junk, which is found by its flag (RFC 6154), or by its name where no
            folder has that flag.
      addresses:
        type: list
        elements: str
        description:
          - The addresses whose mail comes here. A message to several recipients has arrived once it is with each whose
            mailbox is known.
          - By default mail to any address may come here.
      timeout:
        type: float
        default: 30.0
        description:
          - Seconds within which the server must answer.
  receipts:
    type: dict
    description:
      - The mailbox of the sender, where receipts and the message of O(reverse) are to arrive.
    suboptions: *mailbox
  mailboxes:
    type: list
    elements: dict
    description:
      - Further mailboxes, or all of them. Entries that lead to the same account are one.
    suboptions:
      <<: *mailbox
      holds:
        type: str
        choices: [messages, reports, both]
        default: both
        description:
          - What to look for in it.
  within:
    type: float
    default: 300.0
    description:
      - Seconds after its acceptance within which a message must arrive. Later it is late.
  receipts_within:
    type: float
    description:
      - Seconds within which the receipts must come. The default is O(within).
  reverse_within:
    type: float
    description:
      - Seconds within which the message of O(reverse) must arrive. The default is O(within).
  give_up_after:
    type: float
    description:
      - Seconds to look for a message at most. What has not come then is lost. The default is O(within), so that a
        message can be found late only where it is looked for late.
  linger:
    type: float
    default: 0.0
    description:
      - Seconds to go on looking after everything has come, for second copies. Those that are there already are found
        without.
  poll_interval:
    type: float
    default: 5.0
    description:
      - Seconds between two looks. Where the server offers IDLE, it tells by itself when mail comes into the first
        folder, and the others are looked into every six intervals, at most every 30 seconds.
  reverse:
    type: bool
    default: false
    description:
      - Whether to send a message the other way, from the recipient to the sender, and look for it in the sender's
        mailbox. It proves the way back by itself, where receipts are not sent.
  reverse_through:
    type: dict
    description:
      - The server to give that message to, which is one that sends out the recipient's mail.
    suboptions:
      host:
        type: str
        description:
          - The server. The default is the one that accepted the message.
      port:
        type: int
        description:
          - The TCP port. The default is 587, or 465 for V(smtps).
      protocol:
        type: str
        choices: [esmtp, smtps]
        default: esmtp
        description:
          - Whether TLS begins with the first byte (V(smtps)).
      helo_name:
        type: str
        description:
          - The name in EHLO.
      username:
        type: str
        description:
          - The user name to log in with. The default is that of the recipient's mailbox.
      password:
        type: str
        description:
          - The password. The default is that of the recipient's mailbox.
      login:
        type: bool
        default: true
        description:
          - Whether to log in at all.
      starttls:
        type: str
        choices: [never, optional, required]
        description:
          - As with M(mailops.smtp.smtp_check). The default is V(required) with a log-in.
      tls:
        type: dict
        description:
          - How to do TLS.
        suboptions:
          verify:
            type: bool
            description:
              - As with M(mailops.smtp.smtp_check). The default is V(true) with a log-in.
          ca_path:
            type: path
            description:
              - A file or directory with the certificates of the authorities to trust instead of the system's.
          server_name:
            type: str
            description:
              - The name that the certificate must have.
          min_version:
            type: str
            choices: [TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]
            description:
              - The oldest version to offer.
  cleanup:
    type: bool
    default: false
    description:
      - Whether to remove the test messages and their reports from the mailboxes. Nothing else is touched, and without
        this option nothing at all, not even the mark of an unread message.
requirements:
  - Python 3.8 or newer on the host that the task runs on
seealso:
  - module: mailops.smtp.smtp_check
notes:
  - A message is known by its token, never by its subject. One that merely quotes the token, such as a reply, does not
    count.
  - Deadlines count from the acceptance. A wait begins with the task, so that clocks that differ cannot end it early.
  - A password that was refused is not tried again.
"""

EXAMPLES = r"""
- name: Send a message that asks for a receipt
  mailops.smtp.smtp_check:
    targets:
      - contoso.com
    sender: probe@fabrikam.com
    recipient: echo@contoso.com
    test_message:
      subject: test message
    dsn:
      notify: [success, failure]
      ret: hdrs
  register: sent

- name: See whether it arrives, and whether the receipt comes back
  mailops.smtp.mail_arrival:
    checks: "{{ sent.checks }}"
    mailbox:
      imap: imap.contoso.com
      username: echo
      password: "{{ vault_echo_password }}"
    receipts:
      imap: imap.fabrikam.com
      username: probe
      password: "{{ vault_probe_password }}"
    within: 300
  delegate_to: localhost
  register: receipt

- name: A mailbox on the disk of the mail host
  mailops.smtp.mail_arrival:
    checks: "{{ sent.checks }}"
    mailbox:
      maildir: /var/vmail/echo/Maildir
  become: true
  delegate_to: mx1.contoso.com

- name: Go on with the play meanwhile
  mailops.smtp.mail_arrival:
    checks: "{{ sent.checks }}"
    mailbox:
      imap: imap.contoso.com
      username: echo
      password: "{{ vault_echo_password }}"
    within: 900
  delegate_to: localhost
  async: 1000
  poll: 0
  register: looking

- name: Wait for what came of it
  ansible.builtin.async_status:
    jid: "{{ looking.ansible_job_id }}"
  delegate_to: localhost
  register: receipt
  until: receipt is finished
  retries: 200
  delay: 5

- name: The same with a test of the way back, tidying up afterwards
  mailops.smtp.mail_arrival:
    checks: "{{ sent.checks }}"
    mailbox:
      imap: imap.contoso.com
      username: echo
      password: "{{ vault_echo_password }}"
    receipts:
      imap: imap.fabrikam.com
      username: probe
      password: "{{ vault_probe_password }}"
    reverse: true
    reverse_through:
      host: smtp.contoso.com
    cleanup: true
  delegate_to: localhost
"""

RETURN = r"""
schema_version:
  description: The version of this shape.
  type: int
  returned: always, unless an option is wrong
  sample: 1
started_at:
  description: When the search began, in UTC by the clock of the host that made it (RFC 3339).
  type: str
  returned: always, unless an option is wrong
  sample: "2026-11-24T22:12:02.494Z"
finished_at:
  description: When it had ended.
  type: str
  returned: always, unless an option is wrong
  sample: "2026-11-24T22:12:03.315Z"
asked:
  description: The options by name, without the checks, defaults filled in, secrets masked.
  type: dict
  returned: always, unless an option is wrong
  sample: {"within": 20.0, "cleanup": false}
would_send:
  description: In check mode, what would be sent the other way.
  type: list
  elements: dict
  returned: always, unless an option is wrong
  contains:
    sender:
      description: The sender, which is the recipient of the message whose way back is tested.
      type: str
      returned: always
      sample: "probe@fabrikam.test"
    recipient:
      description: The recipient, which is its sender.
      type: str
      returned: always
      sample: "echo@contoso.test"
    host:
      description: The server that would be given it.
      type: str
      returned: always
      sample: "mx1.contoso.test"
mailboxes:
  description: The mailboxes that were looked into.
  type: list
  elements: dict
  returned: always, unless an option is wrong
  contains:
    name:
      description: The name that the receipts call it by.
      type: str
      returned: always
      sample: "echo at imap.contoso.test"
    kind:
      description: How it is read.
      type: str
      returned: always
      choices: [imap, pop3, maildir, mbox]
      sample: "imap"
    place:
      description: The server, or the path.
      type: str
      returned: always
      sample: "imap.contoso.test"
    folders:
      description: The folders that are looked into.
      type: list
      elements: str
      returned: always
      sample: ["INBOX", "Junk"]
    looks:
      description: How often it was looked into.
      type: int
      returned: always
      sample: 3
    idle:
      description: Whether the server tells by itself when mail comes (RFC 2177).
      type: bool
      returned: always
      sample: true
    reconnects:
      description: How often a lost connection was made again.
      type: int
      returned: always
      sample: 0
    quota:
      description: What the server says of the room in it.
      type: dict
      returned: always
      contains:
        used:
          description: Octets in use.
          type: int
          returned: always
          sample: 1048576
        limit:
          description: Octets allowed.
          type: int
          returned: always
          sample: 1073741824
    error:
      description: Why it could not be looked into, or not to the end.
      type: dict
      returned: always
      contains:
        kind:
          description: What kind of trouble, of a closed list.
          type: str
          returned: always
          choices: [unresolved, unreachable, tls, authentication, folder, lost, protocol, too_large, unreadable]
          sample: "authentication"
        detail:
          description: The trouble in a sentence.
          type: str
          returned: always
          sample: "imap.contoso.test refuses the log-in of echo: [AUTHENTICATIONFAILED] Authentication failed."
    problems:
      description: What is wrong with a part of it, such as a folder that does not exist.
      type: list
      elements: dict
      returned: always
      contains:
        kind:
          description: What kind of trouble, of a closed list.
          type: str
          returned: always
          choices: [unresolved, unreachable, tls, authentication, folder, lost, protocol, too_large, unreadable]
          sample: "folder"
        detail:
          description: The trouble in a sentence.
          type: str
          returned: always
          sample: "There is no folder Reports for echo; there are INBOX, Junk."
receipts:
  description: One entry for each message, in the order of the checks and tokens.
  type: list
  elements: dict
  returned: always, unless an option is wrong
  contains:
    token:
      description: The word that finds the message again. Null for one of the user's own without it.
      type: str
      returned: always
      sample: "12b3dcbc662c434291305f48f3885cb2"
    message_id:
      description: Its Message-ID.
      type: str
      returned: always
      sample: "<12b3dcbc662c434291305f48f3885cb2@outside-fra.fabrikam.test>"
    envelope_id:
      description: The identifier that reports carry (RFC 3461).
      type: str
      returned: always
      sample: "12b3dcbc662c434291305f48f3885cb2"
    vantage:
      description: The place that it was sent from.
      type: str
      returned: always
      sample: "outside-fra"
    target:
      description: What it was sent to, as the user named it.
      type: str
      returned: always
      sample: "contoso.test"
    host:
      description: The server that it was given to.
      type: str
      returned: always
      sample: "mx1.contoso.test"
    address:
      description: That server's address.
      type: str
      returned: always
      sample: "198.18.1.10"
    product:
      description: That server's software, as far as it says so.
      type: str
      returned: always
      sample: "Postfix"
    sender:
      description: The sender of the envelope.
      type: str
      returned: always
      sample: "probe@fabrikam.test"
    recipients:
      description: The recipients of the envelope.
      type: list
      elements: str
      returned: always
      sample: ["echo@contoso.test"]
    queue_id:
      description: The server's name for the message, if its reply told it.
      type: str
      returned: always
      sample: "725642D5"
    legs:
      description: The parts of the way, each with a state and a deadline of its own.
      type: dict
      returned: always
      contains:
        accepted:
          description: From the vantage to the server's reply to the message. Null where only a token was given.
          type: dict
          returned: always
          contains:
            state:
              description: What became of it.
              type: str
              returned: always
              choices: [pending, arrived, late, lost, refused]
              sample: "arrived"
            at:
              description: When it arrived, by the clock of the store.
              type: str
              returned: always
              sample: "2026-11-24T22:12:02.000Z"
            seconds:
              description: How long it took.
              type: float
              returned: always
              sample: 2.0
            within:
              description: The deadline.
              type: float
              returned: always
              sample: 300.0
            detail:
              description: The state in a sentence.
              type: str
              returned: always
              sample: "250 2.0.0 Ok: queued as 725642D5"
        arrived:
          description: >-
            From the acceptance to the mailboxes. Null where the message was not accepted, or no mailbox was given.
          type: dict
          returned: always
          contains:
            state:
              description: What became of it.
              type: str
              returned: always
              choices: [pending, arrived, late, lost, refused]
              sample: "arrived"
            at:
              description: When it arrived, by the clock of the store.
              type: str
              returned: always
              sample: "2026-11-24T22:12:02.000Z"
            seconds:
              description: How long it took.
              type: float
              returned: always
              sample: 2.0
            within:
              description: The deadline.
              type: float
              returned: always
              sample: 300.0
            detail:
              description: The state in a sentence.
              type: str
              returned: always
              sample: "250 2.0.0 Ok: queued as 725642D5"
        dsn:
          description: >-
            From the acceptance to the receipt in the sender's mailbox. Null where none was asked for and none came.
          type: dict
          returned: always
          contains:
            state:
              description: What became of it.
              type: str
              returned: always
              choices: [pending, arrived, late, lost, refused]
              sample: "arrived"
            at:
              description: When it arrived, by the clock of the store.
              type: str
              returned: always
              sample: "2026-11-24T22:12:02.000Z"
            seconds:
              description: How long it took.
              type: float
              returned: always
              sample: 2.0
            within:
              description: The deadline.
              type: float
              returned: always
              sample: 300.0
            detail:
              description: The state in a sentence.
              type: str
              returned: always
              sample: "250 2.0.0 Ok: queued as 725642D5"
        reverse:
          description: A message of its own the other way. Null where that was not asked for.
          type: dict
          returned: always
          contains:
            state:
              description: What became of it.
              type: str
              returned: always
              choices: [pending, arrived, late, lost, refused]
              sample: "arrived"
            at:
              description: When it arrived, by the clock of the store.
              type: str
              returned: always
              sample: "2026-11-24T22:12:02.000Z"
            seconds:
              description: How long it took.
              type: float
              returned: always
              sample: 2.0
            within:
              description: The deadline.
              type: float
              returned: always
              sample: 300.0
            detail:
              description: The state in a sentence.
              type: str
              returned: always
              sample: "250 2.0.0 Ok: queued as 725642D5"
    copies:
      description: The message in mailboxes, the first to arrive first.
      type: list
      elements: dict
      returned: always
      contains:
        mailbox:
          description: The mailbox that it lies in.
          type: str
          returned: always
          sample: "echo at imap.contoso.test"
        folder:
          description: The folder.
          type: str
          returned: always
          sample: "INBOX"
        junk:
          description: Whether that is the folder for unwanted mail.
          type: bool
          returned: always
          sample: false
        identifier:
          description: Its UID, number or file name.
          type: str
          returned: always
          sample: "1"
        stored_at:
          description: When the store took it in, by the store's clock.
          type: str
          returned: always
          sample: "2026-11-24T22:12:02.000Z"
        seen_at:
          description: When it was seen first, by the clock of the host that looked.
          type: str
          returned: always
          sample: "2026-11-24T22:12:03.291Z"
        seconds:
          description: How long after its acceptance it was there.
          type: float
          returned: always
          sample: 2.0
        size:
          description: Its size in octets.
          type: int
          returned: always
          sample: 924
        subject:
          description: Its subject.
          type: str
          returned: always
          sample: "test message"
        return_path:
          description: The sender of the last envelope, where the store wrote it down.
          type: str
          returned: always
          sample: "<probe@fabrikam.test>"
        header_kept:
          description: Whether it still has the header by which it is known.
          type: bool
          returned: always
          sample: true
        removed:
          description: Whether it was removed. Null where that was not asked for.
          type: bool
          returned: always
          sample: true
    copies_expected:
      description: How many copies there should be. Null where no mailbox was looked into for it.
      type: int
      returned: always
      sample: 1
    reports:
      description: What servers and mail programs reported about it.
      type: list
      elements: dict
      returned: always
      contains:
        kind:
          description: >-
            A delivery status notification (RFC 3464), a mail program's disposition notification (RFC 8098), or a
            report in a form of its own.
          type: str
          returned: always
          choices: [dsn, mdn, bounce]
          sample: "dsn"
        form:
          description: The media type that it was read from.
          type: str
          returned: always
          sample: "multipart/report"
        product:
          description: Whose form it has.
          type: str
          returned: always
          sample: "Postfix"
        mailbox:
          description: The mailbox that it lies in.
          type: str
          returned: always
          sample: "echo at imap.contoso.test"
        folder:
          description: The folder.
          type: str
          returned: always
          sample: "INBOX"
        identifier:
          description: Its UID, number or file name.
          type: str
          returned: always
          sample: "1"
        stored_at:
          description: When the store took it in.
          type: str
          returned: always
          sample: "2026-11-24T22:12:02.000Z"
        seconds:
          description: How long after the acceptance of the message it was there.
          type: float
          returned: always
          sample: 2.0
        reporting_mta:
          description: The host that reports.
          type: str
          returned: always
          sample: "mx1.contoso.test"
        queue_id:
          description: That host's name for the message, if it tells it.
          type: str
          returned: always
          sample: "725642D5"
        envelope_id:
          description: The envelope identifier in it.
          type: str
          returned: always
          sample: "12b3dcbc662c434291305f48f3885cb2"
        message_id:
          description: The Message-ID of the message that it is about.
          type: str
          returned: always
          sample: "<12b3dcbc662c434291305f48f3885cb2@outside-fra.fabrikam.test>"
        disposition:
          description: Of a disposition notification, what became of the message.
          type: str
          returned: always
          sample: "automatic-action/MDN-sent-automatically; displayed"
        recipients:
          description: What it says about each recipient.
          type: list
          elements: dict
          returned: always
          contains:
            final_recipient:
              description: The recipient.
              type: str
              returned: always
              sample: "echo@contoso.test"
            original_recipient:
              description: The recipient as the sender had named it.
              type: str
              returned: always
              sample: "echo@contoso.test"
            action:
              description: What was done (RFC 3464 2.3.3).
              type: str
              returned: always
              choices: [failed, delayed, delivered, relayed, expanded]
              sample: "delivered"
            status:
              description: The enhanced status code (RFC 3463).
              type: str
              returned: always
              sample: "2.0.0"
            diagnostic_code:
              description: The words of the server that decided it.
              type: str
              returned: always
              sample: "250 2.0.0 Saved"
            remote_mta:
              description: That server.
              type: str
              returned: always
              sample: "mx1.contoso.test"
            last_attempt_at:
              description: When it was tried last.
              type: str
              returned: always
              sample: "2026-11-24T22:12:02.000Z"
            will_retry_until:
              description: When it will be given up.
              type: str
              returned: always
              sample: "2026-11-29T22:12:02.000Z"
            explained:
              description: What that means.
              type: str
              returned: always
              sample: "The message was put into the mailbox."
        removed:
          description: Whether it was removed. Null where that was not asked for.
          type: bool
          returned: always
          sample: true
    mentions:
      description: Messages that merely quote its token, such as replies.
      type: list
      elements: dict
      returned: always
      contains:
        mailbox:
          description: The mailbox that it lies in.
          type: str
          returned: always
          sample: "echo at imap.contoso.test"
        folder:
          description: The folder.
          type: str
          returned: always
          sample: "INBOX"
        subject:
          description: Its subject.
          type: str
          returned: always
          sample: "test message"
        automatic:
          description: Whether a machine wrote it (RFC 3834).
          type: bool
          returned: always
          sample: true
    hops:
      description: The way of the first copy, from the first host to the last, out of its Received fields.
      type: list
      elements: dict
      returned: always
      contains:
        from_name:
          description: The name that the client gave.
          type: str
          returned: always
          sample: "outside-fra.fabrikam.test"
        from_address:
          description: Its address.
          type: str
          returned: always
          sample: "198.18.1.60"
        by:
          description: The host that took the message.
          type: str
          returned: always
          sample: "mx1.contoso.test"
        protocol:
          description: The protocol, as that host calls it.
          type: str
          returned: always
          sample: "ESMTPS"
        tls:
          description: Whether there was TLS. Null where the host does not tell.
          type: bool
          returned: always
          sample: true
        tls_version:
          description: The version of TLS.
          type: str
          returned: always
          sample: "TLSv1.3"
        cipher:
          description: The cipher suite.
          type: str
          returned: always
          sample: "TLS_AES_256_GCM_SHA384"
        identifier:
          description: That host's name for the message.
          type: str
          returned: always
          sample: "1"
        recipient:
          description: The recipient, where there was one.
          type: str
          returned: always
          sample: "echo@contoso.test"
        at:
          description: The host's stamp.
          type: str
          returned: always
          sample: "2026-11-24T22:12:02.000Z"
        delay:
          description: Seconds since the hop before. Null where one of the two clocks cannot be right.
          type: float
          returned: always
          sample: 0.0
        clock_offset:
          description: Seconds that the host's clock is ahead, at least. Null where it fits the others.
          type: float
          returned: always
          sample: 3600.0
    slowest_hop:
      description: The index of the hop that was waited for longest, if that was 10 seconds or more.
      type: int
      returned: always
      sample: 1
    looked_into:
      description: The folders that were looked into.
      type: list
      elements: str
      returned: always
      sample: ["INBOX of echo at imap.contoso.test"]
    waited:
      description: For how long, in seconds.
      type: float
      returned: always
      sample: 0.82
    trouble:
      description: Why mailboxes could not be looked into.
      type: list
      elements: str
      returned: always
      sample: []
    vantage_clock_offset:
      description: >-
        Seconds that the vantage's clock is ahead of the server's that accepted the message. Null where they agree,
        or nothing tells.
      type: float
      returned: always
      sample: 3.5
    authentication:
      description: The results in its Authentication-Results fields (RFC 8601).
      type: list
      elements: dict
      returned: always
      contains:
        server:
          description: The server that vouches for it.
          type: str
          returned: always
          sample: "mx1.contoso.test"
        method:
          description: What was verified, such as spf, dkim or dmarc.
          type: str
          returned: always
          sample: "dkim"
        result:
          description: The result.
          type: str
          returned: always
          sample: "pass"
        properties:
          description: What it was verified about.
          type: list
          elements: str
          returned: always
          sample: ["header.d=fabrikam.test"]
    spam:
      description: What filters on the way wrote into its header.
      type: list
      elements: dict
      returned: always
      contains:
        field:
          description: The header field.
          type: str
          returned: always
          sample: "X-Spam-Status"
        verdict:
          description: The verdict or score in it.
          type: str
          returned: always
          sample: "No"
        value:
          description: Its value.
          type: str
          returned: always
          sample: "No, score=-1.9"
        unwanted:
          description: Whether that speaks against the message. Null where only the filter's owner can tell.
          type: bool
          returned: always
          sample: false
    alterations:
      description: What was changed on the way.
      type: list
      elements: dict
      returned: always
      contains:
        what:
          description: What was changed.
          type: str
          returned: always
          choices: [subject, message_id, header, body]
          sample: "subject"
        detail:
          description: How.
          type: str
          returned: always
          sample: "The subject was 'test message' and is '[External] test message' now."
    verdict:
      description: What the receipt comes to.
      type: str
      returned: always
      choices: [pass, not_tested, degraded, deferred, inconclusive, fail]
      sample: "pass"
    summary:
      description: The result in one sentence.
      type: str
      returned: always
      sample: "The message from outside-fra to contoso.test arrived after 2.0 s, its receipt came."
    findings:
      description: What was diagnosed, the worst first.
      type: list
      elements: dict
      returned: always
      contains:
        id:
          description: The stable identifier, listed in docs/findings.md.
          type: str
          returned: always
          sample: "dlv.late"
        leg:
          description: The part of the way that it is about.
          type: str
          returned: always
          choices: [accepted, arrived, dsn, reverse]
          sample: "arrived"
        severity:
          description: How bad it is.
          type: str
          returned: always
          choices: [info, notice, warning, error, critical]
          sample: "warning"
        owner:
          description: Who must fix it.
          type: str
          returned: always
          choices: [target, network, sender, recipient, vantage]
          sample: "target"
        confidence:
          description: How sure it is.
          type: str
          returned: always
          choices: [certain, likely, possible]
          sample: "certain"
        title:
          description: The finding in a few words.
          type: str
          returned: always
          sample: "The message arrived after 6 min, later than the 5 min that were allowed"
        meaning:
          description: What it means.
          type: str
          returned: always
          sample: "It did arrive. It lay 5 min 58 s at mx1.contoso.test before mx2.contoso.test took it."
        next_step:
          description: What to do next.
          type: str
          returned: always
          sample: "Look on that host why the message lay there: its queue, greylisting of the next host, or a scanner."
        reference:
          description: The document that says so.
          type: str
          returned: always
          sample: "RFC 5321 section 4.5.4.1"
    look_next:
      description: Where to look for a message that did not arrive, or not in time.
      type: list
      elements: dict
      returned: always
      contains:
        host:
          description: The host to look on.
          type: str
          returned: always
          sample: "mx1.contoso.test"
        product:
          description: The software that the command is of. Null where nobody knows what answered.
          type: str
          returned: always
          sample: "Postfix"
        command:
          description: The command.
          type: str
          returned: always
          sample: "postcat -q 725642D5"
        shows:
          description: What it shows.
          type: str
          returned: always
          sample: "Its envelope and content, as long as it waits."
verdict:
  description: The worst verdict of the receipts.
  type: str
  returned: always, unless an option is wrong
  choices: [pass, not_tested, degraded, deferred, inconclusive, fail]
  sample: "pass"
counts:
  description: How many receipts came to which verdict. Verdicts that did not occur are left out.
  type: dict
  returned: always, unless an option is wrong
  contains:
    pass:
      description: Everything wanted was done.
      type: int
      returned: when it occurred
      sample: 1
    not_tested:
      description: The check was not made.
      type: int
      returned: when it occurred
      sample: 1
    degraded:
      description: Mail would flow, but something is wrong.
      type: int
      returned: when it occurred
      sample: 1
    deferred:
      description: The server asked to come back later.
      type: int
      returned: when it occurred
      sample: 1
    inconclusive:
      description: The tester, not the target, is at fault.
      type: int
      returned: when it occurred
      sample: 1
    fail:
      description: The target does not do what is wanted.
      type: int
      returned: when it occurred
      sample: 1
summary:
  description: The result in a sentence or two.
  type: str
  returned: always, unless an option is wrong
  sample: "The message from outside-fra to contoso.test arrived after 2.0 s, its receipt came."
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.arrival import changed, look_for
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.interruption import interruptible
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.plan.arrivals import ARRIVAL_OPTIONS
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.plan.options import OptionError


def main() -> None:
    # A play that is ended, or an SSH session that is lost, still has the servers told LOGOUT, as Ctrl-C has.
    interruptible()
    module = AnsibleModule(argument_spec=ARRIVAL_OPTIONS, supports_check_mode=True)
    try:
        result = look_for(module.params, check_mode=module.check_mode)
    except (OptionError, ImportError) as error:
        module.fail_json(msg=str(error))
    if result["verdict"] in ("fail", "inconclusive"):
        module.fail_json(msg=result["summary"], changed=changed(result), **result)
    module.exit_json(changed=changed(result), **result)


if __name__ == "__main__":
    main()
