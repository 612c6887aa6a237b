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
    description: Runs the dialog up to RCPT TO. With O(test_message), says what would be sent, and does not send DATA.
  diff_mode:
    support: none
    description: Returns no details when in diff mode.
  action_group:
    support: full
    description: >-
      Use C(group/mailops.smtp.smtp) in C(module_defaults) to set options of all modules of this collection.
    membership:
      - mailops.smtp.smtp
options:
  host:
    type: str
    description:
      - Host name or IP address of the one mail server to test.
      - Each of its addresses is a check by itself.
      - V(unix:/path) is a UNIX domain socket of the host that the task runs on, such as that of Dovecot's LMTP.
      - Either this or O(targets) is needed.
  targets:
    type: list
    elements: raw
    description:
      - What to test, one or many.
      - A text without a port is a mail domain, such as V(contoso.com). All hosts of its MX records are tested, for
        which dnspython is needed on the host that the task runs on, unless O(resolve_at=controller).
      - The verdict on a mail domain is that of its senders, who go on to the next host where one does not answer.
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
  sender: &sender
    type: str
    aliases: [from]
    description:
      - The address in MAIL FROM.
      - The default is the null sender, which V(<>) asks for explicitly.
  recipient: &recipient
    type: str
    aliases: [to]
    description:
      - The address in RCPT TO. Use O(recipients) for several.
  recipients: &recipients
    type: list
    elements: raw
    description:
      - The addresses, each with a RCPT TO and an outcome of its own.
      - An entry that is a dictionary has C(address), and optionally C(notify), which replaces O(dsn.notify) for this
        recipient, and C(original_recipient), the address that reports are to name, by default this one. One of
        another type than C(rfc822) is written as V(type;address).
      - Where the server has no room for all in one transaction (452, or the extension LIMITS), the rest follows in
        another one on the same connection.
  stop_after:
    type: str
    choices: [banner, ehlo, starttls, xclient, auth, xforward, mail, rcpt, data, message]
    description:
      - The last phase of the dialog. QUIT follows, unless O(leave) says otherwise.
      - After V(data) the server waits for a message, where the only way out is to close the connection; nothing is
        delivered then.
      - The default is the last phase for which there is something to say.
  leave:
    type: str
    choices: [quit, drop, drop_after_send]
    default: quit
    description:
      - How to end the dialog after its last phase.
      - V(drop) closes the connection without QUIT.
      - V(drop_after_send) sends the first command of the last phase, with O(stop_after=message) the whole message, and
        closes the connection without waiting for the reply. The server may still deliver the message.
      - A dialog that ends earlier ends with QUIT.
  extra:
    type: list
    elements: dict
    description:
      - Commands to send besides the dialog's own, such as VRFY, EXPN, HELP, NOOP or RSET.
      - They are sent in check mode too. AUTH, BDAT, DATA, QUIT and STARTTLS cannot be sent this way.
    suboptions:
      before:
        type: str
        required: true
        choices: [ehlo, starttls, xclient, auth, xforward, mail, rcpt, data, quit]
        description:
          - The phase to send it before. Where that phase does not take place, it is sent all the same.
      send:
        type: str
        required: true
        description:
          - The command, without the line end.
      expect:
        type: str
        description:
          - The reply code that is expected, such as V(252), or its class, such as V(2yz). Any other fails the check,
            but does not end the dialog.
          - By default any reply will do.
  starttls:
    type: str
    choices: [never, optional, required, probe]
    description:
      - V(optional) uses STARTTLS if the server offers it. If the server then fails at it, the dialog ends.
      - V(required) also ends the dialog if the server does not offer it.
      - V(probe) is V(optional), but sends STARTTLS also where the EHLO reply does not offer it. A server that accepts
        it is behind a device that strips the offer; if it is refused, the dialog goes on in clear text.
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
      ciphers:
        type: str
        description:
          - The cipher suites to offer, as C(openssl ciphers) reads them, for example V(ECDHE+AESGCM) or V(AES128-SHA).
          - It has no say about the suites of TLS 1.3. To see whether a server takes the ones given here, set
            O(tls.max_version=TLSv1.2).
      resume:
        type: bool
        description:
          - Whether to connect a second time, as far as TLS, to see whether the server takes the TLS session up again.
          - The answer is RV(checks[].tls.session.reused). By default there is no second connection.
      probe_versions:
        type: list
        elements: str
        choices: [SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]
        description:
          - The versions of TLS to find out about. Each is offered alone, on a connection of its own that ends after
            TLS; the version that was negotiated anyway needs none.
          - The answers are in RV(checks[].tls.versions). By default there are no such connections.
          - What O(expect) says of C(tls.versions) has the versions named there offered too.
      as_of:
        type: str
        description:
          - A day, such as V(2027-03-31), or a moment of RFC 3339, such as V(2027-03-31T06:00:00Z). A day stands for its
            beginning in UTC.
          - The certificate is judged for that day too. If a date, its own or that of one above it, keeps it from being
            trusted then, that is a finding. O(tls.verify) goes by today all the same.
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
        description:
          - The password, or the token for V(XOAUTH2) and V(OAUTHBEARER).
          - Only O(auth.mechanism=EXTERNAL) does without, for which the TLS client certificate speaks.
      mechanism:
        type: str
        choices:
          - SCRAM-SHA-256-PLUS
          - SCRAM-SHA-256
          - SCRAM-SHA-1-PLUS
          - SCRAM-SHA-1
          - CRAM-MD5
          - PLAIN
          - LOGIN
          - EXTERNAL
          - XOAUTH2
          - OAUTHBEARER
        description:
          - The SASL mechanism.
          - The default is the strongest one that the server offers for passwords.
          - V(SCRAM-SHA-256-PLUS) and V(SCRAM-SHA-1-PLUS) bind the log-in to the TLS session. By default they are used
            up to TLS 1.2, where servers know C(tls-unique). Asked for by name they are used in TLS 1.3 too, with
            C(tls-server-end-point), which mail servers such as Cyrus, Dovecot and Exim refuse.
      required:
        type: bool
        default: true
        description:
          - Whether to end the dialog where the log-in cannot be tried, since the server offers no fitting mechanism, or
            none that may be used without TLS.
          - With V(false) the dialog then goes on without it. A log-in that was tried and failed always ends the dialog.
      initial_response:
        type: bool
        default: true
        description:
          - Whether what the client says first goes along with AUTH, in mechanisms where the client speaks first, which
            are all but V(CRAM-MD5) and V(LOGIN).
          - With V(false), or where the line would be longer than the 512 octets of a command, as with many tokens, it
            is the answer to an empty challenge of the server (RFC 4954 section 4).
      allow_clear_text:
        type: bool
        default: false
        description:
          - Whether the password may be sent without TLS.
  test_message: &test_message
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
          - V(From) is what readers see. The sender of the envelope is O(sender), whatever stands here.
      attachments:
        type: list
        elements: dict
        description:
          - What to attach, each entry with either a path or a content.
        suboptions:
          path:
            type: path
            description:
              - A file of the host that the check runs on. It is read in pieces, while it is sent.
          content:
            type: str
            description:
              - The attachment itself, as a text.
          name:
            type: str
            description:
              - The file name that the receiver sees.
              - The default is that of the file. A content needs one.
          type:
            type: str
            description:
              - The media type, V(application/octet-stream) by default.
      size:
        type: int
        description:
          - Fill the message up to exactly so many octets, line ends included, which is what SIZE announces and what
            servers limit.
          - The filler comes while it is sent, and takes no memory.
      file:
        type: path
        description:
          - A file with a whole message, header and all, which is sent in place of one that is composed here. Nothing is
            added to it but the end of its last line, where that has none; so there is no token in it.
          - It is read on the host that the check runs on, in pieces, while it is sent. Use O(test_message.content) with
            P(ansible.builtin.file#lookup) for a file of the controller.
      content:
        type: str
        description:
          - The whole message itself, in place of O(test_message.file).
      line_ends:
        type: str
        choices: [normalise, as_is]
        default: normalise
        description:
          - What to do with the line ends of O(test_message.file) or O(test_message.content).
          - V(normalise) makes each CRLF, as SMTP wants it.
          - V(as_is) sends them as they are, for tests of how a server takes a CR or LF that stands alone (SMTP
            smuggling). A dot is doubled after CRLF only, so that the line ends of such a test can surround one.
      transfer:
        type: str
        choices: [data, bdat]
        default: data
        description:
          - How to send the message.
          - V(bdat) sends it by BDAT (RFC 3030) if the server offers CHUNKING, otherwise by DATA. What only BINARYMIME
            allows is announced as such, if the server offers that.
      chunk_size:
        type: int
        description:
          - How many octets to send with one BDAT, at most 100 times.
          - By default all go out with one.
      prdr:
        type: bool
        default: false
        description:
          - Whether to ask for a reply for each recipient after the message (PRDR), if the server offers that, as Exim
            can.
  smtputf8: &smtputf8
    type: bool
    description:
      - Whether to write addresses in UTF-8, as they stand, with SMTPUTF8 (RFC 6531).
      - By default only an address whose local part is not ASCII is written so, and with it those beside it. Where just
        the domain is not ASCII, its form in ASCII (A-labels) is sent, which needs no extension.
      - Where the server does not offer SMTPUTF8, the dialog ends before MAIL FROM.
      - A test message has such addresses in its header as they stand, too, and so needs 8BITMIME (RFC 6532).
  deliver_by: &deliver_by
    type: dict
    description:
      - Ask for delivery within a time, if the server offers DELIVERBY (RFC 2852).
    suboptions:
      seconds:
        type: int
        required: true
        description:
          - The time. With O(deliver_by.mode=notify), one that has passed is allowed, as zero or a negative number.
      mode:
        type: str
        choices: [notify, return]
        default: notify
        description:
          - What to do with a message that could not be delivered in time. V(notify) tells the sender of it and goes on
            trying.
          - With V(return) the message comes back. Where the server does not offer DELIVERBY, or not in that time, the
            dialog ends before MAIL FROM.
      trace:
        type: bool
        default: false
        description:
          - Whether to tell the sender when the message leaves for a server that does not know DELIVERBY.
  mt_priority: &mt_priority
    type: int
    description:
      - The message's priority, V(-9) to V(9), sent if the server offers MT-PRIORITY (RFC 6710).
  requiretls: &requiretls
    type: bool
    description:
      - Whether nobody on the way may pass the message on without verified TLS (REQUIRETLS, RFC 8689).
      - Where the server does not offer it, or the connection has no TLS, the dialog ends before MAIL FROM.
  hold: &hold
    type: dict
    description:
      - Ask the server not to send the message on before a time (FUTURERELEASE, RFC 4865), given in one of two ways.
      - Where the server does not offer it, or not for that long, the dialog ends before MAIL FROM.
    suboptions:
      seconds:
        type: int
        description:
          - For how long.
      until:
        type: str
        description:
          - Until when, as a date-time of RFC 3339, such as V(2027-01-31T08:00:00Z).
  dsn: &dsn
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
  transactions:
    type: list
    elements: dict
    description:
      - Further transactions on the same connection, after the one that the options above describe. RSET comes before
        one where the last was not ended by a message.
      - What an entry does not say is as in the first transaction. A transaction that is refused fails the check, but
        does not keep the others from their turn.
    suboptions:
      sender: *sender
      recipient: *recipient
      recipients: *recipients
      test_message: *test_message
      dsn: *dsn
      smtputf8: *smtputf8
      deliver_by: *deliver_by
      mt_priority: *mt_priority
      requiretls: *requiretls
      hold: *hold
  pipelining:
    type: bool
    default: false
    description:
      - Whether to send MAIL FROM, RCPT TO and what follows them together, without waiting for the reply to each, if the
        server offers PIPELINING (RFC 2920). This takes fewer round trips, and shows whether the server keeps count.
  force:
    type: list
    elements: str
    choices:
      - 8BITMIME
      - AUTH
      - BINARYMIME
      - CHUNKING
      - DELIVERBY
      - DSN
      - FUTURERELEASE
      - MT-PRIORITY
      - PIPELINING
      - PRDR
      - REQUIRETLS
      - SIZE
      - SMTPUTF8
      - XCLIENT
      - XFORWARD
    description:
      - Extensions to use even where the server does not offer them, and beyond the limits that it sets for them. This
        shows what a server does that is sent what it did not offer, or what is behind a device that shortens the list.
      - Each has to be made use of by another option. V(AUTH) goes with O(auth.mechanism).
  xclient:
    type: dict
    description:
      - Make the server treat this connection as one of another client, with XCLIENT, which Postfix offers to those in
        C(smtpd_authorized_xclient_hosts). This tests access rules for clients that one cannot test from.
      - Attributes that the server does not list are left out. Where it lists none of them, the dialog ends.
      - V([UNAVAILABLE]) stands for what is not known, V([TEMPUNAVAIL]) for what is not known for now.
    suboptions:
      name: &client_name
        type: str
        description:
          - The client's host name.
      reverse_name:
        type: str
        description:
          - The name that its address resolves to, whether that name resolves to the address or not.
      addr: &client_addr
        type: str
        description:
          - Its IP address.
      port: &client_port
        type: str
        description:
          - Its TCP port.
      proto: &client_proto
        type: str
        description:
          - What it speaks, V(SMTP) or V(ESMTP).
      helo: &client_helo
        type: str
        description:
          - What it says in EHLO.
      login:
        type: str
        description:
          - The user it has logged in as.
      destaddr:
        type: str
        description:
          - The IP address that it connected to.
      destport:
        type: str
        description:
          - The TCP port that it connected to.
  xforward:
    type: dict
    description:
      - Tell the server before each MAIL FROM which client a message came from, with XFORWARD, which Postfix offers to
        those in C(smtpd_authorized_xforward_hosts) and writes into its log.
      - Attributes that the server does not list are left out. Where it lists none of them, the dialog ends.
    suboptions:
      name: *client_name
      addr: *client_addr
      port: *client_port
      proto: *client_proto
      helo: *client_helo
      ident:
        type: str
        description:
          - The message's name on that host, such as its queue identifier.
      source:
        type: str
        description:
          - Where the message comes from, V(LOCAL) or V(REMOTE).
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
            why (RV(checks[].vantage.mode_reason)).
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
  proxy:
    type: dict
    description:
      - A proxy that opens the connections to the mail servers and resolves their names.
      - A failure of the proxy itself is never held against a mail server. What the proxy reports of the mail server is.
      - This option cannot be used together with O(via).
    suboptions:
      type:
        type: str
        choices: [socks5, http]
        required: true
        description:
          - V(socks5) is SOCKS version 5. V(http) is an HTTP proxy that allows CONNECT to the mail server's port.
      host:
        type: str
        required: true
        description:
          - Name or address of the proxy. Of a name's addresses the first is used.
      port:
        type: int
        required: true
        description:
          - Its port.
      username:
        type: str
        description:
          - The user name, if the proxy wants a log-in. Neither it nor the password is encrypted on the way there.
      password:
        type: str
        description:
          - The password. It goes with O(proxy.username).
  timeouts:
    type: raw
    description:
      - How long to wait, in seconds. The name of a set of limits, or a dictionary of single ones.
      - V(short), the default, suits somebody who waits for the result. It is C(connect) 10, C(reply) 30, C(total) 120.
      - V(rfc5321) waits as long as RFC 5321 section 4.5.3.2 asks of a sending server. It is C(connect) and C(reply)
        300, C(data) 120, C(block) 180, C(message) 600, C(total) 3600.
      - A dictionary has C(connect) for the TCP connection, C(reply) for each reply, for the TLS handshake and for
        O(proxy) to open the connection, and C(total) for the whole of a check. What it leaves out is that of the set
        that C(based_on) names.
      - C(proxy), C(banner), C(ehlo), C(starttls), C(xclient), C(auth), C(xforward), C(mail), C(rcpt), C(data),
        C(message), C(quit) and C(extra) are for the replies of that phase, and C(block) for the server to take the next
        part of a message. Where they are left out, C(reply) counts.
  mx:
    type: str
    default: all
    description:
      - How many hosts of a mail domain to test, in the order of a sender. V(all), V(first), or a number of hosts.
  members:
    type: int
    description:
      - Looks for the servers behind a load balancer. Further connections, which end after TLS, go to each address until
        one server, known by its name in the reply to EHLO, has shown this many times, and at most 20 of them.
      - The servers are in C(members) of each check, with the certificate and the extensions of each. With O(repeat),
        they are looked for once, in the first repetition.
  address_family:
    type: str
    choices: [any, ipv4, ipv6]
    default: any
    description:
      - Which addresses to test. V(any) leaves out a family that the host has no address of.
  source_address:
    type: str
    description:
      - The address to connect from. Only addresses of its family are tested.
  expect:
    type: dict
    description:
      - What the server is expected to do, by the names in L(the reference,
        https://github.com/mailops/mailops.smtp/blob/main/docs/expectations_reference.md), nested at their dots, see the
        example.
      - A value is expected as it stands, or written as a condition, such as V(">= 14"), V("in 14..90"),
        V("in [TLSv1.2, TLSv1.3]"), V("~ ^mx[0-9]"), V("!= 421"). Sets have C(required) and C(forbidden) members, and
        with C(strict) no others than those.
      - C(policy) names one or several policies to begin with, C(inbound-mx), C(submission), C(internal-relay),
        C(exchange-receive-connector), C(closed), C(null-mx) or C(lmtp). What stands beside it replaces their rules, and
        V(null) takes one back.
      - C(vantages) has, by the name of the vantage or a pattern such as V(outside-*), what is expected there besides.
      - A refusal that is expected, and comes, is no failure. What is not met stands in C(unmet), and the task fails.
      - Unknown and contradictory expectations, and those that the dialog would never come to see, are refused before
        any connection is made.
  owned:
    type: bool
    default: false
    description:
      - Declares that the server is your own, or that its owner has agreed. O(relay) and O(random_recipient) need that.
  relay:
    type: bool
    default: false
    description:
      - Whether to ask the server to relay, in each of the shapes by which servers have let themselves be abused. When
        all else is done, each is asked about with MAIL FROM and RCPT TO and taken back. No message is ever sent.
      - Return value C(relay) of each check has the outcomes.
  relay_recipient:
    type: str
    description:
      - The recipient in a foreign domain that the relay test asks for.
      - The default is V(relay-test@example.net). Exchange refuses reserved domains whether it relays or not, so give an
        address of your own elsewhere for it.
  random_recipient:
    type: bool
    default: false
    description: Whether to ask about a recipient that cannot exist, to see whether the server knows its recipients.
  proxy_protocol:
    type: str
    choices: [v1, v2]
    description:
      - Begin the connection with a header of the PROXY protocol, as load balancers do. V(v1) is a line of text, V(v2)
        is binary.
      - Use this only with a server that expects it (Postfix C(smtpd_upstream_proxy_protocol), Exim C(hosts_proxy)).
        Any other takes the header for a bad command.
  proxy_protocol_addresses:
    type: dict
    description:
      - What the header says. The default of each is the address or port of the connection itself.
      - with O(via) or O(proxy), these are not known here, so that O(proxy_protocol_addresses.source),
        O(proxy_protocol_addresses.source_port) and O(proxy_protocol_addresses.destination) are needed.
    suboptions:
      source:
        type: str
        description:
          - The client's address. The server treats the connection as one from there.
      source_port:
        type: int
        description:
          - The client's port.
      destination:
        type: str
        description:
          - The address that the client connected to.
      destination_port:
        type: int
        description:
          - The port that the client connected to.
  nameservers:
    type: list
    elements: str
    description:
      - The name servers to ask for mail domains, and then for all other names too, by address. Another port than 53
        follows after a colon, an IPv6 address then stands in brackets.
      - Without it, those of the host that the task runs on or, with O(via), of the jump host, are asked for mail
        domains, and the system's resolver for everything else.
  resolve_at:
    type: str
    choices: [vantage, controller]
    default: vantage
    description:
      - Where mail domains are looked up. V(vantage) is where the connections start, on the host that the task runs on
        or, with O(via), through the jump host.
      - V(controller) is for managed hosts without dnspython. The answers can differ from those at the vantage.
  hosts:
    type: dict
    description:
      - Where names lead instead, as in a sender's transport map. To each name belongs a place, or a list of them.
      - A mail domain among O(targets) leads to hosts or addresses in place of its MX, such as
        V({"contoso.com":["mx-new.contoso.com","[203.0.113.9]:2525"]}). A host leads to addresses in place of its own.
  looked_up:
    type: dict
    description:
      - What the controller found of the mail domains. Filled in with O(resolve_at=controller).
  connections:
    type: dict
    description:
      - How politely many checks are made. Each server, an address and port, is thought of by itself, over all checks of
        the task.
    suboptions:
      at_once:
        type: int
        default: 1000
        description:
          - How many connections are open at a time, to all servers together. Fewer, where the limit of open files
            allows no more, which is raised as far as the host allows.
      per_server:
        type: int
        default: 5
        description:
          - How many connections are open at a time to one server.
      per_minute:
        type: int
        default: 60
        description:
          - How many connections are opened to one server in any minute. V(0) is any number.
      jitter:
        type: float
        default: 0.0
        description:
          - Each connection waits a random time, up to so many seconds, after the one before to the same server, and the
            first one waits too. So many vantages do not call a server at the same moment.
      pause_after_421:
        type: float
        default: 0.0
        description:
          - A server that answers 421 asks to be left alone. After so many seconds it is tried again, one connection at
            a time; after a second 421 it is left alone for good. V(0) is for good at once.
          - Checks that are not made for that reason have the verdict V(not_tested).
  repeat:
    type: dict
    description:
      - Makes each check again and again, and returns in RV(timings) how long each phase took.
      - Each repetition is a check of its own among RV(checks). Does not go with O(test_message).
    suboptions:
      count:
        type: int
        required: true
        description:
          - How often, the first time included; from V(2).
      interval:
        type: float
        default: 1.0
        description:
          - The seconds from the beginning of one to the beginning of the next.
  retry:
    type: dict
    description:
      - Comes back to a server that defers a recipient or the message, as greylisting wants it, with the same sender,
        recipients and address. A recipient that has got the message is not sent it again.
      - RV(checks[].attempts) has the attempts; what the check returns otherwise is the last one.
    suboptions:
      count:
        type: int
        default: 1
        description:
          - How many more attempts are made at most.
      delay:
        type: float
        default: 60.0
        description:
          - The seconds to wait, unless the server's words name a time.
      max_delay:
        type: float
        default: 600.0
        description:
          - Where the server's words name more seconds than these, there is no other attempt.
  detail:
    type: str
    choices: [summary, facts, transcript]
    default: facts
    description:
      - How much is returned of each check.
      - V(facts) is all that is known of it, V(transcript) its dialog as text besides.
      - V(summary) is for thousands of checks. RV(checks) is empty, RV(overview) has a few lines for each, the worst
        first, and at most 1,000; O(evidence_file) can have all the rest.
  evidence_file:
    type: path
    description:
      - A file on the host that the task runs on, to which each check is written as soon as it has ended, with all that
        is known of it, as one line of JSON. A file that is there is replaced.
      - If the name ends in C(.gz), it is compressed.
      - The first line tells of the run, and after the last check a line of C(record) V(end) has its verdict. Where it
        is missing, the run was ended before its time.
      - Where it can be begun and not written to its end, as on a disk that is full, the run goes on, and warns of that.
      - Is not written in check mode.
  progress_file:
    type: path
    description:
      - A file on the host that the task runs on, which tells from the beginning and once a second, as JSON, how many
        checks have ended with which verdict.
      - Is not written in check mode.
      - Where the task runs on the controller itself (C(connection=local)), a line every five seconds tells it, too.
  start_at:
    type: str
    description:
      - The moment to begin at, such as V(2027-03-31T06:00:00Z), so that all vantages look at the same second.
      - It counts by the clock of the host that the task runs on, corrected by O(vantage.clock_offset).
      - A moment that has passed is no error. The checks then begin at once, with a warning.
      - A moment that is more than an hour away is refused.
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
notes:
  - The mail servers log the dialog, and some count it. A test of many recipients can look like address harvesting.
  - At most five connections to one server are open at a time, and a server that answers 421 is left alone for the rest
    of the task.
  - Without O(test_message) nothing is sent, and the task is never C(changed).
requirements:
  - Python >= 3.8 on the host that the task runs on
  - dnspython >= 1.16 there, if O(targets) has a mail domain
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

- name: Through a proxy
  mailops.smtp.smtp_check:
    host: mail.fabrikam.com
    proxy:
      type: socks5
      host: proxy.contoso.com
      port: 1080

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
    test_message:
      subject: test message
    dsn:
      notify: [success, failure]
      ret: hdrs
  register: sent

- name: Behind the load balancer, as if it passed on a client from outside
  mailops.smtp.smtp_check:
    host: mx1.contoso.com
    recipient: user@contoso.com
    proxy_protocol: v2
    proxy_protocol_addresses:
      source: 203.0.113.9

- name: Whether the access rules turn away a client that one cannot test from
  mailops.smtp.smtp_check:
    host: mx1.contoso.com
    recipient: user@contoso.com
    xclient:
      name: host9.example.net
      addr: 203.0.113.9

- name: The mailboxes of this very host, through their socket file
  mailops.smtp.smtp_check:
    host: unix:/run/dovecot/lmtp
    protocol: lmtp
    recipient: user@contoso.com

- name: A refusal that is wanted
  mailops.smtp.smtp_check:
    host: mail.contoso.com
    sender: somebody@fabrikam.com
    recipient: anybody@adatum.com
  register: relay
  failed_when: relay.checks | map(attribute='failed_phase') | unique != ['rcpt']

- name: Hold a new server to what is expected of it
  mailops.smtp.smtp_check:
    host: mx1.contoso.com
    sender: admin@test.com
    recipients:
      - user@contoso.com
      - nobody@contoso.com
    owned: true
    relay: true
    expect:
      starttls: true
      tls: {trusted: true, days_left: ">= 14", version: ">= TLSv1.2"}
      ehlo:
        keywords: {required: [DSN], forbidden: [AUTH]}
      recipients:
        user@contoso.com: accepted
        nobody@contoso.com: refused
      relay: refused

- name: Hold it to a policy, with an exception
  mailops.smtp.smtp_check:
    host: mx1.contoso.com
    expect:
      policy: inbound-mx
      tls: {days_left: ">= 7"}
"""

RETURN = r"""
schema_version:
  description: The version of this shape.
  type: int
  returned: always, unless an option is wrong
  sample: 1
run_id:
  description: A UUID, different for each run.
  type: str
  returned: always, unless an option is wrong
  sample: ba36a947-3ce5-463c-9501-24b53e713a35
label:
  description: The name of the run. There is no option for it yet.
  type: str
  returned: always, unless an option is wrong
started_at:
  description: When the run began, in UTC by the clock of the host that made it (RFC 3339).
  type: str
  returned: always, unless an option is wrong
  sample: "2026-11-23T15:34:11.151Z"
finished_at:
  description: When the last check had ended.
  type: str
  returned: always, unless an option is wrong
  sample: "2026-11-23T15:34:11.251Z"
plan:
  description: What was asked for.
  type: dict
  returned: always, unless an option is wrong
  contains:
    asked:
      description: The options by name, as they were given, defaults filled in, secrets masked.
      type: dict
      returned: always
      sample: {"host": "mx1.contoso.test", "port": 587, "auth": {"username": "probe", "password": "********"}}
    warnings:
      description: What is odd about the options, though it can be done.
      type: list
      elements: str
      returned: always
      sample: ["The recipient echo@contoso.test is in a domain reserved by RFC 2606: real servers refuse it."]
    would_send:
      description:
        - In check mode, the whole dialog with each target, as it would be with a server that offers and accepts
          everything.
      type: list
      elements: dict
      returned: always
      contains:
        target:
          description: The target's name.
          type: str
          returned: always
          sample: "mx1.contoso.test:25"
        lines:
          description: What the client would say, secrets masked. (TLS) stands for the handshake.
          type: list
          elements: str
          returned: always
          sample: ["EHLO controller.contoso.test", "MAIL FROM:<>", "RCPT TO:<user@contoso.test>", "QUIT"]
        message:
          description:
            - The message that would be sent, with zeros in place of its token; of a large one the beginning.
          type: str
          returned: always
          sample: "From: <admin@example.org>\r\nTo: <user@contoso.test>\r\n..."
vantages:
  description: Where the connections started from. One run has one vantage.
  type: list
  elements: dict
  returned: always, unless an option is wrong
  contains: &vantage
    name:
      description: The host that the connection started from, as the inventory names it, where there is one.
      type: str
      returned: always
      sample: localhost
    mode:
      description:
        - "How: from the controller, from a managed host that runs this code, through an SSH connection to a jump host,
          through a program started there, by this code started there over SSH, or not at all: the dialog is from a
          transcript."
      type: str
      returned: always
      choices: [local, managed, ssh-channel, ssh-exec, ssh-python, transcript]
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
checks:
  description: One entry for each endpoint, in the order of the targets and of their addresses.
  type: list
  elements: dict
  returned: always, unless an option is wrong
  contains:
    schema_version:
      description: The version of this shape.
      type: int
      returned: always
      sample: 1
    vantage:
      description: Where the connection started from.
      type: dict
      returned: always
      contains: *vantage
    target:
      description:
        - "What the user named: its given name, a mail domain, or host:port."
      type: str
      returned: always
      sample: "mx1.contoso.test:587"
    endpoint:
      description: The address and port that the target led to.
      type: dict
      returned: always
      contains: &endpoint
        host:
          description: The host's name, or its address where that was given.
          type: str
          returned: always
          sample: mx1.contoso.test
        address:
          description: The address. Not known where a jump host or a proxy resolved the name, or where there is none.
          type: str
          returned: always
          sample: "198.18.1.10"
        family:
          description: The address's family.
          type: str
          returned: always
          choices: [ipv4, ipv6, unix]
          sample: ipv4
        port:
          description: The TCP port. Null for a UNIX domain socket.
          type: int
          returned: always
          sample: 587
        source:
          description:
            - Whether the host was given, found in an MX record, is the domain itself for want of one (RFC 5321
              5.1), or stands in for one of these by the option hosts.
          type: str
          returned: always
          choices: [given, mx, implicit-mx, override]
          sample: given
        preference:
          description: The preference of the MX record.
          type: int
          returned: always
          sample: 10
        resolved_name:
          description: What the vantage's search list made of the host's name. Null where nothing was added to it.
          type: str
          returned: always
    protocol:
      description: What was spoken.
      type: str
      returned: always
      choices: [esmtp, smtps, lmtp]
      sample: esmtp
    started_at:
      description: When the check began, in UTC (RFC 3339). Null for a check that was not made.
      type: str
      returned: always
      sample: "2026-11-23T15:34:11.158Z"
    seconds:
      description: How long the check took. Null for a check that was not made.
      type: float
      returned: always
      sample: 0.08739
    not_tested:
      description: Why the check was not made. Null for one that was made.
      type: str
      returned: always
      sample: "The server had answered 421 to another check of this run, and is left alone since."
    reached:
      description: The last phase that was completed.
      type: str
      returned: always
      choices: &phases
        [resolve, connect, proxy, banner, extra, ehlo, starttls, xclient, auth, xforward, mail, rcpt, data, message,
          quit]
      sample: message
    failed_phase:
      description: The phase in which the dialog broke off.
      type: str
      returned: always
      choices:
        [resolve, connect, proxy, banner, extra, ehlo, starttls, xclient, auth, xforward, mail, rcpt, data, message,
          quit]
    banner:
      description: How the server greeted.
      type: dict
      returned: always
      contains:
        code:
          description: The reply code. Null where what came is no reply.
          type: int
          returned: always
          sample: 220
        lines:
          description: The text, line by line.
          type: list
          elements: str
          returned: always
          sample: ["mx1.contoso.test ESMTP Postfix"]
        hostname:
          description: The server's own name, if the text begins with one.
          type: str
          returned: always
          sample: mx1.contoso.test
        software:
          description: The mail server's software, if the banner or the EHLO list gives it away.
          type: dict
          returned: always
          contains:
            product:
              description: The product.
              type: str
              returned: always
              sample: Postfix
            version:
              description: Its version, where the banner tells it.
              type: str
              returned: always
            confidence:
              description: How sure this is.
              type: str
              returned: always
              choices: [certain, likely, possible]
              sample: likely
    ehlo:
      description:
        - "What the server says it can do: the list that counts, which is the one after TLS where TLS was started."
      type: dict
      returned: always
      contains:
        command:
          description: The command that was answered.
          type: str
          returned: always
          choices: [EHLO, HELO, LHLO]
          sample: EHLO
        greeting:
          description: The first line of the answer.
          type: str
          returned: always
          sample: mx1.contoso.test
        client_seen_as:
          description: The client's address as the greeting shows it, if it does.
          type: str
          returned: always
          sample: "198.18.1.60"
        keywords:
          description: The extensions in the server's order.
          type: list
          elements: dict
          returned: always
          contains: &keyword
            keyword:
              description: The extension's keyword, in capitals.
              type: str
              returned: always
              sample: PIPELINING
            parameters:
              description: What stands behind it, word by word.
              type: list
              elements: str
              returned: always
              sample: []
        not_offered:
          description:
            - The extensions that the options ask for and the list does not have, so that the dialog went without.
            - Null where the list that counts was not seen.
          type: list
          elements: str
          returned: always
          sample: ["DSN"]
        before_tls:
          description: The first list, where there were two.
          type: list
          elements: dict
          returned: always
          contains: *keyword
    tls:
      description: The TLS session, or that there was none.
      type: dict
      returned: always
      contains:
        offered:
          description: Whether STARTTLS is in the first list. True for smtps, null where no list was seen.
          type: bool
          returned: always
          sample: true
        established:
          description: Whether the handshake succeeded. Null where none was tried.
          type: bool
          returned: always
          sample: true
        version:
          description: The version of the protocol.
          type: str
          returned: always
          sample: TLSv1.3
        cipher:
          description: The cipher suite, by OpenSSL's name.
          type: str
          returned: always
          sample: TLS_AES_256_GCM_SHA384
        certificate:
          description: The server's own certificate.
          type: dict
          returned: always
          contains: &certificate
            subject:
              description: Whose it is (RFC 4514).
              type: str
              returned: always
              sample: "CN=mx1.contoso.test"
            issuer:
              description: Who signed it (RFC 4514).
              type: str
              returned: always
              sample: "CN=Contoso Test CA"
            serial:
              description: The serial number, hexadecimal.
              type: str
              returned: always
              sample: "7659c4393ab287d39a7f415c4fc8fd462ab23a3"
            not_before:
              description: The first moment of its validity (RFC 3339).
              type: str
              returned: always
              sample: "2026-11-23T15:17:29Z"
            not_after:
              description: The last moment of its validity (RFC 3339).
              type: str
              returned: always
              sample: "2026-12-23T15:17:29Z"
            days_left:
              description: Days of validity left at the moment of the check. Negative once it has expired.
              type: float
              returned: always
              sample: 29.988
            names:
              description:
                - What it is good for, such as DNS:mx1.contoso.com.
                - The common name where there is no such list.
              type: list
              elements: str
              returned: always
              sample: ["DNS:mx1.contoso.test", "IP:198.18.1.10", "IP:2001:db8:1::10"]
            sha256:
              description: The digest of the certificate, hexadecimal.
              type: str
              returned: always
              sample: ca96af858020bd1e1c5cd7e13fde592e288c9772ada35262e49247686932e2e6
            spki_sha256:
              description: The digest of its public key, hexadecimal, as TLSA records have it.
              type: str
              returned: always
              sample: "8e766a3a392ced1ccb7520dad5a2cbee48691adfdf93a6aae4d01eaf396d245f"
            key_type:
              description: The kind of key.
              type: str
              returned: always
              sample: EC
            key_bits:
              description: The key's size, where its kind is known.
              type: int
              returned: always
              sample: 256
            signature_algorithm:
              description: How it is signed, by name or by object identifier.
              type: str
              returned: always
              sample: ecdsa-with-SHA256
            must_staple:
              description: Whether it obliges the server to send an OCSP response along with it (RFC 7633).
              type: bool
              returned: always
              sample: false
        chain:
          description: All certificates that the server presented, its own first.
          type: list
          elements: dict
          returned: always
          contains: *certificate
        chain_reason:
          description: Why the chain is not complete, or cannot be read.
          type: str
          returned: always
          sample: "the server sent more than 20 certificates"
        trusted:
          description: Whether OpenSSL, on the host that runs the check, finds a chain to a trusted authority.
          type: bool
          returned: always
          sample: true
        reason:
          description: Why the certificate is not trusted, or why that is not known.
          type: str
          returned: always
          sample: "self-signed certificate"
        name_matches:
          description: Whether the certificate is good for the server's name (RFC 9525).
          type: dict
          returned: always
          contains:
            name:
              description: The name that was asked for.
              type: str
              returned: always
              sample: mx1.contoso.test
            matches:
              description: Whether the certificate has it.
              type: bool
              returned: always
              sample: true
            by:
              description: The entry that fits.
              type: str
              returned: always
              sample: "DNS:mx1.contoso.test"
            reason:
              description: Why none does, or why that is not known.
              type: str
              returned: always
              sample: "Hostname mismatch"
        client_certificate_requested:
          description: Whether the server asked for a client certificate.
          type: bool
          returned: always
          sample: false
        as_of:
          description: The judgement for the day of the option tls.as_of, where one was asked for.
          type: dict
          returned: always
          contains:
            date:
              description: The day, or the moment on it.
              type: str
              returned: always
              sample: "2027-03-31T00:00:00Z"
            valid:
              description: Whether the certificate, with its chain, would be trusted then.
              type: bool
              returned: always
              sample: false
            reason:
              description: Why it would not, or why that is not known.
              type: str
              returned: always
              sample: "the certificate has expired by then: it is valid until 2026-12-23T15:17:29Z"
        ocsp:
          description: The OCSP response that came with the certificate (RFC 6066).
          type: dict
          returned: always
          contains:
            stapled:
              description: Whether the server sent one.
              type: bool
              returned: always
            reason:
              description: Why that is not known.
              type: str
              returned: always
              sample: "Python's ssl module cannot ask for one, and unasked no server sends it (RFC 6066 8)"
        session:
          description: What the server offers for taking the session up again. Null where there was none.
          type: dict
          returned: always
          contains:
            ticket:
              description: Whether the server handed out a session ticket, up to the end of the dialog.
              type: bool
              returned: always
              sample: true
            ticket_lifetime_hint:
              description: How many seconds the ticket is good for. In TLS 1.2, 0 leaves that to the client.
              type: int
              returned: always
              sample: 7200
            session_id:
              description: Whether the server keeps the session itself. Null beside a ticket, and in TLS 1.3.
              type: bool
              returned: always
            reused:
              description: Whether the server did take the session up again.
              type: bool
              returned: always
            reason:
              description: Why that is not known.
              type: str
              returned: always
              sample: "only a second connection would show it"
        library:
          description: The version of OpenSSL on the host that runs the check.
          type: str
          returned: always
          sample: "OpenSSL 3.0.19 27 Jan 2026"
        dane:
          description: Whether the certificate fits the TLSA records (RFC 7672). Null where these were not looked up.
          type: dict
          returned: always
          contains: &dane
            usable:
              description: Whether there are TLSA records that senders go by.
              type: bool
              returned: always
            valid:
              description:
                - Whether the certificate fits them. Null where that is no question, or no certificate was seen.
              type: bool
              returned: always
            matched:
              description: The record that it fits.
              type: str
              returned: always
            unmatched:
              description: How many of the usable records it does not fit.
              type: int
              returned: always
            reason:
              description: Why it does not fit, or why there is nothing to go by.
              type: str
              returned: always
            base_domain:
              description: The name that the records belong to.
              type: str
              returned: always
            mx_secure:
              description:
                - Whether the way to this host is secured by DNSSEC too. Null where there was none to follow, or
                  nobody said.
              type: bool
              returned: always
            records:
              description: The records that are secured by DNSSEC, one by one.
              type: list
              elements: dict
              returned: always
              contains:
                record:
                  description: >-
                    The record: usage, selector, matching type and data.
                  type: str
                  returned: always
                usable:
                  description: Whether senders go by it.
                  type: bool
                  returned: always
                matches:
                  description: Whether the certificate fits it.
                  type: bool
                  returned: always
                reason:
                  description: Why not.
                  type: str
                  returned: always
        mta_sts:
          description:
            - Whether the server meets the MTA-STS policy (RFC 8461). Null without one, or where it was not looked
              up.
          type: dict
          returned: always
          contains: &mta_sts
            mode:
              description: What senders do with a host that does not fit.
              type: str
              returned: always
              choices: [enforce, testing, "none"]
            mx_matches:
              description: Whether the policy names the host.
              type: bool
              returned: always
            certificate_valid:
              description: Whether the certificate is trusted and for the host's name. Null where none was seen.
              type: bool
              returned: always
            valid:
              description: Whether both hold. Null where no certificate was seen, and with the mode none.
              type: bool
              returned: always
            reason:
              description: Why not.
              type: str
              returned: always
        versions:
          description: Which versions the server takes where nothing else is offered. Null where nobody asked for that.
          type: list
          elements: dict
          returned: always
          contains:
            version:
              description: The version that was offered.
              type: str
              returned: always
              choices: [SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3]
            accepted:
              description: Whether the server took it. Null where that did not come to light.
              type: bool
              returned: always
            reason:
              description: How the server refused it, or why it was not offered.
              type: str
              returned: always
    xclient:
      description: What XCLIENT said of the client, where that was wanted.
      type: dict
      returned: always
      contains: &announcement
        attributes:
          description: The names of the attributes that were sent.
          type: list
          elements: str
          returned: always
          sample: ["NAME", "ADDR"]
        not_offered:
          description: Those that the EHLO list does not have.
          type: list
          elements: str
          returned: always
          sample: []
        accepted:
          description: Whether the server accepted it. Null where it was not sent, or never answered.
          type: bool
          returned: always
          sample: true
        problem:
          description: Why it was not sent.
          type: str
          returned: always
        reply:
          description: The reply to it.
          type: dict
          returned: always
          contains: &reply
            code:
              description: The reply code. Null where what came is no reply, or not a whole one.
              type: int
              returned: always
              sample: 250
            enhanced:
              description: The enhanced status code (RFC 3463), if the text begins with one.
              type: str
              returned: always
              sample: "2.1.0"
            lines:
              description: The text line by line, without the codes, control characters escaped.
              type: list
              elements: str
              returned: always
              sample: ["2.1.0 Ok"]
            truncated:
              description:
                - "Whether there was more: a line of more than 1000 characters, or more than 200 lines."
              type: bool
              returned: always
              sample: false
            raw_base64:
              description: The octets themselves, where the text does not show them all.
              type: str
              returned: always
            flaws:
              description: In what it departs from RFC 5321.
              type: list
              elements: str
              returned: always
              choices: [bare_lf, bare_cr, nul, not_ascii, long_line, no_separator, code_changed, no_code, incomplete]
              sample: []
    auth:
      description: The log-in, where one was wanted and tried.
      type: dict
      returned: always
      contains:
        mechanism:
          description: The SASL mechanism.
          type: str
          returned: always
          choices:
            - SCRAM-SHA-256-PLUS
            - SCRAM-SHA-256
            - SCRAM-SHA-1-PLUS
            - SCRAM-SHA-1
            - CRAM-MD5
            - PLAIN
            - LOGIN
            - EXTERNAL
            - XOAUTH2
            - OAUTHBEARER
          sample: SCRAM-SHA-256
        username:
          description: The user.
          type: str
          returned: always
          sample: "probe@contoso.test"
        channel_binding:
          description: What of the TLS session the log-in was bound to (RFC 5929). Null where it was not.
          type: str
          returned: always
          choices: [tls-unique, tls-server-end-point]
        accepted:
          description: Whether the server accepted the log-in. Null where it was not tried, or never answered.
          type: bool
          returned: always
          sample: true
        problem:
          description: Why the client gave up, where it was the client.
          type: str
          returned: always
    xforward:
      description: What XFORWARD said of the client, where that was wanted, before the last MAIL FROM.
      type: dict
      returned: always
      contains: *announcement
    sender: &sender
      description: The sender, once MAIL FROM was sent.
      type: dict
      returned: always
      contains:
        address:
          description: The address in MAIL FROM. Empty for the null sender.
          type: str
          returned: always
          sample: "probe@contoso.test"
        accepted:
          description: Whether the server accepted it. Null where it never answered.
          type: bool
          returned: always
          sample: true
        problem:
          description: "Why MAIL FROM was not sent: what the envelope needs and this server cannot do."
          type: str
          returned: always
        reply:
          description: The reply to MAIL FROM.
          type: dict
          returned: always
          contains: *reply
    recipients: &recipients
      description: One entry for each recipient that was asked for, in their order.
      type: list
      elements: dict
      returned: always
      contains: &recipients_fields
        address:
          description: The address in RCPT TO.
          type: str
          returned: always
          sample: "echo@contoso.test"
        outcome:
          description: What became of it. With LMTP, after the message, its delivery.
          type: str
          returned: always
          choices: [accepted, deferred, refused, not_tried]
          sample: accepted
        reason:
          description: Why it was not tried, where the server's limits were the cause (RFC 9422).
          type: str
          returned: always
          sample: "The server takes no more than 5 transactions in one connection (LIMITS MAILMAX)."
        notify:
          description: The reports that were asked for in RCPT TO (RFC 3461).
          type: list
          elements: str
          returned: always
          choices: [never, success, failure, delay]
          sample: ["success", "failure"]
        reply:
          description: The reply that decided it.
          type: dict
          returned: always
          contains: *reply
    message: &message
      description: The test message, where one was asked for.
      type: dict
      returned: always
      contains: &message_fields
        message_id:
          description: Its Message-ID. Null for a message of the user's own that has none.
          type: str
          returned: always
          sample: "<3c3e58ba829e4b8a90f10564abdb8d2f@controller.contoso.test>"
        token:
          description:
            - The word that finds it again, in a mailbox or a report. Null for a message of the user's own, which is
              sent as it is.
          type: str
          returned: always
          sample: "3c3e58ba829e4b8a90f10564abdb8d2f"
        envelope_id:
          description: The identifier that reports will carry, where one was sent (RFC 3461).
          type: str
          returned: always
          sample: "3c3e58ba829e4b8a90f10564abdb8d2f"
        subject:
          description: Its subject. Null for a message of the user's own.
          type: str
          returned: always
          sample: test message
        text:
          description: By what its text is known again. Null where it consists of more than text.
          type: dict
          returned: always
          contains:
            lines:
              description: How many lines it has, the one with the token not counted.
              type: int
              returned: always
              sample: 1
            sha256:
              description: The SHA-256 of these lines, without blanks at their ends, joined by LF.
              type: str
              returned: always
              sample: cbc451636ddd74d4dffb594adf2a3b81adcaae6f4956c1ab93af89a3952685b4
        size:
          description: Its size in octets, as SIZE announces it (RFC 1870).
          type: int
          returned: always
          sample: 448
        transfer:
          description:
            - By which command it went, or was to go when that was refused. Null where it did not come to that.
          type: str
          returned: always
          choices: [data, bdat]
          sample: data
        prdr:
          description:
            - Whether there was a reply for each recipient. Null where that was not asked for, not offered, or no reply
              came.
          type: bool
          returned: always
          sample: null
        outcome:
          description: What became of it. Unknown means that it was sent and no reply came.
          type: str
          returned: always
          choices: [accepted, deferred, refused, unknown, not_sent]
          sample: accepted
        queue_id:
          description: The server's name for it, if the reply tells it.
          type: str
          returned: always
          sample: "396F82F1"
        reply:
          description: The reply that decided it.
          type: dict
          returned: always
          contains: *reply
    transactions:
      description:
        - Where more than one was asked for, each in its order, the first included. What stands beside this list is the
          first.
      type: list
      elements: dict
      returned: always
      contains:
        failed_phase:
          description: The phase in which it was refused or broke off.
          type: str
          returned: always
          choices:
            [resolve, connect, proxy, banner, extra, ehlo, starttls, xclient, auth, xforward, mail, rcpt, data, message,
              quit]
          sample: rcpt
        sender: *sender
        recipients: *recipients
        message: *message
    members:
      description: >-
        The servers that answer in turn at this address, where they were looked for: those behind a load balancer.
      type: list
      elements: dict
      returned: always
      contains: &member
        name:
          description: What it calls itself in the reply to EHLO.
          type: str
          returned: always
        times:
          description: How often it answered.
          type: int
          returned: always
        tls_version:
          description: The version of TLS, where that came about.
          type: str
          returned: always
        certificate:
          description: Its certificate.
          type: dict
          returned: always
          contains: *certificate
        keywords:
          description: Its extensions.
          type: list
          elements: dict
          returned: always
          contains: *keyword
    relay:
      description: What became of each shape of the relay test, where one was asked for.
      type: list
      elements: dict
      returned: always
      contains:
        shape:
          description: The shape of the envelope.
          type: str
          returned: always
          choices:
            - plain
            - null_sender
            - own_domain
            - own_literal
            - percent
            - percent_literal
            - quoted
            - quoted_alone
            - source_route
            - bang_path
          sample: null_sender
        sender:
          description: What stood in MAIL FROM.
          type: str
          returned: always
          sample: relay-test@example.org
        recipient:
          description: What stood in RCPT TO.
          type: str
          returned: always
          sample: relay-test@example.net
        outcome:
          description: What became of it.
          type: str
          returned: always
          choices: [accepted, deferred, refused, not_tried]
          sample: refused
        reply:
          description: The reply that decided.
          type: dict
          returned: always
          contains: *reply
    random_recipient:
      description: What became of a recipient that cannot exist, where that was asked for.
      type: dict
      returned: always
      contains:
        address:
          description: The address that was made up.
          type: str
          returned: always
          sample: no-such-user-3c3e58ba829e4b8a@contoso.com
        outcome:
          description: What became of it.
          type: str
          returned: always
          choices: [accepted, deferred, refused, not_tried]
          sample: refused
        reply:
          description: The reply that decided.
          type: dict
          returned: always
          contains: *reply
    steps:
      description:
        - "Everything that was said, in order: the evidence."
      type: list
      elements: dict
      returned: always
      contains: &steps
        phase:
          description: The phase that it belongs to.
          type: str
          returned: always
          choices:
            [resolve, connect, proxy, banner, extra, ehlo, starttls, xclient, auth, xforward, mail, rcpt, data, message,
              quit]
          sample: rcpt
        sent:
          description: The command, secrets masked. Null for a connect, a handshake and the banner.
          type: str
          returned: always
          sample: "RCPT TO:<echo@contoso.test>"
        reply:
          description: The server's reply. Null also where none was waited for.
          type: dict
          returned: always
          contains: *reply
        error:
          description: What happened in place of a good reply.
          type: dict
          returned: always
          contains:
            kind:
              description: What kind of trouble, of a closed list.
              type: str
              returned: always
              choices:
                - unresolved
                - null_mx
                - bogus
                - refused
                - timeout
                - unreachable
                - reset
                - closed
                - silent
                - tls
                - protocol
                - too_large
                - resolver
                - local
                - jump_unresolved
                - jump_unreachable
                - jump_host_key_unknown
                - jump_host_key_changed
                - jump_authentication
                - jump_forwarding
                - jump_program
                - proxy
                - tunnel
                - unreadable
                - crashed
              sample: refused
            detail:
              description: The trouble in a sentence.
              type: str
              returned: always
              sample: "Connection refused."
        at:
          description: Seconds from the beginning of the check.
          type: float
          returned: always
          sample: 0.076299
        seconds:
          description: How long it took.
          type: float
          returned: always
          sample: 0.000803
        tls:
          description: Whether it took place under TLS.
          type: bool
          returned: always
          sample: true
        unsolicited:
          description: What the server had said unasked before this step.
          type: str
          returned: always
          sample: "421 4.4.2 mx1.contoso.test Error: timeout exceeded"
        expected:
          description: The reply code, or its class, that was expected of an extra command.
          type: str
          returned: always
          sample: 2yz
        pipelined:
          description: Whether the command had gone out together with the one before (RFC 2920).
          type: bool
          returned: always
          sample: false
    repetition:
      description: Which of the repetitions this is. Null where none were asked for.
      type: int
      returned: always
      sample: 1
    attempts:
      description: >-
        Where the server deferred a recipient and retry was asked for: the attempts. What stands beside is the last one.
      type: dict
      returned: always
      contains:
        count:
          description: How many attempts there were, this one included.
          type: int
          returned: always
          sample: 2
        earlier:
          description: The attempts before this one, in their order.
          type: list
          elements: dict
          returned: always
          contains:
            waited:
              description: The seconds between its end and the next attempt.
              type: float
              returned: always
              sample: 300.0
            started_at:
              description: When it began, in UTC (RFC 3339).
              type: str
              returned: always
              sample: "2026-11-23T15:34:11.158Z"
            seconds:
              description: How long it took.
              type: float
              returned: always
              sample: 0.031
            reached:
              description: The last phase that was completed.
              type: str
              returned: always
              choices: *phases
              sample: mail
            failed_phase:
              description: The phase in which it broke off.
              type: str
              returned: always
              choices: *phases
              sample: rcpt
            recipients:
              description: What became of each recipient.
              type: list
              elements: dict
              returned: always
              contains: *recipients_fields
            message:
              description: What became of the message, where one was asked for.
              type: dict
              returned: always
              contains: *message_fields
            steps:
              description: Everything that was said.
              type: list
              elements: dict
              returned: always
              contains: *steps
        reason:
          description: Why there was no further one, where the server still defers.
          type: str
          returned: always
          sample: The server defers still, after 1 more attempts.
    transcript:
      description: The dialog as text, line by line. Null unless the detail is transcript.
      type: list
      elements: str
      returned: always
      sample: ["  0.012  ---   connected in 12 ms", "  0.020  S:   220 mx1.contoso.test ESMTP Postfix"]
    expect:
      description: >-
        What is expected of the check at this vantage, policies written out, as it can be given to expect again.
      type: dict
      returned: always
      sample: {starttls: true, tls: {days_left: ">= 14"}}
    verdict:
      description: What the check comes to.
      type: str
      returned: always
      choices: [pass, not_tested, degraded, deferred, inconclusive, fail]
      sample: pass
    summary:
      description: The result in one sentence.
      type: str
      returned: always
      sample: "mx1.contoso.test [198.18.1.10]:587 accepted the message as 396F82F1 after 87 ms."
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
          sample: tls.self_signed
        phase:
          description: The phase that it was seen in.
          type: str
          returned: always
          choices:
            [resolve, connect, proxy, banner, extra, ehlo, starttls, xclient, auth, xforward, mail, rcpt, data, message,
              quit]
          sample: starttls
        severity:
          description: How bad it is.
          type: str
          returned: always
          choices: [info, notice, warning, error, critical]
          sample: warning
        owner:
          description: Who must fix it.
          type: str
          returned: always
          choices: [target, network, sender, recipient, vantage]
          sample: target
        confidence:
          description: How sure it is.
          type: str
          returned: always
          choices: [certain, likely, possible]
          sample: certain
        title:
          description: The finding in a few words.
          type: str
          returned: always
          sample: "The certificate is self-signed"
        meaning:
          description: What it means.
          type: str
          returned: always
          sample: "Nobody vouches for it (self-signed certificate); commonly the one that came with the installation."
        next_step:
          description: What to do next.
          type: str
          returned: always
          sample: "Install a certificate of an authority that senders trust, or give your own with tls.ca_path."
        evidence:
          description: The steps that show it, by their index in the check's steps.
          type: list
          elements: int
          returned: always
          sample: [4]
        reference:
          description: The document that says so.
          type: str
          returned: always
          sample: "RFC 7672 section 1.3"
        reference_url:
          description: Where the finding is explained, relative to the docs folder.
          type: str
          returned: always
          sample: "findings.md#tlsself_signed"
        wanted:
          description: Whether an expectation asks for what it reports, so that it is no fault.
          type: bool
          returned: always
          sample: false
    unmet:
      description: Expectations that were not met.
      type: list
      elements: dict
      returned: always
      contains:
        expected:
          description: >-
            What was expected: a fact and the condition on it, or an extra command and the reply code, or its class.
          type: str
          returned: always
          sample: "tls.days_left >= 14"
        found:
          description: >-
            What was seen instead: a value, the members of a set, or the one that is forbidden. Null where nothing was
            seen.
          type: raw
          returned: always
          sample: 6.2
        where:
          description: The endpoint, the vantage, and the phase.
          type: str
          returned: always
          sample: "mx1.contoso.com [203.0.113.5]:25 from localhost, at starttls"
        verdict:
          description: >-
            What it makes of the check. Open, that is deferred or inconclusive, where the server asks to come back or
            the tester is at fault.
          type: str
          returned: always
          choices: [deferred, inconclusive, fail]
          sample: fail
        finding:
          description: The id of the finding that explains it, where there is one.
          type: str
          returned: always
          sample: tls.expiring
        evidence:
          description: The steps that show it, by their index in the check's steps.
          type: list
          elements: int
          returned: always
          sample: [4]
domains:
  description: >-
    One entry for each target that is a mail domain: the verdict over its hosts, and what the DNS said.
  type: list
  elements: dict
  returned: always, unless an option is wrong
  contains: &mail_domain
    vantage:
      description: The name of the vantage.
      type: str
      returned: always
    target:
      description: The target's name.
      type: str
      returned: always
    domain:
      description: The domain, in its ASCII form.
      type: str
      returned: always
    port:
      description: The port.
      type: int
      returned: always
    verdict:
      description: The verdict over its mail hosts, as a sender would experience them.
      type: str
      returned: always
      choices: [pass, not_tested, degraded, deferred, inconclusive, fail]
    counts:
      description: How many of its checks came to which verdict. Verdicts that did not occur are left out.
      type: dict
      returned: always
      contains: &counts
        pass:
          description: Everything wanted was done.
          type: int
          returned: when it occurred
        not_tested:
          description: The check was not made.
          type: int
          returned: when it occurred
        degraded:
          description: Mail would flow, but something is wrong.
          type: int
          returned: when it occurred
        deferred:
          description: The server asked to come back later.
          type: int
          returned: when it occurred
        inconclusive:
          description: The tester, not the target, is at fault.
          type: int
          returned: when it occurred
        fail:
          description: The target does not do what is wanted.
          type: int
          returned: when it occurred
    summary:
      description: The result in a sentence.
      type: str
      returned: always
    route:
      description: What the DNS said. Null where the user said where its mail goes.
      type: dict
      returned: always
      contains: &mail_route
        domain:
          description: The domain, in its ASCII form.
          type: str
          returned: always
        vantage:
          description: The name of the place that asked.
          type: str
          returned: always
        unicode:
          description: The domain as people read it.
          type: str
          returned: always
        status:
          description:
            - What the domain does about mail. With unknown, nobody answered, or the answer cannot be trusted.
          type: str
          returned: always
          choices: [mx, implicit_mx, null_mx, no_mail_host, no_such_domain, unknown]
        answer:
          description: What became of the question for MX records.
          type: str
          returned: always
          choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
              malformed, tunnel, invalid]
        detail:
          description: Why there is no answer.
          type: str
          returned: always
        completed:
          description: >-
            Of a domain that does not exist, the name that programs with a search list find in its place there.
          type: str
          returned: always
        aliases:
          description: The names that the domain is an alias of. The last one has the records.
          type: list
          elements: str
          returned: always
        ttl:
          description: For how many seconds the MX records may be kept.
          type: int
          returned: always
        dnssec:
          description: What DNSSEC says of the MX records. Null where the name servers do not validate.
          type: str
          returned: always
          choices: [secure, insecure, bogus]
        mx:
          description: The hosts in a sender's order, those of equal preference shuffled.
          type: list
          elements: dict
          returned: always
          contains: &mail_host
            host:
              description: The host. Empty for a null MX.
              type: str
              returned: always
            preference:
              description: The preference of the MX record.
              type: int
              returned: always
            source:
              description:
                - Whether it is named by an MX record, or is the domain itself for want of one (RFC 5321 5.1).
              type: str
              returned: always
              choices: [mx, implicit-mx]
            ttl:
              description: For how many seconds the record may be kept.
              type: int
              returned: always
            status:
              description:
                - What became of the question for addresses. With null it is a null MX, with literal an address
                  where a name belongs.
              type: str
              returned: always
              choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                  malformed, tunnel, invalid, "null", literal]
            detail:
              description: Why there are no addresses, or not those of both families.
              type: str
              returned: always
            aliases:
              description: The names that it is an alias of.
              type: list
              elements: str
              returned: always
            dnssec:
              description: What DNSSEC says of the addresses.
              type: str
              returned: always
              choices: [secure, insecure, bogus]
            addresses:
              description: Its addresses.
              type: list
              elements: dict
              returned: always
              contains: &mail_address
                address:
                  description: The address.
                  type: str
                  returned: always
                family:
                  description: Its family.
                  type: str
                  returned: always
                  choices: [ipv4, ipv6]
                ttl:
                  description: For how many seconds it may be kept.
                  type: int
                  returned: always
                scope:
                  description: The kind of network that it is in (RFC 6890).
                  type: str
                  returned: always
                  choices: [global, unspecified, loopback, private, shared, link_local, documentation,
                      benchmarking, multicast, reserved]
                ptr:
                  description: The names of the address. Null where not asked for.
                  type: dict
                  returned: always
                  contains: &pointer
                    status:
                      description: What became of the question.
                      type: str
                      returned: always
                      choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout,
                          unreachable, malformed, tunnel, invalid]
                    names:
                      description: The names.
                      type: list
                      elements: str
                      returned: always
                    confirmed:
                      description:
                        - Whether one of them leads back to the address. Null where that could not be looked up.
                      type: bool
                      returned: always
                    detail:
                      description: Why there is no answer.
                      type: str
                      returned: always
            more_addresses:
              description: How many further addresses there are, which were not looked into.
              type: int
              returned: always
            tlsa:
              description: The TLSA records of each port that was asked for.
              type: list
              elements: dict
              returned: always
              contains: &tlsa
                port:
                  description: The port.
                  type: int
                  returned: always
                base_domain:
                  description: The name that the records belong to (RFC 7672 2.2.3).
                  type: str
                  returned: always
                status:
                  description: What became of the question.
                  type: str
                  returned: always
                  choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                      malformed, tunnel, invalid, not_asked]
                secure:
                  description: Whether the answer is secured by DNSSEC. Others count for nothing.
                  type: bool
                  returned: always
                records:
                  description: >-
                    The records: usage, selector, matching type and data.
                  type: list
                  elements: str
                  returned: always
                detail:
                  description: Why there is no answer.
                  type: str
                  returned: always
            findings:
              description: What was noticed about this host, the worst first.
              type: list
              elements: dict
              returned: always
              contains: &route_finding
                id:
                  description: The stable identifier, listed in docs/findings.md.
                  type: str
                  returned: always
                severity:
                  description: How bad it is.
                  type: str
                  returned: always
                  choices: [info, notice, warning, error, critical]
                owner:
                  description: Who must fix it.
                  type: str
                  returned: always
                  choices: [target, network, sender, recipient, vantage]
                confidence:
                  description: How sure it is.
                  type: str
                  returned: always
                  choices: [certain, likely, possible]
                title:
                  description: The finding in a few words.
                  type: str
                  returned: always
                meaning:
                  description: What it means.
                  type: str
                  returned: always
                next_step:
                  description: What to do next.
                  type: str
                  returned: always
                reference:
                  description: The document that says so.
                  type: str
                  returned: always
                reference_url:
                  description: Where the finding is explained, relative to the docs folder.
                  type: str
                  returned: always
        more_mx:
          description: How many further MX records there are, which were not looked into.
          type: int
          returned: always
        policies:
          description: What the domain publishes for mail.
          type: dict
          returned: always
          contains:
            spf:
              description: >-
                SPF: who may send for the domain. Null where not asked for, as with the others.
              type: dict
              returned: always
              contains: &spf
                name:
                  description: The name that the record is looked for under.
                  type: str
                  returned: always
                status:
                  description: What became of the question. With nodata, there is no such record.
                  type: str
                  returned: always
                  choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                      malformed, tunnel, invalid]
                record:
                  description: The record that counts.
                  type: str
                  returned: always
                problem:
                  description: What is wrong with it, or that there are several where one may be.
                  type: str
                  returned: always
                detail:
                  description: Why there is no answer.
                  type: str
                  returned: always
                secure:
                  description: Whether the answer is secured by DNSSEC, as the name server says.
                  type: bool
                  returned: always
                lookups:
                  description: How many look-ups it takes, at most 30 are counted. Receivers stop at 10.
                  type: int
                  returned: always
                results:
                  description: One entry for each address that was asked about.
                  type: list
                  elements: dict
                  returned: always
                  contains:
                    address:
                      description: The address that was asked about.
                      type: str
                      returned: always
                    result:
                      description: The result (RFC 7208 2.6). Null where the library that evaluates it is missing.
                      type: str
                      returned: always
                      choices: [pass, fail, softfail, neutral, "none", permerror, temperror]
                    reason:
                      description: Why, in the library's words.
                      type: str
                      returned: always
                evaluator:
                  description: The library that evaluated it.
                  type: str
                  returned: always
            dmarc:
              description: >-
                DMARC: what receivers are asked to do with mail that is not the domain's.
              type: dict
              returned: always
              contains: &dmarc
                name:
                  description: The name that the record is looked for under.
                  type: str
                  returned: always
                status:
                  description: What became of the question. With nodata, there is no such record.
                  type: str
                  returned: always
                  choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                      malformed, tunnel, invalid]
                record:
                  description: The record that counts.
                  type: str
                  returned: always
                problem:
                  description: What is wrong with it, or that there are several where one may be.
                  type: str
                  returned: always
                detail:
                  description: Why there is no answer.
                  type: str
                  returned: always
                secure:
                  description: Whether the answer is secured by DNSSEC, as the name server says.
                  type: bool
                  returned: always
                found_at:
                  description: >-
                    Whose record it is: the domain's, or that of one above it.
                  type: str
                  returned: always
                policy:
                  description: The record as read. Null where the library that reads it is missing.
                  type: dict
                  returned: always
                  contains:
                    p:
                      description: What it asks for the domain that it belongs to.
                      type: str
                      returned: always
                    sp:
                      description: What it asks for domains below.
                      type: str
                      returned: always
                    adkim:
                      description: >-
                        How closely DKIM's domain has to fit: r or s.
                      type: str
                      returned: always
                    aspf:
                      description: >-
                        How closely SPF's domain has to fit: r or s.
                      type: str
                      returned: always
                    holds:
                      description: What it asks for the domain that was looked up.
                      type: str
                      returned: always
                evaluator:
                  description: The library that read it.
                  type: str
                  returned: always
            dkim:
              description: >-
                DKIM: the keys of the selectors that were asked for.
              type: list
              elements: dict
              returned: always
              contains: &dkim_key
                name:
                  description: The name that the record is looked for under.
                  type: str
                  returned: always
                status:
                  description: What became of the question. With nodata, there is no such record.
                  type: str
                  returned: always
                  choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                      malformed, tunnel, invalid]
                record:
                  description: The record that counts.
                  type: str
                  returned: always
                problem:
                  description: What is wrong with it, or that there are several where one may be.
                  type: str
                  returned: always
                detail:
                  description: Why there is no answer.
                  type: str
                  returned: always
                secure:
                  description: Whether the answer is secured by DNSSEC, as the name server says.
                  type: bool
                  returned: always
                selector:
                  description: The selector.
                  type: str
                  returned: always
                key_type:
                  description: The type of the key.
                  type: str
                  returned: always
                revoked:
                  description: Whether the key is empty, which revokes it.
                  type: bool
                  returned: always
            mta_sts:
              description: >-
                MTA-STS: which hosts have to have which certificates.
              type: dict
              returned: always
              contains: &mta_sts_policy
                name:
                  description: The name that the record is looked for under.
                  type: str
                  returned: always
                status:
                  description: What became of the question. With nodata, there is no such record.
                  type: str
                  returned: always
                  choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                      malformed, tunnel, invalid]
                record:
                  description: The record that counts.
                  type: str
                  returned: always
                problem:
                  description: What is wrong with it, or that there are several where one may be.
                  type: str
                  returned: always
                detail:
                  description: Why there is no answer.
                  type: str
                  returned: always
                secure:
                  description: Whether the answer is secured by DNSSEC, as the name server says.
                  type: bool
                  returned: always
                id:
                  description: The policy's identifier, which changes with it.
                  type: str
                  returned: always
                policy:
                  description: The policy that the domain's web server has.
                  type: dict
                  returned: always
                  contains:
                    mode:
                      description: What senders do with a host that does not fit.
                      type: str
                      returned: always
                      choices: [enforce, testing, "none"]
                    mx:
                      description: The hosts, or patterns of hosts.
                      type: list
                      elements: str
                      returned: always
                    max_age:
                      description: For how many seconds it may be kept.
                      type: int
                      returned: always
                policy_problem:
                  description: Why there is no policy that senders could use.
                  type: str
                  returned: always
                policy_host_reached:
                  description: Whether the domain's web server was reached. Null where there was nothing to fetch.
                  type: bool
                  returned: always
                hosts:
                  description: Which hosts the policy names.
                  type: list
                  elements: dict
                  returned: always
                  contains:
                    host:
                      description: A host of the domain.
                      type: str
                      returned: always
                    matches:
                      description: Whether the policy names it.
                      type: bool
                      returned: always
            tls_rpt:
              description: >-
                TLS-RPT: who is told when TLS fails.
              type: dict
              returned: always
              contains: &tls_rpt
                name:
                  description: The name that the record is looked for under.
                  type: str
                  returned: always
                status:
                  description: What became of the question. With nodata, there is no such record.
                  type: str
                  returned: always
                  choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                      malformed, tunnel, invalid]
                record:
                  description: The record that counts.
                  type: str
                  returned: always
                problem:
                  description: What is wrong with it, or that there are several where one may be.
                  type: str
                  returned: always
                detail:
                  description: Why there is no answer.
                  type: str
                  returned: always
                secure:
                  description: Whether the answer is secured by DNSSEC, as the name server says.
                  type: bool
                  returned: always
                rua:
                  description: Where reports go.
                  type: list
                  elements: str
                  returned: always
            bimi:
              description: >-
                BIMI: the domain's logo.
              type: dict
              returned: always
              contains: &bimi
                name:
                  description: The name that the record is looked for under.
                  type: str
                  returned: always
                status:
                  description: What became of the question. With nodata, there is no such record.
                  type: str
                  returned: always
                  choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                      malformed, tunnel, invalid]
                record:
                  description: The record that counts.
                  type: str
                  returned: always
                problem:
                  description: What is wrong with it, or that there are several where one may be.
                  type: str
                  returned: always
                detail:
                  description: Why there is no answer.
                  type: str
                  returned: always
                secure:
                  description: Whether the answer is secured by DNSSEC, as the name server says.
                  type: bool
                  returned: always
                location:
                  description: Where the logo is.
                  type: str
                  returned: always
        authority:
          description: What the domain's own name servers say. Null where not asked for.
          type: dict
          returned: always
          contains: &authority
            zone:
              description: The zone that the domain is in.
              type: str
              returned: always
            detail:
              description: Why that is not known.
              type: str
              returned: always
            servers:
              description: The zone's name servers.
              type: list
              elements: dict
              returned: always
              contains:
                server:
                  description: The name server.
                  type: str
                  returned: always
                address:
                  description: The address that was asked.
                  type: str
                  returned: always
                authoritative:
                  description: Whether it answers for the zone. Null where it did not answer.
                  type: bool
                  returned: always
                mx:
                  description: The MX records that it has.
                  type: list
                  elements: str
                  returned: always
                addresses:
                  description: The addresses that it has of the MX hosts in its zone, each behind the host's name.
                  type: list
                  elements: str
                  returned: always
                ttl:
                  description: For how many seconds they may be kept.
                  type: int
                  returned: always
                status:
                  description: What became of the question.
                  type: str
                  returned: always
                  choices: [found, nodata, nxdomain, bogus, servfail, refused, alias_loop, timeout, unreachable,
                      malformed, tunnel, invalid]
                detail:
                  description: Why there is no answer.
                  type: str
                  returned: always
            agrees:
              description:
                - Whether all of them say what the name servers that were asked say. Null where none answered.
              type: bool
              returned: always
        resolver:
          description: Who was asked.
          type: dict
          returned: always
          contains:
            name_servers:
              description: Those that were to be asked, in this order.
              type: list
              elements: str
              returned: always
            source:
              description: Where the list comes from.
              type: str
              returned: always
            answered:
              description: The one that answered for the MX records.
              type: str
              returned: always
            validates:
              description: Whether they validate DNSSEC. Null where they did not say.
              type: bool
              returned: always
        seconds:
          description: How long it took.
          type: float
          returned: always
        verdict:
          description: What it comes to.
          type: str
          returned: always
          choices: [pass, not_tested, degraded, deferred, inconclusive, fail]
        summary:
          description: The result in a sentence.
          type: str
          returned: always
        findings:
          description: What was noticed about the domain, the worst first.
          type: list
          elements: dict
          returned: always
          contains: *route_finding
verdict:
  description: >-
    The worst verdict: of a mail domain the one over its hosts, of all other targets those of their checks.
  type: str
  returned: always, unless an option is wrong
  choices: [pass, not_tested, degraded, deferred, inconclusive, fail]
  sample: pass
counts:
  description: How many checks came to which verdict. Verdicts that did not occur are left out.
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
  sample: "mx1.contoso.test [198.18.1.10]:587 accepted the message as 396F82F1 after 87 ms."
detail:
  description: >-
    How much is returned of each check. With summary, checks is empty, and overview has the most important of each.
  type: str
  returned: always, unless an option is wrong
  choices: [summary, facts, transcript]
  sample: facts
evidence_file:
  description: >-
    The file with the full evidence, on the host that made the checks. Null where none was asked for, where it could not
    be written to its end, and in check mode.
  type: str
  returned: always, unless an option is wrong
  sample: /var/tmp/smtp.jsonl.gz
messages_sent:
  description: How many messages left, those included of which nobody knows whether they arrived.
  type: int
  returned: always, unless an option is wrong
  sample: 0
timings:
  description: >-
    How long each phase took, over the repetitions of each check. Null where no repetitions were asked for.
  type: list
  elements: dict
  returned: always, unless an option is wrong
  contains:
    target:
      description: The check's target.
      type: str
      returned: always
      sample: mx1.contoso.test:25
    endpoint:
      description: The check's endpoint.
      type: dict
      returned: always
      contains: *endpoint
    count:
      description: How often the check was made.
      type: int
      returned: always
      sample: 10
    seconds:
      description: How long a whole check took, of those that came to their end. Null where none did.
      type: dict
      returned: always
      contains:
        count: &count
          description: How many were measured.
          type: int
          returned: always
          sample: 10
        min: &min
          description: The shortest, in seconds.
          type: float
          returned: always
          sample: 0.021
        median: &median
          description: The median, in seconds.
          type: float
          returned: always
          sample: 0.024
        max: &max
          description: The longest, in seconds.
          type: float
          returned: always
          sample: 0.131
    phases:
      description: >-
        How long each phase took, of those that ended with a reply or a connection, in the order of the phases.
      type: list
      elements: dict
      returned: always
      contains:
        phase:
          description: The phase.
          type: str
          returned: always
          choices: *phases
          sample: banner
        count: *count
        min: *min
        median: *median
        max: *max
overview:
  description: >-
    In place of checks where the detail is summary: one entry for each, the worst first, and at most 1000. Null
    otherwise.
  type: list
  elements: dict
  returned: always, unless an option is wrong
  contains:
    target:
      description: The check's target.
      type: str
      returned: always
      sample: mx1.contoso.test:25
    address:
      description: The address that was tried.
      type: str
      returned: always
      sample: 198.18.1.10
    port:
      description: The TCP port.
      type: int
      returned: always
      sample: 25
    verdict:
      description: What the check comes to.
      type: str
      returned: always
      choices: [pass, not_tested, degraded, deferred, inconclusive, fail]
      sample: pass
    reached:
      description: The last phase that was completed.
      type: str
      returned: always
      choices: *phases
      sample: rcpt
    failed_phase:
      description: The phase in which the dialog broke off.
      type: str
      returned: always
      choices: *phases
      sample: null
    seconds:
      description: How long the check took. Null for a check that was not made.
      type: float
      returned: always
      sample: 0.031
    findings:
      description: The ids of its findings, the worst first.
      type: list
      elements: str
      returned: always
      sample: [ehlo.no_starttls]
    summary:
      description: The check in a sentence, cut at 200 characters.
      type: str
      returned: always
      sample: "mx1.contoso.test [198.18.1.10]:25 accepted the recipient user@contoso.test after 31 ms."
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.collecting import collecting_rarely
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.interruption import interruptible
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.plan.options import (
    CHECK_OPTIONS,
    OptionError,
    secrets,
)
from ansible_collections.mailops.smtp.plugins.module_utils.mailops_smtp.run import changed, check


def main() -> None:
    # A play that is ended, or an SSH session that is lost, still has the mail servers told QUIT, as Ctrl-C has.
    interruptible()
    # no_log here keeps the arguments out of the host's log: passwords within targets and jump are of no declared type.
    module = AnsibleModule(argument_spec=CHECK_OPTIONS, supports_check_mode=True, no_log=True)
    module.no_log_values.update(secrets(module.params, CHECK_OPTIONS))
    # What is returned is copied as a whole before it is printed.
    with collecting_rarely():
        make_checks(module)


def make_checks(module: AnsibleModule) -> None:
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
